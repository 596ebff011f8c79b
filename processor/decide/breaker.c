#include "decide/breaker.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hashmap.h"
#include "common/room.h"
#include "common/strbuf.h"

enum { KEY_BYTES = 8 * 1024, LEVELS = 3 };

struct breaker_source {
    int64_t heard_ms;           // log time of its last frame
    int64_t untrusted_since_ms; // INT64_MAX = it is trusted
    bool has_jumped;            // by its last totals that say anything
    // How many of its tenants were wrong when it told last, and at most in spans of BREAKER_LEVEL_MS,
    // the present one first; the last is what is usual. What is seen while it has jumped is not.
    uint32_t level;
    uint32_t levels[LEVELS];
    int64_t span_ms;
};

struct breaker {
    enum breaker_state state;
    int64_t calm_since_ms; // INT64_MAX = something is not well
    struct hashmap *index; // partition and topic → number
    struct breaker_source *sources;
    uint32_t count;
    uint32_t capacity;
    struct strbuf key;
};

enum err breaker_create(struct breaker **ret_breaker)
{
    struct breaker *breaker = calloc(1, sizeof *breaker);
    if (breaker == NULL) {
        return ERR_NO_MEMORY;
    }
    breaker->calm_since_ms = INT64_MAX;
    strbuf_init(&breaker->key, KEY_BYTES);
    breaker->index = hashmap_create(BREAKER_SOURCES_MAX);
    if (breaker->index == NULL) {
        free(breaker);
        return ERR_NO_MEMORY;
    }
    *ret_breaker = breaker;
    return ERR_NONE;
}

void breaker_destroy(struct breaker *breaker)
{
    if (breaker != NULL) {
        hashmap_destroy(breaker->index);
        strbuf_fini(&breaker->key);
        free(breaker->sources);
        free(breaker);
    }
}

enum breaker_state breaker_state(const struct breaker *breaker)
{
    return breaker->state;
}

static enum err breaker_add(struct breaker *breaker, struct view key)
{
    struct breaker_source *sources =
            room_for_row(breaker->sources, breaker->count, &breaker->capacity, 16, sizeof *sources);
    if (sources == NULL) {
        return ERR_NO_MEMORY;
    }
    breaker->sources = sources;
    enum err e = hashmap_put(breaker->index, key, breaker->count);
    if (e == ERR_NONE) {
        breaker->sources[breaker->count++] =
                (struct breaker_source){.untrusted_since_ms = INT64_MAX};
    }
    return e;
}

// NULL where there are too many.
static enum err breaker_find(
        struct breaker *breaker, const struct frame *frame, struct breaker_source **ret_source)
{
    struct strbuf *key = &breaker->key;
    *ret_source = NULL;
    strbuf_reset(key);
    strbuf_add_be(key, (uint32_t)frame->source_partition, 4);
    strbuf_add_view(key, frame->source_topic);
    uint32_t at = hashmap_find(breaker->index, strbuf_view(key));
    if (at == HASHMAP_ABSENT) {
        at = breaker->count;
        enum err e = at < BREAKER_SOURCES_MAX ? breaker_add(breaker, strbuf_view(key)) : ERR_NONE;
        if (e != ERR_NONE || at == BREAKER_SOURCES_MAX) {
            return e;
        }
    }
    *ret_source = &breaker->sources[at];
    return ERR_NONE;
}

static void source_note_cache(struct breaker_source *source, enum cache_state cache, int64_t now_ms)
{
    if (cache == CACHE_TRUSTED) {
        source->untrusted_since_ms = INT64_MAX;
    } else if (source->untrusted_since_ms == INT64_MAX) {
        source->untrusted_since_ms = now_ms;
    }
}

// A span in which nothing is told has what was told last.
static void source_roll_levels(struct breaker_source *source, int64_t now_ms)
{
    for (unsigned i = 0; i < LEVELS && now_ms - source->span_ms >= BREAKER_LEVEL_MS; i++) {
        memmove(&source->levels[1], &source->levels[0], (LEVELS - 1) * sizeof source->levels[0]);
        source->levels[0] = source->level;
        source->span_ms += BREAKER_LEVEL_MS;
    }
    if (now_ms - source->span_ms >= BREAKER_LEVEL_MS) {
        source->span_ms = now_ms;
    }
}

// Whether the totals jump. `goes_on`: they have, and it is not over; then how they rose is no question.
static bool source_jumps(
        const struct breaker_source *source, const struct frame_totals *totals, bool goes_on)
{
    int64_t rise = (int64_t)totals->tenants_jumped - source->levels[LEVELS - 1];
    bool is_nearly_all = totals->tenants_jumped >= BREAKER_JUMP_MANY &&
                         totals->tenants_jumped * 4 >= totals->tenants_heard * 3;
    return totals_have_jumped(totals) && (goes_on || is_nearly_all || rise >= BREAKER_JUMP_RISE);
}

// Of totals that do not jump: a chunk that has just begun says nothing yet, nor do one or two tenants
// whose messages are wrong.
static bool totals_say_well(const struct frame_totals *totals)
{
    return totals->judged >= LATELY_WINDOW &&
           (totals->lately_misdirected * 4 < LATELY_WINDOW || totals->tenants_heard >= 3);
}

static void source_note_totals(struct breaker_source *source, const struct frame_totals *totals,
        bool goes_on, int64_t now_ms)
{
    source_roll_levels(source, now_ms);
    if (source_jumps(source, totals, goes_on)) {
        source->has_jumped = true;
        return;
    }
    if (totals_say_well(totals)) {
        source->has_jumped = false;
    }
    if (!goes_on) {
        source->level = totals->tenants_jumped;
        source->levels[0] = source->level > source->levels[0] ? source->level : source->levels[0];
    }
}

static bool is_all_well(const struct breaker *breaker, int64_t now_ms)
{
    for (uint32_t i = 0; i < breaker->count; i++) {
        const struct breaker_source *source = &breaker->sources[i];
        bool is_well = source->untrusted_since_ms == INT64_MAX && !source->has_jumped;
        if (!is_well && now_ms - source->heard_ms < BREAKER_FORGET_MS) {
            return false;
        }
    }
    return true;
}

// Whether all has been well for long enough.
static bool is_over(struct breaker *breaker, int64_t now_ms)
{
    if (!is_all_well(breaker, now_ms)) {
        breaker->calm_since_ms = INT64_MAX;
        return false;
    }
    if (breaker->calm_since_ms == INT64_MAX) {
        breaker->calm_since_ms = now_ms;
    }
    return now_ms - breaker->calm_since_ms >= BREAKER_CALM_MS;
}

enum err breaker_note(struct breaker *breaker, const struct frame *frame, int64_t log_time_ms)
{
    struct breaker_source *source;
    enum err e = breaker_find(breaker, frame, &source);
    if (e != ERR_NONE || source == NULL) {
        return e;
    }
    if (log_time_ms - source->heard_ms >= BREAKER_FORGET_MS) {
        source->has_jumped = false;
    }
    source->heard_ms = log_time_ms;
    source_note_cache(source, frame->cache, log_time_ms);
    if (frame->has_totals && frame->cache == CACHE_TRUSTED) {
        source_note_totals(source, &frame->totals, breaker->state == BREAKER_JUMPED, log_time_ms);
    }
    bool is_untrusted = source->untrusted_since_ms != INT64_MAX &&
                        log_time_ms - source->untrusted_since_ms >= BREAKER_UNTRUSTED_MS;
    if (source->has_jumped) {
        breaker->state = BREAKER_JUMPED;
    } else if (is_untrusted && breaker->state == BREAKER_CALM) {
        breaker->state = BREAKER_UNTRUSTED;
    }
    if (breaker->state != BREAKER_CALM && is_over(breaker, log_time_ms)) {
        breaker->state = BREAKER_CALM;
        breaker->calm_since_ms = INT64_MAX;
    }
    return ERR_NONE;
}

static void source_archive(struct archive *archive, struct breaker_source *source)
{
    archive_i64(archive, &source->heard_ms, 0, CLOCK_END_MS);
    archive_i64(archive, &source->untrusted_since_ms, 0, INT64_MAX);
    archive_bool(archive, &source->has_jumped);
    archive_i64(archive, &source->span_ms, 0, CLOCK_END_MS);
    archive_u32(archive, &source->level, UINT32_MAX);
    for (unsigned i = 0; i < LEVELS; i++) {
        archive_u32(archive, &source->levels[i], UINT32_MAX);
    }
}

void breaker_archive(struct archive *archive, struct breaker *breaker)
{
    uint8_t state = (uint8_t)breaker->state;
    archive_mark(archive, "breaker");
    archive_u8(archive, &state, BREAKER_JUMPED);
    breaker->state = (enum breaker_state)state;
    archive_i64(archive, &breaker->calm_since_ms, 0, INT64_MAX);
    uint32_t count = archive_count(archive, breaker->count, BREAKER_SOURCES_MAX);
    for (uint32_t i = 0; i < count && archive_is_good(archive); i++) {
        struct view key = archive_reads(archive) ? VIEW_NONE : hashmap_key(breaker->index, i);
        archive_view(archive, &key, KEY_BYTES);
        if (archive_reads(archive) && archive_is_good(archive)) {
            bool is_new = hashmap_find(breaker->index, key) == HASHMAP_ABSENT;
            enum err e = is_new ? breaker_add(breaker, key) : ERR_DATA;
            if (e != ERR_NONE) {
                archive_fail(archive, e, "breaker: a source");
                return;
            }
        }
        if (archive_is_good(archive)) {
            source_archive(archive, &breaker->sources[i]);
        }
    }
}

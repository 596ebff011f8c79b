#include "redis/canaries.h"

#include <string.h>

static struct recipient recipient_of(const struct canary *canary)
{
    return (struct recipient){canary->kind, {canary->text, canary->text_bytes}};
}

static bool canary_is(const struct canary *canary, struct recipient recipient)
{
    return canary->text_bytes > 0 && canary->kind == recipient.kind &&
           view_equal(recipient_of(canary).canonical, recipient.canonical);
}

static bool canary_set(struct canary *canary, struct recipient recipient, uint64_t record_count)
{
    size_t n = recipient.canonical.n;
    if (recipient.kind == RECIPIENT_INVALID || n == 0 || n > sizeof canary->text) {
        return false;
    }
    *canary =
            (struct canary){.text_bytes = n, .kind = recipient.kind, .record_count = record_count};
    memcpy(canary->text, recipient.canonical.p, n);
    return true;
}

static void take_along(struct canaries *canaries, const struct canary *canary, size_t whose)
{
    if (canary->text_bytes > 0) {
        size_t at = canaries->along_count++;
        canaries->along[at] = (struct lookup){.recipient = recipient_of(canary),
                .facts = {.lookup = LOOKUP_UNREACHABLE, .reassigned_at_ms = TIME_NONE}};
        canaries->whose[at] = (int8_t)whose;
    }
}

void canaries_prepare(struct canaries *canaries)
{
    canaries->along_count = 0;
    for (size_t i = 0; i < CANARY_COUNT; i++) {
        take_along(canaries, &canaries->each[i], i);
    }
    take_along(canaries, &canaries->wound, CANARY_COUNT);
}

static void canaries_free_all(struct canaries *canaries)
{
    for (size_t i = 0; i < CANARY_COUNT; i++) {
        canaries->each[i].text_bytes = 0;
        canaries->each[i].is_gone = false;
    }
}

static void take_answers(struct canaries *canaries, uint64_t record_count, struct mono_time now)
{
    for (size_t i = 0; i < canaries->along_count; i++) {
        enum lookup_state answer = canaries->along[i].facts.lookup;
        bool is_known = answer == LOOKUP_FOUND || answer == LOOKUP_MISS;
        struct canary *canary = canaries->whose[i] == CANARY_COUNT
                                        ? &canaries->wound
                                        : &canaries->each[canaries->whose[i]];
        if (!is_known || canary->text_bytes == 0) {
            continue; // or it went with its generation
        }
        if (canary == &canaries->wound) {
            canary->text_bytes = 0; // its bucket is there
        } else if (answer == LOOKUP_FOUND) {
            canary->is_gone = false;
            canary->record_count = record_count;
        } else if (!canary->is_gone) {
            canary->is_gone = true;
            canary->gone_at = now;
        }
    }
    canaries->along_count = 0;
}

// Whether so many records fewer account for so many of the canaries.
static bool fall_explains(uint64_t before, uint64_t after, size_t gone, size_t of)
{
    // Counts are below 2^53 (epoch.h), so that nothing overflows.
    return after < before && (before - after) * 2 * of >= before * gone;
}

static bool is_explained(const struct canary *canary, uint64_t record_count, size_t gone, size_t of,
        struct mono_time now)
{
    if (gone * 4 < of) {
        return canary->record_count != record_count ||
               now.ns >= mono_after_ms(canary->gone_at, CANARY_GONE_MS).ns;
    }
    return fall_explains(canary->record_count, record_count, gone, of);
}

size_t canaries_gone(const struct canaries *canaries, size_t *ret_of)
{
    size_t gone = 0;
    size_t of = 0;
    for (size_t i = 0; i < CANARY_COUNT; i++) {
        of += canaries->each[i].text_bytes > 0;
        gone += canaries->each[i].is_gone;
    }
    *ret_of = of;
    return gone;
}

bool canaries_look(struct canaries *canaries, const struct epoch *epoch, struct mono_time now)
{
    uint64_t generation = epoch != NULL ? epoch->generation : 0;
    uint64_t record_count = epoch != NULL ? epoch->record_count : 0;
    if (generation != canaries->generation) {
        canaries_free_all(canaries);
        canaries->generation = generation;
    }
    take_answers(canaries, record_count, now);
    size_t of;
    size_t gone = canaries_gone(canaries, &of);
    for (size_t i = 0; i < CANARY_COUNT && gone > 0; i++) {
        struct canary *canary = &canaries->each[i];
        if (canary->is_gone && is_explained(canary, record_count, gone, of, now)) {
            canary->text_bytes = 0;
            canary->is_gone = false;
        }
    }
    return canaries_gone(canaries, &of) < CANARY_GONE_LEAST;
}

static bool has(const struct canaries *canaries, struct recipient recipient)
{
    for (size_t i = 0; i < CANARY_COUNT; i++) {
        if (canary_is(&canaries->each[i], recipient)) {
            return true;
        }
    }
    return false;
}

// The next place that is free, or else, where one may change, that of a standing canary.
static struct canary *next_place(struct canaries *canaries, bool may_change)
{
    for (size_t i = 0; i < CANARY_COUNT; i++) {
        struct canary *canary = &canaries->each[(canaries->next + i) % CANARY_COUNT];
        if (canary->text_bytes == 0 || (may_change && !canary->is_gone)) {
            canaries->next = (canaries->next + i + 1) % CANARY_COUNT;
            return canary;
        }
    }
    return NULL;
}

void canaries_choose(struct canaries *canaries, const struct lookup *lookups, size_t count,
        const struct epoch *epoch, struct mono_time now)
{
    uint64_t record_count = epoch != NULL ? epoch->record_count : 0;
    bool may_change = now.ns >= canaries->next_change.ns;
    size_t of;
    if (canaries_gone(canaries, &of) >= CANARY_GONE_LEAST || (of == CANARY_COUNT && !may_change)) {
        return;
    }
    size_t stride = count > CANARY_COUNT ? count / CANARY_COUNT : 1;
    for (size_t i = 0; i < count; i += stride) {
        const struct lookup *lookup = &lookups[i];
        if (lookup->facts.lookup != LOOKUP_FOUND || has(canaries, lookup->recipient)) {
            continue;
        }
        struct canary *place = next_place(canaries, may_change);
        if (place == NULL) {
            return;
        }
        bool was_free = place->text_bytes == 0;
        if (canary_set(place, lookup->recipient, record_count) && !was_free) {
            may_change = false;
            canaries->next_change = mono_after_ms(now, CANARY_CHANGE_MS);
        }
    }
}

void canaries_mind(struct canaries *canaries, struct recipient recipient)
{
    if (canaries->wound.text_bytes == 0) {
        (void)canary_set(&canaries->wound, recipient, 0);
    }
}

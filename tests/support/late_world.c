#include "late_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/assure.h"
#include "common/hash.h"

#define START_MS INT64_C(1795334400000)

enum {
    CAMPAIGNS = 5,
    STATE_BYTES = 64 << 20,
    CLEAR_MIN_MS = 1000,
    CLEAR_MAX_MS = 30 * 1000,
};

struct message {
    int64_t offset;
    unsigned campaign;
    bool is_bad;
    bool is_late;
    uint64_t tag;
    int64_t judged_ms;
    int64_t cleared_ms;
};

static enum err hear_record(void *self, const struct record *record)
{
    struct late_world *world = self;
    world->alerts += record->topic == OUT_ALERTS;
    world->commands += record->topic == OUT_COMMANDS;
    world->hash = hash_bytes(record->value.p, record->value.n, world->hash);
    return ERR_NONE;
}

static struct view word(struct arena *arena, const char *prefix, unsigned number)
{
    char text[16];
    snprintf(text, sizeof text, "%s%u", prefix, number);
    return arena_copy(arena, view_of(text));
}

static void *take(struct late_world *world, size_t count, size_t bytes)
{
    void *taken = arena_take(world->arena, (count + 1) * bytes);
    ASSURE(taken != NULL);
    return taken;
}

// --- messages -----------------------------------------------------------------------------------

static void draw_messages(struct message *messages, const struct late_options *options)
{
    uint64_t random = options->seed;
    uint32_t count = options->frames * LATE_WORLD_FRAME;
    for (uint32_t i = 0; i < count; i++) {
        int64_t judged_ms = START_MS + (int64_t)(i / LATE_WORLD_FRAME) * options->step_ms;
        uint32_t lot = test_random_below(&random, 1000);
        messages[i] = (struct message){
                .offset = i,
                .campaign = test_random_below(&random, CAMPAIGNS),
                .is_bad = lot < options->bad_permille,
                .is_late = lot >= options->bad_permille &&
                           lot < options->bad_permille + options->late_permille,
                .tag = hash_mix64(i + 1),
                .judged_ms = judged_ms,
                .cleared_ms = judged_ms + CLEAR_MIN_MS +
                              test_random_below(&random, CLEAR_MAX_MS - CLEAR_MIN_MS),
        };
    }
}

// --- tally frames -------------------------------------------------------------------------------

static void leaf_count_message(struct leaf_counts *counts, const struct message *message, bool bad)
{
    counts->judged++;
    counts->misdirected += bad;
    counts->reasons[REASON_NO_RECORD] += bad;
    counts->last_judged_offset = message->offset;
    counts->last_misdirected = bad;
    counts->last_occurred_at_ms = message->judged_ms;
}

static void enter(struct late_world *world, struct frame_entry *entry,
        const struct message *message, bool last_was_bad, bool is_first)
{
    *entry = (struct frame_entry){
            .offset = message->offset,
            .leaf = message->campaign,
            .reasons = REASON_BIT(REASON_NO_RECORD),
            .previous_misdirected = last_was_bad ? 1 << SCOPE_CAMPAIGN : 0,
            .first_in_chunk = is_first ? 1 << SCOPE_CAMPAIGN : 0,
            .occurred_at_ms = message->judged_ms,
            .message_id = word(world->arena, "m", (unsigned)message->offset),
    };
    memcpy(entry->tag, &message->tag, sizeof entry->tag);
}

// The frame of the messages from `from` on; counts are of its chunk.
static struct frame tally_frame(struct late_world *world, const struct message *messages,
        uint32_t from, enum late_fate fate, struct leaf_counts counts[CAMPAIGNS])
{
    struct frame_leaf *leaves = take(world, CAMPAIGNS, sizeof *leaves);
    struct frame_entry *entries = take(world, LATE_WORLD_FRAME, sizeof *entries);
    uint32_t entry_count = 0;
    int64_t first = messages[from].offset >> CHUNK_BITS << CHUNK_BITS;
    if (messages[from].offset - first < LATE_WORLD_FRAME) {
        memset(counts, 0, CAMPAIGNS * sizeof *counts);
    }
    for (uint32_t i = from; i < from + LATE_WORLD_FRAME; i++) {
        const struct message *message = &messages[i];
        struct leaf_counts *of = &counts[message->campaign];
        bool bad = message->is_bad || (message->is_late && fate != LATE_WRITTEN);
        if (bad) {
            enter(world, &entries[entry_count++], message, of->last_misdirected, of->judged == 0);
        }
        leaf_count_message(of, message, bad);
    }
    for (unsigned c = 0; c < CAMPAIGNS; c++) {
        leaves[c] = (struct frame_leaf){.key.ids = {[SCOPE_CAMPAIGN] = word(world->arena, "c", c),
                                                [SCOPE_VENDOR] = word(world->arena, "v", c / 2),
                                                [SCOPE_TENANT] = VIEW("t")},
                .counts = counts[c]};
    }
    return (struct frame){
            .source_topic = VIEW("in"),
            .chunk = messages[from].offset >> CHUNK_BITS,
            .first_offset = first,
            .to_offset = messages[from].offset + LATE_WORLD_FRAME,
            .judged_at_ms = messages[from].judged_ms,
            .leaves = leaves,
            .leaf_count = CAMPAIGNS,
            .entries = entries,
            .entry_count = entry_count,
    };
}

// --- late frames --------------------------------------------------------------------------------

static struct frame late_frame(
        struct late_world *world, const struct message *message, int64_t at_ms, uint64_t tag)
{
    struct frame_late *late = take(world, 1, sizeof *late);
    late->offset = message->offset;
    memcpy(late->tag, &tag, sizeof late->tag);
    return (struct frame){
            .source_topic = VIEW("in"), .judged_at_ms = at_ms, .late = late, .late_count = 1};
}

static void add(struct late_world *world, struct frame frame)
{
    world->frames[world->count++] = frame;
}

// The clearance of one, and with noise what a zombie might send around it.
static void add_clearance(struct late_world *world, const struct message *message, int64_t now_ms)
{
    if (world->options.with_noise) {
        add(world, late_frame(world, message, now_ms, message->tag + 1)); // somebody else's
    }
    add(world, late_frame(world, message, now_ms, message->tag));
    if (world->options.with_noise) {
        add(world, late_frame(world, message, now_ms, message->tag)); // again
    }
}

// Those whose time has come until then.
static void add_due(struct late_world *world, const struct message *messages, uint32_t end,
        int64_t after_ms, int64_t now_ms)
{
    for (uint32_t i = 0; i < end; i++) {
        const struct message *message = &messages[i];
        if (message->is_late && message->cleared_ms > after_ms && message->cleared_ms <= now_ms) {
            add_clearance(world, message, now_ms);
        }
    }
}

// Before their entries, in vain.
static void add_too_early(struct late_world *world, const struct message *messages, uint32_t from)
{
    for (uint32_t i = from; i < from + LATE_WORLD_FRAME; i++) {
        if (messages[i].is_late) {
            add(world, late_frame(world, &messages[i], messages[i].judged_ms, messages[i].tag));
        }
    }
}

// --- the world ----------------------------------------------------------------------------------

static void make_frames(struct late_world *world, enum late_fate fate)
{
    const struct late_options *options = &world->options;
    uint32_t count = options->frames * LATE_WORLD_FRAME;
    struct message *messages = calloc(count, sizeof *messages);
    world->frames = calloc((size_t)options->frames + 4 * count, sizeof *world->frames);
    ASSURE(messages != NULL && world->frames != NULL);
    struct leaf_counts counts[CAMPAIGNS] = {{.judged = 0}};
    draw_messages(messages, options);
    int64_t last_ms = 0;
    for (uint32_t from = 0; from < count; from += LATE_WORLD_FRAME) {
        int64_t now_ms = messages[from].judged_ms;
        if (fate == LATE_CLEARED) {
            add_due(world, messages, from, last_ms, now_ms);
        }
        if (fate == LATE_CLEARED && options->with_noise) {
            add_too_early(world, messages, from);
        }
        add(world, tally_frame(world, messages, from, fate, counts));
        last_ms = now_ms;
    }
    if (fate == LATE_CLEARED) {
        add_due(world, messages, count, last_ms, last_ms + CLEAR_MAX_MS);
    }
    free(messages);
}

static void make_line(struct late_world *world)
{
    ASSURE(detect_line_create(&world->line, world->config, &world->emitter) == ERR_NONE);
}

void late_world_init(
        struct late_world *world, const struct late_options *options, enum late_fate fate)
{
    static const struct sink_ops ops = {hear_record};
    const struct emitter_options emits = {.writes_monitor = true, .group = VIEW("unit")};
    // a frame's messages are of one chunk
    _Static_assert(CHUNK_OFFSETS % (LATE_WORLD_FRAME) == 0, "");
    *world = (struct late_world){.options = *options, .arena = arena_create(SIZE_MAX)};
    ASSURE(world->arena != NULL && config_create_default(&world->config) == ERR_NONE);
    world->config->policy.learning = options->learning;
    ASSURE(emitter_init(&world->emitter, (struct sink){&ops, world}, &emits) == ERR_NONE);
    make_line(world);
    make_frames(world, fate);
}

void late_world_fini(struct late_world *world)
{
    detect_line_destroy(world->line);
    emitter_fini(&world->emitter);
    config_destroy(world->config);
    arena_destroy(world->arena);
    free(world->frames);
}

bool late_world_step(struct late_world *world)
{
    if (world->folded == world->count) {
        return false;
    }
    bool gap;
    int64_t sequence = world->folded;
    ASSURE(detect_line_frame(world->line, &world->frames[world->folded++], 0, sequence, false, NULL,
                   &gap) == ERR_NONE);
    ASSURE(!gap);
    return true;
}

void late_world_save(struct late_world *world, struct strbuf *sb)
{
    strbuf_init(sb, STATE_BYTES);
    struct archive writer = archive_writer(sb);
    detect_line_archive(world->line, &writer);
    ASSURE(archive_end(&writer) == ERR_NONE);
}

void late_world_restart(struct late_world *world)
{
    struct strbuf saved;
    late_world_save(world, &saved);
    detect_line_destroy(world->line);
    make_line(world);
    struct archive reader = archive_reader(strbuf_view(&saved));
    detect_line_archive(world->line, &reader);
    ASSURE(archive_end(&reader) == ERR_NONE);
    strbuf_fini(&saved);
}

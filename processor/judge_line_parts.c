// The way of a batch, in parts, so that nobody waits for Redis who could work meanwhile:
//
//     part 1   decode  ask ........ answer                    judge
//     part 2                decode          ask ............         answer  judge
//
// At most one part is with the store, and parts are judged in their order, one when the one before is
// through all stages: to who looks at tallies, records and tickets it is as if they came one by one.
// In replay, where relationships are in memory mostly, a batch is one part. So it is where a slice may
// have to wait for the cache: nothing of it may be said before all of its answers are there.
#include "common/assure.h"
#include "judge_line_inside.h"

enum {
    PART_LEAST = 256, // of fewer messages a round trip costs more than it hides
    PART_MOST = 1000,
};

static enum err batch_take(struct batch *batch, struct arena *arena)
{
    size_t room = batch->count + 1;
    batch->events = arena_take(arena, room * sizeof *batch->events);
    batch->decoded = arena_take(arena, room * sizeof *batch->decoded);
    batch->failures = arena_take(arena, room * sizeof *batch->failures);
    batch->enriched = arena_take(arena, room * sizeof *batch->enriched);
    bool whole = batch->events != NULL && batch->decoded != NULL && batch->failures != NULL &&
                 batch->enriched != NULL;
    return whole ? ERR_NONE : ERR_NO_MEMORY;
}

// Decodes as many as the arena has room for; the batch is cut there, and the rest is the next part.
static enum err decode_batch(const struct judge_line *line, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        switch (decode_event(line->decoder, &batch->items[i].raw, batch->arena, &batch->events[i],
                &batch->failures[i])) {
        case DECODE_EVENT:
            batch->decoded[i] = &batch->events[i];
            break;
        case DECODE_DEAD_LETTER:
            batch->decoded[i] = NULL;
            break;
        case DECODE_NO_ROOM:
            batch->count = i;
            return i == 0 ? ERR_NO_MEMORY : ERR_NONE;
        }
    }
    return ERR_NONE;
}

// Whether a chunk is being judged again. Of a slice the first item says so: its offsets rise.
static bool any_is_resuming(const struct judge_line *line, const struct judge_slice *slices,
        const struct judge_item *items, size_t item_count)
{
    for (size_t i = 0; i < item_count; i++) {
        if (i > 0 && items[i].slice == items[i - 1].slice) {
            continue;
        }
        const struct tally_source *source =
                tally_find(line->tally, slices[items[i].slice].partition);
        ASSURE(source != NULL);
        if (tally_is_resuming(source, items[i].raw.offset)) {
            return true;
        }
    }
    return false;
}

static size_t part_size(const struct judge_line *line, const struct judge_slice *slices,
        const struct judge_item *items, size_t item_count)
{
    size_t parts = (item_count + PART_MOST - 1) / PART_MOST;
    if (line->options.clock != JUDGE_CLOCK_WALL || policy_may_wait(line->policy) ||
            any_is_resuming(line, slices, items, item_count)) {
        return item_count;
    }
    parts = parts < 2 && item_count >= 2 * (size_t)PART_LEAST ? 2 : parts;
    return (item_count + parts - 1) / parts;
}

// Decodes as many of the items as go through at once, and finds out whom they are about.
static enum err prepare(struct judge_line *line, const struct enricher *enricher,
        const struct judge_item *items, size_t count, struct batch *part)
{
    part->items = items;
    part->count = count;
    arena_reset(part->arena);
    enum err e = batch_take(part, part->arena);
    e = e != ERR_NONE ? e : decode_batch(line, part);
    return e != ERR_NONE ? e
                         : enrich_prepare(enricher, part->decoded, part->count, part->arena,
                                   part->enriched, &part->enriching);
}

static void ask(const struct judge_line *line, const struct enricher *enricher, struct batch *part)
{
    const int64_t wait_ms = line->options.config->redis.deadline_ms;
    enrich_ask(enricher, &part->enriching, mono_after_ms(clock_mono(), wait_ms));
}

static void answer(
        const struct judge_line *line, const struct enricher *enricher, struct batch *part)
{
    enrich_answer(enricher, &part->enriching);
    part->cache = line->options.store.ops->state(line->options.store.self);
}

enum err judge_line_parts(struct judge_line *line, const struct judge_item *items,
        size_t item_count, struct batch *ret_batch)
{
    const struct enricher enricher = {line->options.store, line->options.ring, line->phones};
    struct batch parts[PARTS_ALIVE];
    if (item_count == 0) {
        ret_batch->cache = line->options.store.ops->state(line->options.store.self);
        return ERR_NONE;
    }
    for (unsigned i = 0; i < PARTS_ALIVE; i++) {
        parts[i] = *ret_batch;
        parts[i].arena = line->arenas[i];
    }
    const size_t size = part_size(line, ret_batch->slices, items, item_count);
    enum err e = prepare(line, &enricher, items, size, &parts[0]);
    if (e != ERR_NONE) {
        return e;
    }
    ask(line, &enricher, &parts[0]);
    bool is_asked = true;
    size_t done = parts[0].count;
    for (unsigned at = 0; is_asked && e == ERR_NONE; at = (at + 1) % PARTS_ALIVE) {
        struct batch *part = &parts[at];
        struct batch *next = &parts[(at + 1) % PARTS_ALIVE];
        const size_t left = item_count - done;
        if (left > 0) {
            e = prepare(line, &enricher, items + done, left < size ? left : size, next);
        }
        answer(line, &enricher, part);
        is_asked = left > 0 && e == ERR_NONE;
        if (is_asked) {
            ask(line, &enricher, next);
            done += next->count;
        }
        e = e != ERR_NONE ? e : judge_line_judge(line, part);
        ret_batch->cache = part->cache;
        if (e != ERR_NONE && is_asked) {
            answer(line, &enricher, next); // the store is free again
        }
    }
    return e;
}

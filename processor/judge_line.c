#include "judge_line_inside.h"

#include <stdlib.h>

#include "common/assure.h"

enum {
    TOTALS_MS = 1000,
    ARENA_BYTES = 256 * 1024 * 1024,      // of a batch that is one part
    PART_ARENA_BYTES = 128 * 1024 * 1024, // of every other part of one that is several
    LEAF_NAME_BYTES = 256 * 1024,
    DAY_MS = 24 * 3600 * 1000,
    REASON_TEXT_BYTES = 512,
    PSEUDONYM_MAX_BYTES = 128,
};

enum err judge_line_create(struct judge_line **ret_line, const struct judge_line_options *options)
{
    struct judge_line *line = calloc(1, sizeof *line);
    if (line == NULL) {
        return ERR_NO_MEMORY;
    }
    line->options = *options;
    line->policy = &options->config->policy;
    strbuf_init(&line->reason_text, REASON_TEXT_BYTES);
    strbuf_init(&line->id_text, 4096);
    strbuf_init(&line->pseudonym, PSEUDONYM_MAX_BYTES);
    const struct tally_options tally_options = {
            .tally_partitions = options->tally_partitions,
            .max_leaves = options->config->batch.max_leaves,
            .max_leaf_bytes = LEAF_NAME_BYTES,
            .split_by_channel = options->config->policy.split_by_channel,
    };
    enum err e = tally_create(&line->tally, &tally_options);
    if (e == ERR_NONE) {
        e = decoder_create(&line->decoder, (const char *const *)options->config->fields, NULL);
    }
    if (e == ERR_NONE) {
        e = phone_cache_create(&line->phones, options->config->identity.default_region);
    }
    if (e == ERR_NONE && options->clock == JUDGE_CLOCK_WALL) {
        e = recheck_create(&line->recheck, options->config->recheck_messages);
    }
    for (unsigned i = 0; i < PARTS_ALIVE; i++) {
        line->arenas[i] = arena_create(i == 0 ? ARENA_BYTES : PART_ARENA_BYTES);
        e = e == ERR_NONE && line->arenas[i] == NULL ? ERR_NO_MEMORY : e;
    }
    if (e != ERR_NONE) {
        judge_line_destroy(line);
        return e;
    }
    *ret_line = line;
    return ERR_NONE;
}

void judge_line_destroy(struct judge_line *line)
{
    if (line != NULL) {
        tally_destroy(line->tally);
        recheck_destroy(line->recheck);
        decoder_destroy(line->decoder);
        phone_cache_destroy(line->phones);
        for (unsigned i = 0; i < PARTS_ALIVE; i++) {
            arena_destroy(line->arenas[i]);
        }
        strbuf_fini(&line->reason_text);
        strbuf_fini(&line->id_text);
        strbuf_fini(&line->pseudonym);
        free(line);
    }
}

enum err judge_line_open(struct judge_line *line, struct view topic, int32_t partition,
        int64_t start_offset, int64_t resume_until)
{
    return tally_open(line->tally, topic, partition, start_offset, resume_until);
}

void judge_line_close(struct judge_line *line, int32_t partition)
{
    tally_close(line->tally, partition);
    if (line->recheck != NULL) {
        recheck_close(line->recheck, partition);
    }
}

void judge_line_set_policy(struct judge_line *line, const struct policy *policy)
{
    line->policy = policy;
}

void judge_line_set_orders(struct judge_line *line, const struct standing_orders *orders)
{
    line->orders = orders;
}

void *judge_line_ticket(const struct judge_line *line)
{
    return line->ticket;
}

bool judge_line_cache_is_trusted(struct judge_line *line)
{
    const struct store *store = &line->options.store;
    arena_reset(line->arenas[0]);
    struct mono_time deadline =
            mono_after_ms(clock_mono(), line->options.config->redis.deadline_ms);
    store->ops->lookup(store->self, NULL, 0, deadline, line->arenas[0]);
    return store->ops->state(store->self) == CACHE_TRUSTED;
}

uint32_t judge_line_waiting(const struct judge_line *line)
{
    return line->recheck != NULL ? recheck_open_count(line->recheck) : 0;
}

const struct judge_counts *judge_line_counts(const struct judge_line *line)
{
    return &line->counts;
}

static struct tally_source *item_source(
        const struct judge_line *line, const struct batch *batch, const struct judge_item *item)
{
    struct tally_source *source = tally_find(line->tally, batch->slices[item->slice].partition);
    ASSURE(source != NULL);
    return source;
}

// Whether a message may not be unknown: a chunk that is judged again must not turn what was known
// into unknown, and the policy may want no message to pass unknown.
static bool must_be_known(const struct judge_line *line, const struct batch *batch, size_t i)
{
    const struct judge_item *item = &batch->items[i];
    return tally_is_resuming(item_source(line, batch, item), item->raw.offset) ||
           (line->options.clock == JUDGE_CLOCK_WALL &&
                   judge_line_settings(line, batch->decoded[i]).unknown == UNKNOWN_WAIT &&
                   judge_watches(batch->decoded[i], line->policy));
}

// Where the cache does not say what must be known, the slice waits for it.
static void find_waiting_slices(const struct judge_line *line, struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->decoded[i] == NULL) {
            continue;
        }
        enum lookup_state lookup = batch->enriched[i].facts.lookup;
        bool known = lookup == LOOKUP_FOUND || lookup == LOOKUP_MISS || lookup == LOOKUP_NOT_ASKED;
        if (!known && must_be_known(line, batch, i)) {
            batch->slices[batch->items[i].slice].waits = true;
        }
    }
}

// judged_at of one message.
static int64_t judged_at_ms(struct judge_line *line, const struct batch *batch, size_t i)
{
    if (line->options.clock == JUDGE_CLOCK_WALL) {
        return batch->now_ms;
    }
    int64_t ms = batch->items[i].raw.timestamp_ms;
    if (!clock_is_accepted(ms)) {
        ms = batch->decoded[i] != NULL ? batch->decoded[i]->occurred_at.ms : line->log_time_ms;
    }
    if (line->log_time_ms == 0) {
        line->log_time_ms = clock_is_accepted(ms) ? ms : 0;
    } else if (ms > line->log_time_ms) {
        int64_t step = ms - line->log_time_ms;
        line->log_time_ms += step < DAY_MS ? step : DAY_MS;
    }
    return line->log_time_ms != 0 ? line->log_time_ms : CLOCK_MIN_MS;
}

static void note_hold(struct judge_line *line, const struct raw_message *raw)
{
    line->counts.held++;
    if (line->options.clock == JUDGE_CLOCK_WALL && raw->timestamp_ms > 0) {
        int64_t delay_ms = clock_wall().ms - raw->timestamp_ms;
        metric_observe(&line->counts.hold_delay, &metric_delay_bounds, delay_ms > 0 ? delay_ms : 0);
    }
}

static bool is_held_at(const struct standing *standing, int64_t at_ms)
{
    return standing->is_held && (standing->until_ms == 0 || standing->until_ms > at_ms);
}

static enum err emit_judged(struct judge_line *line, const struct batch *batch, size_t i,
        const struct judgement *judgement, const struct standing *standing, int64_t at_ms)
{
    const bool is_held = is_held_at(standing, at_ms);
    if (!is_held &&
            !emitter_publishes(line->options.emitter, judgement->verdict, judgement->reasons)) {
        return ERR_NONE; // nobody reads of its recipient, who need not be named
    }
    const struct event *ev = batch->decoded[i];
    const struct raw_message *raw = &batch->items[i].raw;
    void *ticket = batch->slices[batch->items[i].slice].ticket;
    struct view recipient = judge_line_name_recipient(line, &batch->enriched[i].pseudonym);
    const struct verdict_action verdict = {
            .ev = ev,
            .verdict = judgement->verdict,
            .reasons = judgement->reasons,
            .recipient_pseudonym = recipient,
            .source_topic = raw->topic,
            .source_partition = raw->partition,
            .source_offset = raw->offset,
            .policy_version = view_of(line->policy->version),
    };
    enum err e = line->pseudonym.failed;
    if (e == ERR_NONE) {
        e = emit_verdict(line->options.emitter, &verdict, ticket);
    }
    if (e == ERR_NONE && is_held) {
        e = judge_line_hold(line, ev, recipient, judgement->reasons, at_ms, standing, ticket);
        note_hold(line, raw);
    }
    return e;
}

// Read again for the sake of late records only: its chunk is whole and told.
static bool is_uncounted(const struct tally_source *source, int64_t offset)
{
    return tally_is_resuming(source, offset) && offset < tally_reached(source);
}

static enum err judge_dead_letter(
        struct judge_line *line, const struct batch *batch, size_t i, int64_t at_ms)
{
    const struct judge_item *item = &batch->items[i];
    struct tally_source *source = item_source(line, batch, item);
    enum err e = ERR_NONE;
    if (!tally_is_resuming(source, item->raw.offset)) {
        line->counts.dead_letters++;
        line->counts.dead_letters_by[batch->failures[i].code]++;
        const struct dead_letter_action dead_letter = {
                .raw = &item->raw,
                .reason = batch->failures[i].reason,
                .explanation = view_of(batch->failures[i].text),
                .failed_at_ms = line->options.clock == JUDGE_CLOCK_WALL ? at_ms : -1,
        };
        e = emit_dead_letter(
                line->options.emitter, &dead_letter, batch->slices[item->slice].ticket);
    }
    return e != ERR_NONE || is_uncounted(source, item->raw.offset)
                   ? e
                   : tally_skip(line->tally, source, item->raw.offset, at_ms, batch->cache,
                             &line->options.frames);
}

static enum err judge_one(
        struct judge_line *line, const struct batch *batch, size_t i, int64_t at_ms)
{
    const struct judge_item *item = &batch->items[i];
    const struct event *ev = batch->decoded[i];
    const struct enriched *enriched = &batch->enriched[i];
    struct tally_source *source = item_source(line, batch, item);
    line->now_ms = at_ms;
    struct judgement judgement =
            judge_message(ev, enriched->recipient.kind, &enriched->facts, line->policy);
    bool at_once = false;
    enum said_kind said = line->recheck != NULL
                                  ? judge_line_recall(line, &item->raw, &judgement, &at_once)
                                  : SAID_NOTHING;
    const struct standing standing =
            judge_line_stand(line, ev, enriched->recipient, &enriched->pseudonym, &judgement);
    // One that was unknown is held until it is said to be clear.
    bool is_held = is_held_at(&standing, at_ms) || (said == SAID_UNKNOWN && !standing.is_past);
    if (judgement.verdict == VERDICT_EXEMPT) {
        said = SAID_NOTHING; // by an allow list
    } else if (line->recheck != NULL && judgement.verdict == VERDICT_UNKNOWN && standing.is_held &&
               (!standing.is_blocked || standing.is_of_verdict)) {
        said = SAID_UNKNOWN;
    }
    enum err e = ERR_NONE;
    if (tally_is_resuming(source, item->raw.offset)) {
        line->counts.rejudged++;
    } else {
        line->counts.verdicts[judgement.verdict]++;
        line->counts.zones[standing.zone]++;
        for (unsigned reason = 0; reason < REASON_TOLD_COUNT; reason++) {
            line->counts.reasons[reason] += judgement.reasons >> reason & 1;
        }
        e = emit_judged(line, batch, i, &judgement, &standing, at_ms);
    }
    if (e == ERR_NONE && said != SAID_NOTHING) {
        const struct remembered as = {said, at_once, is_held, standing.order};
        e = judge_line_remember(line, batch, i, &as);
    }
    if (e != ERR_NONE || is_uncounted(source, item->raw.offset)) {
        return e;
    }
    const struct tally_message message = {
            .ev = ev,
            .offset = item->raw.offset,
            .verdict = judgement.verdict,
            .reasons = judgement.reasons & REASONS_OF_DATA,
            .recipient_tag = enriched->pseudonym.bytes,
            .phone = enriched->recipient.kind == RECIPIENT_PHONE ? enriched->recipient.canonical
                                                                 : VIEW_NONE,
            .signals = judgement.signals,
            .other_lender = judgement.other_lender,
    };
    return tally_count(line->tally, source, &message, at_ms, batch->cache, &line->options.frames);
}

// Replay: a frame after every so many messages.
static enum err flush_if_due(
        struct judge_line *line, const struct batch *batch, size_t i, int64_t at_ms)
{
    if (line->options.frame_messages == 0 || ++line->since_frame < line->options.frame_messages) {
        return ERR_NONE;
    }
    line->since_frame = 0;
    bool totals = at_ms >= line->next_totals_ms;
    line->next_totals_ms = totals ? at_ms + TOTALS_MS : line->next_totals_ms;
    return tally_flush(line->tally, item_source(line, batch, &batch->items[i]), at_ms, batch->cache,
            false, totals, &line->options.frames);
}

static enum err flush_slices(
        struct judge_line *line, const struct batch *batch, size_t slice_count, bool totals)
{
    enum err e = ERR_NONE;
    for (size_t i = 0; i < slice_count && e == ERR_NONE; i++) {
        const struct judge_slice *slice = &batch->slices[i];
        line->ticket = slice->ticket;
        struct tally_source *source = tally_find(line->tally, slice->partition);
        ASSURE(source != NULL);
        int64_t at_ms = line->options.clock == JUDGE_CLOCK_WALL ? batch->now_ms : line->log_time_ms;
        if (!slice->waits && slice->next_offset > tally_reached(source)) {
            e = tally_skip(line->tally, source, slice->next_offset - 1, at_ms, batch->cache,
                    &line->options.frames);
        }
        if (e == ERR_NONE) {
            e = tally_flush(line->tally, source, at_ms, batch->cache, slice->idle, totals,
                    &line->options.frames);
        }
    }
    return e;
}

enum err judge_line_judge(struct judge_line *line, struct batch *batch)
{
    enum err e = judge_line_count_batch(line, batch);
    if (e != ERR_NONE) {
        return e;
    }
    find_waiting_slices(line, batch);
    for (size_t i = 0; i < batch->count && e == ERR_NONE; i++) {
        if (batch->slices[batch->items[i].slice].waits) {
            continue;
        }
        line->ticket = batch->slices[batch->items[i].slice].ticket;
        batch->slices[batch->items[i].slice].was_judged = true;
        line->counts.messages++;
        int64_t at_ms = judged_at_ms(line, batch, i);
        e = batch->decoded[i] == NULL ? judge_dead_letter(line, batch, i, at_ms)
                                      : judge_one(line, batch, i, at_ms);
        if (e == ERR_NONE) {
            e = flush_if_due(line, batch, i, at_ms);
        }
    }
    line->counts.overflowed = tally_overflowed(line->tally);
    return e;
}

enum err judge_line_batch(struct judge_line *line, const struct judge_item *items,
        size_t item_count, struct judge_slice *slices, size_t slice_count, struct wall_time now,
        bool totals)
{
    struct batch batch = {.slices = slices, .now_ms = now.ms};
    enum err e = judge_line_parts(line, items, item_count, &batch);
    if (e == ERR_NONE && (line->options.frame_messages == 0 || item_count == 0)) {
        e = flush_slices(line, &batch, slice_count, totals);
    }
    // Behind the frames: a message is taken back after it was told.
    return e != ERR_NONE ? e : judge_line_recheck(line, &batch, slice_count);
}

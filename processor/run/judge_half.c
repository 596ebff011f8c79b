#include "run/judge_half.h"

#include <stdlib.h>

#include "commands/open_keyring.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "run/judge_half_inside.h"

enum {
    TOTALS_MS = 1000,
    WAIT_FOR_CACHE_MS = 200,
    WAIT_FOR_ACKS_MS = 5000,
    FRAME_ARENA_BYTES = 64 * 1024 * 1024,
};

// --- partitions come and go --------------------------------------------------------------------

static void assign(void *self, const struct kafka_assignment *assignment, int64_t *start)
{
    struct judge_half *half = self;
    struct judge_start begin = {.partition = assignment->partition,
            .committed = *start,
            .low = assignment->low,
            .text = assignment->metadata};
    bool is_odd = false;
    enum err e = half_begin(&half->base, assignment, *start, &begin.committed);
    if (begin.committed != *start) {
        begin.text = VIEW_NONE;
    }
    if (e == ERR_NONE) {
        e = judge_line_resume(half->line, &begin, start, &is_odd);
    }
    failpoint("judge.was_assigned");
    if (e != ERR_NONE) {
        half->has_ended = err_fate(e) == FATE_RETRY ? ERR_STALLED : e;
        return;
    }
    if (is_odd) {
        log_warn("judge",
                "partition %d: the text of the committed offset is none of ours; messages that "
                "wait for a late record stay held",
                assignment->partition);
    }
    log_info("judge", "partition %d: from offset %lld, committed %lld", assignment->partition,
            (long long)*start, (long long)assignment->committed);
}

static void close_partition(void *self, int32_t partition)
{
    struct judge_half *half = self;
    judge_line_close(half->line, partition);
    offsets_close(half->base.outlet.offsets, partition);
}

static void forget_batch(void *self)
{
    struct judge_half *half = self;
    gathered_clear(&half->batch, half->base.consumer);
}

// Begins a partition anew from what is settled.
static enum err begin_anew(void *self, int32_t partition)
{
    struct judge_half *half = self;
    int64_t settled = offsets_settled(half->base.outlet.offsets, partition);
    struct kafka_position position = {.partition = partition};
    enum err e = offsets_begin(half->base.outlet.offsets, partition, settled);
    if (e == ERR_NONE) {
        e = judge_line_rewind(half->line, partition, settled, &position.offset);
    }
    if (e == ERR_NONE) {
        e = kafka_consumer_rewind(half->base.consumer, &position, 1);
    }
    return e;
}

// --- the loop ----------------------------------------------------------------------------------

// The log does not have the offset that we wanted: what was read before goes first, then the
// partition begins at `low`.
static enum err offset_lost(void *self, const struct kafka_event *event)
{
    struct judge_half *half = self;
    struct judge_start begin = {event->partition, event->low, event->low, VIEW_NONE};
    int64_t from;
    bool is_odd;
    enum err e = half_skip_lost(&half->base, event);
    return e != ERR_NONE ? e : judge_line_resume(half->line, &begin, &from, &is_odd);
}

// Where the partition was read to. Where its offset was lost the consumer is behind the gap already,
// which nothing may settle before it is told.
static int64_t position_of(const struct judge_half *half, int32_t partition)
{
    bool is_lost = half->lost.kind == KAFKA_OFFSET_LOST && half->lost.partition == partition;
    return is_lost ? half->lost.offset : kafka_consumer_next_offset(half->base.consumer, partition);
}

// Opens a segment for each slice; its offsets are those of the slice's messages.
static enum err open_segments(struct judge_half *half)
{
    struct gathered *batch = &half->batch;
    for (size_t i = 0; i < batch->slice_count; i++) {
        struct judge_slice *slice = &batch->slices[i];
        bool has_messages = batch->to_offsets[i] >= 0;
        half->had_traffic[slice->partition] |= has_messages;
        int64_t to_offset =
                has_messages ? batch->to_offsets[i] : position_of(half, slice->partition);
        int64_t reached = offsets_reached(half->base.outlet.offsets, slice->partition);
        if (to_offset < reached) {
            to_offset = reached; // the consumer is looking for its place: its offset was lost
        }
        slice->next_offset = to_offset;
        struct segment *segment;
        enum err e = offsets_open(half->base.outlet.offsets, slice->partition, to_offset, &segment);
        if (e != ERR_NONE) {
            return e;
        }
        slice->ticket = segment;
        slice->serial = offsets_serial(segment);
    }
    return ERR_NONE;
}

// A transaction must not hold what is judged again. Of a partition that waits all that came before has
// to be acknowledged, so that it begins anew behind it; else the transaction is aborted.
static enum err settle_waiting(struct judge_half *half)
{
    struct outlet *outlet = &half->base.outlet;
    bool any_waits = false;
    for (size_t i = 0; i < half->batch.slice_count; i++) {
        const struct judge_slice *slice = &half->batch.slices[i];
        any_waits |= slice->waits;
        if (slice->waits && slice->was_judged) {
            return ERR_UNAVAILABLE;
        }
    }
    return !any_waits || tracked_sink_flush(&outlet->sink, WAIT_FOR_ACKS_MS) == ERR_NONE
                   ? ERR_NONE
                   : ERR_UNAVAILABLE;
}

// Partitions that have to wait for the cache begin anew. When all of them have, nothing is fetched
// until it is trusted (look_for_cache); else those that wait are tried again a little later.
static enum err begin_waiting_anew(struct judge_half *half)
{
    const struct gathered *batch = &half->batch;
    bool any_waits = false;
    bool any_goes_on = false;
    for (size_t i = 0; i < batch->slice_count; i++) {
        any_waits |= batch->slices[i].waits;
        any_goes_on |= !batch->slices[i].waits && batch->to_offsets[i] >= 0;
    }
    if (!any_waits) {
        return ERR_NONE;
    }
    half->is_waiting = !any_goes_on;
    half->next_look = mono_after_ms(clock_mono(), WAIT_FOR_CACHE_MS);
    enum err e = kafka_consumer_hold(half->base.consumer, half->is_waiting);
    for (size_t i = 0; i < batch->slice_count && e == ERR_NONE; i++) {
        if (batch->slices[i].waits) {
            half->had_traffic[batch->slices[i].partition] = true;
            e = begin_anew(half, batch->slices[i].partition);
        }
    }
    half_excuse(&half->base);
    if (any_goes_on) {
        tracked_sink_poll(&half->base.outlet.sink, WAIT_FOR_CACHE_MS);
    }
    return e;
}

// While all partitions wait for the cache.
static enum err look_for_cache(struct judge_half *half)
{
    if (half->is_waiting) {
        half_excuse(&half->base);
    }
    if (!half->is_waiting || clock_mono().ns < half->next_look.ns) {
        return ERR_NONE;
    }
    half->next_look = mono_after_ms(clock_mono(), WAIT_FOR_CACHE_MS);
    bool is_trusted = judge_line_cache_is_trusted(half->line);
    judge_tell_cache(half);
    if (!is_trusted) {
        return ERR_NONE;
    }
    half->is_waiting = false;
    return kafka_consumer_hold(half->base.consumer, false);
}

static enum err judge_batch(struct judge_half *half, bool totals)
{
    struct gathered *batch = &half->batch;
    enum err e = open_segments(half);
    if (e != ERR_NONE) {
        return e;
    }
    failpoint("judge.read_a_batch");
    struct mono_time before = clock_mono();
    e = judge_line_batch(half->line, batch->items, batch->item_count, batch->slices,
            batch->slice_count, clock_wall(), totals);
    judge_note_batch(half, before);
    failpoint("judge.produced_a_batch");
    if (e == ERR_NONE && half->base.outlet.is_transactional) {
        e = settle_waiting(half);
    }
    for (size_t i = 0; i < batch->slice_count; i++) {
        struct judge_slice *slice = &batch->slices[i];
        if (e == ERR_NONE && !slice->waits) {
            offsets_done(half->base.outlet.offsets, slice->ticket);
        } else {
            // O4: begun anew below
            offsets_reported(half->base.outlet.offsets, slice->ticket, ERR_UNAVAILABLE);
        }
    }
    e = e != ERR_NONE ? e : begin_waiting_anew(half);
    if (batch->item_count > 0) {
        judge_tell_cache(half);
        judge_tell_attempts(half);
        judge_tell_overflow(half);
    }
    judge_tell_given_up(half);
    gathered_clear(batch, half->base.consumer);
    return e;
}

// Once a second every partition with news tells its totals, also when it has just fallen silent.
static bool gather_totals(struct judge_half *half)
{
    struct mono_time now = clock_mono();
    if (now.ns < half->next_totals.ns) {
        return false;
    }
    half->next_totals = mono_after_ms(now, TOTALS_MS);
    bool any = false;
    for (int32_t i = 0; i < offsets_partition_end(half->base.outlet.offsets); i++) {
        if (offsets_is_begun(half->base.outlet.offsets, i) && half->had_traffic[i]) {
            gathered_slice(&half->batch, i);
            half->had_traffic[i] = half->is_waiting;
            any = true;
        }
    }
    return any;
}

// Messages that wait for a late record are looked up again beside what has come.
static void gather_due(struct judge_half *half)
{
    for (int32_t i = 0; i < offsets_partition_end(half->base.outlet.offsets); i++) {
        if (judge_line_waits_for(half->line, i)) {
            gathered_slice(&half->batch, i);
        }
    }
}

static enum err step(void *self)
{
    struct judge_half *half = self;
    struct kafka_event event = {0};
    enum kafka_event_kind kind = gathered_fill(&half->batch, half->base.consumer,
            half->base.config->batch.wait_ms, true, half->base.stop, &event);
    if (half->has_ended != ERR_NONE) {
        return half->has_ended;
    }
    judge_line_set_policy(half->line, half_policy(&half->base));
    half->lost = kind == KAFKA_OFFSET_LOST ? event : (struct kafka_event){.kind = KAFKA_NOTHING};
    enum err e = half->orders != NULL ? judge_orders_take(half->orders, clock_wall().ms) : ERR_NONE;
    e = e != ERR_NONE ? e : look_for_cache(half);
    judge_ask_cache(half);
    bool totals = gather_totals(half);
    if (judge_line_has_due(half->line, clock_mono())) {
        gather_due(half);
    }
    if (e == ERR_NONE && half->batch.slice_count > 0) {
        e = judge_batch(half, totals);
    }
    return half_settle_batch(&half->base, e, kind, &event);
}

// --- its beginning and end ---------------------------------------------------------------------

static enum err take_frame(void *self, uint32_t tally_partition, const struct frame *frame)
{
    struct judge_half *half = self;
    enum err e = frame_out_send(&half->frames, &half->base.outlet, tally_partition, frame,
            judge_line_ticket(half->line));
    if (frame->closing) {
        failpoint("judge.produced_a_closing_frame");
    }
    return e;
}

static const char *commit_text(
        void *self, int32_t partition, int64_t settled, uint64_t *ret_version)
{
    struct judge_half *half = self;
    uint64_t serial = offsets_settled_serial(half->base.outlet.offsets, partition);
    return judge_line_text(half->line, partition, serial, settled, ret_version);
}

static bool commit_has_news(void *self)
{
    const struct judge_half *half = self;
    return judge_line_has_news(half->line);
}

static enum err open_line(struct judge_half *half, const struct half_options *options)
{
    const struct judge_line_options line_options = {
            .config = options->config,
            .ring = half->ring,
            .store = half->store,
            .attempts = half->attempts,
            .emitter = &half->base.outlet.emitter,
            .frames = {take_frame, half},
            .tally_partitions = options->tally_partitions,
            .clock = JUDGE_CLOCK_WALL,
    };
    half->base.outlet.commits.texts = (struct commit_texts){commit_text, commit_has_news, half};
    return judge_line_create(&half->line, &line_options);
}

// What people have commanded is known before the first message is judged.
static enum err open_orders(struct judge_half *half, const struct half_options *options)
{
    enum err e = judge_orders_open(&half->orders, &half->base, options);
    if (e == ERR_NONE) {
        judge_line_set_orders(half->line, judge_orders_standing(half->orders));
    }
    return e;
}

static enum err open_half(void *self, const struct half_options *options, struct strbuf *findings)
{
    struct judge_half *half = self;
    const struct config *config = options->config;
    enum err e = frame_out_init(&half->frames, FRAME_ARENA_BYTES);
    if (e == ERR_NONE) {
        e = gathered_init(&half->batch, config->batch.messages);
    }
    if (e == ERR_NONE) {
        e = open_keyring(&half->ring, config, findings);
    }
    if (e == ERR_NONE) {
        e = redis_store_create(&half->store, config, half->ring);
    }
    if (e == ERR_NONE) {
        e = redis_attempts_create(&half->attempts, config);
    }
    if (e == ERR_NONE) {
        const struct outlet_options outlet_options = {
                .name = "judge",
                .client_id = "wrongnumber-judge",
                .config = config,
                .verdicts = config->verdicts,
                .commands_at_once = true, // holds of single messages
                .stop = options->stop,
                .audit = options->audit,
        };
        e = outlet_init(&half->base.outlet, &outlet_options, findings);
    }
    if (e == ERR_NONE) {
        e = open_line(half, options);
    }
    if (e == ERR_NONE && config->control.is_on) {
        e = open_orders(half, options);
    }
    if (e == ERR_NONE) {
        e = half_open_consumer(
                &half->base, config->topics.outbound, "", config->kafka.start, findings);
    }
    return e;
}

static enum err destroy_half(void *self)
{
    struct judge_half *half = self;
    enum err e = judge_orders_close(half->orders);
    judge_line_destroy(half->line);
    if (half->store.ops != NULL) {
        half->store.ops->destroy(half->store.self);
    }
    if (half->attempts.ops != NULL) {
        half->attempts.ops->destroy(half->attempts.self);
    }
    keyring_destroy(half->ring);
    frame_out_fini(&half->frames);
    gathered_fini(&half->batch);
    free(half);
    return e;
}

enum err judge_half_run(const struct half_options *options)
{
    static const struct half_role role = {
            .name = "judge",
            .partitions = "partitions",
            .lost_what = "messages",
            .open = open_half,
            .step = step,
            .assign = assign,
            .forget = forget_batch,
            .begin_anew = begin_anew,
            .close_partition = close_partition,
            .offset_lost = offset_lost,
            .publish = judge_publish,
            .destroy = destroy_half,
    };
    struct judge_half *half = calloc(1, sizeof *half);
    return half != NULL ? half_run(&half->base, &role, half, options) : ERR_NO_MEMORY;
}

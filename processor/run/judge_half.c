#include "run/judge_half.h"

#include <stdlib.h>

#include "commands/open_keyring.h"
#include "common/assure.h"
#include "common/log.h"
#include "judge_line.h"
#include "kafka/consumer.h"
#include "redis/redis_store.h"
#include "run/gathered.h"
#include "run/outlet.h"
#include "state/frame_codec.h"

enum {
    TOTALS_MS = 1000,
    WAIT_FOR_CACHE_MS = 200,
    FRAME_ARENA_BYTES = 64 * 1024 * 1024,
};

struct judge_half {
    const struct config *config;
    const atomic_bool *stop;
    struct keyring *ring;
    struct store store;
    struct outlet outlet;
    struct judge_line *line;
    struct kafka_consumer *consumer;
    struct arena *frame_arena;
    struct strbuf frame_bytes;
    struct mono_time next_totals;
    bool cache_trouble_told;
    struct gathered batch;
    bool had_traffic[GATHERED_PARTITION_MAX]; // by partition: since its last totals
};

static int64_t chunk_start(int64_t offset)
{
    return offset >> CHUNK_BITS << CHUNK_BITS;
}

// --- partitions come and go --------------------------------------------------------------------

static enum err open_partition(
        struct judge_half *half, int32_t partition, int64_t start, int64_t resume_until)
{
    enum err e = offsets_begin(half->outlet.offsets, partition, resume_until);
    if (e == ERR_NONE) {
        e = judge_line_open(
                half->line, view_of(half->config->topics.outbound), partition, start, resume_until);
    }
    return e;
}

static void on_assign(void *self, const struct kafka_assignment *assignment, int64_t *start)
{
    struct judge_half *half = self;
    int64_t resume_until = *start;
    if (resume_until < assignment->low || resume_until > assignment->high) {
        log_error("judge",
                "partition %d: the committed offset %lld is not in the log (it has %lld to %lld): "
                "messages were "
                "lost before we read them; going on at %lld",
                assignment->partition, (long long)resume_until, (long long)assignment->low,
                (long long)assignment->high, (long long)assignment->low);
        resume_until = assignment->low;
    }
    *start = chunk_start(resume_until);
    if (*start < assignment->low) {
        // the log no longer has the chunk's beginning: the fold notes a gap or compares
        *start = assignment->low;
    }
    enum err e = open_partition(half, assignment->partition, *start, resume_until);
    ASSURE(e == ERR_NONE);
    commits_begin(&half->outlet.commits, assignment->partition, resume_until);
    log_info("judge", "partition %d: from offset %lld, committed %lld", assignment->partition,
            (long long)*start, (long long)assignment->committed);
}

static void close_partitions(struct judge_half *half)
{
    for (int32_t i = 0; i < offsets_partition_end(half->outlet.offsets); i++) {
        if (offsets_is_begun(half->outlet.offsets, i)) {
            judge_line_close(half->line, i);
            offsets_close(half->outlet.offsets, i);
        }
    }
}

static void on_revoke(void *self, bool lost)
{
    struct judge_half *half = self;
    gathered_clear(&half->batch, half->consumer); // the next owner reads it again
    if (!lost) {
        outlet_settle(&half->outlet, half->consumer);
    }
    close_partitions(half);
    log_info("judge", "partitions revoked%s", lost ? " (lost)" : "");
}

// Begins a partition anew from what is settled; `partition` is read again from the chunk's start.
static enum err begin_anew(struct judge_half *half, int32_t partition)
{
    int64_t settled = offsets_settled(half->outlet.offsets, partition);
    struct kafka_position position = {partition, chunk_start(settled)};
    judge_line_close(half->line, partition);
    enum err e = open_partition(half, partition, position.offset, settled);
    if (e == ERR_NONE) {
        e = kafka_consumer_rewind(half->consumer, &position, 1);
    }
    return e;
}

static enum err begin_all_anew(struct judge_half *half)
{
    gathered_clear(&half->batch, half->consumer);
    enum err e = ERR_NONE;
    for (int32_t i = 0; i < offsets_partition_end(half->outlet.offsets) && e == ERR_NONE; i++) {
        if (offsets_is_begun(half->outlet.offsets, i)) {
            e = begin_anew(half, i);
        }
    }
    return e;
}

// --- frames ------------------------------------------------------------------------------------

static enum err take_frame(void *self, uint32_t tally_partition, const struct frame *frame)
{
    struct judge_half *half = self;
    arena_reset(half->frame_arena);
    strbuf_reset(&half->frame_bytes);
    enum err e = frame_encode(&half->frame_bytes, frame, half->frame_arena);
    if (e != ERR_NONE) {
        return e;
    }
    const struct record record = {
            .topic = OUT_TALLIES,
            .partition = (int32_t)tally_partition,
            .value = strbuf_view(&half->frame_bytes),
            .ticket = judge_line_ticket(half->line),
    };
    const struct sink sink = tracked_sink_role(&half->outlet.sink);
    return sink_send(&sink, &record);
}

// --- the loop ----------------------------------------------------------------------------------

// The log does not have the offset that we wanted: what was read before goes first, then the
// partition begins at `low`.
static enum err on_offset_lost(struct judge_half *half, const struct kafka_event *event)
{
    log_error("judge",
            "partition %d: offset %lld is not in the log any more (it has %lld to %lld): messages "
            "were lost "
            "before we read them; going on at %lld",
            event->partition, (long long)event->offset, (long long)event->low,
            (long long)event->high, (long long)event->low);
    judge_line_close(half->line, event->partition);
    commits_begin(&half->outlet.commits, event->partition, event->low);
    return open_partition(half, event->partition, event->low, event->low);
}

// Gathers a batch: until it is full, its time is up, or something else has to be dealt with first.
static enum kafka_event_kind gather(struct judge_half *half, struct kafka_event *ret_event)
{
    struct mono_time until = mono_after_ms(clock_mono(), half->config->batch.wait_ms);
    while (!gathered_is_full(&half->batch)) {
        int64_t left_ms = mono_left_ms(clock_mono(), until);
        switch (kafka_consumer_poll(half->consumer, left_ms, ret_event)) {
        case KAFKA_MESSAGE:
            gathered_add(&half->batch, ret_event->message);
            break;
        case KAFKA_PARTITION_EOF:
            gathered_slice(&half->batch, ret_event->partition)->idle = true;
            break;
        case KAFKA_NOTHING:
            if (left_ms == 0 || *half->stop) {
                return KAFKA_NOTHING;
            }
            break;
        case KAFKA_OFFSET_LOST:
        case KAFKA_TROUBLE:
            return ret_event->kind;
        }
    }
    return KAFKA_NOTHING;
}

// Opens a segment for each slice; its offsets are those of the slice's messages.
static enum err open_segments(struct judge_half *half)
{
    struct gathered *batch = &half->batch;
    for (size_t i = 0; i < batch->slice_count; i++) {
        struct judge_slice *slice = &batch->slices[i];
        bool has_messages = batch->to_offsets[i] >= 0;
        half->had_traffic[slice->partition] |= has_messages;
        int64_t to_offset = has_messages
                                    ? batch->to_offsets[i]
                                    : kafka_consumer_next_offset(half->consumer, slice->partition);
        int64_t reached = offsets_reached(half->outlet.offsets, slice->partition);
        if (to_offset < reached) {
            to_offset = reached; // the consumer is looking for its place: its offset was lost
        }
        slice->next_offset = to_offset;
        struct segment *segment;
        enum err e = offsets_open(half->outlet.offsets, slice->partition, to_offset, &segment);
        if (e != ERR_NONE) {
            return e;
        }
        slice->ticket = segment;
    }
    return ERR_NONE;
}

static void tell_cache(struct judge_half *half)
{
    const char *why = redis_store_why(&half->store);
    bool trouble = why[0] != '\0';
    if (trouble && !half->cache_trouble_told) {
        log_warn("judge",
                "relationship data is not to be believed: %s; verdicts are unknown until it is",
                why);
    } else if (!trouble && half->cache_trouble_told) {
        log_info("judge", "relationship data is to be believed again");
    }
    half->cache_trouble_told = trouble;
}

static enum err judge_batch(struct judge_half *half, bool totals)
{
    struct gathered *batch = &half->batch;
    enum err e = open_segments(half);
    if (e != ERR_NONE) {
        return e;
    }
    e = judge_line_batch(half->line, batch->items, batch->item_count, batch->slices,
            batch->slice_count, clock_wall(), totals);
    bool waits = false;
    for (size_t i = 0; i < batch->slice_count; i++) {
        struct judge_slice *slice = &batch->slices[i];
        if (e == ERR_NONE && !slice->waits) {
            offsets_done(half->outlet.offsets, slice->ticket);
        } else {
            // O4: begun anew below
            offsets_reported(half->outlet.offsets, slice->ticket, ERR_UNAVAILABLE);
        }
    }
    for (size_t i = 0; i < batch->slice_count && e == ERR_NONE; i++) {
        if (batch->slices[i].waits) {
            waits = true;
            e = begin_anew(half, batch->slices[i].partition);
        }
    }
    if (batch->item_count > 0) {
        tell_cache(half);
    }
    gathered_clear(batch, half->consumer);
    if (waits) {
        kafka_producer_poll(half->outlet.sink.producer, WAIT_FOR_CACHE_MS);
    }
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
    for (int32_t i = 0; i < offsets_partition_end(half->outlet.offsets); i++) {
        if (offsets_is_begun(half->outlet.offsets, i) && half->had_traffic[i]) {
            gathered_slice(&half->batch, i);
            half->had_traffic[i] = false;
            any = true;
        }
    }
    return any;
}

static enum err half_step(struct judge_half *half)
{
    struct kafka_event event = {0};
    enum kafka_event_kind kind = gather(half, &event);
    enum err e = ERR_NONE;
    bool totals = gather_totals(half);
    if (half->batch.slice_count > 0) {
        e = judge_batch(half, totals);
    }
    if (kind == KAFKA_TROUBLE) {
        log_warn("judge", "consumer: %s", event.trouble_text);
        if (event.fatal) {
            return ERR_REFUSED;
        }
    } else if (kind == KAFKA_OFFSET_LOST && e == ERR_NONE) {
        e = on_offset_lost(half, &event);
    }
    outlet_serve(&half->outlet, half->consumer);
    bool needs_recovery = outlet_needs_recovery(&half->outlet);
    bool retries = err_fate(e) == FATE_RETRY || (e == ERR_NONE && needs_recovery);
    if (retries && !*half->stop) {
        e = outlet_rebuild(&half->outlet);
        e = e != ERR_NONE ? e : begin_all_anew(half);
    }
    return e;
}

static enum err half_open(struct judge_half *half, const struct half_options *options)
{
    const struct config *config = options->config;
    strbuf_init(&half->frame_bytes, FRAME_MAX_BYTES);
    half->frame_arena = arena_create(FRAME_ARENA_BYTES);
    if (half->frame_arena == NULL ||
            gathered_init(&half->batch, config->batch.messages) != ERR_NONE) {
        return ERR_NO_MEMORY;
    }
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    enum err e = command_open_keyring(&half->ring, config);
    if (e == ERR_NONE) {
        e = redis_store_create(&half->store, config, half->ring);
    }
    if (e == ERR_NONE) {
        e = outlet_init(&half->outlet, "judge", "wrongnumber-judge", config, config->verdicts,
                options->stop, &findings);
    }
    if (e == ERR_NONE) {
        const struct judge_line_options line_options = {
                .config = config,
                .ring = half->ring,
                .store = half->store,
                .emitter = &half->outlet.emitter,
                .frames = {take_frame, half},
                .tally_partitions = options->tally_partitions,
                .clock = JUDGE_CLOCK_WALL,
        };
        e = judge_line_create(&half->line, &line_options);
    }
    if (e == ERR_NONE) {
        static const struct kafka_consumer_owner owner = {on_assign, on_revoke};
        const struct kafka_consumer_options consumer_options = {
                .config = config,
                .topic = config->topics.outbound,
                .group = config->kafka.group,
                .start = config->kafka.start,
                .owner = &owner,
                .self = half,
        };
        e = kafka_consumer_create(&half->consumer, &consumer_options, &findings);
    }
    if (findings.n > 0) {
        log_error("judge", "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    }
    strbuf_fini(&findings);
    return e;
}

static enum err half_close(struct judge_half *half)
{
    enum err e = outlet_close(&half->outlet, half->consumer); // on_revoke settles and commits
    judge_line_destroy(half->line);
    if (half->store.ops != NULL) {
        half->store.ops->destroy(half->store.self);
    }
    keyring_destroy(half->ring);
    arena_destroy(half->frame_arena);
    strbuf_fini(&half->frame_bytes);
    gathered_fini(&half->batch);
    free(half);
    return e;
}

enum err judge_half_run(const struct half_options *options)
{
    struct judge_half *half = calloc(1, sizeof *half);
    if (half == NULL) {
        return ERR_NO_MEMORY;
    }
    half->config = options->config;
    half->stop = options->stop;
    enum err e = half_open(half, options);
    while (e == ERR_NONE && !*options->stop) {
        e = half_step(half);
    }
    if (half->outlet.config != NULL) {
        outlet_drain(&half->outlet);
    }
    enum err closed = half_close(half);
    return e != ERR_NONE && !*options->stop ? e : closed;
}

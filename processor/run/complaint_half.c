#include "run/complaint_half.h"

#include <stdlib.h>

#include "commands/open_keyring.h"
#include "common/assure.h"
#include "common/log.h"
#include "complaint_line.h"
#include "kafka/consumer.h"
#include "run/gathered.h"
#include "run/outlet.h"
#include "state/frame_codec.h"

enum { FRAME_ARENA_BYTES = 16 * 1024 * 1024, BATCH_MESSAGES = 1000, BATCH_WAIT_MS = 100 };

struct complaint_half {
    const struct config *config;
    const atomic_bool *stop;
    struct keyring *ring;
    char *group;
    struct outlet outlet;
    struct complaint_line *line;
    struct kafka_consumer *consumer;
    struct arena *frame_arena;
    struct strbuf frame_bytes;
    struct gathered batch;
};

// --- partitions come and go --------------------------------------------------------------------

static enum err open_partition(struct complaint_half *half, int32_t partition, int64_t start)
{
    enum err e = offsets_begin(half->outlet.offsets, partition, start);
    return e != ERR_NONE ? e
                         : complaint_line_open(half->line, view_of(half->config->topics.complaints),
                                   partition, start);
}

static void on_assign(void *self, const struct kafka_assignment *assignment, int64_t *start)
{
    struct complaint_half *half = self;
    if (*start < assignment->low || *start > assignment->high) {
        log_error("complaints",
                "partition %d: the committed offset %lld is not in the log (it has %lld to %lld): "
                "complaints were lost before we read them; going on at %lld",
                assignment->partition, (long long)*start, (long long)assignment->low,
                (long long)assignment->high, (long long)assignment->low);
        *start = assignment->low;
    }
    enum err e = open_partition(half, assignment->partition, *start);
    ASSURE(e == ERR_NONE);
    commits_begin(&half->outlet.commits, assignment->partition, *start);
}

static void on_revoke(void *self, bool lost)
{
    struct complaint_half *half = self;
    gathered_clear(&half->batch, half->consumer); // the next owner reads it again
    if (!lost) {
        outlet_settle(&half->outlet, half->consumer);
    }
    for (int32_t i = 0; i < offsets_partition_end(half->outlet.offsets); i++) {
        if (offsets_is_begun(half->outlet.offsets, i)) {
            complaint_line_close(half->line, i);
            offsets_close(half->outlet.offsets, i);
        }
    }
}

// Every partition is read again from what is settled.
static enum err begin_all_anew(struct complaint_half *half)
{
    gathered_clear(&half->batch, half->consumer);
    enum err e = ERR_NONE;
    for (int32_t i = 0; i < offsets_partition_end(half->outlet.offsets) && e == ERR_NONE; i++) {
        if (!offsets_is_begun(half->outlet.offsets, i)) {
            continue;
        }
        struct kafka_position position = {i, offsets_settled(half->outlet.offsets, i)};
        complaint_line_close(half->line, i);
        e = open_partition(half, i, position.offset);
        if (e == ERR_NONE) {
            e = kafka_consumer_rewind(half->consumer, &position, 1);
        }
    }
    return e;
}

// The log does not have the offset that we wanted: what was read before has gone into frames.
static enum err on_offset_lost(struct complaint_half *half, const struct kafka_event *event)
{
    log_error("complaints",
            "partition %d: offset %lld is not in the log any more (it has %lld to %lld): "
            "complaints "
            "were lost before we read them; going on at %lld",
            event->partition, (long long)event->offset, (long long)event->low,
            (long long)event->high, (long long)event->low);
    complaint_line_close(half->line, event->partition);
    commits_begin(&half->outlet.commits, event->partition, event->low);
    return open_partition(half, event->partition, event->low);
}

// --- the loop ----------------------------------------------------------------------------------

static enum err take_frame(void *self, uint32_t tally_partition, const struct frame *frame)
{
    struct complaint_half *half = self;
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
            .ticket = complaint_line_ticket(half->line),
    };
    const struct sink sink = tracked_sink_role(&half->outlet.sink);
    return sink_send(&sink, &record);
}

// Gathers what comes within a moment, or until something else has to be dealt with first.
static enum kafka_event_kind gather(struct complaint_half *half, struct kafka_event *ret_event)
{
    struct mono_time until = mono_after_ms(clock_mono(), BATCH_WAIT_MS);
    while (!gathered_is_full(&half->batch)) {
        int64_t left_ms = mono_left_ms(clock_mono(), until);
        enum kafka_event_kind kind = kafka_consumer_poll(half->consumer, left_ms, ret_event);
        if (kind == KAFKA_MESSAGE) {
            gathered_add(&half->batch, ret_event->message);
        } else if (kind == KAFKA_OFFSET_LOST || kind == KAFKA_TROUBLE) {
            return kind;
        } else if (kind == KAFKA_NOTHING && (left_ms == 0 || *half->stop)) {
            break;
        }
    }
    return KAFKA_NOTHING;
}

static enum err tell_batch(struct complaint_half *half)
{
    struct gathered *batch = &half->batch;
    for (size_t i = 0; i < batch->slice_count; i++) {
        struct judge_slice *slice = &batch->slices[i];
        struct segment *segment;
        slice->next_offset = batch->to_offsets[i];
        enum err e = offsets_open(
                half->outlet.offsets, slice->partition, batch->to_offsets[i], &segment);
        if (e != ERR_NONE) {
            return e;
        }
        slice->ticket = segment;
    }
    enum err e = complaint_line_batch(half->line, batch->items, batch->item_count, batch->slices,
            batch->slice_count, clock_wall());
    for (size_t i = 0; i < batch->slice_count; i++) {
        if (e == ERR_NONE) {
            offsets_done(half->outlet.offsets, batch->slices[i].ticket);
        } else { // O4: begun anew
            offsets_reported(half->outlet.offsets, batch->slices[i].ticket, ERR_UNAVAILABLE);
        }
    }
    gathered_clear(batch, half->consumer);
    return e;
}

static enum err half_step(struct complaint_half *half)
{
    struct kafka_event event = {0};
    enum kafka_event_kind kind = gather(half, &event);
    enum err e = half->batch.item_count > 0 ? tell_batch(half) : ERR_NONE;
    if (kind == KAFKA_TROUBLE) {
        log_warn("complaints", "consumer: %s", event.trouble_text);
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

static enum err open_line(struct complaint_half *half, const struct half_options *options)
{
    const struct complaint_line_options line_options = {
            .config = options->config,
            .ring = half->ring,
            .emitter = &half->outlet.emitter,
            .frames = {take_frame, half},
            .tally_partitions = options->tally_partitions,
            .clock = JUDGE_CLOCK_WALL,
    };
    return complaint_line_create(&half->line, &line_options);
}

static enum err open_consumer(struct complaint_half *half, struct strbuf *findings)
{
    struct strbuf group;
    strbuf_init(&group, 512);
    strbuf_printf(&group, "%s.complaints", half->config->kafka.group);
    half->group = group.p;
    if (group.failed != ERR_NONE) {
        return group.failed;
    }
    static const struct kafka_consumer_owner owner = {on_assign, on_revoke};
    const struct kafka_consumer_options options = {
            .config = half->config,
            .topic = half->config->topics.complaints,
            .group = half->group,
            .start = half->config->kafka.start,
            .owner = &owner,
            .self = half,
    };
    return kafka_consumer_create(&half->consumer, &options, findings);
}

static enum err half_open(struct complaint_half *half, const struct half_options *options)
{
    const struct config *config = options->config;
    strbuf_init(&half->frame_bytes, FRAME_MAX_BYTES);
    half->frame_arena = arena_create(FRAME_ARENA_BYTES);
    if (half->frame_arena == NULL || gathered_init(&half->batch, BATCH_MESSAGES) != ERR_NONE) {
        return ERR_NO_MEMORY;
    }
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    enum err e = command_open_keyring(&half->ring, config);
    if (e == ERR_NONE) {
        e = outlet_init(&half->outlet, "complaints", "wrongnumber-complaints", config,
                VERDICTS_NONE, options->stop, &findings);
    }
    if (e == ERR_NONE) {
        e = open_line(half, options);
    }
    if (e == ERR_NONE) {
        e = open_consumer(half, &findings);
    }
    if (findings.n > 0) {
        log_error("complaints", "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    }
    strbuf_fini(&findings);
    return e;
}

static enum err half_close(struct complaint_half *half)
{
    enum err e = outlet_close(&half->outlet, half->consumer); // on_revoke settles and commits
    complaint_line_destroy(half->line);
    keyring_destroy(half->ring);
    arena_destroy(half->frame_arena);
    strbuf_fini(&half->frame_bytes);
    gathered_fini(&half->batch);
    free(half->group);
    free(half);
    return e;
}

enum err complaint_half_run(const struct half_options *options)
{
    struct complaint_half *half = calloc(1, sizeof *half);
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

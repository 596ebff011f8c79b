#include "run/aside_half_inside.h"

#include <stdlib.h>

#include "commands/open_keyring.h"
#include "common/log.h"

enum { FRAME_ARENA_BYTES = 16 * 1024 * 1024, BATCH_MESSAGES = 1000, BATCH_WAIT_MS = 100 };

// --- partitions come and go --------------------------------------------------------------------

static enum err open_line_partition(struct aside_half *half, int32_t partition, int64_t start)
{
    return aside_line_open(
            half->line, view_of(half->topic->name(half->base.config)), partition, start);
}

static void assign(void *self, const struct kafka_assignment *assignment, int64_t *start)
{
    struct aside_half *half = self;
    enum err e = half_begin(&half->base, assignment, *start, start);
    e = e != ERR_NONE ? e : open_line_partition(half, assignment->partition, *start);
    if (e != ERR_NONE) {
        half->has_ended = err_fate(e) == FATE_RETRY ? ERR_STALLED : e;
    }
}

static void close_partition(void *self, int32_t partition)
{
    struct aside_half *half = self;
    aside_line_close(half->line, partition);
    offsets_close(half->base.outlet.offsets, partition);
}

static void forget_batch(void *self)
{
    struct aside_half *half = self;
    gathered_clear(&half->batch, half->base.consumer);
}

// The partition is read again from what is settled.
static enum err begin_anew(void *self, int32_t partition)
{
    struct aside_half *half = self;
    struct kafka_position position = {
            partition, offsets_settled(half->base.outlet.offsets, partition)};
    aside_line_close(half->line, partition);
    enum err e = offsets_begin(half->base.outlet.offsets, partition, position.offset);
    e = e != ERR_NONE ? e : open_line_partition(half, partition, position.offset);
    if (e == ERR_NONE) {
        e = kafka_consumer_rewind(half->base.consumer, &position, 1);
    }
    return e;
}

// The log does not have the offset that we wanted: what was read before has gone into frames.
static enum err offset_lost(void *self, const struct kafka_event *event)
{
    struct aside_half *half = self;
    aside_line_close(half->line, event->partition);
    enum err e = half_skip_lost(&half->base, event);
    return e != ERR_NONE ? e : open_line_partition(half, event->partition, event->low);
}

// --- the loop ----------------------------------------------------------------------------------

static enum err tell_batch(struct aside_half *half)
{
    struct gathered *batch = &half->batch;
    for (size_t i = 0; i < batch->slice_count; i++) {
        struct judge_slice *slice = &batch->slices[i];
        struct segment *segment;
        slice->next_offset = batch->to_offsets[i];
        enum err e = offsets_open(
                half->base.outlet.offsets, slice->partition, batch->to_offsets[i], &segment);
        if (e != ERR_NONE) {
            return e;
        }
        slice->ticket = segment;
    }
    enum err e = aside_line_batch(half->line, batch->items, batch->item_count, batch->slices,
            batch->slice_count, clock_wall());
    for (size_t i = 0; i < batch->slice_count; i++) {
        if (e == ERR_NONE) {
            offsets_done(half->base.outlet.offsets, batch->slices[i].ticket);
        } else { // O4: begun anew
            offsets_reported(half->base.outlet.offsets, batch->slices[i].ticket, ERR_UNAVAILABLE);
        }
    }
    gathered_clear(batch, half->base.consumer);
    return e;
}

static enum err step(void *self)
{
    struct aside_half *half = self;
    aside_line_set_policy(half->line, half_policy(&half->base));
    struct kafka_event event = {0};
    enum kafka_event_kind kind = gathered_fill(
            &half->batch, half->base.consumer, BATCH_WAIT_MS, false, half->base.stop, &event);
    if (half->has_ended != ERR_NONE) {
        return half->has_ended;
    }
    enum err e = half->batch.item_count > 0 ? tell_batch(half) : ERR_NONE;
    return half_settle_batch(&half->base, e, kind, &event);
}

// --- its beginning and end ---------------------------------------------------------------------

static enum err take_frame(void *self, uint32_t tally_partition, const struct frame *frame)
{
    struct aside_half *half = self;
    return frame_out_send(&half->frames, &half->base.outlet, tally_partition, frame,
            aside_line_ticket(half->line));
}

static enum err open_line(
        struct aside_half *half, const struct half_options *options, struct strbuf *findings)
{
    const struct aside_line_options line_options = {
            .config = options->config,
            .ring = half->ring,
            .emitter = &half->base.outlet.emitter,
            .frames = {take_frame, half},
            .tally_partitions = options->tally_partitions,
            .clock = JUDGE_CLOCK_WALL,
            .findings = findings,
    };
    return half->topic->create_line(&half->line, &line_options);
}

static enum err open_half(void *self, const struct half_options *options, struct strbuf *findings)
{
    struct aside_half *half = self;
    const struct config *config = options->config;
    enum err e = frame_out_init(&half->frames, FRAME_ARENA_BYTES);
    if (e == ERR_NONE) {
        e = gathered_init(&half->batch, BATCH_MESSAGES);
    }
    if (e == ERR_NONE) {
        e = open_keyring(&half->ring, config, findings);
    }
    if (e == ERR_NONE) {
        const struct outlet_options outlet_options = {
                .name = half->topic->role.name,
                .client_id = half->topic->client_id,
                .config = config,
                .verdicts = VERDICTS_NONE,
                .stop = options->stop,
                .audit = options->audit,
        };
        e = outlet_init(&half->base.outlet, &outlet_options, findings);
    }
    if (e == ERR_NONE) {
        e = open_line(half, options, findings);
    }
    if (e == ERR_NONE) {
        e = half_open_consumer(&half->base, half->topic->name(config), half->topic->group_suffix,
                config->kafka.start, findings);
    }
    return e;
}

static enum err destroy_half(void *self)
{
    struct aside_half *half = self;
    aside_line_destroy(half->line);
    keyring_destroy(half->ring);
    frame_out_fini(&half->frames);
    gathered_fini(&half->batch);
    free(half);
    return ERR_NONE;
}

struct half_role aside_half_role(const char *name, const char *lost_what)
{
    return (struct half_role){
            .name = name,
            .partitions = "partitions",
            .lost_what = lost_what,
            .open = open_half,
            .step = step,
            .assign = assign,
            .forget = forget_batch,
            .begin_anew = begin_anew,
            .close_partition = close_partition,
            .offset_lost = offset_lost,
            .publish = aside_publish,
            .destroy = destroy_half,
    };
}

enum err aside_half_run(const struct aside_topic *topic, const struct half_options *options)
{
    struct aside_half *half = calloc(1, sizeof *half);
    if (half == NULL) {
        return ERR_NO_MEMORY;
    }
    half->topic = topic;
    return half_run(&half->base, &topic->role, half, options);
}

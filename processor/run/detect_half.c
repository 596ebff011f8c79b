#include "run/detect_half.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/log.h"
#include "detect_line.h"
#include "kafka/consumer.h"
#include "run/commits.h"
#include "run/tracked_sink.h"
#include "state/frame_codec.h"

enum {
    PARTITION_MAX = 4096,
    BATCH_FRAMES = 1000,
    BATCH_WAIT_MS = 20,
    UNSETTLED_MAX = 4096,
    FRAME_ARENA_BYTES = 64 * 1024 * 1024,
};

// A tally partition of ours.
struct detect_partition {
    struct detect_line *line;
    int64_t silent_until;
    struct segment *segment; // of the batch in hand; NULL when it has nothing of the partition
};

struct detect_half {
    const struct config *config;
    const atomic_bool *stop;
    char *group;
    struct offsets *offsets;
    struct tracked_sink sink;
    struct emitter emitter;
    struct kafka_consumer *consumer;
    struct commits commits;
    struct arena *arena;
    struct detect_partition partitions[PARTITION_MAX];
};

static void close_partition(struct detect_half *half, int32_t partition)
{
    struct detect_partition *state = &half->partitions[partition];
    if (state->segment != NULL) {
        offsets_reported(half->offsets, state->segment, ERR_UNAVAILABLE);
    }
    detect_line_destroy(state->line);
    *state = (struct detect_partition){0};
    offsets_close(half->offsets, partition);
}

static enum err open_partition(struct detect_half *half, int32_t partition, int64_t silent_until)
{
    ASSURE(partition >= 0 && partition < PARTITION_MAX);
    struct detect_partition *state = &half->partitions[partition];
    detect_line_destroy(state->line);
    *state = (struct detect_partition){.silent_until = silent_until};
    enum err e = detect_line_create(&state->line, half->config, &half->emitter);
    return e != ERR_NONE ? e : offsets_begin(half->offsets, partition, silent_until);
}

static void on_assign(void *self, const struct kafka_assignment *assignment, int64_t *start)
{
    struct detect_half *half = self;
    int64_t silent_until =
            assignment->committed > assignment->low ? assignment->committed : assignment->low;
    if (assignment->committed > assignment->high) {
        log_error("detect",
                "tally partition %d: the committed offset %lld is beyond the log's end %lld; "
                "everything in it is told again",
                assignment->partition, (long long)assignment->committed, (long long)assignment->high);
        silent_until = assignment->low;
    }
    if (assignment->low > 0) {
        log_warn("detect",
                "tally partition %d: the log begins at offset %lld; counts of older frames are gone",
                assignment->partition, (long long)assignment->low);
    }
    *start = assignment->low;
    enum err e = open_partition(half, assignment->partition, silent_until);
    ASSURE(e == ERR_NONE);
    commits_begin(&half->commits, assignment->partition, silent_until);
    log_info("detect", "tally partition %d: folding from offset %lld, silent up to %lld",
            assignment->partition, (long long)*start, (long long)silent_until);
}

static void on_revoke(void *self, bool lost)
{
    struct detect_half *half = self;
    if (!lost) {
        commits_settle(&half->commits, half->consumer, half->sink.producer, half->config->drain_ms);
    }
    for (int32_t i = 0; i < offsets_partition_end(half->offsets); i++) {
        if (offsets_is_begun(half->offsets, i)) {
            close_partition(half, i);
        }
    }
    log_info("detect", "tally partitions revoked%s", lost ? " (lost)" : "");
}

// All partitions from the beginning, silent up to what is settled.
static enum err recover_producer(struct detect_half *half)
{
    log_error("detect", "output was not delivered: starting a new producer, folding the log again");
    enum err e = kafka_producer_rebuild(half->sink.producer);
    for (int32_t i = 0; i < offsets_partition_end(half->offsets) && e == ERR_NONE; i++) {
        if (!offsets_is_begun(half->offsets, i)) {
            continue;
        }
        int64_t settled = offsets_settled(half->offsets, i);
        close_partition(half, i);
        e = open_partition(half, i, settled);
        const struct kafka_position position = {i, 0}; // below low: OFFSET_LOST tells where it begins
        if (e == ERR_NONE) {
            e = kafka_consumer_rewind(half->consumer, &position, 1);
        }
    }
    return e;
}

static bool needs_recovery(const struct detect_half *half)
{
    bool needs = kafka_producer_is_broken(half->sink.producer);
    for (int32_t i = 0; i < offsets_partition_end(half->offsets); i++) {
        needs = needs || offsets_has_failed(half->offsets, i);
    }
    return needs;
}

static enum err fold_message(struct detect_half *half, const struct kafka_message *message)
{
    const struct raw_message *raw = &message->raw;
    struct detect_partition *state = &half->partitions[raw->partition];
    ASSURE(state->line != NULL);
    if (state->segment == NULL) {
        enum err e = offsets_open(half->offsets, raw->partition, raw->offset + 1, &state->segment);
        if (e != ERR_NONE) {
            return e;
        }
    }
    offsets_extend(state->segment, raw->offset + 1);
    arena_reset(half->arena);
    struct frame frame;
    const char *why;
    if (frame_decode(raw->value, half->arena, &frame, &why) != ERR_NONE) {
        log_error("detect", "tally partition %d, offset %lld: not a tally frame (%s); left out",
                raw->partition, (long long)raw->offset, why);
        return ERR_NONE;
    }
    bool gap = false;
    bool silent = raw->offset < state->silent_until;
    enum err e = detect_line_frame(
            state->line, &frame, raw->partition, raw->offset, silent, state->segment, &gap);
    if (gap && !silent) {
        log_error("detect",
                "tally partition %d, offset %lld: messages of source partition %d before offset %lld were "
                "not counted",
                raw->partition, (long long)raw->offset, frame.source_partition,
                (long long)frame.first_offset);
    }
    return e;
}

static void finish_segments(struct detect_half *half)
{
    for (int32_t i = 0; i < offsets_partition_end(half->offsets); i++) {
        struct detect_partition *state = &half->partitions[i];
        if (state->segment != NULL) {
            offsets_done(half->offsets, state->segment);
            state->segment = NULL;
        }
    }
}

static enum err on_trouble(const struct kafka_event *event)
{
    log_warn("detect", "consumer: %s", event->trouble_text);
    return event->fatal ? ERR_REFUSED : ERR_NONE;
}

// The log has lost its beginning while we were reading it: the line goes on with what it has.
static enum err on_offset_lost(struct detect_half *half, const struct kafka_event *event)
{
    (void)half;
    log_error("detect", "tally partition %d: offset %lld is not in the log any more; folding from %lld",
            event->partition, (long long)event->offset, (long long)event->low);
    return ERR_NONE;
}

static enum err half_step(struct detect_half *half)
{
    struct mono_time until = mono_after_ms(clock_mono(), BATCH_WAIT_MS);
    enum err e = ERR_NONE;
    for (unsigned frames = 0; frames < BATCH_FRAMES && e == ERR_NONE; frames++) {
        struct kafka_event event = {0};
        // Once something was folded, what follows from it goes out before the next wait.
        int64_t wait_ms = frames == 0 ? mono_left_ms(clock_mono(), until) : 0;
        enum kafka_event_kind kind = kafka_consumer_poll(half->consumer, wait_ms, &event);
        if (kind == KAFKA_MESSAGE) {
            e = fold_message(half, event.message);
            kafka_consumer_release(half->consumer, event.message);
        } else if (kind == KAFKA_TROUBLE) {
            e = on_trouble(&event);
        } else if (kind == KAFKA_OFFSET_LOST) {
            e = on_offset_lost(half, &event);
        } else if (kind == KAFKA_NOTHING) {
            break;
        }
    }
    if (e == ERR_NONE) {
        finish_segments(half);
    }
    do {
        kafka_producer_poll(half->sink.producer,
                offsets_unsettled(half->offsets) > UNSETTLED_MAX ? 100 : 0);
        tracked_sink_tell_trouble(&half->sink, "detect");
    } while (offsets_unsettled(half->offsets) > UNSETTLED_MAX && !*half->stop &&
             !needs_recovery(half));
    bool retries = err_fate(e) == FATE_RETRY || (e == ERR_NONE && needs_recovery(half));
    if (retries && !*half->stop) {
        e = recover_producer(half);
    }
    commits_send_if_due(&half->commits, half->consumer);
    return e;
}

static enum err half_open(struct detect_half *half, const struct half_options *options)
{
    const struct config *config = options->config;
    half->arena = arena_create(FRAME_ARENA_BYTES);
    struct strbuf group;
    strbuf_init(&group, 512);
    strbuf_printf(&group, "%s.detect", config->kafka.group);
    half->group = group.p;
    if (half->arena == NULL || group.failed != ERR_NONE) {
        return ERR_NO_MEMORY;
    }
    struct strbuf findings;
    strbuf_init(&findings, 64 * 1024);
    enum err e = offsets_create(&half->offsets);
    if (e == ERR_NONE) {
        commits_init(&half->commits, half->offsets);
        e = tracked_sink_init(&half->sink, config, "wrongnumber-detect", half->offsets,
                options->stop, &findings);
    }
    if (e == ERR_NONE) {
        const struct emitter_options emitter_options = {
                .verdicts = VERDICTS_NONE,
                .writes_headers = true,
                .group = view_of(config->kafka.group),
                .instance = VIEW("detect"),
        };
        e = emitter_init(&half->emitter, tracked_sink_role(&half->sink), &emitter_options);
    }
    if (e == ERR_NONE) {
        static const struct kafka_consumer_owner owner = {on_assign, on_revoke};
        const struct kafka_consumer_options consumer_options = {
                .config = config,
                .topic = config->topics.tallies,
                .group = half->group,
                .start = START_EARLIEST,
                .owner = &owner,
                .self = half,
        };
        e = kafka_consumer_create(&half->consumer, &consumer_options, &findings);
    }
    if (findings.n > 0) {
        log_error("detect", "%.*s", VIEW_ARGS(strbuf_view(&findings)));
    }
    strbuf_fini(&findings);
    return e;
}

static enum err half_close(struct detect_half *half)
{
    enum err e = ERR_NONE;
    if (half->consumer != NULL) {
        e = kafka_consumer_close(half->consumer, half->config->drain_ms); // on_revoke commits
    }
    if (half->sink.producer != NULL) {
        enum err closed = kafka_producer_close(half->sink.producer, half->config->drain_ms);
        e = e == ERR_NONE ? closed : e;
    }
    emitter_fini(&half->emitter);
    commits_fini(&half->commits);
    offsets_destroy(half->offsets);
    arena_destroy(half->arena);
    free(half->group);
    free(half);
    return e;
}

enum err detect_half_run(const struct half_options *options)
{
    struct detect_half *half = calloc(1, sizeof *half);
    if (half == NULL) {
        return ERR_NO_MEMORY;
    }
    half->config = options->config;
    half->stop = options->stop;
    enum err e = half_open(half, options);
    while (e == ERR_NONE && !*options->stop) {
        e = half_step(half);
    }
    if (e == ERR_NONE || *options->stop) {
        log_info("detect", "draining");
    }
    enum err closed = half_close(half);
    return e != ERR_NONE && !*options->stop ? e : closed;
}

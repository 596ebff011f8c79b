#include "run/detect_half.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/log.h"
#include "detect_line.h"
#include "run/half.h"
#include "run/snapshots.h"
#include "state/frame_codec.h"

enum {
    PARTITION_MAX = 4096,
    BATCH_FRAMES = 1000,
    BATCH_WAIT_MS = 20,
    FRAME_ARENA_BYTES = 64 * 1024 * 1024,
    SNAPSHOTS_CLOSE_MS = 2000,
};

// A tally partition of ours.
struct detect_partition {
    struct detect_line *line;
    int64_t silent_until;
    int64_t next_offset;     // the log before it is folded
    struct segment *segment; // of the batch in hand; NULL when it has nothing of the partition
};

struct detect_half {
    struct half base;
    struct arena *arena;
    struct snapshots *snapshots;
    struct detect_partition partitions[PARTITION_MAX];
};

// The offsets of a tally partition that the log has.
struct log_range {
    int32_t partition;
    int64_t low;
    int64_t high;
};

static void close_partition(void *self, int32_t partition)
{
    struct detect_half *half = self;
    struct detect_partition *state = &half->partitions[partition];
    if (state->segment != NULL) {
        offsets_reported(half->base.outlet.offsets, state->segment, ERR_UNAVAILABLE);
    }
    snapshots_end(half->snapshots, partition);
    detect_line_destroy(state->line);
    *state = (struct detect_partition){0};
    offsets_close(half->base.outlet.offsets, partition);
}

static enum err create_line(struct detect_half *half, struct detect_partition *state)
{
    detect_line_destroy(state->line);
    state->line = NULL;
    return detect_line_create(&state->line, half->base.config, &half->base.outlet.emitter);
}

struct restore {
    struct detect_half *half;
    struct detect_partition *state;
};

static enum err restore_line(
        void *self, const struct snapshot_manifest *manifest, struct view bytes)
{
    struct restore *restore = self;
    enum err e = create_line(restore->half, restore->state);
    if (e != ERR_NONE) {
        return e;
    }
    struct archive archive = archive_reader(bytes);
    detect_line_archive(restore->state->line, &archive);
    e = archive_end(&archive);
    if (e != ERR_NONE) {
        log_error("detect", "snapshot %.*s: %s", VIEW_ARGS(manifest->snapshot_id),
                archive.wrong != NULL ? archive.wrong : err_text(e));
    }
    return e;
}

// The line as the newest snapshot has it, or new; `*ret_start` is where to fold on. What follows
// from the log before `told_until` was told before.
static enum err open_partition(struct detect_half *half, const struct log_range *log,
        int64_t told_until, int64_t *ret_start)
{
    ASSURE(log->partition >= 0 && log->partition < PARTITION_MAX);
    struct detect_partition *state = &half->partitions[log->partition];
    struct restore restore = {half, state};
    const struct snapshot_taker taker = {restore_line, &restore};
    int64_t next_offset = -1;
    enum err e = snapshots_begin(half->snapshots, log->partition, log->high, taker, &next_offset);
    if (e == ERR_NONE && next_offset < 0) {
        e = create_line(half, state);
    }
    if (e != ERR_NONE) {
        return e;
    }
    *ret_start = next_offset > log->low ? next_offset : log->low;
    int64_t lost_from = next_offset < 0 ? 0 : next_offset;
    if (lost_from < log->low) {
        log_error("detect",
                "tally partition %d: the log begins at offset %lld; what it said from offset %lld "
                "on is gone",
                log->partition, (long long)log->low, (long long)lost_from);
    }
    state->next_offset = *ret_start;
    // A snapshot is written when all that came of its log was acknowledged.
    state->silent_until = told_until > *ret_start ? told_until : *ret_start;
    log_info("detect", "tally partition %d: folding from offset %lld%s, silent up to %lld",
            log->partition, (long long)*ret_start, next_offset < 0 ? "" : " by a snapshot",
            (long long)state->silent_until);
    return offsets_begin(half->base.outlet.offsets, log->partition, state->silent_until);
}

static void assign(void *self, const struct kafka_assignment *assignment, int64_t *start)
{
    struct detect_half *half = self;
    int64_t told_until =
            assignment->committed > assignment->low ? assignment->committed : assignment->low;
    if (assignment->committed > assignment->high) {
        log_error("detect",
                "tally partition %d: the committed offset %lld is beyond the log's end %lld; "
                "everything in it is told again",
                assignment->partition, (long long)assignment->committed,
                (long long)assignment->high);
        told_until = assignment->low;
    }
    const struct log_range log = {assignment->partition, assignment->low, assignment->high};
    enum err e = open_partition(half, &log, told_until, start);
    ASSURE(e == ERR_NONE);
    commits_begin(&half->base.outlet.commits, assignment->partition, told_until);
}

// The partition from its newest snapshot, silent up to what is settled.
static enum err begin_anew(void *self, int32_t partition)
{
    struct detect_half *half = self;
    int64_t settled = offsets_settled(half->base.outlet.offsets, partition);
    struct kafka_position position = {partition, 0};
    // The log's beginning is not known here. Below it, OFFSET_LOST tells where it begins.
    const struct log_range log = {partition, 0, INT64_MAX};
    close_partition(half, partition);
    enum err e = open_partition(half, &log, settled, &position.offset);
    if (e == ERR_NONE) {
        e = kafka_consumer_rewind(half->base.consumer, &position, 1);
    }
    return e;
}

static enum err fold_message(struct detect_half *half, const struct kafka_message *message)
{
    const struct raw_message *raw = &message->raw;
    struct detect_partition *state = &half->partitions[raw->partition];
    ASSURE(state->line != NULL);
    if (state->segment == NULL) {
        enum err e = offsets_open(
                half->base.outlet.offsets, raw->partition, raw->offset + 1, &state->segment);
        if (e != ERR_NONE) {
            return e;
        }
    }
    offsets_extend(state->segment, raw->offset + 1);
    state->next_offset = raw->offset + 1;
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
                "tally partition %d, offset %lld: messages of source partition %d before offset "
                "%lld were not counted",
                raw->partition, (long long)raw->offset, frame.source_partition,
                (long long)frame.first_offset);
    }
    return e;
}

// A table at its ceiling is no reason to stop, but somebody should know what is not watched any
// more.
static void tell_ceilings(int32_t partition, const struct detect_line *line)
{
    struct detect_counts counts = detect_line_counts(line);
    if (counts.scopes_overflowed > 0) {
        log_error("detect",
                "tally partition %d: %llu scopes are known, detector.max_scopes; new ones are not "
                "watched",
                partition, (unsigned long long)counts.scopes);
    }
    if (counts.incidents_overflowed > 0) {
        log_error("detect",
                "tally partition %d: %llu incidents are open, detector.max_incidents; others are "
                "not told and nothing of theirs is held",
                partition, (unsigned long long)counts.incidents);
    }
    if (counts.recent_overflowed > 0) {
        log_error("detect",
                "tally partition %d: %llu misdirected messages are not remembered, "
                "detector.max_scopes "
                "at a time are; they count, but their recipients count again",
                partition, (unsigned long long)counts.recent_overflowed);
    }
    if (counts.clearable_overflowed > 0) {
        log_error("detect",
                "tally partition %d: %llu misdirected messages were too many to be kept for a "
                "minute; late records do not correct their counts",
                partition, (unsigned long long)counts.clearable_overflowed);
    }
}

static void finish_segments(struct detect_half *half)
{
    for (int32_t i = 0; i < offsets_partition_end(half->base.outlet.offsets); i++) {
        struct detect_partition *state = &half->partitions[i];
        if (state->segment != NULL) {
            offsets_done(half->base.outlet.offsets, state->segment);
            state->segment = NULL;
            tell_ceilings(i, state->line);
        }
    }
}

static void serve_snapshots(struct detect_half *half)
{
    struct offsets *offsets = half->base.outlet.offsets;
    if (!snapshots_poll(half->snapshots)) {
        return;
    }
    for (int32_t i = 0; i < offsets_partition_end(offsets); i++) {
        struct detect_partition *state = &half->partitions[i];
        if (state->line != NULL) {
            snapshots_serve(half->snapshots, i, state->line, state->next_offset,
                    offsets_settled(offsets, i));
        }
    }
}

// The log has lost its beginning while we were reading it: the line goes on with what it has.
static void tell_offset_lost(const struct kafka_event *event)
{
    log_error("detect",
            "tally partition %d: offset %lld is not in the log any more; folding from %lld",
            event->partition, (long long)event->offset, (long long)event->low);
}

static enum err step(void *self)
{
    struct detect_half *half = self;
    struct mono_time until = mono_after_ms(clock_mono(), BATCH_WAIT_MS);
    enum err e = ERR_NONE;
    for (unsigned frames = 0; frames < BATCH_FRAMES && e == ERR_NONE; frames++) {
        struct kafka_event event = {0};
        // Once something was folded, what follows from it goes out before the next wait.
        int64_t wait_ms = frames == 0 ? mono_left_ms(clock_mono(), until) : 0;
        enum kafka_event_kind kind = kafka_consumer_poll(half->base.consumer, wait_ms, &event);
        if (kind == KAFKA_MESSAGE) {
            e = fold_message(half, event.message);
            kafka_consumer_release(half->base.consumer, event.message);
        } else if (kind == KAFKA_TROUBLE) {
            e = half_tell_trouble(&half->base, &event);
        } else if (kind == KAFKA_OFFSET_LOST) {
            tell_offset_lost(&event);
        } else if (kind == KAFKA_NOTHING) {
            break;
        }
    }
    if (e == ERR_NONE) {
        finish_segments(half);
    }
    e = half_settle(&half->base, e);
    if (e == ERR_NONE) {
        serve_snapshots(half);
    }
    return e;
}

static enum err open_half(void *self, const struct half_options *options, struct strbuf *findings)
{
    struct detect_half *half = self;
    const struct config *config = options->config;
    half->arena = arena_create(FRAME_ARENA_BYTES);
    if (half->arena == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = snapshots_create(&half->snapshots, config, findings);
    if (e != ERR_NONE) {
        return e;
    }
    e = outlet_init(&half->base.outlet, "detect", "wrongnumber-detect", config, VERDICTS_NONE,
            options->stop, findings);
    if (e == ERR_NONE) {
        e = half_open_consumer(
                &half->base, config->topics.tallies, ".detect", START_EARLIEST, findings);
    }
    return e;
}

static enum err destroy_half(void *self)
{
    struct detect_half *half = self;
    enum err e = snapshots_close(half->snapshots, SNAPSHOTS_CLOSE_MS);
    arena_destroy(half->arena);
    free(half);
    return e;
}

enum err detect_half_run(const struct half_options *options)
{
    static const struct half_role role = {
            .name = "detect",
            .partitions = "tally partitions",
            .open = open_half,
            .step = step,
            .assign = assign,
            .begin_anew = begin_anew,
            .close_partition = close_partition,
            .destroy = destroy_half,
    };
    struct detect_half *half = calloc(1, sizeof *half);
    return half != NULL ? half_run(&half->base, &role, half, options) : ERR_NO_MEMORY;
}

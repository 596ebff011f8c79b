#include "run/detect_half.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/assure.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "run/detect_ceilings.h"
#include "run/detect_half_inside.h"
#include "run/held_reader.h"
#include "run/log_identity.h"
#include "run/recall.h"
#include "state/frame_codec.h"

enum {
    BATCH_FRAMES = 1000,
    BATCH_WAIT_MS = 20,
    FRAME_ARENA_BYTES = 64 * 1024 * 1024,
    SNAPSHOTS_CLOSE_MS = 2000,
    RECALL_MS = 60 * 1000, // well below max.poll.interval.ms
    ASK_ENDS_MS = 1000,
};

static void forget_told(struct detect_partition *state)
{
    if (state->told != NULL) {
        detect_line_set_told(state->line, (struct told_before){NULL, NULL});
        held_ledger_destroy(state->told);
        state->told = NULL;
    }
}

static void close_partition(void *self, int32_t partition)
{
    struct detect_half *half = self;
    struct detect_partition *state = &half->partitions[partition];
    if (state->segment != NULL) {
        offsets_reported(half->base.outlet.offsets, state->segment, ERR_UNAVAILABLE);
    }
    snapshots_end(half->snapshots, partition);
    forget_told(state);
    detect_note_close(half, state);
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
    uint32_t partitions = manifest->tally_partitions;
    if (partitions != 0 && partitions != restore->half->tally_partitions) {
        log_error("detect",
                "%s has %u partitions, and had %u when its tenants were counted: they would be "
                "counted anew in others. Its number of partitions cannot be changed; name a new "
                "topic under topics.tallies (and under topics.detector_state)",
                restore->half->base.config->topics.tallies, restore->half->tally_partitions,
                partitions);
        return ERR_CONFIG;
    }
    restore->state->sequence_base = manifest->sequence_base;
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

// --- a log that is not whole --------------------------------------------------------------------

// Holds again what is held, when the log is not whole. lost.from of -1 = it is.
static enum err recall_held(struct detect_half *half, const struct log_range *log,
        const struct known *known, struct lost_offsets *ret_lost)
{
    struct detect_partition *state = &half->partitions[log->partition];
    struct held_ledger *ledger;
    struct recalled recalled;
    const struct held_search search = {half->base.config, log->partition, half->tally_partitions,
            RECALL_MS, &half->left_behind};
    int64_t ordered = -1;
    enum err e = half->base.config->control.is_on ? held_read_ordered(&search, &ordered) : ERR_NONE;
    e = e != ERR_NONE ? e : held_read(&search, &ledger);
    if (e != ERR_NONE) {
        return e;
    }
    forget_told(state);
    const struct log_range now = log_end_again(half->base.consumer, log);
    struct known all = *known;
    all.reach = all.reach > ordered ? all.reach : ordered + 1;
    e = log_is_younger(&search, log, ledger, &all.log_is_younger);
    if (e != ERR_NONE) {
        held_ledger_destroy(ledger);
        return e;
    }
    e = recall(state->line, ledger, &now, &all, &recalled);
    *ret_lost = recalled.lost;
    state->sequence_base = recalled.sequence_base;
    if (recalled.lost.from >= 0) {
        log_warn("detect", "tally partition %d: %u scopes stay held, by what %s says",
                log->partition, recalled.held_count, half->base.config->topics.state);
    }
    if (recalled.without_room > 0) {
        log_error("detect",
                "tally partition %d: there is no room for %u held scopes; their end is not told",
                log->partition, recalled.without_room);
    }
    if (e == ERR_NONE && recalled.watches_told) {
        state->told = ledger;
    } else {
        held_ledger_destroy(ledger);
    }
    return e;
}

// --- partitions come and go --------------------------------------------------------------------

// Begins the partition's offsets; what is lost is told first.
static enum err begin_offsets(
        struct detect_half *half, const struct lost_offsets *lost, int64_t settled)
{
    struct outlet *outlet = &half->base.outlet;
    if (lost->from < 0) {
        return offsets_begin(outlet->offsets, lost->partition, settled);
    }
    bool was_told = settled > lost->low;
    int64_t before = was_told ? settled : lost->from < lost->low ? lost->from : 0;
    enum err e = offsets_begin(outlet->offsets, lost->partition, before);
    return e != ERR_NONE ? e : half_tell_lost(&half->base, lost, settled);
}

// The line as the newest snapshot has it, or new; `*ret_start` is where to fold on. What follows
// from the log before log->committed was told before.
static enum err open_partition(
        struct detect_half *half, const struct log_range *log, int64_t *ret_start)
{
    ASSURE(log->partition >= 0 && log->partition < DETECT_PARTITION_MAX);
    struct detect_partition *state = &half->partitions[log->partition];
    struct restore restore = {half, state};
    const struct snapshot_taker taker = {restore_line, &restore};
    int64_t next_offset = -1;
    half_beat(&half->base);
    struct known known = {0};
    // Of a log that ends before what is committed, nothing is known.
    int64_t log_end = log->committed > log->high ? -1 : log->high;
    enum err e = snapshots_begin(
            half->snapshots, log->partition, log_end, taker, &next_offset, &known.reach);
    if (e == ERR_NONE && next_offset < 0) {
        state->sequence_base = 0;
        e = create_line(half, state);
    }
    known.until = next_offset < 0 ? 0 : next_offset;
    known.sequence_base = state->sequence_base;
    struct lost_offsets lost = {log->partition, -1, log->low, log->high};
    if (e == ERR_NONE && (next_offset < 0 || known.until < log->low)) {
        e = recall_held(half, log, &known, &lost);
    }
    if (e != ERR_NONE) {
        return e;
    }
    *ret_start = known.until > log->low ? known.until : log->low;
    state->next_offset = *ret_start;
    state->counts_before = detect_line_counts(state->line);
    state->is_open = true;
    state->is_taken_over = true;
    state->wants_policy = true;
    state->policy_sent = 0;
    state->log_end = log->high;
    // A snapshot is written when all that came of its log was acknowledged.
    bool has_told = log->committed > *ret_start && log->committed <= log->high;
    state->silent_until = has_told ? log->committed : *ret_start;
    log_info("detect", "tally partition %d: folding from offset %lld%s, silent up to %lld",
            log->partition, (long long)*ret_start, next_offset < 0 ? "" : " by a snapshot",
            (long long)state->silent_until);
    return begin_offsets(half, &lost, state->silent_until);
}

static void assign(void *self, const struct kafka_assignment *assignment, int64_t *start)
{
    struct detect_half *half = self;
    const struct log_range log = {
            assignment->partition, assignment->low, assignment->high, assignment->committed};
    if ((uint32_t)assignment->partition >= half->tally_partitions) {
        log_error("detect",
                "%s has got more partitions, which cannot be: %u are used; the next start is "
                "refused",
                half->base.config->topics.tallies, half->tally_partitions);
    }
    failpoint("detect.was_assigned");
    enum err e = open_partition(half, &log, start);
    failpoint("detect.restored");
    if (e != ERR_NONE && half->has_ended == ERR_NONE) {
        half->has_ended = err_fate(e) == FATE_RETRY ? ERR_STALLED : e;
    }
    bool is_known = log.committed >= log.low && log.committed <= log.high;
    commits_begin(&half->base.outlet.commits, log.partition, is_known ? log.committed : -1);
}

// The partition from its newest snapshot, silent up to what is settled.
static enum err begin_anew(void *self, int32_t partition)
{
    struct detect_half *half = self;
    struct offsets *offsets = half->base.outlet.offsets;
    struct log_range log = {
            .partition = partition, .committed = offsets_settled(offsets, partition)};
    enum err e =
            kafka_consumer_ends(half->base.consumer, partition, ASK_ENDS_MS, &log.low, &log.high);
    struct kafka_position position = {partition, 0};
    if (e == ERR_NONE) { // an end that is not known must not look like that of another log
        close_partition(half, partition);
        e = open_partition(half, &log, &position.offset);
    }
    if (e == ERR_NONE) {
        return kafka_consumer_rewind(half->base.consumer, &position, 1);
    }
    // It stays among those that are begun anew when this is tried again.
    bool is_begun = offsets_is_begun(offsets, partition);
    enum err again = is_begun ? ERR_NONE : offsets_begin(offsets, partition, log.committed);
    return again != ERR_NONE ? again : e;
}

// The log has lost its beginning while we were reading it: the line goes on with what it has, and
// with what was told meanwhile by whoever read it. Of another log it begins anew.
static enum err offset_lost(struct detect_half *half, const struct kafka_event *event)
{
    struct detect_partition *state = &half->partitions[event->partition];
    if (event->offset > event->high) {
        commits_begin(&half->base.outlet.commits, event->partition, -1); // that is the old one
        return begin_anew(half, event->partition);
    }
    const struct log_range log = {event->partition, event->low, event->high,
            offsets_settled(half->base.outlet.offsets, event->partition)};
    const struct known known = {event->offset, 0, state->sequence_base, false};
    struct lost_offsets lost;
    enum err e = recall_held(half, &log, &known, &lost);
    if (e == ERR_NONE && lost.from >= 0) {
        state->next_offset = event->low;
        e = half_tell_lost(&half->base, &lost, event->low);
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
    int64_t sequence = raw->offset + state->sequence_base;
    detect_line_set_policy(state->line, half->policy); // a line may be new
    char before[POLICY_VERSION_HEX + 1];
    const struct view version = detect_line_policy(state->line).version;
    snprintf(before, sizeof before, "%.*s", VIEW_ARGS(version));
    enum err e = detect_line_frame(
            state->line, &frame, raw->partition, sequence, silent, state->segment, &gap);
    if (frame.policy.serial != 0 && e == ERR_NONE) {
        detect_note_policy(half, raw->partition, raw->offset, &frame.policy, before);
    }
    if (state->told != NULL && sequence >= held_ledger_highest(state->told)) {
        forget_told(state);
    }
    if (gap && !silent) {
        log_error("detect",
                "tally partition %d, offset %lld: messages of source partition %d before offset "
                "%lld were not counted",
                raw->partition, (long long)raw->offset, frame.source_partition,
                (long long)frame.first_offset);
    }
    return e;
}

// What was folded since the last time is whole, or is told again (O4).
static void end_segments(struct detect_half *half, enum err e)
{
    for (int32_t i = 0; i < offsets_partition_end(half->base.outlet.offsets); i++) {
        struct detect_partition *state = &half->partitions[i];
        if (state->segment != NULL) {
            offsets_reported(half->base.outlet.offsets, state->segment, e);
            state->segment = NULL;
            detect_tell_ceilings(i, state->line);
        }
    }
}

static void finish(void *self)
{
    end_segments(self, ERR_NONE);
}

static void serve_snapshots(struct detect_half *half)
{
    struct offsets *offsets = half->base.outlet.offsets;
    if (!snapshots_poll(half->snapshots) || !outlet_is_audited(&half->base.outlet)) {
        return;
    }
    for (int32_t i = 0; i < offsets_partition_end(offsets); i++) {
        struct detect_partition *state = &half->partitions[i];
        const struct snapshot_point point = {state->next_offset,
                state->line != NULL ? outlet_told(&half->base.outlet, i) : 0, state->sequence_base};
        if (state->line != NULL && state->told == NULL) {
            snapshots_serve(half->snapshots, i, state->line, &point);
        }
    }
}

static enum err step(void *self)
{
    struct detect_half *half = self;
    struct mono_time until = mono_after_ms(clock_mono(), BATCH_WAIT_MS);
    enum err e = detect_take_policy(half);
    for (unsigned frames = 0; frames < BATCH_FRAMES && e == ERR_NONE; frames++) {
        struct kafka_event event = {0};
        // Once something was folded, what follows from it goes out before the next wait.
        int64_t wait_ms = frames == 0 ? mono_left_ms(clock_mono(), until) : 0;
        enum kafka_event_kind kind = kafka_consumer_poll(half->base.consumer, wait_ms, &event);
        if (kind == KAFKA_MESSAGE) {
            e = half->has_ended != ERR_NONE ? half->has_ended : fold_message(half, event.message);
            kafka_consumer_release(half->base.consumer, event.message);
        } else if (kind == KAFKA_TROUBLE) {
            e = half_tell_trouble(&half->base, &event);
        } else if (kind == KAFKA_OFFSET_LOST) {
            finish(half);
            e = offset_lost(half, &event);
        } else if (kind == KAFKA_NOTHING) {
            break;
        }
        e = e != ERR_NONE ? e : half->has_ended;
    }
    failpoint("detect.folded_a_batch");
    end_segments(half, e);
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
    half->tally_partitions = options->tally_partitions;
    tally_width_write(&half->width, options->tally_partitions);
    enum err e = detect_policy_init(half);
    if (e == ERR_NONE) {
        e = snapshots_create(&half->snapshots, config, options->tally_partitions, findings);
    }
    if (e != ERR_NONE) {
        return e;
    }
    const struct outlet_options outlet_options = {
            .name = "detect",
            .client_id = "wrongnumber-detect",
            .config = config,
            .verdicts = VERDICTS_NONE,
            .stop = options->stop,
            .audit = options->audit,
    };
    e = outlet_init(&half->base.outlet, &outlet_options, findings);
    half->base.outlet.emitter.options.on_alert = detect_see_alert;
    half->base.outlet.emitter.options.on_scope_command = detect_see_command;
    half->base.outlet.emitter.options.watcher = half;
    half->base.outlet.commits.texts = tally_width_texts(&half->width);
    if (e == ERR_NONE) {
        e = half_open_consumer(
                &half->base, config->topics.tallies, ".detect", START_EARLIEST, findings);
    }
    return e;
}

static enum err destroy_half(void *self)
{
    struct detect_half *half = self;
    arena_destroy(half->arena);
    detect_policy_fini(half);
    enum err e = snapshots_close(half->snapshots, SNAPSHOTS_CLOSE_MS);
    e = half->left_behind ? ERR_DEADLINE : e;
    free(half);
    return e;
}

enum err detect_half_run(const struct half_options *options)
{
    static const struct half_role role = {
            .name = "detect",
            .partitions = "tally partitions",
            .lost_what = "tally frames",
            .open = open_half,
            .step = step,
            .assign = assign,
            .finish = finish,
            .begin_anew = begin_anew,
            .close_partition = close_partition,
            .publish = detect_publish,
            .destroy = destroy_half,
    };
    struct detect_half *half = calloc(1, sizeof *half);
    return half != NULL ? half_run(&half->base, &role, half, options) : ERR_NO_MEMORY;
}

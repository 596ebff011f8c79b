#include "run/snapshots.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/archive.h"
#include "common/assure.h"
#include "common/clock.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "detect/detect.h"
#include "detect_line.h"
#include "run/snapshot_writer.h"

enum {
    PARTITION_MAX = 4096,
    SEARCH_MS = 60 * 1000, // well below max.poll.interval.ms
    // Taking one stops the fold: of a large state it is done less often.
    SHARE_OF_TIME = 20,
};

struct partition_snapshots {
    struct shelf *shelf;
    struct snapshot_writer *writer;
    int64_t taken_at_offset;
    struct mono_time next;
    uint64_t finished;            // by the writer, when it was last looked at
    struct mono_time finished_at; // the last one, or when the partition began
};

struct snapshots {
    const struct config *config;
    uint32_t tally_partitions;
    struct kafka_producer *producer;
    char instance[32];
    bool left_behind; // a client of ours did not let go in time
    uint64_t written;
    struct partition_snapshots partitions[PARTITION_MAX];
};

static void on_delivered(void *self, void *ticket, enum err err)
{
    (void)self;
    snapshot_writer_reported(ticket, err);
}

// Tells this life of this process from all others, as far as ids go.
static void name_instance(struct snapshots *snapshots)
{
    snprintf(snapshots->instance, sizeof snapshots->instance, "%llx-%lx",
            (unsigned long long)clock_wall().ms, (unsigned long)getpid());
}

enum err snapshots_create(struct snapshots **ret_snapshots, const struct config *config,
        uint32_t tally_partitions, struct strbuf *findings)
{
    struct snapshots *snapshots = calloc(1, sizeof *snapshots);
    if (snapshots == NULL) {
        return ERR_NO_MEMORY;
    }
    snapshots->config = config;
    snapshots->tally_partitions = tally_partitions;
    name_instance(snapshots);
    const struct kafka_producer_options options = {
            .config = config,
            .client_id = "wrongnumber-state",
            .on_delivered = on_delivered,
            .self = snapshots,
            .queue_wait_ms = 1, // the fold does not wait for room
    };
    enum err e = kafka_producer_create(&snapshots->producer, &options, findings);
    if (e != ERR_NONE) {
        free(snapshots);
        return e;
    }
    *ret_snapshots = snapshots;
    return ERR_NONE;
}

enum err snapshots_close(struct snapshots *snapshots, int64_t timeout_ms)
{
    if (snapshots == NULL) {
        return ERR_NONE;
    }
    // Reports what is in flight as failed: the writers are still there.
    enum err e = kafka_producer_close(snapshots->producer, timeout_ms);
    for (int32_t i = 0; i < PARTITION_MAX; i++) {
        snapshot_writer_destroy(snapshots->partitions[i].writer);
        shelf_destroy(snapshots->partitions[i].shelf);
    }
    bool left_behind = snapshots->left_behind;
    free(snapshots);
    return e == ERR_NONE && left_behind ? ERR_DEADLINE : e;
}

// --- a partition begins -----------------------------------------------------------------------

enum err snapshots_begin(struct snapshots *snapshots, int32_t partition, int64_t log_end,
        struct snapshot_taker taker, int64_t *ret_next_offset, int64_t *ret_reach)
{
    ASSURE(partition >= 0 && partition < PARTITION_MAX);
    struct partition_snapshots *state = &snapshots->partitions[partition];
    *ret_next_offset = -1;
    *ret_reach = 0;
    snapshots_end(snapshots, partition);
    enum err e = shelf_create(&state->shelf, view_of(DETECTOR_VERSION), partition);
    if (e == ERR_NONE && state->writer == NULL) {
        const struct snapshot_writer_options options = {
                .producer = snapshots->producer,
                .tally_partition = partition,
                .instance = view_of(snapshots->instance),
        };
        e = snapshot_writer_create(&state->writer, &options);
    }
    if (e != ERR_NONE) {
        return e;
    }
    const struct snapshot_search search = {
            .config = snapshots->config,
            .tally_partition = partition,
            .max_next_offset = log_end,
            .deadline_ms = SEARCH_MS,
            .taker = taker,
            .left_behind = &snapshots->left_behind,
    };
    failpoint("snapshots.before_the_search");
    e = snapshot_find(&search, state->shelf, ret_next_offset);
    if (err_fate(e) == FATE_RETRY) {
        log_error("snapshot", "tally partition %d: no snapshot could be read: %s", partition,
                err_text(e));
        e = ERR_NONE;
    }
    *ret_reach = shelf_reach(state->shelf);
    state->taken_at_offset = *ret_next_offset;
    state->next = mono_after_ms(clock_mono(), snapshots->config->snapshot_interval_ms);
    state->finished_at = clock_mono();
    return e;
}

void snapshots_end(struct snapshots *snapshots, int32_t partition)
{
    struct partition_snapshots *state = &snapshots->partitions[partition];
    if (state->writer != NULL) {
        snapshot_writer_break_off(state->writer);
    }
    shelf_destroy(state->shelf);
    state->shelf = NULL;
}

// --- and is folded ----------------------------------------------------------------------------

static void take_one(struct snapshots *snapshots, struct partition_snapshots *state,
        int32_t partition, struct detect_line *line, const struct snapshot_point *point)
{
    struct mono_time before = clock_mono();
    struct archive archive = archive_writer(snapshot_writer_begin(state->writer));
    detect_line_archive(line, &archive);
    const struct snapshot_manifest manifest = {
            .tally_partition = partition,
            .next_offset = point->next_offset,
            .tally_partitions = snapshots->tally_partitions,
            .sequence_base = point->sequence_base,
            .detector_version = view_of(DETECTOR_VERSION),
            .policy_version = detect_line_policy(line).version,
            .log_time_ms = detect_line_log_time_ms(line),
    };
    enum err e = archive_end(&archive);
    e = e != ERR_NONE ? e : snapshot_writer_go(state->writer, &manifest);
    if (e != ERR_NONE) {
        log_error(
                "snapshot", "tally partition %d: none could be taken: %s", partition, err_text(e));
        snapshot_writer_break_off(state->writer);
    }
    struct mono_time after = clock_mono();
    int64_t took_ms = (after.ns - before.ns) / 1000000;
    int64_t pause_ms = SHARE_OF_TIME * took_ms;
    int64_t interval_ms = snapshots->config->snapshot_interval_ms;
    state->next = mono_after_ms(after, pause_ms > interval_ms ? pause_ms : interval_ms);
    state->taken_at_offset = point->next_offset;
}

bool snapshots_poll(struct snapshots *snapshots)
{
    kafka_producer_poll(snapshots->producer, 0);
    return !kafka_producer_is_broken(snapshots->producer) ||
           kafka_producer_rebuild(snapshots->producer) == ERR_NONE;
}

void snapshots_serve(struct snapshots *snapshots, int32_t partition, struct detect_line *line,
        const struct snapshot_point *point)
{
    struct partition_snapshots *state = &snapshots->partitions[partition];
    bool is_due = point->next_offset > state->taken_at_offset &&
                  mono_left_ms(clock_mono(), state->next) == 0;
    if (is_due && snapshot_writer_is_resting(state->writer)) {
        take_one(snapshots, state, partition, line, point);
        failpoint("snapshots.took_one");
    }
    snapshot_writer_step(state->writer, state->shelf, point->settled);
    if (snapshot_writer_finished(state->writer) != state->finished) {
        snapshots->written += snapshot_writer_finished(state->writer) - state->finished;
        state->finished = snapshot_writer_finished(state->writer);
        state->finished_at = clock_mono();
    }
}

uint64_t snapshots_written(const struct snapshots *snapshots)
{
    return snapshots->written;
}

int64_t snapshots_age_ms(const struct snapshots *snapshots, int32_t partition, int64_t next_offset)
{
    const struct partition_snapshots *state = &snapshots->partitions[partition];
    bool is_whole = state->writer == NULL || (next_offset <= state->taken_at_offset &&
                                                     snapshot_writer_is_resting(state->writer));
    return is_whole ? 0 : (clock_mono().ns - state->finished_at.ns) / 1000000;
}

// What the detect half puts on the board.
#include "run/detect_half_inside.h"

enum {
    DETECT_FRAMES,
    DETECT_APPLIED,
    DETECT_GAPS,
    DETECT_INCIDENTS,
    DETECT_SCOPES,
    DETECT_EVICTED,
    DETECT_CLEARED_LATE,
    DETECT_LATE_IGNORED,
    DETECT_CEILINGS,
    DETECT_LOG_TIME,
    DETECT_SNAPSHOTS,
    DETECT_SNAPSHOT_AGE,
    DETECT_HELD,
    DETECT_UNACKNOWLEDGED,
    DETECT_OLDEST_UNACKNOWLEDGED,
    DETECT_CANARIES,
    DETECT_PENDING,
    DETECT_DRILLS,
    DETECT_METRICS,
};

static const char *const ceilings[] = {"scopes", "incidents", "recent", "clearables"};
enum { CEILING_SCOPES, CEILING_INCIDENTS, CEILING_RECENT, CEILING_CLEARABLES, CEILING_COUNT };

static const struct metric_family families[DETECT_METRICS] = {
        [DETECT_FRAMES] = {.name = "wrongnumber_frames_folded_total",
                .help = "Tally frames read, those in silence too",
                .type = METRIC_COUNTER},
        [DETECT_APPLIED] = {.name = "wrongnumber_frames_applied_total",
                .help = "Tally frames that had something new",
                .type = METRIC_COUNTER},
        [DETECT_GAPS] = {.name = "wrongnumber_frame_gaps_total",
                .help = "Tally frames before which messages of their source are missing",
                .type = METRIC_COUNTER},
        [DETECT_INCIDENTS] = {.name = "wrongnumber_open_incidents",
                .help = "Incidents that are open",
                .type = METRIC_GAUGE},
        [DETECT_SCOPES] = {.name = "wrongnumber_scopes",
                .help = "Campaigns, templates, senders, vendors and tenants that are watched",
                .type = METRIC_GAUGE},
        [DETECT_EVICTED] = {.name = "wrongnumber_scopes_forgotten_total",
                .help = "Idle scopes that were forgotten to make room",
                .type = METRIC_COUNTER},
        [DETECT_CLEARED_LATE] = {.name = "wrongnumber_cleared_late_total",
                .help = "Messages whose record turned up late, taken off the counts again",
                .type = METRIC_COUNTER},
        [DETECT_LATE_IGNORED] = {.name = "wrongnumber_late_ignored_total",
                .help = "Late records that changed nothing: too late, or told before",
                .type = METRIC_COUNTER},
        [DETECT_CEILINGS] = {.name = "wrongnumber_detect_ceiling_hits_total",
                .help = "What found a table full: scopes that are not watched, incidents that are "
                        "not told, messages that are not remembered or cannot be taken back",
                .type = METRIC_COUNTER,
                .labels = {{"table", ceilings, CEILING_COUNT}}},
        [DETECT_LOG_TIME] = {.name = "wrongnumber_watermark_timestamp_seconds",
                .help = "The least log time of our tally partitions that have any: how far "
                        "detection has come",
                .type = METRIC_GAUGE,
                .scale = METRIC_MILLI,
                .may_be_absent = true},
        [DETECT_SNAPSHOTS] = {.name = "wrongnumber_snapshots_written_total",
                .help = "Snapshots written and acknowledged",
                .type = METRIC_COUNTER},
        [DETECT_SNAPSHOT_AGE] = {.name = "wrongnumber_snapshot_age_seconds",
                .help = "Age of the oldest last snapshot, of partitions with a log behind it",
                .type = METRIC_GAUGE,
                .scale = METRIC_MILLI},
        [DETECT_HELD] = {.name = "wrongnumber_held_scopes",
                .help = "Scopes that are held now, but those of drills; those of monitor mode only "
                        "would be",
                .type = METRIC_GAUGE,
                .labels = {{"scope_type", scope_kind_names, SCOPE_KIND_COUNT},
                        {"mode", mode_names, 2}}},
        [DETECT_UNACKNOWLEDGED] = {.name = "wrongnumber_unacknowledged_incidents",
                .help = "Incidents at quarantine or stop that nobody has acknowledged",
                .type = METRIC_GAUGE},
        [DETECT_OLDEST_UNACKNOWLEDGED] =
                {.name = "wrongnumber_oldest_unacknowledged_incident_age_seconds",
                        .help = "How long the oldest of them has waited; 0 while there is none",
                        .type = METRIC_GAUGE,
                        .scale = METRIC_MILLI},
        [DETECT_CANARIES] = {.name = "wrongnumber_canaries",
                .help = "Held scopes of which a canary is let through at the moment",
                .type = METRIC_GAUGE},
        [DETECT_PENDING] = {.name = "wrongnumber_commands_pending",
                .help = "Commands of operators that wait for a second person",
                .type = METRIC_GAUGE},
        [DETECT_DRILLS] = {.name = "wrongnumber_open_drills",
                .help = "Drills that are going on",
                .type = METRIC_GAUGE},
};

const struct metric_table detect_metrics = {families, DETECT_METRICS};

// Adds what a line has counted since it was opened. What is there at the moment is not added.
static void add_counts(struct detect_counts *sum, const struct detect_partition *state)
{
    struct detect_counts now = detect_line_counts(state->line);
    const struct detect_counts *before = &state->counts_before;
    sum->frames += now.frames - before->frames;
    sum->applied += now.applied - before->applied;
    sum->gaps += now.gaps - before->gaps;
    sum->scopes_evicted += now.scopes_evicted - before->scopes_evicted;
    sum->cleared_late += now.cleared_late - before->cleared_late;
    sum->late_ignored += now.late_ignored - before->late_ignored;
    sum->scopes_overflowed += now.scopes_overflowed - before->scopes_overflowed;
    sum->incidents_overflowed += now.incidents_overflowed - before->incidents_overflowed;
    sum->recent_overflowed += now.recent_overflowed - before->recent_overflowed;
    sum->clearable_overflowed += now.clearable_overflowed - before->clearable_overflowed;
}

void detect_note_close(struct detect_half *half, const struct detect_partition *state)
{
    if (state->line != NULL && state->is_open) {
        add_counts(&half->counts_gone, state);
    }
}

// What all partitions of ours have together.
struct summary {
    struct detect_counts counts;
    int64_t log_time_ms; // 0 = there is none
    int64_t snapshot_age_ms;
};

static struct summary sum_up(const struct detect_half *half)
{
    struct summary sum = {.counts = half->counts_gone};
    for (int32_t i = 0; i < offsets_partition_end(half->base.outlet.offsets); i++) {
        const struct detect_partition *state = &half->partitions[i];
        if (state->line == NULL || !state->is_open) {
            continue;
        }
        struct detect_counts now = detect_line_counts(state->line);
        int64_t log_time_ms = detect_line_log_time_ms(state->line);
        int64_t age_ms = snapshots_age_ms(half->snapshots, i, state->next_offset);
        add_counts(&sum.counts, state);
        sum.counts.scopes += now.scopes;
        sum.counts.incidents += now.incidents;
        if (log_time_ms > 0 && (sum.log_time_ms == 0 || log_time_ms < sum.log_time_ms)) {
            sum.log_time_ms = log_time_ms;
        }
        sum.snapshot_age_ms = age_ms > sum.snapshot_age_ms ? age_ms : sum.snapshot_age_ms;
    }
    return sum;
}

static void publish_sum(
        const struct detect_half *half, const struct summary *sum, struct metric_page *page)
{
    const struct detect_counts *counts = &sum->counts;
    const struct {
        size_t family;
        size_t series;
        uint64_t value;
    } rows[] = {
            {DETECT_FRAMES, 0, counts->frames},
            {DETECT_APPLIED, 0, counts->applied},
            {DETECT_GAPS, 0, counts->gaps},
            {DETECT_INCIDENTS, 0, counts->incidents},
            {DETECT_SCOPES, 0, counts->scopes},
            {DETECT_EVICTED, 0, counts->scopes_evicted},
            {DETECT_CLEARED_LATE, 0, counts->cleared_late},
            {DETECT_LATE_IGNORED, 0, counts->late_ignored},
            {DETECT_CEILINGS, CEILING_SCOPES, counts->scopes_overflowed},
            {DETECT_CEILINGS, CEILING_INCIDENTS, counts->incidents_overflowed},
            {DETECT_CEILINGS, CEILING_RECENT, counts->recent_overflowed},
            {DETECT_CEILINGS, CEILING_CLEARABLES, counts->clearable_overflowed},
            {DETECT_SNAPSHOTS, 0, snapshots_written(half->snapshots)},
            {DETECT_SNAPSHOT_AGE, 0, (uint64_t)sum->snapshot_age_ms},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        metric_set(page, rows[i].family, rows[i].series, (int64_t)rows[i].value);
    }
    if (sum->log_time_ms > 0) {
        metric_set(page, DETECT_LOG_TIME, 0, sum->log_time_ms);
    } else {
        metric_clear(page, DETECT_LOG_TIME, 0);
    }
}

static void publish_standing(const struct detect_standing *standing, struct metric_page *page)
{
    int64_t now_ms = clock_wall().ms;
    for (size_t i = 0; i < SCOPE_KIND_COUNT; i++) {
        metric_set(page, DETECT_HELD, 2 * i, standing->held[i][0]);
        metric_set(page, DETECT_HELD, 2 * i + 1, standing->held[i][1]);
    }
    int64_t age_ms = standing->wanted_ms != 0 ? now_ms - standing->wanted_ms : 0;
    metric_set(page, DETECT_UNACKNOWLEDGED, 0, standing->unacknowledged);
    metric_set(page, DETECT_OLDEST_UNACKNOWLEDGED, 0, age_ms > 0 ? age_ms : 0);
    metric_set(page, DETECT_CANARIES, 0, standing->canaries);
    metric_set(page, DETECT_PENDING, 0, standing->pending);
    metric_set(page, DETECT_DRILLS, 0, standing->drills);
}

void detect_publish(void *self, struct board_place *place)
{
    struct detect_half *half = self;
    if (half->page == NULL) {
        half->page = board_page(place, &detect_metrics, NULL, 0);
    }
    if (half->page != NULL) {
        const struct summary sum = sum_up(half);
        publish_sum(half, &sum, half->page);
    }
    if (half->base.board != NULL) {
        const struct detect_standing standing = detect_report(half);
        if (half->page != NULL) {
            publish_standing(&standing, half->page);
        }
    }
}

#include <stdlib.h>

#include "detect_line_inside.h"

enum {
    // Misdirected messages that are remembered at least, of all scopes together; three for eight
    // scopes where there may be more of these.
    RECENT_ENTRIES_MIN = 1 << 18,
    // A scope that nothing speaks against is forgotten no sooner than so long after its last
    // message, ...
    IDLE_MS = 10 * 60 * 1000,
    // ... one with something that raises no tier not before a day: none of its messages is
    // remembered then (state/recent.h), ...
    IDLE_CALM_MS = RECENT_WINDOW_MS,
    // ... vendors and tenants, who have a history worth keeping, and scopes with more against them
    // but no incident, not before a week, ...
    IDLE_LONG_MS = 7 * 24 * 3600 * 1000,
    // ... and so many a frame at most, so that no frame takes long.
    EVICT_MAX = 8,
    EVICT_LOOKED_AT_MAX = 64,
};

// Whether a scope can do without the messages that are remembered of it.
static bool is_calm(void *self, int32_t scope)
{
    const struct detect_line *line = self;
    return detect_is_calm(line->detect, scope, SOURCES_ALL) &&
           !decide_has_incident(line->decide, scope);
}

// How long after its last message a scope without incident may be forgotten. Traffic may end while a
// statistic is above 0: it stays there for good.
static int64_t idle_needed_ms(const struct detect_line *line, int32_t scope)
{
    const struct scope_name name = scopes_name(line->scopes, scope);
    enum scope_kind kind = name.kind;
    if (kind >= SCOPE_VENDOR) {
        return IDLE_LONG_MS;
    }
    if (detect_is_quiet(line->detect, scope)) {
        return IDLE_MS;
    }
    bool says_nothing =
            detect_read(line->detect, scope, kind,
                    (struct detect_budget){policy_budget_of(line->policy, name.tenant_id), false},
                    TIER_STOP)
                            .tier == TIER_NONE &&
            detect_read_streams(line->detect, scope, SOURCES_ALL).tier == TIER_NONE &&
            side_is_calm(line->side, scope);
    return says_nothing ? IDLE_CALM_MS : IDLE_LONG_MS;
}

// Whether nothing is going on with a scope, nor has been for a while, so that it may be forgotten.
static bool is_forgettable(void *self, int32_t scope)
{
    const struct detect_line *line = self;
    int64_t idle_ms = fold_log_time_ms(line->fold) - scopes_last_heard_ms(line->scopes, scope);
    return idle_ms >= IDLE_MS && !decide_has_incident(line->decide, scope) &&
           idle_ms >= (decide_has_release(line->decide, scope) ? IDLE_LONG_MS
                                                               : idle_needed_ms(line, scope));
}

static struct detect_options detect_options_of(const struct policy *policy)
{
    return (struct detect_options){
            .baseline = {.prior_rate_millionths = policy->prior_rate_millionths,
                    .floor_millionths = policy->floor_rate_millionths,
                    .ceiling_millionths = policy->ceiling_rate_millionths,
                    .weight = baseline_defaults.weight},
            .learning = policy->learning,
            .guard = policy->clump_guard,
            .start_credit = policy->start_credit,
            .streams = stream_levels_of(policy->stream_rate_millionths),
    };
}

uint32_t detect_line_recent_entries(const struct config *config)
{
    uint32_t entries = config->detector.max_scopes / 8 * 3;
    entries = entries > RECENT_ENTRIES_MIN ? entries : RECENT_ENTRIES_MIN;
    return entries < RECENT_ENTRIES_MAX ? entries : RECENT_ENTRIES_MAX;
}

// Before the frame's messages are counted: whether they were held.
static enum err pass_time(void *self, const struct delta *delta)
{
    struct detect_line *line = self;
    const struct decision_taker taker = line_taker(line);
    return decide_expire(line->decide, delta, &taker);
}

enum err detect_line_create(
        struct detect_line **ret_line, const struct config *config, struct emitter *emitter)
{
    struct detect_line *line = calloc(1, sizeof *line);
    if (line == NULL) {
        return ERR_NO_MEMORY;
    }
    line->emitter = emitter;
    line_policy_init(line, &config->policy);
    line->max_scopes = config->detector.max_scopes;
    const struct detect_options detect_options = detect_options_of(&config->policy);
    const struct decide_options decide_options = {
            .policy = &config->policy,
            .detector_version = DETECTOR_VERSION,
            .max_incidents = config->detector.max_incidents,
            .control_max_age_ms = config->control.max_age_ms,
    };
    const struct recent_options recent_options = {
            .max_entries = detect_line_recent_entries(config), .is_quiet = is_calm, .self = line};
    enum err e = scopes_create(&line->scopes, config->detector.max_scopes);
    if (e == ERR_NONE) {
        e = recent_create(&line->recent, &recent_options);
    }
    if (e == ERR_NONE) {
        e = fold_create(&line->fold, line->scopes, line->recent, config->policy.split_by_channel);
    }
    if (e == ERR_NONE) {
        e = detect_create(&line->detect, &detect_options, line->recent);
    }
    if (e == ERR_NONE) {
        e = decide_create(&line->decide, &decide_options, line->scopes, line->recent);
    }
    if (e == ERR_NONE) {
        fold_set_ahead(line->fold, (struct fold_ahead){pass_time, line});
        e = side_create(&line->side, config->policy.complaint_rate_millionths);
    }
    if (e != ERR_NONE) {
        detect_line_destroy(line);
        return e;
    }
    *ret_line = line;
    return ERR_NONE;
}

void detect_line_destroy(struct detect_line *line)
{
    if (line != NULL) {
        side_destroy(line->side);
        decide_destroy(line->decide);
        detect_destroy(line->detect);
        fold_destroy(line->fold);
        recent_destroy(line->recent);
        scopes_destroy(line->scopes);
        line_policy_fini(line);
        free(line);
    }
}

// Forgets scopes that have been idle for a while, before the table is full.
static void evict(struct detect_line *line)
{
    for (unsigned i = 0; i < EVICT_MAX; i++) {
        if (scopes_count(line->scopes) < line->max_scopes - line->max_scopes / 8) {
            return;
        }
        int32_t scope = scopes_next_victim(line->scopes, is_forgettable, line, EVICT_LOOKED_AT_MAX);
        if (scope == SCOPE_NONE) {
            return;
        }
        detect_drop(line->detect, scope);
        decide_drop(line->decide, scope);
        side_drop(line->side, scope);
        fold_drop(line->fold, scope);
        recent_drop_scope(line->recent, scope);
        scopes_release(line->scopes, scope);
        line->counts.scopes_evicted++;
    }
}

// The level that each misdirected message has moved its scopes by, in case that it is cleared.
static void note_levels(const struct detect_line *line, const struct delta *delta)
{
    for (uint32_t i = 0; i < delta->entry_count; i++) {
        const struct delta_entry *de = &delta->entries[i];
        if (!delta->leaves[de->entry->leaf].held) {
            fold_note_level(line->fold, de, detect_leaf_level(line->detect, de->entry->leaf));
        }
    }
}

// Late clearances go the same way: fold → detect → decide. They raise nothing.
static enum err line_clear(struct detect_line *line, const struct delta *delta)
{
    const struct decision_taker taker = line_taker(line);
    enum err e = decide_expire(line->decide, delta, &taker);
    for (uint32_t i = 0; i < delta->clearance_count && e == ERR_NONE; i++) {
        e = detect_clear(line->detect, &delta->clearances[i]);
    }
    return e != ERR_NONE ? e : decide_clear(line->decide, delta, &taker);
}

enum err detect_line_frame(struct detect_line *line, const struct frame *frame,
        int32_t tally_partition, int64_t sequence, bool silent, void *ticket, bool *ret_gap)
{
    line->silent = silent;
    line->ticket = ticket;
    struct delta delta;
    enum err e = fold_frame(line->fold, frame, tally_partition, sequence, &delta);
    if (e != ERR_NONE) {
        return e;
    }
    line->counts.frames++;
    line->counts.applied += delta.applied;
    *ret_gap = delta.gap.is_there;
    if (frame->policy.serial != 0) {
        return line_take_policy(line, &delta);
    }
    line_policy_note_time(line);
    const struct decision_taker taker = line_taker(line);
    if (!delta.applied && delta.control_count == 0) { // F8
        return frame_tells_cache(frame) ? decide_watch(line->decide, &delta, &taker) : ERR_NONE;
    }
    if (delta.clearance_count > 0) {
        return line_clear(line, &delta);
    }
    if (delta.control_count > 0) {
        return decide_control(line->decide, &delta, &taker);
    }
    const struct detect_asks asks = line_detect_asks(line);
    const struct side_asks side_asks = line_side_asks(line);
    if (frame->control_count > 0) { // of which all were known: pass_time has left it alone
        e = decide_expire(line->decide, &delta, &taker);
    }
    if (e == ERR_NONE) {
        e = decide_watch(line->decide, &delta, &taker);
    }
    if (e == ERR_NONE) {
        decide_count(line->decide, &delta);
        e = detect_delta(line->detect, &delta, &asks);
    }
    if (e == ERR_NONE) {
        note_levels(line, &delta);
        e = side_delta(line->side, &delta, &side_asks);
    }
    for (uint32_t i = 0; i < delta.scope_count && e == ERR_NONE; i++) {
        e = line_decide_row(line, &delta, &delta.scopes[i]);
    }
    if (e == ERR_NONE) {
        e = line_decide_silent(line, &delta);
    }
    if (e == ERR_NONE) {
        e = decide_drill_follow(line->decide, &delta, &taker);
    }
    if (e == ERR_NONE) {
        decide_sweep(line->decide, delta.log_time_ms);
        evict(line);
    }
    return e;
}

enum err detect_line_restore_hold(
        struct detect_line *line, const struct held_scope *held, bool *ret_is_new)
{
    *ret_is_new = false;
    const struct scope_name *name = &held->name;
    int32_t scope;
    enum err e = scopes_intern(
            line->scopes, name->kind, name->tenant_id, name->id, name->channel, &scope);
    if (e != ERR_NONE || scope == SCOPE_NONE) {
        return e != ERR_NONE ? e : ERR_CEILING;
    }
    e = decide_restore_hold(line->decide, scope, held, ret_is_new);
    if (e == ERR_NONE) {
        detect_spoil(line->detect, scope);
    }
    return e;
}

void detect_line_set_told(struct detect_line *line, struct told_before told)
{
    line->told = told;
}

struct detect_counts detect_line_counts(const struct detect_line *line)
{
    struct detect_counts counts = line->counts;
    counts.gaps = fold_gaps(line->fold);
    counts.scopes = scopes_count(line->scopes);
    counts.scopes_overflowed = scopes_overflowed(line->scopes);
    counts.incidents = decide_open_incidents(line->decide);
    counts.incidents_overflowed = decide_overflowed(line->decide);
    const struct fold_late_counts late = fold_late_counts(line->fold);
    counts.cleared_late = late.cleared;
    counts.late_ignored = late.ignored;
    counts.clearable_overflowed = late.overflowed;
    counts.recent_overflowed = recent_overflowed(line->recent);
    return counts;
}

// --- saving and restoring ---------------------------------------------------------------------

static void counts_archive(struct archive *archive, struct detect_counts *counts)
{
    archive_u64(archive, &counts->frames, INT64_MAX);
    archive_u64(archive, &counts->applied, INT64_MAX);
    archive_u64(archive, &counts->gaps, INT64_MAX);
    archive_u64(archive, &counts->alerts, INT64_MAX);
    archive_u64(archive, &counts->commands, INT64_MAX);
    archive_u64(archive, &counts->scopes_evicted, INT64_MAX);
}

void detect_line_archive(struct detect_line *line, struct archive *archive)
{
    archive_mark(archive, DETECTOR_VERSION);
    counts_archive(archive, &line->counts);
    line_policy_archive(line, archive);
    scopes_archive(archive, line->scopes);
    if (!archive_is_good(archive)) {
        return; // numbers of scopes mean nothing
    }
    recent_archive(archive, line->recent, scopes_end(line->scopes));
    fold_archive(archive, line->fold);
    detect_archive(archive, line->detect, line->scopes);
    side_archive(archive, line->side, line->scopes);
    decide_archive(archive, line->decide);
    recent_archive_pins(archive, line->recent);
}

int64_t detect_line_log_time_ms(const struct detect_line *line)
{
    return fold_log_time_ms(line->fold);
}

#include "detect_line.h"

#include <stdlib.h>

#include "decide/decide.h"
#include "detect/detect.h"
#include "fold/fold.h"
#include "state/recent.h"
#include "state/scopes.h"

enum {
    // Misdirected messages that are remembered, of all scopes together.
    RECENT_ENTRIES = 1 << 20,
    // A scope is forgotten no sooner than so long after its last message, ...
    IDLE_MS = 10 * 60 * 1000,
    // ... and so many a frame at most, so that no frame takes long.
    EVICT_MAX = 8,
    EVICT_LOOKED_AT_MAX = 64,
};

struct detect_line {
    const struct policy *policy;
    uint32_t max_scopes;
    struct emitter *emitter;
    struct scopes *scopes;
    struct recent *recent;
    struct fold *fold;
    struct detect *detect;
    struct decide *decide;
    struct detect_counts counts;
    // of the frame in hand
    bool silent;
    void *ticket;
};

// Whether nothing is going on with a scope.
static bool is_uneventful(void *self, int32_t scope)
{
    const struct detect_line *line = self;
    return detect_is_quiet(line->detect, scope) && !decide_has_incident(line->decide, scope);
}

// ... nor has been for a while, so that it may be forgotten.
static bool is_forgettable(void *self, int32_t scope)
{
    const struct detect_line *line = self;
    return fold_log_time_ms(line->fold) - scopes_last_heard_ms(line->scopes, scope) >= IDLE_MS &&
           is_uneventful(self, scope);
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
            .budget = policy->budget,
            .streams = stream_levels_default(),
    };
}

enum err detect_line_create(
        struct detect_line **ret_line, const struct config *config, struct emitter *emitter)
{
    struct detect_line *line = calloc(1, sizeof *line);
    if (line == NULL) {
        return ERR_NO_MEMORY;
    }
    line->emitter = emitter;
    line->policy = &config->policy;
    line->max_scopes = config->detector.max_scopes;
    const struct detect_options detect_options = detect_options_of(&config->policy);
    const struct decide_options decide_options = {
            .policy = &config->policy,
            .detector_version = DETECTOR_VERSION,
            .max_incidents = config->detector.max_incidents,
    };
    const struct recent_options recent_options = {
            .max_entries = RECENT_ENTRIES, .is_quiet = is_uneventful, .self = line};
    enum err e = scopes_create(&line->scopes, config->detector.max_scopes);
    if (e == ERR_NONE) {
        e = recent_create(&line->recent, &recent_options);
    }
    if (e == ERR_NONE) {
        e = fold_create(
                &line->fold, line->scopes, line->recent, config->policy.split_by_channel);
    }
    if (e == ERR_NONE) {
        e = detect_create(&line->detect, &detect_options, line->recent);
    }
    if (e == ERR_NONE) {
        e = decide_create(&line->decide, &decide_options, line->scopes, line->recent);
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
        decide_destroy(line->decide);
        detect_destroy(line->detect);
        fold_destroy(line->fold);
        recent_destroy(line->recent);
        scopes_destroy(line->scopes);
        free(line);
    }
}

static enum err take_alert(void *self, const struct alert_action *alert)
{
    struct detect_line *line = self;
    if (line->silent) {
        return ERR_NONE;
    }
    line->counts.alerts++;
    return emit_alert(line->emitter, alert, line->ticket);
}

static enum err take_command(void *self, const struct command_action *command)
{
    struct detect_line *line = self;
    if (line->silent) {
        return ERR_NONE;
    }
    line->counts.commands += command->kind != COMMAND_EXPIRED;
    return emit_command(line->emitter, command, line->ticket);
}

static void take_explained(
        void *self, int32_t parent, int32_t child, uint32_t share_num, uint32_t share_den)
{
    struct detect_line *line = self;
    detect_subtract(line->detect, parent, child, share_num, share_den);
}

static void take_closed(void *self, int32_t scope)
{
    struct detect_line *line = self;
    detect_reset(line->detect, scope);
}

static void take_alarmed(void *self, int32_t scope)
{
    struct detect_line *line = self;
    detect_spoil(line->detect, scope);
}

static int64_t heard(void *self, int32_t scope)
{
    const struct detect_line *line = self;
    return fold_scope_counts(line->fold, scope).judged;
}

static int64_t ratio(void *self, int32_t scope, unsigned node)
{
    const struct detect_line *line = self;
    return detect_ratio(line->detect, scope, node);
}

static struct decision_taker taker_of(struct detect_line *line)
{
    return (struct decision_taker){take_alert, take_command, take_explained, take_closed,
            take_alarmed, heard, ratio, line};
}

static enum tier tier_of(const void *self, int32_t scope)
{
    const struct detect_line *line = self;
    return decide_tier(line->decide, scope);
}

// The leaf that brought a row its messages; a row of several has the first.
static const struct leaf_delta *leaf_of_row(const struct delta *delta, const struct scope_delta *row)
{
    int32_t at = (int32_t)(row - delta->scopes);
    uint32_t i = 0;
    while (delta->leaves[i].uses[row->kind].row != at) {
        i++;
    }
    return &delta->leaves[i];
}

static bool is_unregistered(
        const struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    int32_t vendor = leaf_of_row(delta, row)->uses[SCOPE_VENDOR].row;
    if (vendor < 0) {
        return false;
    }
    const struct scope_name name = scopes_name(line->scopes, delta->scopes[vendor].scope);
    return vendors_is_stranger(&line->policy->vendors, name.tenant_id, name.id);
}

// Whether quarantine stands against the history of the scope and of its vendor and tenant.
static bool quarantine_stands(const struct detect_line *line, const struct delta *delta,
        const struct scope_delta *row, const struct bank_reading *reading)
{
    const struct leaf_delta *leaf = leaf_of_row(delta, row);
    for (unsigned kind = row->kind; kind < SCOPE_KIND_COUNT; kind++) {
        int32_t at = leaf->uses[kind].row;
        if (at < 0 || (kind != row->kind && kind < SCOPE_VENDOR)) {
            continue;
        }
        struct fold_history history = fold_scope_history(line->fold, delta->scopes[at].scope);
        if (!detect_stands(
                    line->detect, row->scope, reading, history.judged, history.misdirected)) {
            return false;
        }
    }
    return true;
}

// What one scope's bank says now, and what follows.
static enum err decide_bank(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    if (row->fresh + row->guarded == 0) {
        return ERR_NONE; // only a misdirected message can raise a tier (B4)
    }
    const struct scope_name name = scopes_name(line->scopes, row->scope);
    enum tier present = decide_tier(line->decide, row->scope);
    enum tier highest = TIER_STOP;
    while (highest > present) {
        struct bank_reading reading = detect_read(line->detect, row->scope, row->kind, highest);
        if (reading.tier <= present) {
            return ERR_NONE;
        }
        if (reading.tier >= TIER_QUARANTINE && !quarantine_stands(line, delta, row, &reading)) {
            highest = TIER_ALERT;
            continue;
        }
        struct evidence evidence;
        detect_evidence(line->detect, row->scope, &name, &reading, &evidence);
        evidence.vendor_is_unregistered = is_unregistered(line, delta, row);
        enum tier admitted = decide_admit(line->decide, delta, row, reading.tier, &evidence);
        if (admitted == reading.tier) {
            const struct decision_taker taker = taker_of(line);
            return decide_raise(line->decide, delta, row, admitted, &evidence, &taker);
        }
        highest = admitted; // the evidence of the lower tier may be another node's
    }
    return ERR_NONE;
}

static enum err raise_stream(struct detect_line *line, const struct delta *delta,
        const struct scope_delta *row, enum tier tier, struct evidence *evidence)
{
    const struct decision_taker taker = taker_of(line);
    evidence->vendor_is_unregistered = is_unregistered(line, delta, row);
    return decide_raise_stream(line->decide, delta, row, tier, evidence, &taker);
}

static enum err decide_streams(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    struct stream_reading reading = detect_read_streams(line->detect, row->scope);
    if (reading.tier <= decide_tier(line->decide, row->scope)) {
        return ERR_NONE;
    }
    const struct scope_name name = scopes_name(line->scopes, row->scope);
    struct evidence evidence;
    detect_stream_evidence(line->detect, row->scope, &name, &reading, &evidence);
    return raise_stream(line, delta, row, reading.tier, &evidence);
}

// A rule, no statistic: the first message of a vendor that is not on the list, and a scope whose
// healthy rate has moved to twice its own of 30 days.
static enum err decide_rules(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    const char *rule = NULL;
    if (row->kind == SCOPE_VENDOR && row->is_new && is_unregistered(line, delta, row)) {
        rule = "unregistered_vendor";
    } else if (detect_has_moved(line->detect, row->scope)) {
        rule = "baseline_moved";
    }
    if (rule == NULL || decide_tier(line->decide, row->scope) >= TIER_ALERT) {
        return ERR_NONE;
    }
    const struct frame *frame = delta->frame;
    struct fold_counts counts = fold_scope_counts(line->fold, row->scope);
    struct evidence evidence = {
            .scope = scopes_name(line->scopes, row->scope),
            .stream = rule,
            .node = rule,
            .judged = counts.judged,
            .misdirected = counts.misdirected,
            .estimated_rate_millionths =
                    counts.judged > 0 ? counts.misdirected * 1000000 / counts.judged : 0,
            .interval_millionths = {0, 1000000},
            .change_point = {row->last_occurred_at_ms, frame->source_topic,
                    frame->source_partition, frame->to_offset - 1, VIEW_NONE},
    };
    return raise_stream(line, delta, row, TIER_ALERT, &evidence);
}

static enum err decide_row(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    enum err e = decide_bank(line, delta, row);
    if (e == ERR_NONE) {
        e = decide_streams(line, delta, row);
    }
    if (e == ERR_NONE) {
        e = decide_rules(line, delta, row);
    }
    if (e == ERR_NONE && decide_has_incident(line->decide, row->scope)) {
        const struct decision_taker taker = taker_of(line);
        bool is_calm = detect_is_calm(line->detect, row->scope);
        e = decide_follow(line->decide, delta, row, is_calm, &taker);
    }
    return e;
}

// Forgets scopes that have been idle and healthy for a while, before the table is full.
static void evict(struct detect_line *line)
{
    for (unsigned i = 0; i < EVICT_MAX; i++) {
        if (scopes_count(line->scopes) < line->max_scopes - line->max_scopes / 8) {
            return;
        }
        int32_t scope =
                scopes_next_victim(line->scopes, is_forgettable, line, EVICT_LOOKED_AT_MAX);
        if (scope == SCOPE_NONE) {
            return;
        }
        detect_drop(line->detect, scope);
        fold_drop(line->fold, scope);
        recent_drop_scope(line->recent, scope);
        scopes_release(line->scopes, scope);
        line->counts.scopes_evicted++;
    }
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
    if (!delta.applied) {
        return ERR_NONE;
    }
    const struct decision_taker taker = taker_of(line);
    const struct detect_asks asks = {tier_of, line};
    e = decide_expire(line->decide, &delta, &taker);
    if (e == ERR_NONE) {
        decide_count(line->decide, &delta);
        e = detect_delta(line->detect, &delta, &asks);
    }
    for (uint32_t i = 0; i < delta.scope_count && e == ERR_NONE; i++) {
        e = decide_row(line, &delta, &delta.scopes[i]);
    }
    if (e == ERR_NONE) {
        evict(line);
    }
    return e;
}

struct detect_counts detect_line_counts(const struct detect_line *line)
{
    struct detect_counts counts = line->counts;
    counts.gaps = fold_gaps(line->fold);
    counts.scopes = scopes_count(line->scopes);
    counts.scopes_overflowed = scopes_overflowed(line->scopes);
    counts.incidents = decide_open_incidents(line->decide);
    counts.incidents_overflowed = decide_overflowed(line->decide);
    return counts;
}

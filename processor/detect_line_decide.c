// What one scope says, and what follows: the detect and decide part of the line's way.
#include <string.h>

#include "detect/interval.h"
#include "detect_line_inside.h"

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
    bool was_told = line->told.sequence != NULL && command->target == TARGET_SCOPE &&
                    line->told.sequence(line->told.self, &command->scope) >= command->sequence;
    if (line->silent || was_told) {
        return ERR_NONE;
    }
    line->counts.commands += command->kind != COMMAND_EXPIRED;
    return emit_command(line->emitter, command, line->ticket);
}

static enum err take_control_state(void *self, const struct control_state_action *state)
{
    struct detect_line *line = self;
    return line->silent ? ERR_NONE : emit_control_state(line->emitter, state, line->ticket);
}

static void take_explained(
        void *self, int32_t parent, int32_t child, uint32_t share_num, uint32_t share_den)
{
    struct detect_line *line = self;
    detect_subtract(line->detect, parent, child, share_num, share_den);
    fold_explain(line->fold, parent, child);
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

static bool window(void *self, int32_t scope, unsigned node, struct window *ret_window)
{
    const struct detect_line *line = self;
    return detect_window(line->detect, scope, node, ret_window);
}

static void interval(void *self, int64_t misdirected, int64_t judged, int64_t ret_millionths[2])
{
    (void)self;
    interval_jeffreys(misdirected, judged, ret_millionths);
}

struct decision_taker line_taker(struct detect_line *line)
{
    return (struct decision_taker){take_alert, take_command, take_control_state, take_explained,
            take_closed, take_alarmed, heard, ratio, window, interval, line};
}

static enum tier tier_of(const void *self, int32_t scope)
{
    const struct detect_line *line = self;
    return decide_tier(line->decide, scope);
}

static struct policy_settings settings_of_leaf(
        const struct detect_line *line, const struct leaf_key *key)
{
    const struct policy_subject subject = {.tenant_id = key->ids[SCOPE_TENANT],
            .vendor_id = key->ids[SCOPE_VENDOR],
            .channel = key->channel};
    struct policy_settings settings;
    policy_settings_of(line->policy, &subject, &settings);
    return settings;
}

// The level between the tenant's, vendor's or channel's own floor and ceiling.
static unsigned level_by_policy(const void *self, const struct leaf_key *key, unsigned learnt)
{
    const struct policy_settings settings = settings_of_leaf(self, key);
    unsigned ceiling = settings.ceiling_rate_millionths > 0
                               ? table_level_up((int64_t)settings.ceiling_rate_millionths * 1000)
                               : learnt;
    unsigned floor = settings.floor_rate_millionths > 0
                             ? table_level_up((int64_t)settings.floor_rate_millionths * 1000)
                             : 0;
    unsigned level = learnt < ceiling ? learnt : ceiling;
    return level > floor ? level : floor;
}

static bool streams_differ(const struct detect_line *line)
{
    return policy_differs_in(line->policy, RULE_PART(RULE_SETS_STREAMS));
}

// What messages of a leaf may raise notices and alerts by, of whichever of their scopes.
static source_set sources_by_policy(const void *self, const struct leaf_key *key)
{
    return settings_of_leaf(self, key).streams;
}

struct detect_asks line_detect_asks(const struct detect_line *line)
{
    const uint32_t rates = RULE_PART(RULE_SETS_FLOOR_RATE) | RULE_PART(RULE_SETS_CEILING_RATE);
    return (struct detect_asks){tier_of, line,
            policy_differs_in(line->policy, rates) ? level_by_policy : NULL,
            streams_differ(line) ? sources_by_policy : NULL};
}

struct side_asks line_side_asks(struct detect_line *line)
{
    return (struct side_asks){heard, line, streams_differ(line) ? sources_by_policy : NULL};
}

// The leaf that brought a row its messages; a row of several has the first.
static const struct leaf_delta *leaf_of_row(
        const struct delta *delta, const struct scope_delta *row)
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

// What may raise notices and alerts of a row's scope beside the verdicts: of a vendor or tenant, which may
// have fallen silent, by its name; of a narrower scope what any of its messages of this frame may. Most of
// what streams are about is not misdirected, so that nobody remembers its vendor and channel.
static source_set sources_of(
        const struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    if (!streams_differ(line)) {
        return line->policy->streams;
    }
    if (row->kind >= SCOPE_VENDOR) {
        const struct scope_name name = scopes_name(line->scopes, row->scope);
        struct leaf_key key = {.channel = name.channel};
        key.ids[row->kind] = name.id;
        key.ids[SCOPE_TENANT] = name.tenant_id;
        return sources_by_policy(line, &key);
    }
    int32_t at = (int32_t)(row - delta->scopes);
    source_set sources = 0;
    for (uint32_t i = 0; i < delta->leaf_count; i++) {
        if (delta->leaves[i].uses[row->kind].row == at) {
            sources |= sources_by_policy(line, &delta->frame->leaves[i].key);
        }
    }
    return sources;
}

static struct detect_history history_of(const struct detect_line *line, int32_t scope)
{
    struct fold_history history = fold_scope_history(line->fold, scope);
    return (struct detect_history){.judged = history.judged,
            .misdirected = history.misdirected,
            .heard = fold_scope_counts(line->fold, scope).judged};
}

static int32_t scope_used(
        const struct delta *delta, const struct leaf_delta *leaf, enum scope_kind kind)
{
    int32_t at = leaf->uses[kind].row;
    return at < 0 ? SCOPE_NONE : delta->scopes[at].scope;
}

// Whether quarantine stands against the history of the scope and of its vendor and tenant, and alert
// against that of the vendor and tenant.
static bool reading_stands(const struct detect_line *line, const struct delta *delta,
        const struct scope_delta *row, const struct bank_reading *reading)
{
    const struct leaf_delta *leaf = leaf_of_row(delta, row);
    for (unsigned kind = row->kind; kind < SCOPE_KIND_COUNT; kind++) {
        int32_t at = leaf->uses[kind].row;
        bool counts =
                kind >= SCOPE_VENDOR || (kind == row->kind && reading->tier >= TIER_QUARANTINE);
        if (at < 0 || !counts || reading->tier < TIER_ALERT) {
            continue;
        }
        struct detect_history history = history_of(line, delta->scopes[at].scope);
        history.is_own = kind == row->kind;
        if (!detect_stands(line->detect, row->scope, reading, &history)) {
            return false;
        }
    }
    return detect_is_unusual(line->detect, row->scope, row->kind,
            scope_used(delta, leaf, SCOPE_VENDOR), scope_used(delta, leaf, SCOPE_TENANT), reading);
}

// What one scope's bank says now, and what follows.
static enum err decide_bank(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    if (row->fresh + row->guarded == 0) {
        return ERR_NONE; // only a misdirected message can raise a tier (B4)
    }
    const struct scope_name name = scopes_name(line->scopes, row->scope);
    const struct decision_taker taker = line_taker(line);
    const bool has_own = policy_differs_in(line->policy, RULE_PART(RULE_SETS_BUDGET));
    const struct detect_budget budget = {
            has_own ? decide_row_settings(line->decide, delta, row).budget : line->policy->budget,
            decide_is_on_probation(line->decide, row->scope, delta->log_time_ms)};
    enum tier present = decide_tier(line->decide, row->scope);
    enum tier highest = decide_is_suspended(line->decide) ? TIER_ALERT : TIER_STOP;
    while (highest > present) {
        struct bank_reading reading =
                detect_read(line->detect, row->scope, row->kind, budget, highest);
        if (reading.tier <= present) {
            return ERR_NONE;
        }
        if (!reading_stands(line, delta, row, &reading)) {
            highest = reading.tier - 1;
            continue;
        }
        struct evidence evidence;
        detect_evidence(line->detect, row->scope, &name, &reading, &evidence);
        evidence.vendor_is_unregistered = is_unregistered(line, delta, row);
        const struct detect_history history = history_of(line, row->scope);
        bool is_cold = detect_is_cold(line->detect, row->scope, &reading, &history);
        struct hearing hearing;
        decide_hear(line->decide, delta, row, &evidence, &taker, &hearing);
        enum tier admitted = decide_admit(line->decide, &hearing, reading.tier, is_cold);
        if (admitted == reading.tier) {
            return decide_raise(line->decide, &hearing, admitted);
        }
        highest = admitted; // the evidence of the lower tier may be another node's
    }
    return ERR_NONE;
}

static enum err raise_stream(struct detect_line *line, const struct delta *delta,
        const struct scope_delta *row, enum tier tier, struct evidence *evidence)
{
    const struct decision_taker taker = line_taker(line);
    return decide_raise_stream(line->decide, delta, row, tier, evidence, &taker);
}

static enum err decide_streams(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    const enum tier present = decide_tier(line->decide, row->scope);
    struct stream_reading reading = detect_read_streams(line->detect, row->scope, SOURCES_ALL);
    if (reading.tier > present) {
        reading = detect_read_streams(line->detect, row->scope, sources_of(line, delta, row));
    }
    if (reading.tier <= present) {
        return ERR_NONE;
    }
    const struct scope_name name = scopes_name(line->scopes, row->scope);
    struct evidence evidence;
    detect_stream_evidence(line->detect, row->scope, &name, &reading, &evidence);
    evidence.vendor_is_unregistered = is_unregistered(line, delta, row);
    return raise_stream(line, delta, row, reading.tier, &evidence);
}

// Where a frame is, for evidence that has no message of its own.
static struct message_position frame_position(
        const struct delta *delta, const struct scope_delta *row)
{
    const struct frame *frame = delta->frame;
    int64_t at_ms = row->last_occurred_at_ms > 0 ? row->last_occurred_at_ms : delta->log_time_ms;
    return (struct message_position){
            at_ms, frame->source_topic, frame->source_partition, frame->to_offset - 1, VIEW_NONE};
}

// Volume and complaints.
static enum err decide_side(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    if (!side_has_news(line->side, row->scope)) {
        return ERR_NONE;
    }
    const struct scope_name name = scopes_name(line->scopes, row->scope);
    struct evidence evidence;
    enum tier tier = side_read(line->side, &name, row, sources_of(line, delta, row),
            decide_tier(line->decide, row->scope), &evidence);
    if (tier == TIER_NONE) {
        return ERR_NONE;
    }
    evidence.change_point = frame_position(delta, row);
    return raise_stream(line, delta, row, tier, &evidence);
}

// A rule, no statistic: the first message of a vendor that is not on the list, and a scope whose
// healthy rate has moved to twice its own of 30 days.
static enum err decide_rules(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    const char *rule = NULL;
    source_set source = SOURCE_BIT(SOURCE_UNREGISTERED_VENDOR);
    if (row->kind == SCOPE_VENDOR && row->is_new && is_unregistered(line, delta, row)) {
        rule = "unregistered_vendor";
    } else if (detect_has_moved(line->detect, row->scope)) {
        rule = "baseline_moved";
        source = SOURCE_BIT(SOURCE_BASELINE_MOVED);
    }
    if (rule == NULL || decide_tier(line->decide, row->scope) >= TIER_ALERT ||
            (sources_of(line, delta, row) & source) == 0) {
        return ERR_NONE;
    }
    struct fold_counts counts = fold_scope_counts(line->fold, row->scope);
    struct evidence evidence = {
            .scope = scopes_name(line->scopes, row->scope),
            .stream = rule,
            .node = rule,
            .judged = counts.judged,
            .misdirected = counts.misdirected,
            .estimated_rate_millionths =
                    counts.judged > 0 ? counts.misdirected * 1000000 / counts.judged : 0,
            .change_point = frame_position(delta, row),
    };
    evidence.vendor_is_unregistered = is_unregistered(line, delta, row);
    return raise_stream(line, delta, row, TIER_ALERT, &evidence);
}

enum err line_decide_row(
        struct detect_line *line, const struct delta *delta, const struct scope_delta *row)
{
    enum err e = decide_bank(line, delta, row);
    if (e == ERR_NONE) {
        e = decide_streams(line, delta, row);
    }
    if (e == ERR_NONE) {
        e = decide_rules(line, delta, row);
    }
    if (e == ERR_NONE) {
        e = decide_side(line, delta, row);
    }
    if (e == ERR_NONE) {
        const struct decision_taker taker = line_taker(line);
        e = decide_follow_release(line->decide, delta, row, &taker);
    }
    if (e == ERR_NONE && decide_has_incident(line->decide, row->scope)) {
        const struct decision_taker taker = line_taker(line);
        const source_set sources = sources_of(line, delta, row);
        bool is_calm = detect_is_calm(line->detect, row->scope, sources) &&
                       ((sources & SOURCE_BIT(SOURCE_COMPLAINTS)) == 0 ||
                               side_is_calm(line->side, row->scope));
        e = decide_follow(line->decide, delta, row, is_calm, &taker);
    }
    return e;
}

enum err line_decide_silent(struct detect_line *line, const struct delta *delta)
{
    int32_t scope = side_next_silent(line->side, delta->log_time_ms);
    if (scope == SCOPE_NONE) {
        return ERR_NONE;
    }
    const struct scope_delta row = {.scope = scope,
            .kind = scopes_name(line->scopes, scope).kind,
            .first_entry = -1,
            .last_entry = -1};
    return decide_side(line, delta, &row);
}

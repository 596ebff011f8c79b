#include "decide/decide_drill.h"

#include <string.h>

#include "decide/decide_control.h"
#include "model/drill.h"

#define MESSAGES_MAX (INT64_C(1) << 40) // more than a drill can count; either way

// --- beginning --------------------------------------------------------------------------------

// A drill's campaign has the name of the record that begins it: no two drills have the same, and
// nobody's record names another one's.
static bool is_own_scope(const struct control *control)
{
    const struct scope_name *scope = &control->scope;
    return control->object == CONTROL_OF_SCOPE && scope->kind == SCOPE_CAMPAIGN &&
           tenant_is_drill(scope->tenant_id) && view_is_none(scope->channel) &&
           view_equal(scope->id, control->control_id);
}

static struct ruling refuse(const char *why)
{
    struct ruling ruling = control_refuse(why);
    ruling.is_everywhere = true;
    return ruling;
}

static void drill_begin(struct drill *drill, int32_t scope, const struct order *order)
{
    struct view operator_id = order->control->operator_id;
    *drill = (struct drill){.scope = scope,
            .operator_bytes = (uint32_t)operator_id.n,
            .opened_ms = order->delta->log_time_ms};
    memcpy(drill->operator_text, operator_id.p,
            operator_id.n); // decide_control.c sees to its length
}

enum err control_drill(struct decide *decide, const struct order *order, struct ruling *ret_ruling)
{
    struct drills *drills = &decide->drills;
    const struct scope_name *name = &order->control->scope;
    if (!is_own_scope(order->control)) {
        *ret_ruling = refuse("no_drill_scope");
        return ERR_NONE;
    }
    if (drills->count == DRILL_MAX) {
        *ret_ruling = refuse("too_many_drills");
        return ERR_NONE;
    }
    int32_t scope;
    enum err e = scopes_intern(
            decide->scopes, name->kind, name->tenant_id, name->id, name->channel, &scope);
    if (e != ERR_NONE || scope == SCOPE_NONE) {
        *ret_ruling = refuse("too_many_scopes");
        return e == ERR_CEILING ? ERR_NONE : e;
    }
    if (scopes_last_heard_ms(decide->scopes, scope) > 0) {
        *ret_ruling = refuse("messages_before");
        return ERR_NONE;
    }
    // Touched, so that it is not forgotten before its messages come.
    scopes_touch(decide->scopes, scope, order->delta->log_time_ms);
    drill_begin(&drills->open[drills->count++], scope, order);
    *ret_ruling = (struct ruling){.state = OUTCOME_APPLIED,
            .why = "drill_begun",
            .has_scope = true,
            .scope = *name,
            .expires_at_ms = order->delta->log_time_ms + DRILL_MS};
    return ERR_NONE;
}

// --- telling ----------------------------------------------------------------------------------

// A chunk that is judged again may take back more than was heard of since the drill began.
static int64_t at_least_none(int64_t messages)
{
    return messages > 0 ? messages : 0;
}

static struct drill_news news_of(const struct drill *drill, const struct delta *delta, bool is_held)
{
    return (struct drill_news){
            .operator_id = {drill->operator_text, drill->operator_bytes},
            .is_detected = is_held,
            .opened_ms = drill->opened_ms,
            .first_message_ms = drill->first_message_ms,
            .first_judged_ms = drill->first_judged_ms,
            .detected_ms = drill->detected_ms,
            .held_ms = is_held ? delta->log_time_ms : 0,
            .judged = at_least_none(drill->judged),
            .misdirected = at_least_none(drill->misdirected),
            .unknown = at_least_none(drill->unknown),
    };
}

static enum err tell_drill(struct decide *decide, const struct delta *delta,
        const struct drill *drill, bool is_held, const struct decision_taker *taker)
{
    const struct incident *incident = incidents_of(decide->incidents, drill->scope);
    const struct scope_name name = scopes_name(decide->scopes, drill->scope);
    struct alert_action alert = {
            .incident_id = incident != NULL ? incident->id : incident_control_digest(name.id),
            .kind = ALERT_DRILL_COMPLETED,
            .tier = incidents_tier(decide->incidents, drill->scope),
            .scope = name,
            .occurred_at_ms = delta->log_time_ms,
            .drill = news_of(drill, delta, is_held),
            .policy_version = view_of(decide->options.policy->version),
            .detector_version = view_of(decide->options.detector_version),
            .assume_complete = decide->options.policy->assume_complete,
    };
    enum err e = incident_make_step_id(&decide->id_text, "drill", &alert.incident_id, &name,
            alert.tier, delta->sequence, &alert.alert_id);
    return e != ERR_NONE ? e : taker->alert(taker->self, &alert);
}

// --- following --------------------------------------------------------------------------------

static int64_t earlier(int64_t at_ms, int64_t than_ms)
{
    return than_ms == 0 || (at_ms > 0 && at_ms < than_ms) ? at_ms : than_ms;
}

static void drill_count(struct drill *drill, const struct delta *delta)
{
    const struct scope_delta *row = NULL;
    for (uint32_t i = 0; i < delta->scope_count && row == NULL; i++) {
        row = delta->scopes[i].scope == drill->scope ? &delta->scopes[i] : NULL;
    }
    if (row == NULL) {
        return;
    }
    if (drill->first_judged_ms == 0) {
        drill->first_judged_ms = delta->log_time_ms;
    }
    int64_t first_ms = row->last_occurred_at_ms;
    for (uint32_t i = 0; i < delta->entry_count; i++) {
        const struct delta_entry *de = &delta->entries[i];
        if (de->scopes[SCOPE_CAMPAIGN] == drill->scope) {
            first_ms = earlier(de->entry->occurred_at_ms, first_ms);
        }
    }
    drill->first_message_ms = earlier(first_ms, drill->first_message_ms);
    drill->judged += row->judged + row->shadow_judged;
    drill->misdirected += row->misdirected + row->shadow_misdirected;
    drill->unknown += row->unknown;
}

// A hold that a person has commanded is nothing that was detected.
static bool is_held(const struct decide *decide, int32_t scope)
{
    const struct hold *hold = incidents_hold_of(decide->incidents, scope);
    return hold != NULL && !hold->is_commanded;
}

// What it has raised does not stay open for want of messages that could close it.
static enum err close_missed(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct decision_taker *taker)
{
    const struct incident *incident = incidents_of(decide->incidents, scope);
    return incident == NULL || incident->held_count > 0
                   ? ERR_NONE
                   : decide_end_hold(decide, delta, scope, taker);
}

static enum err drill_follow(struct decide *decide, const struct delta *delta, struct drill *drill,
        const struct decision_taker *taker, bool *ret_is_over)
{
    drill_count(drill, delta);
    if (drill->detected_ms == 0 && incidents_tier(decide->incidents, drill->scope) > TIER_NONE) {
        drill->detected_ms = delta->log_time_ms;
    }
    bool held = is_held(decide, drill->scope);
    *ret_is_over = held || delta->log_time_ms - drill->opened_ms >= DRILL_MS;
    if (!*ret_is_over) {
        return ERR_NONE;
    }
    enum err e = tell_drill(decide, delta, drill, held, taker);
    return e != ERR_NONE || held ? e : close_missed(decide, delta, drill->scope, taker);
}

enum err decide_drill_follow(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    struct drills *drills = &decide->drills;
    enum err e = ERR_NONE;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < drills->count; i++) {
        bool is_over = false;
        if (e == ERR_NONE) {
            e = drill_follow(decide, delta, &drills->open[i], taker, &is_over);
        }
        if (!is_over) {
            drills->open[kept++] = drills->open[i];
        }
    }
    drills->count = kept;
    return e;
}

uint32_t decide_open_drills(const struct decide *decide)
{
    return decide->drills.count;
}

// --- saving and restoring ---------------------------------------------------------------------

static bool is_drill_scope(const struct scopes *scopes, int32_t scope)
{
    if (scope < 0 || (uint32_t)scope >= scopes_end(scopes) || !scopes_is_live(scopes, scope)) {
        return false;
    }
    const struct scope_name name = scopes_name(scopes, scope);
    return name.kind == SCOPE_CAMPAIGN && tenant_is_drill(name.tenant_id);
}

static void drill_archive(struct archive *archive, struct drill *drill, const struct scopes *scopes)
{
    struct view operator_id = {drill->operator_text, drill->operator_bytes};
    archive_i32(archive, &drill->scope, 0, INT32_MAX);
    if (archive_is_good(archive) && !is_drill_scope(scopes, drill->scope)) {
        archive_fail(archive, ERR_DATA, "drills: a scope that is no drill's");
    }
    archive_view(archive, &operator_id, OPERATOR_BYTES_MAX);
    int64_t *const times[] = {&drill->opened_ms, &drill->first_message_ms, &drill->first_judged_ms,
            &drill->detected_ms};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        archive_i64(archive, times[i], 0, INT64_MAX);
    }
    archive_i64(archive, &drill->judged, -MESSAGES_MAX, MESSAGES_MAX);
    archive_i64(archive, &drill->misdirected, -MESSAGES_MAX, MESSAGES_MAX);
    archive_i64(archive, &drill->unknown, -MESSAGES_MAX, MESSAGES_MAX);
    if (archive_reads(archive) && archive_is_good(archive) && operator_id.n > 0) {
        memcpy(drill->operator_text, operator_id.p, operator_id.n);
        drill->operator_bytes = (uint32_t)operator_id.n;
    }
}

void drills_archive(struct archive *archive, struct drills *drills, const struct scopes *scopes)
{
    archive_mark(archive, "drills");
    uint32_t count = archive_count(archive, drills->count, DRILL_MAX);
    for (uint32_t i = 0; i < count; i++) {
        drill_archive(archive, &drills->open[i], scopes);
    }
    drills->count = archive_is_good(archive) ? count : 0;
}

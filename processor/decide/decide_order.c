// What people command of scopes and incidents: which scopes that is, and what is ruled.
#include "common/room.h"
#include "decide/decide_control.h"

// --- what a command is about --------------------------------------------------------------------

static enum err list_add(struct scope_list *list, int32_t scope)
{
    int32_t *scopes = room_for_row(list->scopes, list->count, &list->capacity, 16, sizeof *scopes);
    if (scopes == NULL) {
        return ERR_NO_MEMORY;
    }
    list->scopes = scopes;
    list->scopes[list->count++] = scope;
    return ERR_NONE;
}

// The scopes of an incident that are held, or those that are not.
static enum err list_incident(struct decide *decide, const struct incident *incident, bool are_held)
{
    enum err e = ERR_NONE;
    for (int32_t scope = incident->first_scope; scope != SCOPE_NONE && e == ERR_NONE;
            scope = incidents_next(decide->incidents, scope)) {
        if (incidents_is_holding(decide->incidents, scope) == are_held) {
            e = list_add(&decide->named, scope);
        }
    }
    return e;
}

// Whether that is why the incident was raised: its likely cause, or a reason that half of its
// misdirected messages or more have.
static bool is_because_of(const struct incident *incident, struct view rule)
{
    const struct told *told = incident->told;
    if (told == NULL) {
        return false;
    }
    if (told->cause_count > 0 && view_equal(told->causes[0].name, rule)) {
        return true;
    }
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        if (view_is(rule, reason_names[reason])) {
            return told->reasons[reason] > 0 &&
                   told->reasons[reason] * UINT64_C(2) >= told->because.messages;
        }
    }
    return false;
}

static bool is_of_rule(
        const struct decide *decide, const struct hold *hold, const struct control *control)
{
    const struct incident *incident = incidents_of(decide->incidents, hold->scope);
    if (incident == NULL || !is_because_of(incident, control->rule)) {
        return false;
    }
    const struct scope_name name = scopes_name(decide->scopes, hold->scope);
    return control_is_everywhere(control) || view_equal(name.tenant_id, control->scope.tenant_id);
}

// Holds by the rule that a command names.
static enum err list_holds(struct decide *decide, const struct control *control)
{
    const struct hold *hold;
    uint32_t at = 0;
    enum err e = ERR_NONE;
    while (e == ERR_NONE && (hold = incidents_hold_after(decide->incidents, &at)) != NULL) {
        e = is_of_rule(decide, hold, control) ? list_add(&decide->named, hold->scope) : ERR_NONE;
    }
    return e;
}

// The scope that a command names, known or not yet. `*ret_why` says why there is none.
static enum err find_scope(struct decide *decide, const struct scope_name *name, int32_t *ret_scope,
        const char **ret_why)
{
    bool is_tenant = name->kind == SCOPE_TENANT;
    if (name->tenant_id.n == 0 || name->id.n == 0 ||
            (is_tenant && !view_equal(name->id, name->tenant_id))) {
        *ret_why = "no_such_scope";
        return ERR_NONE;
    }
    // No message would be of it, and nobody would be stopped.
    if (!view_is_none(name->channel) &&
            (decide->options.policy->split_by_channel >> name->kind & 1) == 0) {
        *ret_why = "not_split_by_channel";
        return ERR_NONE;
    }
    enum err e = scopes_intern(
            decide->scopes, name->kind, name->tenant_id, name->id, name->channel, ret_scope);
    if (e == ERR_CEILING) {
        *ret_why = "too_long";
        return ERR_NONE;
    }
    *ret_why = *ret_scope == SCOPE_NONE ? "too_many_scopes" : NULL;
    return e;
}

// Fills in which incident it is that something is ruled of.
static void ruling_of_incident(struct ruling *ruling, const struct incident *incident)
{
    if (incident != NULL) {
        ruling->has_incident = true;
        ruling->incident_id = incident->id;
        ruling->impact = tell_impact(incident);
        ruling->tier = incident->tier;
    }
}

static void ruling_of_scope(const struct decide *decide, struct ruling *ruling,
        const struct control *control, int32_t scope)
{
    ruling_of_incident(ruling, incidents_of(decide->incidents, scope));
    ruling->has_scope = true;
    ruling->scope = control->scope;
}

struct incident *decide_find_incident(const struct decide *decide, const struct digest_id *id)
{
    uint32_t at = 0;
    struct incident *incident;
    while ((incident = incidents_open_after(decide->incidents, &at)) != NULL) {
        if (memcmp(incident->id.bytes, id->bytes, sizeof id->bytes) == 0) {
            return incident;
        }
    }
    return NULL;
}

// --- holds ------------------------------------------------------------------------------------

// Whom a command is about, as far as it names it.
static struct policy_subject subject_of(const struct decide *decide, const struct control *control)
{
    struct scope_name name = control->scope;
    bool is_scope = control->object == CONTROL_OF_SCOPE;
    if (control->object == CONTROL_OF_INCIDENT) {
        const struct incident *incident = decide_find_incident(decide, &control->incident_id);
        is_scope = incident != NULL;
        name = is_scope ? scopes_name(decide->scopes, incident->root) : name;
    }
    return (struct policy_subject){.tenant_id = name.tenant_id,
            .vendor_id = is_scope && name.kind == SCOPE_VENDOR ? name.id : VIEW_NONE,
            .channel = is_scope ? name.channel : VIEW_NONE};
}

int64_t control_until_ms(const struct decide *decide, const struct order *order, int64_t default_ms)
{
    int64_t now_ms = order->delta->log_time_ms;
    int64_t until_ms = order->control->expires_at_ms;
    if (until_ms == 0) {
        until_ms = now_ms + default_ms;
    } else if (until_ms <= now_ms) {
        return 0;
    }
    const struct policy_subject subject = subject_of(decide, order->control);
    struct policy_settings settings;
    policy_settings_of(decide->options.policy, &subject, &settings);
    int64_t latest_ms = now_ms + settings.operator_hold_max_ms;
    return until_ms < latest_ms ? until_ms : latest_ms;
}

// What a held scope does is no lesson, and what it explains is taken off the wider ones.
static void set_apart(struct decide *decide, const struct order *order, int32_t scope)
{
    const struct step step = {.delta = order->delta,
            .scope = scope,
            .name = scopes_name(decide->scopes, scope),
            .taker = order->taker,
            .tenant = SCOPE_NONE};
    order->taker->alarmed(order->taker->self, scope);
    decide_explain_parents(decide, &step, false);
}

// Whoever commands something about an incident's scope knows of the incident.
static void know(struct decide *decide, const struct order *order)
{
    for (uint32_t i = 0; i < decide->named.count; i++) {
        struct incident *incident = incidents_of(decide->incidents, decide->named.scopes[i]);
        if (incident != NULL) {
            incidents_acknowledge(
                    incident, view_trim(order->control->operator_id), order->delta->log_time_ms);
        }
    }
}

static enum err hold_all(
        struct decide *decide, const struct order *order, int64_t until_ms, struct ruling *ruling)
{
    const struct scope_list *named = &decide->named;
    bool was_held = incidents_is_holding(decide->incidents, named->scopes[0]);
    enum err e = ERR_NONE;
    for (uint32_t i = 0; i < named->count && e == ERR_NONE; i++) {
        int32_t scope = named->scopes[i];
        if (!incidents_is_holding(decide->incidents, scope)) {
            set_apart(decide, order, scope);
        }
        e = tell_commanded_hold(
                decide, order->delta, scope, order->control, until_ms, order->taker);
    }
    know(decide, order);
    ruling->state = OUTCOME_APPLIED;
    ruling->why = was_held ? "prolonged" : "held";
    ruling->scope_count = named->count;
    const struct hold *hold =
            e == ERR_NONE ? incidents_hold_of(decide->incidents, named->scopes[0]) : NULL;
    ruling->expires_at_ms = hold != NULL ? hold->until_ms : 0;
    return e;
}

// What a hold is about. `ret_ruling->why` says why there is nothing.
static enum err name_for_hold(
        struct decide *decide, const struct control *control, struct ruling *ret_ruling)
{
    decide->named.count = 0;
    *ret_ruling = control_refuse(NULL);
    if (control->object == CONTROL_OF_SCOPE) {
        int32_t scope = SCOPE_NONE;
        enum err e = find_scope(decide, &control->scope, &scope, &ret_ruling->why);
        if (e != ERR_NONE || ret_ruling->why != NULL) {
            return e;
        }
        ruling_of_scope(decide, ret_ruling, control, scope);
        return list_add(&decide->named, scope);
    }
    if (control->object != CONTROL_OF_INCIDENT) {
        *ret_ruling = control_refuse("not_supported");
        ret_ruling->is_everywhere = true;
        return ERR_NONE;
    }
    const struct incident *incident = decide_find_incident(decide, &control->incident_id);
    if (incident == NULL) {
        *ret_ruling = control_unknown(control, "unknown_incident");
        return ERR_NONE;
    }
    ruling_of_incident(ret_ruling, incident);
    enum err e = list_incident(decide, incident, false);
    ret_ruling->why = decide->named.count == 0 ? "already_held" : NULL;
    return e;
}

enum err control_hold(struct decide *decide, const struct order *order, struct ruling *ret_ruling)
{
    enum err e = name_for_hold(decide, order->control, ret_ruling);
    if (e != ERR_NONE || ret_ruling->why != NULL) {
        return e;
    }
    int64_t until_ms = control_until_ms(decide, order, decide->options.policy->scope_hold_ms);
    if (until_ms == 0) {
        ret_ruling->why = "expires_in_past";
        return ERR_NONE;
    }
    const struct scope_list *named = &decide->named;
    bool needs_two = control_is_wide(decide, named->scopes, named->count);
    if (needs_two && view_is_none(order->confirmed_by)) {
        return control_wait(decide, order, ret_ruling);
    }
    return hold_all(decide, order, until_ms, ret_ruling);
}

// --- releases ---------------------------------------------------------------------------------

// What a release is about: of what it names, what is held.
static enum err name_for_release(
        struct decide *decide, const struct control *control, struct ruling *ret_ruling)
{
    decide->named.count = 0;
    *ret_ruling = control_refuse(NULL);
    enum err e = ERR_NONE;
    switch (control->object) {
    case CONTROL_OF_SCOPE: {
        const struct scope_name *name = &control->scope;
        int32_t scope =
                scopes_find(decide->scopes, name->kind, name->tenant_id, name->id, name->channel);
        ruling_of_scope(decide, ret_ruling, control, scope);
        e = incidents_is_holding(decide->incidents, scope) ? list_add(&decide->named, scope)
                                                           : ERR_NONE;
        break;
    }
    case CONTROL_OF_INCIDENT: {
        const struct incident *incident = decide_find_incident(decide, &control->incident_id);
        if (incident == NULL) {
            *ret_ruling = control_unknown(control, "unknown_incident");
            return ERR_NONE;
        }
        ruling_of_incident(ret_ruling, incident);
        e = list_incident(decide, incident, true);
        break;
    }
    case CONTROL_OF_RULE:
        e = list_holds(decide, control);
        if (decide->named.count == 0) {
            *ret_ruling = control_unknown(control, "not_held"); // it may be in another partition
        }
        ret_ruling->is_everywhere = control_is_everywhere(control);
        break;
    case CONTROL_OF_CONTROL:
    case CONTROL_OF_MESSAGE:
    case CONTROL_OF_RECIPIENT:
    case CONTROL_OBJECT_COUNT:
        break;
    }
    ret_ruling->why = decide->named.count == 0 ? "not_held" : NULL;
    return e;
}

// Some may be on their way to their release already: those are no part of it.
static enum err release_all(struct decide *decide, const struct order *order, struct ruling *ruling)
{
    enum err e = ERR_NONE;
    know(decide, order);
    uint32_t released = 0;
    uint32_t begun = 0;
    for (uint32_t i = 0; i < decide->named.count && e == ERR_NONE; i++) {
        int32_t scope = decide->named.scopes[i];
        const char *refused = NULL;
        e = decide_release_scope(
                decide, order->delta, scope, order->control, order->taker, &refused);
        ruling->why = refused;
        released += refused == NULL;
        begun += refused == NULL && incidents_is_holding(decide->incidents, scope);
    }
    if (released > 0) {
        ruling->state = OUTCOME_APPLIED;
        ruling->why = begun > 0 ? "canary" : "released";
        ruling->scope_count = released;
    }
    return e;
}

enum err control_release(
        struct decide *decide, const struct order *order, struct ruling *ret_ruling)
{
    const struct control *control = order->control;
    enum err e = name_for_release(decide, control, ret_ruling);
    const struct scope_list *named = &decide->named;
    bool needs_two =
            control_is_everywhere(control) || control_is_wide(decide, named->scopes, named->count);
    if (e == ERR_NONE && needs_two && view_is_none(order->confirmed_by)) {
        return control_wait(decide, order, ret_ruling);
    }
    if (e != ERR_NONE || ret_ruling->why != NULL) {
        return e;
    }
    return release_all(decide, order, ret_ruling);
}

// --- acknowledgements -------------------------------------------------------------------------

enum err control_acknowledge(
        struct decide *decide, const struct order *order, struct ruling *ret_ruling)
{
    const struct control *control = order->control;
    struct incident *incident = NULL;
    *ret_ruling = control_refuse("no_incident");
    if (control->object == CONTROL_OF_INCIDENT) {
        incident = decide_find_incident(decide, &control->incident_id);
        *ret_ruling = control_unknown(control, "unknown_incident");
    } else if (control->object == CONTROL_OF_SCOPE) {
        const struct scope_name *name = &control->scope;
        int32_t scope =
                scopes_find(decide->scopes, name->kind, name->tenant_id, name->id, name->channel);
        ruling_of_scope(decide, ret_ruling, control, scope);
        incident = incidents_of(decide->incidents, scope);
    } else {
        *ret_ruling = control_refuse("not_supported");
        ret_ruling->is_everywhere = true;
    }
    if (incident == NULL) {
        return ERR_NONE;
    }
    ruling_of_incident(ret_ruling, incident);
    ret_ruling->state = OUTCOME_APPLIED;
    ret_ruling->why = incident->acknowledged_ms > 0 ? "acknowledged_before" : "acknowledged";
    for (int32_t scope = incident->first_scope; scope != SCOPE_NONE;
            scope = incidents_next(decide->incidents, scope)) {
        decide_release_acknowledged(decide, scope);
    }
    incidents_acknowledge(incident, view_trim(control->operator_id), order->delta->log_time_ms);
    return ERR_NONE;
}

// What was held when the log that says why is gone: the hold, its incident and its end are kept, the
// evidence is not known.
#include "decide/decide_inside.h"

// An incident tells of tenfold growth (decide_life.c); one whose size is not known never does.
#define NEVER_GROWS (INT64_C(1) << 39)

// As if it had told an alert that says nothing: its close tells again what it told last.
static enum err tell_nothing(struct incident *incident, int64_t issued_at_ms)
{
    const struct alert_action nothing = {.evidence = {.interval_millionths = {0, 1000000}}};
    const struct cause_evidence because = {.messages = 0};
    incident->told_misdirected = NEVER_GROWS;
    return incidents_remember(incident, &nothing, &because, issued_at_ms);
}

static enum err find_or_open(struct decide *decide, int32_t scope, const struct held_scope *held,
        struct incident **ret_incident)
{
    *ret_incident = incidents_of(decide->incidents, scope);
    if (*ret_incident != NULL) {
        return ERR_NONE; // it may have joined another, which holds it now
    }
    *ret_incident = decide_find_incident(decide, &held->incident_id);
    if (*ret_incident != NULL) {
        return incidents_join(decide->incidents, *ret_incident, scope);
    }
    enum err e = incidents_open(decide->incidents, scope, &held->incident_id, ret_incident);
    if (e == ERR_NONE && *ret_incident != NULL) {
        e = tell_nothing(*ret_incident, held->issued_at_ms);
    }
    return e;
}

enum err decide_restore_hold(
        struct decide *decide, int32_t scope, const struct held_scope *held, bool *ret_is_new)
{
    *ret_is_new = false;
    if (incidents_is_holding(decide->incidents, scope)) {
        return ERR_NONE;
    }
    struct incident *incident = NULL;
    enum err e = ERR_NONE;
    if (held->has_incident || !held->is_commanded) {
        e = find_or_open(decide, scope, held, &incident);
        if (e == ERR_NONE && incident == NULL) {
            return ERR_CEILING;
        }
    }
    if (e == ERR_NONE && held->is_commanded) {
        scopes_hold(decide->scopes, scope, held->expires_at_ms);
        e = incidents_hold_commanded(decide->incidents, scope, held->expires_at_ms, &held->control);
        *ret_is_new = e == ERR_NONE;
    } else if (e == ERR_NONE) {
        incidents_set_tier(decide->incidents, scope, held->tier);
        incident->tier = held->tier > incident->tier ? held->tier : incident->tier;
        remind_later(decide, incident, held->issued_at_ms);
        scopes_hold(decide->scopes, scope, held->expires_at_ms);
        e = incidents_hold(decide->incidents, scope, held->expires_at_ms, MODE_ENFORCE);
        *ret_is_new = e == ERR_NONE;
    }
    tell_note_ending(decide, scope, held->issued_at_ms);
    return e;
}

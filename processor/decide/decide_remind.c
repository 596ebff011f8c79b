// What nobody has answered: an incident at quarantine that is not acknowledged in time is told once
// more; a hold whose incident nobody has acknowledged by its end goes on, by policy.unconfirmed, and is
// told each time. A hold in monitor mode stops nothing and runs out, as a person's does, who has said
// until when. A drill is nothing that anybody has to answer.
#include "decide/decide_control.h"

static bool is_drill(const struct decide *decide, int32_t scope)
{
    return tenant_is_drill(scopes_name(decide->scopes, scope).tenant_id);
}

void remind_anew(struct decide *decide, struct incident *incident, int64_t now_ms)
{
    if (is_drill(decide, incident->root)) {
        return;
    }
    incident->urgent_ms = now_ms;
    incident->was_reminded = false;
    incident->acknowledged_ms = 0;
    incident->acknowledged_by = VIEW_NONE;
    decide->next_reminder_ms = 0; // it is looked at with the next frame
}

void remind_later(struct decide *decide, struct incident *incident, int64_t now_ms)
{
    if (incident->urgent_ms == 0) {
        remind_anew(decide, incident, now_ms); // who knew of less does not know of this
    }
}

static enum err tell_unanswered(struct decide *decide, const struct delta *delta,
        struct incident *incident, const char *step, const struct decision_taker *taker)
{
    struct alert_action alert = tell_repeated(decide, incident);
    alert.kind = ALERT_INCIDENT_UPDATED;
    alert.occurred_at_ms = delta->log_time_ms;
    incident->told_ms = delta->log_time_ms;
    incident->told_misdirected = incident->escaped + incident->held;
    incident->told_cleared = incident->cleared;
    alert.is_unacknowledged = true;
    alert.is_unconfirmed = incident->unconfirmed_sequence == delta->sequence + 1;
    enum err e = incident_make_step_id(&decide->id_text, step, &incident->id, &alert.scope,
            incident->tier, delta->sequence, &alert.alert_id);
    return e != ERR_NONE ? e : taker->alert(taker->self, &alert);
}

enum err remind(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    if (delta->log_time_ms < decide->next_reminder_ms) {
        return ERR_NONE;
    }
    enum err e = ERR_NONE;
    int64_t next_ms = INT64_MAX;
    struct incident *incident;
    uint32_t at = 0;
    while (e == ERR_NONE && (incident = incidents_open_after(decide->incidents, &at)) != NULL) {
        if (incident->urgent_ms == 0 || incident->acknowledged_ms > 0 || incident->was_reminded) {
            continue;
        }
        int64_t due_ms = incident->urgent_ms + decide->options.policy->acknowledge_within_ms;
        if (delta->log_time_ms >= due_ms) {
            incident->was_reminded = true;
            e = tell_unanswered(decide, delta, incident, "unacknowledged", taker);
        } else if (due_ms < next_ms) {
            next_ms = due_ms;
        }
    }
    decide->next_reminder_ms = next_ms;
    return e;
}

static bool goes_on(const struct decide *decide, const struct delta *delta, const struct hold *hold)
{
    const struct incident *incident = incidents_of(decide->incidents, hold->scope);
    return incident != NULL && incident->acknowledged_ms == 0 && !hold->is_commanded &&
           hold->mode == MODE_ENFORCE && !is_drill(decide, hold->scope) &&
           decide_scope_settings(decide, delta, hold->scope).unconfirmed == UNCONFIRMED_STAYS_HELD;
}

enum err remind_renews(struct decide *decide, const struct delta *delta, const struct hold *hold,
        const struct decision_taker *taker, bool *ret_goes_on)
{
    *ret_goes_on = goes_on(decide, delta, hold);
    if (!*ret_goes_on) {
        return ERR_NONE;
    }
    struct incident *incident = incidents_of(decide->incidents, hold->scope);
    enum err e = tell_renewed(decide, delta, hold->scope, taker);
    if (e == ERR_NONE && incident->unconfirmed_sequence != delta->sequence + 1) {
        incident->unconfirmed_sequence = delta->sequence + 1; // once, however many go on at once
        incident->was_reminded = true;
        e = tell_unanswered(decide, delta, incident, "unconfirmed", taker);
    }
    return e;
}

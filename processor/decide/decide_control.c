// What a person commands: seen once, confirmed by a second person where it is wide, done or refused,
// and told.
//
//   a record --seen before--> nothing
//      |-- cannot be --> refused
//      |-- issued too long ago, or in the future --> refused
//      |-- wide --> pending --confirm of somebody else--> done or refused
//      |               '-- policy.confirm_within is over --> expired
//      '-- else --> done or refused
//
// Who tells. A command that names a tenant is in that tenant's tally partition only, which tells
// everything of it. One that names none (an incident, a confirmation, a rule of all tenants) is in
// every partition: the one that has the incident, or the command that waits, tells; a rule of all
// tenants waits in every one, and each tells what it has released, partition 0 the rest. What a
// partition does not know it is silent about, but for partition 0, which says `unknown`.
#include "decide/decide_control.h"

#include <string.h>

#include "common/digest.h"
#include "control/person.h"

#define AHEAD_MAX_MS (INT64_C(10) * 60 * 1000) // clocks differ

// --- telling ----------------------------------------------------------------------------------

static bool names_tenant(const struct control *control)
{
    return control->scope.tenant_id.n > 0;
}

// Whether this partition is the one to say it.
static bool is_ours_to_tell(const struct order *order, const struct ruling *ruling)
{
    if (names_tenant(order->control) || order->delta->tally_partition == 0) {
        return true;
    }
    if (ruling->is_everywhere) {
        return ruling->state == OUTCOME_APPLIED && ruling->scope_count > 0;
    }
    return ruling->state != OUTCOME_UNKNOWN;
}

static enum err outcome_id(struct decide *decide, const struct order *order,
        enum outcome_state state, struct digest_id *ret_id)
{
    uint8_t digest[SHA256_BYTES];
    struct strbuf *text = &decide->id_text;
    strbuf_reset(text);
    strbuf_printf(text, "outcome\n%s\n%d\n", outcome_state_names[state],
            (int)order->delta->tally_partition);
    strbuf_add_view(text, order->control->control_id);
    digest_sha256(strbuf_view(text), digest);
    memcpy(ret_id->bytes, digest, sizeof ret_id->bytes);
    return text->failed;
}

static struct scope_name scope_told(const struct control *control, const struct ruling *ruling)
{
    const struct scope_name everybody = {SCOPE_TENANT, VIEW("(all)"), VIEW("(all)"), VIEW_NONE};
    if (ruling->has_scope) {
        return ruling->scope;
    }
    return names_tenant(control) ? (struct scope_name){SCOPE_TENANT, control->scope.tenant_id,
                                           control->scope.tenant_id, VIEW_NONE}
                                 : everybody;
}

enum err control_tell(struct decide *decide, const struct order *order, const struct ruling *ruling)
{
    const struct control *control = order->control;
    if (!is_ours_to_tell(order, ruling)) {
        return ERR_NONE;
    }
    struct alert_action alert = {
            .kind = ALERT_CONTROL_OUTCOME,
            .incident_id = ruling->has_incident ? ruling->incident_id
                                                : incident_control_digest(control->control_id),
            .tier = ruling->tier,
            .scope = scope_told(control, ruling),
            .occurred_at_ms = order->delta->log_time_ms,
            .impact = ruling->impact,
            .policy_version = view_of(decide->options.policy->version),
            .detector_version = view_of(decide->options.detector_version),
            .assume_complete = decide->options.policy->assume_complete,
            .outcome = {.control_id = control->control_id,
                    .action = control_action_names[control->action],
                    .operator_id = control->operator_id,
                    .confirmed_by = order->confirmed_by,
                    .state = ruling->state,
                    .why = ruling->why,
                    .has_incident = ruling->has_incident,
                    .has_scope = ruling->has_scope,
                    .scope_count = ruling->scope_count,
                    .expires_at_ms = ruling->expires_at_ms},
    };
    enum err e = outcome_id(decide, order, ruling->state, &alert.alert_id);
    return e != ERR_NONE ? e : order->taker->alert(order->taker->self, &alert);
}

struct ruling control_refuse(const char *why)
{
    return (struct ruling){.state = OUTCOME_REFUSED, .why = why};
}

struct ruling control_unknown(const struct control *control, const char *why)
{
    return (struct ruling){
            .state = names_tenant(control) ? OUTCOME_REFUSED : OUTCOME_UNKNOWN, .why = why};
}

// --- two people -------------------------------------------------------------------------------

bool control_is_wide(const struct decide *decide, const int32_t *scopes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (scopes_name(decide->scopes, scopes[i]).kind >= SCOPE_VENDOR) {
            return true;
        }
    }
    return false;
}

enum err control_wait(struct decide *decide, const struct order *order, struct ruling *ruling)
{
    int64_t deadline_ms = order->delta->log_time_ms + decide->options.policy->confirm_within_ms;
    enum err e = control_ledger_wait(decide->controls, order->control, deadline_ms);
    if (e == ERR_CEILING) {
        *ruling = control_refuse("too_many_pending");
        return ERR_NONE;
    }
    ruling->state = OUTCOME_PENDING;
    ruling->why = "needs_second_person";
    ruling->expires_at_ms = deadline_ms;
    ruling->scope_count = 0;
    return e != ERR_NONE ? e : control_tell_pending(decide, order, deadline_ms);
}

static enum err apply(struct decide *decide, const struct order *order, struct ruling *ret_ruling);

// The first person's command is done, and told, by its own names; then the second one's is told.
static enum err confirm_waiting(struct decide *decide, const struct order *order,
        const struct pending_control *pending, struct ruling *ret_ruling)
{
    const struct order first = {.delta = order->delta,
            .taker = order->taker,
            .control = &pending->control,
            .confirmed_by = order->control->operator_id};
    struct ruling ruling = {.state = OUTCOME_REFUSED};
    enum err e = apply(decide, &first, &ruling);
    if (e == ERR_NONE) {
        e = control_tell(decide, &first, &ruling);
    }
    // Whatever a partition has of a rule of all tenants, it is confirmed.
    bool is_done = ruling.state == OUTCOME_APPLIED || ruling.is_everywhere;
    *ret_ruling = (struct ruling){.state = is_done ? OUTCOME_APPLIED : ruling.state,
            .why = is_done ? "confirmed" : ruling.why,
            .is_everywhere = ruling.is_everywhere,
            .has_incident = ruling.has_incident,
            .incident_id = ruling.incident_id,
            .impact = ruling.impact,
            .tier = ruling.tier};
    e = e != ERR_NONE ? e : control_tell_settled(decide, &first);
    control_ledger_settle(decide->controls, pending, SETTLED_DONE);
    return e;
}

static enum err confirm(struct decide *decide, const struct order *order, struct ruling *ret_ruling)
{
    struct view id = order->control->confirms;
    const struct pending_control *pending = control_ledger_waiting(decide->controls, id);
    if (pending != NULL) {
        if (person_is_same(pending->control.operator_id, order->control->operator_id)) {
            *ret_ruling = control_refuse("same_person");
            ret_ruling->is_everywhere = control_is_everywhere(&pending->control);
            return ERR_NONE;
        }
        return confirm_waiting(decide, order, pending, ret_ruling);
    }
    bool was_everywhere;
    switch (control_ledger_settled(decide->controls, id, &was_everywhere)) {
    case SETTLED_DONE:
        *ret_ruling = control_refuse("already_confirmed");
        break;
    case SETTLED_LATE:
        *ret_ruling = control_refuse("too_late");
        break;
    case SETTLED_UNKNOWN:
        *ret_ruling = control_unknown(order->control, "unknown_control");
        break;
    }
    ret_ruling->is_everywhere = was_everywhere;
    return ERR_NONE;
}

// --- records ----------------------------------------------------------------------------------

static enum err apply(struct decide *decide, const struct order *order, struct ruling *ret_ruling)
{
    enum control_object object = order->control->object;
    bool is_one = object == CONTROL_OF_MESSAGE || object == CONTROL_OF_RECIPIENT;
    switch (order->control->action) {
    case CONTROL_HOLD:
        return is_one ? control_one(decide, order, ret_ruling)
                      : control_hold(decide, order, ret_ruling);
    case CONTROL_RELEASE:
        return is_one ? control_one(decide, order, ret_ruling)
                      : control_release(decide, order, ret_ruling);
    case CONTROL_ACKNOWLEDGE:
        return control_acknowledge(decide, order, ret_ruling);
    case CONTROL_CONFIRM:
        return object == CONTROL_OF_CONTROL ? confirm(decide, order, ret_ruling)
                                            : control_acknowledge(decide, order, ret_ruling);
    case CONTROL_DRILL:
        return control_drill(decide, order, ret_ruling);
    case CONTROL_MODE:
        return control_mode(decide, order, ret_ruling);
    case CONTROL_ACTION_COUNT:
        break;
    }
    *ret_ruling = control_refuse("not_supported");
    ret_ruling->is_everywhere = true;
    return ERR_NONE;
}

// NULL where it is whole: whoever writes to the topic is not only our own program.
static const char *why_not_whole(const struct control *control)
{
    const struct view texts[] = {control->control_id, control->operator_id, control->reason,
            control->scope.id, control->scope.tenant_id, control->scope.channel, control->rule,
            control->recipient};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].n > CONTROL_TEXT_MAX) {
            return "too_long";
        }
    }
    if (control->operator_id.n > OPERATOR_BYTES_MAX) {
        return "too_long";
    }
    if (view_trim(control->operator_id).n == 0) {
        return "no_operator";
    }
    return view_trim(control->reason).n == 0 ? "no_reason" : NULL;
}

// NULL where it is of now: whoever can read the topic can write again what somebody has signed once.
static const char *why_not_now(const struct order *order, int64_t max_age_ms)
{
    int64_t age_ms = order->delta->log_time_ms - order->control->issued_at_ms;
    return age_ms > max_age_ms ? "too_old" : age_ms < -AHEAD_MAX_MS ? "from_the_future" : NULL;
}

// NULL where it may be done.
static const char *why_not(const struct decide *decide, const struct order *order)
{
    const char *why = why_not_whole(order->control);
    return why != NULL ? why : why_not_now(order, decide->options.control_max_age_ms);
}

static enum err take_record(struct decide *decide, const struct order *order)
{
    const struct digest_id id = incident_control_digest(order->control->control_id);
    if (control_ledger_see(decide->controls, &id)) {
        decide->control_counts.duplicates++;
        return ERR_NONE;
    }
    struct ruling ruling = control_refuse(why_not(decide, order));
    ruling.is_everywhere = true;
    enum err e = ruling.why == NULL ? apply(decide, order, &ruling) : ERR_NONE;
    decide->control_counts.states[ruling.state]++;
    return e != ERR_NONE ? e : control_tell(decide, order, &ruling);
}

enum err control_expire(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    enum err e = ERR_NONE;
    while (e == ERR_NONE) {
        const struct pending_control *pending =
                control_ledger_overdue(decide->controls, delta->log_time_ms);
        if (pending == NULL) {
            break;
        }
        const struct order order = {.delta = delta, .taker = taker, .control = &pending->control};
        const struct ruling ruling = {.state = OUTCOME_EXPIRED,
                .why = "not_confirmed",
                .is_everywhere = control_is_everywhere(&pending->control),
                .has_scope = pending->control.object == CONTROL_OF_SCOPE,
                .scope = pending->control.scope};
        decide->control_counts.states[ruling.state]++;
        e = control_tell(decide, &order, &ruling);
        e = e != ERR_NONE ? e : control_tell_settled(decide, &order);
        control_ledger_settle(decide->controls, pending, SETTLED_LATE);
    }
    return e;
}

enum err decide_control(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    enum err e = control_expire(decide, delta, taker);
    for (uint32_t i = 0; i < delta->control_count && e == ERR_NONE; i++) {
        const struct order order = {
                .delta = delta, .taker = taker, .control = &delta->controls[i].control};
        e = take_record(decide, &order);
    }
    return e;
}

struct control_counts decide_control_counts(const struct decide *decide)
{
    struct control_counts counts = decide->control_counts;
    counts.waiting = control_ledger_waiting_count(decide->controls);
    counts.standing = standing_count(decide->standing);
    counts.forgotten = control_ledger_forgotten(decide->controls);
    return counts;
}

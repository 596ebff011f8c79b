// What people command that stands until it ends (control/standing_orders.h): modes of scopes, holds and releases
// of single messages and recipients. Each is told as a control state, by which the judges go.
//
//   mode     of a scope: whether its holds, and those of its messages, are sent. Holds that stand stay
//            what they are.
//   message  a command of its own, above the judge's, and what becomes of the message when it comes again
//   recipient  what becomes of messages to it from now on, and a command of its own: which messages of his
//            are held, and where, only the senders know
#include "common/digest.h"
#include "decide/decide_control.h"

// --- telling ----------------------------------------------------------------------------------

static enum err state_id(struct decide *decide, const char *step, struct view control_id,
        int64_t sequence, struct digest_id *ret_id)
{
    uint8_t digest[SHA256_BYTES];
    struct strbuf *text = &decide->id_text;
    strbuf_reset(text);
    strbuf_printf(text, "control-state\n%s\n%lld\n", step, (long long)sequence);
    strbuf_add_view(text, control_id);
    digest_sha256(strbuf_view(text), digest);
    memcpy(ret_id->bytes, digest, sizeof ret_id->bytes);
    return text->failed;
}

static enum err tell_state(struct decide *decide, const char *step,
        struct control_state_action *state, const struct decision_taker *taker)
{
    enum err e = state_id(decide, step, state->control->control_id, state->sequence, &state->id);
    return e != ERR_NONE ? e : taker->control_state(taker->self, state);
}

// What waits in every partition is told by the first.
static bool is_ours(const struct control *control, const struct delta *delta)
{
    return !control_is_everywhere(control) || delta->tally_partition == 0;
}

enum err control_tell_pending(struct decide *decide, const struct order *order, int64_t deadline_ms)
{
    struct control_state_action state = {.standing = CONTROL_PENDING,
            .control = order->control,
            .sequence = order->delta->sequence,
            .at_ms = order->delta->log_time_ms,
            .expires_at_ms = deadline_ms};
    return is_ours(order->control, order->delta)
                   ? tell_state(decide, "pending", &state, order->taker)
                   : ERR_NONE;
}

enum err control_tell_settled(struct decide *decide, const struct order *order)
{
    struct control_state_action state = {.standing = CONTROL_PENDING,
            .is_over = true,
            .control = order->control,
            .sequence = order->delta->sequence,
            .at_ms = order->delta->log_time_ms};
    return is_ours(order->control, order->delta)
                   ? tell_state(decide, "settled", &state, order->taker)
                   : ERR_NONE;
}

enum err control_end_standing(
        struct decide *decide, const struct delta *delta, const struct decision_taker *taker)
{
    enum err e = ERR_NONE;
    const struct standing_order *over;
    while (e == ERR_NONE && (over = standing_over(decide->standing, delta->log_time_ms)) != NULL) {
        const struct standing_key *key = &over->key;
        bool is_recipient = key->object == CONTROL_OF_RECIPIENT;
        const struct control control = {.control_id = over->control_id,
                .object = key->object,
                .scope = {key->kind, is_recipient ? VIEW_NONE : key->id, key->tenant_id,
                        key->channel},
                .recipient = is_recipient ? key->id : VIEW_NONE};
        struct control_state_action state = {.standing = CONTROL_IN_FORCE,
                .is_over = true,
                .control = &control,
                .sequence = delta->sequence,
                .at_ms = delta->log_time_ms};
        e = tell_state(decide, "over", &state, taker);
        standing_remove(decide->standing, over);
    }
    return e;
}

// --- standing ---------------------------------------------------------------------------------

// The order stands from now on, and is told. `ruling` says so, or why not.
static enum err stand(
        struct decide *decide, const struct order *order, int64_t until_ms, struct ruling *ruling)
{
    const struct control *control = order->control;
    const struct standing_order standing = {.key = standing_key_of(control),
            .action = control->action,
            .mode = control->mode,
            .until_ms = until_ms,
            .sequence = order->delta->sequence,
            .control_id = control->control_id,
            .operator_id = control->operator_id};
    enum err e = standing_put(decide->standing, &standing);
    if (e == ERR_CEILING) {
        ruling->why = "too_many_standing";
        return ERR_NONE;
    }
    if (e != ERR_NONE) {
        return e;
    }
    ruling->state = OUTCOME_APPLIED;
    ruling->expires_at_ms = until_ms;
    struct control_state_action state = {.standing = CONTROL_IN_FORCE,
            .control = control,
            .confirmed_by = order->confirmed_by,
            .sequence = order->delta->sequence,
            .at_ms = order->delta->log_time_ms,
            .expires_at_ms = until_ms};
    return tell_state(decide, "in_force", &state, order->taker);
}

enum err control_mode(struct decide *decide, const struct order *order, struct ruling *ret_ruling)
{
    const struct control *control = order->control;
    const struct scope_name *name = &control->scope;
    *ret_ruling = control_refuse(NULL);
    if (control->object != CONTROL_OF_SCOPE) {
        ret_ruling->why = "mode_wants_scope";
        ret_ruling->is_everywhere = true;
        return ERR_NONE;
    }
    bool is_tenant = name->kind == SCOPE_TENANT;
    if (name->tenant_id.n == 0 || name->id.n == 0 ||
            (is_tenant && !view_equal(name->id, name->tenant_id))) {
        ret_ruling->why = "no_such_scope";
        ret_ruling->is_everywhere = true;
        return ERR_NONE;
    }
    ret_ruling->has_scope = true;
    ret_ruling->scope = *name;
    int64_t until_ms = control_until_ms(decide, order, decide->options.policy->scope_hold_ms);
    if (until_ms == 0) {
        ret_ruling->why = "expires_in_past";
        return ERR_NONE;
    }
    if (name->kind >= SCOPE_VENDOR && view_is_none(order->confirmed_by)) {
        return control_wait(decide, order, ret_ruling);
    }
    enum err e = stand(decide, order, until_ms, ret_ruling);
    if (ret_ruling->state == OUTCOME_APPLIED) {
        ret_ruling->why = "mode_set";
    }
    return e;
}

// Above what the judge has said of the message, and above what people have said before.
static enum err command_one(struct decide *decide, const struct order *order, int64_t until_ms)
{
    const struct control *control = order->control;
    const struct digest_id id = incident_control_digest(control->control_id);
    bool is_message = control->object == CONTROL_OF_MESSAGE;
    struct command_action command = {
            .sequence = MESSAGE_SEQUENCE_MIN + order->delta->sequence,
            .kind = control->action == CONTROL_HOLD ? COMMAND_HOLD : COMMAND_RELEASE,
            .target = is_message ? TARGET_MESSAGE : TARGET_RECIPIENT,
            .scope = {.id = is_message ? control->scope.id : control->recipient,
                    .tenant_id = control->scope.tenant_id},
            .tier = TIER_QUARANTINE,
            .reason = control->reason,
            .issued_at_ms = order->delta->log_time_ms,
            .expires_at_ms = until_ms,
            .mode = MODE_ENFORCE,
            .operator_id = control->operator_id,
            .control_id = control->control_id,
            .at_once = control->at_once && control->action == CONTROL_RELEASE,
    };
    enum err e = incident_make_step_id(&decide->id_text,
            is_message ? "commanded-message" : "commanded-recipient", &id, &command.scope,
            command.tier, order->delta->sequence, &command.command_id);
    return e != ERR_NONE ? e : order->taker->command(order->taker->self, &command);
}

enum err control_one(struct decide *decide, const struct order *order, struct ruling *ret_ruling)
{
    const struct control *control = order->control;
    const struct standing_key key = standing_key_of(control);
    *ret_ruling = control_refuse(NULL);
    if (key.tenant_id.n == 0 || key.id.n == 0) {
        ret_ruling->why = "no_such_scope";
        ret_ruling->is_everywhere = true;
        return ERR_NONE;
    }
    int64_t until_ms = control_until_ms(decide, order, decide->options.policy->message_hold_ms);
    if (until_ms == 0) {
        ret_ruling->why = "expires_in_past";
        return ERR_NONE;
    }
    enum err e = stand(decide, order, until_ms, ret_ruling);
    if (e != ERR_NONE || ret_ruling->state != OUTCOME_APPLIED) {
        return e;
    }
    ret_ruling->why = control->action == CONTROL_HOLD ? "held" : "released";
    return command_one(decide, order, until_ms);
}

// What is told to senders: holds and their end. Alerts are told by decide_tell.c.
#include "decide/decide_inside.h"

// What goes on is told so long before its end, or a tenth of its length where that is less.
enum { AHEAD_MS = 60 * 1000, AHEAD_PARTS = 10 };

enum tier tell_hold_tier(const struct decide *decide, int32_t scope)
{
    enum tier tier = incidents_tier(decide->incidents, scope);
    return tier > TIER_QUARANTINE ? tier : TIER_QUARANTINE;
}

struct command_action tell_command_of(
        const struct decide *decide, const struct delta *delta, int32_t scope, enum mode mode)
{
    const struct incident *incident = incidents_of(decide->incidents, scope);
    struct command_action command = {
            .sequence = delta->sequence,
            .target = TARGET_SCOPE,
            .scope = scopes_name(decide->scopes, scope),
            .tier = tell_hold_tier(decide, scope),
            .has_incident = incident != NULL,
            .issued_at_ms = delta->log_time_ms,
            .expires_at_ms = delta->log_time_ms,
            .mode = mode,
    };
    if (incident != NULL) {
        command.incident_id = incident->id;
    }
    return command;
}

// --- holds ------------------------------------------------------------------------------------

void tell_note_ending(struct decide *decide, int32_t scope, int64_t told_ms)
{
    const struct hold *hold = incidents_hold_of(decide->incidents, scope);
    if (hold != NULL && hold->until_ms > told_ms) {
        int64_t ahead_ms = (hold->until_ms - told_ms) / AHEAD_PARTS;
        ahead_ms = ahead_ms < AHEAD_MS ? ahead_ms : AHEAD_MS;
        incidents_set_ending(decide->incidents, scope, hold->until_ms - ahead_ms);
    }
}

// What its messages say of a scope that is held from now on, and behind the hold nothing does.
static void note_vendor(struct decide *decide, int32_t scope)
{
    int32_t vendor = decide_vendor_of(decide, scope);
    uint32_t generation = vendor >= 0 ? scopes_generation(decide->scopes, vendor) : 0;
    incidents_note_vendor(decide->incidents, scope, vendor, generation);
}

static enum err note_origin(struct decide *decide, const struct step *step)
{
    uint8_t channel;
    enum err e = decide_channel_of(decide, step, &channel);
    note_vendor(decide, step->scope);
    if (e == ERR_NONE) {
        incidents_note_channel(decide->incidents, step->scope, channel);
    }
    return e;
}

enum err tell_hold(struct decide *decide, const struct step *step, enum tier tier)
{
    const struct hold *present = incidents_hold_of(decide->incidents, step->scope);
    bool is_commanded = present != NULL && present->is_commanded;
    bool is_sent = present != NULL && present->mode == MODE_ENFORCE;
    bool is_new = present == NULL;
    const struct policy_settings settings = decide_settings(decide, step);
    strbuf_reset(&decide->reason_text);
    strbuf_printf(&decide->reason_text, "%lld of %lld messages since the change point misdirected",
            (long long)step->evidence->misdirected, (long long)step->evidence->judged);
    struct command_action command = tell_command_of(
            decide, step->delta, step->scope, is_sent ? MODE_ENFORCE : settings.mode);
    command.kind = COMMAND_HOLD;
    command.tier = tier;
    command.reason = strbuf_view(&decide->reason_text);
    bool is_drill = tenant_is_drill(step->name.tenant_id);
    command.expires_at_ms += is_drill ? DRILL_MS : settings.scope_hold_ms;
    if (is_commanded && present->until_ms > command.expires_at_ms) {
        command.expires_at_ms = present->until_ms;
    }
    if (step->row->last_entry >= 0) {
        const struct frame_entry *entry = step->delta->entries[step->row->last_entry].entry;
        command.traceparent = entry->traceparent;
        command.tracestate = entry->tracestate;
    }
    enum err e = decide->reason_text.failed;
    if (e == ERR_NONE) {
        e = incident_make_step_id(&decide->id_text, "hold", &step->incident->id, &step->name, tier,
                step->delta->sequence, &command.command_id);
    }
    if (e == ERR_NONE) {
        e = step->taker->command(step->taker->self, &command);
    }
    if (is_new && !is_drill) {
        hold_cap_note(&decide->holds, step->delta->log_time_ms);
    }
    scopes_hold(decide->scopes, step->scope, command.expires_at_ms);
    if (e == ERR_NONE) {
        e = incidents_hold(decide->incidents, step->scope, command.expires_at_ms, command.mode);
    }
    tell_note_ending(decide, step->scope, step->delta->log_time_ms);
    if (e == ERR_NONE && is_new) {
        e = note_origin(decide, step);
    }
    return e != ERR_NONE ? e : release_note_hold(decide, step);
}

enum err tell_commanded_hold(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct control *control, int64_t until_ms, const struct decision_taker *taker)
{
    const struct hold *present = incidents_hold_of(decide->incidents, scope);
    if (present != NULL && present->until_ms > until_ms) {
        until_ms = present->until_ms; // nobody shortens a hold but by a release
    }
    bool is_new = present == NULL;
    const struct digest_id id = incident_control_digest(control->control_id);
    struct command_action command = tell_command_of(decide, delta, scope, MODE_ENFORCE);
    command.kind = COMMAND_HOLD;
    command.reason = control->reason;
    command.expires_at_ms = until_ms;
    command.operator_id = control->operator_id;
    command.control_id = control->control_id;
    enum err e = incident_make_step_id(&decide->id_text, "commanded", &id, &command.scope,
            command.tier, delta->sequence, &command.command_id);
    if (e == ERR_NONE) {
        e = taker->command(taker->self, &command);
    }
    scopes_hold(decide->scopes, scope, until_ms);
    if (e == ERR_NONE) {
        e = incidents_hold_commanded(decide->incidents, scope, until_ms, &id);
    }
    if (e == ERR_NONE && is_new) {
        note_vendor(decide, scope);
    }
    tell_note_ending(decide, scope, delta->log_time_ms);
    return e != ERR_NONE ? e : release_note_commanded(decide, scope, delta->sequence);
}

enum err tell_renewed(struct decide *decide, const struct delta *delta, int32_t scope,
        const struct decision_taker *taker)
{
    const struct scope_delta row = {.scope = scope, .first_entry = -1, .last_entry = -1};
    const struct step step = {.delta = delta,
            .row = &row,
            .scope = scope,
            .name = scopes_name(decide->scopes, scope)};
    struct command_action command = tell_command_of(decide, delta, scope, MODE_ENFORCE);
    command.kind = COMMAND_HOLD;
    command.is_renewal = true;
    command.reason = VIEW("nobody has acknowledged the incident: the hold goes on");
    command.expires_at_ms += decide_settings(decide, &step).scope_hold_ms;
    enum err e = incident_make_step_id(&decide->id_text, "renewed", &command.incident_id,
            &command.scope, command.tier, delta->sequence, &command.command_id);
    if (e == ERR_NONE) {
        e = taker->command(taker->self, &command);
    }
    scopes_hold(decide->scopes, scope, command.expires_at_ms);
    if (e == ERR_NONE) {
        e = incidents_hold(decide->incidents, scope, command.expires_at_ms, MODE_ENFORCE);
    }
    tell_note_ending(decide, scope, delta->log_time_ms);
    return e != ERR_NONE ? e : release_note_commanded(decide, scope, delta->sequence);
}

enum err tell_expired(struct decide *decide, const struct delta *delta, const struct hold *hold,
        const struct decision_taker *taker)
{
    struct command_action lifted = tell_command_of(decide, delta, hold->scope, hold->mode);
    lifted.kind = COMMAND_EXPIRED;
    lifted.reason = VIEW("the hold has run out");
    enum err e = incident_make_step_id(&decide->id_text, "expired",
            lifted.has_incident ? &lifted.incident_id : &hold->control, &lifted.scope, lifted.tier,
            delta->sequence, &lifted.command_id);
    return e != ERR_NONE ? e : taker->command(taker->self, &lifted);
}

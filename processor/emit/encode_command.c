#include "emit/encode_command.h"

#include "common/assure.h"
#include "common/digest.h"
#include "emit/cloud_event.h"
#include "emit/target_key.h"

static const char *const action_names[] = {[COMMAND_HOLD] = "hold", [COMMAND_RELEASE] = "release"};
static const char *const command_types[] = {
        [COMMAND_HOLD] = "io.wrongnumber.quarantine-command.hold.v1",
        [COMMAND_RELEASE] = "io.wrongnumber.quarantine-command.release.v1",
};
static const char *const state_types[] = {
        [COMMAND_HOLD] = "io.wrongnumber.quarantine-state.held.v1",
        [COMMAND_RELEASE] = "io.wrongnumber.quarantine-state.lifted.v1",
        [COMMAND_EXPIRED] = "io.wrongnumber.quarantine-state.lifted.v1",
};

static const char *target_name(const struct command_action *action)
{
    switch (action->target) {
    case TARGET_MESSAGE:
        return "message";
    case TARGET_RECIPIENT:
        return "recipient";
    case TARGET_SCOPE:
        break;
    }
    return scope_kind_names[action->scope.kind];
}

// What the message is of, and whose, so that whoever has only the command knows which incident it belongs
// to, and which release of a recipient.
static void write_message(struct json_out *out, const struct command_action *action)
{
    const struct event *ev = action->message;
    if (ev == NULL) {
        return;
    }
    const struct {
        const char *key;
        struct view id;
    } ids[] = {{"campaign_id", ev->campaign_id}, {"template_id", ev->template_id},
            {"sender_id", ev->sender_id}, {"vendor_id", ev->vendor_id}, {"channel", ev->channel},
            {"recipient_pseudonym", action->recipient}};
    json_object(out, "message");
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (!view_is_none(ids[i].id)) {
            json_string(out, ids[i].key, ids[i].id);
        }
    }
    json_object_end(out);
}

static void write_incident(struct json_out *out, const struct command_action *action)
{
    if (action->has_incident) {
        encode_id(out, "incident_id", &action->incident_id);
    } else {
        json_null(out, "incident_id");
    }
}

static void write_by_whom(struct json_out *out, const struct command_action *action)
{
    if (!view_is_none(action->operator_id)) {
        json_string(out, "operator", action->operator_id);
    }
    if (!view_is_none(action->control_id)) {
        json_string(out, "control_id", action->control_id);
    }
}

static void write_canary(struct json_out *out, const struct command_action *action)
{
    if (action->canary_limit > 0) {
        json_object(out, "canary");
        json_int(out, "step", action->canary_step);
        json_int(out, "limit", action->canary_limit);
        json_object_end(out);
    }
}

static void write_drill(struct json_out *out, const struct command_action *action)
{
    if (tenant_is_drill(action->scope.tenant_id)) {
        json_bool(out, "drill", true);
    }
}

static void write_command(struct json_out *out, const struct command_action *action)
{
    json_object(out, NULL);
    encode_id(out, "command_id", &action->command_id);
    json_int(out, "sequence", action->sequence);
    json_text(out, "action", action_names[action->kind]);
    encode_scope(out, "target", target_name(action), &action->scope);
    write_message(out, action);
    json_text(out, "tier", tier_names[action->tier]);
    json_string(out, "reason", action->reason);
    write_incident(out, action);
    encode_time(out, "issued_at", action->issued_at_ms);
    if (action->kind == COMMAND_HOLD || action->target == TARGET_RECIPIENT) {
        encode_time(out, "expires_at", action->expires_at_ms);
    } else {
        json_null(out, "expires_at"); // a release is for good, but of a recipient
    }
    json_text(out, "mode", mode_names[action->mode]);
    write_by_whom(out, action);
    write_canary(out, action);
    if (action->at_once) {
        json_bool(out, "at_once", true);
    }
    write_drill(out, action);
    json_object_end(out);
}

static void write_state(struct json_out *out, const struct command_action *action)
{
    json_object(out, NULL);
    encode_scope(out, "target", target_name(action), &action->scope);
    json_text(out, "state", "held");
    json_text(out, "tier", tier_names[action->tier]);
    json_string(out, "reason", action->reason);
    write_incident(out, action);
    encode_id(out, "command_id", &action->command_id);
    json_int(out, "sequence", action->sequence);
    encode_time(out, "issued_at", action->issued_at_ms);
    encode_time(out, "expires_at", action->expires_at_ms);
    json_text(out, "mode", mode_names[action->mode]);
    write_by_whom(out, action);
    write_canary(out, action);
    write_drill(out, action);
    json_object_end(out);
}

static void add_headers(struct encoding *enc, const struct command_action *action, const char *type,
        const char *id_suffix, bool has_data, struct view source)
{
    if (view_is_none(source)) {
        return;
    }
    size_t from = enc->text.n;
    hex_add(&enc->text, action->command_id.bytes, DIGEST_ID_BYTES);
    strbuf_add_text(&enc->text, id_suffix);
    struct cloud_event ce = {
            .type = type,
            .source = source,
            .id = encoding_text_from(enc, from),
            .has_data = has_data,
            .is_drill = tenant_is_drill(action->scope.tenant_id),
            .traceparent = action->traceparent,
            .tracestate = action->tracestate,
    };
    ce.time = encoding_time(enc, action->issued_at_ms); // behind the id in enc->text
    cloud_event_add_headers(enc, &ce);
}

enum err encode_command(struct encoding *enc, const struct command_action *action,
        struct view source, struct record *ret_record)
{
    ASSURE(action->kind != COMMAND_EXPIRED);
    encoding_begin(enc);
    struct json_out out;
    json_begin(&out, &enc->value);
    write_command(&out, action);
    target_key_add(&enc->key, &action->scope, target_name(action));
    add_headers(enc, action, command_types[action->kind], "", true, source);
    return encoding_finish(enc, OUT_COMMANDS, ret_record);
}

enum err encode_quarantine_state(struct encoding *enc, const struct command_action *action,
        struct view source, struct record *ret_record)
{
    ASSURE(action->target == TARGET_SCOPE);
    encoding_begin(enc);
    target_key_add(&enc->key, &action->scope, target_name(action));
    bool held = action->kind == COMMAND_HOLD;
    if (held) {
        struct json_out out;
        json_begin(&out, &enc->value);
        write_state(&out, action);
    } else {
        size_t from = enc->text.n;
        strbuf_add_i64(&enc->text, action->sequence);
        encoding_add_text_header(enc, VIEW("wn.sequence"), from);
    }
    add_headers(enc, action, state_types[action->kind], "/state", held, source);
    enum err e = encoding_finish(enc, OUT_STATE, ret_record);
    if (e == ERR_NONE && !held) {
        ret_record->value = VIEW_NONE;
    }
    return e;
}

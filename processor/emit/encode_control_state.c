#include "emit/encode_control_state.h"

#include "common/digest.h"
#include "emit/cloud_event.h"
#include "emit/target_key.h"

static const char *const types[2][2] = {
        [CONTROL_IN_FORCE] = {"io.wrongnumber.control-state.in_force.v1",
                "io.wrongnumber.control-state.over.v1"},
        [CONTROL_PENDING] = {"io.wrongnumber.control-state.pending.v1",
                "io.wrongnumber.control-state.over.v1"},
};

static const char *kind_of(const struct control *control)
{
    return control->object == CONTROL_OF_MESSAGE     ? "message"
           : control->object == CONTROL_OF_RECIPIENT ? "recipient"
                                                     : scope_kind_names[control->scope.kind];
}

// What it is about, a recipient by its pseudonym.
static struct scope_name scope_of(const struct control *control)
{
    struct scope_name scope = control->scope;
    if (control->object == CONTROL_OF_RECIPIENT) {
        scope.id = control->recipient;
    }
    if (control->object != CONTROL_OF_SCOPE) {
        scope.channel = VIEW_NONE;
    }
    return scope;
}

static void add_key(struct strbuf *key, const struct control_state_action *action)
{
    if (action->standing == CONTROL_PENDING) {
        strbuf_add_text(key, "pending/");
        target_key_add_part(key, action->control->control_id);
        return;
    }
    const struct scope_name scope = scope_of(action->control);
    target_key_add(key, &scope, kind_of(action->control));
}

static void write_object(struct json_out *out, const struct control *control)
{
    switch (control->object) {
    case CONTROL_OF_SCOPE:
    case CONTROL_OF_MESSAGE:
    case CONTROL_OF_RECIPIENT: {
        const struct scope_name scope = scope_of(control);
        encode_scope(out, "scope", kind_of(control), &scope);
        break;
    }
    case CONTROL_OF_INCIDENT:
        encode_id(out, "incident_id", &control->incident_id);
        break;
    case CONTROL_OF_RULE:
        json_string(out, "rule", control->rule);
        if (control->scope.tenant_id.n > 0) {
            json_string(out, "tenant_id", control->scope.tenant_id);
        }
        break;
    case CONTROL_OF_CONTROL:
    case CONTROL_OBJECT_COUNT:
        break;
    }
}

static void write_value(struct json_out *out, const struct control_state_action *action)
{
    const struct control *control = action->control;
    json_object(out, NULL);
    json_text(out, "state", control_standing_names[action->standing]);
    json_string(out, "control_id", control->control_id);
    json_text(out, "action", control_action_names[control->action]);
    write_object(out, control);
    if (control->action == CONTROL_MODE) {
        json_text(out, "mode", mode_names[control->mode]);
    }
    json_string(out, "operator", control->operator_id);
    if (!view_is_none(action->confirmed_by)) {
        json_string(out, "confirmed_by", action->confirmed_by);
    }
    json_string(out, "reason", control->reason);
    encode_time(out, "issued_at", control->issued_at_ms);
    encode_time(out, "expires_at", action->expires_at_ms);
    json_int(out, "sequence", action->sequence);
    json_object_end(out);
}

static void add_headers(
        struct encoding *enc, const struct control_state_action *action, struct view source)
{
    if (view_is_none(source)) {
        return;
    }
    size_t from = enc->text.n;
    hex_add(&enc->text, action->id.bytes, DIGEST_ID_BYTES);
    struct cloud_event ce = {
            .type = types[action->standing][action->is_over],
            .source = source,
            .id = encoding_text_from(enc, from),
            .has_data = !action->is_over,
    };
    ce.time = encoding_time(enc, action->at_ms); // behind the id in enc->text
    cloud_event_add_headers(enc, &ce);
}

enum err encode_control_state(struct encoding *enc, const struct control_state_action *action,
        struct view source, struct record *ret_record)
{
    encoding_begin(enc);
    add_key(&enc->key, action);
    if (action->is_over) {
        size_t from = enc->text.n;
        strbuf_add_i64(&enc->text, action->sequence);
        encoding_add_text_header(enc, VIEW("wn.sequence"), from);
    } else {
        struct json_out out;
        json_begin(&out, &enc->value);
        write_value(&out, action);
    }
    add_headers(enc, action, source);
    enum err e = encoding_finish(enc, OUT_CONTROL_STATE, ret_record);
    if (e == ERR_NONE && action->is_over) {
        ret_record->value = VIEW_NONE;
    }
    return e;
}

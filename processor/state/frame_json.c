// Tally frames as JSON, for people and scripts.
#include "common/json_out.h"
#include "state/frame_codec.h"

// Counts by name; zeros are left out.
static void counts_add_json(struct json_out *out, const char *key, const char *const *names,
        const uint32_t *counts, unsigned count)
{
    json_object(out, key);
    for (unsigned i = 0; i < count; i++) {
        if (counts[i] > 0) {
            json_int(out, names[i], counts[i]);
        }
    }
    json_object_end(out);
}

static void set_add_json(struct json_out *out, const char *key, const char *const *names,
        uint32_t set, unsigned count)
{
    json_array(out, key);
    for (unsigned i = 0; i < count; i++) {
        if ((set >> i & 1) != 0) {
            json_text(out, NULL, names[i]);
        }
    }
    json_array_end(out);
}

static void leaf_add_json(struct json_out *out, const struct frame_leaf *leaf)
{
    json_object(out, NULL);
    for (unsigned kind = SCOPE_KIND_COUNT; kind-- > 0;) {
        if (!view_is_none(leaf->key.ids[kind])) {
            json_string(out, scope_kind_names[kind], leaf->key.ids[kind]);
        }
    }
    if (!view_is_none(leaf->key.channel)) {
        json_string(out, "channel", leaf->key.channel);
    }
    json_int(out, "judged", leaf->counts.judged);
    json_int(out, "misdirected", leaf->counts.misdirected);
    json_int(out, "unknown", leaf->counts.unknown);
    json_int(out, "exempt", leaf->counts.exempt);
    counts_add_json(out, "reasons", reason_names, leaf->counts.reasons, REASON_COUNT);
    counts_add_json(out, "signals", signal_names, leaf->counts.signals, SIGNAL_COUNT);
    if (leaf->counts.planned_size > 0) {
        json_int(out, "planned_size", leaf->counts.planned_size);
    }
    if (leaf->counts.last_occurred_at_ms > 0) {
        json_time(out, "last_occurred_at", leaf->counts.last_occurred_at_ms);
    }
    json_object_end(out);
}

static void entry_add_json(struct json_out *out, const struct frame_entry *entry)
{
    json_object(out, NULL);
    json_int(out, "offset", entry->offset);
    json_int(out, "leaf", entry->leaf);
    json_string_or_null(out, "message_id", entry->message_id);
    json_time(out, "occurred_at", entry->occurred_at_ms);
    set_add_json(out, "reasons", reason_names, entry->reasons, REASON_COUNT);
    set_add_json(out, "signals", signal_names, entry->signals, SIGNAL_COUNT);
    json_int(out, "previous_misdirected", entry->previous_misdirected);
    json_int(out, "first_in_chunk", entry->first_in_chunk);
    json_object_end(out);
}

static void complaint_add_json(struct json_out *out, const struct frame_complaint *complaint)
{
    json_object(out, NULL);
    json_int(out, "offset", complaint->offset);
    json_int(out, "leaf", complaint->leaf);
    json_string_or_null(out, "message_id", complaint->message_id);
    json_time(out, "occurred_at", complaint->occurred_at_ms);
    json_text(out, "kind", complaint_kind_names[complaint->kind]);
    json_object_end(out);
}

static void text_add_json(struct json_out *out, const char *key, struct view text)
{
    if (!view_is_none(text)) {
        json_string(out, key, text);
    }
}

static void control_add_json(struct json_out *out, const struct frame_control *row)
{
    static const char *const objects[CONTROL_OBJECT_COUNT] = {
            "scope", "message", "recipient", "incident", "rule", "control"};
    const struct control *control = &row->control;
    json_object(out, NULL);
    json_int(out, "offset", row->offset);
    json_string(out, "control_id", control->control_id);
    json_text(out, "action", control_action_names[control->action]);
    json_text(out, "object", objects[control->object]);
    if (control->object == CONTROL_OF_SCOPE) {
        json_text(out, "kind", scope_kind_names[control->scope.kind]);
    }
    text_add_json(out, "id", control->scope.id);
    text_add_json(out, "tenant_id", control->scope.tenant_id);
    text_add_json(out, "channel", control->scope.channel);
    text_add_json(out, "recipient", control->recipient);
    if (control->object == CONTROL_OF_INCIDENT) {
        char hex[2 * DIGEST_ID_BYTES];
        for (size_t i = 0; i < DIGEST_ID_BYTES; i++) {
            hex[2 * i] = "0123456789abcdef"[control->incident_id.bytes[i] >> 4];
            hex[2 * i + 1] = "0123456789abcdef"[control->incident_id.bytes[i] & 15];
        }
        json_string(out, "incident_id", view_bytes(hex, sizeof hex));
    }
    text_add_json(out, "rule", control->rule);
    text_add_json(out, "confirms", control->confirms);
    if (control->action == CONTROL_MODE) {
        json_text(out, "mode", mode_names[control->mode]);
    }
    json_string(out, "operator", control->operator_id);
    json_string(out, "reason", control->reason);
    json_time(out, "issued_at", control->issued_at_ms);
    if (control->expires_at_ms != 0) {
        json_time(out, "expires_at", control->expires_at_ms);
    }
    if (control->at_once) {
        json_bool(out, "at_once", true);
    }
    json_bool(out, "signed", control->is_signed);
    json_object_end(out);
}

static void late_add_json(struct json_out *out, const struct frame *frame)
{
    json_array(out, "late");
    for (uint32_t i = 0; i < frame->late_count; i++) {
        json_object(out, NULL);
        json_int(out, "offset", frame->late[i].offset);
        json_object_end(out);
    }
    json_array_end(out);
}

void frame_add_json(struct strbuf *sb, const struct frame *frame)
{
    static const char *const cache_names[] = {"trusted", "unreachable", "untrusted", "stale"};
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_string(&out, "source_topic", frame->source_topic);
    json_int(&out, "source_partition", frame->source_partition);
    json_int(&out, "chunk", frame->chunk);
    json_int(&out, "first_offset", frame->first_offset);
    json_int(&out, "to_offset", frame->to_offset);
    json_time(&out, "judged_at", frame->judged_at_ms);
    json_int(&out, "watermark", frame->watermark_ms);
    json_bool(&out, "idle", frame->idle);
    json_bool(&out, "closing", frame->closing);
    json_text(&out, "cache", cache_names[frame->cache]);
    json_array(&out, "leaves");
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        leaf_add_json(&out, &frame->leaves[i]);
    }
    json_array_end(&out);
    json_array(&out, "entries");
    for (uint32_t i = 0; i < frame->entry_count; i++) {
        entry_add_json(&out, &frame->entries[i]);
    }
    json_array_end(&out);
    if (frame->complaint_count > 0) {
        json_array(&out, "complaints");
        for (uint32_t i = 0; i < frame->complaint_count; i++) {
            complaint_add_json(&out, &frame->complaints[i]);
        }
        json_array_end(&out);
    }
    if (frame->control_count > 0) {
        json_array(&out, "controls");
        for (uint32_t i = 0; i < frame->control_count; i++) {
            control_add_json(&out, &frame->controls[i]);
        }
        json_array_end(&out);
    }
    if (frame->late_count > 0) {
        late_add_json(&out, frame);
    }
    if (frame->policy.serial != 0) {
        json_object(&out, "policy");
        json_int(&out, "serial", frame->policy.serial);
        json_string(&out, "version", frame->policy.version);
        json_string(&out, "text", frame->policy.text);
        json_object_end(&out);
    }
    if (frame->has_totals) {
        json_object(&out, "totals");
        json_int(&out, "judged", (int64_t)frame->totals.judged);
        json_int(&out, "misdirected", (int64_t)frame->totals.misdirected);
        json_int(&out, "unknown", (int64_t)frame->totals.unknown);
        json_int(&out, "tenants", frame->totals.tenants);
        json_int(&out, "tenants_misdirected", frame->totals.tenants_misdirected);
        json_int(&out, "tenants_heard", frame->totals.tenants_heard);
        json_int(&out, "tenants_jumped", frame->totals.tenants_jumped);
        json_int(&out, "vendors_heard", frame->totals.vendors_heard);
        json_int(&out, "vendors_jumped", frame->totals.vendors_jumped);
        json_int(&out, "lately_misdirected", frame->totals.lately_misdirected);
        json_object_end(&out);
    }
    json_object_end(&out);
}

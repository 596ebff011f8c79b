#include "run/audited_sink.h"

#include <stdlib.h>

#include "common/json_scan.h"
#include "common/log.h"

enum {
    PLACE_MAX_BYTES = 256,
    TROUBLE_MAX_BYTES = 16 * 1024,
    AGAIN_MS = 200,
    OUTCOME_MAX_BYTES = 64 * 1024
};

enum placed_field {
    PLACED_TYPE,
    PLACED_ACTION,
    PLACED_ALERT_ID,
    PLACED_COMMAND_ID,
    PLACED_INCIDENT_ID,
    PLACED_TARGET_KIND,
    PLACED_COUNT,
};
static const char *const field_pointers[PLACED_COUNT] = {
        "/type", "/action", "/alert_id", "/command_id", "/incident_id", "/target/kind"};

enum err audited_sink_init(struct audited_sink *audited, struct tracked_sink *tracked,
        struct audit_log *log, const char *half)
{
    *audited = (struct audited_sink){
            .tracked = tracked, .to = tracked_sink_role(tracked), .half = half};
    strbuf_init(&audited->place, PLACE_MAX_BYTES);
    enum err e = json_pointers_create(&audited->fields, field_pointers, PLACED_COUNT, NULL);
    audited->pending = calloc(1, sizeof *audited->pending);
    if (e == ERR_NONE && audited->pending != NULL) {
        audited->log = log;
    }
    return e == ERR_NONE && audited->pending == NULL ? ERR_NO_MEMORY : e;
}

void audited_sink_fini(struct audited_sink *audited)
{
    if (audited->fields != NULL) {
        json_pointers_destroy(audited->fields);
        audited->fields = NULL;
    }
    strbuf_fini(&audited->place);
    free(audited->pending);
    audited->pending = NULL;
}

static void tell_trouble(struct audited_sink *audited, const char *what)
{
    struct strbuf text;
    strbuf_init(&text, TROUBLE_MAX_BYTES);
    audit_log_trouble(audited->log, &text);
    log_error("audit", "%s: %s", text.p != NULL ? text.p : "the audit log", what);
    strbuf_fini(&text);
}

// Our own records: what they hold needs no escapes.
static struct view text_of(const struct json_value *value)
{
    return value->kind == JSON_STRING ? value->raw : VIEW_NONE;
}

static struct view text_or_empty(const struct json_value *value)
{
    return value->kind == JSON_STRING ? value->raw : VIEW("");
}

static enum err read_entry(const struct audited_sink *audited, const struct record *record,
        struct audit_entry *ret_entry)
{
    struct json_value values[PLACED_COUNT];
    if (json_scan(audited->fields, record->value, values, NULL) != JSON_FINE) {
        return ERR_INTERNAL;
    }
    bool is_alert = record->topic == OUT_ALERTS;
    struct view type = text_or_empty(&values[is_alert ? PLACED_TYPE : PLACED_ACTION]);
    const struct json_value *kind = &values[PLACED_TARGET_KIND];
    bool is_message = json_string_equals(kind, VIEW("message")) ||
                      json_string_equals(kind, VIEW("recipient"));
    bool is_control = view_starts_with(type, VIEW("control."));
    *ret_entry = (struct audit_entry){
            .kind = is_control   ? AUDIT_CONTROL
                    : is_alert   ? AUDIT_ALERT
                    : is_message ? AUDIT_MESSAGE_COMMAND
                                 : AUDIT_COMMAND,
            .type = type,
            .id = text_or_empty(&values[is_alert ? PLACED_ALERT_ID : PLACED_COMMAND_ID]),
            .incident_id = text_of(&values[PLACED_INCIDENT_ID]),
            .record = record->value,
    };
    return ERR_NONE;
}

// Waits until it can be written: to go on without would be to command what nobody can prove.
static enum err append(struct audited_sink *audited, const struct audit_entry *entry,
        struct audit_place *ret_place)
{
    enum err e = audit_log_append(audited->log, entry, clock_wall(), ret_place);
    while (e == ERR_UNAVAILABLE && tracked_sink_may_wait(audited->tracked)) {
        audited->is_waiting = true;
        tell_trouble(audited, "nothing is commanded until it can be written; waiting");
        tracked_sink_poll(audited->tracked, 0);
        clock_nap(AGAIN_MS);
        e = audit_log_append(audited->log, entry, clock_wall(), ret_place);
    }
    if (audited->is_waiting && e == ERR_NONE) {
        log_info("audit", "the audit log can be written again; going on");
    }
    audited->is_waiting = false;
    return e == ERR_DATA ? ERR_INTERNAL : e;
}

static enum err audited_send(void *self, const struct record *record)
{
    struct audited_sink *audited = self;
    struct audit_entry entry;
    struct audit_place place;
    if (audited->log == NULL || (record->topic != OUT_ALERTS && record->topic != OUT_COMMANDS)) {
        return sink_send(&audited->to, record);
    }
    enum err e = read_entry(audited, record, &entry);
    e = e != ERR_NONE ? e : append(audited, &entry, &place);
    if (e != ERR_NONE) {
        return e;
    }
    if (tracked_sink_is_in_transaction(audited->tracked, record->topic)) {
        audit_pending_add(audited->pending, place.seq);
    }
    strbuf_reset(&audited->place);
    audit_log_add_place(audited->log, &place, &audited->place);
    struct record placed = *record;
    if (audited->place.failed == ERR_NONE && record->header_count < RECORD_HEADER_MAX) {
        for (size_t i = 0; i < record->header_count; i++) {
            audited->headers[i] = record->headers[i];
        }
        audited->headers[record->header_count] =
                (struct header){VIEW("wn.audit"), strbuf_view(&audited->place)};
        placed.headers = audited->headers;
        placed.header_count = record->header_count + 1;
    }
    return sink_send(&audited->to, &placed);
}

struct sink audited_sink_role(struct audited_sink *audited)
{
    static const struct sink_ops ops = {.send = audited_send};
    return (struct sink){&ops, audited};
}

bool audited_sink_keep(struct audited_sink *audited)
{
    if (audited->log == NULL) {
        return true;
    }
    const uint64_t renewals = audit_log_renewals(audited->log);
    enum err e = audit_log_sync(audited->log);
    if (e != ERR_NONE) {
        tell_trouble(audited, "nothing is committed until it is on disk");
    } else if (audit_log_renewals(audited->log) != renewals) {
        tell_trouble(audited, "the file was written once more; nothing of it is lost");
    }
    return e == ERR_NONE;
}

void audited_sink_ended(void *self, enum audit_outcome outcome)
{
    struct audited_sink *audited = self;
    struct audit_place place;
    struct strbuf text;
    if (audited->log == NULL || audited->pending->count == 0) {
        return;
    }
    strbuf_init(&text, OUTCOME_MAX_BYTES);
    audit_outcome_write(&text, audited->pending, view_of(audited->half), outcome);
    const struct audit_entry entry = {AUDIT_LOG, VIEW("audit.outcome"), view_of(audited->half),
            VIEW_NONE, strbuf_view(&text)};
    enum err e = text.failed != ERR_NONE
                         ? text.failed
                         : audit_log_append(audited->log, &entry, clock_wall(), &place);
    if (e != ERR_NONE) {
        tell_trouble(audited, "what became of a transaction is not in the audit log");
    }
    audited->pending->count = 0;
    audited->pending->left_out = 0;
    strbuf_fini(&text);
}

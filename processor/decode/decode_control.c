#include "decode/decode_control.h"

#include <stdlib.h>
#include <string.h>

#include "common/digest.h"
#include "common/json_scan.h"
#include "decode/fields.h"
#include "decode/unwrap.h"

enum { SIGNATURE_BYTES = 32 };

// As the record has them, before anything is made of the words.
struct control_fields {
    struct view control_id;
    struct view action;
    struct view scope_kind;
    struct view scope_id;
    struct view scope_tenant;
    struct view scope_channel;
    struct view incident_id;
    struct view rule;
    struct view tenant_id;
    struct view operator_id;
    struct view reason;
    struct event_time issued_at;
    struct event_time expires_at;
    bool at_once;
    struct view mode;
    struct view confirms;
    struct view signature;
};

#define CONTROL_FIELD_TABLE(ROW)                                                                   \
    ROW(control_id, "control_id", true, FIELD_SHAPE_ID)                                            \
    ROW(action, "action", true, FIELD_SHAPE_WORD)                                                  \
    ROW(operator_id, "operator", true, FIELD_SHAPE_WORD)                                           \
    ROW(reason, "reason", true, FIELD_SHAPE_TEXT)                                                  \
    ROW(issued_at, "issued_at", true, FIELD_SHAPE_TIME)                                            \
    ROW(expires_at, "expires_at", false, FIELD_SHAPE_TIME)                                         \
    ROW(at_once, "at_once", false, FIELD_SHAPE_FLAG)                                               \
    ROW(scope_kind, "scope/kind", false, FIELD_SHAPE_WORD)                                         \
    ROW(scope_id, "scope/id", false, FIELD_SHAPE_WORD)                                             \
    ROW(scope_tenant, "scope/tenant_id", false, FIELD_SHAPE_WORD)                                  \
    ROW(scope_channel, "scope/channel", false, FIELD_SHAPE_WORD)                                   \
    ROW(incident_id, "incident_id", false, FIELD_SHAPE_WORD)                                       \
    ROW(rule, "rule", false, FIELD_SHAPE_WORD)                                                     \
    ROW(tenant_id, "tenant_id", false, FIELD_SHAPE_WORD)                                           \
    ROW(mode, "mode", false, FIELD_SHAPE_WORD)                                                     \
    ROW(confirms, "confirms", false, FIELD_SHAPE_WORD)                                             \
    ROW(signature, "signature", false, FIELD_SHAPE_WORD)

static const struct field fields[] = {
#define FIELD_ROW(member, name, required, shape)                                                   \
    {name, required, shape, offsetof(struct control_fields, member)},
        CONTROL_FIELD_TABLE(FIELD_ROW)
#undef FIELD_ROW
};
enum { CONTROL_FIELDS = sizeof fields / sizeof *fields };

static const char *const pointers[CONTROL_FIELDS] = {
#define POINTER_ROW(member, name, required, shape) "/" name,
        CONTROL_FIELD_TABLE(POINTER_ROW)
#undef POINTER_ROW
};

struct control_decoder {
    struct json_pointers *pointers;
    struct unwrapper *unwrapper;
};

enum err control_decoder_create(struct control_decoder **ret_decoder)
{
    struct control_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = json_pointers_create(&decoder->pointers, pointers, CONTROL_FIELDS, NULL);
    if (e == ERR_NONE) {
        e = unwrapper_create(&decoder->unwrapper);
    }
    if (e != ERR_NONE) {
        control_decoder_destroy(decoder);
        return e;
    }
    *ret_decoder = decoder;
    return ERR_NONE;
}

void control_decoder_destroy(struct control_decoder *decoder)
{
    if (decoder != NULL) {
        json_pointers_destroy(decoder->pointers);
        unwrapper_destroy(decoder->unwrapper);
        free(decoder);
    }
}

// The number of a word in a table, or -1.
static int word_of(struct view word, const char *const *words, int count)
{
    for (int i = 0; i < count; i++) {
        if (view_is(word, words[i])) {
            return i;
        }
    }
    return -1;
}

// --- what it is about -------------------------------------------------------------------------

static enum decode_result read_scope(const struct control_fields *f, struct control_record *record,
        struct decode_failure *ret_failure)
{
    struct control *control = &record->control;
    if (view_is_none(f->scope_kind) || view_is_none(f->scope_id) || view_is_none(f->scope_tenant)) {
        return decode_fail(
                ret_failure, DEAD_MISSING_FIELD, "scope needs kind, id and tenant_id, all three");
    }
    control->scope.tenant_id = f->scope_tenant;
    control->scope.channel = f->scope_channel;
    if (view_is(f->scope_kind, "recipient")) {
        control->object = CONTROL_OF_RECIPIENT;
        record->recipient = f->scope_id; // not kept in the control: it may be a number
        return DECODE_EVENT;
    }
    control->scope.id = f->scope_id;
    if (view_is(f->scope_kind, "message")) {
        control->object = CONTROL_OF_MESSAGE;
        return DECODE_EVENT;
    }
    int kind = word_of(f->scope_kind, scope_kind_names, SCOPE_KIND_COUNT);
    if (kind < 0) {
        return decode_fail(ret_failure, DEAD_BAD_TYPE, "scope/kind is no kind of scope");
    }
    if (kind == SCOPE_TENANT && !view_equal(f->scope_id, f->scope_tenant)) {
        return decode_fail(ret_failure, DEAD_BAD_TYPE, "a tenant's scope/id is its tenant_id");
    }
    control->object = CONTROL_OF_SCOPE;
    control->scope.kind = (enum scope_kind)kind;
    return DECODE_EVENT;
}

static enum decode_result read_object(const struct control_fields *f, struct control_record *record,
        struct decode_failure *ret_failure)
{
    struct control *control = &record->control;
    if (control->action == CONTROL_CONFIRM) {
        control->object = CONTROL_OF_CONTROL;
        control->confirms = f->confirms;
        return !view_is_none(f->confirms)
                       ? DECODE_EVENT
                       : decode_fail(ret_failure, DEAD_MISSING_FIELD, "confirms is missing");
    }
    bool has_scope = !view_is_none(f->scope_kind) || !view_is_none(f->scope_id) ||
                     !view_is_none(f->scope_tenant);
    bool has_incident = !view_is_none(f->incident_id);
    bool has_rule = !view_is_none(f->rule);
    if (has_scope + has_incident + has_rule != 1) {
        return decode_fail(ret_failure, DEAD_MISSING_FIELD,
                "exactly one of scope, incident_id and rule has to be there");
    }
    if (has_scope) {
        return read_scope(f, record, ret_failure);
    }
    if (has_incident) {
        control->object = CONTROL_OF_INCIDENT;
        return hex_read(f->incident_id, control->incident_id.bytes, DIGEST_ID_BYTES)
                       ? DECODE_EVENT
                       : decode_fail(ret_failure, DEAD_BAD_TYPE,
                                 "incident_id is not 32 hex digits in lower case");
    }
    control->object = CONTROL_OF_RULE;
    control->rule = f->rule;
    control->scope.tenant_id = f->tenant_id;
    return control->action == CONTROL_RELEASE
                   ? DECODE_EVENT
                   : decode_fail(ret_failure, DEAD_BAD_TYPE, "rule goes with action release only");
}

// --- the rest ---------------------------------------------------------------------------------

static enum decode_result read_words(
        const struct control_fields *f, struct control *control, struct decode_failure *ret_failure)
{
    int action = word_of(f->action, control_action_names, CONTROL_ACTION_COUNT);
    if (action < 0) {
        return decode_fail(ret_failure, DEAD_BAD_TYPE, "action is none of those that there are");
    }
    control->action = (enum control_action)action;
    if (action != CONTROL_MODE) {
        return DECODE_EVENT;
    }
    int mode = word_of(f->mode, mode_names, 2);
    control->mode = mode < 0 ? MODE_MONITOR : (enum mode)mode;
    return mode >= 0 ? DECODE_EVENT
           : view_is_none(f->mode)
                   ? decode_fail(ret_failure, DEAD_MISSING_FIELD, "mode is missing")
                   : decode_fail(ret_failure, DEAD_BAD_TYPE, "mode is neither enforce nor monitor");
}

// An empty name is none to the reader of fields, and without it a record is about more.
static const char *empty_name(const struct json_value values[CONTROL_FIELDS])
{
    for (size_t i = 0; i < CONTROL_FIELDS; i++) {
        bool narrows = strcmp(fields[i].name, "tenant_id") == 0 ||
                       strcmp(fields[i].name, "scope/channel") == 0;
        if (narrows && values[i].kind == JSON_STRING && values[i].raw.n == 0) {
            return fields[i].name;
        }
    }
    return NULL;
}

static enum decode_result scan(const struct control_decoder *decoder, const struct raw_message *raw,
        struct arena *arena, struct control_fields *ret_fields, struct view *ret_json,
        struct decode_failure *ret_failure)
{
    if (raw->value.n > CONTROL_MAX_BYTES) {
        return decode_fail(ret_failure, DEAD_TOO_LARGE, "the value has %zu bytes, allowed are %d",
                raw->value.n, CONTROL_MAX_BYTES);
    }
    struct unwrapped inner;
    enum decode_result result = unwrap_event(decoder->unwrapper, raw, arena, &inner, ret_failure);
    if (result != DECODE_EVENT) {
        return result;
    }
    struct json_value values[CONTROL_FIELDS];
    size_t offset;
    enum json_fault fault = json_scan(decoder->pointers, inner.json, values, &offset);
    if (fault != JSON_FINE) {
        return unwrap_fail_json(ret_failure, fault, offset);
    }
    const char *empty = empty_name(values);
    if (empty != NULL) {
        return decode_fail(ret_failure, DEAD_BAD_TYPE, "%s is empty", empty);
    }
    *ret_json = inner.json;
    return fields_read(fields, CONTROL_FIELDS, values, arena, ret_fields, ret_failure);
}

enum decode_result decode_control(const struct control_decoder *decoder,
        const struct raw_message *raw, struct arena *arena, struct control_record *ret_record,
        struct decode_failure *ret_failure)
{
    struct control_fields f = {0};
    struct control_record record = {0};
    enum decode_result result = scan(decoder, raw, arena, &f, &record.json, ret_failure);
    if (result == DECODE_EVENT) {
        record.control = (struct control){
                .control_id = f.control_id,
                .operator_id = f.operator_id,
                .reason = f.reason,
                .issued_at_ms = f.issued_at.ms,
                .expires_at_ms = f.expires_at.ms,
                .at_once = f.at_once,
        };
        record.signature = f.signature;
        uint8_t mac[SIGNATURE_BYTES];
        result = view_is_none(f.signature) || hex_read(f.signature, mac, sizeof mac)
                         ? read_words(&f, &record.control, ret_failure)
                         : decode_fail(ret_failure, DEAD_BAD_SIGNATURE,
                                   "signature is not 64 hex digits in lower case");
    }
    if (result == DECODE_EVENT) {
        result = read_object(&f, &record, ret_failure);
    }
    if (result == DECODE_EVENT) {
        *ret_record = record;
    }
    return result;
}

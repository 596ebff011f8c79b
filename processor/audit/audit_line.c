#include "audit/audit_line.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/digest.h"
#include "common/json_out.h"
#include "common/json_scan.h"

const char *const audit_kind_names[AUDIT_KIND_COUNT] = {
        [AUDIT_LOG] = "log",
        [AUDIT_ALERT] = "alert",
        [AUDIT_CONTROL] = "control",
        [AUDIT_COMMAND] = "command",
        [AUDIT_MESSAGE_COMMAND] = "message_command",
        [AUDIT_CUSTODY] = "custody",
};

static const char mac_mark[] = ",\"mac\":\"";
static const char record_mark[] = "\",\"record\":";
enum {
    MAC_MARK_BYTES = sizeof mac_mark - 1,
    RECORD_MARK_BYTES = sizeof record_mark - 1,
    HEX_BYTES = 2 * SHA256_BYTES,
};

static void sign_head(struct view head, const struct mac_key *key, uint8_t ret_mac[SHA256_BYTES])
{
    if (key != NULL) {
        mac_sign_parts(key, &head, 1, ret_mac);
    } else {
        digest_sha256(head, ret_mac);
    }
}

// --- writing -----------------------------------------------------------------------------------

static void add_hash(struct json_out *out, const char *key, const uint8_t *hash)
{
    char text[HEX_BYTES];
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        text[2 * i] = "0123456789abcdef"[hash[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[hash[i] & 15];
    }
    json_string(out, key, view_bytes(text, sizeof text));
}

void audit_line_add(struct strbuf *sb, struct audit_line *line, const struct mac_key *key)
{
    const size_t from = sb->n;
    if (!view_is_none(line->record)) {
        digest_sha256(line->record, line->sha256);
    }
    struct json_out out;
    json_begin(&out, sb);
    json_object(&out, NULL);
    json_int(&out, "seq", (int64_t)line->seq);
    json_time(&out, "at", line->at_ms);
    json_text(&out, "kind", audit_kind_names[line->kind]);
    json_string(&out, "type", line->type);
    json_string(&out, "id", line->id);
    json_string_or_null(&out, "incident_id", line->incident_id);
    json_string(&out, "policy_version", line->policy_version);
    add_hash(&out, "sha256", line->sha256);
    add_hash(&out, "prev", line->prev);
    if (sb->failed != ERR_NONE) {
        return;
    }
    sign_head(view_skip(strbuf_view(sb), from), key, line->mac);
    add_hash(&out, "mac", line->mac);
    json_raw(&out, "record", view_is_none(line->record) ? VIEW("null") : line->record);
    json_object_end(&out);
    strbuf_add_byte(sb, '\n');
}

// --- reading -----------------------------------------------------------------------------------

// The head's length, or 0. No string's value can hold the mark: its quotes would be escaped.
static size_t head_bytes(struct view text)
{
    const char *mark = memmem(text.p, text.n, mac_mark, MAC_MARK_BYTES);
    return mark != NULL ? (size_t)(mark - text.p) : 0;
}

enum field {
    FIELD_SEQ,
    FIELD_AT,
    FIELD_KIND,
    FIELD_TYPE,
    FIELD_ID,
    FIELD_INCIDENT,
    FIELD_POLICY,
    FIELD_SHA256,
    FIELD_PREV,
    FIELD_COUNT,
};

static const char *const field_pointers[FIELD_COUNT] = {"/seq", "/at", "/kind", "/type", "/id",
        "/incident_id", "/policy_version", "/sha256", "/prev"};

enum err audit_line_fields(struct json_pointers **ret_fields)
{
    return json_pointers_create(ret_fields, field_pointers, FIELD_COUNT, NULL);
}

static bool read_kind(const struct json_value *value, enum audit_kind *ret_kind)
{
    for (unsigned kind = 0; kind < AUDIT_KIND_COUNT; kind++) {
        if (json_string_equals(value, view_of(audit_kind_names[kind]))) {
            *ret_kind = (enum audit_kind)kind;
            return true;
        }
    }
    return false;
}

static const char *read_values(
        const struct json_value *values, struct arena *arena, struct audit_line *line)
{
    int64_t seq;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        bool may_be_null = i == FIELD_INCIDENT && values[i].kind == JSON_NULL;
        enum json_kind wanted = i == FIELD_SEQ ? JSON_NUMBER : JSON_STRING;
        if (values[i].duplicate || (values[i].kind != wanted && !may_be_null)) {
            return "its members are not those of an audit record";
        }
    }
    if (json_integer_read(values[FIELD_SEQ].raw, &seq) != JSON_INTEGER || seq < 1) {
        return "seq is no number of a record";
    }
    if (clock_parse_rfc3339(values[FIELD_AT].raw, &line->at_ms) != CLOCK_OK) {
        return "at is no time";
    }
    if (!read_kind(&values[FIELD_KIND], &line->kind)) {
        return "its kind is unknown";
    }
    if (!hex_read(values[FIELD_SHA256].raw, line->sha256, SHA256_BYTES) ||
            !hex_read(values[FIELD_PREV].raw, line->prev, SHA256_BYTES)) {
        return "a hash is not 64 lower-case hex digits";
    }
    line->seq = (uint64_t)seq;
    line->type = json_string_take(&values[FIELD_TYPE], arena);
    line->id = json_string_take(&values[FIELD_ID], arena);
    line->incident_id = values[FIELD_INCIDENT].kind == JSON_STRING
                                ? json_string_take(&values[FIELD_INCIDENT], arena)
                                : VIEW_NONE;
    line->policy_version = json_string_take(&values[FIELD_POLICY], arena);
    return NULL;
}

const char *audit_line_read(const struct json_pointers *fields, struct view text,
        struct arena *arena, struct audit_line *ret_line)
{
    size_t head = head_bytes(text);
    struct view rest = view_skip(text, head);
    const size_t marks = MAC_MARK_BYTES + HEX_BYTES + RECORD_MARK_BYTES;
    struct audit_line line = {0};
    if (head == 0 || text.p[0] != '{' || rest.n < marks + sizeof "0}" - 1 ||
            rest.p[rest.n - 1] != '}' ||
            memcmp(rest.p + MAC_MARK_BYTES + HEX_BYTES, record_mark, RECORD_MARK_BYTES) != 0 ||
            !hex_read(view_bytes(rest.p + MAC_MARK_BYTES, HEX_BYTES), line.mac, SHA256_BYTES)) {
        return "it is not an audit record";
    }
    char *object = arena_take(arena, head + 1);
    if (object == NULL) {
        return "there is no memory to read it";
    }
    memcpy(object, text.p, head);
    object[head] = '}';
    struct json_value values[FIELD_COUNT];
    if (json_scan(fields, view_bytes(object, head + 1), values, NULL) != JSON_FINE) {
        return "it is not JSON";
    }
    const char *why = read_values(values, arena, &line);
    if (why != NULL) {
        return why;
    }
    struct view record = view_bytes(rest.p + marks, rest.n - marks - 1);
    line.record = view_is(record, "null") ? VIEW_NONE : record;
    *ret_line = line;
    return NULL;
}

void audit_line_sign(struct view text, const struct mac_key *key, uint8_t ret_mac[SHA256_BYTES])
{
    sign_head(view_bytes(text.p, head_bytes(text)), key, ret_mac);
}

bool audit_line_has_its_record(const struct audit_line *line)
{
    uint8_t sha256[SHA256_BYTES];
    if (view_is_none(line->record)) {
        return true;
    }
    digest_sha256(line->record, sha256);
    return memcmp(sha256, line->sha256, sizeof sha256) == 0;
}

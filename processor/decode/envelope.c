#include "decode/envelope.h"

#include <stdlib.h>

#include "common/digest.h"
#include "common/json_scan.h"

enum member {
    MEMBER_TOPIC,
    MEMBER_PARTITION,
    MEMBER_OFFSET,
    MEMBER_TS,
    MEMBER_KEY,
    MEMBER_KEY_BASE64,
    MEMBER_PAYLOAD,
    MEMBER_PAYLOAD_BASE64,
    MEMBER_HEADERS,
    MEMBER_HEADERS_BASE64,
    MEMBER_COUNT,
};

static const char *const member_pointers[MEMBER_COUNT] = {"/topic", "/partition", "/offset", "/ts",
        "/key", "/key_base64", "/payload", "/payload_base64", "/headers", "/headers_base64"};

struct envelope_reader {
    struct json_pointers *members;
};

enum err envelope_reader_create(struct envelope_reader **ret_reader)
{
    struct envelope_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = json_pointers_create(&reader->members, member_pointers, MEMBER_COUNT, NULL);
    if (e != ERR_NONE) {
        free(reader);
        return e;
    }
    *ret_reader = reader;
    return ERR_NONE;
}

void envelope_reader_destroy(struct envelope_reader *reader)
{
    if (reader != NULL) {
        json_pointers_destroy(reader->members);
        free(reader);
    }
}

static bool is_given(const struct json_value *value)
{
    return value->kind != JSON_ABSENT && value->kind != JSON_NULL;
}

// LINE_PLAIN stands for "no envelope" in what follows.

static enum envelope_kind copy_view(struct arena *arena, struct view bytes, struct view *ret_copy)
{
    *ret_copy = arena_copy(arena, bytes);
    return view_is_none(*ret_copy) ? LINE_NO_ROOM : LINE_ENVELOPE;
}

// The bytes of a string; none of null and of nothing.
static enum envelope_kind take_text(
        const struct json_value *value, struct arena *arena, struct view *ret_bytes)
{
    *ret_bytes = VIEW_NONE;
    if (!is_given(value)) {
        return LINE_ENVELOPE;
    }
    if (value->kind != JSON_STRING || value->has_lone_surrogate) {
        return LINE_PLAIN;
    }
    if (!value->has_escapes) {
        return copy_view(arena, value->raw, ret_bytes);
    }
    *ret_bytes = json_string_take(value, arena);
    return view_is_none(*ret_bytes) ? LINE_NO_ROOM : LINE_ENVELOPE;
}

static enum envelope_kind take_base64(
        const struct json_value *value, struct arena *arena, struct view *ret_bytes)
{
    struct view text;
    enum envelope_kind kind = take_text(value, arena, &text);
    if (kind != LINE_ENVELOPE || view_is_none(text)) {
        *ret_bytes = VIEW_NONE;
        return kind;
    }
    struct strbuf bytes;
    strbuf_init(&bytes, text.n + 64);
    enum err e = base64_decode(&bytes, text);
    if (bytes.failed != ERR_NONE) {
        kind = LINE_NO_ROOM;
    } else if (e != ERR_NONE) {
        kind = LINE_PLAIN;
    } else {
        kind = copy_view(arena, strbuf_view(&bytes), ret_bytes);
    }
    strbuf_fini(&bytes);
    return kind;
}

// Bytes from whichever of the two fields has them; both would be two values for one thing.
static enum envelope_kind take_bytes(const struct json_value *text, const struct json_value *base64,
        struct arena *arena, struct view *ret_bytes)
{
    if (is_given(base64) && is_given(text)) {
        return LINE_PLAIN;
    }
    return is_given(base64) ? take_base64(base64, arena, ret_bytes)
                            : take_text(text, arena, ret_bytes);
}

static enum envelope_kind take_payload(
        const struct json_value *members, struct arena *arena, struct view *ret_value)
{
    const struct json_value *payload = &members[MEMBER_PAYLOAD];
    bool is_embedded = is_given(payload) && payload->kind != JSON_STRING;
    if (is_embedded && !is_given(&members[MEMBER_PAYLOAD_BASE64])) {
        return copy_view(arena, payload->raw, ret_value);
    }
    return take_bytes(payload, &members[MEMBER_PAYLOAD_BASE64], arena, ret_value);
}

static size_t count_elements(struct view array)
{
    size_t count = 0;
    struct json_value element;
    while (json_array_take(&array, &element)) {
        count++;
    }
    return count;
}

// Name, value, name, value: as text or, when the array is the one in base64, as base64. `headers`
// has room for half the array's elements.
static enum envelope_kind take_headers(
        struct view array, bool is_base64, struct arena *arena, struct header *headers)
{
    size_t count = 0;
    struct json_value name;
    struct json_value value;
    while (json_array_take(&array, &name)) {
        if (name.kind != JSON_STRING || !json_array_take(&array, &value)) {
            return LINE_PLAIN;
        }
        struct header *header = &headers[count++];
        enum envelope_kind kind = is_base64 ? take_base64(&name, arena, &header->name)
                                            : take_text(&name, arena, &header->name);
        if (kind == LINE_ENVELOPE) {
            kind = is_base64 ? take_base64(&value, arena, &header->value)
                             : take_text(&value, arena, &header->value);
        }
        if (kind != LINE_ENVELOPE) {
            return kind;
        }
    }
    return LINE_ENVELOPE;
}

static enum envelope_kind read_headers(
        const struct json_value *members, struct arena *arena, struct raw_message *raw)
{
    bool is_base64 = is_given(&members[MEMBER_HEADERS_BASE64]);
    const struct json_value *array = &members[is_base64 ? MEMBER_HEADERS_BASE64 : MEMBER_HEADERS];
    if (!is_given(array)) {
        return LINE_ENVELOPE;
    }
    if (array->kind != JSON_ARRAY) {
        return LINE_PLAIN;
    }
    size_t elements = count_elements(array->raw);
    if (elements == 0) {
        return LINE_ENVELOPE;
    }
    if (elements % 2 != 0) {
        return LINE_PLAIN;
    }
    struct header *headers = arena_take(arena, elements / 2 * sizeof *headers);
    if (headers == NULL) {
        return LINE_NO_ROOM;
    }
    enum envelope_kind kind = take_headers(array->raw, is_base64, arena, headers);
    if (kind == LINE_ENVELOPE) {
        raw->headers = headers;
        raw->header_count = elements / 2;
    }
    return kind;
}

// Whether the four members by which an envelope is known are there and no member is given twice.
static bool looks_like_envelope(const struct json_value *members)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (members[i].duplicate) {
            return false;
        }
    }
    return members[MEMBER_TOPIC].kind == JSON_STRING &&
           members[MEMBER_PARTITION].kind == JSON_NUMBER &&
           members[MEMBER_OFFSET].kind == JSON_NUMBER &&
           (members[MEMBER_PAYLOAD].kind != JSON_ABSENT ||
                   is_given(&members[MEMBER_PAYLOAD_BASE64]));
}

static bool read_place(const struct json_value *members, struct raw_message *raw)
{
    int64_t partition;
    if (json_integer_read(members[MEMBER_PARTITION].raw, &partition) != JSON_INTEGER ||
            partition < 0 || partition > INT32_MAX ||
            json_integer_read(members[MEMBER_OFFSET].raw, &raw->offset) != JSON_INTEGER ||
            raw->offset < 0) {
        return false;
    }
    raw->partition = (int32_t)partition;
    const struct json_value *ts = &members[MEMBER_TS];
    if (!is_given(ts)) {
        return true;
    }
    if (ts->kind != JSON_NUMBER || json_integer_read(ts->raw, &raw->timestamp_ms) != JSON_INTEGER) {
        return false;
    }
    // kcat writes -1 where the broker knows none.
    raw->timestamp_ms = raw->timestamp_ms < 0 ? -1 : raw->timestamp_ms;
    return true;
}

static enum envelope_kind read_envelope(
        const struct json_value *members, struct arena *arena, struct raw_message *raw)
{
    if (!looks_like_envelope(members) || !read_place(members, raw)) {
        return LINE_PLAIN;
    }
    enum envelope_kind kind = take_text(&members[MEMBER_TOPIC], arena, &raw->topic);
    if (kind == LINE_ENVELOPE) {
        kind = take_bytes(&members[MEMBER_KEY], &members[MEMBER_KEY_BASE64], arena, &raw->key);
    }
    if (kind == LINE_ENVELOPE) {
        kind = take_payload(members, arena, &raw->value);
    }
    if (kind == LINE_ENVELOPE) {
        kind = read_headers(members, arena, raw);
    }
    return kind;
}

// No is sure: the name of a member that every envelope has stands in the text, unless with escapes.
// Most files are events as they are, which need not be read twice.
static bool may_be_envelope(struct view text)
{
    const struct view name = VIEW("\"partition\"");
    return memmem(text.p, text.n, name.p, name.n) != NULL || memchr(text.p, '\\', text.n) != NULL;
}

enum envelope_kind envelope_read_line(const struct envelope_reader *reader, struct view line,
        struct arena *arena, struct raw_message *ret_raw)
{
    struct view text = json_skip_bom(line);
    if (json_skip_space(text).n == 0) {
        return LINE_BLANK;
    }
    enum envelope_kind kind = LINE_PLAIN;
    struct raw_message raw = {.timestamp_ms = -1};
    struct json_value members[MEMBER_COUNT];
    if (may_be_envelope(text) && json_scan(reader->members, text, members, NULL) == JSON_FINE) {
        kind = read_envelope(members, arena, &raw);
    }
    if (kind == LINE_PLAIN) {
        raw = (struct raw_message){.timestamp_ms = -1};
        if (copy_view(arena, line, &raw.value) == LINE_NO_ROOM) {
            return LINE_NO_ROOM;
        }
    }
    if (kind != LINE_NO_ROOM) {
        *ret_raw = raw;
    }
    return kind;
}

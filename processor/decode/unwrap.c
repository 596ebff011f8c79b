#include "decode/unwrap.h"

#include <stdlib.h>
#include <strings.h>

#include "common/digest.h"

enum { FRAMING_BYTES = 5 }; // schema registry: a zero byte and the schema's id, big-endian

enum cloud_event_member {
    MEMBER_DATA,
    MEMBER_DATA_BASE64,
    MEMBER_DATACONTENTTYPE,
    MEMBER_TRACEPARENT,
    MEMBER_TRACESTATE,
    MEMBER_COUNT,
};

static const char *const member_pointers[MEMBER_COUNT] = {
        "/data", "/data_base64", "/datacontenttype", "/traceparent", "/tracestate"};

struct unwrapper {
    struct json_pointers *members;
};

enum err unwrapper_create(struct unwrapper **ret_unwrapper)
{
    struct unwrapper *unwrapper = calloc(1, sizeof *unwrapper);
    if (unwrapper == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err e = json_pointers_create(&unwrapper->members, member_pointers, MEMBER_COUNT, NULL);
    if (e != ERR_NONE) {
        free(unwrapper);
        return e;
    }
    *ret_unwrapper = unwrapper;
    return ERR_NONE;
}

void unwrapper_destroy(struct unwrapper *unwrapper)
{
    if (unwrapper != NULL) {
        json_pointers_destroy(unwrapper->members);
        free(unwrapper);
    }
}

enum decode_result unwrap_fail_json(
        struct decode_failure *ret_failure, enum json_fault fault, size_t offset)
{
    switch (fault) {
    case JSON_BAD_UTF8:
        return decode_fail(ret_failure, DEAD_BAD_UTF8, "the text is not UTF-8");
    case JSON_TOO_DEEP:
        return decode_fail(ret_failure, DEAD_TOO_DEEP,
                "nested deeper than %d at byte %zu of the JSON text", JSON_DEPTH_MAX, offset);
    case JSON_NOT_JSON:
    case JSON_FINE:
        break;
    }
    return decode_fail(
            ret_failure, DEAD_NOT_JSON, "no JSON (RFC 8259) at byte %zu of the text", offset);
}

static enum decode_result fail_encoding(struct decode_failure *ret_failure, const char *what)
{
    return decode_fail(ret_failure, DEAD_UNSUPPORTED_ENCODING, "%s", what);
}

// --- headers and media types ------------------------------------------------------------------

static bool equals_in_any_case(struct view text, struct view expected)
{
    return text.n == expected.n && strncasecmp(text.p, expected.p, expected.n) == 0;
}

// The last header of that name, in any case: HTTP's names came to Kafka in several spellings.
static struct view find_header(const struct raw_message *raw, struct view name)
{
    for (size_t i = raw->header_count; i-- > 0;) {
        if (equals_in_any_case(raw->headers[i].name, name)) {
            return raw->headers[i].value;
        }
    }
    return VIEW_NONE;
}

// "type/subtype" without parameters and white space.
static struct view media_type(struct view header)
{
    const char *semicolon = header.n > 0 ? memchr(header.p, ';', header.n) : NULL;
    if (semicolon != NULL) {
        header.n = (size_t)(semicolon - header.p);
    }
    header = json_skip_space(header);
    while (header.n > 0 && (header.p[header.n - 1] == ' ' || header.p[header.n - 1] == '\t')) {
        header.n--;
    }
    return header;
}

static bool ends_in_any_case(struct view text, struct view suffix)
{
    return text.n > suffix.n && equals_in_any_case(view_skip(text, text.n - suffix.n), suffix);
}

// Whether data of that type is JSON; absent means that nothing else is said.
static bool is_json_type(struct view type)
{
    return type.n == 0 || equals_in_any_case(type, VIEW("application/json")) ||
           equals_in_any_case(type, VIEW("text/json")) || ends_in_any_case(type, VIEW("+json"));
}

static bool is_cloud_event_type(struct view type)
{
    struct view prefix = VIEW("application/cloudevents");
    return type.n >= prefix.n && strncasecmp(type.p, prefix.p, prefix.n) == 0;
}

// The structured formats we read: JSON, one event. Not batches, Avro, Protobuf, XML.
static bool is_cloud_event_json(struct view type)
{
    return equals_in_any_case(type, VIEW("application/cloudevents")) ||
           equals_in_any_case(type, VIEW("application/cloudevents+json"));
}

// --- framing ----------------------------------------------------------------------------------

// Whether JSON begins here. White space alone says nothing: 0x0a is also how a short Avro string
// starts.
static bool begins_like_json(struct view bytes)
{
    struct view text = json_skip_space(json_skip_bom(bytes));
    return text.n > 0 && (text.p[0] == '{' || text.p[0] == '[');
}

static enum decode_result unframe(
        struct view value, struct view *ret_text, struct decode_failure *ret_failure)
{
    if (view_starts_with(value, VIEW("Obj\x01"))) {
        return fail_encoding(ret_failure, "the value is an Avro object container file");
    }
    if (value.n >= FRAMING_BYTES && value.p[0] == '\0') {
        value = view_skip(value, FRAMING_BYTES);
        if (!begins_like_json(value)) {
            return fail_encoding(ret_failure,
                    "behind schema-registry framing there is something else than JSON");
        }
    }
    *ret_text = json_skip_bom(value);
    return DECODE_EVENT;
}

// --- CloudEvents, structured ------------------------------------------------------------------

static enum decode_result unwrap_base64(const struct json_value *data, struct arena *arena,
        struct view *ret_text, struct decode_failure *ret_failure)
{
    if (data->kind != JSON_STRING) {
        return decode_fail(ret_failure, DEAD_BAD_TYPE, "data_base64 is not a string");
    }
    struct view text = json_string_take(data, arena);
    if (view_is_none(text)) {
        return DECODE_NO_ROOM;
    }
    struct strbuf bytes;
    strbuf_init(&bytes, text.n + 64);
    enum err e = base64_decode(&bytes, text);
    struct view copy = e == ERR_NONE ? arena_copy(arena, strbuf_view(&bytes)) : VIEW_NONE;
    bool is_out_of_memory = bytes.failed != ERR_NONE;
    strbuf_fini(&bytes);
    if (e == ERR_DATA && !is_out_of_memory) {
        return decode_fail(ret_failure, DEAD_BAD_TYPE, "data_base64 is not base64");
    }
    if (view_is_none(copy)) {
        return DECODE_NO_ROOM;
    }
    *ret_text = json_skip_bom(copy);
    return DECODE_EVENT;
}

static bool is_given(const struct json_value *member)
{
    return member->kind != JSON_ABSENT && member->kind != JSON_NULL;
}

// A string attribute for what it is worth: none when it is anything else. False when there is no
// room for it.
static bool take_attribute(
        const struct json_value *member, struct arena *arena, struct view *ret_text)
{
    *ret_text = VIEW_NONE;
    if (member->kind != JSON_STRING || member->has_nul_escape || member->has_lone_surrogate ||
            member->duplicate) {
        return true;
    }
    *ret_text = json_string_take(member, arena);
    return !view_is_none(*ret_text);
}

static enum decode_result unwrap_data(const struct json_value *members, struct arena *arena,
        struct view *ret_text, struct decode_failure *ret_failure)
{
    const struct json_value *data = &members[MEMBER_DATA];
    const struct json_value *data_base64 = &members[MEMBER_DATA_BASE64];
    if (is_given(data) && is_given(data_base64)) {
        return decode_fail(
                ret_failure, DEAD_DUPLICATE_KEY, "the CloudEvent has data and data_base64");
    }
    if (is_given(data_base64)) {
        return unwrap_base64(data_base64, arena, ret_text, ret_failure);
    }
    if (!is_given(data)) {
        return decode_fail(ret_failure, DEAD_MISSING_FIELD, "the CloudEvent has no data");
    }
    if (data->kind != JSON_OBJECT) {
        return decode_fail(ret_failure, DEAD_BAD_TYPE, "the CloudEvent's data is not an object");
    }
    *ret_text = data->raw;
    return DECODE_EVENT;
}

static enum decode_result unwrap_structured(const struct unwrapper *unwrapper, struct arena *arena,
        struct unwrapped *inner, struct decode_failure *ret_failure)
{
    struct json_value members[MEMBER_COUNT];
    size_t offset;
    enum json_fault fault = json_scan(unwrapper->members, inner->json, members, &offset);
    if (fault != JSON_FINE) {
        return unwrap_fail_json(ret_failure, fault, offset);
    }
    for (size_t i = MEMBER_DATA; i <= MEMBER_DATACONTENTTYPE; i++) {
        if (members[i].duplicate) {
            return decode_fail(ret_failure, DEAD_DUPLICATE_KEY,
                    "the CloudEvent's %s is given twice", member_pointers[i] + 1);
        }
    }
    struct view type;
    struct view traceparent;
    struct view tracestate;
    if (!take_attribute(&members[MEMBER_DATACONTENTTYPE], arena, &type) ||
            !take_attribute(&members[MEMBER_TRACEPARENT], arena, &traceparent) ||
            !take_attribute(&members[MEMBER_TRACESTATE], arena, &tracestate)) {
        return DECODE_NO_ROOM;
    }
    bool has_odd_type = is_given(&members[MEMBER_DATACONTENTTYPE]) && view_is_none(type);
    if (has_odd_type || !is_json_type(media_type(type))) {
        return fail_encoding(ret_failure, "the CloudEvent's datacontenttype is not JSON");
    }
    if (view_is_none(inner->traceparent)) {
        inner->traceparent = traceparent;
        inner->tracestate = tracestate;
    }
    return unwrap_data(members, arena, &inner->json, ret_failure);
}

// The trace of this hop, else the one the CloudEvent began with.
static void find_trace(const struct raw_message *raw, struct unwrapped *inner)
{
    inner->traceparent = find_header(raw, VIEW("traceparent"));
    inner->tracestate = find_header(raw, VIEW("tracestate"));
    if (view_is_none(inner->traceparent)) {
        inner->traceparent = find_header(raw, VIEW("ce_traceparent"));
        inner->tracestate = find_header(raw, VIEW("ce_tracestate"));
    }
}

enum decode_result unwrap_event(const struct unwrapper *unwrapper, const struct raw_message *raw,
        struct arena *arena, struct unwrapped *ret_unwrapped, struct decode_failure *ret_failure)
{
    if (view_is_none(raw->value)) {
        return decode_fail(ret_failure, DEAD_EMPTY, "the value is null");
    }
    if (raw->value.n == 0) {
        return decode_fail(ret_failure, DEAD_EMPTY, "the value has no bytes");
    }
    if (raw->value.n > MESSAGE_MAX_BYTES) {
        return decode_fail(ret_failure, DEAD_TOO_LARGE, "the value has %zu bytes, allowed are %d",
                raw->value.n, MESSAGE_MAX_BYTES);
    }
    struct view type = media_type(find_header(raw, VIEW("content-type")));
    bool is_structured = is_cloud_event_type(type);
    if (is_structured ? !is_cloud_event_json(type) : !is_json_type(type)) {
        return fail_encoding(ret_failure, "the content-type header names something else than JSON");
    }
    if (!is_json_type(media_type(find_header(raw, VIEW("ce_datacontenttype"))))) {
        return fail_encoding(
                ret_failure, "the ce_datacontenttype header names something else than JSON");
    }
    struct unwrapped inner;
    enum decode_result result = unframe(raw->value, &inner.json, ret_failure);
    if (result != DECODE_EVENT) {
        return result;
    }
    find_trace(raw, &inner);
    if (is_structured) {
        result = unwrap_structured(unwrapper, arena, &inner, ret_failure);
    }
    if (result == DECODE_EVENT) {
        *ret_unwrapped = inner;
    }
    return result;
}

#include "decode/fields.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/clock.h"

// One field on its way into the struct.
struct reading {
    const struct field *field;
    const struct json_value *value;
    struct arena *arena;
    struct decode_failure *failure;
};

static enum decode_result fail_type(const struct reading *r, const char *what)
{
    return decode_fail(r->failure, DEAD_BAD_TYPE, "%s %s", r->field->name, what);
}

static enum decode_result fail_range(const struct reading *r)
{
    return decode_fail(r->failure, DEAD_BAD_TIME, "%s is outside 2000 to 2100", r->field->name);
}

// Before any copy: nothing is written longer than six times its length.
static bool is_too_long_by_far(const struct json_value *string, size_t max_bytes)
{
    return string->raw.n > max_bytes * 6;
}

static enum decode_result fail_length(const struct reading *r, size_t max_bytes)
{
    return decode_fail(
            r->failure, DEAD_BAD_TYPE, "%s is longer than %zu bytes", r->field->name, max_bytes);
}

static enum decode_result read_escaped(
        const struct reading *r, size_t max_bytes, struct view *ret_text)
{
    if (r->value->has_nul_escape) {
        return fail_type(r, "holds a zero character");
    }
    if (r->value->has_lone_surrogate) {
        return fail_type(r, "holds half a surrogate pair");
    }
    if (is_too_long_by_far(r->value, max_bytes)) {
        return fail_length(r, max_bytes);
    }
    *ret_text = json_string_take(r->value, r->arena);
    return view_is_none(*ret_text) ? DECODE_NO_ROOM : DECODE_EVENT;
}

static enum decode_result read_string(
        const struct reading *r, size_t max_bytes, struct view *ret_text)
{
    struct view text = r->value->raw;
    if (r->value->has_escapes) {
        enum decode_result result = read_escaped(r, max_bytes, &text);
        if (result != DECODE_EVENT) {
            return result;
        }
    }
    if (text.n > max_bytes) {
        return fail_length(r, max_bytes);
    }
    *ret_text = text;
    return DECODE_EVENT;
}

// Whether a whole number is written the shortest way, so that its bytes are its decimal text.
static bool is_plain_integer(struct view raw)
{
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] == '.' || raw.p[i] == 'e' || raw.p[i] == 'E') {
            return false;
        }
    }
    return !view_is(raw, "-0");
}

static enum decode_result read_integer_text(const struct reading *r, struct view *ret_text)
{
    int64_t number;
    if (json_integer_read(r->value->raw, &number) != JSON_INTEGER) {
        return fail_type(r, "is a number, but no integer within 2^53 - 1");
    }
    if (is_plain_integer(r->value->raw)) {
        *ret_text = r->value->raw;
        return DECODE_EVENT;
    }
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRId64, number);
    struct view copy = arena_copy(r->arena, view_bytes(text, (size_t)n));
    if (view_is_none(copy)) {
        return DECODE_NO_ROOM;
    }
    *ret_text = copy;
    return DECODE_EVENT;
}

static enum decode_result read_time(const struct reading *r, int64_t *ret_ms)
{
    int64_t ms = 0;
    if (r->value->kind == JSON_NUMBER) {
        enum json_integer integer = json_integer_read(r->value->raw, &ms);
        if (integer == JSON_INTEGER_FRACTION) {
            return fail_type(r, "is a number, but no integer");
        }
        if (integer == JSON_INTEGER_RANGE || !clock_is_accepted(ms)) {
            return fail_range(r);
        }
        *ret_ms = ms;
        return DECODE_EVENT;
    }
    if (r->value->kind != JSON_STRING) {
        return fail_type(r, "is neither a string nor an integer");
    }
    struct view text = VIEW("");
    if (!is_too_long_by_far(r->value, ID_MAX_BYTES)) {
        text = json_string_take(r->value, r->arena);
        if (view_is_none(text)) {
            return DECODE_NO_ROOM;
        }
    }
    switch (clock_parse_rfc3339(text, &ms)) {
    case CLOCK_OK:
        *ret_ms = ms;
        return DECODE_EVENT;
    case CLOCK_OUT_OF_RANGE:
        return fail_range(r);
    case CLOCK_BAD_SYNTAX:
        break;
    }
    return decode_fail(r->failure, DEAD_BAD_TIME, "%s is not an RFC 3339 time", r->field->name);
}

static enum decode_result read_count(const struct reading *r, int64_t *ret_count)
{
    int64_t count;
    if (r->value->kind != JSON_NUMBER || json_integer_read(r->value->raw, &count) != JSON_INTEGER ||
            count < 0) {
        return fail_type(r, "is not an integer of 0 to 2^53 - 1");
    }
    *ret_count = count;
    return DECODE_EVENT;
}

static enum decode_result read_field(const struct reading *r, void *target)
{
    void *place = (char *)target + r->field->place;
    switch (r->field->shape) {
    case FIELD_SHAPE_TIME:
        return read_time(r, &((struct event_time *)place)->ms);
    case FIELD_SHAPE_COUNT:
        return read_count(r, place);
    case FIELD_SHAPE_FLAG:
        if (r->value->kind != JSON_TRUE && r->value->kind != JSON_FALSE) {
            return fail_type(r, "is neither true nor false");
        }
        *(bool *)place = r->value->kind == JSON_TRUE;
        return DECODE_EVENT;
    case FIELD_SHAPE_WORD:
    case FIELD_SHAPE_TEXT:
        if (r->value->kind != JSON_STRING) {
            return fail_type(r, "is not a string");
        }
        break;
    case FIELD_SHAPE_ID:
        if (r->value->kind == JSON_NUMBER) {
            return read_integer_text(r, place);
        }
        if (r->value->kind != JSON_STRING) {
            return fail_type(r, "is neither a string nor an integer");
        }
        break;
    }
    return read_string(
            r, r->field->shape == FIELD_SHAPE_TEXT ? TEXT_MAX_BYTES : ID_MAX_BYTES, place);
}

static bool is_absent(const struct json_value *value, enum field_shape shape)
{
    bool is_empty = value->kind == JSON_STRING && value->raw.n == 0 && shape != FIELD_SHAPE_COUNT;
    return value->kind == JSON_ABSENT || value->kind == JSON_NULL || is_empty;
}

enum decode_result fields_read(const struct field *fields, size_t count,
        const struct json_value *values, struct arena *arena, void *target,
        struct decode_failure *ret_failure)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].duplicate) {
            return decode_fail(
                    ret_failure, DEAD_DUPLICATE_KEY, "%s is given twice", fields[i].name);
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct reading r = {&fields[i], &values[i], arena, ret_failure};
        if (is_absent(&values[i], fields[i].shape)) {
            if (fields[i].is_required) {
                return decode_fail(
                        ret_failure, DEAD_MISSING_FIELD, "%s is missing", fields[i].name);
            }
            continue;
        }
        enum decode_result result = read_field(&r, target);
        if (result != DECODE_EVENT) {
            return result;
        }
    }
    return DECODE_EVENT;
}

#include "bench/report_json.h"

#include <stdlib.h>

#include "common/clock.h"

enum { NUMBER_BYTES = 64 };

struct view report_json_text(const struct json_value *value, struct arena *arena)
{
    if (value->kind != JSON_STRING) {
        return VIEW_NONE;
    }
    return arena_copy(arena, json_string_take(value, arena));
}

int64_t report_json_count(const struct json_value *value)
{
    int64_t count = 0;
    if (value->kind == JSON_NUMBER && json_integer_read(value->raw, &count) != JSON_INTEGER) {
        return 0;
    }
    return count;
}

double report_json_number(const struct json_value *value)
{
    char text[NUMBER_BYTES];
    if (value->kind != JSON_NUMBER || value->raw.n >= sizeof text) {
        return 0;
    }
    memcpy(text, value->raw.p, value->raw.n);
    text[value->raw.n] = '\0';
    return strtod(text, NULL);
}

int64_t report_json_time(const struct json_value *value)
{
    int64_t ms = -1;
    if (value->kind == JSON_STRING && clock_parse_rfc3339(value->raw, &ms) != CLOCK_OK) {
        return -1;
    }
    return ms;
}

struct view report_json_scalar(const struct json_value *value, struct arena *arena)
{
    return value->kind == JSON_STRING ? report_json_text(value, arena)
                                      : arena_copy(arena, value->raw);
}

// The bytes of the value at the front of checked JSON: up to a comma or closing bracket of its own
// level.
static size_t value_bytes(struct view text)
{
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth == 0) {
                return i;
            }
            depth--;
        } else if (c == ',' && depth == 0) {
            return i;
        }
    }
    return text.n;
}

static struct view trim(struct view text)
{
    text = json_skip_space(text);
    while (text.n > 0 && strchr(" \t\r\n", text.p[text.n - 1]) != NULL) {
        text.n--;
    }
    return text;
}

bool report_json_member(struct view *rest, struct view *ret_name, struct view *ret_value)
{
    struct view text = *rest;
    while (text.n > 0 && *text.p != '"') {
        text = view_skip(text, 1); // the brace, a comma, white space
    }
    if (text.n < 2) {
        return false;
    }
    size_t n = 1;
    while (n < text.n && text.p[n] != '"') {
        n += text.p[n] == '\\' ? 2 : 1;
    }
    const char *colon = n < text.n ? memchr(text.p + n, ':', text.n - n) : NULL;
    if (colon == NULL) {
        return false;
    }
    *ret_name = (struct view){text.p + 1, n - 1};
    text = view_skip(text, (size_t)(colon - text.p) + 1);
    size_t bytes = value_bytes(text);
    *ret_value = trim((struct view){text.p, bytes});
    *rest = view_skip(text, bytes);
    return true;
}

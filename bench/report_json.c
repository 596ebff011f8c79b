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

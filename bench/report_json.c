#include "bench/report_json.h"

#include <math.h>

#include "common/clock.h"

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
    double number = json_double_read(value);
    return isnan(number) ? 0 : number;
}

int64_t report_json_time(const struct json_value *value)
{
    int64_t ms = -1;
    if (value->kind == JSON_STRING && clock_parse_rfc3339(value->raw, &ms) != CLOCK_OK) {
        return -1;
    }
    return ms;
}

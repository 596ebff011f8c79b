// Typed readings of scanned JSON, for the files of a run.
#pragma once

#include "common/arena.h"
#include "common/json_scan.h"

// A copy of a string's value; none where it is no string or the arena is full.
struct view report_json_text(const struct json_value *value, struct arena *arena);
// 0 where it is no number.
int64_t report_json_count(const struct json_value *value);
double report_json_number(const struct json_value *value);
// An RFC 3339 time; -1 where it is none.
int64_t report_json_time(const struct json_value *value);

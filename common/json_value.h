// What the scanner finds at a JSON Pointer, and exact readings of it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/view.h"

enum json_kind {
    JSON_ABSENT,
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_OBJECT,
    JSON_ARRAY,
};

struct json_value {
    enum json_kind kind;
    bool duplicate; // a member on the way here was given twice; the other fields tell of the last
    // Of strings:
    bool has_escapes;        // raw is not yet the string's value
    bool has_nul_escape;     // \u0000
    bool has_lone_surrogate; // half a pair of \uD8xx\uDCxx: no character, no UTF-8
    struct view raw;         // as written; of strings without the quotes
};

// The value of a string: raw itself when it has no escapes, else a copy in the arena. A lone
// surrogate becomes U+FFFD, \u0000 a zero byte. A view of none when the arena is full.
struct view json_string_take(const struct json_value *string, struct arena *arena);
// Whether a string's value is `text`. One with a lone surrogate equals nothing.
bool json_string_equals(const struct json_value *string, struct view text);

#define JSON_INTEGER_MAX INT64_C(9007199254740991) // 2^53 − 1, what a double counts exactly

enum json_integer {
    JSON_INTEGER,
    JSON_INTEGER_FRACTION, // not a whole number
    JSON_INTEGER_RANGE,    // whole, beyond ±(2^53 − 1)
};
// The exact value of a scanned number: 1.0, 1e3 and 10e-1 are whole. Nothing is rounded.
enum json_integer json_integer_read(struct view raw, int64_t *ret_number);
// A number rounded to a double; NAN where the value is none, or is written in more than 63 bytes.
double json_double_read(const struct json_value *value);

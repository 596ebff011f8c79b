// A strict JSON reader (RFC 8259) in one pass, without memory of its own: it checks the whole text
// and reports the values at the wanted JSON Pointers. It exists beside cJSON because cJSON 1.7.15
// lets trailing text, leading zeros, raw control bytes and duplicate keys pass, and costs four
// times as much.
#pragma once

#include "common/json_pointers.h"
#include "common/json_value.h"

enum { JSON_DEPTH_MAX = 64 }; // containers within each other

enum json_fault {
    JSON_FINE,
    JSON_NOT_JSON,
    JSON_TOO_DEEP,
    JSON_BAD_UTF8, // looked for in the whole text before anything else
};

// Fills one value a pointer, in their order. On a fault the values mean nothing and *ret_offset,
// which may be NULL, is the byte at which the text went wrong (0 for JSON_BAD_UTF8). A byte-order
// mark is not JSON: see json_skip_bom. What no pointer leads to is checked, not reported:
// duplicates there are fine.
enum json_fault json_scan(const struct json_pointers *pointers, struct view text,
        struct json_value *ret_values, size_t *ret_offset);

// Goes through an array that was scanned: *rest begins as its raw text and is shortened element by
// element. False at the end.
bool json_array_take(struct view *rest, struct json_value *ret_element);
size_t json_array_count(struct view array);
// Whether that string is an element of the array; false of a value that is none.
bool json_array_has(const struct json_value *array, struct view text);
// The same for the members of an object; a name is a string.
bool json_object_take(struct view *rest, struct json_value *ret_name, struct json_value *ret_value);

// Takes a UTF-8 byte-order mark off the front.
struct view json_skip_bom(struct view text);
// Takes the four bytes of JSON white space off the front.
struct view json_skip_space(struct view text);

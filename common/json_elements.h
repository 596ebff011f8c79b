// Walks the elements of an array that json_scan has checked, each to be scanned on its own.
#pragma once

#include "common/json_value.h"

struct json_elements {
    struct view rest;
};

// `array` is a value of kind JSON_ARRAY.
struct json_elements json_elements_of(const struct json_value *array);
// The next element as it is written, with the white space around it. False at the end.
bool json_elements_next(struct json_elements *elements, struct view *ret_element);
size_t json_elements_count(const struct json_value *array);

// Values found in a JSON text → the members of a struct, by a table of what each has to be.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/json_value.h"
#include "decode/failure.h"
#include "model/event.h"

enum { TEXT_MAX_BYTES = 1024 };

enum field_shape {
    FIELD_SHAPE_ID,    // a view: a string of at most ID_MAX_BYTES, or an integer by its value
    FIELD_SHAPE_WORD,  // a view: such a string, no integer
    FIELD_SHAPE_TEXT,  // a view: a string of at most TEXT_MAX_BYTES
    FIELD_SHAPE_TIME,  // an event_time: an RFC 3339 string, or integer milliseconds since 1970
    FIELD_SHAPE_COUNT, // an int64_t: an integer of 0 or more
    FIELD_SHAPE_FLAG,  // a bool: true or false
};

struct field {
    const char *name; // as dead letters tell it
    bool is_required;
    enum field_shape shape;
    size_t place; // in the struct
};

// `values` are as many as the fields. Fields that are absent (null and "" are) leave *target as it
// was. DECODE_EVENT, or as the decoder.
enum decode_result fields_read(const struct field *fields, size_t count,
        const struct json_value *values, struct arena *arena, void *target,
        struct decode_failure *ret_failure);

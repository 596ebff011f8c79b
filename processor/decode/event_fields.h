// The fields of an event, from the values found at their pointers.
#pragma once

#include "common/json_value.h"
#include "decode/failure.h"
#include "model/event.h"

// `values` are FIELD_COUNT. Fields that are absent leave *ev as it was.
enum decode_result event_fields_read(const struct json_value *values, struct arena *arena,
        struct event *ev, struct decode_failure *ret_failure);

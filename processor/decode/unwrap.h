// The JSON text of an event within a record: takes off schema-registry framing, CloudEvents and a
// byte-order mark, and refuses what is not JSON by its own account.
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "common/json_scan.h"
#include "decode/failure.h"
#include "model/raw.h"

enum { MESSAGE_MAX_BYTES = 1024 * 1024 };

struct unwrapper;

struct unwrapped {
    struct view json;
    struct view traceparent; // as found, unchecked; none where there is none
    struct view tracestate;
};

MUST_CHECK enum err unwrapper_create(struct unwrapper **ret_unwrapper);
void unwrapper_destroy(struct unwrapper *unwrapper);

// Refuses values that are empty or too large. DECODE_EVENT means that there is a text, not that it
// is JSON.
enum decode_result unwrap_event(const struct unwrapper *unwrapper, const struct raw_message *raw,
        struct arena *arena, struct unwrapped *ret_unwrapped, struct decode_failure *ret_failure);

// The dead letter of a text that the scanner refused.
enum decode_result unwrap_fail_json(
        struct decode_failure *ret_failure, enum json_fault fault, size_t offset);

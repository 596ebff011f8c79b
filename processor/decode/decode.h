// decode: a raw message → an event, or the reason why it is none. Pure.
//
// What is checked, in this order, the first failure being the one that is told: empty, too_large,
// unsupported_encoding, bad_utf8, not_json or too_deep (whichever comes first in the text),
// duplicate_key, then field by field in the order of EVENT_FIELD_TABLE: missing_field, bad_type,
// bad_time. Unmapped fields may hold any JSON at all.
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "common/json_pointers.h"
#include "decode/failure.h"
#include "decode/unwrap.h"
#include "model/event.h"
#include "model/raw.h"

struct decoder;

// `fields` are FIELD_COUNT JSON Pointers (NULL = that field never comes), or NULL: each under its
// own name. ERR_DATA tells in ret_fault, which may be NULL, the field at fault.
MUST_CHECK enum err decoder_create(struct decoder **ret_decoder, const char *const *fields,
        struct json_pointer_fault *ret_fault);
void decoder_destroy(struct decoder *decoder);

// *ret_event borrows from the raw message and, where the text had escapes, from the arena. It is
// written only with DECODE_EVENT, *ret_failure only with DECODE_DEAD_LETTER. Any thread: the
// decoder is read only.
enum decode_result decode_event(const struct decoder *decoder, const struct raw_message *raw,
        struct arena *arena, struct event *ret_event, struct decode_failure *ret_failure);

// decode: a raw message of the control topic → a person's command, or the reason why it is none. Pure.
// Taken off and checked as for events (decode/decode.h); the fields have no mapping. Nothing is said
// of the signature: the record is not to be trusted yet.
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "decode/failure.h"
#include "model/control.h"
#include "model/raw.h"

enum { CONTROL_MAX_BYTES = 64 * 1024 };

struct control_decoder;

// `control.recipient` and `control.is_signed` are left to whoever knows keys.
struct control_record {
    struct control control;
    struct view recipient; // as it came, of CONTROL_OF_RECIPIENT; none of all others
    struct view signature; // none where it has none
    struct view json;      // the record; json_scan has found it fine
};

MUST_CHECK enum err control_decoder_create(struct control_decoder **ret_decoder);
void control_decoder_destroy(struct control_decoder *decoder);

// As decode_event: *ret_record is written only with DECODE_EVENT. What it says is in itself sensible:
// one object, and with it what that object and the action need.
enum decode_result decode_control(const struct control_decoder *decoder,
        const struct raw_message *raw, struct arena *arena, struct control_record *ret_record,
        struct decode_failure *ret_failure);

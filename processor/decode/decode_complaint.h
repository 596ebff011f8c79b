// decode: a raw message of the complaints topic → a complaint, or the reason why it is none. Pure.
// Taken off and checked as for events (decode/decode.h); the fields have no mapping.
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "decode/failure.h"
#include "model/complaint.h"
#include "model/raw.h"

struct complaint_decoder;

MUST_CHECK enum err complaint_decoder_create(struct complaint_decoder **ret_decoder);
void complaint_decoder_destroy(struct complaint_decoder *decoder);

// As decode_event: *ret_complaint is written only with DECODE_EVENT.
enum decode_result decode_complaint(const struct complaint_decoder *decoder,
        const struct raw_message *raw, struct arena *arena, struct complaint *ret_complaint,
        struct decode_failure *ret_failure);

// Decodes a message and checks all that must hold whatever its bytes are: the same answer twice; an
// event within its limits, which written again as plain JSON is the same event; or a dead letter
// with a known reason, which read back from a file is refused for the same reason.
#pragma once

#include "common/arena.h"
#include "decode/decode.h"
#include "decode/decode_complaint.h"
#include "decode/envelope.h"
#include "emit/encoding.h"

struct decoding {
    struct decoder *decoder;
    struct complaint_decoder *complaints;
    struct envelope_reader *envelopes;
    struct arena *arena;
    struct encoding encoding;
};

void decoding_init(struct decoding *decoding);
// Before each input.
void decoding_begin(struct decoding *decoding);
void decoding_check_event(struct decoding *decoding, const struct raw_message *raw);
void decoding_check_complaint(struct decoding *decoding, const struct raw_message *raw);
// A line of a file: its kind, and that an envelope that is written again is read as the same.
void decoding_check_line(struct decoding *decoding, struct view line);

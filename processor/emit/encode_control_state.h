// The record of what people have commanded and what is in force of it: schemas/control-state.schema.json.
// Keys: `tenant/kind/id`, with `/channel` where it is one channel's, of what is in force;
// `pending/control_id` of what waits for a second person, with less parts than any of those.
#pragma once

#include "emit/encoding.h"
#include "model/control_state.h"

// `source` is the ce_source; none = without CloudEvents headers. What is over is a tombstone, whose header
// wn.sequence has the sequence.
MUST_CHECK enum err encode_control_state(struct encoding *enc,
        const struct control_state_action *action, struct view source, struct record *ret_record);

// What reaches the detect half beside the messages: a complaint, or a person's command.
#pragma once

#include "model/frame.h"

// One of them, on its way into a frame. Exactly one of the two is there.
struct aside {
    struct view tenant_id; // whose tally partition it goes to; none = to every one
    int64_t occurred_at_ms;
    const struct frame_complaint *complaint; // its offset and leaf are the frames' to say
    struct leaf_key key;                     // of a complaint: the scopes that it names
    const struct control *control;
};

// Tally frames on their way out of a half: encoded one at a time, sent to their tally partition.
#pragma once

#include "common/arena.h"
#include "model/frame.h"
#include "run/outlet.h"

struct frame_out {
    struct arena *arena;
    struct strbuf bytes;
};

// `arena_bytes` is the ceiling of what encoding a frame takes beside its bytes.
MUST_CHECK enum err frame_out_init(struct frame_out *out, size_t arena_bytes);
void frame_out_fini(struct frame_out *out);
MUST_CHECK enum err frame_out_send(struct frame_out *out, struct outlet *outlet,
        uint32_t tally_partition, const struct frame *frame, void *ticket);

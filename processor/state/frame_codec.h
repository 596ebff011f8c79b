// Tally frames as protobuf (schemas/tally_frame.proto); frame_codec.c is the only file that knows
// the generated code.
//
// The version stays while what a reader skips does it no harm: frames from before there were
// signals are read as frames without any, and a reader from before them counts the rest.
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "common/strbuf.h"
#include "model/frame.h"

enum {
    FRAME_VERSION = 1,
    FRAME_MAX_BYTES = 4 * 1024 * 1024,
    FRAME_MAX_LEAVES = CHUNK_OFFSETS + 1, // one a message, and the overflow leaf
};

// Appends the frame's bytes; the same frame gives the same bytes. `arena` is for what is needed on
// the way.
MUST_CHECK enum err frame_encode(struct strbuf *sb, const struct frame *frame, struct arena *arena);
// Reads one; what it points to is in `arena`. ERR_DATA for what is no frame of a known version, or
// whose parts contradict each other (more messages than offsets, offsets of another chunk, names
// that no message can have): `ret_why` then says what is wrong with it, else it is NULL. What is
// let through, the fold takes.
MUST_CHECK enum err frame_decode(
        struct view bytes, struct arena *arena, struct frame *ret_frame, const char **ret_why);
// Appends the frame as JSON, for people.
void frame_add_json(struct strbuf *sb, const struct frame *frame);

// Leaves of a tally frame as protobuf, written by hand: a frame may have thousands, and going through the generated
// descriptors costs several times as much. The bytes are those that the generated code would write
// (tests/unit/test_frame_leaves.c).
#pragma once

#include "common/strbuf.h"
#include "model/frame.h"

// Appends the field `leaves` of a frame, which comes behind `cache` and before `entries`; a failure stays in `sb`.
void frame_leaves_add(struct strbuf *sb, const struct frame_leaf *leaves, uint32_t count);

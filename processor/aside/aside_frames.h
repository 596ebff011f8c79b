// What is said beside the messages (complaints, a person's commands) → tally frames, by the rules that
// the tally keeps (tally/tally.h): so that the fold applies each of them once, whoever reads their
// topic again. Pure. One thread.
//
// These frames carry no counts, only what was said since the frame before; each complaint with the
// scopes that it names as a leaf. Therefore nothing has to be read again after a restart:
//
//   C1  A frame covers its chunk from the chunk's first offset to to_offset; what is at or above the offset at which its
//       partition was opened is in exactly one frame of each tally partition that it is for: its tenant's, or every one.
//   C2  The closing frames of a chunk go to every tally partition, before the first frame of the next.
//   C3  A command goes out at once, in a frame of its own: what it leads to has a sequence of its own.
//   C4  A frame stays below Kafka's record limit: it goes out early when its names grow long.
#pragma once

#include "aside/aside.h"
#include "common/err.h"
#include "tally/tally.h"

struct aside_frames;

MUST_CHECK enum err aside_frames_create(
        struct aside_frames **ret_frames, uint32_t tally_partitions);
void aside_frames_destroy(struct aside_frames *frames);

MUST_CHECK enum err aside_frames_open(
        struct aside_frames *frames, struct view topic, int32_t partition, int64_t start_offset);
void aside_frames_close(struct aside_frames *frames, int32_t partition);

// Takes what is at an offset; offsets of a partition rise. `aside` NULL: it could not be read.
// Frames that are due go to `taker`, with `judged_at_ms`.
MUST_CHECK enum err aside_frames_take(struct aside_frames *frames, int32_t partition,
        int64_t offset, const struct aside *aside, int64_t judged_at_ms,
        const struct frame_taker *taker);
// The end of a batch, everything below `next_offset` having been read: a frame to each tally
// partition that has something new.
MUST_CHECK enum err aside_frames_flush(struct aside_frames *frames, int32_t partition,
        int64_t next_offset, int64_t judged_at_ms, bool idle, const struct frame_taker *taker);

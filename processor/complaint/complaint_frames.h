// complaints → tally frames, by the rules that the tally keeps (tally/tally.h): so that the fold
// applies each of them once, whoever reads the topic again. Pure. One thread.
//
// A complaint's frames carry no counts, only the complaints since the frame before, each with the
// scopes that it names as a leaf. Therefore nothing has to be read again after a restart:
//
//   C1  A frame covers its chunk from the chunk's first offset to to_offset; each complaint at or above the offset at
//       which its partition was opened is in exactly one frame, that of its tenant's tally partition.
//   C2  The closing frames of a chunk go to every tally partition, before the first frame of the next.
//   C3  A frame stays below Kafka's record limit: it goes out early when its names grow long.
#pragma once

#include "common/err.h"
#include "model/complaint.h"
#include "model/frame.h"
#include "tally/tally.h"

struct complaint_frames;

MUST_CHECK enum err complaint_frames_create(
        struct complaint_frames **ret_frames, uint32_t tally_partitions);
void complaint_frames_destroy(struct complaint_frames *frames);

MUST_CHECK enum err complaint_frames_open(struct complaint_frames *frames, struct view topic,
        int32_t partition, int64_t start_offset);
void complaint_frames_close(struct complaint_frames *frames, int32_t partition);

// Takes the message at an offset; offsets of a partition rise. `complaint` NULL: it was none.
// Frames that are due go to `taker`, with `judged_at_ms`.
MUST_CHECK enum err complaint_frames_take(struct complaint_frames *frames, int32_t partition,
        int64_t offset, const struct complaint *complaint, const uint8_t *tag, int64_t judged_at_ms,
        const struct frame_taker *taker);
// The end of a batch, everything below `next_offset` having been read: a frame to each tally
// partition that has something new.
MUST_CHECK enum err complaint_frames_flush(struct complaint_frames *frames, int32_t partition,
        int64_t next_offset, int64_t judged_at_ms, bool idle, const struct frame_taker *taker);

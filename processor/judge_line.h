// The way of one message through the first half, top to bottom:
//     consume → decode → enrich → judge → tally → emit
// The only file that knows all stages of it. Live, consume hands over Kafka batches and frames go
// to the tally topic; in replay both ends are files and memory, the way between is the same.
#pragma once

#include "common/clock.h"
#include "decode/decode.h"
#include "emit/emitter.h"
#include "enrich/enrich.h"
#include "model/slice.h"
#include "policy/config.h"
#include "tally/tally.h"

struct judge_line;

struct judge_line_options {
    const struct config *config; // all borrowed
    const struct keyring *ring;
    struct store store;
    struct emitter *emitter;
    // takes finished frames; `ticket` is the slice's (judge_line_ticket)
    struct frame_taker frames;
    uint32_t tally_partitions;
    enum judge_clock clock;
    // replay: a frame after so many messages; 0 = at the end of each batch
    uint32_t frame_messages;
};

struct judge_counts {
    uint64_t messages;
    uint64_t verdicts[VERDICT_COUNT];
    uint64_t reasons[REASON_COUNT];
    uint64_t dead_letters;
    uint64_t rejudged; // again, silently, to rebuild a chunk
    // counted without their campaign, template, sender and vendor: a chunk has no more room
    uint64_t overflowed;
};

MUST_CHECK enum err judge_line_create(
        struct judge_line **ret_line, const struct judge_line_options *options);
void judge_line_destroy(struct judge_line *line);

// A partition is ours from `start_offset` on; below `resume_until` it is judged again in silence
// (design §5).
MUST_CHECK enum err judge_line_open(struct judge_line *line, struct view topic, int32_t partition,
        int64_t start_offset, int64_t resume_until);
void judge_line_close(struct judge_line *line, int32_t partition);

// Judges a batch (an empty one only sends what frames are due): items of one partition in offset
// order, partitions in any order. On an error, of the sink or for want of memory, the batch's
// partitions have to be closed and begun anew.
MUST_CHECK enum err judge_line_batch(struct judge_line *line, const struct judge_item *items,
        size_t item_count, struct judge_slice *slices, size_t slice_count, struct wall_time now,
        bool totals);

// The ticket of the slice whose frame is being taken.
void *judge_line_ticket(const struct judge_line *line);
const struct judge_counts *judge_line_counts(const struct judge_line *line);

// tally: verdicts → absolute counts per leaf and chunk, and one entry per misdirected message,
// handed out as tally frames (design §5). Pure: no I/O, no clock. One thread.
//
// Words. A *source* is one partition of the outbound topic. A *chunk* is 4,096 of its offsets. A
// *leaf* is one combination of tenant, campaign, template, sender, vendor and channel. A *frame*
// says what one source has to say to one tally partition. A *signal* is noted of a watched message
// beside its verdict (model/signal.h); those that compare it with messages before it compare within
// the narrowest scope that it names, nearly always its campaign.
//
// Invariants (cited by tests):
//   T1  A frame's counts cover every offset of first_offset .. to_offset - 1, and nothing else.
//   T2  The counts depend only on the messages of the chunk: whoever judges them again gets the same ones.
//   T3  The last frame of a chunk goes to every tally partition, lists every leaf that belongs there, and precedes the
//       first frame of the next chunk; its to_offset is the first offset of that next chunk.
//   T4  Each misdirected message at or above `resume_until` is an entry of exactly one frame; none below it is.
//   T5  No frame with counts goes out while the source is being re-judged up to `resume_until`; while that waits for the
//       cache, frames without offsets tell its state with the totals.
//   T6  A message is compared only with watched messages of its own chunk at lower offsets, so that T2 holds for signals
//       as well. A message of an overflow leaf is compared with none: the leaf does not know its campaign.
//   T7  No phone number leaves the chunk: numbers are overwritten when it ends or its source is closed.
//
//   closed --tally_open--> open at a chunk's first offset --tally_count--> counting in a chunk --.
//                            ^                                                                   |
//                            '--- an offset of a later chunk, or a flush at its end: closing frames'
//   tally_close from anywhere forgets the source.
#pragma once

#include "common/arena.h"
#include "common/err.h"
#include "model/event.h"
#include "model/frame.h"
#include "model/verdict.h"

struct tally;
struct tally_source;

struct tally_options {
    uint32_t tally_partitions;
    uint32_t max_leaves; // a chunk; above it messages count in their tenant's overflow leaf
    // of names a chunk, so that a closing frame stays below Kafka's record limit
    size_t max_leaf_bytes;
    // bits by scope kind: such a scope is one for each channel
    uint32_t split_by_channel;
};

// Takes a finished frame; it and all it points to live until the call returns.
struct frame_taker {
    enum err (*take)(void *self, uint32_t tally_partition, const struct frame *frame);
    void *self;
};

// What is to be counted of one message.
struct tally_message {
    const struct event *ev;
    int64_t offset;
    enum verdict verdict;
    reason_set reasons;
    const uint8_t *recipient_tag; // RECIPIENT_TAG_BYTES
    struct view phone;            // E.164; none where the recipient is no phone number
    signal_set signals;           // those that the judge knows: closed_recently, loan_named
    uint32_t other_lender;        // whose customer the recipient is instead; 0 = none
};

MUST_CHECK enum err tally_create(struct tally **ret_tally, const struct tally_options *options);
void tally_destroy(struct tally *tally);

// Starts a source at `start_offset`, which is the first of a chunk wherever the log still has it.
// Messages below `resume_until` are counted but make no frames (T5).
MUST_CHECK enum err tally_open(struct tally *tally, struct view topic, int32_t partition,
        int64_t start_offset, int64_t resume_until);
void tally_close(struct tally *tally, int32_t partition);
struct tally_source *tally_find(const struct tally *tally, int32_t partition);
// The offset below which everything is counted or skipped.
int64_t tally_reached(const struct tally_source *source);
bool tally_is_resuming(const struct tally_source *source, int64_t offset);

// Counts one message; offsets rise. When the message begins a new chunk the closing frames of the
// old one go to `taker` first. `judged_at_ms` and `cache` go into those frames.
MUST_CHECK enum err tally_count(struct tally *tally, struct tally_source *source,
        const struct tally_message *message, int64_t judged_at_ms, enum cache_state cache,
        const struct frame_taker *taker);
// An offset that was read but is no message to count (a dead letter, a tombstone): it is covered
// all the same.
MUST_CHECK enum err tally_skip(struct tally *tally, struct tally_source *source, int64_t offset,
        int64_t judged_at_ms, enum cache_state cache, const struct frame_taker *taker);
// The end of a batch: a frame to each tally partition that has something new; with `totals`, when the
// chunk is at its end, and when the state of the cache has changed or the totals have jumped
// (model/frame.h), to every one. The last three have the totals, too, but for the chunk's end.
MUST_CHECK enum err tally_flush(struct tally *tally, struct tally_source *source,
        int64_t judged_at_ms, enum cache_state cache, bool idle, bool totals,
        const struct frame_taker *taker);

// Messages that went to an overflow leaf since the start.
uint64_t tally_overflowed(const struct tally *tally);
// The tally partition of a tenant: murmur2(tenant_id) mod N.
uint32_t tally_partition_of(struct view tenant_id, uint32_t tally_partitions);

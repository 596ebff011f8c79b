// A tally frame: what one source partition has to say to one tally partition (design §5). On the
// wire it is schemas/tally_frame.proto; in replay it is handed over as it is.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/view.h"
#include "model/complaint.h"
#include "model/control.h"
#include "model/scope.h"
#include "model/signal.h"
#include "model/verdict.h"

enum { CHUNK_BITS = 12, CHUNK_OFFSETS = 1 << CHUNK_BITS, RECIPIENT_TAG_BYTES = 8 };

#define PLANNED_SIZE_MAX (INT64_C(1) << 53) // greater ones are told as this

enum cache_state { CACHE_TRUSTED, CACHE_UNREACHABLE, CACHE_UNTRUSTED, CACHE_STALE };

// The scopes that a message belongs to, by name: one leaf each combination. A view of none =
// absent.
struct leaf_key {
    struct view ids[SCOPE_KIND_COUNT]; // by kind; ids[SCOPE_TENANT] is never none
    struct view channel;
};

// Absolute counts of a leaf since the chunk's first offset.
struct leaf_counts {
    uint32_t judged;      // watched, verdict known: clear + misdirected
    uint32_t misdirected; // of the judged
    uint32_t unknown;     // watched, verdict unknown
    uint32_t exempt;
    uint32_t reasons[REASON_COUNT]; // over all of them
    uint32_t signals[SIGNAL_COUNT]; // over the watched: judged and unknown
    int64_t planned_size;           // the greatest that a message of it names; 0 = none does
    int64_t last_occurred_at_ms;    // event time of its last watched message; 0 = none yet
    int64_t last_judged_offset;     // meaningless while judged is 0
    bool last_misdirected;          // the message at that offset was
};

struct frame_leaf {
    struct leaf_key key;
    struct leaf_counts counts;
};

// One misdirected message.
struct frame_entry {
    int64_t offset;
    uint32_t leaf;                    // index into the frame's leaves
    uint8_t tag[RECIPIENT_TAG_BYTES]; // the first bytes of the recipient's pseudonym
    reason_set reasons;
    signal_set signals;
    // Bit k: the previous judged message of its scope of kind k, in this source and chunk, was
    // misdirected.
    uint8_t previous_misdirected;
    // Bit k: it has no previous judged message of its scope of kind k in this source and chunk.
    uint8_t first_in_chunk;
    int64_t occurred_at_ms;
    struct view message_id;
    struct view traceparent; // none where the message had none
    struct view tracestate;
};

// One complaint. Frames of the complaints topic hold these and no counts.
struct frame_complaint {
    int64_t offset;
    uint32_t leaf; // index into the frame's leaves: the scopes that it names
    // the first bytes of the recipient's pseudonym; where it names none, of a digest of message_id
    uint8_t tag[RECIPIENT_TAG_BYTES];
    enum complaint_kind kind;
    int64_t occurred_at_ms;
    struct view message_id; // none where it names none
};

// One command of a person. Frames of the control topic hold these and nothing else: no leaves, no counts.
struct frame_control {
    int64_t offset;
    struct control control;
};

// One misdirected message of before that is clear after all: its record turned up late. A frame with
// such rows holds nothing else: its source, judged_at_ms and these; chunk, offsets and watermark are
// 0, it is neither idle nor closing, says nothing of the cache, and moves no source's position. It
// comes behind the frame that has the message's entry, in the same tally partition.
struct frame_late {
    int64_t offset;                   // of the message in the frame's source
    uint8_t tag[RECIPIENT_TAG_BYTES]; // as in its entry
};

enum { FRAME_MAX_LATE = CHUNK_OFFSETS };

// The policy that the detect half goes by behind this frame. Who owns a tally partition writes it there,
// when it takes the partition over, when its policy has changed, and once an hour of log time. Such a
// frame holds nothing else, as one with late clearances: its source topic and partition are those that
// it is in, and its judged_at_ms, when it was written, drives no log time.
struct frame_policy {
    // It takes effect only above those of all before it: whoever writes one makes it one more than the
    // last that it has read. So a duplicate does nothing, nor does who did not know of the last. 0 = the
    // frame has none.
    int64_t serial;
    struct view version; // of the whole policy: POLICY_VERSION_HEX digits
    struct view text;    // what the detect half goes by of it (policy/policy_text.h)
};

enum { FRAME_POLICY_MAX_BYTES = 768 * 1024, FRAME_POLICY_VERSION_BYTES = 16 };

// The source partition's sums across all tenants since the chunk's first offset. A tenant or vendor is
// *heard* once JUMP_HEARD of its messages have been judged, or it has jumped; it has *jumped* while
// JUMP_MISDIRECTED of its last JUMP_WINDOW judged messages, or more, are misdirected.
struct frame_totals {
    uint64_t judged;
    uint64_t misdirected;
    uint64_t unknown;
    uint32_t tenants;             // seen in the chunk
    uint32_t tenants_misdirected; // of them, with a misdirected message
    uint32_t tenants_heard;
    uint32_t tenants_jumped;
    uint32_t vendors_heard; // by id, whichever tenant's: one vendor may work for many
    uint32_t vendors_jumped;
    uint32_t lately_misdirected; // of the source's last LATELY_WINDOW judged messages
};

enum { JUMP_HEARD = 16, JUMP_WINDOW = 16, JUMP_MISDIRECTED = 6, LATELY_WINDOW = 64 };

// Whether so many tenants, through so many vendors, have jumped that it is rather the cache or the
// feed (decide/breaker.h says why by these numbers): three tenants at least, half of those heard, more
// than half of the vendors heard, and a quarter of the source's last messages.
static inline bool totals_have_jumped(const struct frame_totals *totals)
{
    return totals->tenants_jumped >= 3 && totals->tenants_jumped * 2 >= totals->tenants_heard &&
           totals->vendors_jumped * 2 >= totals->vendors_heard + (totals->vendors_heard > 0) &&
           totals->lately_misdirected * 4 >= LATELY_WINDOW;
}

struct frame {
    struct view source_topic;
    int32_t source_partition;
    int64_t chunk;        // source offset >> CHUNK_BITS
    int64_t first_offset; // every offset in first_offset .. to_offset - 1 is in the counts
    int64_t to_offset;
    int64_t judged_at_ms; // wall clock of the judge half; drives log time
    int64_t watermark_ms; // greatest event time seen in this source
    bool idle;            // the source is at its end
    bool closing;         // the chunk's last frame: it lists every leaf of the chunk
    enum cache_state cache;
    // those that changed since the frame before, or all when closing
    const struct frame_leaf *leaves;
    uint32_t leaf_count;
    const struct frame_entry *entries; // of offsets since the frame before, in offset order
    uint32_t entry_count;
    const struct frame_complaint *complaints; // since the frame before, in offset order
    uint32_t complaint_count;
    const struct frame_control *controls; // since the frame before, in offset order
    uint32_t control_count;
    const struct frame_late *late; // in offset order; where there are any, there is nothing else
    uint32_t late_count;
    struct frame_policy policy; // where there is one, there is nothing else
    bool has_totals;            // once a second
    struct frame_totals totals;
};

// Whether it counts nothing and says only that its source waits for the cache.
static inline bool frame_tells_cache(const struct frame *frame)
{
    return frame->cache != CACHE_TRUSTED && frame->to_offset == frame->first_offset;
}

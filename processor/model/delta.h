// What one tally frame adds, as fold hands it to detect and decide: each message of it exactly
// once.
#pragma once

#include <stdint.h>

#include "model/frame.h"

// What became of a misdirected message in one of its scopes.
enum entry_use {
    ENTRY_UNUSED,   // it has no such scope, or one of its scopes is held
    ENTRY_FRESH,    // counts in full
    ENTRY_GUARDED,  // follows a misdirected one: counts by the clump guard
    ENTRY_REPEATED, // the scope has met this recipient: neither good nor bad
};

struct delta_entry {
    const struct frame_entry *entry;
    uint64_t serial;
    uint32_t remembered; // its handle in state/recent.h
    uint32_t clearable;  // and in fold/clearables.h
    int32_t scopes[SCOPE_KIND_COUNT];
    enum entry_use uses[SCOPE_KIND_COUNT];
};

// How the messages of one leaf count in one of its scopes.
struct leaf_use {
    int32_t row; // index into the delta's scopes; -1 = it has no such scope
    uint32_t good;
    uint32_t fresh;
    uint32_t guarded;
    uint32_t repeated;
};

// What one leaf adds. A message moves all its scopes by the baseline of its own campaign, so that
// detect goes through the leaves.
struct leaf_delta {
    bool held;      // one of its scopes is: it feeds no detector
    int64_t judged; // signed, as all below: a chunk that was judged again may take back
    int64_t misdirected;
    int64_t unknown;
    int64_t exempt;
    int64_t reasons[REASON_COUNT];
    int64_t signals[SIGNAL_COUNT];
    uint32_t misdirected_signals[SIGNAL_COUNT]; // of its entries
    int64_t planned_size;        // the greatest that its messages name; 0 = none does
    int64_t last_occurred_at_ms; // event time of its last watched message; 0 = unknown
    struct leaf_use uses[SCOPE_KIND_COUNT];
};

struct scope_delta {
    int32_t scope;
    enum scope_kind kind;
    bool is_new; // the first that is heard of it
    int64_t judged;
    int64_t misdirected;
    int64_t unknown;
    uint32_t good;
    uint32_t fresh;
    uint32_t guarded;
    uint32_t repeated;
    int64_t shadow_judged; // of messages that came while the scope was held
    int64_t shadow_misdirected;
    int32_t first_entry; // index of the first entry that counts here; -1 = none
    int32_t last_entry;
    int64_t last_occurred_at_ms;
};

// A misdirected message of before that is clear after all (model/frame.h), with what became of it then.
struct delta_clearance {
    uint64_t serial;
    uint64_t tag;
    uint32_t remembered; // its handle in state/recent.h, which has forgotten it unless it is pinned
    int32_t scopes[SCOPE_KIND_COUNT];
    enum entry_use uses[SCOPE_KIND_COUNT]; // unused: nothing of it speaks against that scope
    reason_set reasons;
    unsigned level; // by which it moved statistics; none of detect's where it moved none
    bool held;      // one of its scopes was
    uint8_t shadow; // bit a kind: that one was
    // False where the counts have taken it back already, because its chunk was judged again.
    bool counts;
};

// What a frame left out, for good.
struct delta_gap {
    bool is_there;
    int64_t from_offset;
    int64_t to_offset;
};

struct delta {
    const struct frame *frame;
    int64_t sequence; // offset of the frame in its tally partition; frame number in replay
    int32_t tally_partition;
    int64_t log_time_ms;
    bool applied; // false: a duplicate, an old frame, or one that had to be ignored
    struct delta_gap gap;
    const struct leaf_delta *leaves; // in the frame's order
    uint32_t leaf_count;
    const struct scope_delta *scopes; // by kind, from the narrowest, then in order of first touch
    uint32_t scope_count;
    const struct delta_entry *entries; // in offset order
    uint32_t entry_count;
    const struct frame_complaint *complaints; // `leaf` is an index into leaves
    uint32_t complaint_count;
    const struct frame_control *controls; // each once where `applied`; else all of the frame
    uint32_t control_count;
    const struct delta_clearance *clearances; // where there are any, there is nothing else
    uint32_t clearance_count;
};

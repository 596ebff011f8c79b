// What fold.c (frames and sources), fold_count.c (one frame's counts and entries) and fold_late.c (late
// clearances) share.
#pragma once

#include "common/pages.h"
#include "fold/clearables.h"
#include "fold/fold.h"
#include "fold/fold_source.h"

enum {
    FOLD_SOURCE_MAX = 4096,
    FOLD_KEY_BYTES = 4096,
    FOLD_INDEX_MASK = (1 << 22) - 1,
    FOLD_ADVANCE_MAX = 1024,
};

// What the fold keeps of each scope. There may be a million. `delta_index` means something where
// that row of the delta being made is the scope's.
struct fold_scope {
    uint64_t judged : 40; // since it was first heard of; it stops
    uint64_t delta_index : 22;
    uint64_t is_known : 1; // it was heard of before this frame
    uint64_t last_misdirected : 1;
    uint32_t misdirected;
    uint16_t history_judged; // they stop at 65,535, a frame above where a history ends
    uint16_t history_misdirected;
};
_Static_assert(sizeof(struct fold_scope) <= 16, "a million scopes have one each");

// What is known of a scope's last message while a frame is folded, beside its delta.
struct fold_last {
    int64_t offset;
    bool misdirected;
};

// What is known of a leaf of the frame in hand, beside its delta.
struct fold_mark {
    uint32_t entries; // of it that are new
    uint8_t history;  // bit a kind: its messages are in that scope's history
    uint8_t shadow;   // bit a kind: that scope is held
};

// Messages that a chunk judged again has taken back from its counts (fold_late.c).
struct fold_advance {
    int64_t chunk;
    int64_t log_time_ms;
    int32_t scopes[SCOPE_KIND_COUNT];
    uint32_t messages;
    uint16_t source;
};

struct fold {
    struct scopes *names;
    struct recent *recent;
    uint32_t split_by_channel;
    int64_t log_time_ms;
    uint64_t serial;
    uint64_t gaps;
    struct hashmap *source_index;
    struct fold_source sources[FOLD_SOURCE_MAX];
    uint32_t source_count;
    struct pages scopes; // by scope: struct fold_scope
    struct strbuf key;
    struct fold_ahead ahead; // no `pass` = nothing
    // the delta being made
    struct scope_delta *deltas;
    struct scope_delta *sorted;
    struct fold_last *lasts;
    uint32_t delta_count;
    uint32_t delta_capacity; // of the three arrays
    struct leaf_delta *leaves;
    struct delta_entry *entries;
    uint32_t entry_count;
    uint32_t entry_capacity;
    uint32_t *frame_leaves; // by index in the frame: index into the source's leaves
    struct fold_mark *marks;
    uint32_t frame_leaf_capacity; // of these and of leaves
    // late clearances
    struct clearables clearables;
    struct fold_advance advances[FOLD_ADVANCE_MAX]; // oldest first
    uint32_t advance_count;
    struct delta_clearance *clearances; // of the frame in hand
    uint32_t clearance_count;
    uint32_t clearance_capacity;
    struct fold_late_counts late;
};

static inline bool fold_knows(const struct fold *fold, int32_t scope)
{
    return (uint32_t)scope < pages_rows(&fold->scopes);
}

static inline struct fold_scope *fold_scope_at(const struct fold *fold, int32_t scope)
{
    return pages_at(&fold->scopes, (uint32_t)scope);
}

// The frame's source by its number, if it is known, else HASHMAP_ABSENT.
uint32_t fold_source_number(struct fold *fold, const struct frame *frame);

// Forgets the messages that are too old now to be cleared.
void fold_late_expire(struct fold *fold);
// Whether a leaf's counts have taken messages back: `leaf_delta` is what they have changed by, `entries`
// how many new misdirected ones there are. What late rows have taken back before is put back.
void fold_take_back(struct fold *fold, const struct fold_source *source, struct fold_leaf *leaf,
        uint32_t entries, struct leaf_delta *leaf_delta);
// Applies the late rows of a frame.
MUST_CHECK enum err fold_late_frame(
        struct fold *fold, const struct frame *frame, struct delta *delta);

// Makes the delta of a frame whose leaves and scopes are resolved. Entries below `entries_from`
// were counted before.
MUST_CHECK enum err fold_count_frame(struct fold *fold, struct fold_source *source,
        const struct frame *frame, int64_t entries_from, struct delta *delta);

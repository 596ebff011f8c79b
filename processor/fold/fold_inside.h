// What fold.c (frames and sources) and fold_count.c (one frame's counts and entries) share.
#pragma once

#include "common/pages.h"
#include "fold/fold.h"
#include "fold/fold_source.h"

enum { FOLD_SOURCE_MAX = 4096, FOLD_KEY_BYTES = 4096, FOLD_INDEX_MASK = (1 << 22) - 1 };

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
    uint32_t *frame_leaves;       // by index in the frame: index into the source's leaves
    uint32_t frame_leaf_capacity; // of this and of leaves
};

static inline bool fold_knows(const struct fold *fold, int32_t scope)
{
    return (uint32_t)scope < pages_rows(&fold->scopes);
}

static inline struct fold_scope *fold_scope_at(const struct fold *fold, int32_t scope)
{
    return pages_at(&fold->scopes, (uint32_t)scope);
}

// Makes the delta of a frame whose leaves and scopes are resolved. Entries below `entries_from`
// were counted before.
MUST_CHECK enum err fold_count_frame(struct fold *fold, struct fold_source *source,
        const struct frame *frame, int64_t entries_from, struct delta *delta);

// What the fold remembers of one source: the open chunk (F1–F6 in fold.h).
#pragma once

#include "common/hashmap.h"
#include "common/strbuf.h"
#include "model/delta.h"

struct fold_leaf {
    struct leaf_counts counts;
    int32_t scopes[SCOPE_KIND_COUNT];
    uint32_t generations[SCOPE_KIND_COUNT]; // of those numbers
    // Of its misdirected messages, those that late rows have taken back and `counts` still hold; and
    // their reasons.
    uint16_t cleared;
    uint16_t cleared_reasons[REASON_COUNT];
};

struct fold_source {
    bool has_state;
    int64_t chunk;
    int64_t first_offset;
    int64_t to_offset;
    bool ignoring; // F6: the rest of this chunk
    struct hashmap *leaf_index;
    struct fold_leaf *leaves;
    uint32_t leaf_count;
    uint32_t leaf_capacity;
};

MUST_CHECK enum err fold_source_init(struct fold_source *source);
void fold_source_fini(struct fold_source *source);
// Decides how the frame meets the source, and moves the open chunk accordingly. True when its
// counts are to be applied; entries then count from the returned `ret_entries_from` on.
bool fold_source_meet(struct fold_source *source, const struct frame *frame,
        int64_t *ret_entries_from, struct delta_gap *ret_gap);
// No more of the open chunk is counted (F7).
void fold_source_ignore(struct fold_source *source);
// ERR_CEILING when the chunk has too many leaves. The leaf's index into source->leaves, new ones
// with zero counts; `*ret_is_new` then asks for its scopes. `key` is scratch.
MUST_CHECK enum err fold_source_leaf(struct fold_source *source, const struct leaf_key *leaf_key,
        struct strbuf *key, uint32_t *ret_leaf, bool *ret_is_new);
// Adds a leaf with zero counts; its key must be new.
MUST_CHECK enum err fold_source_take(
        struct fold_source *source, struct view key, uint32_t *ret_leaf);

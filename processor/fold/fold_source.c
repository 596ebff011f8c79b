#include "fold/fold_source.h"

#include <stdlib.h>

#include "common/room.h"
#include "state/leaf_key.h"

enum { LEAF_MAX = 2 * CHUNK_OFFSETS };

enum err fold_source_init(struct fold_source *source)
{
    *source = (struct fold_source){.leaf_index = hashmap_create(LEAF_MAX)};
    return source->leaf_index == NULL ? ERR_NO_MEMORY : ERR_NONE;
}

void fold_source_fini(struct fold_source *source)
{
    hashmap_destroy(source->leaf_index);
    free(source->leaves);
    *source = (struct fold_source){0};
}

static void fold_source_start(struct fold_source *source, const struct frame *frame)
{
    source->has_state = true;
    source->chunk = frame->chunk;
    source->first_offset = frame->first_offset;
    source->ignoring = false;
    source->leaf_count = 0;
    hashmap_clear(source->leaf_index);
}

bool fold_source_meet(struct fold_source *source, const struct frame *frame,
        int64_t *ret_entries_from, struct delta_gap *ret_gap)
{
    *ret_gap = (struct delta_gap){0};
    bool is_first = !source->has_state;
    bool is_behind_gap = !is_first && frame->first_offset > source->to_offset;
    bool is_next =
            !is_first && frame->chunk > source->chunk && frame->first_offset == source->to_offset;
    if (!is_first && frame->to_offset <= source->to_offset) { // F2
        return false;
    }
    if (is_first || is_behind_gap || is_next) { // F1, F3, F5
        if (is_behind_gap) {
            *ret_gap = (struct delta_gap){true, source->to_offset, frame->first_offset};
        }
        fold_source_start(source, frame);
        *ret_entries_from = frame->first_offset;
    } else if (frame->chunk == source->chunk && source->ignoring) { // F6, once more
        source->to_offset = frame->to_offset;
        return false;
    } else if (frame->chunk == source->chunk && frame->first_offset <= source->first_offset) { // F4
        source->first_offset = frame->first_offset;
        *ret_entries_from = source->to_offset;
    } else { // F6
        *ret_gap = (struct delta_gap){true, source->to_offset, frame->to_offset};
        fold_source_start(source, frame);
        fold_source_ignore(source);
        source->to_offset = frame->to_offset;
        return false;
    }
    source->to_offset = frame->to_offset;
    return true;
}

void fold_source_ignore(struct fold_source *source)
{
    source->ignoring = true;
    source->leaf_count = 0;
    hashmap_clear(source->leaf_index);
}

enum err fold_source_take(struct fold_source *source, struct view key, uint32_t *ret_leaf)
{
    uint32_t at = source->leaf_count;
    struct fold_leaf *leaves =
            room_for_row(source->leaves, at, &source->leaf_capacity, 16, sizeof *leaves);
    if (leaves == NULL) {
        return ERR_NO_MEMORY;
    }
    source->leaves = leaves;
    enum err e = hashmap_put(source->leaf_index, key, at);
    if (e == ERR_NONE) {
        source->leaves[source->leaf_count++] = (struct fold_leaf){0};
        *ret_leaf = at;
    }
    return e;
}

enum err fold_source_leaf(struct fold_source *source, const struct leaf_key *leaf_key,
        struct strbuf *key, uint32_t *ret_leaf, bool *ret_is_new)
{
    strbuf_reset(key);
    leaf_key_add(key, leaf_key);
    if (key->failed != ERR_NONE) {
        return key->failed;
    }
    *ret_leaf = hashmap_find(source->leaf_index, strbuf_view(key));
    *ret_is_new = *ret_leaf == HASHMAP_ABSENT;
    return *ret_is_new ? fold_source_take(source, strbuf_view(key), ret_leaf) : ERR_NONE;
}

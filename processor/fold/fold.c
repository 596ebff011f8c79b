#include "fold/fold.h"

#include <stdlib.h>

#include "common/assure.h"
#include "fold/fold_inside.h"
#include "model/drill.h"

enum err fold_create(struct fold **ret_fold, struct scopes *scopes, struct recent *recent,
        uint32_t split_by_channel)
{
    struct fold *fold = calloc(1, sizeof *fold);
    if (fold == NULL) {
        return ERR_NO_MEMORY;
    }
    fold->names = scopes;
    fold->recent = recent;
    fold->split_by_channel = split_by_channel;
    pages_init(&fold->scopes, sizeof(struct fold_scope));
    strbuf_init(&fold->key, FOLD_KEY_BYTES);
    clearables_init(&fold->clearables);
    fold->source_index = hashmap_create(FOLD_SOURCE_MAX);
    if (fold->source_index == NULL) {
        free(fold);
        return ERR_NO_MEMORY;
    }
    *ret_fold = fold;
    return ERR_NONE;
}

void fold_destroy(struct fold *fold)
{
    if (fold == NULL) {
        return;
    }
    for (uint32_t i = 0; i < fold->source_count; i++) {
        fold_source_fini(&fold->sources[i]);
    }
    hashmap_destroy(fold->source_index);
    strbuf_fini(&fold->key);
    pages_fini(&fold->scopes);
    free(fold->deltas);
    free(fold->sorted);
    free(fold->lasts);
    free(fold->leaves);
    free(fold->entries);
    free(fold->frame_leaves);
    free(fold->marks);
    free(fold->clearances);
    clearables_fini(&fold->clearables);
    free(fold);
}

void fold_set_ahead(struct fold *fold, struct fold_ahead ahead)
{
    fold->ahead = ahead;
}

int64_t fold_log_time_ms(const struct fold *fold)
{
    return fold->log_time_ms;
}

struct fold_counts fold_scope_counts(const struct fold *fold, int32_t scope)
{
    ASSURE(scope >= 0);
    if (!fold_knows(fold, scope)) {
        return (struct fold_counts){0};
    }
    const struct fold_scope *state = fold_scope_at(fold, scope);
    return (struct fold_counts){(int64_t)state->judged, state->misdirected};
}

struct fold_history fold_scope_history(const struct fold *fold, int32_t scope)
{
    ASSURE(scope >= 0);
    if (!fold_knows(fold, scope)) {
        return (struct fold_history){0};
    }
    const struct fold_scope *state = fold_scope_at(fold, scope);
    return (struct fold_history){state->history_judged, state->history_misdirected};
}

uint64_t fold_gaps(const struct fold *fold)
{
    return fold->gaps;
}

uint32_t fold_source_number(struct fold *fold, const struct frame *frame)
{
    strbuf_reset(&fold->key);
    strbuf_add_be(&fold->key, (uint32_t)frame->source_partition, 4);
    strbuf_add_view(&fold->key, frame->source_topic);
    return hashmap_find(fold->source_index, strbuf_view(&fold->key));
}

static enum err fold_find_source(
        struct fold *fold, const struct frame *frame, struct fold_source **ret_source)
{
    uint32_t at = fold_source_number(fold, frame);
    if (at == HASHMAP_ABSENT) {
        at = fold->source_count;
        if (at == FOLD_SOURCE_MAX) {
            return ERR_CEILING;
        }
        enum err e = fold_source_init(&fold->sources[at]);
        if (e == ERR_NONE) {
            e = hashmap_put(fold->source_index, strbuf_view(&fold->key), at);
        }
        if (e != ERR_NONE) {
            return e;
        }
        fold->source_count++;
    }
    *ret_source = &fold->sources[at];
    return ERR_NONE;
}

static bool grow(void **array, size_t count, size_t element_bytes)
{
    void *grown = realloc(*array, count * element_bytes);
    if (grown != NULL) {
        *array = grown;
    }
    return grown != NULL;
}

// Makes every array large enough for a frame, so that the folding itself cannot fail half-way for
// want of memory.
static enum err fold_make_room(struct fold *fold, const struct frame *frame)
{
    if (frame->entry_count > fold->entry_capacity) {
        if (!grow((void **)&fold->entries, frame->entry_count, sizeof *fold->entries)) {
            return ERR_NO_MEMORY;
        }
        fold->entry_capacity = frame->entry_count;
    }
    if (frame->leaf_count > fold->frame_leaf_capacity) {
        if (!grow((void **)&fold->frame_leaves, frame->leaf_count, sizeof *fold->frame_leaves) ||
                !grow((void **)&fold->leaves, frame->leaf_count, sizeof *fold->leaves) ||
                !grow((void **)&fold->marks, frame->leaf_count, sizeof *fold->marks)) {
            return ERR_NO_MEMORY;
        }
        fold->frame_leaf_capacity = frame->leaf_count;
    }
    uint32_t deltas = frame->leaf_count * SCOPE_KIND_COUNT;
    ASSURE(deltas <= FOLD_INDEX_MASK); // a frame has no more leaves than a chunk has offsets
    if (deltas > fold->delta_capacity) {
        if (!grow((void **)&fold->deltas, deltas, sizeof *fold->deltas) ||
                !grow((void **)&fold->sorted, deltas, sizeof *fold->sorted) ||
                !grow((void **)&fold->lasts, deltas, sizeof *fold->lasts)) {
            return ERR_NO_MEMORY;
        }
        fold->delta_capacity = deltas;
    }
    return ERR_NONE;
}

// Finds the scopes of a leaf by number: all of a new one, and those whose number was released since.
static enum err fold_resolve_scopes(
        struct fold *fold, const struct leaf_key *key, struct fold_leaf *leaf, bool is_new)
{
    enum err e = ERR_NONE;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && e == ERR_NONE; kind++) {
        int32_t *scope = &leaf->scopes[kind];
        bool is_stale = !is_new && *scope != SCOPE_NONE &&
                        scopes_generation(fold->names, *scope) != leaf->generations[kind];
        if (!is_new && !is_stale) {
            continue;
        }
        if (kind != SCOPE_CAMPAIGN && tenant_is_drill(key->ids[SCOPE_TENANT])) {
            *scope =
                    SCOPE_NONE; // drills leave no trace: what one was like is no history of the next
            continue;
        }
        bool split = (fold->split_by_channel >> kind & 1) != 0;
        e = scopes_intern(fold->names, (enum scope_kind)kind, key->ids[SCOPE_TENANT],
                key->ids[kind], split ? key->channel : VIEW_NONE, scope);
        if (e == ERR_NONE && *scope != SCOPE_NONE) {
            leaf->generations[kind] = scopes_generation(fold->names, *scope);
        }
    }
    return e;
}

// Finds the frame's leaves among the open chunk's.
static enum err fold_resolve_leaves(
        struct fold *fold, struct fold_source *source, const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        const struct leaf_key *key = &frame->leaves[i].key;
        bool is_new;
        enum err e = fold_source_leaf(source, key, &fold->key, &fold->frame_leaves[i], &is_new);
        if (e == ERR_NONE) {
            e = fold_resolve_scopes(fold, key, &source->leaves[fold->frame_leaves[i]], is_new);
        }
        if (e != ERR_NONE) {
            return e;
        }
    }
    uint32_t end = scopes_end(fold->names);
    return end > 0 ? pages_reach(&fold->scopes, end - 1) : ERR_NONE;
}

void fold_drop(struct fold *fold, int32_t scope)
{
    if (fold_knows(fold, scope)) {
        *fold_scope_at(fold, scope) = (struct fold_scope){0};
    }
}

// F7: not a reason to stop or to try again, the same frame would meet the same full table.
static void fold_leave_out(struct fold *fold, const struct frame *frame, struct delta *delta)
{
    delta->applied = false;
    fold->gaps += !delta->gap.is_there;
    delta->gap = (struct delta_gap){true, frame->first_offset, frame->to_offset};
}

// F8.
static void fold_hand_on(const struct frame *frame, struct delta *delta)
{
    delta->controls = frame->controls;
    delta->control_count = frame->control_count;
}

enum err fold_frame(struct fold *fold, const struct frame *frame, int32_t tally_partition,
        int64_t sequence, struct delta *ret_delta)
{
    bool is_late = frame->late_count > 0;
    bool has_policy = frame->policy.serial != 0;
    bool has_offsets = !is_late && !has_policy && !frame_tells_cache(frame);
    struct fold_source *source = NULL;
    enum err found = has_offsets ? fold_find_source(fold, frame, &source) : ERR_NONE;
    enum err e = found == ERR_CEILING ? ERR_NONE : found;
    if (e == ERR_NONE) {
        e = fold_make_room(fold, frame);
    }
    if (e != ERR_NONE) {
        return e;
    }
    if (!has_policy && frame->judged_at_ms > fold->log_time_ms) {
        fold->log_time_ms = frame->judged_at_ms;
    }
    recent_settle(fold->recent);
    fold_late_expire(fold);
    fold->delta_count = 0;
    fold->entry_count = 0;
    *ret_delta = (struct delta){
            .frame = frame,
            .sequence = sequence,
            .tally_partition = tally_partition,
            .log_time_ms = fold->log_time_ms,
    };
    if (is_late) {
        return fold_late_frame(fold, frame, ret_delta);
    }
    if (!has_offsets) {
        return ERR_NONE;
    }
    if (source == NULL) { // the table of sources is full
        fold_leave_out(fold, frame, ret_delta);
        fold_hand_on(frame, ret_delta);
        return ERR_NONE;
    }
    int64_t entries_from = 0;
    ret_delta->applied = fold_source_meet(source, frame, &entries_from, &ret_delta->gap);
    fold->gaps += ret_delta->gap.is_there;
    if (!ret_delta->applied) {
        fold_hand_on(frame, ret_delta);
        return ERR_NONE;
    }
    bool passes = fold->ahead.pass != NULL && frame->control_count == 0;
    e = passes ? fold->ahead.pass(fold->ahead.self, ret_delta) : ERR_NONE;
    if (e != ERR_NONE) {
        return e;
    }
    e = fold_resolve_leaves(fold, source, frame);
    if (e == ERR_CEILING) {
        fold_source_ignore(source);
        fold_leave_out(fold, frame, ret_delta);
        return ERR_NONE;
    }
    return e != ERR_NONE ? e : fold_count_frame(fold, source, frame, entries_from, ret_delta);
}

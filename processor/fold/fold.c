#include "fold/fold.h"

#include <stdlib.h>

#include "common/assure.h"
#include "fold/fold_source.h"

enum { SOURCE_MAX = 4096, KEY_BYTES = 4096 };

// What the fold keeps of each scope.
struct fold_scope {
    struct fold_counts counts;
    uint64_t touched_by; // number of the frame whose delta is at delta_index
    uint32_t delta_index;
    bool last_misdirected;
    int64_t last_offset; // while a frame is folded: the offset that last_misdirected is of
    bool next_misdirected;
};

struct fold {
    struct scopes *names;
    struct recent *recent;
    int64_t log_time_ms;
    uint64_t frame_number;
    uint64_t serial;
    uint64_t gaps;
    struct hashmap *source_index;
    struct fold_source sources[SOURCE_MAX];
    uint32_t source_count;
    struct fold_scope *scopes; // by scope
    uint32_t scope_capacity;
    struct strbuf key;
    // the delta being made
    struct scope_delta *deltas;
    struct scope_delta *sorted;
    uint32_t delta_count;
    uint32_t delta_capacity; // of both arrays
    struct delta_entry *entries;
    uint32_t entry_count;
    uint32_t entry_capacity;
    uint32_t *frame_leaves; // by index in the frame: index into the source's leaves
    uint32_t frame_leaf_capacity;
};

enum err fold_create(struct fold **ret_fold, struct scopes *scopes, struct recent *recent)
{
    struct fold *fold = calloc(1, sizeof *fold);
    if (fold == NULL) {
        return ERR_NO_MEMORY;
    }
    fold->names = scopes;
    fold->recent = recent;
    strbuf_init(&fold->key, KEY_BYTES);
    fold->source_index = hashmap_create(SOURCE_MAX);
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
    free(fold->scopes);
    free(fold->deltas);
    free(fold->sorted);
    free(fold->entries);
    free(fold->frame_leaves);
    free(fold);
}

int64_t fold_log_time_ms(const struct fold *fold)
{
    return fold->log_time_ms;
}

struct fold_counts fold_scope_counts(const struct fold *fold, int32_t scope)
{
    ASSURE(scope >= 0);
    return (uint32_t)scope < fold->scope_capacity ? fold->scopes[scope].counts
                                                  : (struct fold_counts){0};
}

uint64_t fold_gaps(const struct fold *fold)
{
    return fold->gaps;
}

static enum err fold_find_source(
        struct fold *fold, const struct frame *frame, struct fold_source **ret_source)
{
    strbuf_reset(&fold->key);
    strbuf_add_be(&fold->key, (uint32_t)frame->source_partition, 4);
    strbuf_add_view(&fold->key, frame->source_topic);
    uint32_t at = hashmap_find(fold->source_index, strbuf_view(&fold->key));
    if (at == HASHMAP_ABSENT) {
        at = fold->source_count;
        if (at == SOURCE_MAX) {
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

// Makes every array large enough for a frame, so that the folding itself cannot fail half-way for
// want of memory.
static enum err fold_make_room(struct fold *fold, const struct frame *frame)
{
    if (frame->entry_count > fold->entry_capacity) {
        struct delta_entry *grown = realloc(fold->entries, frame->entry_count * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        fold->entries = grown;
        fold->entry_capacity = frame->entry_count;
    }
    if (frame->leaf_count > fold->frame_leaf_capacity) {
        uint32_t *grown = realloc(fold->frame_leaves, frame->leaf_count * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        fold->frame_leaves = grown;
        fold->frame_leaf_capacity = frame->leaf_count;
    }
    uint32_t deltas = frame->leaf_count * SCOPE_KIND_COUNT;
    if (deltas > fold->delta_capacity) {
        struct scope_delta *grown = realloc(fold->deltas, deltas * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        fold->deltas = grown;
        grown = realloc(fold->sorted, deltas * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        fold->sorted = grown;
        fold->delta_capacity = deltas;
    }
    return ERR_NONE;
}

static enum err fold_make_scope_room(struct fold *fold)
{
    uint32_t count = scopes_end(fold->names);
    if (count <= fold->scope_capacity) {
        return ERR_NONE;
    }
    uint32_t capacity = fold->scope_capacity == 0 ? 64 : fold->scope_capacity;
    while (capacity < count) {
        capacity *= 2;
    }
    struct fold_scope *grown = realloc(fold->scopes, capacity * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(grown + fold->scope_capacity, 0, (capacity - fold->scope_capacity) * sizeof *grown);
    fold->scopes = grown;
    fold->scope_capacity = capacity;
    return ERR_NONE;
}

// Finds the frame's leaves among the open chunk's and their scopes by number.
static enum err fold_resolve_leaves(
        struct fold *fold, struct fold_source *source, const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        const struct leaf_key *key = &frame->leaves[i].key;
        bool is_new;
        enum err e = fold_source_leaf(source, key, &fold->key, &fold->frame_leaves[i], &is_new);
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && is_new && e == ERR_NONE; kind++) {
            e = scopes_intern(fold->names, (enum scope_kind)kind, key->ids[SCOPE_TENANT],
                    key->ids[kind], VIEW_NONE, &source->leaves[fold->frame_leaves[i]].scopes[kind]);
        }
        if (e != ERR_NONE) {
            return e;
        }
    }
    return fold_make_scope_room(fold);
}

static struct scope_delta *fold_scope_delta(struct fold *fold, int32_t scope, enum scope_kind kind)
{
    struct fold_scope *state = &fold->scopes[scope];
    if (state->touched_by != fold->frame_number) {
        state->touched_by = fold->frame_number;
        state->delta_index = fold->delta_count;
        state->last_offset = -1;
        state->next_misdirected = state->last_misdirected;
        fold->deltas[fold->delta_count++] = (struct scope_delta){
                .scope = scope, .kind = kind, .first_entry = -1, .last_entry = -1};
    }
    return &fold->deltas[state->delta_index];
}

static bool leaf_is_held(const struct fold *fold, const struct fold_leaf *leaf)
{
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (scopes_is_held(fold->names, leaf->scopes[kind], fold->log_time_ms)) {
            return true;
        }
    }
    return false;
}

// Adds what a leaf's counts have changed by to each of its scopes. Of a leaf with a held scope only
// the lifetime sums and the held scopes' shadow counts move.
static void fold_leaf_counts(
        struct fold *fold, struct fold_leaf *leaf, const struct leaf_counts *counts)
{
    int64_t judged = (int64_t)counts->judged - leaf->counts.judged;
    int64_t misdirected = (int64_t)counts->misdirected - leaf->counts.misdirected;
    int64_t unknown = (int64_t)counts->unknown - leaf->counts.unknown;
    bool held = leaf_is_held(fold, leaf);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        int32_t scope = leaf->scopes[kind];
        if (scope == SCOPE_NONE) {
            continue;
        }
        struct scope_delta *delta = fold_scope_delta(fold, scope, (enum scope_kind)kind);
        struct fold_scope *state = &fold->scopes[scope];
        state->counts.judged += judged;
        state->counts.misdirected += misdirected;
        state->counts.unknown += unknown;
        if (!held) {
            delta->judged += judged;
            delta->misdirected += misdirected;
        } else if (scopes_is_held(fold->names, scope, fold->log_time_ms)) {
            delta->shadow_judged += judged;
            delta->shadow_misdirected += misdirected;
        }
        if (counts->judged > 0 && counts->last_judged_offset > state->last_offset && judged > 0) {
            state->last_offset = counts->last_judged_offset;
            state->next_misdirected = counts->last_misdirected;
        }
    }
    leaf->counts = *counts;
}

static uint64_t tag_of(const struct frame_entry *entry)
{
    uint64_t tag;
    memcpy(&tag, entry->tag, sizeof tag);
    return tag;
}

// Whether the entry follows a misdirected message of the scope. What came before it in this source
// and chunk the judge half knows; before the first of a chunk, the last of the frames before it has
// to do.
static bool entry_is_guarded(const struct fold *fold, const struct delta_entry *de, unsigned kind)
{
    if ((de->entry->first_in_chunk >> kind & 1) != 0) {
        return fold->scopes[de->scopes[kind]].last_misdirected;
    }
    return (de->entry->previous_misdirected >> kind & 1) != 0;
}

static void fold_count_entry(
        struct fold *fold, struct delta_entry *de, uint32_t index, unsigned kind, uint64_t tag)
{
    struct scope_delta *delta = fold_scope_delta(fold, de->scopes[kind], (enum scope_kind)kind);
    if (recent_has(fold->recent, de->scopes[kind], tag, fold->log_time_ms)) {
        de->uses[kind] = ENTRY_REPEATED;
        delta->repeated++;
        return;
    }
    bool guarded = entry_is_guarded(fold, de, kind);
    de->uses[kind] = guarded ? ENTRY_GUARDED : ENTRY_FRESH;
    delta->guarded += guarded;
    delta->fresh += !guarded;
    delta->first_entry = delta->first_entry < 0 ? (int32_t)index : delta->first_entry;
    delta->last_entry = (int32_t)index;
}

static enum err fold_entry(struct fold *fold, const struct frame *frame,
        const struct fold_leaf *leaf, const struct frame_entry *entry)
{
    uint32_t index = fold->entry_count++;
    struct delta_entry *de = &fold->entries[index];
    *de = (struct delta_entry){.entry = entry, .serial = fold->serial++};
    memcpy(de->scopes, leaf->scopes, sizeof de->scopes);
    if (leaf_is_held(fold, leaf)) {
        return ERR_NONE;
    }
    const struct recent_message message = {
            .tag = tag_of(entry),
            .serial = de->serial,
            .log_time_ms = fold->log_time_ms,
            .reasons = entry->reasons,
            .signals = entry->signals,
            .position = {entry->occurred_at_ms, frame->source_topic, frame->source_partition,
                    entry->offset, entry->message_id},
    };
    uint32_t remembered = RECENT_NONE;
    enum err e = recent_enter(fold->recent, &message, &remembered);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && e == ERR_NONE; kind++) {
        if (de->scopes[kind] == SCOPE_NONE) {
            continue;
        }
        fold_count_entry(fold, de, index, kind, message.tag);
        if (de->uses[kind] != ENTRY_REPEATED) {
            e = recent_link(fold->recent, remembered, de->scopes[kind], (enum scope_kind)kind);
        }
    }
    return e;
}

// Completes the deltas and puts them in the order in which they are to be detected.
static void fold_finish(struct fold *fold, struct delta *delta)
{
    uint32_t sorted = 0;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        for (uint32_t i = 0; i < fold->delta_count; i++) {
            struct scope_delta *row = &fold->deltas[i];
            if (row->kind != (enum scope_kind)kind) {
                continue;
            }
            int64_t good = row->judged - row->fresh - row->guarded - row->repeated;
            row->good = good > 0 ? (uint32_t)good : 0;
            struct fold_scope *state = &fold->scopes[row->scope];
            state->last_misdirected = state->next_misdirected;
            fold->sorted[sorted++] = *row;
        }
    }
    delta->scopes = fold->sorted;
    delta->scope_count = sorted;
    delta->entries = fold->entries;
    delta->entry_count = fold->entry_count;
}

// F7: not a reason to stop or to try again, the same frame would meet the same full table.
static void fold_leave_out(struct fold *fold, const struct frame *frame, struct delta *delta)
{
    delta->applied = false;
    fold->gaps += !delta->gap.is_there;
    delta->gap = (struct delta_gap){true, frame->first_offset, frame->to_offset};
}

enum err fold_frame(struct fold *fold, const struct frame *frame, int32_t tally_partition,
        int64_t sequence, struct delta *ret_delta)
{
    struct fold_source *source = NULL;
    enum err found = fold_find_source(fold, frame, &source);
    enum err e = found == ERR_CEILING ? ERR_NONE : found;
    if (e == ERR_NONE) {
        e = fold_make_room(fold, frame);
    }
    if (e != ERR_NONE) {
        return e;
    }
    if (frame->judged_at_ms > fold->log_time_ms) {
        fold->log_time_ms = frame->judged_at_ms;
    }
    fold->frame_number++;
    recent_settle(fold->recent);
    fold->delta_count = 0;
    fold->entry_count = 0;
    *ret_delta = (struct delta){
            .frame = frame,
            .sequence = sequence,
            .tally_partition = tally_partition,
            .log_time_ms = fold->log_time_ms,
    };
    if (source == NULL) { // the table of sources is full
        fold_leave_out(fold, frame, ret_delta);
        return ERR_NONE;
    }
    int64_t entries_from = 0;
    ret_delta->applied = fold_source_meet(source, frame, &entries_from, &ret_delta->gap);
    fold->gaps += ret_delta->gap.is_there;
    if (!ret_delta->applied) {
        return ERR_NONE;
    }
    e = fold_resolve_leaves(fold, source, frame);
    if (e == ERR_CEILING) {
        fold_source_ignore(source);
        fold_leave_out(fold, frame, ret_delta);
        return ERR_NONE;
    }
    for (uint32_t i = 0; i < frame->leaf_count && e == ERR_NONE; i++) {
        fold_leaf_counts(fold, &source->leaves[fold->frame_leaves[i]], &frame->leaves[i].counts);
    }
    for (uint32_t i = 0; i < frame->entry_count && e == ERR_NONE; i++) {
        const struct frame_entry *entry = &frame->entries[i];
        if (entry->offset >= entries_from) {
            e = fold_entry(fold, frame, &source->leaves[fold->frame_leaves[entry->leaf]], entry);
        }
    }
    if (e == ERR_NONE) {
        fold_finish(fold, ret_delta);
    }
    return e;
}

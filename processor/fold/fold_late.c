// Late clearances: what was misdirected and is clear after all.
//
// Two things take a message back from the counts, and both may do it to the same one: a late row, and a
// judge half that was started again and finds the record now, so that the chunk's absolute counts come
// without it. Either may come first. So each leaf of an open chunk knows how many of its messages late
// rows have taken back that its counts still hold (`cleared`); what counts take back is laid against
// these first. What they take back beyond is kept as an *advance* for 60 s of log time, against which
// late rows for messages of that chunk and these scopes are laid.
#include <stdlib.h>

#include "fold/fold_inside.h"

static uint64_t tag_of(const uint8_t bytes[RECIPIENT_TAG_BYTES])
{
    uint64_t tag;
    memcpy(&tag, bytes, sizeof tag);
    return tag;
}

// --- counts that take back ----------------------------------------------------------------------

void fold_late_expire(struct fold *fold)
{
    clearables_expire(&fold->clearables, fold->log_time_ms);
    uint32_t old = 0;
    while (old < fold->advance_count &&
            fold->log_time_ms - fold->advances[old].log_time_ms >= CLEARABLE_MS) {
        old++;
    }
    if (old > 0) {
        fold->advance_count -= old;
        memmove(fold->advances, fold->advances + old, fold->advance_count * sizeof *fold->advances);
    }
}

// At the ceiling the oldest makes room.
static void fold_add_advance(struct fold *fold, const struct fold_advance *advance)
{
    if (fold->advance_count == FOLD_ADVANCE_MAX) {
        fold->advance_count--;
        memmove(fold->advances, fold->advances + 1, fold->advance_count * sizeof *fold->advances);
    }
    fold->advances[fold->advance_count++] = *advance;
}

// Whether the counts have taken back a message of that chunk and these scopes already; once each.
static bool fold_take_advance(struct fold *fold, const struct clearable *message)
{
    for (uint32_t i = 0; i < fold->advance_count; i++) {
        struct fold_advance *advance = &fold->advances[i];
        if (advance->messages > 0 && advance->source == message->source &&
                advance->chunk == message->offset >> CHUNK_BITS &&
                memcmp(advance->scopes, message->scopes, sizeof advance->scopes) == 0) {
            advance->messages--;
            return true;
        }
    }
    return false;
}

void fold_take_back(struct fold *fold, const struct fold_source *source, struct fold_leaf *leaf,
        uint32_t entries, struct leaf_delta *leaf_delta)
{
    if (leaf_delta->misdirected >= entries) {
        return;
    }
    int64_t taken = entries - leaf_delta->misdirected;
    int64_t known = taken < leaf->cleared ? taken : leaf->cleared;
    leaf->cleared = (uint16_t)(leaf->cleared - known);
    leaf_delta->misdirected += known;
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        uint16_t *cleared = &leaf->cleared_reasons[reason];
        uint16_t back = known < *cleared ? (uint16_t)known : *cleared;
        *cleared = (uint16_t)(*cleared - back);
        leaf_delta->reasons[reason] += back;
    }
    if (taken > known) {
        struct fold_advance advance = {.source = (uint16_t)(source - fold->sources),
                .messages = (uint32_t)(taken - known),
                .chunk = source->chunk,
                .log_time_ms = fold->log_time_ms};
        memcpy(advance.scopes, leaf->scopes, sizeof advance.scopes);
        fold_add_advance(fold, &advance);
    }
}

// --- late rows ------------------------------------------------------------------------------------

// The leaf of an open chunk whose counts still hold the message; NULL when there is none any more.
static struct fold_leaf *open_leaf_of(const struct fold *fold, const struct clearable *message)
{
    const struct fold_source *source = &fold->sources[message->source];
    if (source->chunk != message->offset >> CHUNK_BITS || message->offset < source->first_offset ||
            message->leaf >= source->leaf_count) {
        return NULL;
    }
    struct fold_leaf *leaf = &source->leaves[message->leaf];
    bool is_same = memcmp(leaf->scopes, message->scopes, sizeof leaf->scopes) == 0;
    return is_same && leaf->cleared < leaf->counts.misdirected ? leaf : NULL;
}

static void fold_uncount(struct fold *fold, const struct clearable *message)
{
    struct fold_leaf *leaf = open_leaf_of(fold, message);
    if (leaf != NULL) {
        leaf->cleared++;
        for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
            leaf->cleared_reasons[reason] =
                    (uint16_t)(leaf->cleared_reasons[reason] + (message->reasons >> reason & 1));
        }
    }
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (message->scopes[kind] == SCOPE_NONE || !fold_knows(fold, message->scopes[kind])) {
            continue;
        }
        struct fold_scope *scope = fold_scope_at(fold, message->scopes[kind]);
        scope->misdirected -= scope->misdirected > 0;
        bool is_history = (message->history >> kind & 1) != 0 && scope->history_misdirected > 0;
        scope->history_misdirected = (uint16_t)(scope->history_misdirected - is_history);
    }
}

static void fold_clear(struct fold *fold, uint32_t handle)
{
    const struct clearable *message = clearables_at(&fold->clearables, handle);
    struct delta_clearance *clearance = &fold->clearances[fold->clearance_count++];
    *clearance = (struct delta_clearance){
            .serial = message->serial,
            .tag = message->tag,
            .remembered = message->remembered,
            .reasons = (reason_set)message->reasons,
            .level = message->level,
            .held = message->held,
            .shadow = message->shadow,
            .counts = !fold_take_advance(fold, message),
    };
    memcpy(clearance->scopes, message->scopes, sizeof clearance->scopes);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        clearance->uses[kind] = clearable_use(message, kind);
    }
    if (clearance->counts) {
        fold_uncount(fold, message);
    }
    recent_forget(fold->recent, message->remembered, message->serial);
    clearables_take(&fold->clearables, handle);
    fold->late.cleared++;
}

static enum err fold_make_late_room(struct fold *fold, uint32_t count)
{
    if (count <= fold->clearance_capacity) {
        return ERR_NONE;
    }
    struct delta_clearance *grown = realloc(fold->clearances, count * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    fold->clearances = grown;
    fold->clearance_capacity = count;
    return ERR_NONE;
}

enum err fold_late_frame(struct fold *fold, const struct frame *frame, struct delta *delta)
{
    enum err e = fold_make_late_room(fold, frame->late_count);
    if (e != ERR_NONE) {
        return e;
    }
    fold->clearance_count = 0;
    uint32_t source = fold_source_number(fold, frame);
    for (uint32_t i = 0; i < frame->late_count; i++) {
        const struct frame_late *late = &frame->late[i];
        uint32_t handle = source == HASHMAP_ABSENT ? CLEARABLE_NONE
                                                   : clearables_find(&fold->clearables,
                                                             (uint16_t)source, late->offset);
        bool is_it = handle != CLEARABLE_NONE &&
                     clearables_at(&fold->clearables, handle)->tag == tag_of(late->tag);
        if (is_it) {
            fold_clear(fold, handle);
        } else {
            fold->late.ignored++;
        }
    }
    delta->clearances = fold->clearances;
    delta->clearance_count = fold->clearance_count;
    delta->applied = fold->clearance_count > 0;
    return ERR_NONE;
}

void fold_explain(struct fold *fold, int32_t parent, int32_t child)
{
    unsigned parent_kind = scopes_name(fold->names, parent).kind;
    unsigned child_kind = scopes_name(fold->names, child).kind;
    uint32_t at = fold->clearables.oldest;
    while (at != CLEARABLE_NONE) {
        struct clearable *message = clearables_at(&fold->clearables, at);
        if (message->scopes[child_kind] == child && message->scopes[parent_kind] == parent) {
            clearable_set_unused(message, parent_kind);
        }
        at = message->newer;
    }
}

struct fold_late_counts fold_late_counts(const struct fold *fold)
{
    struct fold_late_counts late = fold->late;
    late.overflowed = fold->clearables.overflowed;
    return late;
}

void fold_note_level(struct fold *fold, const struct delta_entry *entry, unsigned level)
{
    if (entry->clearable != CLEARABLE_NONE) {
        clearables_at(&fold->clearables, entry->clearable)->level = level & CLEARABLE_NO_LEVEL;
    }
}

// One frame's counts and entries → the delta.
#include "fold/fold_inside.h"

enum { HISTORY_JUDGED = 20000 };
#define JUDGED_MAX ((INT64_C(1) << 40) - 1)

// The row of a scope in the delta being made.
static int32_t fold_row(struct fold *fold, int32_t scope, enum scope_kind kind)
{
    struct fold_scope *state = fold_scope_at(fold, scope);
    bool is_there = state->delta_index < fold->delta_count &&
                    fold->deltas[state->delta_index].scope == scope;
    if (!is_there) {
        state->delta_index = fold->delta_count & FOLD_INDEX_MASK;
        fold->lasts[fold->delta_count] = (struct fold_last){-1, state->last_misdirected};
        fold->deltas[fold->delta_count++] = (struct scope_delta){.scope = scope,
                .kind = kind,
                .is_new = !state->is_known,
                .first_entry = -1,
                .last_entry = -1};
    }
    return (int32_t)state->delta_index;
}

// Bit a kind: the leaf's scope of it is held.
static uint8_t leaf_held(const struct fold *fold, const struct fold_leaf *leaf)
{
    unsigned held = 0;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        held |= (unsigned)scopes_is_held(fold->names, leaf->scopes[kind], fold->log_time_ms)
                << kind;
    }
    return (uint8_t)held;
}

// What a leaf's counts have changed by.
static struct leaf_delta leaf_difference(
        const struct leaf_counts *before, const struct leaf_counts *now)
{
    struct leaf_delta leaf = {
            .judged = (int64_t)now->judged - before->judged,
            .misdirected = (int64_t)now->misdirected - before->misdirected,
            .unknown = (int64_t)now->unknown - before->unknown,
            .exempt = (int64_t)now->exempt - before->exempt,
            .planned_size = now->planned_size,
            .last_occurred_at_ms = now->last_occurred_at_ms,
    };
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        leaf.reasons[reason] = (int64_t)now->reasons[reason] - before->reasons[reason];
    }
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        leaf.signals[signal] = (int64_t)now->signals[signal] - before->signals[signal];
    }
    return leaf;
}

static uint32_t count_bounded(uint32_t count, int64_t more)
{
    int64_t total = (int64_t)count + more;
    return total < 0 ? 0 : total > UINT32_MAX ? UINT32_MAX : (uint32_t)total;
}

static uint16_t count_history(uint16_t count, int64_t more)
{
    uint32_t total = count_bounded(count, more);
    return total < UINT16_MAX ? (uint16_t)total : UINT16_MAX;
}

// True when it is the scope's history as well.
static bool fold_add_lifetime(struct fold_scope *state, const struct leaf_delta *leaf)
{
    int64_t judged = (int64_t)state->judged + leaf->judged;
    state->judged = (judged < 0                   ? 0
                            : judged > JUDGED_MAX ? (uint64_t)JUDGED_MAX
                                                  : (uint64_t)judged) &
                    JUDGED_MAX;
    state->misdirected = count_bounded(state->misdirected, leaf->misdirected);
    bool is_history = !leaf->held && state->history_judged < HISTORY_JUDGED;
    if (is_history) {
        state->history_judged = count_history(state->history_judged, leaf->judged);
        state->history_misdirected = count_history(state->history_misdirected, leaf->misdirected);
    }
    return is_history;
}

// Adds what a leaf's counts have changed by to each of its scopes. Of a leaf with a held scope only
// the lifetime sums and the held scopes' shadow counts move.
static void fold_leaf_counts(struct fold *fold, const struct fold_source *source,
        struct fold_leaf *leaf, const struct leaf_counts *counts, struct fold_mark *mark,
        struct leaf_delta *ret_leaf)
{
    *ret_leaf = leaf_difference(&leaf->counts, counts);
    fold_take_back(fold, source, leaf, mark->entries, ret_leaf);
    mark->shadow = leaf_held(fold, leaf);
    ret_leaf->held = mark->shadow != 0;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        int32_t scope = leaf->scopes[kind];
        ret_leaf->uses[kind] = (struct leaf_use){.row = -1};
        if (scope == SCOPE_NONE) {
            continue;
        }
        int32_t at = fold_row(fold, scope, (enum scope_kind)kind);
        struct scope_delta *row = &fold->deltas[at];
        ret_leaf->uses[kind].row = at;
        mark->history |= (uint8_t)(fold_add_lifetime(fold_scope_at(fold, scope), ret_leaf) << kind);
        row->unknown += ret_leaf->unknown;
        if (!ret_leaf->held) {
            row->judged += ret_leaf->judged;
            row->misdirected += ret_leaf->misdirected;
        } else if ((mark->shadow >> kind & 1) != 0) {
            row->shadow_judged += ret_leaf->judged;
            row->shadow_misdirected += ret_leaf->misdirected;
        }
        if (row->last_occurred_at_ms < counts->last_occurred_at_ms) {
            row->last_occurred_at_ms = counts->last_occurred_at_ms;
        }
        struct fold_last *last = &fold->lasts[at];
        if (ret_leaf->judged > 0 && counts->last_judged_offset > last->offset) {
            *last = (struct fold_last){counts->last_judged_offset, counts->last_misdirected};
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
        return fold_scope_at(fold, de->scopes[kind])->last_misdirected;
    }
    return (de->entry->previous_misdirected >> kind & 1) != 0;
}

static void fold_count_entry(
        struct fold *fold, struct delta_entry *de, struct leaf_use *use, unsigned kind)
{
    struct scope_delta *row = &fold->deltas[use->row];
    if (recent_has(fold->recent, de->scopes[kind], tag_of(de->entry), fold->log_time_ms)) {
        de->uses[kind] = ENTRY_REPEATED;
        use->repeated++;
        return;
    }
    bool guarded = entry_is_guarded(fold, de, kind);
    de->uses[kind] = guarded ? ENTRY_GUARDED : ENTRY_FRESH;
    use->guarded += guarded;
    use->fresh += !guarded;
    int32_t index = (int32_t)(de - fold->entries);
    row->first_entry = row->first_entry < 0 ? index : row->first_entry;
    row->last_entry = index;
}

// The vendor that the message names; VENDOR_UNKNOWN where there was no room for it.
static int32_t vendor_of(const struct frame *frame, const struct delta_entry *de)
{
    bool is_lost = de->scopes[SCOPE_VENDOR] == SCOPE_NONE &&
                   !view_is_none(frame->leaves[de->entry->leaf].key.ids[SCOPE_VENDOR]);
    return is_lost ? VENDOR_UNKNOWN : de->scopes[SCOPE_VENDOR];
}

// Lets the message be met and remembered by each of its scopes that has not met its recipient.
static enum err fold_remember(struct fold *fold, const struct frame *frame,
        struct leaf_delta *leaf_delta, struct delta_entry *de)
{
    const struct frame_entry *entry = de->entry;
    const int32_t vendor = vendor_of(frame, de);
    const struct recent_message message = {
            .tag = tag_of(entry),
            .serial = de->serial,
            .log_time_ms = fold->log_time_ms,
            .reasons = entry->reasons,
            .signals = entry->signals,
            .vendor = vendor,
            .vendor_generation = vendor >= 0 ? scopes_generation(fold->names, vendor) : 0,
            .position = {entry->occurred_at_ms, frame->source_topic, frame->source_partition,
                    entry->offset, entry->message_id},
    };
    enum err e = ERR_NONE;
    bool entered = false; // once a scope counts it: what all have met takes no room again
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && e == ERR_NONE; kind++) {
        if (de->scopes[kind] == SCOPE_NONE) {
            continue;
        }
        fold_count_entry(fold, de, &leaf_delta->uses[kind], kind);
        if (de->uses[kind] == ENTRY_REPEATED) {
            continue;
        }
        if (!entered) {
            entered = true;
            e = recent_enter(fold->recent, &message, &de->remembered);
        }
        if (e == ERR_NONE) {
            e = recent_link(fold->recent, de->remembered, de->scopes[kind], (enum scope_kind)kind);
        }
    }
    return e;
}

// Keeps what became of it, so that it can be taken back.
static enum err fold_keep_clearable(struct fold *fold, const struct fold_source *source,
        uint32_t leaf, const struct fold_mark *mark, struct delta_entry *de)
{
    unsigned uses = 0;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        uses |= (unsigned)de->uses[kind] << 2 * kind;
    }
    struct clearable clearable = {
            .offset = de->entry->offset,
            .tag = tag_of(de->entry),
            .serial = de->serial & ((UINT64_C(1) << CLEARABLE_SERIAL_BITS) - 1),
            .reasons = (uint16_t)de->entry->reasons,
            .log_time_ms = (uint64_t)fold->log_time_ms & ((UINT64_C(1) << CLEARABLE_TIME_BITS) - 1),
            .uses = uses & ((1u << 2 * SCOPE_KIND_COUNT) - 1),
            .level = CLEARABLE_NO_LEVEL,
            .held = mark->shadow != 0,
            .remembered = de->remembered,
            .source = (uint16_t)(source - fold->sources),
            .leaf = (uint16_t)leaf,
            .history = mark->history,
            .shadow = mark->shadow,
    };
    memcpy(clearable.scopes, de->scopes, sizeof clearable.scopes);
    return clearables_add(&fold->clearables, &clearable, &de->clearable);
}

static enum err fold_entry(struct fold *fold, const struct fold_source *source,
        const struct frame *frame, const struct frame_entry *entry)
{
    uint32_t leaf = fold->frame_leaves[entry->leaf];
    struct leaf_delta *leaf_delta = &fold->leaves[entry->leaf];
    struct delta_entry *de = &fold->entries[fold->entry_count++];
    *de = (struct delta_entry){.entry = entry, .serial = fold->serial++, .remembered = RECENT_NONE};
    memcpy(de->scopes, source->leaves[leaf].scopes, sizeof de->scopes);
    enum err e = ERR_NONE;
    if (!leaf_delta->held) {
        for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
            leaf_delta->misdirected_signals[signal] += (unsigned)entry->signals >> signal & 1;
        }
        e = fold_remember(fold, frame, leaf_delta, de);
    }
    return e != ERR_NONE ? e
                         : fold_keep_clearable(fold, source, leaf, &fold->marks[entry->leaf], de);
}

// The healthy ones are the rest.
static void fold_count_good(struct fold *fold, uint32_t leaf_count)
{
    for (uint32_t i = 0; i < leaf_count; i++) {
        struct leaf_delta *leaf = &fold->leaves[i];
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && !leaf->held; kind++) {
            struct leaf_use *use = &leaf->uses[kind];
            if (use->row < 0) {
                continue;
            }
            int64_t good = leaf->judged - use->fresh - use->guarded - use->repeated;
            use->good = good > 0 ? (uint32_t)good : 0;
            struct scope_delta *row = &fold->deltas[use->row];
            row->good += use->good;
            row->fresh += use->fresh;
            row->guarded += use->guarded;
            row->repeated += use->repeated;
        }
    }
}

// What a row's scope is left with behind this frame.
static void fold_settle_row(struct fold *fold, uint32_t row)
{
    struct fold_scope *state = fold_scope_at(fold, fold->deltas[row].scope);
    state->last_misdirected = fold->lasts[row].misdirected ? 1 : 0;
    state->is_known = 1;
    scopes_touch(fold->names, fold->deltas[row].scope, fold->log_time_ms);
}

static bool fold_is_sorted(const struct fold *fold)
{
    for (uint32_t i = 1; i < fold->delta_count; i++) {
        if (fold->deltas[i].kind < fold->deltas[i - 1].kind) {
            return false;
        }
    }
    return true;
}

// Puts the rows by kind, and lets the leaves find them there.
static void fold_sort(struct fold *fold, uint32_t leaf_count)
{
    uint32_t sorted = 0;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        for (uint32_t i = 0; i < fold->delta_count; i++) {
            const struct scope_delta *row = &fold->deltas[i];
            if (row->kind == (enum scope_kind)kind) {
                fold_scope_at(fold, row->scope)->delta_index = sorted & FOLD_INDEX_MASK;
                fold->sorted[sorted++] = *row;
            }
        }
    }
    for (uint32_t i = 0; i < leaf_count; i++) {
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            int32_t *row = &fold->leaves[i].uses[kind].row;
            if (*row >= 0) {
                *row = (int32_t)fold_scope_at(fold, fold->deltas[*row].scope)->delta_index;
            }
        }
    }
}

// Completes the deltas and puts them in the order in which they are to be detected; those of one leaf
// are in it.
static void fold_finish(struct fold *fold, struct delta *delta)
{
    uint32_t leaf_count = delta->frame->leaf_count;
    fold_count_good(fold, leaf_count);
    for (uint32_t i = 0; i < fold->delta_count; i++) {
        fold_settle_row(fold, i);
    }
    bool is_sorted = fold_is_sorted(fold);
    if (!is_sorted) {
        fold_sort(fold, leaf_count);
    }
    delta->leaves = fold->leaves;
    delta->leaf_count = leaf_count;
    delta->scopes = is_sorted ? fold->deltas : fold->sorted;
    delta->scope_count = fold->delta_count;
    delta->entries = fold->entries;
    delta->entry_count = fold->entry_count;
}

static void fold_mark_leaves(struct fold *fold, const struct frame *frame, int64_t entries_from)
{
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        fold->marks[i] = (struct fold_mark){.entries = 0};
    }
    for (uint32_t i = 0; i < frame->entry_count; i++) {
        fold->marks[frame->entries[i].leaf].entries += frame->entries[i].offset >= entries_from;
    }
}

// What is said beside the messages: those that were applied before come first.
static void fold_asides(const struct frame *frame, int64_t from, struct delta *delta)
{
    uint32_t complaints = 0;
    while (complaints < frame->complaint_count && frame->complaints[complaints].offset < from) {
        complaints++;
    }
    delta->complaint_count = frame->complaint_count - complaints;
    delta->complaints = delta->complaint_count > 0 ? &frame->complaints[complaints] : NULL;
    uint32_t controls = 0;
    while (controls < frame->control_count && frame->controls[controls].offset < from) {
        controls++;
    }
    delta->control_count = frame->control_count - controls;
    delta->controls = delta->control_count > 0 ? &frame->controls[controls] : NULL;
}

enum err fold_count_frame(struct fold *fold, struct fold_source *source, const struct frame *frame,
        int64_t entries_from, struct delta *delta)
{
    enum err e = ERR_NONE;
    fold_mark_leaves(fold, frame, entries_from);
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        fold_leaf_counts(fold, source, &source->leaves[fold->frame_leaves[i]],
                &frame->leaves[i].counts, &fold->marks[i], &fold->leaves[i]);
    }
    for (uint32_t i = 0; i < frame->entry_count && e == ERR_NONE; i++) {
        if (frame->entries[i].offset >= entries_from) {
            e = fold_entry(fold, source, frame, &frame->entries[i]);
        }
    }
    fold_asides(frame, entries_from, delta);
    if (e == ERR_NONE) {
        fold_finish(fold, delta);
    }
    return e;
}

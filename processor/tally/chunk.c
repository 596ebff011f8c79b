#include "tally/source.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/room.h"
#include "state/leaf_key.h"

enum { ENTRY_TEXT_BYTES = 256 * 1024, KEY_BYTES = 8 * 1024 };

enum err chunk_init(struct chunk *chunk)
{
    *chunk = (struct chunk){0};
    strbuf_init(&chunk->scratch, KEY_BYTES);
    chunk->names = arena_create(SIZE_MAX);
    chunk->entry_texts = arena_create(2 * ENTRY_TEXT_BYTES);
    chunk->leaf_index = hashmap_create(CHUNK_OFFSETS + 1);
    chunk->scope_index = hashmap_create(SCOPE_KIND_COUNT * (CHUNK_OFFSETS + 1));
    chunk->tenant_index = hashmap_create(CHUNK_OFFSETS);
    chunk->vendor_index = hashmap_create(CHUNK_OFFSETS);
    chunk->met = calloc(1, sizeof *chunk->met);
    if (chunk->names == NULL || chunk->entry_texts == NULL || chunk->leaf_index == NULL ||
            chunk->scope_index == NULL || chunk->tenant_index == NULL ||
            chunk->vendor_index == NULL || chunk->met == NULL) {
        chunk_fini(chunk);
        return ERR_NO_MEMORY;
    }
    return ERR_NONE;
}

void chunk_fini(struct chunk *chunk)
{
    arena_destroy(chunk->names);
    arena_destroy(chunk->entry_texts);
    hashmap_destroy(chunk->leaf_index);
    hashmap_destroy(chunk->scope_index);
    hashmap_destroy(chunk->tenant_index);
    hashmap_destroy(chunk->vendor_index);
    free(chunk->leaves);
    free(chunk->dirty);
    free(chunk->scopes);
    free(chunk->entries);
    free(chunk->met);
    numbers_fini(&chunk->numbers);
    strbuf_fini(&chunk->scratch);
    *chunk = (struct chunk){0};
}

void chunk_start(struct chunk *chunk, int64_t number, int64_t first_offset)
{
    chunk->number = number;
    chunk->first_offset = first_offset;
    chunk->name_bytes = 0;
    chunk->leaf_count = 0;
    chunk->dirty_count = 0;
    chunk->scope_count = 0;
    chunk->entry_count = 0;
    chunk->totals = (struct frame_totals){0};
    hashmap_clear(chunk->leaf_index);
    hashmap_clear(chunk->scope_index);
    chunk->lately = 0;
    hashmap_clear(chunk->tenant_index);
    hashmap_clear(chunk->vendor_index);
    arena_reset(chunk->names);
    arena_reset(chunk->entry_texts);
    numbers_forget(&chunk->numbers);
    met_forget(chunk->met);
}

static enum err chunk_find_tenant(struct chunk *chunk, struct view tenant_id, uint32_t *ret_tenant)
{
    uint32_t at = hashmap_find(chunk->tenant_index, tenant_id);
    if (at == HASHMAP_ABSENT) {
        at = hashmap_count(chunk->tenant_index);
        enum err e = hashmap_put(chunk->tenant_index, tenant_id, at);
        if (e != ERR_NONE) {
            return e;
        }
        chunk->tenants[at] = (struct chunk_tenant){0};
        chunk->totals.tenants += !tenant_is_drill(tenant_id);
    }
    *ret_tenant = at;
    return ERR_NONE;
}

static enum err chunk_find_vendor(struct chunk *chunk, struct view vendor_id, uint32_t *ret_vendor)
{
    *ret_vendor = NO_SCOPE;
    if (view_is_none(vendor_id)) {
        return ERR_NONE;
    }
    uint32_t at = hashmap_find(chunk->vendor_index, vendor_id);
    if (at == HASHMAP_ABSENT) {
        at = hashmap_count(chunk->vendor_index);
        enum err e = hashmap_put(chunk->vendor_index, vendor_id, at);
        if (e != ERR_NONE) {
            return e;
        }
        chunk->vendors[at] = (struct jump){0};
    }
    *ret_vendor = at;
    return ERR_NONE;
}

// `splits`: the scope is one for each channel.
static enum err chunk_find_scope(struct chunk *chunk, enum scope_kind kind,
        const struct leaf_key *leaf, bool splits, uint32_t *ret_scope)
{
    if (view_is_none(leaf->ids[kind])) {
        *ret_scope = NO_SCOPE;
        return ERR_NONE;
    }
    struct strbuf *key = &chunk->scratch;
    strbuf_reset(key);
    strbuf_add_byte(key, (uint8_t)kind);
    leaf_key_add_part(key, leaf->ids[SCOPE_TENANT]);
    leaf_key_add_part(key, leaf->ids[kind]);
    if (splits) {
        leaf_key_add_part(key, leaf->channel);
    }
    uint32_t at = hashmap_find(chunk->scope_index, strbuf_view(key));
    if (at == HASHMAP_ABSENT) {
        at = chunk->scope_count;
        struct chunk_scope *scopes =
                room_for_row(chunk->scopes, at, &chunk->scope_capacity, 64, sizeof *scopes);
        if (scopes == NULL) {
            return ERR_NO_MEMORY;
        }
        chunk->scopes = scopes;
        enum err e = hashmap_put(chunk->scope_index, strbuf_view(key), at);
        if (e != ERR_NONE) {
            return e;
        }
        chunk->scopes[chunk->scope_count++] = (struct chunk_scope){.numbers = NO_NUMBERS};
    }
    *ret_scope = at;
    return ERR_NONE;
}

static enum err chunk_grow_leaves(struct chunk *chunk)
{
    uint32_t capacity = chunk->leaf_capacity; // of both arrays: it moves with the second
    uint32_t *dirty = room_for_row(chunk->dirty, chunk->leaf_count, &capacity, 64, sizeof *dirty);
    if (dirty == NULL) {
        return ERR_NO_MEMORY;
    }
    chunk->dirty = dirty;
    struct leaf *leaves = room_for_row(
            chunk->leaves, chunk->leaf_count, &chunk->leaf_capacity, 64, sizeof *leaves);
    if (leaves == NULL) {
        return ERR_NO_MEMORY;
    }
    chunk->leaves = leaves;
    return ERR_NONE;
}

static uint32_t narrowest_scope(const uint32_t scopes[SCOPE_KIND_COUNT])
{
    unsigned kind = 0;
    while (scopes[kind] == NO_SCOPE) {
        kind++; // every message has a tenant
    }
    return scopes[kind];
}

// Adds a leaf whose key bytes are in the scratch buffer.
static enum err chunk_add_leaf(struct chunk *chunk, const struct tally_options *options,
        const struct leaf_key *key, struct leaf **ret_leaf)
{
    uint32_t at = chunk->leaf_count;
    enum err e = chunk_grow_leaves(chunk);
    if (e != ERR_NONE) {
        return e;
    }
    ASSURE(chunk->leaves != NULL);
    e = hashmap_put(chunk->leaf_index, strbuf_view(&chunk->scratch), at);
    if (e != ERR_NONE) {
        return e;
    }
    chunk->name_bytes += chunk->scratch.n;
    struct leaf *leaf = &chunk->leaves[at];
    *leaf = (struct leaf){0};
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (!view_is_none(key->ids[kind])) {
            leaf->key.ids[kind] = arena_copy(chunk->names, key->ids[kind]);
            if (view_is_none(leaf->key.ids[kind])) {
                return ERR_NO_MEMORY;
            }
        }
    }
    if (!view_is_none(key->channel)) {
        leaf->key.channel = arena_copy(chunk->names, key->channel);
        if (view_is_none(leaf->key.channel)) {
            return ERR_NO_MEMORY;
        }
    }
    struct view tenant_id = leaf->key.ids[SCOPE_TENANT];
    leaf->tally_partition = tally_partition_of(tenant_id, options->tally_partitions);
    leaf->is_drill = tenant_is_drill(tenant_id);
    e = chunk_find_tenant(chunk, tenant_id, &leaf->tenant);
    if (e == ERR_NONE) {
        e = chunk_find_vendor(chunk, leaf->key.ids[SCOPE_VENDOR], &leaf->vendor);
    }
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT && e == ERR_NONE; kind++) {
        bool splits = (options->split_by_channel >> kind & 1) != 0;
        e = chunk_find_scope(chunk, (enum scope_kind)kind, &leaf->key, splits, &leaf->scopes[kind]);
    }
    if (e == ERR_NONE) {
        leaf->narrowest = narrowest_scope(leaf->scopes);
        chunk->leaf_count++;
        *ret_leaf = leaf;
    }
    return e;
}

static struct leaf *chunk_lookup_leaf(struct chunk *chunk, const struct leaf_key *key)
{
    strbuf_reset(&chunk->scratch);
    leaf_key_add(&chunk->scratch, key);
    uint32_t at = hashmap_find(chunk->leaf_index, strbuf_view(&chunk->scratch));
    return at == HASHMAP_ABSENT ? NULL : &chunk->leaves[at];
}

// The leaf of a message. When the table is full: the tenant's own overflow leaf (no narrower
// scopes), and when even that is one too many, the one overflow leaf of all tenants.
static enum err chunk_find_leaf(struct chunk *chunk, const struct tally_options *options,
        const struct event *ev, struct leaf **ret_leaf, bool *ret_overflowed)
{
    const struct leaf_key wanted = {.ids = {ev->campaign_id, ev->template_id, ev->sender_id,
                                            ev->vendor_id, event_scope_tenant(ev)},
            .channel = ev->channel};
    const struct leaf_key overflow_of_tenant = {.ids = {[SCOPE_TENANT] = event_scope_tenant(ev)}};
    const struct leaf_key overflow = {.ids = {[SCOPE_TENANT] = VIEW("(overflow)")}};
    const struct leaf_key *const keys[] = {&wanted, &overflow_of_tenant, &overflow};
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
        *ret_overflowed = i > 0;
        *ret_leaf = chunk_lookup_leaf(chunk, keys[i]);
        if (*ret_leaf != NULL) {
            return ERR_NONE;
        }
        bool full = chunk->leaf_count + 1 >= options->max_leaves ||
                    chunk->name_bytes + chunk->scratch.n > options->max_leaf_bytes;
        if (!full || keys[i] == &overflow) {
            return chunk_add_leaf(chunk, options, keys[i], ret_leaf);
        }
    }
    return ERR_INTERNAL;
}

// A text of an entry, or none when the frame has enough of them: ids are for people, counts do not
// need them.
static struct view chunk_keep_text(struct chunk *chunk, struct view text, bool *ok)
{
    if (view_is_none(text) || arena_used_bytes(chunk->entry_texts) + text.n > ENTRY_TEXT_BYTES) {
        return VIEW_NONE;
    }
    struct view kept = arena_copy(chunk->entry_texts, text);
    *ok = *ok && !view_is_none(kept);
    return kept;
}

static enum err chunk_add_entry(struct chunk *chunk, const struct leaf *leaf,
        const struct tally_message *message, signal_set signals)
{
    struct frame_entry *entries = room_for_row(
            chunk->entries, chunk->entry_count, &chunk->entry_capacity, 64, sizeof *entries);
    if (entries == NULL) {
        return ERR_NO_MEMORY;
    }
    chunk->entries = entries;
    bool ok = true;
    struct frame_entry *entry = &chunk->entries[chunk->entry_count++];
    *entry = (struct frame_entry){
            .offset = message->offset,
            .leaf = (uint32_t)(leaf - chunk->leaves),
            .reasons = message->reasons,
            .signals = signals,
            .occurred_at_ms = message->ev->occurred_at.ms,
            .message_id = chunk_keep_text(chunk, message->ev->message_id, &ok),
            .traceparent = chunk_keep_text(chunk, message->ev->traceparent, &ok),
            .tracestate = chunk_keep_text(chunk, message->ev->tracestate, &ok),
    };
    memcpy(entry->tag, message->recipient_tag, RECIPIENT_TAG_BYTES);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (leaf->scopes[kind] != NO_SCOPE) {
            const struct chunk_scope *scope = &chunk->scopes[leaf->scopes[kind]];
            entry->previous_misdirected |= (uint8_t)(scope->last_misdirected << kind);
            entry->first_in_chunk |= (uint8_t)(!scope->judged << kind);
        }
    }
    return ok ? ERR_NONE : ERR_NO_MEMORY;
}

static void jump_note(struct jump *jump, bool misdirected, uint32_t *heard, uint32_t *jumped)
{
    jump->judged++;
    jump->misdirected = (uint16_t)(jump->misdirected << 1 | misdirected);
    bool has_jumped = __builtin_popcount(jump->misdirected) >= JUMP_MISDIRECTED;
    bool is_heard = jump->is_heard || has_jumped || jump->judged >= JUMP_HEARD;
    *heard += is_heard && !jump->is_heard;
    *jumped += (uint32_t)has_jumped - (uint32_t)jump->has_jumped;
    jump->is_heard = is_heard;
    jump->has_jumped = has_jumped;
}

static void chunk_note_jumps(struct chunk *chunk, const struct leaf *leaf, bool misdirected)
{
    struct frame_totals *totals = &chunk->totals;
    jump_note(&chunk->tenants[leaf->tenant].jump, misdirected, &totals->tenants_heard,
            &totals->tenants_jumped);
    if (leaf->vendor != NO_SCOPE) {
        jump_note(&chunk->vendors[leaf->vendor], misdirected, &totals->vendors_heard,
                &totals->vendors_jumped);
    }
    chunk->lately = chunk->lately << 1 | misdirected;
    totals->lately_misdirected = (uint32_t)__builtin_popcountll(chunk->lately);
}

static void chunk_count_judged(
        struct chunk *chunk, struct leaf *leaf, int64_t offset, bool misdirected)
{
    leaf->counts.judged++;
    leaf->counts.misdirected += misdirected;
    leaf->counts.last_judged_offset = offset;
    leaf->counts.last_misdirected = misdirected;
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (leaf->scopes[kind] != NO_SCOPE) {
            struct chunk_scope *scope = &chunk->scopes[leaf->scopes[kind]];
            scope->judged = true;
            scope->last_misdirected = misdirected;
        }
    }
    if (leaf->is_drill) {
        return; // nobody's data have to do with it
    }
    chunk->totals.judged++;
    chunk->totals.misdirected += misdirected;
    chunk_note_jumps(chunk, leaf, misdirected);
    struct chunk_tenant *tenant = &chunk->tenants[leaf->tenant];
    if (misdirected && !tenant->misdirected) {
        tenant->misdirected = true;
        chunk->totals.tenants_misdirected++;
    }
}

// What can be said of a watched message only beside those before it (T6), and by its number.
static enum err chunk_compare(struct chunk *chunk, const struct leaf *leaf,
        const struct tally_message *message, signal_set *ret_signals)
{
    *ret_signals = 0;
    uint64_t number = view_is_none(message->phone) ? 0 : number_read(message->phone);
    if (number != 0) {
        uint32_t *list = &chunk->scopes[leaf->narrowest].numbers;
        enum err e = numbers_note(&chunk->numbers, list, number, ret_signals);
        if (e != ERR_NONE) {
            return e;
        }
        *ret_signals |= number_is_misread(number) ? SIGNAL_BIT(SIGNAL_MISREAD) : 0;
    }
    if (message->other_lender != 0) {
        uint32_t *last = &chunk->scopes[leaf->narrowest].other_lender;
        bool is_third = *last != 0 && *last != message->other_lender;
        *ret_signals |= is_third ? SIGNAL_BIT(SIGNAL_MIXED_LENDERS) : 0;
        *last = message->other_lender;
    }
    if (met_note(chunk->met, leaf->narrowest, message->recipient_tag)) {
        *ret_signals |= SIGNAL_BIT(SIGNAL_REPEATED);
    }
    return ERR_NONE;
}

static void leaf_note_message(
        struct leaf *leaf, const struct tally_message *message, bool watched, signal_set signals)
{
    struct leaf_counts *counts = &leaf->counts;
    for (unsigned reasons = message->reasons & REASONS_OF_DATA; reasons != 0;
            reasons &= reasons - 1) {
        counts->reasons[__builtin_ctz(reasons)]++;
    }
    for (unsigned rest = signals; rest != 0; rest &= rest - 1) {
        counts->signals[__builtin_ctz(rest)]++;
    }
    int64_t planned = message->ev->planned_size;
    if (planned > counts->planned_size) {
        counts->planned_size = planned < PLANNED_SIZE_MAX ? planned : PLANNED_SIZE_MAX;
    }
    if (watched) {
        counts->last_occurred_at_ms = message->ev->occurred_at.ms;
    }
}

enum err chunk_count(struct chunk *chunk, const struct tally_options *options,
        const struct tally_message *message, bool makes_entry, struct chunk_counted *ret_counted)
{
    struct leaf *leaf;
    enum err e = chunk_find_leaf(chunk, options, message->ev, &leaf, &ret_counted->overflowed);
    if (e != ERR_NONE) {
        return e;
    }
    ret_counted->tally_partition = leaf->tally_partition;
    bool watched = message->verdict != VERDICT_EXEMPT;
    signal_set signals = 0;
    if (watched && !ret_counted->overflowed) {
        e = chunk_compare(chunk, leaf, message, &signals);
    }
    signals |= watched ? message->signals : 0;
    bool misdirected = message->verdict == VERDICT_MISDIRECTED;
    if (e == ERR_NONE && misdirected && makes_entry) {
        e = chunk_add_entry(chunk, leaf, message, signals);
    }
    if (e != ERR_NONE) {
        return e;
    }
    if (!leaf->dirty) {
        leaf->dirty = true;
        chunk->dirty[chunk->dirty_count++] = (uint32_t)(leaf - chunk->leaves);
    }
    leaf_note_message(leaf, message, watched, signals);
    switch (message->verdict) {
    case VERDICT_CLEAR:
    case VERDICT_MISDIRECTED:
        chunk_count_judged(chunk, leaf, message->offset, misdirected);
        break;
    case VERDICT_UNKNOWN:
        leaf->counts.unknown++;
        chunk->totals.unknown += !leaf->is_drill;
        break;
    case VERDICT_EXEMPT:
    case VERDICT_COUNT:
        leaf->counts.exempt++;
        break;
    }
    return ERR_NONE;
}

void chunk_settle(struct chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->dirty_count; i++) {
        chunk->leaves[chunk->dirty[i]].dirty = false;
    }
    chunk->dirty_count = 0;
    chunk->entry_count = 0;
    arena_reset(chunk->entry_texts);
}

// Records lie one behind the other in chunks: pseudonym (16 bytes), length (2), body. A slot holds
// where a record is, plus one, in its lower 40 bits (0 = free) and some of the pseudonym's last
// bits above them, so that most probes end without a look at the record. What replaced and removed
// records leave behind is garbage; when there is more of it than of the living, the living move
// into fresh chunks.
#include "relationship/packed_table.h"

#include <stdlib.h>

#include "common/assure.h"
#include "common/room.h"
#include "relationship/packed.h"

enum {
    CHUNK_SHIFT = 20,
    CHUNK_BYTES = 1 << CHUNK_SHIFT,
    HEAD_BYTES = PSEUDONYM_BYTES + 2,
    AT_BITS = 40,
    FIRST_SLOT_BITS = 10,
    GARBAGE_FLOOR_BYTES = 4 * CHUNK_BYTES,
};

#define AT_MASK (((uint64_t)1 << AT_BITS) - 1)

// The chunks and how far the last of them is filled.
struct heap {
    uint8_t **chunks;
    uint32_t count;
    uint32_t capacity;
    size_t used; // of the last chunk
};

struct packed_table {
    struct heap heap;
    uint64_t *slots;
    unsigned slot_bits; // 0 before the first put
    uint64_t count;
    uint64_t ceiling_count;
    uint64_t live_bytes;
    uint64_t garbage_bytes;
};

// --- records ----------------------------------------------------------------------------------

static void heap_fini(struct heap *heap)
{
    for (size_t i = 0; i < heap->count; i++) {
        free(heap->chunks[i]);
    }
    free(heap->chunks);
    *heap = (struct heap){0};
}

static enum err heap_add_chunk(struct heap *heap)
{
    uint8_t **chunks = room_for_row(heap->chunks, heap->count, &heap->capacity, 16, sizeof *chunks);
    if (chunks == NULL) {
        return ERR_NO_MEMORY;
    }
    heap->chunks = chunks;
    uint8_t *chunk = malloc(CHUNK_BYTES);
    if (chunk == NULL) {
        return ERR_NO_MEMORY;
    }
    heap->chunks[heap->count++] = chunk;
    heap->used = 0;
    return ERR_NONE;
}

static uint8_t *heap_at(const struct heap *heap, uint64_t at)
{
    return heap->chunks[at >> CHUNK_SHIFT] + (at & (CHUNK_BYTES - 1));
}

static enum err heap_add(
        struct heap *heap, const struct pseudonym *pseudonym, struct view body, uint64_t *ret_at)
{
    size_t n = HEAD_BYTES + body.n;
    if (heap->count == 0 || heap->used + n > CHUNK_BYTES) {
        enum err e = heap_add_chunk(heap);
        if (e != ERR_NONE) {
            return e;
        }
    }
    *ret_at = (uint64_t)(heap->count - 1) << CHUNK_SHIFT | heap->used;
    uint8_t *record = heap_at(heap, *ret_at);
    memcpy(record, pseudonym->bytes, PSEUDONYM_BYTES);
    record[PSEUDONYM_BYTES] = (uint8_t)(body.n >> 8);
    record[PSEUDONYM_BYTES + 1] = (uint8_t)body.n;
    if (body.n > 0) {
        memcpy(record + HEAD_BYTES, body.p, body.n);
    }
    heap->used += n;
    return ERR_NONE;
}

static struct view record_body(const uint8_t *record)
{
    size_t n = (size_t)record[PSEUDONYM_BYTES] << 8 | record[PSEUDONYM_BYTES + 1];
    return view_bytes(record + HEAD_BYTES, n);
}

// --- slots ------------------------------------------------------------------------------------

static uint64_t prefix_of(const uint8_t *pseudonym)
{
    uint64_t prefix = 0;
    for (int i = 0; i < 8; i++) {
        prefix = prefix << 8 | pseudonym[i];
    }
    return prefix;
}

static uint64_t slot_tag(const uint8_t *pseudonym)
{
    return ((uint64_t)pseudonym[13] << 16 | (uint64_t)pseudonym[14] << 8 | pseudonym[15])
           << AT_BITS;
}

static uint64_t slot_home(const struct packed_table *table, const uint8_t *pseudonym)
{
    return prefix_of(pseudonym) >> (64 - table->slot_bits);
}

static uint64_t slot_mask(const struct packed_table *table)
{
    return ((uint64_t)1 << table->slot_bits) - 1;
}

static const uint8_t *slot_record(const struct packed_table *table, uint64_t slot)
{
    return heap_at(&table->heap, (slot & AT_MASK) - 1);
}

// The slot of the pseudonym, or the free one where it would go.
static uint64_t slot_find(const struct packed_table *table, const uint8_t *pseudonym)
{
    uint64_t tag = slot_tag(pseudonym);
    for (uint64_t i = slot_home(table, pseudonym);; i = (i + 1) & slot_mask(table)) {
        uint64_t slot = table->slots[i];
        if (slot == 0 || ((slot & ~AT_MASK) == tag && memcmp(slot_record(table, slot), pseudonym,
                                                              PSEUDONYM_BYTES) == 0)) {
            return i;
        }
    }
}

static enum err slots_grow(struct packed_table *table)
{
    unsigned bits = table->slot_bits == 0 ? FIRST_SLOT_BITS : table->slot_bits + 1;
    uint64_t *slots = calloc((size_t)1 << bits, sizeof *slots);
    if (slots == NULL) {
        return ERR_NO_MEMORY;
    }
    uint64_t *old = table->slots;
    uint64_t old_count = table->slot_bits == 0 ? 0 : (uint64_t)1 << table->slot_bits;
    table->slots = slots;
    table->slot_bits = bits;
    for (uint64_t i = 0; i < old_count; i++) {
        if (old[i] != 0) {
            uint64_t to = slot_home(table, slot_record(table, old[i]));
            while (slots[to] != 0) {
                to = (to + 1) & slot_mask(table);
            }
            slots[to] = old[i];
        }
    }
    free(old);
    return ERR_NONE;
}

// Closes the gap at `hole`: what stands behind it and would not be found across it moves up
// (Knuth 6.4, algorithm R).
static void slots_close_gap(struct packed_table *table, uint64_t hole)
{
    uint64_t mask = slot_mask(table);
    for (uint64_t i = (hole + 1) & mask; table->slots[i] != 0; i = (i + 1) & mask) {
        uint64_t home = slot_home(table, slot_record(table, table->slots[i]));
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            table->slots[hole] = table->slots[i];
            hole = i;
        }
    }
    table->slots[hole] = 0;
}

// --- the table --------------------------------------------------------------------------------

struct packed_table *packed_table_create(uint64_t ceiling_count)
{
    struct packed_table *table = calloc(1, sizeof *table);
    if (table != NULL) {
        table->ceiling_count = ceiling_count;
    }
    return table;
}

void packed_table_destroy(struct packed_table *table)
{
    if (table != NULL) {
        heap_fini(&table->heap);
        free(table->slots);
        free(table);
    }
}

uint64_t packed_table_count(const struct packed_table *table)
{
    return table->count;
}

uint64_t packed_table_bytes(const struct packed_table *table)
{
    uint64_t slots = table->slot_bits == 0 ? 0 : (uint64_t)sizeof(uint64_t) << table->slot_bits;
    return slots + (uint64_t)table->heap.count * CHUNK_BYTES;
}

// Failing costs nothing but the memory that stays wasted, so that the caller need not know.
static void packed_table_compact(struct packed_table *table)
{
    struct heap fresh = {0};
    uint64_t slot_count = slot_mask(table) + 1;
    uint64_t *slots = calloc((size_t)slot_count, sizeof *slots);
    bool whole = slots != NULL;
    for (uint64_t i = 0; whole && i < slot_count; i++) {
        if (table->slots[i] != 0) {
            struct pseudonym pseudonym;
            const uint8_t *record = slot_record(table, table->slots[i]);
            memcpy(pseudonym.bytes, record, PSEUDONYM_BYTES);
            uint64_t at = 0;
            whole = heap_add(&fresh, &pseudonym, record_body(record), &at) == ERR_NONE;
            slots[i] = (table->slots[i] & ~AT_MASK) | (at + 1);
        }
    }
    if (!whole) {
        heap_fini(&fresh);
        free(slots);
        return;
    }
    heap_fini(&table->heap);
    free(table->slots);
    table->heap = fresh;
    table->slots = slots;
    table->garbage_bytes = 0;
}

static void packed_table_discard(struct packed_table *table, const uint8_t *record)
{
    uint64_t n = HEAD_BYTES + record_body(record).n;
    table->live_bytes -= n;
    table->garbage_bytes += n;
}

static void packed_table_compact_if_due(struct packed_table *table)
{
    if (table->garbage_bytes > table->live_bytes + GARBAGE_FLOOR_BYTES) {
        packed_table_compact(table);
    }
}

enum err packed_table_put(
        struct packed_table *table, const struct pseudonym *pseudonym, struct view body)
{
    ASSURE(body.n <= PACKED_BODY_MAX_BYTES);
    if (table->slot_bits == 0 || table->count + 1 > (slot_mask(table) + 1) / 4 * 3) {
        enum err e = slots_grow(table);
        if (e != ERR_NONE) {
            return e;
        }
    }
    uint64_t i = slot_find(table, pseudonym->bytes);
    bool is_new = table->slots[i] == 0;
    if (is_new && table->count >= table->ceiling_count) {
        return ERR_CEILING;
    }
    uint64_t at;
    enum err e = heap_add(&table->heap, pseudonym, body, &at);
    if (e != ERR_NONE) {
        return e;
    }
    ASSURE(at < AT_MASK);
    if (is_new) {
        table->count++;
    } else {
        packed_table_discard(table, slot_record(table, table->slots[i]));
    }
    table->live_bytes += HEAD_BYTES + body.n;
    table->slots[i] = slot_tag(pseudonym->bytes) | (at + 1);
    packed_table_compact_if_due(table);
    return ERR_NONE;
}

void packed_table_remove(struct packed_table *table, const struct pseudonym *pseudonym)
{
    if (table->slot_bits == 0) {
        return;
    }
    uint64_t i = slot_find(table, pseudonym->bytes);
    if (table->slots[i] != 0) {
        packed_table_discard(table, slot_record(table, table->slots[i]));
        slots_close_gap(table, i);
        table->count--;
        packed_table_compact_if_due(table);
    }
}

struct view packed_table_find(const struct packed_table *table, const struct pseudonym *pseudonym)
{
    if (table->slot_bits == 0) {
        return VIEW_NONE;
    }
    uint64_t slot = table->slots[slot_find(table, pseudonym->bytes)];
    return slot == 0 ? VIEW_NONE : record_body(slot_record(table, slot));
}

void packed_table_warm(
        const struct packed_table *table, const struct pseudonym *pseudonyms, size_t count)
{
    if (table->slot_bits == 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch(&table->slots[slot_home(table, pseudonyms[i].bytes)]);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t tag = slot_tag(pseudonyms[i].bytes);
        uint64_t at = slot_home(table, pseudonyms[i].bytes);
        while (table->slots[at] != 0 && (table->slots[at] & ~AT_MASK) != tag) {
            at = (at + 1) & slot_mask(table);
        }
        if (table->slots[at] != 0) {
            __builtin_prefetch(slot_record(table, table->slots[at]));
        }
    }
}

static int ref_compare(const void *a, const void *b)
{
    uint64_t x = ((const struct packed_ref *)a)->prefix;
    uint64_t y = ((const struct packed_ref *)b)->prefix;
    return (x > y) - (x < y);
}

enum err packed_table_sorted(const struct packed_table *table, struct packed_ref **ret_refs)
{
    struct packed_ref *refs = malloc((size_t)(table->count + 1) * sizeof *refs);
    if (refs == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t n = 0;
    uint64_t slot_count = table->slot_bits == 0 ? 0 : slot_mask(table) + 1;
    for (uint64_t i = 0; i < slot_count; i++) {
        if (table->slots[i] != 0) {
            uint64_t prefix = prefix_of(slot_record(table, table->slots[i]));
            refs[n++] = (struct packed_ref){prefix, (table->slots[i] & AT_MASK) - 1};
        }
    }
    ASSURE(n == table->count);
    qsort(refs, n, sizeof *refs, ref_compare);
    *ret_refs = refs;
    return ERR_NONE;
}

void packed_table_read(const struct packed_table *table, const struct packed_ref *ref,
        struct pseudonym *ret_pseudonym, struct view *ret_body)
{
    const uint8_t *record = heap_at(&table->heap, ref->at);
    memcpy(ret_pseudonym->bytes, record, PSEUDONYM_BYTES);
    *ret_body = record_body(record);
}

#include "common/hash_index.h"

#include <stdlib.h>

#include "common/assure.h"

enum { SLOTS_AT_FIRST = 64 };

void hash_index_init(struct hash_index *index, uint32_t ceiling_count)
{
    ASSURE(ceiling_count <= UINT32_MAX / 2);
    *index = (struct hash_index){.ceiling_count = ceiling_count};
}

void hash_index_fini(struct hash_index *index)
{
    free(index->slots);
    *index = (struct hash_index){.ceiling_count = index->ceiling_count};
}

// Home slots rise with the tags, so that a slot's tag says where it belongs in a table of any size.
static uint32_t slot_home(const struct hash_index *index, uint32_t tag)
{
    return (uint32_t)((uint64_t)tag * index->slot_count >> 32);
}

static uint32_t slot_after(const struct hash_index *index, uint32_t slot)
{
    return slot + 1 < index->slot_count ? slot + 1 : 0;
}

struct hash_probe hash_index_probe(const struct hash_index *index, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    return (struct hash_probe){tag, slot_home(index, tag)};
}

bool hash_index_next(const struct hash_index *index, struct hash_probe *probe, uint32_t *ret_number)
{
    if (index->slot_count == 0) {
        return false;
    }
    for (;;) { // ends: some slot is always free
        const struct hash_slot *slot = &index->slots[probe->slot];
        if (slot->number == 0) {
            return false;
        }
        probe->slot = slot_after(index, probe->slot);
        if (slot->tag == probe->tag) {
            *ret_number = slot->number - 1;
            return true;
        }
    }
}

static void index_place(struct hash_index *index, struct hash_slot slot)
{
    uint32_t at = slot_home(index, slot.tag);
    while (index->slots[at].number != 0) {
        at = slot_after(index, at);
    }
    index->slots[at] = slot;
}

// At most three quarters of the slots are taken; no more slots than the ceiling asks for.
static uint32_t slots_for(uint64_t count)
{
    return (uint32_t)(count * 4 / 3 + 1);
}

static enum err index_grow(struct hash_index *index)
{
    uint32_t most = slots_for(index->ceiling_count);
    uint64_t slot_count =
            index->slot_count == 0 ? SLOTS_AT_FIRST : (uint64_t)index->slot_count * 3 / 2;
    struct hash_index grown = *index;
    grown.slot_count = slot_count < most ? (uint32_t)slot_count : most;
    grown.slots = calloc(grown.slot_count, sizeof *grown.slots);
    if (grown.slots == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < index->slot_count; i++) {
        if (index->slots[i].number != 0) {
            index_place(&grown, index->slots[i]);
        }
    }
    free(index->slots);
    *index = grown;
    return ERR_NONE;
}

enum err hash_index_put(struct hash_index *index, uint64_t hash, uint32_t number)
{
    ASSURE(number < UINT32_MAX);
    if (index->count >= index->ceiling_count) {
        return ERR_CEILING;
    }
    if (slots_for((uint64_t)index->count + 1) > index->slot_count) {
        enum err e = index_grow(index);
        if (e != ERR_NONE) {
            return e;
        }
    }
    index_place(index, (struct hash_slot){(uint32_t)(hash >> 32), number + 1});
    index->count++;
    return ERR_NONE;
}

// How far `slot` is behind `from`, going round.
static uint32_t slot_distance(const struct hash_index *index, uint32_t from, uint32_t slot)
{
    return slot >= from ? slot - from : slot + index->slot_count - from;
}

void hash_index_remove(struct hash_index *index, uint64_t hash, uint32_t number)
{
    ASSURE(index->count > 0);
    uint32_t hole = slot_home(index, (uint32_t)(hash >> 32));
    while (index->slots[hole].number != number + 1) {
        ASSURE(index->slots[hole].number != 0);
        hole = slot_after(index, hole);
    }
    // What follows moves up as far as its own home allows, so that no probe meets the hole.
    for (uint32_t at = slot_after(index, hole); index->slots[at].number != 0;
            at = slot_after(index, at)) {
        uint32_t home = slot_home(index, index->slots[at].tag);
        if (slot_distance(index, home, at) >= slot_distance(index, hole, at)) {
            index->slots[hole] = index->slots[at];
            hole = at;
        }
    }
    index->slots[hole] = (struct hash_slot){0, 0};
    index->count--;
}

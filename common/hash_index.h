// An index from hashes to 32-bit numbers (the rows of the caller's own table), 8 bytes a slot. It
// does not know the keys: the caller looks at each number that a hash may stand for, and says which
// row it meant. Open addressing; a removed slot is closed up, so that it never wears out.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct hash_slot {
    uint32_t tag;    // upper half of the hash: where the slot would best be, whatever their number
    uint32_t number; // + 1; 0 = free
};

struct hash_index {
    struct hash_slot *slots;
    uint32_t slot_count;
    uint32_t count;
    uint32_t ceiling_count;
};

// A walk over the numbers that a hash may stand for.
struct hash_probe {
    uint32_t tag;
    uint32_t slot;
};

// Holds at most `ceiling_count` numbers, which are at most UINT32_MAX / 2.
void hash_index_init(struct hash_index *index, uint32_t ceiling_count);
void hash_index_fini(struct hash_index *index);

struct hash_probe hash_index_probe(const struct hash_index *index, uint64_t hash);
// The next candidate. False when there is none, and so no row with that hash.
bool hash_index_next(
        const struct hash_index *index, struct hash_probe *probe, uint32_t *ret_number);
// Adds a number that is not there. ERR_CEILING when it is full, ERR_NO_MEMORY.
MUST_CHECK enum err hash_index_put(struct hash_index *index, uint64_t hash, uint32_t number);
// Removes a number that is there under that hash.
void hash_index_remove(struct hash_index *index, uint64_t hash, uint32_t number);

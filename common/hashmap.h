// A table from bytes to a 32-bit number (an index into the caller's own array). Open addressing,
// linear probing, no removal (clear it whole, or rebuild). The keys are copied into the table's own
// store.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/view.h"

struct hashmap;

#define HASHMAP_ABSENT UINT32_MAX

// Holds at most `ceiling_count` keys.
struct hashmap *hashmap_create(uint32_t ceiling_count);
void hashmap_destroy(struct hashmap *map);
void hashmap_clear(struct hashmap *map);
uint32_t hashmap_count(const struct hashmap *map);

// The number stored under `key`, or HASHMAP_ABSENT.
uint32_t hashmap_find(const struct hashmap *map, struct view key);
// Stores `number` under `key`, which must be absent. ERR_CEILING when it is full, ERR_NO_MEMORY.
MUST_CHECK enum err hashmap_put(struct hashmap *map, struct view key, uint32_t number);
// The key of the i-th put (0-based), as stored; good until the table is cleared or destroyed.
struct view hashmap_key(const struct hashmap *map, uint32_t i);

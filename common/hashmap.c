#include "common/hashmap.h"

#include <stdlib.h>

#include "common/arena.h"
#include "common/assure.h"
#include "common/hash.h"

struct entry {
    const char *key;
    uint32_t key_bytes;
    uint32_t number;
};

// A slot holds the entry's index + 1 and the upper half of its hash, so that most probes end here.
struct slot {
    uint32_t entry;
    uint32_t tag;
};

struct hashmap {
    struct entry *entries;
    struct slot *slots;
    struct arena *keys;
    uint32_t count;
    uint32_t capacity;   // entries
    uint32_t slot_count; // power of two, 0 before the first put
    uint32_t ceiling_count;
    uint64_t seed;
};

struct hashmap *hashmap_create(uint32_t ceiling_count)
{
    struct hashmap *map = calloc(1, sizeof *map);
    if (map == NULL) {
        return NULL;
    }
    map->ceiling_count = ceiling_count;
    map->seed = hash_seed();
    map->keys = arena_create(SIZE_MAX);
    if (map->keys == NULL) {
        free(map);
        return NULL;
    }
    return map;
}

void hashmap_destroy(struct hashmap *map)
{
    if (map != NULL) {
        arena_destroy(map->keys);
        free(map->entries);
        free(map->slots);
        free(map);
    }
}

void hashmap_clear(struct hashmap *map)
{
    map->count = 0;
    if (map->slots != NULL) {
        memset(map->slots, 0, map->slot_count * sizeof *map->slots);
    }
    arena_reset(map->keys);
}

uint32_t hashmap_count(const struct hashmap *map)
{
    return map->count;
}

static uint64_t hashmap_hash(const struct hashmap *map, struct view key)
{
    return hash_bytes(key.p, key.n, map->seed);
}

// The slot of `key`, or the free slot where it would go.
static struct slot *hashmap_slot(const struct hashmap *map, struct view key, uint64_t h)
{
    uint32_t mask = map->slot_count - 1;
    uint32_t tag = (uint32_t)(h >> 32);
    for (uint32_t at = (uint32_t)h & mask;; at = (at + 1) & mask) {
        struct slot *slot = &map->slots[at];
        if (slot->entry == 0) {
            return slot;
        }
        const struct entry *entry = &map->entries[slot->entry - 1];
        if (slot->tag == tag && view_equal(view_bytes(entry->key, entry->key_bytes), key)) {
            return slot;
        }
    }
}

uint32_t hashmap_find(const struct hashmap *map, struct view key)
{
    if (map->slot_count == 0) {
        return HASHMAP_ABSENT;
    }
    const struct slot *slot = hashmap_slot(map, key, hashmap_hash(map, key));
    return slot->entry == 0 ? HASHMAP_ABSENT : map->entries[slot->entry - 1].number;
}

static enum err hashmap_grow(struct hashmap *map)
{
    uint32_t capacity = map->capacity == 0 ? 16 : map->capacity * 2;
    struct entry *entries = realloc(map->entries, capacity * sizeof *entries);
    if (entries == NULL) {
        return ERR_NO_MEMORY;
    }
    map->entries = entries;
    uint32_t slot_count = capacity * 2;
    struct slot *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) {
        return ERR_NO_MEMORY;
    }
    free(map->slots);
    map->slots = slots;
    map->slot_count = slot_count;
    map->capacity = capacity;
    for (uint32_t i = 0; i < map->count; i++) {
        struct view key = view_bytes(entries[i].key, entries[i].key_bytes);
        uint64_t h = hashmap_hash(map, key);
        *hashmap_slot(map, key, h) = (struct slot){i + 1, (uint32_t)(h >> 32)};
    }
    return ERR_NONE;
}

enum err hashmap_put(struct hashmap *map, struct view key, uint32_t number)
{
    if (map->count >= map->ceiling_count) {
        return ERR_CEILING;
    }
    if (map->count == map->capacity) {
        enum err e = hashmap_grow(map);
        if (e != ERR_NONE) {
            return e;
        }
    }
    struct view copy = arena_copy(map->keys, key);
    if (view_is_none(copy)) {
        return ERR_NO_MEMORY;
    }
    uint64_t h = hashmap_hash(map, key);
    struct slot *slot = hashmap_slot(map, key, h);
    ASSURE(slot->entry == 0);
    map->entries[map->count] = (struct entry){copy.p, (uint32_t)copy.n, number};
    *slot = (struct slot){map->count + 1, (uint32_t)(h >> 32)};
    map->count++;
    return ERR_NONE;
}

struct view hashmap_key(const struct hashmap *map, uint32_t i)
{
    ASSURE(i < map->count);
    return view_bytes(map->entries[i].key, map->entries[i].key_bytes);
}

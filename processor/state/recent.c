#include "state/recent.h"

#include <stdlib.h>
#include <string.h>

struct ring {
    struct recent_entry *entries; // oldest first from `start`
    uint8_t capacity;             // 0, 4, 8, … 64
    uint8_t start;
    uint8_t count;
};

struct recent {
    struct ring *rings; // by scope
    uint32_t capacity;
};

enum err recent_create(struct recent **ret_recent)
{
    struct recent *recent = calloc(1, sizeof *recent);
    if (recent == NULL) {
        return ERR_NO_MEMORY;
    }
    *ret_recent = recent;
    return ERR_NONE;
}

void recent_destroy(struct recent *recent)
{
    if (recent != NULL) {
        for (uint32_t i = 0; i < recent->capacity; i++) {
            free(recent->rings[i].entries);
        }
        free(recent->rings);
        free(recent);
    }
}

static const struct ring *recent_ring(const struct recent *recent, int32_t scope)
{
    static const struct ring none;
    return (uint32_t)scope < recent->capacity ? &recent->rings[scope] : &none;
}

static struct recent_entry *ring_at(const struct ring *ring, unsigned i)
{
    return &ring->entries[(ring->start + i) % ring->capacity];
}

bool recent_has(const struct recent *recent, int32_t scope, uint64_t tag, int64_t log_time_ms)
{
    const struct ring *ring = recent_ring(recent, scope);
    for (unsigned i = ring->count; i-- > 0;) {
        const struct recent_entry *entry = ring_at(ring, i);
        if (log_time_ms - entry->log_time_ms >= RECENT_WINDOW_MS) {
            return false; // and so are all before it
        }
        if (entry->tag == tag) {
            return true;
        }
    }
    return false;
}

static enum err ring_grow(struct ring *ring)
{
    uint8_t capacity = ring->capacity == 0 ? 4 : (uint8_t)(ring->capacity * 2);
    struct recent_entry *grown = malloc(capacity * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    for (unsigned i = 0; i < ring->count; i++) {
        grown[i] = *ring_at(ring, i);
    }
    free(ring->entries);
    ring->entries = grown;
    ring->capacity = capacity;
    ring->start = 0;
    return ERR_NONE;
}

enum err recent_add(struct recent *recent, int32_t scope, const struct recent_entry *entry)
{
    if ((uint32_t)scope >= recent->capacity) {
        uint32_t capacity = recent->capacity == 0 ? 64 : recent->capacity;
        while (capacity <= (uint32_t)scope) {
            capacity *= 2;
        }
        struct ring *grown = realloc(recent->rings, capacity * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        memset(grown + recent->capacity, 0, (capacity - recent->capacity) * sizeof *grown);
        recent->rings = grown;
        recent->capacity = capacity;
    }
    struct ring *ring = &recent->rings[scope];
    if (ring->count == ring->capacity && ring->capacity < RECENT_MAX) {
        enum err e = ring_grow(ring);
        if (e != ERR_NONE) {
            return e;
        }
    }
    if (ring->count == ring->capacity) {
        ring->start = (uint8_t)((ring->start + 1) % ring->capacity);
        ring->count--;
    }
    *ring_at(ring, ring->count++) = *entry;
    return ERR_NONE;
}

uint32_t recent_since(const struct recent *recent, int32_t scope, uint64_t serial,
        struct recent_entry ret_entries[RECENT_MAX])
{
    const struct ring *ring = recent_ring(recent, scope);
    uint32_t count = 0;
    for (unsigned i = 0; i < ring->count; i++) {
        const struct recent_entry *entry = ring_at(ring, i);
        if (entry->serial >= serial) {
            ret_entries[count++] = *entry;
        }
    }
    return count;
}

void recent_forget_child(
        struct recent *recent, int32_t scope, int32_t child, enum scope_kind child_kind)
{
    if ((uint32_t)scope >= recent->capacity) {
        return;
    }
    struct ring *ring = &recent->rings[scope];
    unsigned kept = 0;
    for (unsigned i = 0; i < ring->count; i++) {
        const struct recent_entry entry = *ring_at(ring, i);
        if (entry.scopes[child_kind] != child) {
            *ring_at(ring, kept++) = entry;
        }
    }
    ring->count = (uint8_t)kept;
}

#include "common/arena.h"

#include <stdint.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 64 * 1024 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    max_align_t data[];
};

struct arena {
    struct block *first;
    struct block *current;
    size_t ceiling_bytes;
    size_t held_bytes; // all blocks
    size_t used_bytes; // since the last reset
    bool lacks_memory;
};

struct arena *arena_create(size_t ceiling_bytes)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena != NULL) {
        arena->ceiling_bytes = ceiling_bytes;
    }
    return arena;
}

void arena_destroy(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    struct block *block = arena->first;
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(arena);
}

void arena_reset(struct arena *arena)
{
    for (struct block *block = arena->first; block != NULL; block = block->next) {
        block->used = 0;
    }
    arena->current = arena->first;
    arena->used_bytes = 0;
    arena->lacks_memory = false;
}

static struct block *arena_add_block(struct arena *arena, size_t n)
{
    size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
    if (size > arena->ceiling_bytes || arena->held_bytes > arena->ceiling_bytes - size) {
        return NULL;
    }
    struct block *block = malloc(sizeof *block + size);
    if (block == NULL) {
        arena->lacks_memory = true;
        return NULL;
    }
    block->size = size;
    block->used = 0;
    arena->held_bytes += size;
    if (arena->current == NULL) {
        block->next = arena->first;
        arena->first = block;
    } else {
        block->next = arena->current->next;
        arena->current->next = block;
    }
    return block;
}

void *arena_take(struct arena *arena, size_t n)
{
    size_t align = sizeof(max_align_t);
    if (n > SIZE_MAX - align) {
        return NULL;
    }
    n = (n + align - 1) / align * align;
    struct block *block = arena->current;
    while (block != NULL && block->size - block->used < n) {
        block = block->next;
    }
    if (block == NULL) {
        block = arena_add_block(arena, n);
        if (block == NULL) {
            return NULL;
        }
    }
    arena->current = block;
    void *taken = (char *)block->data + block->used;
    block->used += n;
    arena->used_bytes += n;
    return taken;
}

void *arena_take_zeroed(struct arena *arena, size_t n)
{
    void *taken = arena_take(arena, n);
    if (taken != NULL) {
        memset(taken, 0, n);
    }
    return taken;
}

struct view arena_copy(struct arena *arena, struct view v)
{
    char *copy = arena_take(arena, v.n + 1);
    if (copy == NULL) {
        return VIEW_NONE;
    }
    if (v.n > 0) {
        memcpy(copy, v.p, v.n);
    }
    copy[v.n] = '\0';
    return (struct view){copy, v.n};
}

size_t arena_used_bytes(const struct arena *arena)
{
    return arena->used_bytes;
}

bool arena_lacks_memory(const struct arena *arena)
{
    return arena->lacks_memory;
}

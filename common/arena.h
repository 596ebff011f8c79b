// A bump allocator: many small allocations, dropped together. One arena a batch; not for threads to
// share.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/view.h"

struct arena;

// `ceiling_bytes` bounds what it ever holds at once.
struct arena *arena_create(size_t ceiling_bytes);
void arena_destroy(struct arena *arena);
// Drops everything that was taken; keeps the memory for the next batch.
void arena_reset(struct arena *arena);
// Aligned for any type, not zeroed. NULL at the ceiling or when memory is out.
void *arena_take(struct arena *arena, size_t n);
// Zeroed.
void *arena_take_zeroed(struct arena *arena, size_t n);
// A copy ended by NUL (not counted in the view). A view of NULL when there is no room.
struct view arena_copy(struct arena *arena, struct view v);
// What has been taken since the last reset.
size_t arena_used_bytes(const struct arena *arena);
// Whether something since the last reset was not given for want of memory, not by the ceiling.
bool arena_lacks_memory(const struct arena *arena);

// Asks for memory ahead of its use, so that the waits for many rows of a large table overlap. Never
// wrong, at worst useless; any address will do.
#pragma once

enum { CACHE_LINE = 64 };

static inline void prefetch(const void *p)
{
    __builtin_prefetch(p);
}

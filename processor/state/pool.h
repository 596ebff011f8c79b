// Items of one size, numbered from 1 and used again: for what only few scopes have at a time. An
// item stays where it is until it is given back.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/assure.h"
#include "common/err.h"
#include "common/pages.h"

struct pool {
    struct pages items;
    uint32_t count;      // in use
    uint32_t end;        // ever used
    uint32_t first_free; // 0 = none
};

// `item_bytes` is not below that of a number.
void pool_init(struct pool *pool, size_t item_bytes);
void pool_fini(struct pool *pool);
// An item of zero bytes.
MUST_CHECK enum err pool_take(struct pool *pool, uint32_t *ret_number);
void pool_give(struct pool *pool, uint32_t number);

static inline void *pool_at(const struct pool *pool, uint32_t number)
{
    ASSURE(number > 0 && number <= pool->end);
    return pages_at(&pool->items, number - 1);
}

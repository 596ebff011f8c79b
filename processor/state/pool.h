// Items of one size, numbered from 1 and used again: for what only few scopes have at a time. An
// item is where pool_at says until the next pool_take.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct pool {
    char *items;
    size_t item_bytes; // not below that of a number
    uint32_t count;    // in use
    uint32_t end;      // ever used
    uint32_t capacity;
    uint32_t first_free; // 0 = none
};

void pool_init(struct pool *pool, size_t item_bytes);
void pool_fini(struct pool *pool);
// An item of zero bytes.
MUST_CHECK enum err pool_take(struct pool *pool, uint32_t *ret_number);
void pool_give(struct pool *pool, uint32_t number);
void *pool_at(const struct pool *pool, uint32_t number);

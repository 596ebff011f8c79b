#include "state/pool.h"

#include <stdlib.h>
#include <string.h>

#include "common/assure.h"

void pool_init(struct pool *pool, size_t item_bytes)
{
    ASSURE(item_bytes >= sizeof(uint32_t));
    *pool = (struct pool){.item_bytes = item_bytes};
}

void pool_fini(struct pool *pool)
{
    free(pool->items);
    pool->items = NULL;
}

void *pool_at(const struct pool *pool, uint32_t number)
{
    ASSURE(number > 0 && number <= pool->end);
    return pool->items + (number - 1) * pool->item_bytes;
}

enum err pool_take(struct pool *pool, uint32_t *ret_number)
{
    uint32_t number = pool->first_free;
    if (number != 0) {
        memcpy(&pool->first_free, pool_at(pool, number), sizeof pool->first_free);
    } else {
        if (pool->end == pool->capacity) {
            uint32_t capacity = pool->capacity == 0 ? 64 : pool->capacity + pool->capacity / 2;
            char *grown = realloc(pool->items, capacity * pool->item_bytes);
            if (grown == NULL) {
                return ERR_NO_MEMORY;
            }
            pool->items = grown;
            pool->capacity = capacity;
        }
        number = ++pool->end;
    }
    memset(pool_at(pool, number), 0, pool->item_bytes);
    pool->count++;
    *ret_number = number;
    return ERR_NONE;
}

void pool_give(struct pool *pool, uint32_t number)
{
    memcpy(pool_at(pool, number), &pool->first_free, sizeof pool->first_free);
    pool->first_free = number;
    pool->count--;
}

#include "state/pool.h"

#include <string.h>

void pool_init(struct pool *pool, size_t item_bytes)
{
    ASSURE(item_bytes >= sizeof(uint32_t));
    *pool = (struct pool){.count = 0};
    pages_init(&pool->items, item_bytes);
}

void pool_fini(struct pool *pool)
{
    pages_fini(&pool->items);
}

enum err pool_take(struct pool *pool, uint32_t *ret_number)
{
    uint32_t number = pool->first_free;
    if (number != 0) {
        memcpy(&pool->first_free, pool_at(pool, number), sizeof pool->first_free);
    } else {
        enum err e = pages_reach(&pool->items, pool->end);
        if (e != ERR_NONE) {
            return e;
        }
        number = ++pool->end;
    }
    memset(pool_at(pool, number), 0, pool->items.row_bytes);
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

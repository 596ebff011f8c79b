// pool: items of one size, used again.
#include "state/pool.h"

#include <stdbool.h>
#include <string.h>

#include "unit.h"

struct item {
    uint64_t value;
    uint8_t rest[24];
};

static uint32_t take(struct pool *pool)
{
    uint32_t number = 0;
    CU_ASSERT_EQUAL_FATAL(pool_take(pool, &number), ERR_NONE);
    return number;
}

// Numbers begin at 1; what is given is the next that is taken, and is all zero again.
static void test_used_again(void)
{
    static const struct item zero;
    struct pool pool;
    pool_init(&pool, sizeof(struct item));
    CU_ASSERT_EQUAL(take(&pool), 1);
    CU_ASSERT_EQUAL(take(&pool), 2);
    CU_ASSERT_EQUAL(take(&pool), 3);
    memset(pool_at(&pool, 2), 0xff, sizeof(struct item));
    memset(pool_at(&pool, 3), 0xff, sizeof(struct item));
    pool_give(&pool, 2);
    pool_give(&pool, 3);
    CU_ASSERT_EQUAL(pool.count, 1);
    CU_ASSERT_EQUAL(take(&pool), 3);
    CU_ASSERT_EQUAL(take(&pool), 2);
    CU_ASSERT_EQUAL(take(&pool), 4);
    CU_ASSERT_EQUAL(pool.count, 4);
    CU_ASSERT_EQUAL(memcmp(pool_at(&pool, 2), &zero, sizeof zero), 0);
    CU_ASSERT_EQUAL(memcmp(pool_at(&pool, 3), &zero, sizeof zero), 0);
    pool_fini(&pool);
}

// Of an item as small as a number nothing is left of the chain of free ones either.
static void test_smallest_item(void)
{
    struct pool pool;
    pool_init(&pool, sizeof(uint32_t));
    uint32_t first = take(&pool);
    uint32_t second = take(&pool);
    pool_give(&pool, first);
    pool_give(&pool, second);
    CU_ASSERT_EQUAL(*(uint32_t *)pool_at(&pool, take(&pool)), 0);
    CU_ASSERT_EQUAL(*(uint32_t *)pool_at(&pool, take(&pool)), 0);
    pool_fini(&pool);
}

// At random: no number is in use twice, what is kept stays through every growth, and no more room
// is ever used than was in use at once.
static void test_at_random(void)
{
    enum { STEPS = 20000, IN_USE_MAX = 1000 };
    static uint32_t numbers[IN_USE_MAX];
    static bool in_use[IN_USE_MAX + 1];
    struct pool pool;
    pool_init(&pool, sizeof(struct item));
    uint64_t random = 7;
    uint32_t count = 0;
    uint32_t most = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t draw = (uint32_t)(random >> 33);
        bool grows = count == 0 || (count < IN_USE_MAX && draw % 1000 < (i < 8000 ? 700u : 480u));
        if (grows) {
            uint32_t number = take(&pool);
            CU_ASSERT_FATAL(number >= 1 && number <= IN_USE_MAX && !in_use[number]);
            struct item *item = pool_at(&pool, number);
            CU_ASSERT_EQUAL(item->value, 0);
            item->value = number * UINT64_C(1000003);
            in_use[number] = true;
            numbers[count++] = number;
            most = count > most ? count : most;
        } else {
            uint32_t at = draw % count;
            struct item *item = pool_at(&pool, numbers[at]);
            CU_ASSERT_EQUAL(item->value, numbers[at] * UINT64_C(1000003));
            in_use[numbers[at]] = false;
            pool_give(&pool, numbers[at]);
            numbers[at] = numbers[--count];
        }
        CU_ASSERT_EQUAL(pool.count, count);
        CU_ASSERT_EQUAL(pool.end, most);
    }
    CU_ASSERT_TRUE(most > 500);
    pool_fini(&pool);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"used_again", test_used_again},
            {"smallest_item", test_smallest_item},
            {"at_random", test_at_random},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "pool", tests);
}

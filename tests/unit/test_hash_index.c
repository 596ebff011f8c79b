// The index from hashes to numbers, and rows in pages: at random beside plain arrays, with hashes
// that collide, up to every ceiling.
#include "common/hash_index.h"

#include <stdlib.h>

#include "common/hash.h"
#include "common/pages.h"
#include "unit.h"

enum { NUMBERS = 2000, STEPS = 60000 };

// How many candidates a hash has, and whether `number` is among them.
static uint32_t candidates(
        const struct hash_index *index, uint64_t hash, uint32_t number, bool *ret_found)
{
    struct hash_probe probe = hash_index_probe(index, hash);
    uint32_t count = 0;
    uint32_t candidate;
    *ret_found = false;
    while (hash_index_next(index, &probe, &candidate)) {
        *ret_found = *ret_found || candidate == number;
        count++;
    }
    return count;
}

// `tags` different hashes, from one (everything collides) to as many as numbers; at the end of the
// slots too, where a probe goes round.
static void check_random(uint64_t tags, uint64_t first_tag)
{
    struct hash_index index;
    hash_index_init(&index, NUMBERS / 2);
    bool *is_there = calloc(NUMBERS, sizeof *is_there);
    CU_ASSERT_PTR_NOT_NULL_FATAL(is_there);
    uint64_t random = tags + first_tag;
    for (unsigned step = 0; step < STEPS; step++) {
        random = hash_mix64(random);
        uint32_t number = (uint32_t)(random >> 20) % NUMBERS;
        uint64_t hash = (first_tag + number % tags) << 32 | (random & 0xffff);
        bool found;
        uint32_t before = index.count;
        uint32_t count = candidates(&index, hash, number, &found);
        CU_ASSERT_EQUAL(found, is_there[number]);
        CU_ASSERT_TRUE(count <= NUMBERS / tags + 1);
        if (is_there[number]) {
            hash_index_remove(&index, hash, number);
            is_there[number] = false;
            CU_ASSERT_EQUAL(index.count, before - 1);
        } else if (before < NUMBERS / 2) {
            CU_ASSERT_EQUAL(hash_index_put(&index, hash, number), ERR_NONE);
            is_there[number] = true;
        } else {
            CU_ASSERT_EQUAL(hash_index_put(&index, hash, number), ERR_CEILING);
        }
    }
    for (uint32_t number = 0; number < NUMBERS; number++) {
        bool found;
        (void)candidates(&index, (first_tag + number % tags) << 32, number, &found);
        CU_ASSERT_EQUAL(found, is_there[number]);
    }
    free(is_there);
    hash_index_fini(&index);
}

static void test_random(void)
{
    check_random(NUMBERS, 0);
    check_random(50, 0x80000000);
    check_random(50, 0xffffffce); // home is the last slot
}

static void test_ceiling(void)
{
    static const uint32_t ceilings[] = {0, 1, 3, 47, 48, 49, 1000};
    for (unsigned i = 0; i < sizeof ceilings / sizeof *ceilings; i++) {
        struct hash_index index;
        hash_index_init(&index, ceilings[i]);
        bool found;
        CU_ASSERT_EQUAL(candidates(&index, 1, 1, &found), 0);
        for (uint32_t number = 0; number < ceilings[i]; number++) {
            CU_ASSERT_EQUAL(hash_index_put(&index, hash_mix64(number), number), ERR_NONE);
        }
        CU_ASSERT_EQUAL(hash_index_put(&index, 1, ceilings[i]), ERR_CEILING);
        CU_ASSERT_TRUE(index.slot_count <= ceilings[i] * 4 / 3 + 1);
        for (uint32_t number = 0; number < ceilings[i]; number++) {
            (void)candidates(&index, hash_mix64(number), number, &found);
            CU_ASSERT_TRUE(found);
        }
        (void)candidates(&index, 12345, UINT32_MAX, &found); // ends
        CU_ASSERT_FALSE(found);
        hash_index_fini(&index);
    }
}

// Rows stay where they are, and come zeroed.
static void test_pages(void)
{
    struct pages pages;
    pages_init(&pages, 24);
    CU_ASSERT_EQUAL(pages_rows(&pages), 0);
    CU_ASSERT_EQUAL(pages_reach(&pages, 0), ERR_NONE);
    CU_ASSERT_EQUAL(pages_rows(&pages), PAGE_ROWS);
    char *first = pages_at(&pages, 0);
    first[23] = 7;
    CU_ASSERT_EQUAL(pages_reach(&pages, 100 * PAGE_ROWS - 1), ERR_NONE);
    CU_ASSERT_EQUAL(pages_rows(&pages), 100 * PAGE_ROWS);
    CU_ASSERT_EQUAL(pages_reach(&pages, 5), ERR_NONE);
    CU_ASSERT_EQUAL(pages_rows(&pages), 100 * PAGE_ROWS);
    CU_ASSERT_PTR_EQUAL(pages_at(&pages, 0), first);
    CU_ASSERT_EQUAL(first[23], 7);
    for (uint32_t row = 1; row < pages_rows(&pages); row++) {
        char *at = pages_at(&pages, row);
        CU_ASSERT_EQUAL(at[0] + at[23], 0);
        at[0] = 1;
        at[23] = 2;
    }
    CU_ASSERT_EQUAL(first[0], 0);
    pages_fini(&pages);
    CU_ASSERT_EQUAL(pages_rows(&pages), 0);
}

// What collides in one table does not in another.
static void test_seeds(void)
{
    uint64_t seed = hash_seed();
    uint64_t other = hash_seed();
    CU_ASSERT_NOT_EQUAL(seed, other);
    CU_ASSERT_EQUAL(hash_bytes("campaign", 8, seed), hash_bytes("campaign", 8, seed));
    CU_ASSERT_NOT_EQUAL(hash_bytes("campaign", 8, seed), hash_bytes("campaign", 8, other));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"random", test_random},
            {"ceiling", test_ceiling},
            {"pages", test_pages},
            {"seeds", test_seeds},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "hash_index", tests);
}

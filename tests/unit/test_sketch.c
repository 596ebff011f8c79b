// The sketch of distinct recipients: how far off it is, from nobody to a million.
#include "state/sketch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/hash.h"
#include "unit.h"

enum { RUNS = 40 };

static uint64_t tag_of(uint64_t run, uint64_t person)
{
    return hash_mix64(run << 32 | person);
}

static void test_small(void)
{
    struct sketch sketch = {{0}};
    CU_ASSERT_EQUAL(sizeof sketch, 256);
    CU_ASSERT_EQUAL(sketch_estimate(&sketch), 0);
    sketch_add(&sketch, 42);
    CU_ASSERT_EQUAL(sketch_estimate(&sketch), 1);
    sketch_add(&sketch, 42);
    sketch_add(&sketch, 42 + 256); // the same register
    CU_ASSERT_EQUAL(sketch_estimate(&sketch), 1);
    sketch_add(&sketch, 43);
    CU_ASSERT_EQUAL(sketch_estimate(&sketch), 2);
}

// The ends of a register's range.
static void test_ranks(void)
{
    static const struct {
        uint64_t tag;
        uint8_t rank;
    } rows[] = {
            {UINT64_C(0xffffffffffffff07), 1},
            {UINT64_C(0x8000000000000007), 1},
            {UINT64_C(0x4000000000000007), 2},
            {UINT64_C(0x0000000000000107), 56},
            {UINT64_C(0x0000000000000007), 57},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sketch sketch = {{0}};
        sketch_add(&sketch, rows[i].tag);
        CU_ASSERT_EQUAL(sketch.ranks[7], rows[i].rank);
    }
    struct sketch full;
    for (unsigned i = 0; i < SKETCH_REGISTERS; i++) {
        full.ranks[i] = 57;
    }
    CU_ASSERT_TRUE(sketch_estimate(&full) > 1000000000); // and no division by zero
}

// Within three standard errors each time, and of many without a bias that one would notice.
static void test_error(void)
{
    static const uint32_t sizes[] = {
            64, 100, 200, 400, 640, 800, 1200, 2000, 10000, 100000, 1000000};
    for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        unsigned runs = sizes[s] > 100000 ? RUNS / 4 : RUNS;
        double sum = 0;
        double worst = 0;
        for (unsigned run = 0; run < runs; run++) {
            struct sketch sketch = {{0}};
            for (uint32_t i = 0; i < sizes[s]; i++) {
                sketch_add(&sketch, tag_of(run + 1, i));
            }
            double error = (double)sketch_estimate(&sketch) / sizes[s] - 1;
            sum += error;
            worst = fabs(error) > worst ? fabs(error) : worst;
        }
        printf("    %7u recipients: bias %+.3f, worst %.3f of %u\n", sizes[s], sum / runs, worst,
                runs);
        CU_ASSERT_TRUE(worst < 3 * 0.065);
        CU_ASSERT_TRUE(fabs(sum / runs) < 3 * 0.065 / sqrt(runs));
    }
}

// Any order, and however often: the same registers.
static void test_order(void)
{
    enum { PEOPLE = 5000 };
    for (unsigned run = 0; run < RUNS; run++) {
        struct sketch forth = {{0}};
        struct sketch back = {{0}};
        for (uint64_t i = 0; i < PEOPLE; i++) {
            sketch_add(&forth, tag_of(run, i));
            sketch_add(&back, tag_of(run, PEOPLE - 1 - i));
            sketch_add(&back, tag_of(run, PEOPLE - 1 - i / 2));
        }
        CU_ASSERT_EQUAL(memcmp(&forth, &back, sizeof forth), 0);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"small", test_small},
            {"ranks", test_ranks},
            {"error", test_error},
            {"order", test_order},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "sketch", tests);
}

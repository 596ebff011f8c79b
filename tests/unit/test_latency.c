#include "tests/support/unit.h"

#include <stdint.h>

#include "bench/latency.h"

static void test_whole_numbers(void)
{
    // 1 … 200 have a bucket each: the p-th percentile is the least that p percent are not above.
    struct latency latency = {0};
    for (int64_t ns = 200; ns >= 1; ns--) {
        latency_add(&latency, ns);
    }
    CU_ASSERT_EQUAL(latency.count, 200);
    CU_ASSERT_EQUAL(latency_at(&latency, 500), 100);
    CU_ASSERT_EQUAL(latency_at(&latency, 900), 180);
    CU_ASSERT_EQUAL(latency_at(&latency, 990), 198);
    CU_ASSERT_EQUAL(latency_at(&latency, 999), 200);
    CU_ASSERT_EQUAL(latency_at(&latency, 1000), 200);
    CU_ASSERT_EQUAL(latency_at(&latency, 1), 1);
}

static void test_few(void)
{
    struct latency latency = {0};
    CU_ASSERT_EQUAL(latency_at(&latency, 500), 0);
    latency_add(&latency, 7);
    CU_ASSERT_EQUAL(latency_at(&latency, 1), 7);
    CU_ASSERT_EQUAL(latency_at(&latency, 1000), 7);
    latency_add(&latency, -5); // of clocks that disagree
    CU_ASSERT_EQUAL(latency_at(&latency, 500), 0);
    CU_ASSERT_EQUAL(latency_at(&latency, 501), 7);
}

// Rounded up, by less than a 128th; the longest is exact; nothing is lost at either end.
static void test_width(void)
{
    static const int64_t each[] = {0, 1, 255, 256, 257, 511, 512, 1000, 99999, 1000000, 123456789,
            60000000000, INT64_MAX / 2, INT64_MAX - 1, INT64_MAX};
    for (unsigned i = 0; i < sizeof each / sizeof each[0]; i++) {
        struct latency latency = {0};
        latency_add(&latency, each[i]);
        latency_add(&latency, INT64_MAX);
        int64_t told = latency_at(&latency, 500);
        CU_ASSERT_TRUE(told >= each[i] && told - each[i] <= each[i] / 128);
        CU_ASSERT_EQUAL(latency_at(&latency, 1000), INT64_MAX);
    }
}

static void test_steps(void)
{
    struct latency latency = {0};
    latency_add(&latency, 3);
    latency_add(&latency, 3);
    latency_add(&latency, 100000);
    unsigned at = 0;
    struct latency_step step = {0};
    CU_ASSERT_TRUE(latency_next(&latency, &at, &step));
    CU_ASSERT_EQUAL(step.upto_ns, 3);
    CU_ASSERT_EQUAL(step.count, 2);
    CU_ASSERT_TRUE(latency_next(&latency, &at, &step));
    CU_ASSERT_EQUAL(step.upto_ns, 100000);
    CU_ASSERT_EQUAL(step.count, 3);
    CU_ASSERT_FALSE(latency_next(&latency, &at, &step));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"whole_numbers", test_whole_numbers},
            {"few", test_few},
            {"width", test_width},
            {"steps", test_steps},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "latency", tests);
}

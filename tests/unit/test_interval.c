// The Jeffreys interval against values from an independent computation with 40 digits (mpmath's
// incomplete beta).
#include "detect/interval.h"

#include <stdio.h>

#include "unit.h"

static void test_known_values(void)
{
    static const struct {
        int64_t misdirected;
        int64_t judged;
        int64_t millionths[2];
    } rows[] = {
            {0, 1, {0, 853254}},
            {1, 1, {146746, 1000000}},
            {0, 10, {0, 217196}},
            {1, 10, {11012, 381315}},
            {5, 10, {223529, 776471}},
            {10, 10, {782804, 1000000}},
            {1, 100, {1081, 45779}},
            {50, 100, {403174, 596826}},
            {4, 4, {555237, 1000000}},
            {8, 1000, {3789, 15038}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t got[2];
        interval_jeffreys(rows[i].misdirected, rows[i].judged, got);
        CU_ASSERT_EQUAL(got[0], rows[i].millionths[0]);
        CU_ASSERT_EQUAL(got[1], rows[i].millionths[1]);
    }
}

// Mirrored counts give mirrored ends, and the observed rate lies inside.
static void test_symmetry(void)
{
    for (int64_t judged = 1; judged < 60; judged++) {
        for (int64_t k = 0; k <= judged; k++) {
            int64_t got[2];
            int64_t mirrored[2];
            interval_jeffreys(k, judged, got);
            interval_jeffreys(judged - k, judged, mirrored);
            CU_ASSERT_TRUE(got[0] + mirrored[1] >= 999999 && got[0] + mirrored[1] <= 1000001);
            int64_t rate = k * 1000000 / judged;
            CU_ASSERT_TRUE(got[0] <= rate + 1 && rate <= got[1] + 1);
        }
    }
}

// The largest counts that a node can have (detect/bank.h, B5).
static void test_large_counts(void)
{
    int64_t got[2];
    interval_jeffreys(UINT32_MAX / 100, UINT32_MAX, got);
    CU_ASSERT_TRUE(got[0] >= 9990 && got[0] <= 10000);
    CU_ASSERT_TRUE(got[1] >= 10000 && got[1] <= 10010);
    interval_jeffreys(UINT32_MAX, UINT32_MAX, got);
    CU_ASSERT_TRUE(got[0] >= 999990);
    CU_ASSERT_EQUAL(got[1], 1000000);
    interval_jeffreys(500, 1000000, got); // normal approximation: 500e-6 +- 1.96 * 22.36e-6
    CU_ASSERT_TRUE(got[0] >= 456 && got[0] <= 460);
    CU_ASSERT_TRUE(got[1] >= 543 && got[1] <= 548);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"known_values", test_known_values},
            {"symmetry", test_symmetry},
            {"large_counts", test_large_counts},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "interval", tests);
}

// excess: against the double-precision formula.
#include "decide/excess.h"

#include <math.h>

#include "unit.h"

static double expected_nats(int64_t count, int64_t of, int64_t rate_millionths)
{
    double rate = (double)rate_millionths / 1e6;
    double k = (double)count;
    double n = (double)of;
    double hits = count > 0 ? k * log(k / (n * rate)) : 0;
    double others = of > count ? (n - k) * log((n - k) / (n * (1 - rate))) : 0;
    return k > n * rate ? hits + others : 0;
}

static void test_formula(void)
{
    static const int64_t of[] = {1, 2, 7, 9, 64, 1000, 100000};
    static const int64_t rates[] = {1, 500, 7611, 125000, 400000, 990000, 999999};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        for (size_t j = 0; j < sizeof rates / sizeof *rates; j++) {
            for (int64_t count = 0; count <= of[i]; count += of[i] > 100 ? 37 : 1) {
                double nats = (double)excess_nat6(count, of[i], rates[j]) / 1e6;
                double most = 2e-6 + 1e-7 * (double)of[i];
                CU_ASSERT_DOUBLE_EQUAL(nats, expected_nats(count, of[i], rates[j]), most);
            }
        }
    }
}

static void test_ends(void)
{
    CU_ASSERT_EQUAL(excess_nat6(0, 0, 5000), 0);
    CU_ASSERT_EQUAL(excess_nat6(0, 10, 5000), 0);
    CU_ASSERT_EQUAL(excess_nat6(5, 1000, 5000), 0); // no more than usual
    CU_ASSERT_TRUE(excess_nat6(INT32_MAX, INT32_MAX, 1) > 0);
    CU_ASSERT_EQUAL(excess_nat6(INT32_MAX / 4, INT32_MAX, 250000), 0);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"formula", test_formula}, {"ends", test_ends}, {NULL, NULL}};
    return unit_main(argc, argv, "excess", tests);
}

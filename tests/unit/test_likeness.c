// How well a counted share fits a shape: against the same in doubles.
#include "decide/likeness.h"

#include <math.h>

#include "unit.h"

static const struct {
    enum shape shape;
    double a;
    double b;
} betas[] = {{SHAPE_ANY, 1, 1}, {SHAPE_HARDLY, 1, 30}, {SHAPE_NONE, 1, 14}, {SHAPE_FEW, 2, 12},
        {SHAPE_SOME, 2, 5}, {SHAPE_HALF, 3, 3}, {SHAPE_MOST, 5, 2}, {SHAPE_ALL, 14, 1}};

static double ln_beta(double a, double b)
{
    return lgamma(a) + lgamma(b) - lgamma(a + b);
}

// Every count of every shape; and what a shape says of all counts is a distribution.
static void test_beta_binomial(void)
{
    for (size_t i = 0; i < sizeof betas / sizeof *betas; i++) {
        double a = betas[i].a;
        double b = betas[i].b;
        for (uint32_t of = 0; of <= LIKENESS_TRIALS_MAX; of++) {
            double sum = 0;
            for (uint32_t count = 0; count <= of; count++) {
                double n = of;
                double k = count;
                double choose = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
                double exact = choose + ln_beta(a + k, b + n - k) - ln_beta(a, b) + log(n + 1);
                int32_t got = likeness_mnat(betas[i].shape, count, of);
                CU_ASSERT_DOUBLE_EQUAL(got, 1000 * exact, 6);
                sum += exp(got / 1000.0) / (n + 1);
            }
            CU_ASSERT_DOUBLE_EQUAL(sum, 1, 0.005);
        }
    }
}

// What one would expect of the words: the greatest likeness of each lies where it says.
static void test_words(void)
{
    static const enum shape rising[] = {
            SHAPE_NONE, SHAPE_FEW, SHAPE_SOME, SHAPE_HALF, SHAPE_MOST, SHAPE_ALL};
    uint32_t before = 0;
    for (size_t i = 0; i < sizeof rising / sizeof *rising; i++) {
        uint32_t best = 0;
        for (uint32_t count = 1; count <= LIKENESS_TRIALS_MAX; count++) {
            if (likeness_mnat(rising[i], count, LIKENESS_TRIALS_MAX) >
                    likeness_mnat(rising[i], best, LIKENESS_TRIALS_MAX)) {
                best = count;
            }
        }
        CU_ASSERT_TRUE(i == 0 ? best == 0 : best > before);
        before = best;
    }
    CU_ASSERT_EQUAL(before, LIKENESS_TRIALS_MAX);
    CU_ASSERT_EQUAL(likeness_mnat(SHAPE_EITHER, 9, 9), likeness_mnat(SHAPE_ALL, 9, 9) - 693);
    CU_ASSERT_EQUAL(likeness_mnat(SHAPE_EITHER, 1, 9), likeness_mnat(SHAPE_NONE, 1, 9) - 693);
    CU_ASSERT_EQUAL(likeness_mnat(SHAPE_ANY, 3, 7), 0);
    CU_ASSERT_EQUAL(likeness_mnat(SHAPE_ALL, 0, 0), 0);
}

static void test_exp(void)
{
    for (int64_t mnat = 0; mnat < 25000; mnat += 7) {
        double exact = 1e9 * exp(-(double)mnat / 1000);
        CU_ASSERT_DOUBLE_EQUAL((double)likeness_exp_billionths(mnat), exact, 10);
    }
    CU_ASSERT_EQUAL(likeness_exp_billionths(0), 1000000000);
    CU_ASSERT_EQUAL(likeness_exp_billionths(INT64_MAX), 0);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {{"beta_binomial", test_beta_binomial},
            {"words", test_words}, {"exp", test_exp}, {NULL, NULL}};
    return unit_main(argc, argv, "likeness", tests);
}

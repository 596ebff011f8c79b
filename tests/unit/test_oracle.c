// The oracle's exact figures against the published optimum (detection.md §2) and against plain
// simulation; the Poisson interval against its table.
#include <math.h>

#include "bench/oracle.h"
#include "bench/random.h"
#include "bench/statistics.h"
#include "unit.h"

static bool is_near(double got, double expected, double share)
{
    return fabs(got - expected) <= share * expected;
}

static void test_published_optimum(void)
{
    static const struct {
        double p0, budget, p1, mean;
        uint32_t p95;
    } rows[] = {
            {0.005, 1e8, 0.03, 13.3, 19},
            {0.005, 1e8, 0.10, 7.2, 9},
            {0.005, 1e8, 0.30, 5.2, 6},
            {0.005, 1e8, 1.00, 4.0, 4},
            {0.005, 1e6, 0.03, 8.9, 14},
            {0.005, 1e6, 0.10, 4.9, 7},
            {0.005, 1e6, 1.00, 3.0, 3},
            {0.0005, 1e8, 0.03, 4.5, 6},
            {0.0005, 1e8, 0.10, 3.8, 4},
            {0.0005, 1e8, 0.30, 3.1, 4},
            {0.0005, 1e8, 1.00, 3.0, 3},
            {0.02, 1e8, 0.03, 145.0, 238},
            {0.02, 1e8, 0.10, 16.9, 23},
            {0.02, 1e8, 0.30, 8.4, 11},
            {0.02, 1e8, 1.00, 5.0, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct oracle oracle;
        CU_ASSERT_EQUAL_FATAL(
                oracle_make(&oracle, rows[i].p0, rows[i].p1, rows[i].budget), ERR_NONE);
        CU_ASSERT(is_near(oracle.mean_misdirected, rows[i].mean, 0.05));
        CU_ASSERT(
                fabs((double)oracle.p95_misdirected - rows[i].p95) <= fmax(1, 0.06 * rows[i].p95));
        CU_ASSERT(oracle.false_alarm_messages >= rows[i].budget);
    }
}

static void test_impossible(void)
{
    // detection.md §4: "impossibility bound (ARL 1e8)"
    static const double rates[] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02};
    static const uint32_t least[] = {3, 3, 3, 4, 4, 5};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        CU_ASSERT_EQUAL(oracle_impossible_below(rates[i], 1e8), least[i]);
    }
}

static void test_what_it_knows(void)
{
    CU_ASSERT_TRUE(oracle_knows(0.005, 1));
    CU_ASSERT_TRUE(oracle_knows(0.005, 0.0075));
    CU_ASSERT_FALSE(oracle_knows(0.005, 0.007));
    CU_ASSERT_FALSE(oracle_knows(0.005, 1.01));
    CU_ASSERT_FALSE(oracle_knows(0, 0.5));
}

// Messages until the alarm of a run at a rate; misdirected ones of them.
static uint64_t simulate(
        const struct oracle *oracle, double rate, struct random *rng, uint32_t *ret_misdirected)
{
    uint64_t bad_below = (uint64_t)ldexp(rate, 53);
    int64_t statistic = 0;
    uint64_t n = 0;
    *ret_misdirected = 0;
    do {
        bool bad = random_next(rng) >> 11 < bad_below;
        statistic = oracle_step(oracle, statistic, bad);
        *ret_misdirected += bad;
        n++;
    } while (statistic < oracle->threshold);
    return n;
}

static void test_against_simulation(void)
{
    enum { RUNS = 20000 };
    static const struct {
        double p0, p1, budget;
    } rows[] = {{0.01, 0.3, 2000}, {0.02, 0.1, 3000}, {0.05, 1, 4000}, {0.005, 0.05, 2000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct oracle oracle;
        CU_ASSERT_EQUAL_FATAL(
                oracle_make(&oracle, rows[i].p0, rows[i].p1, rows[i].budget), ERR_NONE);
        struct random rng;
        random_init(&rng, i);
        double messages = 0;
        double misdirected = 0;
        for (int run = 0; run < RUNS; run++) {
            uint32_t count;
            messages += (double)simulate(&oracle, rows[i].p0, &rng, &count);
            (void)simulate(&oracle, rows[i].p1, &rng, &count);
            misdirected += count;
        }
        CU_ASSERT(is_near(messages / RUNS, oracle.false_alarm_messages, 0.03));
        CU_ASSERT(is_near(misdirected / RUNS, oracle.mean_misdirected, 0.03));
        // One step of the threshold less would not keep the budget.
        CU_ASSERT(oracle.false_alarm_messages >= rows[i].budget);
    }
}

static void test_poisson_interval(void)
{
    static const struct {
        uint64_t count;
        double low, high;
    } rows[] = {{0, 0, 3.68888}, {1, 0.0253178, 5.57164}, {3, 0.618672, 8.76727},
            {10, 4.79539, 18.3904}, {100, 81.3640, 121.627}, {100000, 99381.2, 100621.8}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double interval[2];
        poisson_interval(rows[i].count, interval);
        CU_ASSERT(is_near(interval[0], rows[i].low, 1e-5));
        CU_ASSERT(is_near(interval[1], rows[i].high, 1e-5));
    }
}

static void test_spread(void)
{
    double values[20];
    for (int i = 0; i < 20; i++) {
        values[i] = 20 - i;
    }
    struct spread spread = spread_of(values, 20);
    CU_ASSERT_EQUAL(spread.count, 20);
    CU_ASSERT_EQUAL((int)spread.median, 10);
    CU_ASSERT_EQUAL((int)spread.p95, 19);
    CU_ASSERT_EQUAL((int)spread.max, 20);
    CU_ASSERT(is_near(spread.mean, 10.5, 1e-9));
    CU_ASSERT_EQUAL(spread_of(values, 0).count, 0);
}

static const struct unit_test tests[] = {
        {"published_optimum", test_published_optimum},
        {"impossible", test_impossible},
        {"what_it_knows", test_what_it_knows},
        {"against_simulation", test_against_simulation},
        {"poisson_interval", test_poisson_interval},
        {"spread", test_spread},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "oracle", tests);
}

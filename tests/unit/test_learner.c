// What one scope learns: blocks, winsorising, delay, forgetting, the 30-day rate.
#include "detect/learner.h"

#include <math.h>

#include "unit.h"

static const uint32_t start_s = 800000000;
static const int64_t p0_ppb = 7610926; // level 21

// Takes a block and rolls when it is due, as baseline.c does.
static void take(struct learner *learner, uint32_t judged, uint32_t misdirected, uint32_t now_s)
{
    const struct learner_counts block = {judged, misdirected};
    if (learner_take(learner, &block, now_s)) {
        learner_roll(learner, now_s);
    }
}

static void test_blocks(void)
{
    struct learner learner;
    learner_init(&learner, start_s, 5000000);
    CU_ASSERT_FALSE(learner_note(&learner, 999, 3));
    CU_ASSERT_TRUE(learner_note(&learner, 1, 1));
    struct learner_counts block = learner_close(&learner, p0_ppb);
    CU_ASSERT_EQUAL(block.judged, 1000);
    CU_ASSERT_EQUAL(block.misdirected, 4);
    CU_ASSERT_FALSE(learner_note(&learner, 999, 0));
    CU_ASSERT_TRUE(learner_note(&learner, UINT32_MAX, UINT32_MAX));
    block = learner_close(&learner, p0_ppb);
    CU_ASSERT_EQUAL(block.judged, UINT16_MAX);
}

// n p0 + 3 sqrt(n p0), against libm.
static void test_winsorising(void)
{
    static const uint32_t judged[] = {1000, 1001, 4096, 65535};
    static const int64_t rates_ppb[] = {200000, 500000, 7610926, 36203868};
    for (size_t i = 0; i < sizeof judged / sizeof *judged; i++) {
        for (size_t j = 0; j < sizeof rates_ppb / sizeof *rates_ppb; j++) {
            struct learner learner;
            learner_init(&learner, start_s, 5000000);
            learner_note(&learner, judged[i], judged[i]);
            double mean = judged[i] * (double)rates_ppb[j] / 1e9;
            struct learner_counts block = learner_close(&learner, rates_ppb[j]);
            CU_ASSERT_EQUAL(block.misdirected, (uint32_t)floor(mean + 3 * sqrt(mean)));
            learner_note(&learner, judged[i], 0);
            CU_ASSERT_EQUAL(learner_close(&learner, rates_ppb[j]).misdirected, 0);
        }
    }
}

// A block is learnt 20,000 to 40,000 messages after it ended.
static void test_delay_by_messages(void)
{
    struct learner learner;
    learner_init(&learner, start_s, 5000000);
    for (unsigned i = 1; i <= 80; i++) {
        take(&learner, 1000, 5, start_s + i);
        uint32_t expected = i < 40 ? 0 : i / 20 * 20 - 20;
        uint32_t got = learner_judged(&learner);
        CU_ASSERT_TRUE(got <= expected * 1000 && got >= expected * 900); // some is forgotten
    }
}

// Or one to two hours, whichever is first; never without a block.
static void test_delay_by_time(void)
{
    static const struct {
        uint32_t at_s;
        uint32_t learnt;
    } rows[] = {
            {60, 0},    // waits for the first hour
            {3599, 0},  //
            {3600, 0},  // an hour: the three blocks go on waiting
            {3660, 0},  //
            {7199, 0},  //
            {7200, 3},  // the second hour: they are learnt
            {72000, 6}, // much later: those of the second hour
            {75600, 7}, // and the one that came much later
    };
    struct learner learner;
    learner_init(&learner, start_s, 5000000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        take(&learner, 1000, 5, start_s + rows[i].at_s);
        double learnt = learner_judged(&learner) / 1000.0;
        CU_ASSERT_DOUBLE_EQUAL(learnt, rows[i].learnt, 0.45); // a tenth of seven days is forgotten
    }
}

static void test_spoil(void)
{
    struct learner learner;
    learner_init(&learner, start_s, 5000000);
    for (unsigned i = 1; i <= 50; i++) {
        take(&learner, 1000, 5, start_s);
    }
    uint32_t learnt = learner_judged(&learner);
    CU_ASSERT_EQUAL(learnt, 20000);
    learner_note(&learner, 500, 400);
    learner_spoil(&learner);
    CU_ASSERT_EQUAL(learner.open_judged, 0);
    for (unsigned i = 1; i < 40; i++) {
        take(&learner, 1000, 5, start_s);
    }
    CU_ASSERT_TRUE(learner_judged(&learner) <= learnt); // nothing of the 30,000 has come after all
    take(&learner, 1000, 5, start_s);
    CU_ASSERT_TRUE(learner_judged(&learner) > learnt);
}

// Learns `blocks` of 20,000 messages, a hundred misdirected each, `apart_s` apart.
static void learn(struct learner *learner, unsigned stages, uint32_t apart_s, uint32_t *now_s)
{
    for (unsigned i = 0; i < stages; i++) {
        *now_s += apart_s;
        take(learner, 20000, 100, *now_s);
    }
}

static void test_forgetting(void)
{
    struct learner learner;
    uint32_t now_s = start_s;
    learner_init(&learner, now_s, 5000000);
    learn(&learner, 1000, 1, &now_s);
    // In the long run 20,000 / (1 - 2^-0.1) messages are known.
    CU_ASSERT_DOUBLE_EQUAL(learner_judged(&learner), 20000 / (1 - pow(2, -0.1)), 50);
    CU_ASSERT_DOUBLE_EQUAL(learner_rate_ppb(&learner, 5000000, 20000), 5e6, 100);
    // Seven days without a message are a half-life, too: what waited is added to the half.
    double known = learner_judged(&learner);
    learn(&learner, 1, 7 * DAY_SECONDS, &now_s);
    CU_ASSERT_DOUBLE_EQUAL(learner_judged(&learner), known / 2 + 20000, 20);
    // Whichever has gone further, not both: 20,000 messages are a tenth of a half-life.
    known = learner_judged(&learner);
    learn(&learner, 1, 7 * DAY_SECONDS / 20, &now_s);
    CU_ASSERT_DOUBLE_EQUAL(learner_judged(&learner), known * pow(2, -0.1) + 20000, 20);
    known = learner_judged(&learner);
    learn(&learner, 1, 7 * DAY_SECONDS / 2, &now_s);
    CU_ASSERT_DOUBLE_EQUAL(learner_judged(&learner), known * pow(2, -0.5) + 20000, 20);
    learn(&learner, 1, 40u * 7 * DAY_SECONDS, &now_s);
    CU_ASSERT_EQUAL(learner_judged(&learner), 20000);
}

static void test_rate(void)
{
    struct learner learner;
    learner_init(&learner, start_s, 5000000);
    CU_ASSERT_EQUAL(learner_rate_ppb(&learner, 5000000, 20000), 5000000); // nothing but the parent
    CU_ASSERT_EQUAL(learner_rate_ppb(&learner, 1000000000, 20000), 1000000000);
    take(&learner, 20000, 300, start_s);
    take(&learner, 20000, 300, start_s);
    CU_ASSERT_EQUAL(learner_rate_ppb(&learner, 5000000, 20000), 10000000); // (300 + 100) / 40,000
    CU_ASSERT_EQUAL(learner_rate_ppb(&learner, 5000000, 60000), 7500000);
}

// A week of the parent's, then a mean over time, then a half-life of 30 days.
static void test_slow_rate(void)
{
    struct learner learner;
    uint32_t now_s = start_s;
    learner_init(&learner, now_s, 5000000);
    learner_follow(&learner, 10000000, now_s + 3599);
    CU_ASSERT_EQUAL(learner.slow_ppb, 5000000);
    for (unsigned hour = 1; hour <= 24 * 7; hour++) {
        now_s += 3600;
        learner_follow(&learner, 10000000, now_s);
    }
    CU_ASSERT_DOUBLE_EQUAL(learner.slow_ppb, 7500000, 1000); // half a week's, half the parent's
    for (unsigned day = 0; day < 60; day++) {
        now_s += DAY_SECONDS;
        learner_follow(&learner, 10000000, now_s);
    }
    double expected = learner.slow_ppb;
    for (unsigned day = 0; day < 30; day++) {
        now_s += DAY_SECONDS;
        learner_follow(&learner, 0, now_s);
    }
    CU_ASSERT_DOUBLE_EQUAL(learner.slow_ppb / expected, 0.5, 0.01);
    // A year of silence weighs one day.
    uint32_t before = learner.slow_ppb;
    now_s += 365 * DAY_SECONDS;
    learner_follow(&learner, 0, now_s);
    CU_ASSERT_TRUE(learner.slow_ppb < before && learner.slow_ppb > before / 100 * 97);
    // Log time does not run backwards; if it did, nothing would happen.
    before = learner.slow_ppb;
    learner_follow(&learner, 0, start_s);
    CU_ASSERT_EQUAL(learner.slow_ppb, before);
}

static void test_square_root(void)
{
    CU_ASSERT_EQUAL(integer_sqrt(0), 0);
    for (int64_t root = 1; root < 3000000000; root = root * 3 + 1) {
        CU_ASSERT_EQUAL(integer_sqrt(root * root), root);
        CU_ASSERT_EQUAL(integer_sqrt(root * root - 1), root - 1);
    }
    CU_ASSERT_EQUAL(integer_sqrt(INT64_MAX), 3037000499);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"blocks", test_blocks},
            {"winsorising", test_winsorising},
            {"delay_by_messages", test_delay_by_messages},
            {"delay_by_time", test_delay_by_time},
            {"spoil", test_spoil},
            {"forgetting", test_forgetting},
            {"rate", test_rate},
            {"slow_rate", test_slow_rate},
            {"square_root", test_square_root},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "learner", tests);
}

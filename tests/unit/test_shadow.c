// How held scopes are judged: the reverse test's numbers, the canary's, and that neither is more
// willing than it may be.
#include "decide/shadow.h"

#include <math.h>

#include "drawn.h"
#include "table_file.h"
#include "unit.h"

static void test_generated_again(void)
{
    table_file_check("processor/decide/shadow.inc", "shadow");
}

// detection.md §3.9: clean messages that are enough, by the rate that it was held for. Batched or not,
// the last of them is needed.
static void test_clean_messages_needed(void)
{
    static const struct {
        int64_t rate_millionths;
        int64_t baseline_millionths;
        unsigned bad_percent;
        int64_t needed;
    } rows[] = {
            {0, 0, 5, 200},            // nothing is known
            {20000, 5000, 5, 200},     // 1 % is too little to be told from healthy
            {100000, 5000, 5, 200},    // 5 %
            {119999, 5000, 5, 200},    // rounded down
            {200000, 5000, 10, 92},    // 10 %
            {600000, 5000, 30, 27},    // 30 %
            {1000000, 5000, 50, 14},   // 50 %
            {1000000, 10000, 50, 14},  // a baseline of 1 % is taken for 0.5 %,
            {1000000, 10001, 50, 14},  // one above for itself
            {100000, 10764, 5, 228},   // level 23 of the ladder
            {100000, 36204, 5, 639},   // the highest
            {100000, 1000000, 5, 639}, // above it
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct shadow shadow;
        shadow_begin(&shadow, rows[i].rate_millionths, rows[i].baseline_millionths);
        CU_ASSERT_EQUAL(shadow.bad_percent, rows[i].bad_percent);
        CU_ASSERT_EQUAL(shadow_needed(&shadow), rows[i].needed);
        struct shadow batched = shadow;
        shadow_step(&batched, rows[i].needed - 1, 0);
        for (int64_t n = 0; n < rows[i].needed - 1; n++) {
            shadow_step(&shadow, 1, 0);
        }
        CU_ASSERT_EQUAL(shadow.v_nat6, batched.v_nat6);
        CU_ASSERT_FALSE(shadow_is_reached(&shadow));
        shadow_step(&shadow, 1, 0);
        CU_ASSERT_TRUE(shadow_is_reached(&shadow));
        CU_ASSERT_EQUAL(shadow.clean, rows[i].needed);
        CU_ASSERT_EQUAL(shadow.misdirected, 0);
    }
}

// What is misdirected takes back; at nothing the counts begin anew. The cap lets no past outweigh what
// comes: twice the threshold is the most.
static void test_down_again(void)
{
    struct shadow shadow;
    shadow_begin(&shadow, 1000000, 5000);
    shadow_step(&shadow, 13, 0);
    shadow_step(&shadow, 1, 1); // ln(0.5 / 0.005) = 4.6 of 8.9
    CU_ASSERT_TRUE(shadow.v_nat6 > 0 && !shadow_is_reached(&shadow));
    CU_ASSERT_EQUAL(shadow.misdirected, 1);
    shadow_step(&shadow, 1, 1);
    CU_ASSERT_EQUAL(shadow.v_nat6, 0);
    CU_ASSERT_EQUAL(shadow.clean, 0);
    CU_ASSERT_EQUAL(shadow.misdirected, 0);
    shadow_step(&shadow, 100000, 0);
    CU_ASSERT_TRUE(shadow_is_reached(&shadow));
    shadow_step(&shadow, 1, 1);
    CU_ASSERT_TRUE(shadow_is_reached(&shadow)); // one among many is nothing new
    shadow_step(&shadow, 1, 1);
    CU_ASSERT_FALSE(shadow_is_reached(&shadow));
    CU_ASSERT_FALSE(shadow_is_lost(&shadow));
    shadow_step(&shadow, 2, 2);
    CU_ASSERT_TRUE(shadow_is_lost(&shadow));
    shadow_step(&shadow, INT64_MAX / 2, INT64_MAX / 2);
    CU_ASSERT_EQUAL(shadow.v_nat6, 0);
    shadow_step(&shadow, -5, -1); // counts that take back say nothing
    CU_ASSERT_EQUAL(shadow.v_nat6, 0);
    shadow_step(&shadow, INT64_MAX, 0);
    CU_ASSERT_TRUE(shadow_is_reached(&shadow));
}

// E[e^step] <= 1 for every rate of q_b or more, by the steps in force.
static void test_no_more_willing_than_it_may_be(void)
{
    static const int64_t baselines[] = {
            5000, 10764, 12800, 15222, 18102, 21527, 25600, 30444, 36204};
    for (unsigned percent = 5; percent <= 50; percent++) {
        for (unsigned base = 0; base < SHADOW_BASE_COUNT; base++) {
            struct shadow begun;
            shadow_begin(&begun, percent * 20000, baselines[base]);
            CU_ASSERT_EQUAL(begun.bad_percent, percent);
            CU_ASSERT_EQUAL(begun.base, base);
            struct shadow good = begun;
            struct shadow bad = begun;
            good.v_nat6 = bad.v_nat6 = 9000000;
            shadow_step(&good, 1, 0);
            shadow_step(&bad, 1, 1);
            double up = exp((double)(good.v_nat6 - 9000000) / 1e6);
            double down = exp((double)(bad.v_nat6 - 9000000) / 1e6);
            CU_ASSERT_TRUE(up > 1 && down < 1);
            for (double rate = percent / 100.0; rate <= 1; rate += 0.01) {
                CU_ASSERT_TRUE((1 - rate) * up + rate * down <= 1);
            }
        }
    }
}

// How many misdirected messages the canary of a relapse lets through: drawn at a rate, one message a
// frame, from the first of its messages on.
static double relapse_mean(
        unsigned permille, unsigned budget, enum scope_kind kind, unsigned *ret_most)
{
    enum { RUNS = 2000, MESSAGES_MAX = 5000 };
    uint64_t random = 7 + permille;
    uint64_t sum = 0;
    *ret_most = 0;
    for (unsigned run = 0; run < RUNS; run++) {
        struct canary canary = {.step = 1};
        unsigned bad = 0;
        for (unsigned n = 0; n < MESSAGES_MAX && !canary_has_tripped(&canary, budget, kind); n++) {
            bool is_bad = drawn_uniform(&random) * 1000 < permille;
            bad += is_bad;
            canary_note(&canary, 0, 1, is_bad);
        }
        CU_ASSERT_TRUE(canary_has_tripped(&canary, budget, kind));
        sum += bad;
        *ret_most = bad > *ret_most ? bad : *ret_most;
    }
    return (double)sum / RUNS;
}

// The theory's numbers for A = 2e6 at p0 = 0.5 % (detection.md §4 has 1e6 and 1e7): a relapse of a whole
// list is over with the third message.
static void test_relapse(void)
{
    static const struct {
        unsigned permille;
        double most; // mean misdirected messages until it is held again
    } rows[] = {{1000, 3}, {800, 4.0}, {500, 4.6}, {300, 5.3}, {100, 8.0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned most;
        double mean = relapse_mean(rows[i].permille, 3, SCOPE_CAMPAIGN, &most);
        CU_ASSERT_TRUE(mean <= rows[i].most);
    }
    struct canary canary = {.step = 1};
    canary_note(&canary, 0, 2, 2);
    CU_ASSERT_FALSE(canary_has_tripped(&canary, 3, SCOPE_CAMPAIGN));
    canary_note(&canary, 0, 1, 1);
    CU_ASSERT_TRUE(canary_has_tripped(&canary, 3, SCOPE_CAMPAIGN));
    CU_ASSERT_FALSE(canary_has_tripped(&canary, 3, SCOPE_VENDOR)); // four times the budget
}

// A healthy scope gets through its 2,220 messages: at 0.5 % less than one in a thousand is held again.
static void test_healthy_gets_through(void)
{
    enum { RUNS = 3000 };
    uint64_t random = 11;
    unsigned tripped = 0;
    for (unsigned run = 0; run < RUNS; run++) {
        struct canary canary = {.step = 1};
        bool has_tripped = false;
        for (unsigned n = 0; n < 2220 && !has_tripped; n++) {
            canary_note(&canary, 0, 1, drawn_uniform(&random) < 0.005);
            has_tripped = canary_has_tripped(&canary, 3, SCOPE_CAMPAIGN);
        }
        tripped += has_tripped;
    }
    CU_ASSERT_TRUE(tripped <= 3);
}

// A step is over when its messages are judged and nothing much speaks against it.
static void test_step_is_over(void)
{
    static const struct {
        uint32_t step;
        uint32_t clean_before;
        uint32_t bad;
        uint32_t clean_after;
        bool has_passed;
    } rows[] = {
            {1, 19, 0, 0, false},
            {1, 20, 0, 0, true},
            {1, 19, 1, 0, true},  // one is nothing much
            {1, 18, 2, 0, false}, // two at the end are: the next ones decide
            {1, 18, 2, 2, true},
            {1, 2, 2, 16, true},
            {2, 199, 0, 0, false},
            {2, 200, 0, 0, true},
            {3, 1999, 0, 0, false},
            {3, 1999, 1, 0, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct canary canary = {.step = rows[i].step};
        canary_note(&canary, 0, rows[i].clean_before, 0);
        for (uint32_t n = 0; n < rows[i].bad; n++) {
            canary_note(&canary, 0, 1, 1);
        }
        canary_note(&canary, 0, rows[i].clean_after, 0);
        CU_ASSERT_FALSE(canary_has_tripped(&canary, 3, SCOPE_CAMPAIGN));
        CU_ASSERT_EQUAL(canary_has_passed(&canary, 3, SCOPE_CAMPAIGN), rows[i].has_passed);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"generated_again", test_generated_again},
            {"clean_messages_needed", test_clean_messages_needed},
            {"down_again", test_down_again},
            {"no_more_willing_than_it_may_be", test_no_more_willing_than_it_may_be},
            {"relapse", test_relapse},
            {"healthy_gets_through", test_healthy_gets_through},
            {"step_is_over", test_step_is_over},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "shadow", tests);
}

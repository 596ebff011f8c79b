// The CUSUM bank against the tables and test vectors of the detection research (§4): exact
// baselines that are not on the ladder, so the steps are computed here from the formulas, with
// libm.
#include "detect/bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drawn.h"
#include "unit.h"

struct exact {
    int64_t up[NODE_COUNT];
    int64_t up_guarded[NODE_COUNT];
    int64_t down[NODE_COUNT];
};

static const double weights[NODE_COUNT] = {0.18, 0.18, 0.20, 0.44, 1};

// U, UG and D of detection.md §3.1 for one p0. The leak node takes no part here: its steps are 0.
static struct step_table exact_steps(struct exact *exact, double p0, double rho)
{
    const double q[ACUTE_COUNT] = {fmax(0.05, 3 * p0), 0.13, 0.35, 0.95};
    *exact = (struct exact){{0}, {0}, {0}};
    for (unsigned j = 0; j < ACUTE_COUNT; j++) {
        double behind = fmax(p0, rho);
        exact->up[j] = (int64_t)floor(1e6 * log(q[j] / p0));
        exact->up_guarded[j] = q[j] > behind ? (int64_t)floor(1e6 * log(q[j] / behind)) : 0;
        exact->down[j] = (int64_t)ceil(-1e6 * log((1 - q[j]) / (1 - p0)));
    }
    return (struct step_table){exact->up, rho > 0 ? exact->up_guarded : exact->up, exact->down};
}

static int64_t exact_threshold(double budget, unsigned node)
{
    return (int64_t)ceil(1e6 * log(budget / weights[node]));
}

// The acute node that has reached its threshold; -1 = none.
static int alarm_of(const struct bank *bank, double budget)
{
    for (unsigned j = 0; j < ACUTE_COUNT; j++) {
        if (bank->nodes[j].w_nat6 >= exact_threshold(budget, j)) {
            return (int)j;
        }
    }
    return -1;
}

// Plays one message a batch: B misdirected, G good. Stops at the first alarm (A = 1e8); its place
// from 1, 0 = none.
static size_t play(struct bank *bank, const struct step_table *steps, const char *messages)
{
    for (size_t i = 0; messages[i] != '\0'; i++) {
        const struct bank_batch batch = {
                .good = messages[i] == 'G', .fresh = messages[i] == 'B', .first = (uint32_t)i};
        bank_step_by(bank, &batch, steps);
        if (alarm_of(bank, 1e8) >= 0) {
            return i + 1;
        }
    }
    return 0;
}

static void check_nodes(const struct bank *bank, const int64_t expected[ACUTE_COUNT])
{
    for (unsigned j = 0; j < ACUTE_COUNT; j++) {
        CU_ASSERT_EQUAL(bank->nodes[j].w_nat6, expected[j]);
    }
}

static void test_vector_steps(void)
{
    static const int64_t up[] = {2302585, 3258096, 4248495, 5247024};
    static const int64_t down[] = {46281, 134250, 425771, 2990720};
    static const int64_t h[] = {20135480, 20135480, 20030119, 19241662};
    struct exact exact;
    exact_steps(&exact, 0.005, 0);
    for (unsigned j = 0; j < ACUTE_COUNT; j++) {
        CU_ASSERT_EQUAL(exact.up[j], up[j]);
        CU_ASSERT_EQUAL(exact.down[j], down[j]);
        CU_ASSERT_EQUAL(exact_threshold(1e8, j), h[j]);
    }
}

static void test_vectors(void)
{
    struct exact exact;
    const struct step_table steps = exact_steps(&exact, 0.005, 0);
    struct bank bank = {0};
    CU_ASSERT_EQUAL(play(&bank, &steps, "BBB"), 0);
    check_nodes(&bank, (const int64_t[]){6907755, 9774288, 12745485, 15741072});
    CU_ASSERT_EQUAL(play(&bank, &steps, "B"), 1);
    CU_ASSERT_EQUAL(bank.nodes[3].w_nat6, 20988096);
    CU_ASSERT_EQUAL(alarm_of(&bank, 1e8), 3);

    bank = (struct bank){0};
    CU_ASSERT_EQUAL(play(&bank, &steps, "BGBGBGBGBG"), 0);
    check_nodes(&bank, (const int64_t[]){11281520, 15619230, 19113620, 11281520});
    CU_ASSERT_EQUAL(play(&bank, &steps, "B"), 1);
    check_nodes(&bank, (const int64_t[]){13584105, 18877326, 23362115, 16528544});
    CU_ASSERT_EQUAL(alarm_of(&bank, 1e8), 2);
    CU_ASSERT_EQUAL(bank.nodes[2].misdirected, 6);

    bank = (struct bank){0};
    CU_ASSERT_EQUAL(play(&bank, &steps, "BBGGGGBBGB"), 0);
    check_nodes(&bank, (const int64_t[]){11281520, 15619230, 19113620, 12750352});
}

// B + 60 G + BBBB: the G's take every node to 0; the change point is the second B.
static void test_vector_restart(void)
{
    struct exact exact;
    const struct step_table steps = exact_steps(&exact, 0.005, 0);
    struct bank bank = {0};
    char messages[64] = "B";
    memset(messages + 1, 'G', 60);
    CU_ASSERT_EQUAL(play(&bank, &steps, messages), 0);
    check_nodes(&bank, (const int64_t[]){0, 0, 0, 0});
    CU_ASSERT_EQUAL(play(&bank, &steps, "BBBB"), 4);
    CU_ASSERT_EQUAL(bank.nodes[3].start, 0); // of this second play
    CU_ASSERT_EQUAL(bank.nodes[3].judged, 4);
    CU_ASSERT_EQUAL(bank.nodes[3].misdirected, 4);
}

// Misdirected messages in a row until the alarm: the table "k at p1 = 100 %".
static void test_k_at_all_misdirected(void)
{
    static const double rates[] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02};
    static const struct {
        double budget;
        double rho;
        unsigned k[6];
    } rows[] = {
            {1e6, 0, {2, 3, 3, 3, 4, 4}},
            {1e7, 0, {3, 3, 3, 4, 4, 5}},
            {1e8, 0, {3, 3, 4, 4, 5, 5}},
            {2e8, 0, {3, 3, 4, 4, 5, 6}},
            {1e9, 0, {3, 4, 4, 5, 5, 6}},
            {1e10, 0, {4, 4, 4, 5, 6, 7}},
            {1e6, 0.05, {4, 4, 4, 5, 5, 5}},
            {1e7, 0.05, {5, 5, 5, 5, 6, 6}},
            {1e8, 0.05, {5, 6, 6, 6, 6, 7}},
            {2e8, 0.05, {6, 6, 6, 6, 7, 7}},
            {1e9, 0.05, {6, 6, 7, 7, 7, 8}},
            {1e10, 0.05, {7, 7, 8, 8, 8, 8}},
            {1e6, 0.1, {5, 5, 5, 6, 6, 6}},
            {1e7, 0.1, {6, 6, 6, 7, 7, 7}},
            {1e8, 0.1, {7, 7, 7, 8, 8, 8}},
            {2e8, 0.1, {7, 7, 8, 8, 8, 9}},
            {1e9, 0.1, {8, 8, 8, 9, 9, 9}},
            {1e10, 0.1, {9, 9, 9, 10, 10, 10}},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        for (size_t i = 0; i < 6; i++) {
            struct exact exact;
            const struct step_table steps = exact_steps(&exact, rates[i], rows[row].rho);
            struct bank bank = {0};
            unsigned k = 0;
            do {
                const struct bank_batch batch = {.fresh = k == 0, .guarded = k > 0};
                bank_step_by(&bank, &batch, &steps);
                k++;
            } while (alarm_of(&bank, rows[row].budget) < 0 && k < 50);
            CU_ASSERT_EQUAL(k, rows[row].k[i]);
        }
    }
}

// The same with a start credit of r = 1,000.
static void test_k_with_credit(void)
{
    static const double rates[] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02};
    static const struct {
        double budget;
        unsigned k[6];
    } rows[] = {
            {1e6, {2, 2, 2, 2, 2, 3}},
            {1e7, {2, 2, 2, 2, 3, 3}},
            {1e8, {2, 2, 3, 3, 3, 4}},
            {2e8, {2, 2, 3, 3, 3, 4}},
            {1e9, {2, 3, 3, 3, 4, 4}},
            {1e10, {3, 3, 3, 4, 4, 5}},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        for (size_t i = 0; i < 6; i++) {
            struct exact exact;
            const struct step_table steps = exact_steps(&exact, rates[i], 0);
            struct bank bank = {0};
            bank_give_credit(&bank, bank_credit_of_size(10000));
            unsigned k = 0;
            do {
                const struct bank_batch batch = {.fresh = 1};
                bank_step_by(&bank, &batch, &steps);
                k++;
            } while (alarm_of(&bank, rows[row].budget) < 0 && k < 50);
            CU_ASSERT_EQUAL(k, rows[row].k[i]);
        }
    }
}

// The leak node alone needs about 35 misdirected messages at three times the baseline (§4); here:
// every 67th of them.
static void test_leak_node(void)
{
    unsigned level = table_level_up(5000000);
    struct bank bank = {0};
    unsigned misdirected = 0;
    while (bank.nodes[NODE_LEAK].w_nat6 < table_threshold(BUDGET_1E7, NODE_LEAK) &&
            misdirected < 1000) {
        const struct bank_batch batch = {.good = 66, .fresh = 1};
        bank_step(&bank, &batch, level, false);
        misdirected++;
    }
    CU_ASSERT_TRUE(misdirected > 28 && misdirected < 60);
    for (unsigned j = 1; j < ACUTE_COUNT; j++) {
        CU_ASSERT_TRUE(bank.nodes[j].w_nat6 < table_threshold(BUDGET_2E8, j));
    }
}

// Healthy traffic at exactly p0: 1e9 messages at A = 1e6 raise about 154 alarms (§4: ARL 6.5e6),
// and must stay far below the 1,000 that are guaranteed. Healthy runs are one batch each: their
// steps all go one way.
static void test_false_alarms(void)
{
    struct exact exact;
    const struct step_table steps = exact_steps(&exact, 0.005, 0);
    uint64_t random = 20260101;
    struct bank bank = {0};
    unsigned alarms = 0;
    for (double sent = 0; sent < 1e9;) {
        double uniform = drawn_uniform(&random);
        double run = floor(log(uniform) / log1p(-0.005));
        const struct bank_batch good = {.good = (uint32_t)run};
        const struct bank_batch bad = {.fresh = 1};
        bank_step_by(&bank, &good, &steps);
        bank_step_by(&bank, &bad, &steps);
        sent += run + 1;
        if (alarm_of(&bank, 1e6) >= 0) {
            alarms++;
            bank = (struct bank){0};
        }
    }
    CU_ASSERT_TRUE(alarms > 105 && alarms < 205);
}

// B1, B2, B3 on random batches: the net rule from its definition.
static void test_net_rule(void)
{
    uint64_t random = 7;
    for (unsigned level = 0; level < LEVEL_COUNT; level++) {
        const struct step_table steps = table_steps(level);
        struct bank bank = {0};
        int64_t w[NODE_COUNT] = {0};
        uint32_t judged[NODE_COUNT] = {0};
        for (unsigned round = 0; round < 2000; round++) {
            const struct bank_batch batch = {
                    .good = drawn_next(&random) % 40,
                    .fresh = drawn_next(&random) % 4 == 0 ? drawn_next(&random) % 3 : 0,
                    .guarded = drawn_next(&random) % 6 == 0 ? drawn_next(&random) % 3 : 0,
                    .first = round,
            };
            unsigned started = bank_step(&bank, &batch, level, true);
            for (unsigned j = 0; j < NODE_COUNT; j++) {
                bool begins = w[j] == 0 && batch.fresh + batch.guarded > 0;
                CU_ASSERT_EQUAL((started >> j & 1) != 0, begins);
                judged[j] = w[j] == 0 ? 0 : judged[j];
                if (w[j] > 0 || begins) {
                    judged[j] += batch.good + batch.fresh + batch.guarded;
                    w[j] += batch.fresh * steps.up[j] + batch.guarded * steps.up_guarded[j] -
                            batch.good * steps.down[j];
                    CU_ASSERT_EQUAL(bank.nodes[j].judged, w[j] > 0 ? judged[j] : 0);
                }
                int64_t cap = table_threshold(BUDGET_1E10, j) + 10000000;
                w[j] = w[j] < 0 ? 0 : w[j] > cap ? cap : w[j];
                CU_ASSERT_EQUAL(bank.nodes[j].w_nat6, w[j]);
            }
        }
    }
}

// B2: four misdirected messages and forty good ones in one batch are no alarm, though they would be
// in some order.
static void test_no_peak_inside_a_batch(void)
{
    struct exact exact;
    const struct step_table steps = exact_steps(&exact, 0.005, 0);
    struct bank bank = {0};
    CU_ASSERT_EQUAL(play(&bank, &steps, "BBBBGGGG"), 4);
    bank = (struct bank){0};
    const struct bank_batch batch = {.good = 40, .fresh = 4};
    bank_step_by(&bank, &batch, &steps);
    CU_ASSERT_EQUAL(alarm_of(&bank, 1e8), -1);
    CU_ASSERT_EQUAL(bank.nodes[0].w_nat6, 4 * 2302585 - 40 * 46281);
    CU_ASSERT_EQUAL(bank.nodes[3].w_nat6, 0);
}

// B4: good messages never raise a statistic, and a quiet bank stays untouched by them.
static void test_only_misdirected_raises(void)
{
    struct bank bank = {0};
    const struct bank_batch good = {.good = 1000};
    CU_ASSERT_EQUAL(bank_step(&bank, &good, 10, true), 0);
    CU_ASSERT_EQUAL(bank.nodes[0].judged, 0);
    const struct bank_batch bad = {.fresh = 5};
    bank_step(&bank, &bad, 10, true);
    struct bank before = bank;
    const struct bank_batch one = {.good = 1};
    bank_step(&bank, &one, 10, true);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        CU_ASSERT_TRUE(bank.nodes[j].w_nat6 < before.nodes[j].w_nat6);
    }
}

// B5: an excursion that never ends must not wrap its counts to 0 (the rate is a quotient of them).
static void test_counts_saturate(void)
{
    struct bank bank = {0};
    const struct bank_batch huge = {.good = 4096, .fresh = UINT32_MAX - 10, .guarded = 5};
    for (unsigned i = 0; i < 3; i++) {
        bank_step(&bank, &huge, 10, true);
        for (unsigned j = 0; j < NODE_COUNT; j++) {
            CU_ASSERT_TRUE(bank.nodes[j].judged >= UINT32_MAX - 1);
            CU_ASSERT_TRUE(bank.nodes[j].misdirected <= bank.nodes[j].judged);
            CU_ASSERT_TRUE(bank.nodes[j].guarded <= bank.nodes[j].misdirected);
        }
    }
}

// --- the monoid of §3.4 -----------------------------------------------------------------------

// What a run of messages does to one node, whatever it begins with: the sum of its steps, and the
// greatest sums of a suffix, of a prefix and of any part of it.
struct run {
    int64_t sum;
    int64_t suffix;
    int64_t prefix;
    int64_t part;
};

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct run run_of(int64_t step)
{
    int64_t above = greater(step, 0);
    return (struct run){step, above, above, above};
}

static struct run run_combine(const struct run *a, const struct run *b)
{
    return (struct run){
            .sum = a->sum + b->sum,
            .suffix = greater(a->suffix + b->sum, b->suffix),
            .prefix = greater(a->prefix, a->sum + b->prefix),
            .part = greater(greater(a->part, b->part), a->suffix + b->prefix),
    };
}

enum { MESSAGES_MAX = 60 };

// The run of messages `from` .. `end` - 1, put together from random pieces in random order of
// putting.
static struct run run_split(const int64_t *steps, unsigned from, unsigned end, uint64_t *random)
{
    if (end - from == 1) {
        return run_of(steps[from]);
    }
    unsigned at = from + 1 + drawn_next(random) % (end - from - 1);
    struct run left = run_split(steps, from, at, random);
    struct run right = run_split(steps, at, end, random);
    return run_combine(&left, &right);
}

// Plays random messages one by one, two misdirected ones at most, so that no peak comes to the cap.
// Their steps by node, the highest that each statistic was, and how many there were.
static unsigned play_random(struct bank *bank, const struct step_table *steps, uint64_t *random,
        int64_t ret_steps[NODE_COUNT][MESSAGES_MAX], int64_t ret_peaks[NODE_COUNT])
{
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        ret_peaks[j] = bank->nodes[j].w_nat6;
    }
    unsigned count = 1 + drawn_next(random) % MESSAGES_MAX;
    unsigned bads = 0;
    for (unsigned i = 0; i < count; i++) {
        bool bad = bads < 2 && drawn_next(random) % 8 == 0;
        bool guarded = bad && drawn_next(random) % 3 == 0;
        bads += bad;
        const struct bank_batch batch = {
                .good = !bad, .fresh = bad && !guarded, .guarded = guarded};
        bank_step_by(bank, &batch, steps);
        const int64_t *up = guarded ? steps->up_guarded : steps->up;
        for (unsigned j = 0; j < NODE_COUNT; j++) {
            ret_steps[j][i] = bad ? up[j] : -steps->down[j];
            ret_peaks[j] = greater(ret_peaks[j], bank->nodes[j].w_nat6);
        }
    }
    return count;
}

// However a stream is split, the pieces put together say what the bank says message by message: the
// end and the peak of every statistic.
static void test_monoid(void)
{
    uint64_t random = 34;
    for (unsigned round = 0; round < 2000; round++) {
        const struct step_table steps = table_steps(drawn_next(&random) % LEVEL_COUNT);
        struct bank bank = {0};
        if (round % 2 == 0) { // it begins above 0
            const struct bank_batch bad = {.fresh = 1};
            bank_step_by(&bank, &bad, &steps);
        }
        const struct bank begin = bank;
        int64_t by_node[NODE_COUNT][MESSAGES_MAX];
        int64_t peaks[NODE_COUNT];
        unsigned count = play_random(&bank, &steps, &random, by_node, peaks);
        for (unsigned j = 0; j < NODE_COUNT; j++) {
            struct run run = run_split(by_node[j], 0, count, &random);
            int64_t w = begin.nodes[j].w_nat6;
            CU_ASSERT_EQUAL(bank.nodes[j].w_nat6, greater(w + run.sum, run.suffix));
            CU_ASSERT_EQUAL(peaks[j], greater(w + run.prefix, greater(w, run.part)));
        }
    }
}

// B2: at the end of every batch the net rule is at or below the exact statistic, whatever the order
// inside was; until that has been cut at the cap, far above every threshold.
static void test_net_never_above_exact(void)
{
    uint64_t random = 26;
    unsigned below = 0;
    for (unsigned round = 0; round < 500; round++) {
        unsigned level = drawn_next(&random) % LEVEL_COUNT;
        unsigned size = 1 + drawn_next(&random) % 50;
        struct bank exact = {0};
        struct bank net = {0};
        bool capped[NODE_COUNT] = {false};
        for (unsigned batches = 0; batches < 20; batches++) {
            struct bank_batch batch = {0};
            for (unsigned i = 0; i < size; i++) {
                bool bad = drawn_next(&random) % 30 == 0;
                bool guarded = bad && drawn_next(&random) % 3 == 0;
                const struct bank_batch one = {
                        .good = !bad, .fresh = bad && !guarded, .guarded = guarded};
                bank_step(&exact, &one, level, true);
                batch.good += one.good;
                batch.fresh += one.fresh;
                batch.guarded += one.guarded;
                for (unsigned j = 0; j < NODE_COUNT; j++) {
                    int64_t cap = table_threshold(BUDGET_1E10, j) + 10000000;
                    capped[j] = capped[j] || exact.nodes[j].w_nat6 >= cap;
                }
            }
            bank_step(&net, &batch, level, true);
            for (unsigned j = 0; j < NODE_COUNT; j++) {
                CU_ASSERT_TRUE(capped[j] || net.nodes[j].w_nat6 <= exact.nodes[j].w_nat6);
                below += net.nodes[j].w_nat6 < exact.nodes[j].w_nat6;
            }
        }
    }
    CU_ASSERT_TRUE(below > 1000); // or it has compared nothing
}

// Which tiers a kind of scope has, and which nodes speak for them.
static void test_reading(void)
{
    static const struct {
        enum scope_kind kind;
        unsigned node;
        enum budget budget;
        int64_t above; // the node's statistic against that budget's threshold
        enum tier tier;
    } rows[] = {
            {SCOPE_CAMPAIGN, 3, BUDGET_1E6, -1, TIER_NONE},
            {SCOPE_CAMPAIGN, 3, BUDGET_1E6, 0, TIER_NOTICE},
            {SCOPE_CAMPAIGN, 3, BUDGET_1E7, -1, TIER_NOTICE},
            {SCOPE_CAMPAIGN, 3, BUDGET_1E7, 0, TIER_ALERT},
            {SCOPE_CAMPAIGN, 3, BUDGET_2E8, -1, TIER_ALERT},
            {SCOPE_CAMPAIGN, 3, BUDGET_2E8, 0, TIER_QUARANTINE},
            {SCOPE_CAMPAIGN, 3, BUDGET_1E10, 0, TIER_QUARANTINE},
            {SCOPE_TEMPLATE, 0, BUDGET_2E8, 0, TIER_ALERT},
            {SCOPE_TEMPLATE, 0, BUDGET_8E8, 0, TIER_QUARANTINE},
            {SCOPE_SENDER, 0, BUDGET_1E10, 0, TIER_QUARANTINE},
            {SCOPE_VENDOR, 1, BUDGET_1E10, -1, TIER_QUARANTINE},
            {SCOPE_VENDOR, 1, BUDGET_1E10, 0, TIER_STOP},
            {SCOPE_TENANT, 2, BUDGET_1E10, 0, TIER_STOP},
            {SCOPE_TENANT, NODE_LEAK, BUDGET_1E10, 0, TIER_ALERT},
            {SCOPE_CAMPAIGN, NODE_LEAK, BUDGET_1E10, 0, TIER_ALERT},
    };
    const struct bank_rules rules = bank_rules_of(BANK_RULES_2E8, false);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bank bank = {0};
        bank.nodes[rows[i].node].w_nat6 =
                table_threshold(rows[i].budget, rows[i].node) + rows[i].above;
        struct bank_reading reading = bank_read(&bank, &rules, rows[i].kind, TIER_STOP);
        CU_ASSERT_EQUAL(reading.tier, rows[i].tier);
        if (reading.tier != TIER_NONE) {
            CU_ASSERT_EQUAL(reading.node, rows[i].node);
        }
        reading = bank_read(&bank, &rules, rows[i].kind, TIER_NOTICE);
        CU_ASSERT_TRUE(reading.tier <= TIER_NOTICE);
    }
}

// Whatever is asked for: the sum of 1/A over the kinds is 2/A, and with start credit, which costs a
// tenth at most, it still is. 1/2e8 for campaigns and 1/8e8 for each of four wider kinds: 1e-8.
static void test_budgets_add_up(void)
{
    static const double asked[BANK_RULES_COUNT] = {1e6, 1e7, 1e8, 2e8, 1e9};
    for (unsigned i = 0; i < BANK_RULES_COUNT * 2; i++) {
        bool credit = i % 2 == 1;
        const struct bank_rules rules = bank_rules_of(i / 2, credit);
        double sum = 0;
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            struct bank bank = {0};
            bank.nodes[0].w_nat6 = table_threshold(BUDGET_1E10, 0);
            struct bank_reading reading =
                    bank_read(&bank, &rules, (enum scope_kind)kind, TIER_QUARANTINE);
            CU_ASSERT_EQUAL(reading.tier, TIER_QUARANTINE);
            double cost = credit && kind == SCOPE_CAMPAIGN ? 1.1 : 1;
            sum += cost / (double)table_budget_messages(reading.budget);
        }
        CU_ASSERT_TRUE(fabs(sum * asked[i / 2] - 2) < 1e-9);
        CU_ASSERT_TRUE(
                llabs(bank_rules_sum_e15(&rules, credit) - (int64_t)(2e15 / asked[i / 2])) <= 1);
    }
}

// Credit is ln r, in steps that never give more than r.
static void test_credit(void)
{
    CU_ASSERT_EQUAL(bank_credit_of_size(0), 0);
    CU_ASSERT_EQUAL(bank_credit_of_size(999), 0);
    CU_ASSERT_EQUAL(bank_credit_of_size(1000), (int32_t)(1e6 * log(100)));
    CU_ASSERT_EQUAL(bank_credit_of_size(INT64_MAX), (int32_t)(1e6 * log(1000)));
    for (int64_t size = 1000; size < 20000; size += 7) {
        double most = 1e6 * log(fmin(0.1 * (double)size, 1000));
        CU_ASSERT_TRUE(bank_credit_of_size(size) <= most && bank_credit_of_size(size) > most - 5e5);
    }
    struct bank bank;
    bank_give_credit(&bank, 6907755);
    CU_ASSERT_FALSE(bank_is_quiet(&bank));
    const struct bank_batch good = {.good = 3};
    const struct bank_batch bad = {.fresh = 1, .first = 41};
    CU_ASSERT_EQUAL(bank_step(&bank, &good, 18, false), 0);
    CU_ASSERT_EQUAL(bank_step(&bank, &bad, 18, false), (1u << NODE_COUNT) - 1);
    const struct step_table steps = table_steps(18);
    const struct bank_node *node = &bank.nodes[1];
    CU_ASSERT_EQUAL(node->w_nat6, 6907755 + steps.up[1] - 3 * steps.down[1]);
    CU_ASSERT_EQUAL(node->start, 41);
    CU_ASSERT_EQUAL(node->judged, 4);
    CU_ASSERT_EQUAL(bank.nodes[NODE_LEAK].w_nat6, steps.up[NODE_LEAK]);
    CU_ASSERT_EQUAL(bank.nodes[NODE_LEAK].judged, 1);
}

static void test_subtract(void)
{
    struct bank parent = {0};
    struct bank child = {0};
    parent.nodes[0] = (struct bank_node){.w_nat6 = 10, .judged = 9, .misdirected = 5, .guarded = 4};
    parent.nodes[1] = (struct bank_node){.w_nat6 = 3, .judged = 2, .misdirected = 2};
    parent.nodes[2] = (struct bank_node){.w_nat6 = 30, .judged = 3, .misdirected = 2};
    child.nodes[0] = (struct bank_node){.w_nat6 = 9, .judged = 6, .misdirected = 3, .guarded = 1};
    child.nodes[1] = (struct bank_node){.w_nat6 = 12};
    child.nodes[2] = (struct bank_node){.w_nat6 = 3, .judged = 9, .misdirected = 9};
    bank_subtract(&parent, &child, 2, 3);
    CU_ASSERT_EQUAL(parent.nodes[0].w_nat6, 4);
    CU_ASSERT_EQUAL(parent.nodes[0].judged, 5);
    CU_ASSERT_EQUAL(parent.nodes[0].misdirected, 3);
    CU_ASSERT_EQUAL(parent.nodes[0].guarded, 3); // never above the misdirected
    CU_ASSERT_EQUAL(parent.nodes[1].w_nat6, 0);  // never below
    CU_ASSERT_EQUAL(parent.nodes[2].w_nat6, 0);  // nothing misdirected is left to speak
}

// W <- max(0, W - S - D) within the excursion, counts as if it had been healthy (B3); other nodes stay.
static void test_take_back(void)
{
    enum { LEVEL = 12, GOOD = 20 };
    const struct step_table steps = bank_steps(LEVEL, true);
    for (unsigned use = 0; use < 3; use++) { // met before, fresh, guarded
        struct bank bank = {.credit_nat6 = 0};
        bank_step(&bank, &(const struct bank_batch){.fresh = 5, .guarded = 2}, LEVEL, true);
        bank_step(&bank, &(const struct bank_batch){.good = GOOD}, LEVEL, true);
        const struct bank before = bank;
        const struct bank_batch was = {.fresh = use == 1, .guarded = use == 2};
        bank_take_back(&bank, &was, &steps, 1u << 1 | 1u << 2);
        for (unsigned j = 0; j < NODE_COUNT; j++) {
            const struct bank_node *now = &bank.nodes[j];
            if (j != 1 && j != 2) {
                CU_ASSERT_EQUAL(now->w_nat6, before.nodes[j].w_nat6);
                continue;
            }
            int64_t w = before.nodes[j].w_nat6 - was.fresh * steps.up[j] -
                        was.guarded * steps.up_guarded[j] - steps.down[j];
            CU_ASSERT_EQUAL(now->w_nat6, w > 0 ? w : 0);
            if (w > 0) {
                CU_ASSERT_EQUAL(now->misdirected, use == 0 ? 7 : 6);
                CU_ASSERT_EQUAL(now->guarded, use == 2 ? 1 : 2);
                CU_ASSERT_EQUAL(now->judged, use == 0 ? GOOD + 8 : GOOD + 7);
                CU_ASSERT_EQUAL(bank_ratio_by(&bank, j, &steps), now->w_nat6); // B3
            }
        }
        CU_ASSERT_TRUE(bank_can_be(&bank));
    }
}

// The last one leaves nothing behind, but for credit, which waits again.
static void test_take_back_all(void)
{
    enum { LEVEL = 12, EVERY = (1 << NODE_COUNT) - 1 };
    const struct step_table steps = bank_steps(LEVEL, true);
    const struct bank_batch one = {.fresh = 1, .first = 9};
    struct bank bank = {.credit_nat6 = 0};
    bank_step(&bank, &one, LEVEL, true);
    bank_take_back(&bank, &one, &steps, EVERY);
    CU_ASSERT_TRUE(bank_is_quiet(&bank));
    bank_give_credit(&bank, 6907755);
    bank_step(&bank, &(const struct bank_batch){.good = 3}, LEVEL, true);
    const struct bank before = bank;
    bank_step(&bank, &one, LEVEL, true);
    bank_take_back(&bank, &one, &steps, EVERY);
    CU_ASSERT_TRUE(bank_can_be(&bank));
    for (unsigned j = 0; j < ACUTE_COUNT; j++) {
        int64_t w = before.nodes[j].w_nat6 - steps.down[j];
        CU_ASSERT_EQUAL(bank.nodes[j].w_nat6, w > 0 ? w : 0);
        CU_ASSERT_TRUE(w <= 0 || (bank.waiting >> j & 1) != 0);
    }
    CU_ASSERT_EQUAL(bank.nodes[NODE_LEAK].w_nat6, 0);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"vector_steps", test_vector_steps},
            {"vectors", test_vectors},
            {"vector_restart", test_vector_restart},
            {"k_at_all_misdirected", test_k_at_all_misdirected},
            {"k_with_credit", test_k_with_credit},
            {"leak_node", test_leak_node},
            {"false_alarms", test_false_alarms},
            {"net_rule", test_net_rule},
            {"no_peak_inside_a_batch", test_no_peak_inside_a_batch},
            {"only_misdirected_raises", test_only_misdirected_raises},
            {"counts_saturate", test_counts_saturate},
            {"monoid", test_monoid},
            {"net_never_above_exact", test_net_never_above_exact},
            {"reading", test_reading},
            {"budgets_add_up", test_budgets_add_up},
            {"credit", test_credit},
            {"subtract", test_subtract},
            {"take_back", test_take_back},
            {"take_back_all", test_take_back_all},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "bank", tests);
}

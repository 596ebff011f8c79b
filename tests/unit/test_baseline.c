// The learnt baseline, rule by rule (baseline.h, L1 to L5; detection.md §3.5). Long because each rule
// of that section is tested here.
#include "detect/baseline.h"

#include <math.h>
#include <string.h>

#include "common/assure.h"
#include "unit.h"

enum { CAMPAIGN = 7, VENDOR = 3, TENANT = 0, COLD_LEVEL = 21 };

#define HOUR_MS (3600 * 1000LL)
#define DAY_MS (24 * HOUR_MS)

static const struct baseline_chain whole_chain = {{CAMPAIGN, VENDOR, TENANT}};
static const struct baseline_chain vendor_chain = {{SCOPE_NONE, VENDOR, TENANT}};
static const struct baseline_chain tenant_chain = {{SCOPE_NONE, SCOPE_NONE, TENANT}};
static const struct baseline_chain no_chain = {{SCOPE_NONE, SCOPE_NONE, SCOPE_NONE}};

// A baseline and its log time.
struct world {
    struct baseline *baseline;
    int64_t now_ms;
};

static struct world world_with(const struct baseline_options *options)
{
    struct world world = {.now_ms = 1764000000000};
    enum err e = baseline_create(&world.baseline, options);
    ASSURE(e == ERR_NONE);
    return world;
}

static struct world world_make(void)
{
    return world_with(&baseline_defaults);
}

static void world_end(struct world *world)
{
    baseline_destroy(world->baseline);
}

static unsigned level_of(struct world *world, const struct baseline_chain *chain, bool quiet)
{
    unsigned level;
    enum err e = baseline_level(world->baseline, chain, world->now_ms, quiet, &level);
    ASSURE(e == ERR_NONE);
    return level;
}

static void note(struct world *world, const struct baseline_chain *chain, uint32_t judged,
        uint32_t misdirected, unsigned excursions)
{
    enum err e =
            baseline_note(world->baseline, chain, judged, misdirected, excursions, world->now_ms);
    ASSURE(e == ERR_NONE);
}

// Blocks of 1,000, `apart_ms` apart; the level is asked for after each, as a quiet bank does.
static void feed(struct world *world, const struct baseline_chain *chain, unsigned blocks,
        uint32_t misdirected, int64_t apart_ms)
{
    for (unsigned i = 0; i < blocks; i++) {
        world->now_ms += apart_ms;
        note(world, chain, 1000, misdirected, 0);
        level_of(world, chain, true);
    }
}

static uint32_t learnt(const struct world *world, const struct baseline_chain *chain)
{
    return baseline_estimate(world->baseline, chain).judged;
}

static int64_t rate_of(const struct world *world, const struct baseline_chain *chain)
{
    return baseline_estimate(world->baseline, chain).rate_ppb;
}

static double fraction(int64_t ppb)
{
    return (double)ppb / 1e9;
}

// L4 by libm.
static unsigned expected_level(double rate, double messages)
{
    double upper = 1.25 * (rate + 1.64 * sqrt(rate / messages));
    unsigned level = 0;
    while (level < 30 && 0.0002 * pow(2, level / 4.0) < fmin(fmax(upper, 0.0005), 0.03)) {
        level++;
    }
    return level;
}

static void test_cold_start(void)
{
    static const uint32_t priors[] = {500, 700, 1000, 2000, 5000, 8000, 10000, 20000, 30000};
    static const struct baseline_chain *const chains[] = {
            &whole_chain, &vendor_chain, &tenant_chain, &no_chain};
    for (size_t i = 0; i < sizeof priors / sizeof *priors; i++) {
        struct baseline_options options = baseline_defaults;
        options.prior_rate_millionths = priors[i];
        CU_ASSERT_EQUAL(baseline_cold_level(&options), expected_level(priors[i] / 1e6, 2e4));
        struct world world = world_with(&options);
        for (size_t j = 0; j < sizeof chains / sizeof *chains; j++) {
            bool quiet = j % 2 == 0; // a start credit makes a new scope unquiet
            CU_ASSERT_EQUAL(
                    level_of(&world, chains[j], quiet), expected_level(priors[i] / 1e6, 2e4));
        }
        world_end(&world);
    }
    struct world world = world_make();
    CU_ASSERT_EQUAL(level_of(&world, &whole_chain, true), COLD_LEVEL);
    CU_ASSERT_EQUAL(table_baseline_ppb(COLD_LEVEL), 7610926); // 0.7611 %
    world_end(&world);
}

static void test_learners_are_few(void)
{
    struct world world = world_make();
    for (int32_t campaign = 10; campaign < 1010; campaign++) {
        const struct baseline_chain chain = {{campaign, VENDOR, TENANT}};
        note(&world, &chain, 999, 5, 0);
    }
    CU_ASSERT_EQUAL(baseline_learners(world.baseline), 3); // vendor, tenant, all together
    const struct baseline_chain chain = {{10, VENDOR, TENANT}};
    note(&world, &chain, 1, 0, 0);
    CU_ASSERT_EQUAL(baseline_learners(world.baseline), 4);
    baseline_drop(world.baseline, 10);
    baseline_drop(world.baseline, 11);
    baseline_drop(world.baseline, 123456); // never met
    baseline_drop(world.baseline, SCOPE_NONE);
    CU_ASSERT_EQUAL(baseline_learners(world.baseline), 3);
    world_end(&world);
}

// A number that is given to another scope brings nothing along.
static void test_drop(void)
{
    struct world world = world_make();
    feed(&world, &whole_chain, 300, 1, HOUR_MS);
    CU_ASSERT_TRUE(level_of(&world, &whole_chain, true) < COLD_LEVEL);
    CU_ASSERT_TRUE(learnt(&world, &whole_chain) > 0);
    baseline_drop(world.baseline, CAMPAIGN);
    const struct baseline_chain other = {{CAMPAIGN, 20, 21}};
    uint32_t of_all = learnt(&world, &no_chain);
    CU_ASSERT_EQUAL(level_of(&world, &other, true), level_of(&world, &no_chain, true));
    note(&world, &other, 1000, 5, 0);
    CU_ASSERT_EQUAL(learnt(&world, &other), 0);
    CU_ASSERT_EQUAL(learnt(&world, &no_chain), of_all);
    world_end(&world);
}

// L5 and "clean": who learns a block, by the scopes that were in excursion during it.
static void test_excursions(void)
{
    enum { C = 1 << BASELINE_CAMPAIGN, V = 1 << BASELINE_VENDOR, T = 1 << BASELINE_TENANT };
    static const struct {
        unsigned excursions;
        bool learns[4]; // campaign, vendor, tenant, all together
    } rows[] = {
            {0, {true, true, true, true}},
            {C, {false, false, false, false}},
            {V, {true, false, false, false}},
            {T, {true, true, false, false}},
            {V | T, {true, false, false, false}},
            {C | V | T, {false, false, false, false}},
    };
    static const struct baseline_chain *const chains[] = {
            &whole_chain, &vendor_chain, &tenant_chain, &no_chain};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world world = world_make();
        note(&world, &whole_chain, 1000, 5, C | V | T); // too young to learn: nobody does
        for (unsigned block = 0; block < 60; block++) {
            world.now_ms += 1000;
            note(&world, &whole_chain, 100, 0, 0);
            note(&world, &whole_chain, 100, 1, rows[i].excursions); // once is enough
            note(&world, &whole_chain, 800, 4, 0);
        }
        for (unsigned j = 0; j < 4; j++) {
            CU_ASSERT_EQUAL(learnt(&world, chains[j]) > 0, rows[i].learns[j]);
        }
        world_end(&world);
    }
}

// What a young campaign counts its vendor learns, but not while the campaign is in excursion.
static void test_young_campaigns(void)
{
    struct world world = world_make();
    for (int32_t campaign = 100; campaign < 1100; campaign++) {
        const struct baseline_chain chain = {{campaign, VENDOR, TENANT}};
        if (campaign % 10 == 0) {
            note(&world, &chain, 100, 50, 1u << BASELINE_CAMPAIGN);
        } else {
            note(&world, &chain, 100, campaign % 2 == 0, 0);
        }
    }
    CU_ASSERT_TRUE(learnt(&world, &vendor_chain) > 10000);
    CU_ASSERT_EQUAL(learnt(&world, &vendor_chain), learnt(&world, &tenant_chain));
    CU_ASSERT_TRUE(rate_of(&world, &vendor_chain) < 5500000);
    // It is born with its vendor's level, and keeps it though the vendor's falls.
    const struct baseline_chain young = {{2000, VENDOR, TENANT}};
    unsigned born = level_of(&world, &young, true);
    CU_ASSERT_EQUAL(born, level_of(&world, &vendor_chain, true));
    feed(&world, &vendor_chain, 300, 1, 1000);
    unsigned fallen = level_of(&world, &vendor_chain, true);
    CU_ASSERT_TRUE(fallen < born);
    note(&world, &young, 500, 2, 0);
    CU_ASSERT_EQUAL(level_of(&world, &young, true), born);
    const struct baseline_chain younger = {{2001, VENDOR, TENANT}};
    CU_ASSERT_EQUAL(level_of(&world, &younger, true), fallen);
    world_end(&world);
}

static void test_spoil(void)
{
    struct world world = world_make();
    feed(&world, &whole_chain, 60, 5, 1000);
    uint32_t before = learnt(&world, &whole_chain);
    CU_ASSERT_TRUE(before > 0);
    baseline_spoil(world.baseline, CAMPAIGN);
    feed(&world, &whole_chain, 39, 5, 1000);
    CU_ASSERT_TRUE(learnt(&world, &whole_chain) <= before);
    CU_ASSERT_TRUE(learnt(&world, &vendor_chain) > before); // which had no alarm
    baseline_spoil(world.baseline, 123456);
    baseline_spoil(world.baseline, SCOPE_NONE);
    world_end(&world);
}

// One wild block below every threshold teaches 15 of its 500: 7.61 + 3 sqrt(7.61).
static void test_winsorising(void)
{
    struct world world = world_make();
    note(&world, &vendor_chain, 1000, 500, 0);
    for (unsigned i = 0; i < 39; i++) {
        note(&world, &vendor_chain, 1000, 0, 0);
    }
    CU_ASSERT_EQUAL(learnt(&world, &vendor_chain), 20000);
    double p = 0.005;
    for (unsigned i = 0; i < 3; i++) { // all three have learnt it
        p = (15 + 20000 * p) / 40000;
    }
    CU_ASSERT_DOUBLE_EQUAL(fraction(rate_of(&world, &vendor_chain)), p, 1e-8);
    world_end(&world);
}

// L4: shrunk towards the parent, and that to its own.
static void test_hierarchy(void)
{
    struct world world = world_make();
    const struct baseline_chain other = {{8, 4, TENANT}};
    const struct baseline_chain *const chains[] = {&whole_chain, &other};
    for (unsigned i = 0; i < 41; i++) {
        note(&world, chains[0], 1000, 2, 0);
        note(&world, chains[1], 1000, 8, 0);
    }
    struct baseline_estimate estimates[4] = {
            baseline_estimate(world.baseline, &no_chain),
            baseline_estimate(world.baseline, &tenant_chain),
            baseline_estimate(world.baseline, &vendor_chain),
            baseline_estimate(world.baseline, &whole_chain),
    };
    double p = 0.005;
    const double own[4] = {0.005, 0.005, 0.002, 0.002};
    for (unsigned i = 0; i < 4; i++) {
        double n = estimates[i].judged;
        p = (n * own[i] + 20000 * p) / (n + 20000);
        CU_ASSERT_DOUBLE_EQUAL(fraction(estimates[i].rate_ppb), p, 2e-5);
        double upper = 1.25 * (p + 1.64 * sqrt(p / (n + 20000)));
        CU_ASSERT_DOUBLE_EQUAL(fraction(estimates[i].upper_ppb), upper, 3e-5);
    }
    CU_ASSERT_EQUAL(estimates[3].judged, 20000);
    CU_ASSERT_TRUE(rate_of(&world, &other) > rate_of(&world, &whole_chain));
    world_end(&world);
}

// L3: the rule of the message count and that of the day.
static void test_rise(void)
{
    static const struct {
        unsigned blocks; // a day
        unsigned days;
        unsigned steps;
    } rows[] = {
            {1000, 1, 0}, // a million messages in less than a day
            {1000, 2, 1}, // one step at most in a day-long replay
            {1000, 5, 4},
            {100, 3, 2},
            {50, 2, 1}, // 200,000 have gone by already, but the next 100,000 take two days
            {50, 3, 2},
            {50, 5, 3},
            {24, 5, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct baseline_options options = baseline_defaults;
        options.prior_rate_millionths = 30000; // so that only the rise is limited
        struct world world = world_with(&options);
        feed(&world, &vendor_chain, 200, 1, 1000);
        unsigned low = level_of(&world, &vendor_chain, true);
        CU_ASSERT_TRUE(low < expected_level(0.002, 1e5)); // nothing limits the fall
        feed(&world, &vendor_chain, rows[i].blocks * rows[i].days, 5,
                DAY_MS / rows[i].blocks - 1000);
        CU_ASSERT_EQUAL(level_of(&world, &vendor_chain, true), low + rows[i].steps);
        world_end(&world);
    }
}

// L4: twice the parent's 30-day rate, and 3 %, and 0.05 %.
static void test_ceilings(void)
{
    struct world world = world_make();
    for (unsigned day = 0; day < 60; day++) {
        for (unsigned i = 0; i < 20; i++) { // a twentieth of the vendor's messages
            feed(&world, &whole_chain, 10, 18, DAY_MS / 40);
            const struct baseline_chain rest = {{8, VENDOR, TENANT}};
            feed(&world, &rest, 190, 5, DAY_MS / 40 / 190);
        }
    }
    struct baseline_estimate campaign = baseline_estimate(world.baseline, &whole_chain);
    struct baseline_estimate vendor = baseline_estimate(world.baseline, &vendor_chain);
    CU_ASSERT_TRUE(campaign.upper_ppb > 3 * vendor.slow_ppb);
    CU_ASSERT_EQUAL(level_of(&world, &whole_chain, true), table_level_up(2 * vendor.slow_ppb));
    world_end(&world);

    struct baseline_options options = baseline_defaults;
    options.prior_rate_millionths = 30000;
    world = world_with(&options);
    feed(&world, &whole_chain, 3000, 45, HOUR_MS / 2);
    CU_ASSERT_TRUE(baseline_estimate(world.baseline, &whole_chain).upper_ppb > 40000000);
    CU_ASSERT_EQUAL(level_of(&world, &whole_chain, true), table_level_up(30000000));
    feed(&world, &whole_chain, 3000, 0, HOUR_MS / 2);
    CU_ASSERT_EQUAL(level_of(&world, &whole_chain, true), table_level_up(500000));
    world_end(&world);
}

// L2: an excursion has one level, and a level at least a block.
static void test_epochs(void)
{
    struct world world = world_make();
    level_of(&world, &whole_chain, true);
    for (unsigned i = 0; i < 400; i++) {
        note(&world, &whole_chain, 1000, 1, 0);
        CU_ASSERT_EQUAL(level_of(&world, &whole_chain, false), COLD_LEVEL);
    }
    unsigned level = level_of(&world, &whole_chain, true);
    CU_ASSERT_TRUE(level < COLD_LEVEL);
    unsigned since = 0;
    for (unsigned i = 0; i < 400 * 50; i++) { // L2: never twice within 1,000
        note(&world, &whole_chain, 20, 0, 0);
        since += 20;
        unsigned next = level_of(&world, &whole_chain, true);
        if (next != level) {
            CU_ASSERT_TRUE(since >= 1000);
            since = 0;
        }
        level = next;
    }
    // A rise that only the day held back waits for the next block, too.
    level_of(&world, &whole_chain, true);
    feed(&world, &whole_chain, 300, 3, 1000);
    level = level_of(&world, &whole_chain, true);
    world.now_ms += 2 * DAY_MS;
    CU_ASSERT_EQUAL(level_of(&world, &whole_chain, true), level);
    feed(&world, &whole_chain, 1, 3, 0);
    CU_ASSERT_EQUAL(level_of(&world, &whole_chain, true), level + 1);
    world_end(&world);
}

// The alarm of a rate that has crept past twice its 30-day value is told once.
static void test_moved(void)
{
    struct baseline_options options = baseline_defaults;
    options.prior_rate_millionths = 1000;
    struct world world = world_with(&options);
    feed(&world, &vendor_chain, 500, 1, HOUR_MS);
    CU_ASSERT_FALSE(baseline_moved(world.baseline, VENDOR));
    unsigned told = 0;
    for (unsigned i = 0; i < 300; i++) {
        feed(&world, &vendor_chain, 1, 4, 60000);
        told += baseline_moved(world.baseline, VENDOR);
        CU_ASSERT_FALSE(baseline_moved(world.baseline, VENDOR));
    }
    CU_ASSERT_EQUAL(told, 1);
    feed(&world, &vendor_chain, 2000, 1, HOUR_MS);
    CU_ASSERT_FALSE(baseline_moved(world.baseline, VENDOR));
    feed(&world, &vendor_chain, 300, 4, 60000);
    CU_ASSERT_TRUE(baseline_moved(world.baseline, VENDOR)); // it had come back
    CU_ASSERT_FALSE(baseline_moved(world.baseline, 123456));
    world_end(&world);
}

// A vendor whose rate a person has told stands on its own.
static void test_told(void)
{
    struct world world = world_make();
    enum err e = baseline_tell(world.baseline, &vendor_chain, 20000, world.now_ms);
    CU_ASSERT_EQUAL(e, ERR_NONE);
    CU_ASSERT_EQUAL(level_of(&world, &vendor_chain, true), expected_level(0.02, 20000));
    CU_ASSERT_EQUAL(level_of(&world, &whole_chain, true), expected_level(0.02, 20000));
    CU_ASSERT_EQUAL(level_of(&world, &tenant_chain, true), COLD_LEVEL);
    CU_ASSERT_EQUAL(rate_of(&world, &vendor_chain), 20000000);
    feed(&world, &whole_chain, 1000, 20, HOUR_MS / 4);
    CU_ASSERT_DOUBLE_EQUAL(fraction(rate_of(&world, &whole_chain)), 0.02, 1e-5);
    unsigned level = level_of(&world, &whole_chain, true);
    CU_ASSERT_TRUE(level >= expected_level(0.02, 3e5) && level <= expected_level(0.02, 2e4));
    CU_ASSERT_FALSE(baseline_moved(world.baseline, VENDOR));
    // Of a campaign that has no learner yet.
    const struct baseline_chain young = {{50, 51, TENANT}};
    e = baseline_tell(world.baseline, &young, 1000, world.now_ms);
    CU_ASSERT_EQUAL(e, ERR_NONE);
    CU_ASSERT_EQUAL(level_of(&world, &young, true), expected_level(0.001, 2e4));
    world_end(&world);
}

// Nothing from outside breaks it: huge counts, times before 2000 and backwards.
static void test_odd_input(void)
{
    struct world world = world_make();
    note(&world, &whole_chain, UINT32_MAX, UINT32_MAX, 0);
    note(&world, &whole_chain, 0, 0, 7);
    static const int64_t times[] = {INT64_MIN / 2, 0, -1, INT64_MAX, 946684800000};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        world.now_ms = times[i];
        for (unsigned j = 0; j < 100; j++) {
            note(&world, &whole_chain, 4096, 4096, 0);
            CU_ASSERT_TRUE(level_of(&world, &whole_chain, true) < LEVEL_COUNT);
        }
    }
    world_end(&world);
}

static void test_sees_excursion(void)
{
    struct bank bank = {0};
    CU_ASSERT_FALSE(baseline_sees_excursion(&bank));
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        int64_t bound = j == NODE_LEAK ? 4000000 : 6000000;
        bank = (struct bank){0};
        bank.nodes[j].w_nat6 = bound;
        CU_ASSERT_FALSE(baseline_sees_excursion(&bank));
        bank.nodes[j].w_nat6 = bound + 1;
        CU_ASSERT_TRUE(baseline_sees_excursion(&bank));
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"cold_start", test_cold_start},
            {"learners_are_few", test_learners_are_few},
            {"drop", test_drop},
            {"excursions", test_excursions},
            {"young_campaigns", test_young_campaigns},
            {"spoil", test_spoil},
            {"winsorising", test_winsorising},
            {"hierarchy", test_hierarchy},
            {"rise", test_rise},
            {"ceilings", test_ceilings},
            {"epochs", test_epochs},
            {"moved", test_moved},
            {"told", test_told},
            {"odd_input", test_odd_input},
            {"sees_excursion", test_sees_excursion},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "baseline", tests);
}

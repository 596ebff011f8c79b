// The learnt baseline and the bank together, under drift, steps and poisoning (detection.md §2.8):
// many scopes of made-up traffic, each the only campaign of its vendor and tenant unless said
// otherwise, fed in batches of 50. Prints what it measured; `-R unit.baseline_drift -V` shows it.
#include "detect/baseline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/random.h"
#include "common/assure.h"
#include "unit.h"

enum { BATCH = 50, SCOPES_MAX = 60, TENANT = 0, VENDOR = 1, CAMPAIGN = 2, OTHER_CAMPAIGN = 3 };

#define DAY_MS (24 * 3600 * 1000LL)
#define NEVER INT64_MAX

struct traffic {
    const char *name;
    double from; // the rate, and what it becomes
    double to;
    int64_t warm; // messages at `from`
    int64_t ramp; // messages on the way to `to`, a straight line
    int64_t hold; // messages at `to`
    int64_t per_day;
    uint32_t prior_millionths;
    uint32_t told_millionths;  // of the vendor; 0 = nobody has
    unsigned others_per_batch; // healthy messages of the vendor's other campaign, 0.5 % misdirected
};

// Of one scope: in messages since the end of `warm`, the first time of each; NEVER.
struct course {
    int64_t first[TIER_COUNT];
    int64_t moved;
    uint32_t excursions[TIER_COUNT]; // by the highest tier that each reached
    unsigned level;                  // at the end
    unsigned highest_level;
};

struct scope {
    const struct traffic *traffic;
    struct random rng;
    struct baseline *baseline;
    struct bank bank;
    enum tier tier; // of the excursion
    int64_t now_ms;
    double rate;
    double all_healthy; // (1 - rate)^50
    struct course course;
};

static const struct baseline_chain chain = {{CAMPAIGN, VENDOR, TENANT}};
static const struct baseline_chain others_chain = {{OTHER_CAMPAIGN, VENDOR, TENANT}};
static const struct baseline_chain vendor_chain = {{SCOPE_NONE, VENDOR, TENANT}};

static void scope_init(struct scope *scope, const struct traffic *traffic, uint64_t seed)
{
    *scope = (struct scope){.traffic = traffic, .now_ms = 1764000000000};
    random_init(&scope->rng, seed);
    struct baseline_options options = baseline_defaults;
    options.prior_rate_millionths = traffic->prior_millionths;
    enum err e = baseline_create(&scope->baseline, &options);
    if (e == ERR_NONE && traffic->told_millionths > 0) {
        e = baseline_tell(scope->baseline, &vendor_chain, traffic->told_millionths, scope->now_ms);
    }
    ASSURE(e == ERR_NONE);
    scope->course = (struct course){.first = {NEVER, NEVER, NEVER, NEVER, NEVER}, .moved = NEVER};
}

static void set_rate(struct scope *scope, int64_t messages)
{
    const struct traffic *traffic = scope->traffic;
    double done = messages < traffic->warm ? 0 : 1;
    if (done > 0 && messages < traffic->warm + traffic->ramp) {
        done = (double)(messages - traffic->warm) / (double)traffic->ramp;
    }
    scope->rate = traffic->from + (traffic->to - traffic->from) * done;
    scope->all_healthy = pow(1 - scope->rate, BATCH);
}

// How many of 50 are misdirected: the binomial distribution, inverted.
static uint32_t draw(struct scope *scope)
{
    double u = (double)(random_next(&scope->rng) >> 11) / 9007199254740992.0;
    double odds = scope->rate / (1 - scope->rate);
    double share = scope->all_healthy;
    double below = share;
    uint32_t k = 0;
    while (u > below && k < BATCH) {
        share *= (BATCH - k) * odds / (k + 1);
        below += share;
        k++;
    }
    return k;
}

static bool is_quiet(const struct bank *bank)
{
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        if (bank->nodes[j].w_nat6 > 0) {
            return false;
        }
    }
    return true;
}

// The tiers of a campaign (detection.md §3.1).
static enum tier tier_of(const struct bank *bank)
{
    enum tier tier = TIER_NONE;
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        int64_t w = bank->nodes[j].w_nat6;
        if (j != NODE_LEAK && w >= table_threshold(BUDGET_2E8, j)) {
            return TIER_QUARANTINE;
        }
        if (w >= table_threshold(BUDGET_1E7, j)) {
            tier = TIER_ALERT;
        } else if (w >= table_threshold(BUDGET_1E6, j) && tier == TIER_NONE) {
            tier = TIER_NOTICE;
        }
    }
    return tier;
}

static void scope_batch(struct scope *scope, uint32_t misdirected)
{
    bool quiet = is_quiet(&scope->bank);
    enum err e =
            baseline_level(scope->baseline, &chain, scope->now_ms, quiet, &scope->course.level);
    ASSURE(e == ERR_NONE);
    if (scope->course.level > scope->course.highest_level) {
        scope->course.highest_level = scope->course.level;
    }
    if (!quiet || misdirected > 0) {
        const struct bank_batch batch = {.good = BATCH - misdirected, .fresh = misdirected};
        bank_step(&scope->bank, &batch, scope->course.level, false);
    }
    unsigned excursions = baseline_sees_excursion(&scope->bank) ? 1u << BASELINE_CAMPAIGN : 0;
    e = baseline_note(scope->baseline, &chain, BATCH, misdirected, excursions, scope->now_ms);
    ASSURE(e == ERR_NONE);
}

// What the bank says after a batch; a quarantine is lifted at once, and the next excursion begins.
static void scope_read(struct scope *scope, int64_t at)
{
    enum tier tier = tier_of(&scope->bank);
    for (; scope->tier < tier; scope->tier++) {
        enum tier next = scope->tier + 1;
        if (scope->course.first[next] == NEVER) {
            scope->course.first[next] = at;
        }
        if (next == TIER_ALERT) {
            baseline_spoil(scope->baseline, CAMPAIGN);
        }
    }
    if (tier == TIER_QUARANTINE) {
        scope->bank = (struct bank){0};
    }
    if (scope->tier != TIER_NONE && is_quiet(&scope->bank)) {
        scope->course.excursions[scope->tier]++;
        scope->tier = TIER_NONE;
    }
    for (int32_t s = TENANT; s <= CAMPAIGN; s++) {
        if (baseline_moved(scope->baseline, s) && scope->course.moved == NEVER) {
            scope->course.moved = at;
        }
    }
}

static struct course run_scope(const struct traffic *traffic, uint64_t seed, bool past_quarantine)
{
    struct scope scope;
    scope_init(&scope, traffic, seed);
    int64_t end = traffic->warm + traffic->ramp + traffic->hold;
    for (int64_t sent = 0; sent < end; sent += BATCH) {
        if (sent % 1000 == 0) {
            set_rate(&scope, sent);
            uint32_t others = traffic->others_per_batch * (1000 / BATCH);
            enum err e = baseline_note(
                    scope.baseline, &others_chain, others, others / 200, 0, scope.now_ms);
            ASSURE(e == ERR_NONE);
        }
        scope.now_ms += BATCH * DAY_MS / traffic->per_day;
        scope_batch(&scope, draw(&scope));
        scope_read(&scope, sent + BATCH - traffic->warm);
        if (scope.course.first[TIER_QUARANTINE] != NEVER && !past_quarantine) {
            break;
        }
    }
    baseline_destroy(scope.baseline);
    return scope.course;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

// Of a number of scopes: the percentage to which it happened, and when in the middle one of those.
struct summary {
    double percent;
    int64_t median;
};

static struct summary summarise(int64_t *at, unsigned scopes)
{
    qsort(at, scopes, sizeof *at, compare);
    unsigned count = 0;
    while (count < scopes && at[count] != NEVER) {
        count++;
    }
    return (struct summary){100.0 * count / scopes, count > 0 ? at[count / 2] : 0};
}

static void print_summary(const struct summary *summary)
{
    if (summary->percent > 0) {
        printf(" %3.0f %% at %+8lld |", summary->percent, (long long)summary->median);
    } else {
        printf("          never |");
    }
}

struct measured {
    struct summary alert;
    struct summary quarantine;
    struct summary moved;
    unsigned highest_level;
};

static struct measured measure(const struct traffic *traffic, unsigned scopes, uint64_t seed)
{
    int64_t alert[SCOPES_MAX];
    int64_t quarantine[SCOPES_MAX];
    int64_t moved[SCOPES_MAX];
    unsigned lowest_level = LEVEL_COUNT - 1;
    struct measured measured = {.highest_level = 0};
    for (unsigned i = 0; i < scopes; i++) {
        struct course course = run_scope(traffic, seed * 1000 + i, false);
        alert[i] = course.first[TIER_ALERT];
        quarantine[i] = course.first[TIER_QUARANTINE];
        moved[i] = course.moved;
        lowest_level = course.level < lowest_level ? course.level : lowest_level;
        if (course.highest_level > measured.highest_level) {
            measured.highest_level = course.highest_level;
        }
    }
    measured.alert = summarise(alert, scopes);
    measured.quarantine = summarise(quarantine, scopes);
    measured.moved = summarise(moved, scopes);
    printf("| %-36s |", traffic->name);
    print_summary(&measured.alert);
    print_summary(&measured.quarantine);
    print_summary(&measured.moved);
    printf(" %.2f %% | %.2f %% |\n", (double)table_baseline_ppb(lowest_level) / 1e7,
            (double)table_baseline_ppb(measured.highest_level) / 1e7);
    return measured;
}

// Bounds on what is measured; medians and p0 only where they are not 0.
struct bounds {
    double alert_percent_min;
    double alert_percent_max;
    double quarantine_percent_min;
    double quarantine_percent_max;
    int64_t alert_by; // the median
    int64_t quarantine_by;
    double moved_percent_min;
    double p0_percent_max;
};

struct row {
    struct traffic traffic;
    unsigned scopes;
    struct bounds bounds;
};

static void check_rows(const struct row *rows, size_t count)
{
    printf("\n| traffic | alert (L2) | quarantine (L3) | baseline moved | lowest p0 at the end | "
           "highest p0 |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        const struct bounds *bounds = &rows[i].bounds;
        struct measured got = measure(&rows[i].traffic, rows[i].scopes, i);
        CU_ASSERT_TRUE(got.alert.percent >= bounds->alert_percent_min);
        CU_ASSERT_TRUE(got.alert.percent <= bounds->alert_percent_max);
        CU_ASSERT_TRUE(got.quarantine.percent >= bounds->quarantine_percent_min);
        CU_ASSERT_TRUE(got.quarantine.percent <= bounds->quarantine_percent_max);
        CU_ASSERT_TRUE(bounds->alert_by == 0 || got.alert.median <= bounds->alert_by);
        CU_ASSERT_TRUE(
                bounds->quarantine_by == 0 || got.quarantine.median <= bounds->quarantine_by);
        CU_ASSERT_TRUE(got.moved.percent >= bounds->moved_percent_min);
        double p0_percent = (double)table_baseline_ppb(got.highest_level) / 1e7;
        CU_ASSERT_TRUE(bounds->p0_percent_max <= 0 || p0_percent <= bounds->p0_percent_max);
    }
}

enum { K = 1000, M = 1000000 };

static void test_drift(void)
{
    static const struct row rows[] = {
            {{"stationary 0.5 %, 1M in 10 days", .005, .005, 0, 0, 1 * M, 100 * K, 5000, 0, 0}, 60,
                    {.alert_percent_max = 0}},
            {{"stationary 0.5 %, 1M in a day", .005, .005, 0, 0, 1 * M, 1 * M, 5000, 0, 0}, 60,
                    {.alert_percent_max = 0}},
            {{"0.5 to 1.0 % over 1M, 10 days", .005, .01, 1 * M, 1 * M, 0, 100 * K, 5000, 0, 0}, 60,
                    {.alert_percent_max = 0}},
            {{"the same from a cold start", .005, .01, 0, 1 * M, 0, 100 * K, 5000, 0, 0}, 60,
                    {.alert_percent_max = 0}},
            {{"the same within one day", .005, .01, 1 * M, 1 * M, 0, 1 * M, 5000, 0, 0}, 60,
                    {.alert_percent_max = 30}},
            {{"0.5 to 1.5 % over 3M, 30 days", .005, .015, 1 * M, 3 * M, 0, 100 * K, 5000, 0, 0},
                    30, {.alert_percent_max = 10}},
            {{"the same from a cold start", .005, .015, 0, 3 * M, 0, 100 * K, 5000, 0, 0}, 30,
                    {.alert_percent_max = 10}},
            {{"step 0.5 to 1.5 %", .005, .015, 1 * M, 0, 50 * K, 100 * K, 5000, 0, 0}, 60,
                    {100, 100, 0, 25, 6 * K, 0, 0, 0}},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

// An attacker who raises the rate so slowly that each message looks like the last.
static void test_poisoning(void)
{
    static const struct row rows[] = {
            {{"ramp 0.5 to 5 % over 200k", .005, .05, 1 * M, 200 * K, 0, 100 * K, 5000, 0, 0}, 60,
                    {100, 100, 100, 100, 60 * K, 80 * K, 0, 0.8}},
            {{"ramp 0.5 to 5 % over 2M, 20 days", .005, .05, 1 * M, 2 * M, 0, 100 * K, 5000, 0, 0},
                    30, {100, 100, 100, 100, 1500 * K, 1500 * K, 80, 2.2}},
            {{"the same from a cold start", .005, .05, 0, 2 * M, 0, 100 * K, 5000, 0, 0}, 30,
                    {100, 100, 100, 100, 1500 * K, 1500 * K, 80, 2.2}},
            {{"ramp 0.5 to 5 % over 6M, 60 days", .005, .05, 1 * M, 6 * M, 1 * M, 100 * K, 5000, 0,
                     0},
                    10, {100, 100, 100, 100, 6 * M, 6 * M, 100, 3.1}},
            {{"the same by a 10th of the vendor", .005, .05, 1 * M, 6 * M, 1 * M, 100 * K, 5000, 0,
                     450},
                    10, {100, 100, 100, 100, 3 * M, 3 * M, 0, 1.1}},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

// A new vendor with an honest rate that is above the prior: false alarms in 100,000 messages, of
// ten days.
static void test_hard_negatives(void)
{
    static const struct {
        struct traffic traffic;
        double quarantines_max;
    } rows[] = {
            {{"1.0 %, prior 0.5 %", .01, .01, 0, 0, 1 * M, 100 * K, 5000, 0, 0}, 0.01},
            {{"1.5 %, prior 0.5 %", .015, .015, 0, 0, 1 * M, 100 * K, 5000, 0, 0}, 3},
            {{"2.0 %, prior 0.5 %", .02, .02, 0, 0, 1 * M, 100 * K, 5000, 0, 0}, 12},
            {{"2.0 %, prior 1.0 %", .02, .02, 0, 0, 1 * M, 100 * K, 10000, 0, 0}, 1},
            {{"2.0 %, prior 2.0 %", .02, .02, 0, 0, 1 * M, 100 * K, 20000, 0, 0}, 0},
            {{"2.0 %, prior 0.5 %, told 2 %", .02, .02, 0, 0, 1 * M, 100 * K, 5000, 20000, 0}, 0},
            {{"0.5 %, prior 2.0 %", .005, .005, 0, 0, 1 * M, 100 * K, 20000, 0, 0}, 0},
    };
    enum { SCOPES = 20 };
    printf("\n| new vendor, 100,000 messages a day | L1 only | L2 | L3 (each in 100,000) | "
           "first L3 | p0 at the end |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct traffic *traffic = &rows[i].traffic;
        double per_100k[TIER_COUNT] = {0};
        int64_t first[SCOPES];
        unsigned level = 0;
        for (unsigned s = 0; s < SCOPES; s++) {
            struct course course = run_scope(traffic, 7000000 + i * 1000 + s, true);
            for (enum tier tier = TIER_NOTICE; tier <= TIER_QUARANTINE; tier++) {
                per_100k[tier] +=
                        course.excursions[tier] * 100000.0 / (double)traffic->hold / SCOPES;
            }
            first[s] = course.first[TIER_QUARANTINE];
            level = course.level > level ? course.level : level;
        }
        struct summary quarantine = summarise(first, SCOPES);
        printf("| %-36s | %.2f | %.2f | %.2f |", traffic->name, per_100k[TIER_NOTICE],
                per_100k[TIER_ALERT], per_100k[TIER_QUARANTINE]);
        print_summary(&quarantine);
        printf(" %.2f %% |\n", (double)table_baseline_ppb(level) / 1e7);
        CU_ASSERT_TRUE(per_100k[TIER_QUARANTINE] <= rows[i].quarantines_max);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"drift", test_drift},
            {"poisoning", test_poisoning},
            {"hard_negatives", test_hard_negatives},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "baseline_drift", tests);
}

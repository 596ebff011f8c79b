// decide: what late clearances take back of incidents, and how that is told.
#include <string.h>

#include "decide/decide.h"
#include "decide/hold_cap.h"
#include "decide_bench.h"
#include "unit.h"

enum { TOLD = 10 }; // misdirected messages of the incident when it is opened

static const struct path in_a = {.campaign = "a", .vendor = "v"};

static void raise(struct decide_bench *b, const char *campaign, enum tier tier)
{
    const struct path path = {.campaign = campaign, .vendor = "v"};
    for (unsigned i = 0; i < TOLD; i++) {
        decide_bench_meet(b, &path, REASON_NO_RECORD);
    }
    struct evidence evidence = decide_bench_evidence(TOLD);
    evidence.scope = (struct scope_name){SCOPE_CAMPAIGN, view_of(campaign), VIEW("t"), VIEW_NONE};
    decide_bench_raise(b, &path, SCOPE_CAMPAIGN, tier, &evidence);
}

// Late frame about `count` messages of a campaign, from a serial on.
static void clear_from(
        struct decide_bench *b, const char *campaign, uint64_t serial, unsigned count, bool held)
{
    struct delta_clearance clearances[TOLD * 10];
    const struct decision_taker taker = decide_bench_taker(b);
    CU_ASSERT_TRUE_FATAL(count <= sizeof clearances / sizeof *clearances);
    for (unsigned i = 0; i < count; i++) {
        struct delta_clearance *clearance = &clearances[i];
        *clearance = (struct delta_clearance){.serial = serial + i,
                .reasons = REASON_BIT(REASON_NO_RECORD),
                .held = held,
                .shadow = held ? 1 << SCOPE_CAMPAIGN : 0,
                .counts = true};
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            clearance->scopes[kind] = SCOPE_NONE;
        }
        clearance->scopes[SCOPE_CAMPAIGN] = decide_bench_scope(b, SCOPE_CAMPAIGN, campaign);
        clearance->scopes[SCOPE_VENDOR] = decide_bench_scope(b, SCOPE_VENDOR, "v");
        clearance->scopes[SCOPE_TENANT] = decide_bench_scope(b, SCOPE_TENANT, "t");
    }
    const struct frame frame = {.source_topic = VIEW("in")};
    const struct delta delta = {.frame = &frame,
            .sequence = b->sequence++,
            .log_time_ms = b->log_time_ms,
            .applied = true,
            .clearances = clearances,
            .clearance_count = count};
    CU_ASSERT_EQUAL_FATAL(decide_clear(b->decide, &delta, &taker), ERR_NONE);
}

static void clear(struct decide_bench *b, unsigned count)
{
    clear_from(b, "a", 0, count, false);
}

static const struct alert_action *last(const struct decide_bench *b)
{
    CU_ASSERT_TRUE_FATAL(b->taken_count > 0 && !b->taken[b->taken_count - 1].is_command);
    return &b->taken[b->taken_count - 1].alert;
}

// Once nothing is left of it, an update says so at once, and once.
static void test_nothing_is_left(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    raise(&b, "a", TIER_ALERT);
    CU_ASSERT_EQUAL(last(&b)->impact.escaped, TOLD);
    CU_ASSERT_EQUAL(last(&b)->impact.cleared_late, 0);
    clear(&b, TOLD - 1);
    CU_ASSERT_EQUAL(b.taken_count, 1); // it is too soon
    clear(&b, 1);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    CU_ASSERT_EQUAL(last(&b)->kind, ALERT_INCIDENT_UPDATED);
    CU_ASSERT_EQUAL(last(&b)->tier, TIER_ALERT);
    CU_ASSERT_EQUAL(last(&b)->impact.escaped, 0);
    CU_ASSERT_EQUAL(last(&b)->impact.cleared_late, TOLD);
    CU_ASSERT_EQUAL(last(&b)->impact.distinct_recipients, 0);
    CU_ASSERT_EQUAL(last(&b)->reasons[REASON_NO_RECORD], 0);
    CU_ASSERT_EQUAL(last(&b)->evidence.misdirected, TOLD); // by which it was raised
    CU_ASSERT_TRUE(view_is(last(&b)->causes[0].name, "feed_lag"));
    CU_ASSERT_EQUAL(last(&b)->causes[0].share_millionths, 1000000);
    CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_CAMPAIGN, "a"), TIER_ALERT);
    clear(&b, 1); // below 0 there is nothing
    CU_ASSERT_EQUAL(b.taken_count, 2);
    decide_bench_follow(&b, &in_a, 1, false, false);
    clear(&b, 1);
    CU_ASSERT_EQUAL(b.taken_count, 2); // one by one is not told
    decide_bench_fini(&b);
}

// Half of it: an update at the interval, late data as its likely cause, and the shares of one.
static void test_half_of_it(void)
{
    for (unsigned count = TOLD / 2 - 1; count <= TOLD / 2; count++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        raise(&b, "a", TIER_ALERT);
        clear(&b, count);
        CU_ASSERT_EQUAL(b.taken_count, 1);
        b.log_time_ms += b.policy.update_interval_ms;
        decide_bench_follow(&b, &in_a, 0, false, false);
        CU_ASSERT_EQUAL(b.taken_count, count == TOLD / 2 ? 2 : 1);
        if (b.taken_count == 2) {
            const struct alert_action *alert = last(&b);
            CU_ASSERT_EQUAL(alert->impact.escaped, TOLD - count);
            CU_ASSERT_EQUAL(alert->impact.cleared_late, count);
            CU_ASSERT_TRUE(view_is(alert->causes[0].name, "feed_lag"));
            CU_ASSERT_STRING_EQUAL(alert->causes[0].numbers[0].feature, "cleared_late");
            CU_ASSERT_EQUAL(alert->causes[0].numbers[0].count, count);
            CU_ASSERT_EQUAL(alert->causes[0].numbers[0].of, TOLD);
            int64_t shares = 0;
            for (uint32_t i = 0; i < alert->cause_count; i++) {
                shares += alert->causes[i].share_millionths;
                CU_ASSERT_TRUE(i == 0 || !view_is(alert->causes[i].name, "feed_lag"));
            }
            CU_ASSERT_EQUAL(shares, 1000000);
            decide_bench_follow(&b, &in_a, 0, false, false);
            CU_ASSERT_EQUAL(b.taken_count, 2); // it has been told
        }
        decide_bench_fini(&b);
    }
}

// Those that came while it was held, those that it never counted, and the hold that stays.
static void test_held(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    b.serial = 50;
    raise(&b, "a", TIER_QUARANTINE);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2); // with the hold
    decide_bench_follow(&b, &in_a, 6, true, false);
    clear_from(&b, "a", 100, 4, true);
    b.log_time_ms += b.policy.update_interval_ms;
    decide_bench_follow(&b, &in_a, 200, true, false);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 3);
    CU_ASSERT_EQUAL(last(&b)->impact.held, 202);
    CU_ASSERT_EQUAL(last(&b)->impact.escaped, TOLD);
    CU_ASSERT_EQUAL(last(&b)->impact.cleared_late, 4);
    CU_ASSERT_FALSE(view_is(last(&b)->causes[0].name, "feed_lag"));
    CU_ASSERT_TRUE(
            scopes_is_held(b.scopes, decide_bench_scope(&b, SCOPE_CAMPAIGN, "a"), b.log_time_ms));
    decide_bench_fini(&b);
}

// A message from before the incident's change point is none of its.
static void test_before_it_began(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    const struct path path = {.campaign = "a", .vendor = "v"};
    struct evidence evidence = decide_bench_evidence(3);
    decide_bench_meet_all(&b, "aaaaaaaa");
    decide_bench_follow(&b, &path, 1, false, true);
    decide_bench_follow(&b, &path, 1, false, false); // serials are below 1 so far
    evidence.start_serial = 1;
    decide_bench_raise(&b, &path, SCOPE_CAMPAIGN, TIER_ALERT, &evidence);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 1);
    clear_from(&b, "a", 0, 1, false);
    clear_from(&b, "a", 1, 3, false);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    CU_ASSERT_EQUAL(last(&b)->impact.cleared_late, 3);
    decide_bench_fini(&b);
}

// A hold that waits for its turn, and has lost what it was raised by, does not follow.
static void test_waiting_hold(void)
{
    for (unsigned stands = 0; stands < 2; stands++) {
        struct decide_bench b;
        decide_bench_init_capped(&b, 10, 1);
        raise(&b, "a", TIER_QUARANTINE);
        raise(&b, "b", TIER_QUARANTINE); // waits
        CU_ASSERT_EQUAL_FATAL(b.taken_count, 3);
        CU_ASSERT_STRING_EQUAL(last(&b)->evidence.withheld, "hold_cap");
        b.ratios_nat6[SCOPE_CAMPAIGN] = 20000000 - 1 + stands;
        clear_from(&b, "b", 100, 1, false);
        CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_CAMPAIGN, "a"), TIER_QUARANTINE); // it is held
        CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_CAMPAIGN, "b"),
                stands == 1 ? TIER_QUARANTINE : TIER_ALERT);
        b.log_time_ms += HOLD_CAP_WINDOW_MS;
        const struct decision_taker taker = decide_bench_taker(&b);
        decide_bench_delta(&b, &in_a, 0, true);
        CU_ASSERT_EQUAL_FATAL(decide_watch(b.decide, &b.delta, &taker), ERR_NONE);
        CU_ASSERT_EQUAL(b.taken_count, 3 + stands);
        decide_bench_fini(&b);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"nothing_is_left", test_nothing_is_left},
            {"half_of_it", test_half_of_it},
            {"held", test_held},
            {"before_it_began", test_before_it_began},
            {"waiting_hold", test_waiting_hold},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "decide_late", tests);
}

// related: what is one event and what is two, at the edges. More of it is in test_decide_life.c.
#include "decide/related.h"

#include <string.h>

#include "decide_bench.h"
#include "unit.h"

static void meet(
        struct decide_bench *b, const struct path *path, unsigned times, enum reason reason)
{
    for (unsigned i = 0; i < times; i++) {
        decide_bench_meet(b, path, reason);
    }
}

// As many messages over five campaigns of a template and vendor, so that none explains it.
static void meet_over(struct decide_bench *b, struct path path, unsigned times, enum reason reason)
{
    static const char *const campaigns[] = {"p", "q", "r", "s", "t"};
    for (unsigned i = 0; i < times; i++) {
        path.campaign = campaigns[i % 5];
        decide_bench_meet(b, &path, reason);
    }
}

static void raise(
        struct decide_bench *b, const struct path *path, enum scope_kind kind, enum tier tier)
{
    const struct evidence evidence = decide_bench_evidence(4);
    decide_bench_raise(b, path, kind, tier, &evidence);
}

// A template joins its vendor's event however much of it came through the template, as long as what is
// wrong is the same; a campaign must be one of many.
static void test_reasons(void)
{
    static const struct {
        const char *template_;
        const char *campaign;
        unsigned times;
        enum reason reason;
        bool joins;
    } rows[] = {
            {"x", NULL, 5, REASON_NO_RECORD, true},
            {"x", NULL, 20, REASON_NO_RECORD, true},
            {"x", NULL, 5, REASON_CLOSED_LOAN, false},
            {"x", NULL, 20, REASON_CLOSED_LOAN, false},
            {NULL, "a", 7, REASON_NO_RECORD, true},
            {NULL, "a", 8, REASON_NO_RECORD, false}, // 8 of 15
            {NULL, "a", 7, REASON_CLOSED_LOAN, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        decide_bench_meet_all(&b, "bcdefgh");
        raise(&b, &(struct path){.campaign = "c", .vendor = "v"}, SCOPE_VENDOR, TIER_ALERT);
        uint64_t from = b.serial;
        struct path path = {rows[i].campaign, rows[i].template_, NULL, "v"};
        enum scope_kind kind = rows[i].campaign != NULL ? SCOPE_CAMPAIGN : SCOPE_TEMPLATE;
        if (kind == SCOPE_CAMPAIGN) {
            meet(&b, &path, rows[i].times, rows[i].reason);
        } else {
            meet_over(&b, path, rows[i].times, rows[i].reason);
        }
        struct evidence evidence = decide_bench_evidence(4);
        evidence.start_serial = from;
        decide_bench_raise(&b, &path, kind, TIER_ALERT, &evidence);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), rows[i].joins ? 1 : 2);
        decide_bench_fini(&b);
    }
}

// Of a tenant 64 messages are remembered: a campaign's own have long left its list, and the frame
// still says whose the campaign is.
static void test_tenant_that_forgot(void)
{
    static const struct path a = {.campaign = "a", .vendor = "w"};
    static const struct path elsewhere = {.vendor = "u"};
    struct decide_bench b;
    decide_bench_init(&b, 10);
    for (char name[] = "f"; name[0] < 'n'; name[0]++) {
        const struct path path = {.campaign = name, .vendor = name};
        meet(&b, &path, 1, REASON_WRONG_DEBT);
    }
    raise(&b, &a, SCOPE_TENANT, TIER_ALERT);
    CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_TENANT, "t"), TIER_ALERT);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
    meet(&b, &a, 4, REASON_WRONG_DEBT);
    meet_over(&b, elsewhere, RECENT_MAX, REASON_WRONG_DEBT);
    raise(&b, &a, SCOPE_CAMPAIGN, TIER_NOTICE);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
    decide_bench_fini(&b);
}

static struct evidence campaign_evidence(int64_t misdirected, int64_t judged)
{
    struct evidence evidence = decide_bench_evidence(judged);
    evidence.misdirected = misdirected;
    evidence.threshold_nat6 = 20000000;
    evidence.tenant_judged = judged + 20;
    evidence.tenant_misdirected = misdirected + 4;
    return evidence;
}

// A campaign that joined a tenant's late data leaves them when it turns out to be worse; one that was
// there before them does not.
static void test_leaves_late_data(void)
{
    static const struct path c = {.campaign = "c", .vendor = "v"};
    static const struct path d = {.campaign = "d", .vendor = "w"};
    for (unsigned was_first = 0; was_first < 2; was_first++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        if (was_first != 0) {
            meet(&b, &c, 4, REASON_NO_RECORD);
            raise(&b, &c, SCOPE_CAMPAIGN, TIER_NOTICE);
        }
        decide_bench_meet_all(&b, "ccxy");
        meet(&b, &d, 4, REASON_NO_RECORD);
        struct evidence lag = decide_bench_evidence(10);
        lag.estimated_rate_millionths = 200000;
        decide_bench_raise(&b, &d, SCOPE_TENANT, TIER_NOTICE, &lag);
        const struct evidence few = campaign_evidence(3, 8);
        decide_bench_raise(&b, &c, SCOPE_CAMPAIGN, TIER_NOTICE, &few);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
        CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_TENANT, "t"), TIER_NOTICE);
        unsigned before = b.taken_count;
        const struct evidence all = campaign_evidence(12, 12);
        decide_bench_raise(&b, &c, SCOPE_CAMPAIGN, TIER_QUARANTINE, &all);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), was_first != 0 ? 1 : 2);
        CU_ASSERT_EQUAL_FATAL(b.taken_count, before + 2);
        CU_ASSERT_EQUAL(b.taken[before].alert.kind,
                was_first != 0 ? ALERT_INCIDENT_ESCALATED : ALERT_INCIDENT_OPENED);
        CU_ASSERT_TRUE(b.taken[before + 1].is_command);
        decide_bench_fini(&b);
    }
}

// A stream of a tenant joins what the same stream has raised at one of its vendors; once it has told
// of the tenant, those of its other vendors join.
static void test_streams_of_a_tenant(void)
{
    static const struct path v = {.campaign = "c", .vendor = "v"};
    static const struct path w = {.campaign = "d", .vendor = "w"};
    static const struct path u = {.campaign = "e", .vendor = "u"};
    static const struct {
        const char *stream;
        bool joins;
    } rows[] = {{"invalid", true}, {"walking", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        struct evidence evidence = decide_bench_evidence(4);
        evidence.scope = (struct scope_name){
                .kind = SCOPE_VENDOR, .id = view_of("v"), .tenant_id = view_of("t")};
        evidence.stream = evidence.node = "invalid";
        decide_bench_raise(&b, &v, SCOPE_VENDOR, TIER_NOTICE, &evidence);
        evidence.scope = (struct scope_name){
                .kind = SCOPE_TENANT, .id = view_of("t"), .tenant_id = view_of("t")};
        evidence.stream = evidence.node = rows[i].stream;
        decide_bench_raise(&b, &w, SCOPE_TENANT, TIER_ALERT, &evidence);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), rows[i].joins ? 1 : 2);
        decide_bench_raise(&b, &u, SCOPE_VENDOR, TIER_NOTICE, &evidence);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), rows[i].joins ? 1 : 2);
        evidence.stream = evidence.node = "repeated";
        decide_bench_raise(&b, &w, SCOPE_VENDOR, TIER_NOTICE, &evidence);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), rows[i].joins ? 2 : 3);
        decide_bench_fini(&b);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"reasons", test_reasons},
            {"tenant_that_forgot", test_tenant_that_forgot},
            {"leaves_late_data", test_leaves_late_data},
            {"streams_of_a_tenant", test_streams_of_a_tenant},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "related", tests);
}

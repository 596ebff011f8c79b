// lag: when what speaks against a scope is rather data that lag behind, case by case at the
// edges. Which incident an alarm joins is in test_decide_life.c.
#include "decide/lag.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define AT INT64_C(1763769600000)

enum { TENANT = 0, CAMPAIGN = 1, VENDOR_0 = 10 };

struct bench {
    struct incidents *incidents;
    struct recent *recent;
    uint64_t serial;
};

static void bench_init(struct bench *b)
{
    *b = (struct bench){0};
    const struct recent_options options = {.max_entries = 1000};
    CU_ASSERT_EQUAL_FATAL(recent_create(&b->recent, &options), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(incidents_create(&b->incidents, 10), ERR_NONE);
}

static void bench_fini(struct bench *b)
{
    incidents_destroy(b->incidents);
    recent_destroy(b->recent);
}

static void meet(
        struct bench *b, int32_t campaign, char vendor, bool has_tenant, enum reason reason)
{
    const struct recent_message message = {.tag = b->serial,
            .serial = b->serial,
            .log_time_ms = AT,
            .reasons = REASON_BIT(reason)};
    b->serial++;
    uint32_t entry;
    enum err e = recent_enter(b->recent, &message, &entry);
    e = e != ERR_NONE ? e : recent_link(b->recent, entry, campaign, SCOPE_CAMPAIGN);
    if (vendor != '-') {
        int32_t scope = VENDOR_0 + (vendor | 0x20) - 'a';
        e = e != ERR_NONE ? e : recent_link(b->recent, entry, scope, SCOPE_VENDOR);
    }
    if (has_tenant) {
        e = e != ERR_NONE ? e : recent_link(b->recent, entry, TENANT, SCOPE_TENANT);
    }
    CU_ASSERT_EQUAL_FATAL(e, ERR_NONE);
}

// A letter a message, by its vendor: small ones have no record, of capitals the debt is wrong.
static void meet_all(struct bench *b, int32_t campaign, const char *vendors)
{
    for (; *vendors != '\0'; vendors++) {
        bool is_small = *vendors >= 'a' || *vendors == '-';
        meet(b, campaign, *vendors, true, is_small ? REASON_NO_RECORD : REASON_WRONG_DEBT);
    }
}

// The tenant's windows; one for each node, those of nothing judged speak not.
struct windows {
    struct window of[2];
    unsigned count;
};

static bool window(void *self, int32_t scope, unsigned node, struct window *ret_window)
{
    const struct windows *windows = self;
    CU_ASSERT_EQUAL(scope, TENANT);
    if (node >= windows->count) {
        return false;
    }
    *ret_window = windows->of[node];
    return true;
}

static bool is_lag_by(struct bench *b, enum scope_kind kind, int32_t scope,
        const struct evidence *evidence, struct windows *windows)
{
    const struct scope_delta row = {.scope = scope, .kind = kind};
    const struct decision_taker taker = {.window = window, .self = windows};
    struct hearing hearing = {.row = &row, .evidence = evidence, .taker = &taker};
    hearing.tenant = TENANT;
    hearing.count = recent_since(b->recent, scope, evidence->start_serial, hearing.entries);
    return lag_is_likely(b->incidents, b->recent, &hearing);
}

static bool is_lag(
        struct bench *b, enum scope_kind kind, int32_t scope, const struct evidence *evidence)
{
    struct windows none = {.count = 0};
    return is_lag_by(b, kind, scope, evidence, &none);
}

// Of a tenant: five messages, two vendors with two at least, none with more than 85 % of it, less
// than 70 % of all misdirected, nine of ten without a record.
static void test_tenant(void)
{
    static const struct {
        const char *vendors;
        int64_t rate_millionths;
        bool lags;
    } rows[] = {
            {"aabbc", 200000, true},
            {"aabb", 200000, false},                  // too few to say
            {"aaaab", 200000, false},                 // the second vendor has one
            {"aaaaaaaaaaaaaaaaabbb", 200000, true},   // 85 %
            {"aaaaaaaaaaaaaaaaaabbb", 200000, false}, // 86 %
            {"aabbc", 699999, true},
            {"aabbc", 700000, false},       // a list, not a share
            {"abcabcabcA", 200000, true},   // 90 % have no record
            {"abcabcabcAB", 200000, false}, // 82 %
            {"-----", 200000, false},       // nobody names a vendor
            {"", 200000, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_init(&b);
        meet_all(&b, CAMPAIGN, rows[i].vendors);
        const struct evidence evidence = {.estimated_rate_millionths = rows[i].rate_millionths};
        if (is_lag(&b, SCOPE_TENANT, TENANT, &evidence) != rows[i].lags) {
            CU_FAIL("of a tenant");
            printf("  row %zu\n", i);
        }
        bench_fini(&b);
    }
}

// A campaign's evidence, and its tenant's by which so many were judged elsewhere.
static struct evidence evidence_of(
        const char *own, int64_t judged, const char *elsewhere, int64_t judged_elsewhere)
{
    int64_t misdirected = (int64_t)strlen(own);
    return (struct evidence){.judged = judged,
            .misdirected = misdirected,
            .baseline_millionths = 7611,
            .threshold_nat6 = 20000000,
            .estimated_rate_millionths = misdirected * 1000000 / judged,
            .tenant_judged = judged + judged_elsewhere,
            .tenant_misdirected = misdirected + (int64_t)strlen(elsewhere)};
}

// Of a campaign: of three that are remembered elsewhere in the tenant two and 15 % at least through other
// vendors, and what the campaign has beyond their rate is no more than chance.
static void test_campaign(void)
{
    static const struct {
        const char *own;
        int64_t judged;
        const char *elsewhere;
        int64_t judged_elsewhere; // since the tenant's excursion began
        bool lags;
    } rows[] = {
            {"aaa", 7, "bbb", 60, true}, {"aaa", 7, "bb", 10, false}, {"aaa", 7, "aab", 10, false},
            {"aaa", 7, "abb", 10, true}, {"aaa", 7, "aaaaaaaaaaabb", 20, true}, // 15 %
            {"aaa", 7, "aaaaaaaaaaaabb", 20, false},                            // 14 %

            {"aaa", 7, "aaa", 10, false}, // its own vendor's only
            {"aaa", 7, "bbC", 10, false}, // two thirds have no record
            {"aaa", 7, "bbbbbbbbbC", 10, true},
            {"---", 7, "bbb", 10, true},                            // a campaign without vendor
            {"aaa", 7, "", 10, false}, {"aaa", 7, "bbb", 0, false}, // of which nothing is known
            {"aaaaaaaa", 9, "bbbb", 10, true}, // 8 of 9 by chance, where 4 of 10 have no record
            {"aaaaaaaa", 9, "bbb", 24, true},  // 13.6 nats beyond 12.5 %
            {"aaaaaaaa", 9, "bbb", 25, false}, // 14.0 nats beyond 12 %
            {"aaaaAAAA", 9, "bbbb", 10, true}, // 13.4 nats: four of nine whose debt is wrong
            {"aaaAAAAA", 9, "bbbb", 10, false}, {"aaa", 300, "bbb", 100, true},
            {"aaaAAA", 200, "bbbbb", 50, true},     // those with a record are no more than usual
            {"aaaaaaa", 7, "bbbbbbbbbb", 10, true}, // all, here and elsewhere
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_init(&b);
        meet_all(&b, CAMPAIGN, rows[i].own);
        meet_all(&b, CAMPAIGN + 1, rows[i].elsewhere);
        const struct evidence evidence = evidence_of(
                rows[i].own, rows[i].judged, rows[i].elsewhere, rows[i].judged_elsewhere);
        if (is_lag(&b, SCOPE_CAMPAIGN, CAMPAIGN, &evidence) != rows[i].lags) {
            CU_FAIL("of a campaign");
            printf("  row %zu\n", i);
        }
        bench_fini(&b);
    }
}

// A notice wants less, so that less makes it surely worse: 9.9 nats here.
static void test_notice(void)
{
    struct bench b;
    bench_init(&b);
    meet_all(&b, CAMPAIGN, "aaa");
    meet_all(&b, CAMPAIGN + 1, "bbb");
    struct evidence evidence = evidence_of("aaa", 7, "bbb", 1000);
    CU_ASSERT_TRUE(is_lag(&b, SCOPE_CAMPAIGN, CAMPAIGN, &evidence));
    evidence.threshold_nat6 = 9000000;
    CU_ASSERT_FALSE(is_lag(&b, SCOPE_CAMPAIGN, CAMPAIGN, &evidence));
    bench_fini(&b);
}

// The tenant's excursion may have begun long before its data lag: then the window counts that its
// messages are the most surprise in.
static void test_window(void)
{
    static const struct {
        struct windows windows;
        bool lags;
    } rows[] = {
            {{{{0}}, 0}, false},        // 5 of 141 in the whole excursion
            {{{{19, 12, 0}}, 1}, true}, // 4 of 10 beside the campaign
            {{{{150, 13, 0}, {19, 12, 0}}, 2}, true}, {{{{19, 12, 0}, {150, 13, 0}}, 2}, true},
            {{{{0, 0, UINT64_MAX}, {150, 13, 0}}, 2}, false},
            {{{{10, 4, 8}}, 1}, true}, // it began behind all of the campaign's
            {{{{14, 8, 4}}, 1}, true}, // half of the campaign's have come since then
            {{{{4, 4, 0}}, 1}, false}, // less than what has come through the campaign
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_init(&b);
        meet_all(&b, CAMPAIGN, "aaaaaaaa");
        meet_all(&b, CAMPAIGN + 1, "bbbb");
        struct evidence evidence = evidence_of("aaaaaaaa", 9, "bbbbb", 141);
        struct windows windows = rows[i].windows;
        if (is_lag_by(&b, SCOPE_CAMPAIGN, CAMPAIGN, &evidence, &windows) != rows[i].lags) {
            CU_FAIL("by the tenant's window");
            printf("  row %zu\n", i);
        }
        bench_fini(&b);
    }
}

// Only what came since the tenant's excursion began says anything, and nothing is said where that
// or the tenant is not known.
static void test_what_is_not_known(void)
{
    struct bench b;
    bench_init(&b);
    meet_all(&b, CAMPAIGN + 1, "bbb");
    meet_all(&b, CAMPAIGN, "aaa");
    struct evidence evidence = {.judged = 7,
            .misdirected = 3,
            .threshold_nat6 = 20000000,
            .estimated_rate_millionths = 400000,
            .tenant_judged = 20,
            .tenant_misdirected = 6};
    CU_ASSERT_TRUE(is_lag(&b, SCOPE_CAMPAIGN, CAMPAIGN, &evidence));
    evidence.tenant_start_serial = 1;
    CU_ASSERT_FALSE(is_lag(&b, SCOPE_CAMPAIGN, CAMPAIGN, &evidence));
    evidence.tenant_start_serial = 0;
    evidence.tenant_judged = 0;
    evidence.tenant_misdirected = 0;
    CU_ASSERT_FALSE(is_lag(&b, SCOPE_CAMPAIGN, CAMPAIGN, &evidence));
    bench_fini(&b);

    bench_init(&b); // the tenant had met them all: no entry is in its list
    for (unsigned i = 0; i < 3; i++) {
        meet(&b, CAMPAIGN, 'a', false, REASON_NO_RECORD);
    }
    evidence.tenant_judged = 20;
    evidence.tenant_misdirected = 6;
    CU_ASSERT_FALSE(is_lag(&b, SCOPE_CAMPAIGN, CAMPAIGN, &evidence));
    bench_fini(&b);
}

// A tenant that has been taken for one whose data lag stays so; of its scopes each is still looked at
// by what is remembered elsewhere.
static void test_tenant_that_lags(void)
{
    struct bench b;
    bench_init(&b);
    meet_all(&b, CAMPAIGN, "aaa");
    const struct digest_id id = {{1}};
    struct incident *incident = NULL;
    CU_ASSERT_EQUAL_FATAL(incidents_open(b.incidents, TENANT, &id, &incident), ERR_NONE);
    struct evidence evidence = evidence_of("aaa", 7, "bb", 40);
    CU_ASSERT_FALSE(is_lag(&b, SCOPE_TENANT, TENANT, &evidence));
    incident->lags = true;
    CU_ASSERT_TRUE(is_lag(&b, SCOPE_TENANT, TENANT, &evidence));
    CU_ASSERT_FALSE(is_lag(&b, SCOPE_CAMPAIGN, CAMPAIGN, &evidence));
    struct windows windows = {{{19, 11, 0}}, 1}; // 8 of 12 elsewhere
    CU_ASSERT_TRUE(is_lag_by(&b, SCOPE_CAMPAIGN, CAMPAIGN, &evidence, &windows));
    windows.of[0] = (struct window){100, 6, 0}; // 3 of 93
    CU_ASSERT_FALSE(is_lag_by(&b, SCOPE_CAMPAIGN, CAMPAIGN, &evidence, &windows));
    incident->root = CAMPAIGN + 1; // it is not the tenant's as a whole
    CU_ASSERT_FALSE(is_lag(&b, SCOPE_TENANT, TENANT, &evidence));
    incident->root = TENANT;
    bench_fini(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"tenant", test_tenant},
            {"campaign", test_campaign},
            {"notice", test_notice},
            {"window", test_window},
            {"what_is_not_known", test_what_is_not_known},
            {"tenant_that_lags", test_tenant_that_lags},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "lag", tests);
}

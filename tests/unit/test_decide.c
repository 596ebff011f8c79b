// decide: tiers and their extra conditions, who is acted on, ids, the ceiling of incidents.
#include "decide/decide.h"

#include <string.h>

#include "decide_bench.h"
#include "unit.h"

#define AT DECIDE_AT

static const struct path in_c = {.campaign = "c", .vendor = "v"};

// A frame of campaign c in which a scope reaches a tier by four of four.
static void raise(struct decide_bench *b, enum scope_kind kind, const char *campaign,
        enum tier tier, int64_t sequence)
{
    const struct evidence evidence = decide_bench_evidence(4);
    const struct path path = {.campaign = campaign, .vendor = "v"};
    b->sequence = sequence;
    decide_bench_raise(b, &path, kind, tier, &evidence);
}

// none → notice → alert → quarantine: one alert each, and a hold with the last.
static void test_staircase(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "cccc");
    raise(&b, SCOPE_CAMPAIGN, "c", TIER_NOTICE, 100);
    raise(&b, SCOPE_CAMPAIGN, "c", TIER_ALERT, 101);
    raise(&b, SCOPE_CAMPAIGN, "c", TIER_QUARANTINE, 102);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 4);
    CU_ASSERT_EQUAL(b.taken[0].alert.kind, ALERT_INCIDENT_OPENED);
    CU_ASSERT_EQUAL(b.taken[0].alert.tier, TIER_NOTICE);
    CU_ASSERT_EQUAL(b.taken[1].alert.kind, ALERT_INCIDENT_ESCALATED);
    CU_ASSERT_EQUAL(b.taken[2].alert.tier, TIER_QUARANTINE);
    const struct alert_action *alert = &b.taken[2].alert;
    CU_ASSERT_EQUAL(alert->occurred_at_ms, AT - 7); // the event that caused it
    CU_ASSERT_EQUAL(alert->reasons[REASON_NO_RECORD], 4);
    CU_ASSERT_TRUE(view_is(alert->causes[0].name, "wrong_list"));
    CU_ASSERT_EQUAL(alert->sample_count, 1);
    CU_ASSERT_TRUE(view_is(alert->policy_version, b.policy.version));
    CU_ASSERT_TRUE_FATAL(b.taken[3].is_command);
    const struct command_action *command = &b.taken[3].command;
    CU_ASSERT_EQUAL(command->sequence, 102);
    CU_ASSERT_EQUAL(command->kind, COMMAND_HOLD);
    CU_ASSERT_EQUAL(command->target, TARGET_SCOPE);
    CU_ASSERT_EQUAL(command->issued_at_ms, AT); // log time
    CU_ASSERT_EQUAL(command->expires_at_ms, AT + b.policy.scope_hold_ms);
    CU_ASSERT_TRUE(scopes_is_held(b.scopes, decide_bench_scope(&b, SCOPE_CAMPAIGN, "c"), AT));
    for (unsigned i = 1; i < 3; i++) {
        CU_ASSERT_EQUAL(memcmp(&b.taken[i].alert.incident_id, &b.taken[0].alert.incident_id,
                                sizeof(struct digest_id)),
                0);
        CU_ASSERT_NOT_EQUAL(memcmp(&b.taken[i].alert.alert_id, &b.taken[i - 1].alert.alert_id,
                                    sizeof(struct digest_id)),
                0);
    }
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
    CU_ASSERT_EQUAL(
            decide_tier(b.decide, decide_bench_scope(&b, SCOPE_CAMPAIGN, "c")), TIER_QUARANTINE);
    decide_bench_fini(&b);
}

// Quarantine wants three people, however many messages they got.
static void test_three_people(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    const struct evidence evidence = decide_bench_evidence(20);
    decide_bench_meet_all(&b, "cc");
    decide_bench_delta(&b, &in_c, 1, false);
    const struct scope_delta *row = decide_bench_row(&b, SCOPE_CAMPAIGN);
    CU_ASSERT_EQUAL(decide_bench_admit(&b, row, TIER_QUARANTINE, false, &evidence), TIER_ALERT);
    CU_ASSERT_EQUAL(decide_bench_admit(&b, row, TIER_NOTICE, false, &evidence), TIER_NOTICE);
    decide_bench_meet_all(&b, "c");
    CU_ASSERT_EQUAL(
            decide_bench_admit(&b, row, TIER_QUARANTINE, false, &evidence), TIER_QUARANTINE);
    struct evidence late = evidence;
    late.start_serial = 1; // those before the change point are no evidence
    CU_ASSERT_EQUAL(decide_bench_admit(&b, row, TIER_QUARANTINE, false, &late), TIER_ALERT);
    decide_bench_fini(&b);
}

// Stop: three campaigns at least, none with more than half, and a rate that is surely high.
static void test_stop(void)
{
    static const struct {
        const char *campaigns;
        int64_t lower_millionths;
        int64_t baseline_millionths;
        enum tier tier;
    } rows[] = {
            {"abcabcabcabc", 60000, 8000, TIER_STOP},
            {"aabbccaabbaa", 60000, 8000, TIER_STOP},        // a has exactly half
            {"aabbccaabbaaa", 60000, 8000, TIER_QUARANTINE}, // and now more
            {"abababababab", 60000, 8000, TIER_QUARANTINE},
            {"abcabcabcabc", 49999, 8000, TIER_QUARANTINE},
            {"abcabcabcabc", 50000, 8000, TIER_STOP},
            {"abcabcabcabc", 60000, 20001, TIER_QUARANTINE}, // three times the baseline is more
            {"abcabcabcabc", 60000, 20000, TIER_STOP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        decide_bench_meet_all(&b, rows[i].campaigns);
        struct evidence evidence = decide_bench_evidence(12);
        b.lower_millionths = rows[i].lower_millionths;
        evidence.baseline_millionths = rows[i].baseline_millionths;
        decide_bench_delta(&b, &in_c, 1, false);
        const struct scope_delta *row = decide_bench_row(&b, SCOPE_VENDOR);
        CU_ASSERT_EQUAL(decide_bench_admit(&b, row, TIER_STOP, false, &evidence), rows[i].tier);
        decide_bench_fini(&b);
    }
}

// A vendor or tenant without history is held only when the rate is surely high; a campaign always.
static void test_cold(void)
{
    static const struct {
        enum scope_kind kind;
        bool is_cold;
        int64_t lower_millionths;
        enum tier tier;
    } rows[] = {
            {SCOPE_VENDOR, true, 49999, TIER_ALERT},
            {SCOPE_VENDOR, true, 50000, TIER_QUARANTINE},
            {SCOPE_VENDOR, false, 0, TIER_QUARANTINE},
            {SCOPE_TENANT, true, 49999, TIER_ALERT},
            {SCOPE_CAMPAIGN, true, 0, TIER_QUARANTINE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        decide_bench_meet_all(&b, "cccc");
        b.lower_millionths = rows[i].lower_millionths;
        const struct evidence evidence = decide_bench_evidence(4);
        decide_bench_delta(&b, &in_c, 1, false);
        const struct scope_delta *row = decide_bench_row(&b, rows[i].kind);
        CU_ASSERT_EQUAL(decide_bench_admit(&b, row, TIER_QUARANTINE, rows[i].is_cold, &evidence),
                rows[i].tier);
        decide_bench_fini(&b);
    }
}

// Data that lag behind cap any tier at alert (test_lag.c has the cases).
static void test_feed_lag(void)
{
    static const struct {
        enum tier wanted;
        int64_t judged_elsewhere; // of which four are misdirected
        enum tier admitted;
    } rows[] = {
            {TIER_QUARANTINE, 20, TIER_ALERT}, {TIER_STOP, 20, TIER_ALERT},
            {TIER_NOTICE, 20, TIER_NOTICE},
            {TIER_QUARANTINE, 2000, TIER_QUARANTINE}, // not nearly as bad elsewhere
    };
    static const struct path elsewhere = {.campaign = "d", .vendor = "w"};
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "cccc");
    for (unsigned i = 0; i < 4; i++) {
        decide_bench_meet(&b, &elsewhere, REASON_NO_RECORD);
    }
    decide_bench_delta(&b, &in_c, 1, false);
    const struct scope_delta *row = decide_bench_row(&b, SCOPE_CAMPAIGN);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct evidence evidence = decide_bench_evidence(4);
        evidence.threshold_nat6 = 20000000;
        evidence.tenant_judged = 4 + rows[i].judged_elsewhere;
        evidence.tenant_misdirected = 8;
        CU_ASSERT_EQUAL(
                decide_bench_admit(&b, row, rows[i].wanted, false, &evidence), rows[i].admitted);
    }
    decide_bench_fini(&b);
}

// A vendor's alarm that one campaign explains is the campaign's; what it explains is taken off the
// vendor and tenant.
static void test_child_explains(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "aaaab");
    raise(&b, SCOPE_VENDOR, "c", TIER_STOP, 7);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    CU_ASSERT_EQUAL(b.taken[0].alert.scope.kind, SCOPE_CAMPAIGN);
    CU_ASSERT_TRUE(view_is(b.taken[0].alert.scope.id, "a"));
    // stop is for the wide scope as a whole
    CU_ASSERT_EQUAL(b.taken[0].alert.tier, TIER_QUARANTINE);
    CU_ASSERT_TRUE(view_is(b.taken[1].command.scope.id, "a"));
    CU_ASSERT_EQUAL(decide_tier(b.decide, decide_bench_scope(&b, SCOPE_VENDOR, "v")), TIER_NONE);
    CU_ASSERT_EQUAL_FATAL(b.explained_count, 2);
    CU_ASSERT_EQUAL(b.explained[0].parent, decide_bench_scope(&b, SCOPE_VENDOR, "v"));
    CU_ASSERT_EQUAL(b.explained[1].parent, decide_bench_scope(&b, SCOPE_TENANT, "t"));
    CU_ASSERT_EQUAL(b.explained[0].child, decide_bench_scope(&b, SCOPE_CAMPAIGN, "a"));
    CU_ASSERT_EQUAL(b.explained[0].share_num, 4);
    CU_ASSERT_EQUAL(b.explained[0].share_den, 4);
    struct recent_entry left[RECENT_MAX];
    CU_ASSERT_EQUAL(recent_since(b.recent, decide_bench_scope(&b, SCOPE_VENDOR, "v"), 0, left), 1);
    // The same alarm again changes nothing while the campaign's tier is there already.
    decide_bench_meet_all(&b, "aaaaaaaa");
    raise(&b, SCOPE_VENDOR, "c", TIER_QUARANTINE, 8);
    CU_ASSERT_EQUAL(b.taken_count, 2);
    decide_bench_fini(&b);
}

// Several explain it, but one of them by two people only: that one is not held.
static void test_child_of_too_few_people(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "aaaaaabb");
    raise(&b, SCOPE_VENDOR, "c", TIER_QUARANTINE, 7);
    CU_ASSERT_EQUAL(
            decide_tier(b.decide, decide_bench_scope(&b, SCOPE_CAMPAIGN, "a")), TIER_QUARANTINE);
    CU_ASSERT_EQUAL(decide_tier(b.decide, decide_bench_scope(&b, SCOPE_CAMPAIGN, "b")), TIER_ALERT);
    CU_ASSERT_EQUAL(b.taken_count, 3); // two alerts, one hold
    decide_bench_fini(&b);
}

// Nothing narrower explains it: the wide scope itself, with its contributors.
static void test_wide_scope(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "abcdabcda");
    raise(&b, SCOPE_VENDOR, "c", TIER_STOP, 7);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    const struct alert_action *alert = &b.taken[0].alert;
    CU_ASSERT_EQUAL(alert->scope.kind, SCOPE_VENDOR);
    CU_ASSERT_EQUAL(alert->tier, TIER_STOP);
    CU_ASSERT_EQUAL_FATAL(alert->contributor_count, 4);
    CU_ASSERT_TRUE(view_is(alert->contributors[0].scope.id, "a"));
    CU_ASSERT_EQUAL(alert->contributors[0].misdirected, 3);
    CU_ASSERT_EQUAL(b.taken[1].command.tier, TIER_STOP);
    CU_ASSERT_EQUAL_FATAL(b.explained_count, 1); // the tenant
    decide_bench_fini(&b);
}

// Ids depend on scope, detector version, tally partition and offset of the opening frame, and on
// nothing else.
static void test_ids(void)
{
    struct digest_id ids[4];
    static const struct {
        const char *campaign;
        int64_t sequence;
        unsigned people;
    } rows[] = {{"c", 5, 3}, {"c", 5, 4}, {"c", 6, 3}, {"d", 5, 3}};
    for (unsigned i = 0; i < 4; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        for (unsigned p = 0; p < rows[i].people; p++) {
            decide_bench_meet_all(&b, rows[i].campaign);
        }
        raise(&b, SCOPE_CAMPAIGN, rows[i].campaign, TIER_NOTICE, rows[i].sequence);
        ids[i] = b.taken[0].alert.incident_id;
        decide_bench_fini(&b);
    }
    CU_ASSERT_EQUAL(memcmp(&ids[0], &ids[1], sizeof *ids), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(&ids[0], &ids[2], sizeof *ids), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(&ids[0], &ids[3], sizeof *ids), 0);
}

// A hold that has run out by log time closes its incident, tells so, and makes room; the scope may
// open another.
static void test_expiry(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 1);
    decide_bench_meet_all(&b, "ccc");
    raise(&b, SCOPE_CAMPAIGN, "c", TIER_QUARANTINE, 5);
    const struct decision_taker taker = decide_bench_taker(&b);
    struct delta later = b.delta;
    later.sequence = 9;
    later.log_time_ms = AT + b.policy.scope_hold_ms - 1;
    CU_ASSERT_EQUAL(decide_expire(b.decide, &later, &taker), ERR_NONE);
    CU_ASSERT_EQUAL(b.taken_count, 2);
    later.log_time_ms++;
    CU_ASSERT_EQUAL(decide_expire(b.decide, &later, &taker), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 4);
    CU_ASSERT_EQUAL(b.taken[2].command.kind, COMMAND_EXPIRED);
    CU_ASSERT_EQUAL(b.taken[2].command.sequence, 9);
    CU_ASSERT_EQUAL(b.taken[3].alert.kind, ALERT_INCIDENT_CLOSED);
    CU_ASSERT_EQUAL(memcmp(&b.taken[3].alert.incident_id, &b.taken[0].alert.incident_id,
                            sizeof(struct digest_id)),
            0);
    CU_ASSERT_EQUAL(b.closed[0], decide_bench_scope(&b, SCOPE_CAMPAIGN, "c"));
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 0);
    CU_ASSERT_EQUAL(decide_tier(b.decide, b.closed[0]), TIER_NONE);
    CU_ASSERT_EQUAL(decide_expire(b.decide, &later, &taker), ERR_NONE); // once
    raise(&b, SCOPE_CAMPAIGN, "c", TIER_QUARANTINE, 10);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 6);
    CU_ASSERT_EQUAL(b.taken[4].alert.kind, ALERT_INCIDENT_OPENED);
    CU_ASSERT_NOT_EQUAL(memcmp(&b.taken[4].alert.incident_id, &b.taken[0].alert.incident_id,
                                sizeof(struct digest_id)),
            0);
    decide_bench_fini(&b);
}

static void test_ceiling(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 2);
    decide_bench_meet_all(&b, "abc");
    raise(&b, SCOPE_CAMPAIGN, "a", TIER_NOTICE, 1);
    raise(&b, SCOPE_CAMPAIGN, "b", TIER_NOTICE, 2);
    CU_ASSERT_EQUAL(decide_overflowed(b.decide), 0);
    raise(&b, SCOPE_CAMPAIGN, "c", TIER_QUARANTINE, 3);
    CU_ASSERT_EQUAL(decide_overflowed(b.decide), 1);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 2);
    CU_ASSERT_EQUAL(b.taken_count, 2);
    CU_ASSERT_FALSE(scopes_is_held(b.scopes, decide_bench_scope(&b, SCOPE_CAMPAIGN, "c"), AT));
    raise(&b, SCOPE_CAMPAIGN, "a", TIER_QUARANTINE, 4); // those that are open go on
    CU_ASSERT_EQUAL(b.taken_count, 4);
    decide_bench_fini(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"staircase", test_staircase},
            {"three_people", test_three_people},
            {"stop", test_stop},
            {"cold", test_cold},
            {"feed_lag", test_feed_lag},
            {"child_explains", test_child_explains},
            {"child_of_too_few_people", test_child_of_too_few_people},
            {"wide_scope", test_wide_scope},
            {"ids", test_ids},
            {"expiry", test_expiry},
            {"ceiling", test_ceiling},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "decide", tests);
}

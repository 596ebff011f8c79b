// decide: which incident an alarm belongs to, how incidents grow, what their holds do, how they
// end.
#include "decide/decide.h"

#include <string.h>

#include "decide_bench.h"
#include "unit.h"

#define AT DECIDE_AT
#define MINUTE INT64_C(60000)

static const struct path in_a = {.campaign = "a", .vendor = "v"};
static const struct path in_c = {.campaign = "c", .vendor = "v"};

static const struct alert_action *alert_taken(const struct decide_bench *b, unsigned at)
{
    CU_ASSERT_TRUE_FATAL(at < b->taken_count && !b->taken[at].is_command);
    return &b->taken[at].alert;
}

static const struct command_action *command_taken(const struct decide_bench *b, unsigned at)
{
    CU_ASSERT_TRUE_FATAL(at < b->taken_count && b->taken[at].is_command);
    return &b->taken[at].command;
}

static bool same_incident(const struct digest_id *left, const struct digest_id *right)
{
    return memcmp(left, right, sizeof *left) == 0;
}

static void raise(
        struct decide_bench *b, const struct path *path, enum scope_kind kind, enum tier tier)
{
    const struct evidence evidence = decide_bench_evidence(4);
    decide_bench_raise(b, path, kind, tier, &evidence);
}

static void meet(struct decide_bench *b, const struct path *path, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        decide_bench_meet(b, path, REASON_NO_RECORD);
    }
}

// --- joining ----------------------------------------------------------------------------------

// A campaign that is half or less of what speaks against its vendor is part of the vendor's event.
static void test_joins_wider(void)
{
    static const struct {
        const char *campaigns; // of the vendor, when it alarms
        const char *then;      // until campaign a alarms
        bool joins;
    } rows[] = {
            {"abcdefgh", "a", true}, {"abcdefgh", "aaaaaa", true}, // 7 of 14
            {"abcdefgh", "aaaaaaa", false},                        // 8 of 15
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        decide_bench_meet_all(&b, rows[i].campaigns);
        raise(&b, &in_c, SCOPE_VENDOR, TIER_ALERT);
        decide_bench_meet_all(&b, rows[i].then);
        raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_NOTICE);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), rows[i].joins ? 1 : 2);
        CU_ASSERT_EQUAL(b.taken_count, rows[i].joins ? 1 : 2); // who joins says nothing new
        CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_CAMPAIGN, "a"), TIER_NOTICE);
        decide_bench_fini(&b);
    }
}

// The same of a campaign that explains another wide scope's evidence.
static void test_child_joins(void)
{
    static const struct path a = {.campaign = "a", .template_ = "x", .vendor = "v"};
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "bcdefgh");
    raise(&b, &in_c, SCOPE_VENDOR, TIER_ALERT);
    meet(&b, &a, 4);
    raise(&b, &a, SCOPE_TEMPLATE, TIER_QUARANTINE);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
    CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_TEMPLATE, "x"), TIER_NONE);
    CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_CAMPAIGN, "a"), TIER_QUARANTINE);
    CU_ASSERT_EQUAL(alert_taken(&b, 1)->kind, ALERT_INCIDENT_ESCALATED);
    CU_ASSERT_EQUAL(command_taken(&b, 2)->scope.kind, SCOPE_CAMPAIGN);
    decide_bench_fini(&b);
}

// A template of which half or more came through the campaigns of one incident is that incident,
// seen from further away, and from then on it is counted by the template.
static void test_joins_narrower(void)
{
    static const struct {
        unsigned beside; // other campaigns of one message each
        bool joins;
    } rows[] = {{3, true}, {4, true}, {5, false}};
    static const struct path a = {.campaign = "a", .template_ = "x", .vendor = "v"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        meet(&b, &a, 4);
        raise(&b, &a, SCOPE_CAMPAIGN, TIER_ALERT);
        for (unsigned n = 0; n < rows[i].beside; n++) {
            const char name[] = {(char)('b' + n), '\0'};
            const struct path path = {.campaign = name, .template_ = "x", .vendor = "v"};
            meet(&b, &path, 1);
        }
        raise(&b, &a, SCOPE_TEMPLATE, TIER_QUARANTINE);
        CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_TEMPLATE, "x"), TIER_QUARANTINE);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), rows[i].joins ? 1 : 2);
        const struct alert_action *alert = alert_taken(&b, 1);
        CU_ASSERT_EQUAL(
                alert->kind, rows[i].joins ? ALERT_INCIDENT_ESCALATED : ALERT_INCIDENT_OPENED);
        CU_ASSERT_EQUAL(alert->scope.kind, SCOPE_TEMPLATE);
        CU_ASSERT_EQUAL(same_incident(&alert->incident_id, &alert_taken(&b, 0)->incident_id),
                rows[i].joins);
        // the campaign's messages are the template's now
        unsigned taken = b.taken_count;
        b.log_time_ms += b.policy.update_interval_ms;
        decide_bench_follow(&b, &a, 400, true, false);
        CU_ASSERT_EQUAL_FATAL(b.taken_count, taken + 1);
        CU_ASSERT_EQUAL(alert_taken(&b, taken)->scope.kind, SCOPE_TEMPLATE);
        decide_bench_fini(&b);
    }
}

// A template that a vendor carries is not acted on while the vendor is as bad; and while the vendor
// is under suspicion, not when the vendor would come to that tier by itself.
static void test_shared_template(void)
{
    static const struct path a = {.campaign = "a", .template_ = "x", .vendor = "v"};
    static const struct {
        bool vendor_has_incident;
        int64_t vendor_nat6;
        bool acted_on;
    } rows[] = {
            {false, DECIDE_RATIO_NAT6, true},
            {false, DECIDE_RATIO_NAT6 + 1, false},
            {true, 19999999, true},
            {true, 20000000, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        for (unsigned n = 0; n < 8; n++) {
            const char name[] = {(char)('b' + n), '\0'};
            const struct path path = {.campaign = name, .template_ = "x", .vendor = "v"};
            meet(&b, &path, 1);
        }
        struct evidence stream = decide_bench_evidence(9);
        stream.stream = stream.node = "walking";
        if (rows[i].vendor_has_incident) {
            decide_bench_raise(&b, &a, SCOPE_VENDOR, TIER_NOTICE, &stream);
        }
        b.ratios_nat6[SCOPE_VENDOR] = rows[i].vendor_nat6;
        raise(&b, &a, SCOPE_TEMPLATE, TIER_QUARANTINE);
        CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_TEMPLATE, "x"),
                rows[i].acted_on ? TIER_QUARANTINE : TIER_NONE);
        decide_bench_fini(&b);
    }
}

// A scope that joins an incident of its tier is held all the same, and nothing is told.
static void test_joined_scope_is_held(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    static const struct path a = {.campaign = "a", .template_ = "x", .vendor = "v"};
    static const struct path plain_a = {.campaign = "a", .vendor = "v"};
    static const char *const others[] = {"b", "d", "e", "f", "g", "h"};
    for (unsigned i = 0; i < 6; i++) {
        const struct path path = {.campaign = others[i], .template_ = "x", .vendor = "v"};
        meet(&b, &path, 1);
    }
    meet(&b, &a, 3);
    raise(&b, &a, SCOPE_TEMPLATE, TIER_QUARANTINE);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    meet(&b, &plain_a, 1); // without the template, so that its hold does not cover it
    raise(&b, &plain_a, SCOPE_CAMPAIGN, TIER_QUARANTINE);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 3);
    const struct command_action *hold = command_taken(&b, 2);
    CU_ASSERT_EQUAL(hold->kind, COMMAND_HOLD);
    CU_ASSERT_EQUAL(hold->scope.kind, SCOPE_CAMPAIGN);
    CU_ASSERT_TRUE(same_incident(&hold->incident_id, &alert_taken(&b, 0)->incident_id));
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
    CU_ASSERT_TRUE(scopes_is_held(b.scopes, decide_bench_scope(&b, SCOPE_CAMPAIGN, "a"), AT));
    decide_bench_fini(&b);
}

// A stream belongs to the incident of any scope that its messages have too, and goes no higher than
// alert.
static void test_streams(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    struct evidence evidence = decide_bench_evidence(12);
    evidence.stream = "invalid";
    evidence.node = "invalid";
    decide_bench_raise(&b, &in_c, SCOPE_CAMPAIGN, TIER_STOP, &evidence);
    CU_ASSERT_EQUAL(alert_taken(&b, 0)->tier, TIER_ALERT);
    CU_ASSERT_EQUAL(alert_taken(&b, 0)->impact.escaped, 0); // hits, not misdirected messages
    CU_ASSERT_EQUAL(b.taken_count, 1);
    decide_bench_raise(&b, &in_c, SCOPE_VENDOR, TIER_ALERT, &evidence);
    CU_ASSERT_EQUAL(b.taken_count, 1);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
    CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_VENDOR, "v"), TIER_ALERT);
    const struct path elsewhere = {.campaign = "c2", .vendor = "w"};
    decide_bench_raise(&b, &elsewhere, SCOPE_CAMPAIGN, TIER_NOTICE, &evidence);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 2);
    // What is misdirected in it afterwards is the same event, and may be held.
    meet(&b, &in_c, 4);
    raise(&b, &in_c, SCOPE_CAMPAIGN, TIER_QUARANTINE);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 4);
    CU_ASSERT_EQUAL(alert_taken(&b, 2)->kind, ALERT_INCIDENT_ESCALATED);
    CU_ASSERT_TRUE(
            same_incident(&alert_taken(&b, 2)->incident_id, &alert_taken(&b, 0)->incident_id));
    decide_bench_fini(&b);
}

// A stream of a campaign is part of a wider scope's incident only when that is about all of the wider
// scope: raised by its verdicts, by the same stream, or by who the vendor is — not when the wider
// scope only joined another campaign's.
static void test_streams_of_another_campaign(void)
{
    static const struct {
        enum scope_kind first;
        const char *first_stream; // NULL = verdicts
        bool joins;
    } rows[] = {
            {SCOPE_VENDOR, "walking", true},
            {SCOPE_VENDOR, "invalid", false},
            {SCOPE_VENDOR, "unregistered_vendor", true},
            {SCOPE_VENDOR, NULL, true},
            {SCOPE_CAMPAIGN, "walking", false},
    };
    static const struct path other = {.campaign = "o", .vendor = "v"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        decide_bench_meet_all(&b, "bcdefgh");
        struct evidence evidence = decide_bench_evidence(4);
        evidence.stream = evidence.node = rows[i].first_stream;
        decide_bench_raise(&b, &in_c, rows[i].first, TIER_ALERT, &evidence);
        evidence.stream = evidence.node = "walking";
        decide_bench_raise(&b, &in_c, SCOPE_VENDOR, TIER_ALERT, &evidence);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
        CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_VENDOR, "v"), TIER_ALERT);
        decide_bench_raise(&b, &other, SCOPE_CAMPAIGN, TIER_ALERT, &evidence);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), rows[i].joins ? 1 : 2);
        decide_bench_fini(&b);
    }
}

// --- stop -------------------------------------------------------------------------------------

// Three campaigns of the vendor that were held within the hour are a chain too, whoever has most of
// what speaks against it now.
static void test_three_held_within_the_hour(void)
{
    static const struct {
        int64_t third_after_ms;
        enum tier tier;
    } rows[] = {
            {59 * MINUTE, TIER_STOP}, {60 * MINUTE - 1, TIER_STOP}, {60 * MINUTE, TIER_QUARANTINE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        static const char *const names[] = {"x", "y", "z"};
        struct evidence evidence = decide_bench_evidence(4);
        for (unsigned n = 0; n < 3; n++) {
            const struct path path = {.campaign = names[n], .vendor = "v"};
            b.log_time_ms = n == 2 ? AT + rows[i].third_after_ms : AT;
            evidence.start_serial = b.serial;
            meet(&b, &path, 4);
            decide_bench_raise(&b, &path, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
        }
        evidence.start_serial = b.serial;
        decide_bench_meet_all(&b, "aaaaabcdefg"); // a has less than half, but ...
        decide_bench_meet_all(&b, "aaa");         // ... and now more
        decide_bench_delta(&b, &in_a, 1, false);
        const struct scope_delta *row = decide_bench_row(&b, SCOPE_VENDOR);
        CU_ASSERT_EQUAL(decide_bench_admit(&b, row, TIER_STOP, false, &evidence), rows[i].tier);
        decide_bench_fini(&b);
    }
}

// --- growth -----------------------------------------------------------------------------------

// One update a tenfold growth of the misdirected messages, and one an interval: both are wanted.
static void test_updates(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "cccc");
    raise(&b, &in_c, SCOPE_CAMPAIGN, TIER_QUARANTINE); // told: 4
    decide_bench_follow(&b, &in_c, 35, true, false);
    b.log_time_ms += b.policy.update_interval_ms;
    decide_bench_follow(&b, &in_c, 0, true, false);
    CU_ASSERT_EQUAL(b.taken_count, 2); // 39 are not ten times as many
    b.log_time_ms -= 1;
    decide_bench_follow(&b, &in_c, 1, true, false);
    CU_ASSERT_EQUAL(b.taken_count, 2); // 40 are, but too early
    b.log_time_ms += 1;
    decide_bench_follow(&b, &in_c, 0, true, false);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 3);
    CU_ASSERT_EQUAL(alert_taken(&b, 2)->kind, ALERT_INCIDENT_UPDATED);
    CU_ASSERT_EQUAL(alert_taken(&b, 2)->tier, TIER_QUARANTINE);
    CU_ASSERT_EQUAL(alert_taken(&b, 2)->impact.escaped, 4);
    CU_ASSERT_EQUAL(alert_taken(&b, 2)->impact.held, 36);
    CU_ASSERT_EQUAL(alert_taken(&b, 2)->evidence.misdirected, 4);
    b.log_time_ms += 100 * b.policy.update_interval_ms;
    decide_bench_follow(&b, &in_c, 359, true, false);
    CU_ASSERT_EQUAL(b.taken_count, 3);
    decide_bench_follow(&b, &in_c, 1, true, false);
    CU_ASSERT_EQUAL(b.taken_count, 4);
    decide_bench_fini(&b);
}

// 100,000 misdirected messages, an hour apart: 1 alert, 1 hold and 4 updates.
static void test_updates_are_few(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    b.policy.scope_hold_ms = INT64_C(1000000) * 3600000;
    decide_bench_meet_all(&b, "cccc");
    raise(&b, &in_c, SCOPE_CAMPAIGN, TIER_QUARANTINE);
    for (unsigned i = 4; i < 100000; i++) {
        b.log_time_ms += 60 * MINUTE;
        decide_bench_follow(&b, &in_c, 1, true, false);
    }
    CU_ASSERT_EQUAL(b.taken_count, 6);
    CU_ASSERT_EQUAL(alert_taken(&b, 5)->impact.held, 40000 - 4);
    decide_bench_fini(&b);
}

// Messages of a held campaign are kept back by the incident also when it is counted by its vendor,
// once, however many of its scopes are held.
static void test_held_are_counted_once(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    static const struct path a = {.campaign = "a", .template_ = "x", .vendor = "v"};
    meet(&b, &a, 4);
    raise(&b, &a, SCOPE_CAMPAIGN, TIER_ALERT);
    decide_bench_meet_all(&b, "bdef");
    raise(&b, &a, SCOPE_VENDOR, TIER_ALERT); // joins, and is the root
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 1);
    raise(&b, &a, SCOPE_CAMPAIGN, TIER_QUARANTINE);
    decide_bench_follow(&b, &a, 10, true, false);
    decide_bench_follow(&b, &in_c, 3, false, false); // another campaign of the vendor, not held
    meet(&b, &a, 8);
    raise(&b, &a, SCOPE_TEMPLATE, TIER_QUARANTINE); // a is held, and explains it
    CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_TEMPLATE, "x"), TIER_NONE);
    b.ratios_nat6[SCOPE_VENDOR] = 0; // the template is not merely the vendor's
    for (unsigned i = 0; i < 8; i++) {
        const char name[] = {(char)('m' + i), '\0'};
        const struct path path = {.campaign = name, .template_ = "x", .vendor = "v"};
        meet(&b, &path, 1);
    }
    raise(&b, &a, SCOPE_TEMPLATE, TIER_QUARANTINE);
    CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_TEMPLATE, "x"), TIER_QUARANTINE);
    decide_bench_follow(&b, &a, 100, true, false); // a and x are held
    b.log_time_ms += b.policy.update_interval_ms;
    unsigned before = b.taken_count;
    decide_bench_follow(&b, &a, 1000, true, false);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, before + 1);
    const struct alert_action *update = alert_taken(&b, before);
    CU_ASSERT_EQUAL(update->kind, ALERT_INCIDENT_UPDATED);
    CU_ASSERT_EQUAL(update->scope.kind, SCOPE_VENDOR);
    CU_ASSERT_EQUAL(update->impact.held, 10 + 100 + 1000);
    CU_ASSERT_EQUAL(update->impact.escaped, 4 + 3);
    decide_bench_fini(&b);
}

// Several that explain a wide scope's evidence are one event: one is opened, the others are told as
// updates of it, each is held, and what they have done is added up.
static void test_siblings(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "aaaaaaccc");
    const struct evidence evidence = decide_bench_evidence(9);
    decide_bench_raise(&b, &in_a, SCOPE_VENDOR, TIER_QUARANTINE, &evidence);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 4);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
    CU_ASSERT_EQUAL(alert_taken(&b, 0)->kind, ALERT_INCIDENT_OPENED);
    CU_ASSERT_TRUE(view_is(alert_taken(&b, 0)->scope.id, "a"));
    CU_ASSERT_EQUAL(alert_taken(&b, 0)->impact.escaped, 6);
    CU_ASSERT_EQUAL(alert_taken(&b, 0)->impact.distinct_recipients, 6);
    CU_ASSERT_EQUAL(alert_taken(&b, 2)->kind, ALERT_INCIDENT_UPDATED);
    CU_ASSERT_TRUE(view_is(alert_taken(&b, 2)->scope.id, "c"));
    CU_ASSERT_EQUAL(alert_taken(&b, 2)->impact.escaped, 9);
    CU_ASSERT_EQUAL(alert_taken(&b, 2)->impact.distinct_recipients, 9);
    CU_ASSERT_TRUE(view_is(command_taken(&b, 1)->scope.id, "a"));
    CU_ASSERT_TRUE(view_is(command_taken(&b, 3)->scope.id, "c"));
    b.log_time_ms += b.policy.update_interval_ms;
    decide_bench_follow(&b, &in_c, 40, true, false);
    decide_bench_follow(&b, &in_a, 41, true, false); // its root tells
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 5);
    CU_ASSERT_EQUAL(alert_taken(&b, 4)->impact.held, 81);
    decide_bench_fini(&b);
}

// ... and while none of them is held, what goes on in any of them escapes.
static void test_siblings_escape(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "aaaaaaccc");
    const struct evidence evidence = decide_bench_evidence(9);
    decide_bench_raise(&b, &in_a, SCOPE_VENDOR, TIER_NOTICE, &evidence);
    CU_ASSERT_EQUAL(b.taken_count, 2);
    b.log_time_ms += b.policy.update_interval_ms;
    decide_bench_follow(&b, &in_c, 80, false, false);
    decide_bench_follow(&b, &in_a, 1, false, false);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 3);
    CU_ASSERT_EQUAL(alert_taken(&b, 2)->impact.escaped, 90);
    decide_bench_fini(&b);
}

// --- the end ----------------------------------------------------------------------------------

// Calm for 1,000 messages and ten minutes, and nothing held: both, and from the last trouble on.
static void test_calm(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "cccc");
    raise(&b, &in_c, SCOPE_CAMPAIGN, TIER_ALERT);
    decide_bench_follow(&b, &in_c, 600, false, true);
    b.log_time_ms += 10 * MINUTE;
    decide_bench_follow(&b, &in_c, 399, false, true);
    CU_ASSERT_EQUAL(b.taken_count, 1);
    decide_bench_follow(&b, &in_c, 0, false, false); // not calm: from the beginning
    decide_bench_follow(&b, &in_c, 1000, false, true);
    CU_ASSERT_EQUAL(b.taken_count, 1);
    b.log_time_ms += 10 * MINUTE - 1;
    decide_bench_follow(&b, &in_c, 0, false, true);
    CU_ASSERT_EQUAL(b.taken_count, 1);
    b.log_time_ms += 1;
    decide_bench_follow(&b, &in_c, 0, false, true);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    CU_ASSERT_EQUAL(alert_taken(&b, 1)->kind, ALERT_INCIDENT_CLOSED);
    CU_ASSERT_EQUAL(alert_taken(&b, 1)->tier, TIER_ALERT);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 0);
    CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_CAMPAIGN, "c"), TIER_NONE);
    decide_bench_fini(&b);
}

// However calm its root, while something of it is held nothing is closed.
static void test_calm_while_held(void)
{
    for (unsigned held = 0; held < 2; held++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        meet(&b, &in_a, 4);
        raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_ALERT);
        decide_bench_meet_all(&b, "bdef");
        raise(&b, &in_a, SCOPE_VENDOR, TIER_ALERT); // joins, and is the root
        if (held == 1) {
            raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_QUARANTINE);
        }
        decide_bench_follow(&b, &in_c, 2000, false, true);
        b.log_time_ms += 10 * MINUTE;
        decide_bench_follow(&b, &in_c, 2000, false, true);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), held);
        decide_bench_fini(&b);
    }
}

// A wider scope that only joined by a stream does not make all of its messages the incident's.
static void test_stream_counts_nothing(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "cccc");
    raise(&b, &in_c, SCOPE_CAMPAIGN, TIER_ALERT);
    struct evidence stream = decide_bench_evidence(9);
    stream.stream = stream.node = "walking";
    decide_bench_raise(&b, &in_c, SCOPE_VENDOR, TIER_ALERT, &stream);
    b.log_time_ms += b.policy.update_interval_ms;
    decide_bench_follow(&b, &in_a, 400, false, false); // another campaign of the vendor
    decide_bench_follow(&b, &in_c, 35, false, false);
    CU_ASSERT_EQUAL(b.taken_count, 1);
    decide_bench_follow(&b, &in_c, 1, false, false);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    CU_ASSERT_EQUAL(alert_taken(&b, 1)->impact.escaped, 40);
    decide_bench_fini(&b);
}

// Two scopes of one incident, held at different times: the first hold that runs out lifts its
// scope, which may go wrong anew; the last ends the incident for all of its scopes.
static void test_two_holds_run_out(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    static const struct path x = {.campaign = "a", .template_ = "x", .vendor = "v"};
    static const struct path plain = {.campaign = "a", .vendor = "v"};
    static const char *const others[] = {"b", "d", "e", "f", "g", "h"};
    for (unsigned i = 0; i < 6; i++) {
        const struct path path = {.campaign = others[i], .template_ = "x", .vendor = "v"};
        meet(&b, &path, 1);
    }
    meet(&b, &x, 3);
    raise(&b, &x, SCOPE_TEMPLATE, TIER_QUARANTINE);
    b.log_time_ms += 60 * MINUTE;
    meet(&b, &plain, 1);
    raise(&b, &plain, SCOPE_CAMPAIGN, TIER_QUARANTINE);
    struct evidence stream = decide_bench_evidence(9);
    stream.stream = stream.node = "walking";
    decide_bench_raise(&b, &plain, SCOPE_VENDOR, TIER_ALERT, &stream);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 3);
    CU_ASSERT_EQUAL_FATAL(decide_open_incidents(b.decide), 1);

    b.log_time_ms = AT + b.policy.scope_hold_ms;
    decide_bench_follow(&b, &in_c, 0, false, true);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 4);
    CU_ASSERT_EQUAL(command_taken(&b, 3)->kind, COMMAND_EXPIRED);
    CU_ASSERT_EQUAL(command_taken(&b, 3)->scope.kind, SCOPE_TEMPLATE);
    CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_TEMPLATE, "x"), TIER_NONE);
    CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_CAMPAIGN, "a"), TIER_QUARANTINE);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
    CU_ASSERT_EQUAL(b.closed_count, 1);
    CU_ASSERT_EQUAL(b.closed[0], decide_bench_scope(&b, SCOPE_TEMPLATE, "x"));
    CU_ASSERT_FALSE(scopes_is_held(b.scopes, b.closed[0], b.log_time_ms));

    b.log_time_ms += 60 * MINUTE;
    decide_bench_follow(&b, &in_c, 0, false, true);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 6);
    CU_ASSERT_EQUAL(command_taken(&b, 4)->scope.kind, SCOPE_CAMPAIGN);
    CU_ASSERT_EQUAL(alert_taken(&b, 5)->kind, ALERT_INCIDENT_CLOSED);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 0);
    CU_ASSERT_EQUAL(b.closed_count, 3); // the campaign and the vendor, which was not held
    CU_ASSERT_EQUAL(decide_bench_tier(&b, SCOPE_VENDOR, "v"), TIER_NONE);
    CU_ASSERT_FALSE(decide_has_incident(b.decide, decide_bench_scope(&b, SCOPE_VENDOR, "v")));
    decide_bench_fini(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"joins_wider", test_joins_wider},
            {"child_joins", test_child_joins},
            {"joins_narrower", test_joins_narrower},
            {"shared_template", test_shared_template},
            {"joined_scope_is_held", test_joined_scope_is_held},
            {"streams", test_streams},
            {"streams_of_another_campaign", test_streams_of_another_campaign},
            {"three_held_within_the_hour", test_three_held_within_the_hour},
            {"updates", test_updates},
            {"updates_are_few", test_updates_are_few},
            {"held_are_counted_once", test_held_are_counted_once},
            {"siblings", test_siblings},
            {"siblings_escape", test_siblings_escape},
            {"calm", test_calm},
            {"calm_while_held", test_calm_while_held},
            {"stream_counts_nothing", test_stream_counts_nothing},
            {"two_holds_run_out", test_two_holds_run_out},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "decide_life", tests);
}

// decide: tiers and their extra conditions, who is acted on, ids, the ceiling of incidents.
#include "decide/decide.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define AT INT64_C(1763769600000)

enum { TAKEN_MAX = 16 };

struct taken {
    struct alert_action alert;
    struct command_action command;
    bool is_command;
};

struct bench {
    struct policy policy;
    struct scopes *scopes;
    struct recent *recent;
    struct decide *decide;
    struct taken taken[TAKEN_MAX];
    unsigned taken_count;
    struct {
        int32_t parent;
        int32_t child;
        uint32_t share_num;
        uint32_t share_den;
    } explained[TAKEN_MAX];
    unsigned explained_count;
    int32_t closed; // the last; SCOPE_NONE = none
    uint64_t serial;
    // the frame in hand
    struct frame_entry entry;
    struct delta_entry delta_entry;
    struct delta delta;
};

static enum err take_alert(void *self, const struct alert_action *alert)
{
    struct bench *b = self;
    b->taken[b->taken_count++] = (struct taken){.alert = *alert};
    return ERR_NONE;
}

static enum err take_command(void *self, const struct command_action *command)
{
    struct bench *b = self;
    b->taken[b->taken_count++] = (struct taken){.command = *command, .is_command = true};
    return ERR_NONE;
}

static void take_explained(
        void *self, int32_t parent, int32_t child, uint32_t share_num, uint32_t share_den)
{
    struct bench *b = self;
    b->explained[b->explained_count].parent = parent;
    b->explained[b->explained_count].child = child;
    b->explained[b->explained_count].share_num = share_num;
    b->explained[b->explained_count++].share_den = share_den;
}

static void take_closed(void *self, int32_t scope)
{
    struct bench *b = self;
    b->closed = scope;
}

static void take_alarmed(void *self, int32_t scope)
{
    (void)self;
    (void)scope;
}

static int64_t heard(void *self, int32_t scope)
{
    (void)self;
    (void)scope;
    return 1000000;
}

static struct decision_taker taker_of(struct bench *b)
{
    return (struct decision_taker){
            take_alert, take_command, take_explained, take_closed, take_alarmed, heard, b};
}

static void bench_init(struct bench *b, uint32_t max_incidents)
{
    *b = (struct bench){.closed = SCOPE_NONE};
    policy_init(&b->policy);
    CU_ASSERT_EQUAL_FATAL(policy_seal(&b->policy), ERR_NONE);
    const struct decide_options options = {&b->policy, "test-1", max_incidents};
    CU_ASSERT_EQUAL_FATAL(scopes_create(&b->scopes, 1000), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(
            recent_create(&b->recent, &(const struct recent_options){.max_entries = 10000}),
            ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(decide_create(&b->decide, &options, b->scopes, b->recent), ERR_NONE);
}

static void bench_fini(struct bench *b)
{
    decide_destroy(b->decide);
    recent_destroy(b->recent);
    scopes_destroy(b->scopes);
}

static int32_t scope_of(struct bench *b, enum scope_kind kind, const char *id)
{
    int32_t scope = SCOPE_NONE;
    CU_ASSERT_EQUAL_FATAL(
            scopes_intern(b->scopes, kind, VIEW("t"), view_of(id), VIEW_NONE, &scope), ERR_NONE);
    return scope;
}

// One misdirected message of a campaign of vendor v, a new person each time.
static void meet_person(struct bench *b, const char *campaign)
{
    const int32_t scopes[SCOPE_KIND_COUNT] = {
            [SCOPE_CAMPAIGN] = scope_of(b, SCOPE_CAMPAIGN, campaign),
            [SCOPE_TEMPLATE] = SCOPE_NONE,
            [SCOPE_SENDER] = SCOPE_NONE,
            [SCOPE_VENDOR] = scope_of(b, SCOPE_VENDOR, "v"),
            [SCOPE_TENANT] = scope_of(b, SCOPE_TENANT, "t"),
    };
    const struct recent_message message = {.tag = b->serial,
            .serial = b->serial,
            .log_time_ms = AT,
            .reasons = REASON_BIT(REASON_NO_RECORD)};
    b->serial++;
    uint32_t entry;
    CU_ASSERT_EQUAL_FATAL(recent_enter(b->recent, &message, &entry), ERR_NONE);
    for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
        if (scopes[kind] != SCOPE_NONE) {
            CU_ASSERT_EQUAL_FATAL(
                    recent_link(b->recent, entry, scopes[kind], (enum scope_kind)kind), ERR_NONE);
        }
    }
}

static void meet_people(struct bench *b, const char *campaigns)
{
    for (; *campaigns != '\0'; campaigns++) {
        const char name[] = {*campaigns, '\0'};
        meet_person(b, name);
    }
}

// Evidence about `n` messages, all misdirected, from the first entry on.
static struct evidence evidence_of(int64_t n)
{
    return (struct evidence){.judged = n,
            .misdirected = n,
            .baseline_millionths = 8000,
            .interval_millionths = {400000, 1000000}};
}

static struct scope_delta row_of(struct bench *b, enum scope_kind kind, const char *id)
{
    return (struct scope_delta){.scope = scope_of(b, kind, id),
            .kind = kind,
            .fresh = 1,
            .first_entry = 0,
            .last_entry = 0};
}

static void raise(
        struct bench *b, enum scope_kind kind, const char *id, enum tier tier, int64_t sequence)
{
    b->entry = (struct frame_entry){.offset = 5,
            .occurred_at_ms = AT - 7,
            .message_id = VIEW("m5"),
            .traceparent = VIEW("tp")};
    b->delta_entry = (struct delta_entry){.entry = &b->entry};
    for (unsigned k = 0; k < SCOPE_KIND_COUNT; k++) {
        b->delta_entry.scopes[k] = SCOPE_NONE;
    }
    b->delta_entry.scopes[kind] = scope_of(b, kind, id);
    b->delta_entry.uses[kind] = ENTRY_FRESH;
    b->delta = (struct delta){.sequence = sequence,
            .tally_partition = 1,
            .log_time_ms = AT,
            .applied = true,
            .entries = &b->delta_entry,
            .entry_count = 1};
    const struct scope_delta row = row_of(b, kind, id);
    const struct evidence evidence = evidence_of(4);
    const struct decision_taker taker = taker_of(b);
    CU_ASSERT_EQUAL_FATAL(
            decide_raise(b->decide, &b->delta, &row, tier, &evidence, &taker), ERR_NONE);
}

// none → notice → alert → quarantine: one alert each, and a hold with the last.
static void test_staircase(void)
{
    struct bench b;
    bench_init(&b, 10);
    meet_people(&b, "cccc");
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
    CU_ASSERT_TRUE(scopes_is_held(b.scopes, scope_of(&b, SCOPE_CAMPAIGN, "c"), AT));
    for (unsigned i = 1; i < 3; i++) {
        CU_ASSERT_EQUAL(memcmp(&b.taken[i].alert.incident_id, &b.taken[0].alert.incident_id,
                                sizeof(struct digest_id)),
                0);
        CU_ASSERT_NOT_EQUAL(memcmp(&b.taken[i].alert.alert_id, &b.taken[i - 1].alert.alert_id,
                                    sizeof(struct digest_id)),
                0);
    }
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
    CU_ASSERT_EQUAL(decide_tier(b.decide, scope_of(&b, SCOPE_CAMPAIGN, "c")), TIER_QUARANTINE);
    bench_fini(&b);
}

// Quarantine wants three people, however many messages they got.
static void test_three_people(void)
{
    struct bench b;
    bench_init(&b, 10);
    const struct evidence evidence = evidence_of(20);
    meet_people(&b, "cc");
    const struct scope_delta row = row_of(&b, SCOPE_CAMPAIGN, "c");
    CU_ASSERT_EQUAL(decide_admit(b.decide, &b.delta, &row, TIER_QUARANTINE, &evidence), TIER_ALERT);
    CU_ASSERT_EQUAL(decide_admit(b.decide, &b.delta, &row, TIER_NOTICE, &evidence), TIER_NOTICE);
    meet_people(&b, "c");
    CU_ASSERT_EQUAL(decide_admit(b.decide, &b.delta, &row, TIER_QUARANTINE, &evidence), TIER_QUARANTINE);
    struct evidence late = evidence;
    late.start_serial = 1; // those before the change point are no evidence
    CU_ASSERT_EQUAL(decide_admit(b.decide, &b.delta, &row, TIER_QUARANTINE, &late), TIER_ALERT);
    bench_fini(&b);
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
        struct bench b;
        bench_init(&b, 10);
        meet_people(&b, rows[i].campaigns);
        struct evidence evidence = evidence_of(12);
        evidence.interval_millionths[0] = rows[i].lower_millionths;
        evidence.baseline_millionths = rows[i].baseline_millionths;
        const struct scope_delta row = row_of(&b, SCOPE_VENDOR, "v");
        CU_ASSERT_EQUAL(decide_admit(b.decide, &b.delta, &row, TIER_STOP, &evidence), rows[i].tier);
        bench_fini(&b);
    }
}

// A vendor's alarm that one campaign explains is the campaign's; what it explains is taken off the
// vendor and tenant.
static void test_child_explains(void)
{
    struct bench b;
    bench_init(&b, 10);
    meet_people(&b, "aaaab");
    raise(&b, SCOPE_VENDOR, "v", TIER_STOP, 7);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    CU_ASSERT_EQUAL(b.taken[0].alert.scope.kind, SCOPE_CAMPAIGN);
    CU_ASSERT_TRUE(view_is(b.taken[0].alert.scope.id, "a"));
    // stop is for the wide scope as a whole
    CU_ASSERT_EQUAL(b.taken[0].alert.tier, TIER_QUARANTINE);
    CU_ASSERT_TRUE(view_is(b.taken[1].command.scope.id, "a"));
    CU_ASSERT_EQUAL(decide_tier(b.decide, scope_of(&b, SCOPE_VENDOR, "v")), TIER_NONE);
    CU_ASSERT_EQUAL_FATAL(b.explained_count, 2);
    CU_ASSERT_EQUAL(b.explained[0].parent, scope_of(&b, SCOPE_VENDOR, "v"));
    CU_ASSERT_EQUAL(b.explained[1].parent, scope_of(&b, SCOPE_TENANT, "t"));
    CU_ASSERT_EQUAL(b.explained[0].child, scope_of(&b, SCOPE_CAMPAIGN, "a"));
    CU_ASSERT_EQUAL(b.explained[0].share_num, 4);
    CU_ASSERT_EQUAL(b.explained[0].share_den, 4);
    struct recent_entry left[RECENT_MAX];
    CU_ASSERT_EQUAL(recent_since(b.recent, scope_of(&b, SCOPE_VENDOR, "v"), 0, left), 1);
    // The same alarm again changes nothing while the campaign's tier is there already.
    meet_people(&b, "aaaaaaaa");
    raise(&b, SCOPE_VENDOR, "v", TIER_QUARANTINE, 8);
    CU_ASSERT_EQUAL(b.taken_count, 2);
    bench_fini(&b);
}

// Several explain it, but one of them by a single person: that one is not held.
static void test_child_of_too_few_people(void)
{
    struct bench b;
    bench_init(&b, 10);
    meet_people(&b, "aaab");
    raise(&b, SCOPE_VENDOR, "v", TIER_QUARANTINE, 7);
    CU_ASSERT_EQUAL(decide_tier(b.decide, scope_of(&b, SCOPE_CAMPAIGN, "a")), TIER_QUARANTINE);
    CU_ASSERT_EQUAL(decide_tier(b.decide, scope_of(&b, SCOPE_CAMPAIGN, "b")), TIER_ALERT);
    CU_ASSERT_EQUAL(b.taken_count, 3); // two alerts, one hold
    bench_fini(&b);
}

// Nothing narrower explains it: the wide scope itself, with its contributors.
static void test_wide_scope(void)
{
    struct bench b;
    bench_init(&b, 10);
    meet_people(&b, "abcdabcda");
    raise(&b, SCOPE_VENDOR, "v", TIER_STOP, 7);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    const struct alert_action *alert = &b.taken[0].alert;
    CU_ASSERT_EQUAL(alert->scope.kind, SCOPE_VENDOR);
    CU_ASSERT_EQUAL(alert->tier, TIER_STOP);
    CU_ASSERT_EQUAL_FATAL(alert->contributor_count, 4);
    CU_ASSERT_TRUE(view_is(alert->contributors[0].scope.id, "a"));
    CU_ASSERT_EQUAL(alert->contributors[0].misdirected, 3);
    CU_ASSERT_EQUAL(b.taken[1].command.tier, TIER_STOP);
    CU_ASSERT_EQUAL_FATAL(b.explained_count, 1); // the tenant
    bench_fini(&b);
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
        struct bench b;
        bench_init(&b, 10);
        for (unsigned p = 0; p < rows[i].people; p++) {
            meet_person(&b, rows[i].campaign);
        }
        raise(&b, SCOPE_CAMPAIGN, rows[i].campaign, TIER_NOTICE, rows[i].sequence);
        ids[i] = b.taken[0].alert.incident_id;
        bench_fini(&b);
    }
    CU_ASSERT_EQUAL(memcmp(&ids[0], &ids[1], sizeof *ids), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(&ids[0], &ids[2], sizeof *ids), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(&ids[0], &ids[3], sizeof *ids), 0);
}

// A hold that has run out by log time closes its incident, tells so, and makes room; the scope may
// open another.
static void test_expiry(void)
{
    struct bench b;
    bench_init(&b, 1);
    meet_people(&b, "ccc");
    raise(&b, SCOPE_CAMPAIGN, "c", TIER_QUARANTINE, 5);
    const struct decision_taker taker = taker_of(&b);
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
    CU_ASSERT_EQUAL(b.closed, scope_of(&b, SCOPE_CAMPAIGN, "c"));
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 0);
    CU_ASSERT_EQUAL(decide_tier(b.decide, b.closed), TIER_NONE);
    CU_ASSERT_EQUAL(decide_expire(b.decide, &later, &taker), ERR_NONE); // once
    raise(&b, SCOPE_CAMPAIGN, "c", TIER_QUARANTINE, 10);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 6);
    CU_ASSERT_EQUAL(b.taken[4].alert.kind, ALERT_INCIDENT_OPENED);
    CU_ASSERT_NOT_EQUAL(memcmp(&b.taken[4].alert.incident_id, &b.taken[0].alert.incident_id,
                                sizeof(struct digest_id)),
            0);
    bench_fini(&b);
}

static void test_ceiling(void)
{
    struct bench b;
    bench_init(&b, 2);
    meet_people(&b, "abc");
    raise(&b, SCOPE_CAMPAIGN, "a", TIER_NOTICE, 1);
    raise(&b, SCOPE_CAMPAIGN, "b", TIER_NOTICE, 2);
    CU_ASSERT_EQUAL(decide_overflowed(b.decide), 0);
    raise(&b, SCOPE_CAMPAIGN, "c", TIER_QUARANTINE, 3);
    CU_ASSERT_EQUAL(decide_overflowed(b.decide), 1);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 2);
    CU_ASSERT_EQUAL(b.taken_count, 2);
    CU_ASSERT_FALSE(scopes_is_held(b.scopes, scope_of(&b, SCOPE_CAMPAIGN, "c"), AT));
    raise(&b, SCOPE_CAMPAIGN, "a", TIER_QUARANTINE, 4); // those that are open go on
    CU_ASSERT_EQUAL(b.taken_count, 4);
    bench_fini(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"staircase", test_staircase},
            {"three_people", test_three_people},
            {"stop", test_stop},
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

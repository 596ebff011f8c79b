// What nobody has answered: incidents that are told once more, holds that go on.
#include "decide/decide.h"

#include <string.h>

#include "control_bench.h"
#include "incident/incidents.h"
#include "unit.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define AT DECIDE_AT

static const struct path in_a = {.campaign = "a", .vendor = "v"};
static const struct path in_z = {.campaign = "z", .vendor = "y"};

// An incident of campaign a at a tier, and a policy that waits for people.
static void begin(struct decide_bench *b, enum tier tier)
{
    const struct evidence evidence = decide_bench_evidence(4);
    decide_bench_init(b, 10);
    b->policy.unconfirmed = UNCONFIRMED_STAYS_HELD;
    b->policy.acknowledge_within_ms = 15 * MINUTE;
    decide_bench_meet_all(b, "aaaa");
    decide_bench_raise(b, &in_a, SCOPE_CAMPAIGN, tier, &evidence);
}

// Time passes, by a message of somebody else.
static void pass(struct decide_bench *b, int64_t at_ms)
{
    b->log_time_ms = at_ms;
    decide_bench_follow(b, &in_z, 1, false, true);
}

static void acknowledge(struct decide_bench *b, const char *operator_id)
{
    struct control control = control_hold_of("ack", SCOPE_CAMPAIGN, "a", operator_id);
    control.action = CONTROL_ACKNOWLEDGE;
    control_bench_give(b, &control, 1);
}

static const struct alert_action *last_alert(const struct decide_bench *b)
{
    CU_ASSERT_TRUE_FATAL(b->taken_count > 0 && !b->taken[b->taken_count - 1].is_command);
    return &b->taken[b->taken_count - 1].alert;
}

// --- reminders --------------------------------------------------------------------------------

static void test_reminded(void)
{
    static const struct {
        enum tier tier;
        int64_t acknowledged_after_ms; // -1 = never
        int64_t until_ms;
        bool is_told;
    } rows[] = {
            {TIER_QUARANTINE, -1, 15 * MINUTE - 1, false},
            {TIER_QUARANTINE, -1, 15 * MINUTE, true},
            {TIER_STOP, -1, 15 * MINUTE, true},
            {TIER_ALERT, -1, HOUR, false},
            {TIER_QUARANTINE, 15 * MINUTE - 1, HOUR, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        begin(&b, rows[i].tier);
        if (rows[i].acknowledged_after_ms >= 0) {
            pass(&b, AT + rows[i].acknowledged_after_ms);
            acknowledge(&b, "li");
        }
        unsigned before = b.taken_count;
        pass(&b, AT + rows[i].until_ms);
        CU_ASSERT_EQUAL_FATAL(b.taken_count, before + rows[i].is_told);
        if (rows[i].is_told) {
            const struct alert_action *alert = last_alert(&b);
            CU_ASSERT_EQUAL(alert->kind, ALERT_INCIDENT_UPDATED);
            CU_ASSERT_TRUE(alert->is_unacknowledged && !alert->is_unconfirmed);
            CU_ASSERT_EQUAL(alert->acknowledged_ms, 0);
            CU_ASSERT_TRUE(view_is(alert->scope.id, "a"));
            pass(&b, AT + 2 * HOUR); // once
            CU_ASSERT_EQUAL(b.taken_count, before + 1);
        }
        decide_bench_fini(&b);
    }
}

// An incident that comes to quarantine later has its time from then on.
static void test_reminded_from_quarantine(void)
{
    const struct evidence evidence = decide_bench_evidence(4);
    struct decide_bench b;
    begin(&b, TIER_ALERT);
    pass(&b, AT + HOUR);
    decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
    unsigned before = b.taken_count;
    pass(&b, AT + HOUR + 15 * MINUTE - 1);
    CU_ASSERT_EQUAL(b.taken_count, before);
    pass(&b, AT + HOUR + 15 * MINUTE);
    CU_ASSERT_EQUAL(b.taken_count, before + 1);
    decide_bench_fini(&b);
}

// Who has acknowledged an alert has not acknowledged the quarantine that it comes to.
static void test_acknowledged_before_quarantine(void)
{
    const struct evidence evidence = decide_bench_evidence(4);
    struct decide_bench b;
    begin(&b, TIER_ALERT);
    acknowledge(&b, "li");
    pass(&b, AT + HOUR);
    decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
    pass(&b, AT + HOUR + 15 * MINUTE);
    const struct alert_action *alert = last_alert(&b);
    CU_ASSERT_TRUE(alert->is_unacknowledged);
    CU_ASSERT_EQUAL(alert->acknowledged_ms, 0);
    b.taken_count = 0;
    pass(&b, AT + HOUR + DAY);
    CU_ASSERT_TRUE_FATAL(b.taken_count > 0);
    CU_ASSERT_EQUAL(b.taken[0].command.kind, COMMAND_HOLD);
    decide_bench_fini(&b);
}

// A policy that wants an answer earlier is heard at once.
static void test_shorter_time(void)
{
    struct decide_bench b;
    begin(&b, TIER_QUARANTINE);
    pass(&b, AT + MINUTE);
    unsigned before = b.taken_count;
    struct policy shorter = b.policy;
    shorter.acknowledge_within_ms = 2 * MINUTE;
    decide_set_policy(b.decide, &shorter);
    pass(&b, AT + 2 * MINUTE);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, before + 1);
    CU_ASSERT_TRUE(last_alert(&b)->is_unacknowledged);
    decide_bench_fini(&b);
}

// Who acknowledged it, and when, is told in all that follows; the first who did.
static void test_acknowledged(void)
{
    struct decide_bench b;
    begin(&b, TIER_QUARANTINE);
    pass(&b, AT + MINUTE);
    acknowledge(&b, " li.wei ");
    struct control again = control_hold_of("ack2", SCOPE_CAMPAIGN, "a", "wang");
    again.action = CONTROL_ACKNOWLEDGE;
    control_bench_give(&b, &again, 1);
    control_bench_outcomes(&b, "ack applied acknowledged, ack2 applied acknowledged_before");
    b.log_time_ms = AT + DAY;
    decide_bench_follow(&b, &in_z, 1, false, true);
    const struct alert_action *alert = last_alert(&b);
    CU_ASSERT_EQUAL(alert->kind, ALERT_INCIDENT_CLOSED);
    CU_ASSERT_EQUAL(alert->acknowledged_ms, AT + MINUTE);
    CU_ASSERT_TRUE(view_is(alert->acknowledged_by, "li.wei"));
    decide_bench_fini(&b);
}

// --- holds that go on -------------------------------------------------------------------------

static void test_goes_on(void)
{
    enum { NOBODY, ACKNOWLEDGED, HELD_BY_PERSON };
    static const struct {
        enum unconfirmed unconfirmed;
        enum mode mode;
        int who;
        bool goes_on;
    } rows[] = {
            {UNCONFIRMED_STAYS_HELD, MODE_ENFORCE, NOBODY, true},
            {UNCONFIRMED_STAYS_HELD, MODE_ENFORCE, ACKNOWLEDGED, false},
            {UNCONFIRMED_STAYS_HELD, MODE_ENFORCE, HELD_BY_PERSON, false},
            {UNCONFIRMED_STAYS_HELD, MODE_MONITOR, NOBODY, false}, // nothing is held
            {UNCONFIRMED_EXPIRES, MODE_ENFORCE, NOBODY, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct evidence evidence = decide_bench_evidence(4);
        struct decide_bench b;
        begin(&b, TIER_NOTICE);
        b.policy.unconfirmed = rows[i].unconfirmed;
        b.policy.mode = rows[i].mode;
        decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
        int64_t first_sequence = b.taken[b.taken_count - 1].command.sequence;
        if (rows[i].who == ACKNOWLEDGED) {
            acknowledge(&b, "li");
        } else if (rows[i].who == HELD_BY_PERSON) {
            struct control hold = control_hold_of("h", SCOPE_CAMPAIGN, "a", "li");
            hold.expires_at_ms = AT + DAY;
            control_bench_give(&b, &hold, 1);
        }
        // What goes on is told ahead of the end, by which senders would let it run out; nothing else is.
        int64_t at_ms = AT + DAY - (rows[i].goes_on ? MINUTE : 0);
        pass(&b, at_ms - 1);
        b.taken_count = 0;
        pass(&b, at_ms);
        CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
        const struct command_action *command = &b.taken[0].command;
        const struct alert_action *alert = last_alert(&b);
        int32_t scope = decide_bench_scope(&b, SCOPE_CAMPAIGN, "a");
        CU_ASSERT_EQUAL(scopes_is_held(b.scopes, scope, b.log_time_ms), rows[i].goes_on);
        CU_ASSERT_EQUAL(command->kind, rows[i].goes_on ? COMMAND_HOLD : COMMAND_EXPIRED);
        CU_ASSERT_EQUAL(command->is_renewal, rows[i].goes_on);
        CU_ASSERT_EQUAL(
                alert->kind, rows[i].goes_on ? ALERT_INCIDENT_UPDATED : ALERT_INCIDENT_CLOSED);
        CU_ASSERT_EQUAL(alert->is_unconfirmed, rows[i].goes_on);
        if (rows[i].goes_on) {
            CU_ASSERT_EQUAL(command->expires_at_ms, at_ms + DAY);
            CU_ASSERT_TRUE(command->sequence > first_sequence);
            CU_ASSERT_EQUAL(command->tier, TIER_QUARANTINE);
            b.taken_count = 0;
            pass(&b, AT + 2 * DAY); // and again, and once somebody knows of it no more
            CU_ASSERT_EQUAL(b.taken_count, 2);
            acknowledge(&b, "li");
            pass(&b, AT + 3 * DAY);
            CU_ASSERT_EQUAL(last_alert(&b)->kind, ALERT_INCIDENT_CLOSED);
            CU_ASSERT_EQUAL(b.closed_count, 1);
        }
        decide_bench_fini(&b);
    }
}

// Two holds of an incident that end at once: a command each, one alert. A person's hold beside them runs
// out with no more than its tombstone.
static void test_two_go_on(void)
{
    static const struct path x = {.campaign = "a", .template_ = "x", .vendor = "v"};
    const struct evidence evidence = decide_bench_evidence(4);
    struct decide_bench b;
    decide_bench_init(&b, 10);
    b.policy.unconfirmed = UNCONFIRMED_STAYS_HELD;
    for (const char *c = "bdefgh"; *c != '\0'; c++) {
        const char name[] = {*c, '\0'};
        const struct path path = {.campaign = name, .template_ = "x", .vendor = "v"};
        decide_bench_meet(&b, &path, REASON_NO_RECORD);
    }
    decide_bench_meet(&b, &x, REASON_NO_RECORD);
    decide_bench_meet(&b, &x, REASON_NO_RECORD);
    decide_bench_meet(&b, &x, REASON_NO_RECORD);
    decide_bench_raise(&b, &x, SCOPE_TEMPLATE, TIER_QUARANTINE, &evidence);
    decide_bench_meet(&b, &in_a, REASON_NO_RECORD);
    decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 1);
    struct control hold = control_hold_of("h", SCOPE_CAMPAIGN, "elsewhere", "li");
    hold.expires_at_ms = AT + DAY;
    control_bench_give(&b, &hold, 1);
    b.taken_count = 0;
    pass(&b, AT + DAY);
    unsigned holds = 0;
    unsigned ends = 0;
    unsigned told = 0;
    for (unsigned i = 0; i < b.taken_count; i++) {
        const struct taken *taken = &b.taken[i];
        holds += taken->is_command && taken->command.kind == COMMAND_HOLD;
        ends += taken->is_command && taken->command.kind == COMMAND_EXPIRED;
        told += !taken->is_command && taken->alert.is_unconfirmed;
    }
    CU_ASSERT_EQUAL(holds, 2);
    CU_ASSERT_EQUAL(ends, 1);
    CU_ASSERT_EQUAL(told, 1);
    CU_ASSERT_EQUAL(b.taken_count, 4);
    decide_bench_fini(&b);
}

// --- saved and restored -----------------------------------------------------------------------

// Whether it was told, and who knows of it, survives.
static void test_snapshot(void)
{
    for (unsigned row = 0; row < 3; row++) {
        struct decide_bench b;
        struct decide_bench restored;
        begin(&b, TIER_QUARANTINE);
        if (row == 1) {
            pass(&b, AT + 15 * MINUTE);
        } else if (row == 2) {
            acknowledge(&b, "li");
        }
        decide_bench_init(&restored, 10);
        restored.policy = b.policy;
        control_bench_restore(&b, &restored);
        struct decide_bench *const each[] = {&b, &restored};
        for (unsigned i = 0; i < 2; i++) {
            each[i]->taken_count = 0;
            pass(each[i], AT + HOUR);
            CU_ASSERT_EQUAL(each[i]->taken_count, row == 0 ? 1 : 0);
            pass(each[i], AT + DAY);
            CU_ASSERT_EQUAL(each[i]->taken_count, row == 0 ? 3 : 2);
        }
        control_bench_compare(&b, &restored);
        CU_ASSERT_EQUAL(last_alert(&restored)->acknowledged_ms, last_alert(&b)->acknowledged_ms);
        decide_bench_fini(&b);
        decide_bench_fini(&restored);
    }
}

// --- a log that is lost -----------------------------------------------------------------------

// What the state topic tells of a person's hold is enough to go on with it.
static void test_restored_hold(void)
{
    static const struct {
        bool has_incident;
        bool is_commanded;
        unsigned incidents;
        bool goes_on;
    } rows[] = {
            {false, true, 0, false}, {true, true, 1, false}, {true, false, 1, true},
            {false, false, 1, true}, // of an earlier release: the command's id stands for it
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        begin(&b, TIER_NONE + 1);
        int32_t scope = decide_bench_scope(&b, SCOPE_SENDER, "s");
        const struct held_scope held = {.tier = TIER_QUARANTINE,
                .has_incident = rows[i].has_incident,
                .incident_id = {{7}},
                .is_commanded = rows[i].is_commanded,
                .control = incident_control_digest(VIEW("h1")),
                .issued_at_ms = AT,
                .expires_at_ms = AT + HOUR};
        bool is_new = false;
        uint32_t before = decide_open_incidents(b.decide);
        CU_ASSERT_EQUAL(decide_restore_hold(b.decide, scope, &held, &is_new), ERR_NONE);
        CU_ASSERT_TRUE(is_new);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide) - before, rows[i].incidents);
        CU_ASSERT_EQUAL(decide_restore_hold(b.decide, scope, &held, &is_new), ERR_NONE);
        CU_ASSERT_FALSE(is_new);
        if (rows[i].is_commanded) {
            struct control release = control_hold_of("r", SCOPE_SENDER, "s", "li");
            release.action = CONTROL_RELEASE;
            b.taken_count = 0;
            struct decide_bench saved;
            decide_bench_init(&saved, 10);
            control_bench_restore(&b, &saved);
            control_bench_give(&saved, &release, 1);
            CU_ASSERT_EQUAL(decide_control_counts(saved.decide).states[OUTCOME_APPLIED], 1);
            decide_bench_fini(&saved);
        }
        pass(&b, AT + HOUR);
        CU_ASSERT_EQUAL(scopes_is_held(b.scopes, scope, b.log_time_ms), rows[i].goes_on);
        decide_bench_fini(&b);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"reminded", test_reminded},
            {"reminded_from_quarantine", test_reminded_from_quarantine},
            {"acknowledged_before_quarantine", test_acknowledged_before_quarantine},
            {"shorter_time", test_shorter_time},
            {"acknowledged", test_acknowledged},
            {"goes_on", test_goes_on},
            {"two_go_on", test_two_go_on},
            {"snapshot", test_snapshot},
            {"restored_hold", test_restored_hold},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "decide_remind", tests);
}

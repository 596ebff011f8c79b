// What people command: seen once, two people where it is wide, done or refused, told.
#include "decide/control_ledger.h"
#include "decide/decide.h"

#include <stdlib.h>
#include <string.h>

#include "control_bench.h"
#include "unit.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define AT DECIDE_AT

static const struct path in_a = {.campaign = "a", .vendor = "v"};

// --- holds ------------------------------------------------------------------------------------

// A hold by name of what was never heard of: one-click stop.
static void test_hold(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    struct control hold = control_hold_of("c1", SCOPE_CAMPAIGN, "new", "li.wei");
    hold.reason = VIEW("wrong list");
    hold.expires_at_ms = AT + HOUR;
    control_bench_give(&b, &hold, 1);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    const struct command_action *command = &b.taken[0].command;
    CU_ASSERT_TRUE(b.taken[0].is_command && command->kind == COMMAND_HOLD);
    CU_ASSERT_TRUE(view_is(command->scope.id, "new") && view_is(command->scope.tenant_id, "t"));
    CU_ASSERT_TRUE(view_is(command->reason, "wrong list"));
    CU_ASSERT_TRUE(view_is(command->operator_id, "li.wei"));
    CU_ASSERT_TRUE(view_is(command->control_id, "c1"));
    CU_ASSERT_EQUAL(command->sequence, 100); // the frame's
    CU_ASSERT_EQUAL(command->expires_at_ms, AT + HOUR);
    CU_ASSERT_EQUAL(command->tier, TIER_QUARANTINE);
    CU_ASSERT_EQUAL(command->mode, MODE_ENFORCE);
    CU_ASSERT_FALSE(command->has_incident);
    control_bench_told(&b, 1, "c1 applied held");
    CU_ASSERT_EQUAL(b.taken[1].alert.outcome.expires_at_ms, AT + HOUR);
    CU_ASSERT_EQUAL(b.taken[1].alert.outcome.scope_count, 1);
    int32_t scope = decide_bench_scope(&b, SCOPE_CAMPAIGN, "new");
    CU_ASSERT_TRUE(scopes_is_held(b.scopes, scope, AT + HOUR - 1));
    CU_ASSERT_FALSE(scopes_is_held(b.scopes, scope, AT + HOUR));
    CU_ASSERT_EQUAL(b.alarmed, scope); // what it does is no lesson
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 0);
    decide_bench_fini(&b);
}

// When it ends: as it says, never later than persons may, a day when it says nothing.
static void test_expiry(void)
{
    static const struct {
        int64_t asked_ms;
        int64_t lasts_ms; // 0 = refused
    } rows[] = {
            {0, DAY},
            {AT + 1, 1},
            {AT, 0},
            {AT - DAY, 0},
            {AT + 7 * DAY, 7 * DAY},
            {AT + 7 * DAY + 1, 7 * DAY},
            {AT + 700 * DAY, 7 * DAY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        struct control hold = control_hold_of("c1", SCOPE_SENDER, "s", "li");
        hold.expires_at_ms = rows[i].asked_ms;
        control_bench_give(&b, &hold, 1);
        if (rows[i].lasts_ms == 0) {
            CU_ASSERT_EQUAL(b.taken_count, 1);
            control_bench_told(&b, 0, "c1 refused expires_in_past");
        } else {
            CU_ASSERT_EQUAL(b.taken[0].command.expires_at_ms, AT + rows[i].lasts_ms);
            b.log_time_ms = AT + rows[i].lasts_ms - 1;
            decide_bench_follow(&b, &in_a, 1, false, false);
            CU_ASSERT_EQUAL(b.taken_count, 2);
            b.log_time_ms++;
            decide_bench_follow(&b, &in_a, 1, false, false);
            CU_ASSERT_EQUAL_FATAL(b.taken_count, 3);
            CU_ASSERT_EQUAL(b.taken[2].command.kind, COMMAND_EXPIRED);
            CU_ASSERT_EQUAL(b.taken[2].command.mode, MODE_ENFORCE);
            CU_ASSERT_EQUAL(b.closed_count, 1); // nothing speaks against it any more
            CU_ASSERT_FALSE(scopes_is_held(
                    b.scopes, decide_bench_scope(&b, SCOPE_SENDER, "s"), b.log_time_ms));
        }
        decide_bench_fini(&b);
    }
}

// A second hold prolongs the first, and shortens none. In monitor mode a person's hold is enforced.
static void test_prolonged(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    b.policy.mode = MODE_MONITOR;
    struct control hold = control_hold_of("c1", SCOPE_TEMPLATE, "x", "li");
    control_bench_give(&b, &hold, 1);
    hold.control_id = VIEW("c2");
    hold.expires_at_ms = AT + 2 * DAY;
    control_bench_give(&b, &hold, 1);
    hold.control_id = VIEW("c3");
    hold.expires_at_ms = AT + HOUR;
    control_bench_give(&b, &hold, 1);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 6);
    control_bench_told(&b, 1, "c1 applied held");
    control_bench_told(&b, 3, "c2 applied prolonged");
    control_bench_told(&b, 5, "c3 applied prolonged");
    static const int64_t ends[] = {DAY, 2 * DAY, 2 * DAY};
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(b.taken[2 * i].command.expires_at_ms, AT + ends[i]);
        CU_ASSERT_EQUAL(b.taken[2 * i].command.sequence, 100 + i);
        CU_ASSERT_EQUAL(b.taken[2 * i].command.mode, MODE_ENFORCE);
    }
    decide_bench_fini(&b);
}

// A hold of a scope that has an incident belongs to it, and of an incident all that is not held is.
static void test_hold_of_incident(void)
{
    const struct evidence evidence = decide_bench_evidence(4);
    for (unsigned by_incident = 0; by_incident < 2; by_incident++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        decide_bench_meet_all(&b, "aaaa");
        decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_ALERT, &evidence);
        const struct digest_id id = b.taken[0].alert.incident_id;
        struct control hold = control_hold_of("c1", SCOPE_CAMPAIGN, "a", "li");
        if (by_incident) {
            hold = control_of("c1", CONTROL_HOLD, "li");
            hold.object = CONTROL_OF_INCIDENT;
            hold.incident_id = id;
        }
        control_bench_give(&b, &hold, 1);
        CU_ASSERT_EQUAL_FATAL(b.taken_count, 3);
        CU_ASSERT_TRUE(b.taken[1].command.has_incident);
        CU_ASSERT_EQUAL(memcmp(&b.taken[1].command.incident_id, &id, sizeof id), 0);
        CU_ASSERT_EQUAL(memcmp(&b.taken[2].alert.incident_id, &id, sizeof id), 0);
        control_bench_told(&b, 2, "c1 applied held");
        CU_ASSERT_TRUE(b.taken[2].alert.outcome.has_incident);
        CU_ASSERT_EQUAL(b.explained_count, 2); // the vendor's and the tenant's share
        hold.control_id = VIEW("c2");
        control_bench_give(&b, &hold, 1);
        control_bench_told(&b, b.taken_count - 1,
                by_incident ? "c2 refused already_held" : "c2 applied prolonged");
        decide_bench_fini(&b);
    }
}

// No cap for persons, and none of their holds takes one of ours its place.
static void test_no_cap(void)
{
    const struct evidence evidence = decide_bench_evidence(4);
    struct decide_bench b;
    decide_bench_init_capped(&b, 10, 1);
    for (unsigned i = 0; i < 5; i++) {
        const char id[] = {'c', (char)('0' + i), '\0'};
        const struct control hold = control_hold_of(id, SCOPE_CAMPAIGN, id, "li");
        control_bench_give(&b, &hold, 1);
        CU_ASSERT_EQUAL(b.taken_count, 2 * (i + 1));
    }
    decide_bench_meet_all(&b, "aaaa");
    decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 12);
    CU_ASSERT_TRUE(b.taken[11].is_command);
    decide_bench_fini(&b);
}

// --- two people -------------------------------------------------------------------------------

static void test_two_people(void)
{
    static const struct {
        enum scope_kind kind;
        const char *first;
        const char *second;
        int64_t after_ms;
        bool is_release;      // of what is held
        const char *outcomes; // of the first, of the second
    } rows[] = {
            {SCOPE_CAMPAIGN, "li", NULL, 0, false, "c1 applied held"},
            {SCOPE_TEMPLATE, "li", NULL, 0, false, "c1 applied held"},
            {SCOPE_SENDER, "li", NULL, 0, false, "c1 applied held"},
            {SCOPE_VENDOR, "li", "wang", 0, false,
                    "c1 pending needs_second_person, "
                    "c1 applied held wang, c2 applied confirmed"},
            {SCOPE_TENANT, "li", "wang", 0, false,
                    "c1 pending needs_second_person, "
                    "c1 applied held wang, c2 applied confirmed"},
            {SCOPE_VENDOR, "li", "li", 0, false,
                    "c1 pending needs_second_person, c2 refused same_person"},
            {SCOPE_VENDOR, "li", " LI\t", 0, false,
                    "c1 pending needs_second_person, c2 refused same_person"},
            {SCOPE_VENDOR, "Li ", "li2", 0, false,
                    "c1 pending needs_second_person, "
                    "c1 applied held li2, c2 applied confirmed"},
            {SCOPE_VENDOR, "li", "wang", 30 * MINUTE - 1, false,
                    "c1 pending needs_second_person, "
                    "c1 applied held wang, c2 applied confirmed"},
            {SCOPE_VENDOR, "li", "wang", 30 * MINUTE, false,
                    "c1 pending needs_second_person, "
                    "c1 expired not_confirmed, "
                    "c2 refused too_late"},
            {SCOPE_VENDOR, "li", "wang", 0, true,
                    "c1 pending needs_second_person, "
                    "c1 applied released wang, "
                    "c2 applied confirmed"},
            {SCOPE_CAMPAIGN, "li", NULL, 0, true, "c1 applied released"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        const char *name = rows[i].kind == SCOPE_TENANT ? "t" : "n";
        if (rows[i].is_release) {
            control_bench_hold_by_two(&b, rows[i].kind, name);
        }
        struct control first = control_hold_of("c1", rows[i].kind, name, rows[i].first);
        first.action = rows[i].is_release ? CONTROL_RELEASE : CONTROL_HOLD;
        control_bench_give(&b, &first, 1);
        if (rows[i].second != NULL) {
            b.log_time_ms += rows[i].after_ms;
            const struct control second = control_confirm_of("c2", "c1", rows[i].second);
            control_bench_give(&b, &second, 1);
        }
        control_bench_outcomes(&b, rows[i].outcomes);
        bool is_held = strstr(rows[i].outcomes, "applied held") != NULL;
        CU_ASSERT_EQUAL(
                scopes_is_held(b.scopes, decide_bench_scope(&b, rows[i].kind, name), b.log_time_ms),
                is_held);
        decide_bench_fini(&b);
    }
}

// A confirmation of what is done, of what nobody asked for, and one that comes again.
static void test_confirmed_again(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    const struct control first = control_hold_of("c1", SCOPE_VENDOR, "v", "li");
    control_bench_give(&b, &first, 1);
    struct control second = control_confirm_of("c2", "c1", "wang");
    control_bench_give(&b, &second, 1);
    control_bench_give(&b, &second, 1); // the same record
    second.control_id = VIEW("c3");
    control_bench_give(&b, &second, 1);
    control_bench_outcomes(&b, "c1 pending needs_second_person, c1 applied held wang, "
                               "c2 applied confirmed, c3 refused already_confirmed");
    CU_ASSERT_EQUAL(decide_control_counts(b.decide).duplicates, 1);
    CU_ASSERT_EQUAL(decide_control_counts(b.decide).waiting, 0);
    decide_bench_fini(&b);
}

// Nobody confirms: it is told at the deadline, whatever frame has that log time.
static void test_nobody_confirms(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    const struct control first = control_hold_of("c1", SCOPE_VENDOR, "v", "li");
    control_bench_give(&b, &first, 1);
    CU_ASSERT_EQUAL(b.taken[0].alert.outcome.expires_at_ms, AT + 30 * MINUTE);
    b.log_time_ms += 30 * MINUTE - 1;
    decide_bench_follow(&b, &in_a, 1, false, false);
    CU_ASSERT_EQUAL(b.taken_count, 1);
    b.log_time_ms++;
    decide_bench_follow(&b, &in_a, 1, false, false);
    control_bench_outcomes(&b, "c1 pending needs_second_person, c1 expired not_confirmed");
    decide_bench_fini(&b);
}

// --- who tells --------------------------------------------------------------------------------

// Of a command that names no tenant each partition has a copy.
static void test_who_tells(void)
{
    static const struct {
        int32_t partition;
        bool is_known; // here
        const char *outcomes;
    } rows[] = {
            {1, true, "c2 applied acknowledged"},
            {1, false, ""},
            {0, true, "c2 applied acknowledged"},
            {0, false, "c2 unknown unknown_incident"},
    };
    const struct evidence evidence = decide_bench_evidence(4);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        decide_bench_meet_all(&b, "aaaa");
        decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_ALERT, &evidence);
        b.tally_partition = rows[i].partition;
        struct control acknowledge = control_of("c2", CONTROL_ACKNOWLEDGE, "li");
        acknowledge.object = CONTROL_OF_INCIDENT;
        acknowledge.incident_id = b.taken[0].alert.incident_id;
        acknowledge.incident_id.bytes[3] ^= rows[i].is_known ? 0 : 1;
        control_bench_give(&b, &acknowledge, 1);
        control_bench_outcomes(&b, rows[i].outcomes);
        const struct control confirm = control_confirm_of("c3", "c99", "li");
        b.taken_count = 0;
        control_bench_give(&b, &confirm, 1);
        control_bench_outcomes(&b, rows[i].partition == 0 ? "c3 unknown unknown_control" : "");
        decide_bench_fini(&b);
    }
}

// A rule of all tenants waits in every partition: 0 says so, and each what it has released.
static void test_rule_of_all(void)
{
    static const struct {
        int32_t partition;
        const char *rule;
        const char *outcomes;
    } rows[] = {
            {0, "no_record",
                    "c1 pending needs_second_person, c1 applied released wang, "
                    "c2 applied confirmed"},
            {0, "closed_loan",
                    "c1 pending needs_second_person, c1 unknown not_held wang, "
                    "c2 applied confirmed"},
            {1, "no_record", "c1 applied released wang"},
            {1, "closed_loan", ""},
    };
    const struct evidence evidence = decide_bench_evidence(4);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        decide_bench_meet_all(&b, "aaaa");
        decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
        b.tally_partition = rows[i].partition;
        struct control release = control_of("c1", CONTROL_RELEASE, "li");
        release.object = CONTROL_OF_RULE;
        release.rule = view_of(rows[i].rule);
        control_bench_give(&b, &release, 1);
        const struct control same = control_confirm_of("c9", "c1", "Li");
        control_bench_give(&b, &same, 1);
        const struct control second = control_confirm_of("c2", "c1", "wang");
        control_bench_give(&b, &second, 1);
        control_bench_outcomes_but(&b, "c9", rows[i].outcomes);
        decide_bench_fini(&b);
    }
}

// --- releases ---------------------------------------------------------------------------------

// What a release is about, by what it names.
static void test_what_is_released(void)
{
    enum { BY_SCOPE, BY_INCIDENT, BY_REASON, BY_CAUSE };
    static const struct {
        int by;
        const char *names;
        const char *released; // of campaigns a (ours) and m (a person's)
        const char *outcome;
    } rows[] = {
            {BY_SCOPE, "a", "a", "c1 applied released"},
            {BY_SCOPE, "m", "m", "c1 applied released"},
            {BY_SCOPE, "z", "", "c1 refused not_held"},
            {BY_INCIDENT, NULL, "a", "c1 applied released"},
            {BY_REASON, "no_record", "a", "c1 applied released"},
            {BY_REASON, "closed_loan", "", "c1 refused not_held"},
            {BY_REASON, "no_such_word", "", "c1 refused not_held"},
            {BY_CAUSE, NULL, "a", "c1 applied released"},
    };
    const struct evidence evidence = decide_bench_evidence(4);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        decide_bench_meet_all(&b, "aaaa");
        decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
        const struct alert_action opened = b.taken[0].alert;
        const struct control hold = control_hold_of("h1", SCOPE_CAMPAIGN, "m", "li");
        control_bench_give(&b, &hold, 1);
        b.taken_count = 0;
        struct control release = control_hold_of("c1", SCOPE_CAMPAIGN, "z", "li");
        release.action = CONTROL_RELEASE;
        if (rows[i].by == BY_SCOPE) {
            release.scope.id = view_of(rows[i].names);
        } else if (rows[i].by == BY_INCIDENT) {
            release.object = CONTROL_OF_INCIDENT;
            release.scope = (struct scope_name){.id = VIEW_NONE};
            release.incident_id = opened.incident_id;
        } else {
            release.object = CONTROL_OF_RULE;
            release.rule = rows[i].by == BY_CAUSE ? opened.causes[0].name : view_of(rows[i].names);
        }
        control_bench_give(&b, &release, 1);
        control_bench_outcomes(&b, rows[i].outcome);
        for (const char *c = "am"; *c != '\0'; c++) {
            const char id[] = {*c, '\0'};
            CU_ASSERT_EQUAL(scopes_is_held(b.scopes, decide_bench_scope(&b, SCOPE_CAMPAIGN, id),
                                    b.log_time_ms),
                    strchr(rows[i].released, *c) == NULL);
        }
        decide_bench_fini(&b);
    }
}

// --- what cannot be, and how often --------------------------------------------------------------

static void test_refused(void)
{
    char *long_text = malloc(CONTROL_BENCH_LONG);
    CU_ASSERT_PTR_NOT_NULL_FATAL(long_text);
    memset(long_text, 'x', CONTROL_BENCH_LONG);
    struct decide_bench b;
    decide_bench_init(&b, 10);
    struct control hold = control_hold_of("r1", SCOPE_CAMPAIGN, "a", " \t ");
    control_bench_give(&b, &hold, 1);
    hold = control_hold_of("r2", SCOPE_CAMPAIGN, "a", "li");
    hold.reason = VIEW(" ");
    control_bench_give(&b, &hold, 1);
    hold = control_hold_of("r3", SCOPE_CAMPAIGN, "a", "li");
    hold.reason = view_bytes(long_text, 4097);
    control_bench_give(&b, &hold, 1);
    hold = control_hold_of("r4", SCOPE_CAMPAIGN, "a", "li");
    hold.operator_id = view_bytes(long_text, 257);
    control_bench_give(&b, &hold, 1);
    hold = control_hold_of("r5", SCOPE_TENANT, "another", "li");
    control_bench_give(&b, &hold, 1);
    hold = control_hold_of("r6", SCOPE_CAMPAIGN, "", "li");
    control_bench_give(&b, &hold, 1);
    hold = control_hold_of("r7", SCOPE_CAMPAIGN, "", "li");
    hold.scope.id = view_bytes(long_text, 4000);
    control_bench_give(&b, &hold, 1);
    hold = control_hold_of("r8", SCOPE_CAMPAIGN, "a", "li");
    hold.action = CONTROL_ACKNOWLEDGE;
    control_bench_give(&b, &hold, 1);
    control_bench_outcomes(&b, "r1 refused no_operator, r2 refused no_reason, "
                               "r3 refused too_long, r4 refused too_long, "
                               "r5 refused no_such_scope, r6 refused no_such_scope, "
                               "r7 refused too_long, r8 refused no_incident");
    CU_ASSERT_EQUAL(decide_control_counts(b.decide).states[OUTCOME_REFUSED], 8);
    decide_bench_fini(&b);
    free(long_text);
}

// A record that was issued long ago is written again by somebody else, whoever has signed it.
static void test_issued_at(void)
{
    static const struct {
        int64_t issued_ms; // from log time
        const char *why;
    } rows[] = {
            {0, "x applied held"},
            {-DECIDE_MAX_AGE_MS, "x applied held"},
            {-DECIDE_MAX_AGE_MS - 1, "x refused too_old"},
            {10 * MINUTE, "x applied held"},
            {10 * MINUTE + 1, "x refused from_the_future"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        struct control hold = control_hold_of("x", SCOPE_CAMPAIGN, "a", "li");
        hold.issued_at_ms = b.log_time_ms + rows[i].issued_ms;
        control_bench_give(&b, &hold, 1);
        control_bench_outcomes(&b, rows[i].why);
        decide_bench_fini(&b);
    }
    struct decide_bench b;
    decide_bench_init(&b, 10);
    b.tally_partition = 0; // which tells of what every one refuses
    const struct control asked = control_hold_of("x", SCOPE_VENDOR, "v", "li");
    struct control confirm = control_confirm_of("y", "x", "wang");
    confirm.issued_at_ms -= DECIDE_MAX_AGE_MS + 1;
    control_bench_give(&b, &asked, 1);
    control_bench_give(&b, &confirm, 1);
    control_bench_outcomes(&b, "x pending needs_second_person, y refused too_old");
    decide_bench_fini(&b);
}

// Where scopes of a kind are not held apart by channel no message is of one that names a channel.
static void test_channel(void)
{
    for (unsigned is_split = 0; is_split < 2; is_split++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        b.policy.split_by_channel = is_split ? 1U << SCOPE_SENDER : 1U << SCOPE_CAMPAIGN;
        struct control hold = control_hold_of("x", SCOPE_SENDER, "s", "li");
        hold.scope.channel = VIEW("sms");
        control_bench_give(&b, &hold, 1);
        control_bench_outcomes(&b, is_split ? "x applied held" : "x refused not_split_by_channel");
        decide_bench_fini(&b);
    }
}

// A snapshot from outside has a command wait that no record could: it is not restored.
static void test_restored_wrong(void)
{
    static const struct {
        enum control_action action;
        size_t operator_bytes;
        enum err err;
    } rows[] = {
            {CONTROL_HOLD, OPERATOR_BYTES_MAX, ERR_NONE},
            {CONTROL_RELEASE, 1, ERR_NONE},
            {CONTROL_HOLD, OPERATOR_BYTES_MAX + 1, ERR_DATA},
            {CONTROL_HOLD, 0, ERR_DATA},
            {CONTROL_CONFIRM, 1, ERR_DATA},
            {CONTROL_ACKNOWLEDGE, 1, ERR_DATA},
            {CONTROL_MODE, 1, ERR_NONE},
            {CONTROL_DRILL, 1, ERR_DATA},
    };
    static const char name[OPERATOR_BYTES_MAX + 1] = "l";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct control_ledger *from;
        struct control_ledger *to;
        CU_ASSERT_EQUAL_FATAL(control_ledger_create(&from), ERR_NONE);
        CU_ASSERT_EQUAL_FATAL(control_ledger_create(&to), ERR_NONE);
        struct control control = control_of("x", rows[i].action, "");
        control.operator_id = view_bytes(name, rows[i].operator_bytes);
        CU_ASSERT_EQUAL(control_ledger_wait(from, &control, 1), ERR_NONE);
        struct strbuf state;
        strbuf_init(&state, 1 << 20);
        struct archive writer = archive_writer(&state);
        control_ledger_archive(&writer, from);
        struct archive reader = archive_reader(strbuf_view(&state));
        control_ledger_archive(&reader, to);
        CU_ASSERT_EQUAL(archive_end(&reader), rows[i].err);
        CU_ASSERT_EQUAL(control_ledger_waiting_count(to), rows[i].err == ERR_NONE);
        strbuf_fini(&state);
        control_ledger_destroy(from);
        control_ledger_destroy(to);
    }
}

// The full table of scopes is told to whoever asks for one more.
static void test_no_room_for_scope(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    for (unsigned i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%u", i);
        (void)decide_bench_scope(&b, SCOPE_CAMPAIGN, name);
    }
    struct control hold = control_hold_of("c1", SCOPE_CAMPAIGN, "one-more", "li");
    control_bench_give(&b, &hold, 1);
    hold = control_hold_of("c2", SCOPE_CAMPAIGN, "n7", "li");
    control_bench_give(&b, &hold, 1);
    control_bench_outcomes(&b, "c1 refused too_many_scopes, c2 applied held");
    decide_bench_fini(&b);
}

// 64 wait; the next is refused until one of them is settled.
static void test_too_many_wait(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    for (unsigned i = 0; i < 65; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%u", i);
        const struct control hold = control_hold_of(id, SCOPE_VENDOR, "v", "li");
        b.taken_count = 0;
        control_bench_give(&b, &hold, 1);
        CU_ASSERT_EQUAL(b.taken_count, 1);
        CU_ASSERT_EQUAL(b.taken[0].alert.outcome.state, i < 64 ? OUTCOME_PENDING : OUTCOME_REFUSED);
    }
    control_bench_told(&b, 0, "c64 refused too_many_pending");
    CU_ASSERT_EQUAL(decide_control_counts(b.decide).waiting, 64);
    const struct control confirm = control_confirm_of("d1", "c3", "wang");
    control_bench_give(&b, &confirm, 1);
    const struct control hold = control_hold_of("c65", SCOPE_VENDOR, "v", "li");
    b.taken_count = 0;
    control_bench_give(&b, &hold, 1);
    control_bench_told(&b, 0, "c65 pending needs_second_person");
    decide_bench_fini(&b);
}

// Of the last 4,096 each is known again.
static void test_forgotten(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    for (unsigned i = 0; i < 4098; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%u", i);
        const struct control hold = control_hold_of(id, SCOPE_CAMPAIGN, "a", "li");
        b.taken_count = 0;
        control_bench_give(&b, &hold, 1);
        CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    }
    CU_ASSERT_EQUAL(decide_control_counts(b.decide).forgotten, 2);
    static const struct {
        const char *id;
        bool is_known;
    } rows[] = {{"c4097", true}, {"c2", true}, {"c1", false}, {"c1", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct control hold = control_hold_of(rows[i].id, SCOPE_CAMPAIGN, "a", "li");
        b.taken_count = 0;
        control_bench_give(&b, &hold, 1);
        CU_ASSERT_EQUAL(b.taken_count, rows[i].is_known ? 0 : 2);
    }
    decide_bench_fini(&b);
}

// --- saved and restored -----------------------------------------------------------------------

// What follows from a restored state is, to the byte, what follows from the one that was saved.
static void test_snapshot(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    control_bench_hold_by_two(&b, SCOPE_VENDOR, "late");            // one that is settled
    struct control rule = control_of("all", CONTROL_RELEASE, "li"); // and one that is so everywhere
    rule.object = CONTROL_OF_RULE;
    rule.rule = VIEW("no_record");
    control_bench_give(&b, &rule, 1);
    struct control agreed = control_confirm_of("all-2", "all", "wang");
    control_bench_give(&b, &agreed, 1);
    CU_ASSERT_EQUAL(b.taken_count, 0); // partition 0 says so
    struct control hold = control_hold_of("c1", SCOPE_CAMPAIGN, "a", "li");
    hold.expires_at_ms = AT + 20 * MINUTE;
    control_bench_give(&b, &hold, 1);
    hold = control_hold_of("c2", SCOPE_VENDOR, "v", "li");
    hold.reason = VIEW("why");
    control_bench_give(&b, &hold, 1);
    hold.control_id = VIEW("c3");
    control_bench_give(&b, &hold, 1);
    struct decide_bench restored;
    decide_bench_init(&restored, 10);
    control_bench_restore(&b, &restored);
    struct decide_bench *const both[] = {&b, &restored};
    for (unsigned i = 0; i < 2; i++) {
        both[i]->taken_count = 0;
        control_bench_give(both[i], &hold, 1); // seen
        const struct control confirm = control_confirm_of("c4", "c2", "wang");
        control_bench_give(both[i], &confirm, 1);
        const struct control again = control_confirm_of("c5", "two-people", "wang");
        control_bench_give(both[i], &again, 1);
        agreed.control_id = VIEW("all-3");
        control_bench_give(both[i], &agreed, 1);
        struct control release = control_hold_of("c6", SCOPE_CAMPAIGN, "a", "li");
        release.action = CONTROL_RELEASE;
        control_bench_give(both[i], &release, 1);
        both[i]->log_time_ms += 30 * MINUTE;
        decide_bench_follow(both[i], &in_a, 1, false, false);
        control_bench_outcomes(both[i], "c2 applied held wang, c4 applied confirmed, "
                                        "c5 refused already_confirmed, c6 applied released, "
                                        "c3 expired not_confirmed");
    }
    control_bench_compare(&b, &restored);
    decide_bench_fini(&b);
    decide_bench_fini(&restored);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"hold", test_hold},
            {"expiry", test_expiry},
            {"prolonged", test_prolonged},
            {"hold_of_incident", test_hold_of_incident},
            {"no_cap", test_no_cap},
            {"two_people", test_two_people},
            {"confirmed_again", test_confirmed_again},
            {"nobody_confirms", test_nobody_confirms},
            {"who_tells", test_who_tells},
            {"rule_of_all", test_rule_of_all},
            {"what_is_released", test_what_is_released},
            {"refused", test_refused},
            {"issued_at", test_issued_at},
            {"channel", test_channel},
            {"restored_wrong", test_restored_wrong},
            {"no_room_for_scope", test_no_room_for_scope},
            {"too_many_wait", test_too_many_wait},
            {"forgotten", test_forgotten},
            {"snapshot", test_snapshot},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "decide_control", tests);
}

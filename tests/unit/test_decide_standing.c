// What people command that stands until it ends: modes, and holds and releases of single messages and
// recipients.
#include <stdio.h>
#include <string.h>

#include "control/standing_orders.h"
#include "decide/control_ledger.h"

#include "control_bench.h"
#include "unit.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define PSEUDONYM "demo:AAAAAAAAAAAAAAAAAAAAAA"

static const struct path in_a = {.campaign = "a", .template_ = "x", .sender = "s", .vendor = "v"};

static struct control mode_of(
        const char *id, enum scope_kind kind, const char *name, const char *channel, enum mode mode)
{
    struct control control = control_hold_of(id, kind, name, "li");
    control.action = CONTROL_MODE;
    control.mode = mode;
    control.scope.channel = view_of(channel);
    return control;
}

static struct control one_of(
        const char *id, enum control_action action, enum control_object object, const char *name)
{
    struct control control = control_of(id, action, "li");
    control.object = object;
    control.scope.tenant_id = VIEW("t");
    if (object == CONTROL_OF_RECIPIENT) {
        control.recipient = view_of(name);
    } else {
        control.scope.id = view_of(name);
    }
    return control;
}

static void give(struct decide_bench *b, struct control control)
{
    control_bench_give(b, &control, 1);
}

// Sets a mode, by two people where it is wide.
static void set_mode(struct decide_bench *b, const struct control *mode)
{
    give(b, *mode);
    if (mode->scope.kind >= SCOPE_VENDOR) {
        char id[64];
        snprintf(id, sizeof id, "%.*s-2", VIEW_ARGS(mode->control_id));
        const struct control confirm = control_confirm_of(id, "", "wang");
        struct control confirms = confirm;
        confirms.confirms = mode->control_id;
        give(b, confirms);
    }
}

// --- modes ------------------------------------------------------------------------------------

// Who may: wide ones want two people, in either direction.
static void test_who_may(void)
{
    static const struct {
        enum scope_kind kind;
        bool wants_two;
    } rows[] = {{SCOPE_CAMPAIGN, false}, {SCOPE_TEMPLATE, false}, {SCOPE_SENDER, false},
            {SCOPE_VENDOR, true}, {SCOPE_TENANT, true}};
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        enum scope_kind kind = rows[i / 2].kind;
        const struct control mode = mode_of("c1", kind, kind == SCOPE_TENANT ? "t" : "n", NULL,
                i % 2 == 0 ? MODE_MONITOR : MODE_ENFORCE);
        give(&b, mode);
        if (rows[i / 2].wants_two) {
            control_bench_outcomes(&b, "c1 pending needs_second_person");
            control_bench_states(&b, i % 2 == 0 ? "pending control c1 mode monitor +1800s"
                                                : "pending control c1 mode enforce +1800s");
        } else {
            control_bench_outcomes(&b, "c1 applied mode_set");
        }
        CU_ASSERT_EQUAL(decide_control_counts(b.decide).standing, !rows[i / 2].wants_two);
        decide_bench_fini(&b);
    }
}

// The order and its ends: pending, in force, replaced, over.
static void test_told(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    struct control mode = mode_of("c1", SCOPE_VENDOR, "v", NULL, MODE_MONITOR);
    set_mode(&b, &mode);
    control_bench_outcomes(&b, "c1 pending needs_second_person, c1 applied mode_set wang, "
                               "c1-2 applied confirmed");
    control_bench_states(&b, "pending control c1 mode monitor +1800s, "
                             "in_force vendor v mode monitor +86400s, over pending control c1");
    b.state_count = 0;
    mode.control_id = VIEW("c2");
    mode.mode = MODE_ENFORCE;
    mode.expires_at_ms = DECIDE_AT + 4 * HOUR;
    set_mode(&b, &mode);
    control_bench_states(&b, "pending control c2 mode enforce +1800s, "
                             "in_force vendor v mode enforce +14400s, over pending control c2");
    CU_ASSERT_EQUAL(decide_control_counts(b.decide).standing, 1);
    b.state_count = 0;
    b.log_time_ms += 4 * HOUR - 1;
    decide_bench_follow(&b, &in_a, 1, false, true);
    control_bench_states(&b, "");
    b.log_time_ms++;
    decide_bench_follow(&b, &in_a, 1, false, true);
    control_bench_states(&b, "over in_force vendor v");
    CU_ASSERT_EQUAL(decide_control_counts(b.decide).standing, 0);
    decide_bench_fini(&b);
}

// What waits and is not confirmed waits no longer; what waits everywhere is told by the first partition.
static void test_pending(void)
{
    for (int partition = 0; partition < 2; partition++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        b.tally_partition = partition;
        struct control release = control_of("c1", CONTROL_RELEASE, "li");
        release.object = CONTROL_OF_RULE;
        release.rule = VIEW("no_record");
        give(&b, release);
        give(&b, mode_of("c2", SCOPE_TENANT, "t", NULL, MODE_MONITOR));
        control_bench_states(&b, partition == 0 ? "pending control c1 release +1800s, "
                                                  "pending control c2 mode monitor +1800s"
                                                : "pending control c2 mode monitor +1800s");
        b.state_count = 0;
        b.log_time_ms += HOUR;
        decide_bench_follow(&b, &in_a, 1, false, true);
        control_bench_states(&b, partition == 0 ? "over pending control c1, over pending control c2"
                                                : "over pending control c2");
        decide_bench_fini(&b);
    }
}

static void test_refused(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    struct control mode = mode_of("c1", SCOPE_TENANT, "other", NULL, MODE_MONITOR);
    give(&b, mode);
    mode = mode_of("c2", SCOPE_CAMPAIGN, "a", NULL, MODE_MONITOR);
    mode.expires_at_ms = DECIDE_AT;
    give(&b, mode);
    mode.control_id = VIEW("c3");
    mode.object = CONTROL_OF_INCIDENT;
    give(&b, mode);
    mode.control_id = VIEW("c4");
    mode.object = CONTROL_OF_MESSAGE;
    give(&b, mode);
    struct control one = one_of("c5", CONTROL_RELEASE, CONTROL_OF_MESSAGE, "m");
    one.expires_at_ms = DECIDE_AT - 1;
    give(&b, one);
    one = one_of("c6", CONTROL_ACKNOWLEDGE, CONTROL_OF_MESSAGE, "m");
    give(&b, one);
    control_bench_outcomes(&b, "c1 refused no_such_scope, c2 refused expires_in_past, "
                               "c3 refused mode_wants_scope, c4 refused mode_wants_scope, "
                               "c5 refused expires_in_past, c6 refused not_supported");
    CU_ASSERT_EQUAL(b.state_count, 0);
    CU_ASSERT_EQUAL(decide_control_counts(b.decide).standing, 0);
    decide_bench_fini(&b);
}

// A row of README's table each: which mode the hold of campaign a of vendor v, tenant t, has.
static void test_precedence(void)
{
    static const struct {
        enum mode policy;
        struct {
            enum scope_kind kind;
            const char *id;
            const char *channel;
            enum mode mode;
        } set[3];
        unsigned count;
        enum mode expected;
    } rows[] = {
            {MODE_ENFORCE, {{SCOPE_CAMPAIGN, NULL, NULL, MODE_ENFORCE}}, 0, MODE_ENFORCE},
            {MODE_MONITOR, {{SCOPE_CAMPAIGN, NULL, NULL, MODE_ENFORCE}}, 0, MODE_MONITOR},
            {MODE_ENFORCE, {{SCOPE_TENANT, "t", NULL, MODE_MONITOR}}, 1, MODE_MONITOR},
            {MODE_MONITOR, {{SCOPE_TENANT, "t", NULL, MODE_ENFORCE}}, 1, MODE_ENFORCE},
            {MODE_ENFORCE, {{SCOPE_VENDOR, "v", NULL, MODE_MONITOR}}, 1, MODE_MONITOR},
            {MODE_ENFORCE, {{SCOPE_VENDOR, "w", NULL, MODE_MONITOR}}, 1, MODE_ENFORCE},
            {MODE_ENFORCE, {{SCOPE_CAMPAIGN, "a", NULL, MODE_MONITOR}}, 1, MODE_MONITOR},
            {MODE_ENFORCE, {{SCOPE_CAMPAIGN, "b", NULL, MODE_MONITOR}}, 1, MODE_ENFORCE},
            // narrower before wider
            {MODE_ENFORCE,
                    {{SCOPE_TENANT, "t", NULL, MODE_MONITOR},
                            {SCOPE_VENDOR, "v", NULL, MODE_ENFORCE}},
                    2, MODE_ENFORCE},
            {MODE_ENFORCE,
                    {{SCOPE_VENDOR, "v", NULL, MODE_ENFORCE},
                            {SCOPE_TENANT, "t", NULL, MODE_ENFORCE},
                            {SCOPE_CAMPAIGN, "a", NULL, MODE_MONITOR}},
                    3, MODE_MONITOR},
            // one channel's before all of them, and another's not at all
            {MODE_ENFORCE,
                    {{SCOPE_VENDOR, "v", NULL, MODE_ENFORCE},
                            {SCOPE_VENDOR, "v", "sms", MODE_MONITOR}},
                    2, MODE_MONITOR},
            {MODE_ENFORCE, {{SCOPE_TENANT, "t", "voice", MODE_MONITOR}}, 1, MODE_ENFORCE},
            // the later of one scope
            {MODE_ENFORCE,
                    {{SCOPE_TENANT, "t", NULL, MODE_MONITOR},
                            {SCOPE_TENANT, "t", NULL, MODE_ENFORCE}},
                    2, MODE_ENFORCE},
    };
    const struct evidence evidence = decide_bench_evidence(4);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        decide_bench_init(&b, 10);
        b.policy.mode = rows[i].policy;
        for (unsigned k = 0; k < rows[i].count; k++) {
            const char id[] = {'c', (char)('0' + k), '\0'};
            const struct control mode = mode_of(id, rows[i].set[k].kind, rows[i].set[k].id,
                    rows[i].set[k].channel, rows[i].set[k].mode);
            set_mode(&b, &mode);
        }
        b.taken_count = 0;
        b.channel = VIEW("sms");
        for (unsigned k = 0; k < 4; k++) {
            decide_bench_meet(&b, &in_a, REASON_NO_RECORD);
        }
        decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
        CU_ASSERT_TRUE_FATAL(b.taken_count == 2 && b.taken[1].is_command);
        CU_ASSERT_EQUAL(b.taken[1].command.mode, rows[i].expected);
        if (b.taken[1].command.mode != rows[i].expected) {
            fprintf(stderr, "row %zu\n", i);
        }
        decide_bench_fini(&b);
    }
}

// A mode that is over goes by nobody, and a hold that stood before a mode stays what it is.
static void test_when(void)
{
    const struct evidence evidence = decide_bench_evidence(4);
    struct decide_bench b;
    decide_bench_init(&b, 10);
    decide_bench_meet_all(&b, "aaaabbbb");
    const struct path of_b = {.campaign = "b", .vendor = "v"};
    decide_bench_raise(&b, &in_a, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
    CU_ASSERT_EQUAL(b.taken[b.taken_count - 1].command.mode, MODE_ENFORCE);
    struct control mode = mode_of("c1", SCOPE_TENANT, "t", NULL, MODE_MONITOR);
    mode.expires_at_ms = DECIDE_AT + HOUR;
    set_mode(&b, &mode);
    int32_t held = decide_bench_scope(&b, SCOPE_CAMPAIGN, "a");
    CU_ASSERT_TRUE(scopes_is_held(b.scopes, held, b.log_time_ms));
    b.log_time_ms += HOUR;
    b.taken_count = 0;
    decide_bench_raise(&b, &of_b, SCOPE_CAMPAIGN, TIER_QUARANTINE, &evidence);
    const struct taken *last = &b.taken[b.taken_count - 1];
    CU_ASSERT_TRUE(last->is_command && last->command.mode == MODE_ENFORCE);
    decide_bench_fini(&b);
}

// --- single messages and recipients -----------------------------------------------------------

static void test_message(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    give(&b, one_of("c1", CONTROL_RELEASE, CONTROL_OF_MESSAGE, "m1"));
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    const struct command_action *release = &b.taken[0].command;
    CU_ASSERT_TRUE(b.taken[0].is_command && release->kind == COMMAND_RELEASE);
    CU_ASSERT_EQUAL(release->target, TARGET_MESSAGE);
    CU_ASSERT_TRUE(view_is(release->control_id, "c1") && view_is(release->operator_id, "li"));
    CU_ASSERT_EQUAL(release->mode, MODE_ENFORCE);
    CU_ASSERT_EQUAL(release->sequence, 2 + 100); // above the judge's 0 and 1
    CU_ASSERT_EQUAL(release->issued_at_ms, DECIDE_AT);
    control_bench_told(&b, 1, "c1 applied released");
    struct control hold = one_of("c2", CONTROL_HOLD, CONTROL_OF_MESSAGE, "m1");
    hold.expires_at_ms = DECIDE_AT + 2 * HOUR;
    give(&b, hold);
    const struct command_action *held = &b.taken[2].command;
    CU_ASSERT_TRUE(b.taken[2].is_command && held->kind == COMMAND_HOLD);
    CU_ASSERT_EQUAL(held->sequence, 2 + 101); // and above what people have said before
    CU_ASSERT_EQUAL(held->expires_at_ms, DECIDE_AT + 2 * HOUR);
    CU_ASSERT_NOT_EQUAL(memcmp(&held->command_id, &release->command_id, DIGEST_ID_BYTES), 0);
    control_bench_told(&b, 3, "c2 applied held");
    control_bench_states(
            &b, "in_force message m1 release +86400s, in_force message m1 hold +7200s");
    CU_ASSERT_EQUAL(decide_control_counts(b.decide).standing, 1); // the later one
    decide_bench_fini(&b);
}

static void test_recipient(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    struct control release = one_of("c1", CONTROL_RELEASE, CONTROL_OF_RECIPIENT, PSEUDONYM);
    struct control hold = one_of("c2", CONTROL_HOLD, CONTROL_OF_RECIPIENT, PSEUDONYM);
    release.at_once = hold.at_once = true; // which says nothing of a hold
    give(&b, release);
    give(&b, hold);
    control_bench_outcomes(&b, "c1 applied released, c2 applied held");
    CU_ASSERT_EQUAL_FATAL(
            b.taken_count, 4); // for what is held of his; the judges command what comes
    for (unsigned i = 0; i < 4; i += 2) {
        const struct command_action *command = &b.taken[i].command;
        CU_ASSERT_TRUE(b.taken[i].is_command && command->target == TARGET_RECIPIENT);
        CU_ASSERT_EQUAL(command->kind, i == 0 ? COMMAND_RELEASE : COMMAND_HOLD);
        CU_ASSERT_TRUE(view_is(command->scope.id, PSEUDONYM));
        CU_ASSERT_TRUE(view_is(command->scope.tenant_id, "t"));
        CU_ASSERT_EQUAL(command->sequence, 2 + 100 + i / 2);
        CU_ASSERT_EQUAL(command->expires_at_ms, DECIDE_AT + DAY);
        CU_ASSERT_EQUAL(command->mode, MODE_ENFORCE);
        CU_ASSERT_EQUAL(command->at_once, i == 0);
    }
    control_bench_states(&b, "in_force recipient " PSEUDONYM " release +86400s, "
                             "in_force recipient " PSEUDONYM " hold +86400s");
    b.state_count = 0;
    b.log_time_ms += DAY;
    decide_bench_follow(&b, &in_a, 1, false, true);
    control_bench_states(&b, "over in_force recipient " PSEUDONYM);
    decide_bench_fini(&b);
}

// So many stand and no more; the one that is over makes room.
static void test_ceiling(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    for (unsigned i = 0; i <= STANDING_MAX; i++) {
        char id[16];
        snprintf(id, sizeof id, "m%u", i);
        b.taken_count = 0;
        b.state_count = 0;
        struct control one = one_of(id, CONTROL_RELEASE, CONTROL_OF_MESSAGE, id);
        one.expires_at_ms = DECIDE_AT + (i == 7 ? HOUR : DAY);
        give(&b, one);
    }
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 1);
    control_bench_outcomes(&b, "m4096 refused too_many_standing");
    CU_ASSERT_EQUAL(b.state_count, 0);
    CU_ASSERT_EQUAL(decide_control_counts(b.decide).standing, STANDING_MAX);
    b.log_time_ms += HOUR;
    decide_bench_follow(&b, &in_a, 1, false, true);
    control_bench_states(&b, "over in_force message m7");
    give(&b, one_of("again", CONTROL_RELEASE, CONTROL_OF_MESSAGE, "m4096"));
    CU_ASSERT_EQUAL(decide_control_counts(b.decide).standing, STANDING_MAX);
    decide_bench_fini(&b);
}

// --- saved and restored -----------------------------------------------------------------------

static void test_snapshot(void)
{
    struct decide_bench b;
    decide_bench_init(&b, 10);
    struct control mode = mode_of("c1", SCOPE_VENDOR, "v", "sms", MODE_MONITOR);
    mode.expires_at_ms = DECIDE_AT + HOUR;
    set_mode(&b, &mode);
    give(&b, mode_of("c2", SCOPE_TENANT, "t", NULL, MODE_MONITOR)); // waits
    give(&b, one_of("c3", CONTROL_RELEASE, CONTROL_OF_MESSAGE, "m1"));
    give(&b, one_of("c4", CONTROL_RELEASE, CONTROL_OF_RECIPIENT, PSEUDONYM));
    struct decide_bench restored;
    decide_bench_init(&restored, 10);
    control_bench_restore(&b, &restored);
    struct decide_bench *const both[] = {&b, &restored};
    for (unsigned i = 0; i < 2; i++) {
        both[i]->state_count = 0;
        both[i]->taken_count = 0;
        give(both[i], control_confirm_of("c5", "c2", "wang"));
        control_bench_states(
                both[i], "in_force tenant t mode monitor +86400s, over pending control c2");
        both[i]->state_count = 0;
        both[i]->log_time_ms += DAY;
        decide_bench_follow(both[i], &in_a, 1, false, true);
        CU_ASSERT_EQUAL(both[i]->state_count, 4);
        CU_ASSERT_EQUAL(decide_control_counts(both[i]->decide).standing, 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        unit_check_text("state", restored.states[i], b.states[i]);
    }
    control_bench_compare(&b, &restored);
    decide_bench_fini(&b);
    decide_bench_fini(&restored);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"who_may", test_who_may},
            {"told", test_told},
            {"pending", test_pending},
            {"refused", test_refused},
            {"precedence", test_precedence},
            {"when", test_when},
            {"message", test_message},
            {"recipient", test_recipient},
            {"ceiling", test_ceiling},
            {"snapshot", test_snapshot},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "decide_standing", tests);
}

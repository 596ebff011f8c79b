// Drills: begun by a record, held as anything else, told once, and over by themselves.
#include "decide/decide_drill.h"

#include <stdio.h>

#include "control_bench.h"
#include "unit.h"

#define MINUTE INT64_C(60000)
#define AT DECIDE_AT

static const struct path in_drill = {.campaign = "d1"};
static const struct path in_other = {.campaign = "other"};

static void bench_init(struct decide_bench *b)
{
    decide_bench_init(b, 10);
    b->tenant_id = VIEW(DRILL_TENANT);
}

static struct control drill_of(const char *id, struct scope_name scope)
{
    struct control control = control_of(id, CONTROL_DRILL, "wang.li");
    control.object = CONTROL_OF_SCOPE;
    control.scope = scope;
    return control;
}

static void begin(struct decide_bench *b, const char *id)
{
    const struct control control = drill_of(
            id, (struct scope_name){SCOPE_CAMPAIGN, view_of(id), VIEW(DRILL_TENANT), VIEW_NONE});
    control_bench_give(b, &control, 1);
}

static void raise_to(struct decide_bench *b, const struct path *path, enum tier tier)
{
    const struct evidence evidence = decide_bench_evidence(5);
    decide_bench_meet(b, path, REASON_NO_RECORD);
    decide_bench_raise(b, path, SCOPE_CAMPAIGN, tier, &evidence);
}

// How many drill.completed were taken, and the last of them.
static unsigned completed(const struct decide_bench *b, struct alert_action *ret_alert)
{
    unsigned count = 0;
    *ret_alert = (struct alert_action){.kind = ALERT_KIND_COUNT};
    for (unsigned i = 0; i < b->taken_count; i++) {
        const struct taken *taken = &b->taken[i];
        if (!taken->is_command && taken->alert.kind == ALERT_DRILL_COMPLETED) {
            *ret_alert = taken->alert;
            count++;
        }
    }
    return count;
}

// --- beginning --------------------------------------------------------------------------------

static void test_begin(void)
{
    const struct {
        struct scope_name scope;
        enum control_object object;
        const char *outcome;
    } rows[] = {
            {{SCOPE_CAMPAIGN, VIEW("d1"), VIEW("wn-drill"), VIEW_NONE}, CONTROL_OF_SCOPE,
                    "d1 applied drill_begun"},
            {{SCOPE_CAMPAIGN, VIEW("d1"), VIEW("t"), VIEW_NONE}, CONTROL_OF_SCOPE,
                    "d1 refused no_drill_scope"},
            {{SCOPE_CAMPAIGN, VIEW("d2"), VIEW("wn-drill"), VIEW_NONE}, CONTROL_OF_SCOPE,
                    "d1 refused no_drill_scope"},
            {{SCOPE_VENDOR, VIEW("d1"), VIEW("wn-drill"), VIEW_NONE}, CONTROL_OF_SCOPE,
                    "d1 refused no_drill_scope"},
            {{SCOPE_CAMPAIGN, VIEW("d1"), VIEW("wn-drill"), VIEW("sms")}, CONTROL_OF_SCOPE,
                    "d1 refused no_drill_scope"},
            {{SCOPE_CAMPAIGN, VIEW("d1"), VIEW("wn-drill"), VIEW_NONE}, CONTROL_OF_MESSAGE,
                    "d1 refused no_drill_scope"},
            {{SCOPE_CAMPAIGN, VIEW("other"), VIEW("wn-drill"), VIEW_NONE}, CONTROL_OF_SCOPE,
                    "other refused messages_before"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct decide_bench b;
        bench_init(&b);
        decide_bench_delta(&b, &in_other, 1, false);
        scopes_touch(b.scopes, decide_bench_scope(&b, SCOPE_CAMPAIGN, "other"), AT);
        bool is_other = view_is(rows[i].scope.id, "other");
        struct control control = drill_of(is_other ? "other" : "d1", rows[i].scope);
        control.object = rows[i].object;
        control_bench_give(&b, &control, 1);
        control_bench_outcomes(&b, rows[i].outcome);
        CU_ASSERT_EQUAL(decide_open_drills(b.decide), i == 0 ? 1 : 0);
        decide_bench_fini(&b);
    }
}

static void test_ceiling(void)
{
    struct decide_bench b;
    bench_init(&b);
    char ids[DRILL_MAX + 1][8];
    for (unsigned i = 0; i <= DRILL_MAX; i++) {
        snprintf(ids[i], sizeof ids[i], "d%u", i);
        b.taken_count = 0;
        begin(&b, ids[i]);
    }
    control_bench_outcomes(&b, "d8 refused too_many_drills");
    CU_ASSERT_EQUAL(decide_open_drills(b.decide), DRILL_MAX);
    b.log_time_ms = AT + DRILL_MS; // they are over, and there is room again
    decide_bench_follow(&b, &in_other, 1, false, true);
    CU_ASSERT_EQUAL(decide_open_drills(b.decide), 0);
    begin(&b, "d9");
    CU_ASSERT_EQUAL(decide_open_drills(b.decide), 1);
    decide_bench_fini(&b);
}

// --- its end ----------------------------------------------------------------------------------

static void test_detected(void)
{
    struct decide_bench b;
    struct alert_action alert;
    bench_init(&b);
    b.policy.scope_hold_ms = 100 * MINUTE;
    b.policy.acknowledge_within_ms = MINUTE;
    b.policy.unconfirmed = UNCONFIRMED_STAYS_HELD;
    b.policy.mode = MODE_ENFORCE;
    begin(&b, "d1");
    b.log_time_ms = AT + 1000;
    decide_bench_follow(&b, &in_drill, 4, false, false); // sent 7 ms before it is judged
    CU_ASSERT_EQUAL(completed(&b, &alert), 0);
    b.log_time_ms = AT + 2000;
    raise_to(&b, &in_drill, TIER_NOTICE);
    decide_bench_follow(&b, &in_drill, 1, false, false);
    b.log_time_ms = AT + 3000;
    raise_to(&b, &in_drill, TIER_QUARANTINE);
    decide_bench_follow(&b, &in_drill, 2, false, false);
    CU_ASSERT_EQUAL_FATAL(completed(&b, &alert), 1);
    CU_ASSERT_TRUE(alert.drill.is_detected && alert.tier == TIER_QUARANTINE);
    CU_ASSERT_TRUE(view_is(alert.scope.id, "d1") && view_is(alert.scope.tenant_id, "wn-drill"));
    CU_ASSERT_TRUE(view_is(alert.drill.operator_id, "wang.li"));
    CU_ASSERT_EQUAL(alert.drill.opened_ms, AT);
    CU_ASSERT_EQUAL(alert.drill.first_message_ms, AT + 993);
    CU_ASSERT_EQUAL(alert.drill.first_judged_ms, AT + 1000);
    CU_ASSERT_EQUAL(alert.drill.detected_ms, AT + 2000);
    CU_ASSERT_EQUAL(alert.drill.held_ms, AT + 3000);
    CU_ASSERT_EQUAL(alert.drill.judged, 7);
    CU_ASSERT_EQUAL(alert.drill.misdirected, 7);
    CU_ASSERT_EQUAL(decide_open_drills(b.decide), 0);
    // Nobody has to acknowledge or release it.
    b.taken_count = 0;
    b.log_time_ms = AT + 3000 + DRILL_MS - 1;
    decide_bench_follow(&b, &in_other, 1, false, true);
    CU_ASSERT_EQUAL(b.taken_count, 0);
    b.log_time_ms = AT + 3000 + DRILL_MS;
    decide_bench_follow(&b, &in_other, 1, false, true);
    CU_ASSERT_EQUAL_FATAL(b.taken_count, 2);
    CU_ASSERT_TRUE(b.taken[0].is_command && b.taken[0].command.kind == COMMAND_EXPIRED);
    CU_ASSERT_EQUAL(b.taken[1].alert.kind, ALERT_INCIDENT_CLOSED);
    CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 0);
    decide_bench_fini(&b);
}

// By five minutes of log time, and not before; what it has raised by then is closed.
static void test_missed(void)
{
    static const enum tier tiers[] = {TIER_NONE, TIER_NOTICE, TIER_ALERT};
    for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++) {
        struct decide_bench b;
        struct alert_action alert;
        bench_init(&b);
        begin(&b, "d1");
        if (tiers[i] != TIER_NONE) {
            b.log_time_ms = AT + 1000;
            raise_to(&b, &in_drill, tiers[i]);
            decide_bench_follow(&b, &in_drill, 3, false, false);
        }
        b.log_time_ms = AT + DRILL_MS - 1;
        decide_bench_follow(&b, &in_other, 1, false, true);
        CU_ASSERT_EQUAL(completed(&b, &alert), 0);
        b.log_time_ms++;
        decide_bench_follow(&b, &in_other, 1, false, true);
        CU_ASSERT_EQUAL_FATAL(completed(&b, &alert), 1);
        CU_ASSERT_FALSE(alert.drill.is_detected);
        CU_ASSERT_EQUAL(alert.tier, tiers[i]);
        CU_ASSERT_EQUAL(alert.drill.judged, i == 0 ? 0 : 3);
        CU_ASSERT_EQUAL(alert.drill.first_message_ms, i == 0 ? 0 : AT + 993);
        CU_ASSERT_EQUAL(alert.drill.detected_ms, i == 0 ? 0 : AT + 1000);
        CU_ASSERT_EQUAL(alert.drill.held_ms, 0);
        CU_ASSERT_EQUAL(decide_open_incidents(b.decide), 0);
        CU_ASSERT_EQUAL(b.taken[b.taken_count - 1].alert.kind == ALERT_INCIDENT_CLOSED,
                tiers[i] != TIER_NONE);
        decide_bench_fini(&b);
    }
}

// A person who holds its campaign by name has not detected it.
static void test_held_by_hand(void)
{
    struct decide_bench b;
    struct alert_action alert;
    bench_init(&b);
    begin(&b, "d1");
    struct control hold = control_hold_of("c1", SCOPE_CAMPAIGN, "d1", "li.wei");
    hold.scope.tenant_id = VIEW(DRILL_TENANT);
    control_bench_give(&b, &hold, 1);
    decide_bench_follow(&b, &in_drill, 3, true, false);
    CU_ASSERT_EQUAL(completed(&b, &alert), 0);
    b.log_time_ms = AT + DRILL_MS;
    decide_bench_follow(&b, &in_other, 1, false, true);
    CU_ASSERT_EQUAL(completed(&b, &alert), 1);
    CU_ASSERT_FALSE(alert.drill.is_detected);
    decide_bench_fini(&b);
}

// The cap is for what stops somebody's messages.
static void test_takes_no_room(void)
{
    struct decide_bench b;
    decide_bench_init_capped(&b, 10, 1);
    b.tenant_id = VIEW(DRILL_TENANT);
    begin(&b, "d1");
    raise_to(&b, &in_drill, TIER_QUARANTINE);
    CU_ASSERT_TRUE(b.taken[b.taken_count - 1].is_command);
    b.tenant_id = VIEW("t");
    raise_to(&b, &in_other, TIER_QUARANTINE);
    CU_ASSERT_TRUE(b.taken[b.taken_count - 1].is_command);
    b.tenant_id = VIEW(DRILL_TENANT);
    begin(&b, "other");
    raise_to(&b, &in_other, TIER_QUARANTINE); // nor does it wait for any
    CU_ASSERT_TRUE(b.taken[b.taken_count - 1].is_command);
    decide_bench_fini(&b);
}

// --- saved and restored -----------------------------------------------------------------------

static void test_restored(void)
{
    struct decide_bench left;
    struct decide_bench right;
    bench_init(&left);
    bench_init(&right);
    begin(&left, "d0");
    begin(&left, "d1");
    left.log_time_ms = AT + 1000;
    raise_to(&left, &in_drill, TIER_NOTICE);
    decide_bench_follow(&left, &in_drill, 4, false, false);
    left.taken_count = 0;
    control_bench_restore(&left, &right);
    struct decide_bench *const both[] = {&left, &right};
    for (unsigned i = 0; i < 2; i++) {
        struct alert_action alert;
        both[i]->log_time_ms = AT + 2000;
        raise_to(both[i], &in_drill, TIER_QUARANTINE);
        decide_bench_follow(both[i], &in_drill, 3, false, false);
        CU_ASSERT_EQUAL_FATAL(completed(both[i], &alert), 1);
        CU_ASSERT_EQUAL(alert.drill.judged, 7);
        CU_ASSERT_EQUAL(alert.drill.first_message_ms, AT + 993);
        CU_ASSERT_EQUAL(alert.drill.detected_ms, AT + 1000);
        CU_ASSERT_TRUE(view_is(alert.drill.operator_id, "wang.li"));
        CU_ASSERT_EQUAL(decide_open_drills(both[i]->decide), 1);
    }
    control_bench_compare(&left, &right);
    decide_bench_fini(&left);
    decide_bench_fini(&right);
}

// A snapshot from outside names a scope that is no drill's.
static void test_restored_wrong(void)
{
    struct decide_bench b;
    bench_init(&b);
    begin(&b, "d1");
    struct strbuf state;
    strbuf_init(&state, 4096);
    static const struct {
        int32_t scope;
        int64_t judged;
        enum err err;
    } rows[] = {{0, 0, ERR_NONE}, {1, 0, ERR_DATA}, {7, 0, ERR_DATA}, {INT32_MAX, 0, ERR_DATA},
            {0, INT64_C(1) << 40, ERR_NONE}, {0, (INT64_C(1) << 40) + 1, ERR_DATA},
            {0, INT64_MIN, ERR_DATA}};
    b.tenant_id = VIEW("t");
    CU_ASSERT_EQUAL_FATAL(decide_bench_scope(&b, SCOPE_CAMPAIGN, "d1"), 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        strbuf_reset(&state);
        struct archive writer = archive_writer(&state);
        archive_mark(&writer, "drills");
        (void)archive_count(&writer, 1, DRILL_MAX);
        int32_t scope = rows[i].scope;
        archive_i32(&writer, &scope, 0, INT32_MAX);
        for (unsigned zeros = 0; zeros < 5; zeros++) { // no operator, no times
            strbuf_add_byte(&state, 0);
        }
        int64_t judged = rows[i].judged;
        archive_i64(&writer, &judged, INT64_MIN, INT64_MAX);
        strbuf_add_byte(&state, 0);
        strbuf_add_byte(&state, 0);
        struct drills read = {.count = 0};
        struct archive reader = archive_reader(strbuf_view(&state));
        drills_archive(&reader, &read, b.scopes);
        CU_ASSERT_EQUAL(archive_end(&reader), rows[i].err);
        CU_ASSERT_EQUAL(read.count, rows[i].err == ERR_NONE ? 1 : 0);
    }
    strbuf_fini(&state);
    decide_bench_fini(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"begin", test_begin},
            {"ceiling", test_ceiling},
            {"detected", test_detected},
            {"missed", test_missed},
            {"held_by_hand", test_held_by_hand},
            {"takes_no_room", test_takes_no_room},
            {"restored", test_restored},
            {"restored_wrong", test_restored_wrong},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "decide_drill", tests);
}

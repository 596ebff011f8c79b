// Late records and the policy: what may be released by hours and lists, and by another policy than the one
// by which it was held.
#include <string.h>

#include "late_stage.h"

#define DAY (INT64_C(24) * 3600 * 1000)

// Nobody may be called before eight, by whatever is learnt meanwhile: of m0 and m1 that turned out at
// midnight, of m2 only behind it.
static void test_not_inside_hours(void)
{
    struct stage *stage = stage_create(UNKNOWN_HOLD);
    struct hours hours = {.mode = MODE_ENFORCE, .from_minute = 8 * 60, .until_minute = 22 * 60};
    struct strbuf why;
    strbuf_init(&why, 256);
    CU_ASSERT_EQUAL_FATAL(zone_open(&hours.clock, VIEW("+00:00"), ZONE_DIRECTORY, &why), ERR_NONE);
    strbuf_fini(&why);
    CU_ASSERT_EQUAL_FATAL(windows_add_hours(&stage->config->policy.windows, &hours), ERR_NONE);
    (void)resume(stage, 0, "");
    judge(stage, 0, 1);
    stage->store.is_away = true;
    judge(stage, 1, 3);
    check_command(stage, 0, "hold", "m0", 0, "no_record,outside_hours");
    check_command(stage, 1, "hold", "m1", 0, "cache_unreachable,outside_hours");
    stage->store.is_away = false;
    put_record(stage, 0);
    put_record(stage, 1);
    ask(stage, 2000);
    CU_ASSERT_EQUAL_FATAL(stage->count, 5);
    check_command(stage, 3, "hold", "m0", 1, "outside_hours");
    check_command(stage, 4, "hold", "m1", 1, "outside_hours");
    for (size_t i = 3; i < 5; i++) {
        CU_ASSERT_PTR_NOT_NULL(
                strstr(stage->commands[i], "\"expires_at\":\"2025-11-22T08:00:00.000Z\""));
    }
    CU_ASSERT_EQUAL(last_frame(stage)->late_count, 1); // m0 is taken back all the same
    CU_ASSERT_EQUAL(judge_line_counts(stage->line)->released, 0);
    stage->now_ms = AT + INT64_C(8) * 3600 * 1000;
    put_record(stage, 2);
    ask(stage, 6000);
    CU_ASSERT_EQUAL_FATAL(stage->count, 6);
    check_command(stage, 5, "release", "m2", 1, "cache_recovered");
    stage_destroy(stage);
}

// At midnight, by the hours' clock, it is ten in the morning where m0 goes to: also when its record turns up.
static void test_inside_hours_of_the_recipient(void)
{
    struct stage *stage = stage_create(UNKNOWN_HOLD);
    struct hours hours = {.mode = MODE_ENFORCE,
            .from_minute = 8 * 60,
            .until_minute = 22 * 60,
            .zone_from = ZONE_FROM_RECIPIENT};
    struct strbuf why;
    strbuf_init(&why, 256);
    CU_ASSERT_EQUAL_FATAL(zone_open(&hours.clock, VIEW("+00:00"), ZONE_DIRECTORY, &why), ERR_NONE);
    strbuf_fini(&why);
    CU_ASSERT_EQUAL_FATAL(windows_add_hours(&stage->config->policy.windows, &hours), ERR_NONE);
    (void)resume(stage, 0, "");
    (void)judge_of(stage, 0, 1, "collection\",\"recipient_zone\":\"+10:00");
    judge(stage, 1, 3);
    CU_ASSERT_EQUAL_FATAL(stage->count, 3);
    check_command(stage, 0, "hold", "m0", 0, "no_record");
    check_command(stage, 1, "hold", "m1", 0, "no_record,outside_hours");
    put_record(stage, 0);
    put_record(stage, 1);
    ask(stage, 2000);
    CU_ASSERT_EQUAL_FATAL(stage->count, 5);
    check_command(stage, 3, "release", "m0", 1, "late_record");
    check_command(stage, 4, "hold", "m1", 1, "outside_hours");
    stage_destroy(stage);
}

// Puts the messages' campaign on a list.
static void put_list(struct policy *policy, enum list_kind list)
{
    struct list_entry entry = {.list = list - 1, .until_ms = AT + 1};
    entry.names[SCOPE_CAMPAIGN] = view_dup(VIEW("c"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(entry.names[SCOPE_CAMPAIGN]);
    CU_ASSERT_EQUAL_FATAL(lists_add(&policy->lists, &entry), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(lists_build(&policy->lists), ERR_NONE);
}

// What is not held is not released.
static void test_never_held(void)
{
    static const struct {
        enum list_kind list;
        bool waits; // it was counted as misdirected
    } rows[] = {{LIST_ALLOW, false}, {LIST_OVERRIDE, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage *stage = stage_create(UNKNOWN_PASS);
        const struct policy without = stage->config->policy;
        put_list(&stage->config->policy, rows[i].list);
        (void)resume(stage, 0, "");
        judge(stage, 0, 1);
        CU_ASSERT_EQUAL(judge_line_waits_for(stage->line, 0), rows[i].waits);
        judge_line_set_policy(stage->line, &without);
        put_record(stage, 0);
        ask(stage, 2000);
        CU_ASSERT_EQUAL(stage->count, 0);
        CU_ASSERT_EQUAL(last_frame(stage)->late_count, rows[i].waits);
        stage_destroy(stage);
    }
}

// What is held is released, though by now it would not be held any more.
static void test_held_before_another_policy(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct stage *stage = stage_create(UNKNOWN_PASS);
        struct policy other = stage->config->policy;
        if (i == 0) {
            other.mode = MODE_MONITOR;
        } else {
            put_list(&other, LIST_OVERRIDE);
        }
        (void)resume(stage, 0, "");
        judge(stage, 0, 1);
        CU_ASSERT_EQUAL_FATAL(stage->count, 1);
        judge_line_set_policy(stage->line, &other);
        put_record(stage, 0);
        ask(stage, 2000);
        CU_ASSERT_EQUAL_FATAL(stage->count, 2);
        check_command(stage, 1, "release", "m0", 1, "late_record");
        CU_ASSERT_PTR_NOT_NULL(strstr(stage->commands[1], "\"mode\":\"enforce\""));
        stage_destroy(stage);
        lists_clear(&other.lists);
    }
}

// The pseudonym of the recipient of message `offset` under that key, as records have it.
static struct pseudonym pseudonym_of(
        const struct keyring_key *key, int64_t offset, char *ret_text, size_t bytes)
{
    char number[32];
    write_number(number, sizeof number, offset);
    const struct pseudonym pseudonym =
            keyring_pseudonym(key, (struct recipient){RECIPIENT_PHONE, view_of(number)});
    struct strbuf text;
    strbuf_init(&text, bytes);
    pseudonym_add(&text, key, &pseudonym);
    snprintf(ret_text, bytes, "%.*s", VIEW_ARGS(strbuf_view(&text)));
    strbuf_fini(&text);
    return pseudonym;
}

// A recipient who is on a block list, or held by a person, stays held when his record turns up.
static void test_recipient_stays_held(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct stage *stage = stage_create(UNKNOWN_PASS);
        struct standing_orders *orders;
        CU_ASSERT_EQUAL_FATAL(standing_create(&orders, 10), ERR_NONE);
        char text[128];
        const struct pseudonym pseudonym =
                pseudonym_of(keyring_current(stage->ring), 0, text, sizeof text);
        if (i == 0) {
            struct list_entry entry = {.list = LIST_BLOCK - 1, .until_ms = AT + DAY};
            entry.recipient = view_dup(view_of(text));
            memcpy(entry.tag, pseudonym.bytes, sizeof entry.tag);
            struct lists *lists = &stage->config->policy.lists;
            CU_ASSERT_EQUAL_FATAL(lists_add(lists, &entry), ERR_NONE);
            CU_ASSERT_EQUAL_FATAL(lists_build(lists), ERR_NONE);
        } else {
            const struct standing_order hold = {.key = {.object = CONTROL_OF_RECIPIENT,
                                                        .tenant_id = VIEW("t"),
                                                        .id = view_of(text)},
                    .action = CONTROL_HOLD,
                    .until_ms = AT + DAY,
                    .control_id = VIEW("c"),
                    .operator_id = VIEW("li")};
            CU_ASSERT_EQUAL_FATAL(standing_put(orders, &hold), ERR_NONE);
            judge_line_set_orders(stage->line, orders);
        }
        (void)resume(stage, 0, "");
        judge(stage, 0, 2);
        CU_ASSERT_EQUAL_FATAL(stage->count, 2);
        check_command(stage, 0, "hold", "m0", 0,
                i == 0 ? "no_record,blocked" : "no_record,held_by_operator");
        check_command(stage, 1, "hold", "m1", 0, "no_record");
        put_record(stage, 0);
        put_record(stage, 1);
        ask(stage, 2000);
        CU_ASSERT_EQUAL_FATAL(stage->count, 3);
        check_command(stage, 2, "release", "m1", 1, "late_record");
        CU_ASSERT_EQUAL(last_frame(stage)->late_count, 2);
        stage_destroy(stage);
        standing_destroy(orders);
    }
}

// A person's hold never shortens a message's own: the later end counts, and in monitor mode the order's. When
// the message turns out to be clear, the order alone holds it.
static void test_order_and_own_hold(void)
{
    static const struct {
        bool is_away; // and so the message unknown
        enum mode mode;
        int64_t order_ms; // ends so long after AT
        const char *expires_at;
        const char *late_expires_at; // once its record has turned up; NULL = nothing is said
    } rows[] = {
            {false, MODE_ENFORCE, DAY / 12, "2025-11-23T00:00", "2025-11-22T02:00"},
            {true, MODE_ENFORCE, DAY / 12, "2025-11-23T00:00", "2025-11-22T02:00"},
            {false, MODE_ENFORCE, 2 * DAY, "2025-11-24T00:00", NULL},
            {false, MODE_MONITOR, DAY / 12, "2025-11-22T02:00", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage *stage = stage_create(UNKNOWN_HOLD);
        stage->config->policy.mode = rows[i].mode;
        struct standing_orders *orders;
        CU_ASSERT_EQUAL_FATAL(standing_create(&orders, 10), ERR_NONE);
        char text[128];
        (void)pseudonym_of(keyring_current(stage->ring), 0, text, sizeof text);
        const struct standing_order hold = {.key = {.object = CONTROL_OF_RECIPIENT,
                                                    .tenant_id = VIEW("t"),
                                                    .id = view_of(text)},
                .action = CONTROL_HOLD,
                .until_ms = AT + rows[i].order_ms,
                .control_id = VIEW("c"),
                .operator_id = VIEW("li")};
        CU_ASSERT_EQUAL_FATAL(standing_put(orders, &hold), ERR_NONE);
        judge_line_set_orders(stage->line, orders);
        (void)resume(stage, 0, "");
        stage->store.is_away = rows[i].is_away;
        judge(stage, 0, 1);
        CU_ASSERT_EQUAL_FATAL(stage->count, 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(stage->commands[0], rows[i].expires_at));
        CU_ASSERT_PTR_NOT_NULL(strstr(stage->commands[0], "\"operator\":\"li\""));
        stage->store.is_away = false;
        put_record(stage, 0);
        ask(stage, 2000);
        CU_ASSERT_EQUAL_FATAL(stage->count, rows[i].late_expires_at != NULL ? 2 : 1);
        if (rows[i].late_expires_at != NULL) {
            check_command(stage, 1, "hold", "m0", 1, "held_by_operator");
            CU_ASSERT_PTR_NOT_NULL(strstr(stage->commands[1], rows[i].late_expires_at));
            CU_ASSERT_PTR_NOT_NULL(strstr(stage->commands[1], "\"operator\":\"li\""));
        }
        stage_destroy(stage);
        standing_destroy(orders);
    }
}

// The key has been replaced: what was ordered of a recipient under the old one goes on, message and late
// record, and what is ordered of him under the new one takes its place.
static void test_recipient_under_previous_key(void)
{
    struct stage *stage = stage_create(UNKNOWN_PASS);
    struct keyring *ring;
    const struct view old_key = VIEW("an old key of 32 bytes, no more.");
    const struct view new_key = VIEW("a new key, of 32 bytes, no more.");
    CU_ASSERT_EQUAL_FATAL(
            keyring_create(&ring, VIEW("k2"), new_key, VIEW("k1"), old_key), ERR_NONE);
    struct keyring *demo = stage->ring; // the store's
    judge_line_destroy(stage->line);
    stage->ring = ring;
    open_line(stage);
    struct standing_orders *orders;
    CU_ASSERT_EQUAL_FATAL(standing_create(&orders, 10), ERR_NONE);
    struct standing_order order = {.key = {.object = CONTROL_OF_RECIPIENT, .tenant_id = VIEW("t")},
            .action = CONTROL_HOLD,
            .until_ms = AT + DAY,
            .control_id = VIEW("c"),
            .operator_id = VIEW("li")};
    char text[128];
    for (int64_t i = 0; i < 2;
            i++) { // both are held by the old key, the second is released by the new
        (void)pseudonym_of(keyring_previous(ring), i, text, sizeof text);
        order.key.id = view_of(text);
        CU_ASSERT_EQUAL_FATAL(standing_put(orders, &order), ERR_NONE);
    }
    (void)pseudonym_of(keyring_current(ring), 1, text, sizeof text);
    order.action = CONTROL_RELEASE;
    order.sequence = 1;
    CU_ASSERT_EQUAL_FATAL(standing_put(orders, &order), ERR_NONE);
    judge_line_set_orders(stage->line, orders);
    (void)resume(stage, 0, "");
    judge(stage, 0, 3);
    CU_ASSERT_EQUAL_FATAL(stage->count, 2);
    check_command(stage, 0, "hold", "m0", 0, "no_record,held_by_operator");
    check_command(stage, 1, "hold", "m2", 0, "no_record");
    put_record(stage, 0);
    put_record(stage, 2);
    ask(stage, 2000);
    CU_ASSERT_EQUAL_FATAL(stage->count, 3);
    check_command(stage, 2, "release", "m2", 1, "late_record");
    stage_destroy(stage);
    keyring_destroy(demo);
    standing_destroy(orders);
}

// Whose mode is monitor by a person's word has nothing sent, a person's own hold apart; when that is over, as
// the policy says.
static void test_mode_by_a_person(void)
{
    struct stage *stage = stage_create(UNKNOWN_PASS);
    struct standing_orders *orders;
    CU_ASSERT_EQUAL_FATAL(standing_create(&orders, 10), ERR_NONE);
    const struct standing_order monitor = {.key = {.object = CONTROL_OF_SCOPE,
                                                   .kind = SCOPE_CAMPAIGN,
                                                   .tenant_id = VIEW("t"),
                                                   .id = VIEW("c")},
            .action = CONTROL_MODE,
            .mode = MODE_MONITOR,
            .until_ms = stage->now_ms + 1,
            .control_id = VIEW("ctl-1"),
            .operator_id = VIEW("li")};
    struct standing_order hold = monitor;
    hold.key = (struct standing_key){
            .object = CONTROL_OF_MESSAGE, .tenant_id = VIEW("t"), .id = VIEW("m1")};
    hold.action = CONTROL_HOLD;
    hold.until_ms = AT + DAY;
    CU_ASSERT_EQUAL_FATAL(standing_put(orders, &monitor), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(standing_put(orders, &hold), ERR_NONE);
    judge_line_set_orders(stage->line, orders);
    (void)resume(stage, 0, "");
    judge(stage, 0, 2);
    CU_ASSERT_EQUAL_FATAL(stage->count, 1);
    check_command(stage, 0, "hold", "m1", 0, "no_record,held_by_operator");
    CU_ASSERT_PTR_NOT_NULL(
            strstr(stage->commands[0], "\"operator\":\"li\",\"control_id\":\"ctl-1\""));
    CU_ASSERT_PTR_NOT_NULL(
            strstr(stage->commands[0], "\"expires_at\":\"2025-11-23T00:00:00.000Z\""));
    stage->now_ms = monitor.until_ms;
    judge(stage, 2, 3);
    CU_ASSERT_EQUAL_FATAL(stage->count, 2);
    check_command(stage, 1, "hold", "m2", 0, "no_record");
    stage_destroy(stage);
    standing_destroy(orders);
}

// What a person holds in monitor mode was sent, and so is its release, when his order is no more.
static void test_held_by_a_person_in_monitor(void)
{
    struct stage *stage = stage_create(UNKNOWN_PASS);
    stage->config->policy.mode = MODE_MONITOR;
    struct standing_orders *orders;
    CU_ASSERT_EQUAL_FATAL(standing_create(&orders, 10), ERR_NONE);
    const struct standing_order hold = {
            .key = {.object = CONTROL_OF_MESSAGE, .tenant_id = VIEW("t"), .id = VIEW("m0")},
            .action = CONTROL_HOLD,
            .until_ms = AT + DAY,
            .control_id = VIEW("ctl-1"),
            .operator_id = VIEW("li")};
    CU_ASSERT_EQUAL_FATAL(standing_put(orders, &hold), ERR_NONE);
    judge_line_set_orders(stage->line, orders);
    (void)resume(stage, 0, "");
    judge(stage, 0, 2);
    CU_ASSERT_EQUAL_FATAL(stage->count, 1);
    check_command(stage, 0, "hold", "m0", 0, "no_record,held_by_operator");
    standing_remove(orders, standing_find(orders, &hold.key));
    put_record(stage, 0);
    put_record(stage, 1);
    ask(stage, 2000);
    CU_ASSERT_EQUAL_FATAL(stage->count, 2);
    check_command(stage, 1, "release", "m0", 1, "late_record");
    CU_ASSERT_PTR_NOT_NULL(strstr(stage->commands[1], "\"mode\":\"enforce\""));
    stage_destroy(stage);
    standing_destroy(orders);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"not_inside_hours", test_not_inside_hours},
            {"inside_hours_of_the_recipient", test_inside_hours_of_the_recipient},
            {"never_held", test_never_held},
            {"held_before_another_policy", test_held_before_another_policy},
            {"recipient_stays_held", test_recipient_stays_held},
            {"order_and_own_hold", test_order_and_own_hold},
            {"recipient_under_previous_key", test_recipient_under_previous_key},
            {"mode_by_a_person", test_mode_by_a_person},
            {"held_by_a_person_in_monitor", test_held_by_a_person_in_monitor},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "judge_late_policy", tests);
}

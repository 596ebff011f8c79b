// Late records and the policy: what may be released by hours and lists, and by another policy than the one
// by which it was held.
#include <string.h>

#include "late_stage.h"

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

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"not_inside_hours", test_not_inside_hours},
            {"never_held", test_never_held},
            {"held_before_another_policy", test_held_before_another_policy},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "judge_late_policy", tests);
}

// Late records over the whole first half: what is held for want of a record is released when one
// turns up, is taken back in the tally behind the frame that told it, and counts the same when it is
// judged again. And what is done about messages that cannot be judged.
#include <stdio.h>
#include <string.h>

#include "late_stage.h"

static void test_released(void)
{
    struct stage *stage = stage_create(UNKNOWN_PASS);
    CU_ASSERT_EQUAL(resume(stage, 0, ""), 0);
    put_record(stage, 1);
    CU_ASSERT_FALSE(judge(stage, 0, 3));
    CU_ASSERT_EQUAL_FATAL(stage->count, 2);
    check_command(stage, 0, "hold", "m0", 0, "no_record");
    check_command(stage, 1, "hold", "m2", 0, "no_record");
    CU_ASSERT_TRUE(judge_line_waits_for(stage->line, 0));
    CU_ASSERT_TRUE(judge_line_has_news(stage->line));
    CU_ASSERT_EQUAL_FATAL(stage->log.count, 1);
    struct frame_entry entry = last_frame(stage)->entries[1];

    ask(stage, 2000); // still nothing
    CU_ASSERT_EQUAL(stage->count, 2);
    put_record(stage, 2);
    ask(stage, 2000); // the second question is due after 5 s
    CU_ASSERT_EQUAL(stage->count, 2);
    ask(stage, 6000);
    CU_ASSERT_EQUAL_FATAL(stage->count, 3);
    check_command(stage, 2, "release", "m2", 1, "late_record");
    CU_ASSERT_EQUAL_FATAL(stage->log.count, 2);
    const struct frame *frame = last_frame(stage);
    CU_ASSERT_EQUAL(stage->log.frames[1].tally_partition, stage->log.frames[0].tally_partition);
    CU_ASSERT_TRUE(view_is(frame->source_topic, stage->config->topics.outbound));
    CU_ASSERT_EQUAL(frame->to_offset, 0);
    CU_ASSERT_EQUAL(frame->judged_at_ms, AT);
    CU_ASSERT_EQUAL_FATAL(frame->late_count, 1);
    CU_ASSERT_EQUAL(frame->late[0].offset, 2);
    CU_ASSERT_EQUAL(memcmp(frame->late[0].tag, entry.tag, RECIPIENT_TAG_BYTES), 0);
    CU_ASSERT_EQUAL(judge_line_counts(stage->line)->released, 1);

    ask(stage, 40000);
    ask(stage, 90000);
    CU_ASSERT_EQUAL(stage->count, 3);
    CU_ASSERT_FALSE(judge_line_waits_for(stage->line, 0));
    // What was cleared is told until its chunk is behind what is committed.
    CU_ASSERT_TRUE(view_starts_with(
            view_of(text_of(stage, stage->serial, 4095)), VIEW("recheck=-1 said=2.AA")));
    unit_check_text("text", text_of(stage, stage->serial, 4096), "");
    stage_destroy(stage);
}

// The process dies and the record comes meanwhile: the next one counts the same as the first, then
// takes it back.
static void test_judged_again(void)
{
    struct stage *stage = stage_create(UNKNOWN_PASS);
    CU_ASSERT_EQUAL(resume(stage, 4090, ""), 0);
    CU_ASSERT_FALSE(judge(stage, 4080, 4090));
    CU_ASSERT_EQUAL(stage->count, 0); // judged again in silence, and no news of them
    for (int64_t offset = 4093; offset < 4110; offset++) {
        put_record(stage, offset);
    }
    judge(stage, 4090, 4101);
    CU_ASSERT_EQUAL(stage->count, 3);
    char text[200];
    snprintf(text, sizeof text, "%s", text_of(stage, 0, 4099));
    CU_ASSERT_TRUE(view_starts_with(view_of(text), VIEW("recheck=4080 said=4092.AwB")));
    struct leaf_counts counts = last_frame(stage)->leaves[0].counts;
    size_t frames = stage->log.count;
    size_t commands = stage->count;
    judge_line_destroy(stage->line);
    open_line(stage);

    put_record(stage, 4085);
    put_record(stage, 4092);
    CU_ASSERT_EQUAL(resume(stage, 4099, text), 4080);
    CU_ASSERT_FALSE(judge(stage, 4080, 4095));
    ask(stage, 0);
    // Both are taken back, by one frame; neither is held or counted anew.
    CU_ASSERT_EQUAL_FATAL(stage->count, commands + 2);
    check_command(stage, commands, "release", "m4085", 1, "late_record");
    check_command(stage, commands + 1, "release", "m4092", 1, "late_record");
    CU_ASSERT_EQUAL_FATAL(stage->log.count, frames + 1);
    CU_ASSERT_EQUAL_FATAL(last_frame(stage)->late_count, 2);
    CU_ASSERT_EQUAL(last_frame(stage)->late[0].offset, 4085);
    CU_ASSERT_EQUAL(last_frame(stage)->late[1].offset, 4092);
    judge(stage, 4095, 4101);
    CU_ASSERT_EQUAL(stage->log.count, frames + 2);
    CU_ASSERT_EQUAL(last_frame(stage)->first_offset, 4096);
    CU_ASSERT_EQUAL(memcmp(&last_frame(stage)->leaves[0].counts, &counts, sizeof counts), 0);
    stage_destroy(stage);
}

// What was said of messages that are not committed stands as well: the hold may be out.
static void test_not_committed(void)
{
    struct stage *stage = stage_create(UNKNOWN_PASS);
    CU_ASSERT_EQUAL(resume(stage, 0, ""), 0);
    judge(stage, 0, 2);
    CU_ASSERT_EQUAL(stage->count, 2);
    char text[200];
    snprintf(text, sizeof text, "%s", text_of(stage, 0, 0));
    char hold[1000];
    snprintf(hold, sizeof hold, "%s", stage->commands[1]);
    judge_line_destroy(stage->line);
    open_line(stage);

    put_record(stage, 1);
    CU_ASSERT_EQUAL(resume(stage, 0, text), 0);
    judge(stage, 0, 2);
    CU_ASSERT_EQUAL_FATAL(stage->count, 4);
    unit_check_text("the same hold", stage->commands[3], hold);
    CU_ASSERT_EQUAL_FATAL(stage->log.count, 2);
    CU_ASSERT_EQUAL(last_frame(stage)->entry_count, 2);
    CU_ASSERT_EQUAL(last_frame(stage)->leaves[0].counts.misdirected, 2);
    ask(stage, 0);
    CU_ASSERT_EQUAL_FATAL(stage->count, 5);
    check_command(stage, 4, "release", "m1", 1, "late_record");
    CU_ASSERT_EQUAL_FATAL(stage->log.count, 3);
    CU_ASSERT_EQUAL(last_frame(stage)->late_count, 1);
    // Begun anew before that is acknowledged: said and taken back once more.
    int64_t from = -1;
    CU_ASSERT_EQUAL(judge_line_rewind(stage->line, 0, 0, &from), ERR_NONE);
    CU_ASSERT_EQUAL(from, 0);
    judge(stage, 0, 2);
    ask(stage, 0);
    CU_ASSERT_EQUAL(stage->count, 8);
    check_command(stage, 7, "release", "m1", 1, "late_record");
    unit_check_text("the same release", stage->commands[7], stage->commands[4]);
    stage_destroy(stage);
}

static void test_untrusted_answers(void)
{
    struct stage *stage = stage_create(UNKNOWN_PASS);
    (void)resume(stage, 0, "");
    judge(stage, 0, 1);
    put_record(stage, 0);
    stage->store.is_away = true;
    ask(stage, 2000);
    ask(stage, 6000);
    ask(stage, 31000);
    ask(stage, 62000);
    CU_ASSERT_EQUAL(stage->count, 1);
    CU_ASSERT_TRUE(judge_line_waits_for(stage->line, 0));
    stage->store.is_away = false;
    ask(stage, 100000);
    CU_ASSERT_EQUAL_FATAL(stage->count, 2);
    check_command(stage, 1, "release", "m0", 1, "late_record");
    stage_destroy(stage);
}

static void test_hold_unknown(void)
{
    struct stage *stage = stage_create(UNKNOWN_HOLD);
    (void)resume(stage, 0, "");
    put_record(stage, 0);
    stage->store.is_away = true;
    judge(stage, 0, 2);
    judge_of(stage, 2, 3, "otp"); // is not watched
    CU_ASSERT_EQUAL_FATAL(stage->count, 2);
    check_command(stage, 0, "hold", "m0", 0, "cache_unreachable");
    check_command(stage, 1, "hold", "m1", 0, "cache_unreachable");
    stage->store.is_away = false;
    ask(stage, 2000);
    CU_ASSERT_EQUAL_FATAL(stage->count, 3);
    check_command(stage, 2, "release", "m0", 1, "cache_recovered");
    CU_ASSERT_EQUAL(last_frame(stage)->late_count, 0); // it was never counted as misdirected
    ask(stage, 6000);
    ask(stage, 31000);
    CU_ASSERT_EQUAL(stage->count, 3); // m1 has no record: it stays held
    CU_ASSERT_FALSE(judge_line_waits_for(stage->line, 0));
    stage_destroy(stage);
}

static void test_hold_unknown_judged_again(void)
{
    struct stage *stage = stage_create(UNKNOWN_HOLD);
    (void)resume(stage, 0, "");
    put_record(stage, 0);
    stage->store.is_away = true;
    judge(stage, 0, 2);
    char text[200];
    snprintf(text, sizeof text, "%s", text_of(stage, 1, 2));
    judge_line_destroy(stage->line);
    open_line(stage);
    CU_ASSERT_EQUAL(resume(stage, 2, text), 0);
    CU_ASSERT_TRUE(judge(stage, 0, 2)); // while the cache is away
    int64_t from = -1;
    CU_ASSERT_EQUAL(judge_line_rewind(stage->line, 0, 2, &from), ERR_NONE);
    CU_ASSERT_EQUAL(from, 0);
    stage->store.is_away = false;
    CU_ASSERT_FALSE(judge(stage, 0, 2));
    ask(stage, 0);
    CU_ASSERT_EQUAL_FATAL(stage->count, 3);
    check_command(stage, 2, "release", "m0", 1, "cache_recovered");
    stage_destroy(stage);
}

static void test_pass_and_wait(void)
{
    struct stage *stage = stage_create(UNKNOWN_PASS);
    (void)resume(stage, 0, "");
    stage->store.is_away = true;
    CU_ASSERT_FALSE(judge(stage, 0, 2));
    CU_ASSERT_EQUAL(stage->count, 0);
    CU_ASSERT_FALSE(judge_line_waits_for(stage->line, 0));
    stage_destroy(stage);
    stage = stage_create(UNKNOWN_WAIT);
    (void)resume(stage, 0, "");
    stage->store.is_away = true;
    CU_ASSERT_TRUE(judge(stage, 0, 2));
    CU_ASSERT_EQUAL(stage->log.count, 0);
    CU_ASSERT_FALSE(judge_of(stage, 0, 2, "otp")); // passes whatever the cache says
    stage_destroy(stage);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"released", test_released},
            {"judged_again", test_judged_again},
            {"not_committed", test_not_committed},
            {"untrusted_answers", test_untrusted_answers},
            {"hold_unknown", test_hold_unknown},
            {"hold_unknown_judged_again", test_hold_unknown_judged_again},
            {"pass_and_wait", test_pass_and_wait},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "judge_late", tests);
}

// Late records over the whole first half: what is held for want of a record is released when one
// turns up, is taken back in the tally behind the frame that told it, and counts the same when it is
// judged again. And what is done about messages that cannot be judged.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame_log.h"
#include "judge_line.h"
#include "relationship/memory_store.h"
#include "unit.h"

#define AT INT64_C(1763769600000) // 2025-11-22T00:00:00Z

enum { COMMANDS_MAX = 64 };

// Its lookups can be made to fail.
struct moody_store {
    struct store inner;
    bool is_away;
};

static void moody_lookup(void *self, struct lookup *lookups, size_t count,
        struct mono_time deadline, struct arena *arena)
{
    struct moody_store *moody = self;
    moody->inner.ops->lookup(moody->inner.self, lookups, count, deadline, arena);
    for (size_t i = 0; i < count && moody->is_away; i++) {
        lookups[i].facts =
                (struct facts){.lookup = LOOKUP_UNREACHABLE, .reassigned_at_ms = TIME_NONE};
    }
}

static enum cache_state moody_state(void *self)
{
    const struct moody_store *moody = self;
    return moody->is_away ? CACHE_UNREACHABLE : CACHE_TRUSTED;
}

struct stage {
    struct config *config;
    struct keyring *ring;
    struct moody_store store;
    struct emitter emitter;
    struct judge_line *line;
    struct frame_log log;
    char commands[COMMANDS_MAX][1000];
    size_t frames_before[COMMANDS_MAX];
    size_t count;
    uint64_t serial;
};

static enum err keep_command(void *self, const struct record *record)
{
    struct stage *stage = self;
    if (record->topic == OUT_COMMANDS) {
        CU_ASSERT_TRUE_FATAL(stage->count < COMMANDS_MAX && record->value.n < 1000);
        stage->frames_before[stage->count] = stage->log.count;
        snprintf(stage->commands[stage->count++], 1000, "%.*s", VIEW_ARGS(record->value));
    }
    return ERR_NONE;
}

static const struct sink_ops sink_ops = {.send = keep_command};

static void open_line(struct stage *stage)
{
    const struct judge_line_options options = {
            .config = stage->config,
            .ring = stage->ring,
            .store = {NULL, &stage->store},
            .emitter = &stage->emitter,
            .frames = frame_log_taker(&stage->log),
            .tally_partitions = 4,
            .clock = JUDGE_CLOCK_WALL,
    };
    static const struct store_ops ops = {.lookup = moody_lookup, .state = moody_state};
    struct judge_line_options with_store = options;
    with_store.store.ops = &ops;
    CU_ASSERT_EQUAL_FATAL(judge_line_create(&stage->line, &with_store), ERR_NONE);
}

static struct stage *stage_create(enum unknown_policy unknown)
{
    struct stage *stage = calloc(1, sizeof *stage);
    CU_ASSERT_PTR_NOT_NULL_FATAL(stage);
    frame_log_init(&stage->log);
    CU_ASSERT_EQUAL_FATAL(config_create_default(&stage->config), ERR_NONE);
    stage->config->policy.unknown = unknown;
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&stage->ring), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(memory_store_create(&stage->store.inner, stage->ring), ERR_NONE);
    const struct emitter_options emitter_options = {.group = VIEW("g"), .instance = VIEW("i")};
    CU_ASSERT_EQUAL_FATAL(
            emitter_init(&stage->emitter, (struct sink){&sink_ops, stage}, &emitter_options),
            ERR_NONE);
    open_line(stage);
    return stage;
}

static void stage_destroy(struct stage *stage)
{
    judge_line_destroy(stage->line);
    emitter_fini(&stage->emitter);
    stage->store.inner.ops->destroy(stage->store.inner.self);
    keyring_destroy(stage->ring);
    config_destroy(stage->config);
    frame_log_fini(&stage->log);
    free(stage);
}

// The number of a message: one a message, by its offset.
static void write_number(char *text, size_t n, int64_t offset)
{
    snprintf(text, n, "+86138%08d", (int)offset);
}

// Makes a message's recipient one who owes.
static void put_record(struct stage *stage, int64_t offset)
{
    char number[32];
    write_number(number, sizeof number, offset);
    const struct party owes = {.tenant_id = VIEW("t"),
            .loan_id = VIEW("L1"),
            .status = STATUS_OVERDUE,
            .closed_at_ms = TIME_NONE};
    const struct relationship debtor = {
            .recipient = {RECIPIENT_PHONE, view_of(number)}, .party_count = 1, .parties = &owes};
    CU_ASSERT_EQUAL_FATAL(memory_store_put(&stage->store.inner, &debtor), ERR_NONE);
}

static int64_t resume(struct stage *stage, int64_t committed, const char *text)
{
    const struct judge_start start = {0, committed, 0, view_of(text)};
    int64_t from = -1;
    bool is_odd = true;
    CU_ASSERT_EQUAL_FATAL(judge_line_resume(stage->line, &start, &from, &is_odd), ERR_NONE);
    CU_ASSERT_FALSE(is_odd);
    return from;
}

// Judges messages first .. end - 1. Returns whether the slice has to wait.
static bool judge_of(struct stage *stage, int64_t first, int64_t end, const char *purpose)
{
    struct judge_item items[64] = {0};
    char texts[64][300];
    CU_ASSERT_TRUE_FATAL(end - first <= 64);
    for (int64_t offset = first; offset < end; offset++) {
        char number[32];
        write_number(number, sizeof number, offset);
        char *text = texts[offset - first];
        snprintf(text, sizeof texts[0],
                "{\"message_id\":\"m%d\",\"occurred_at\":%lld,\"tenant_id\":\"t\","
                "\"campaign_id\":\"c\",\"purpose\":\"%s\",\"recipient\":\"%s\"}",
                (int)offset, (long long)AT, purpose, number);
        items[offset - first].raw = (struct raw_message){
                .topic = VIEW("in"), .offset = offset, .timestamp_ms = -1, .value = view_of(text)};
    }
    struct judge_slice slice = {.serial = ++stage->serial};
    CU_ASSERT_EQUAL_FATAL(judge_line_batch(stage->line, items, (size_t)(end - first), &slice, 1,
                                  (struct wall_time){AT}, false),
            ERR_NONE);
    CU_ASSERT_EQUAL(slice.was_judged, end > first && !slice.waits); // all of it, or none
    return slice.waits;
}

static bool judge(struct stage *stage, int64_t first, int64_t end)
{
    return judge_of(stage, first, end, "collection");
}

// What is due so long from now is asked.
static void ask(struct stage *stage, int64_t ms)
{
    if (judge_line_has_due(stage->line, mono_after_ms(clock_mono(), ms))) {
        CU_ASSERT_FALSE(judge(stage, 0, 0));
    }
}

static const char *text_of(struct stage *stage, uint64_t serial, int64_t settled)
{
    uint64_t version;
    return judge_line_text(stage->line, 0, serial, settled, &version);
}

static void check_command(const struct stage *stage, size_t i, const char *action,
        const char *message, int sequence, const char *reason)
{
    CU_ASSERT_TRUE_FATAL(i < stage->count);
    char parts[4][100];
    snprintf(parts[0], sizeof parts[0], "\"action\":\"%s\"", action);
    snprintf(parts[1], sizeof parts[1], "\"id\":\"%s\"", message);
    snprintf(parts[2], sizeof parts[2], "\"sequence\":%d,", sequence);
    snprintf(parts[3], sizeof parts[3], "\"reason\":\"%s\"", reason);
    for (size_t k = 0; k < 4; k++) {
        if (strstr(stage->commands[i], parts[k]) == NULL) {
            printf("no %s in %s\n", parts[k], stage->commands[i]);
            CU_FAIL("command");
        }
    }
}

static const struct frame *last_frame(const struct stage *stage)
{
    CU_ASSERT_TRUE_FATAL(stage->log.count > 0);
    return &stage->log.frames[stage->log.count - 1].frame;
}

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

// The first half as a whole: what events, facts and config make of the signals in frames, and that
// an assignment that judges a chunk again says the same.
#include "judge_line.h"

#include <stdio.h>
#include <string.h>

#include "common/assure.h"
#include "frame_log.h"
#include "relationship/memory_store.h"
#include "unit.h"

#define AT INT64_C(1763769600000) // 2025-11-22T00:00:00Z
#define DAY (INT64_C(24) * 3600 * 1000)

#define NONE 0
#define NEAR (SIGNAL_BIT(SIGNAL_WALKING) | SIGNAL_BIT(SIGNAL_SAME_BLOCK))
#define REPEATED SIGNAL_BIT(SIGNAL_REPEATED)
#define CLOSED_RECENTLY SIGNAL_BIT(SIGNAL_CLOSED_RECENTLY)
#define LOAN_NAMED SIGNAL_BIT(SIGNAL_LOAN_NAMED)

static enum err swallow(void *self, const struct record *record)
{
    (void)self;
    (void)record;
    return ERR_NONE;
}

static const struct sink_ops swallow_ops = {.send = swallow};

struct stage {
    struct config *config;
    struct keyring *ring;
    struct store store;
    struct emitter emitter;
    struct judge_line *line;
    struct frame_log log;
};

// 13800138000 owes; 13700000000's loan has been closed for ten days.
static void put_relationships(struct store *store)
{
    const struct party owes = {.tenant_id = VIEW("t"),
            .loan_id = VIEW("L1"),
            .status = STATUS_OVERDUE,
            .closed_at_ms = TIME_NONE};
    const struct party closed = {.tenant_id = VIEW("t"),
            .loan_id = VIEW("L2"),
            .status = STATUS_CLOSED,
            .closed_at_ms = AT - 10 * DAY};
    const struct relationship debtor = {.recipient = {RECIPIENT_PHONE, VIEW("+8613800138000")},
            .party_count = 1,
            .parties = &owes};
    const struct relationship former = {.recipient = {RECIPIENT_PHONE, VIEW("+8613700000000")},
            .party_count = 1,
            .parties = &closed};
    CU_ASSERT_EQUAL_FATAL(memory_store_put(store, &debtor), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(memory_store_put(store, &former), ERR_NONE);
}

static void stage_init_with(struct stage *stage, uint32_t split_by_channel, uint32_t max_leaves)
{
    *stage = (struct stage){0};
    frame_log_init(&stage->log);
    CU_ASSERT_EQUAL_FATAL(config_create_default(&stage->config), ERR_NONE);
    stage->config->policy.split_by_channel = split_by_channel;
    stage->config->batch.max_leaves = max_leaves;
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&stage->ring), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(memory_store_create(&stage->store, stage->ring), ERR_NONE);
    put_relationships(&stage->store);
    const struct emitter_options emitter_options = {.group = VIEW("g"), .instance = VIEW("i")};
    CU_ASSERT_EQUAL_FATAL(
            emitter_init(&stage->emitter, (struct sink){&swallow_ops, NULL}, &emitter_options),
            ERR_NONE);
    const struct judge_line_options options = {
            .config = stage->config,
            .ring = stage->ring,
            .store = stage->store,
            .emitter = &stage->emitter,
            .frames = frame_log_taker(&stage->log),
            .tally_partitions = 1,
            .clock = JUDGE_CLOCK_MESSAGE,
    };
    CU_ASSERT_EQUAL_FATAL(judge_line_create(&stage->line, &options), ERR_NONE);
}

static void stage_init(struct stage *stage, uint32_t split_by_channel)
{
    stage_init_with(stage, split_by_channel, 4096);
}

static void stage_fini(struct stage *stage)
{
    judge_line_destroy(stage->line);
    emitter_fini(&stage->emitter);
    stage->store.ops->destroy(stage->store.self);
    keyring_destroy(stage->ring);
    config_destroy(stage->config);
    frame_log_fini(&stage->log);
}

struct row {
    const char *fields; // of the message, beside its id, time, tenant and campaign
    enum verdict verdict;
    signal_set signals;
};

static const struct row rows[] = {
        {"\"recipient\":\"13800138000\",\"loan_id\":\"L1\",\"planned_size\":5000", VERDICT_CLEAR,
                LOAN_NAMED},
        {"\"recipient\":\"138 0013 8001\"", VERDICT_MISDIRECTED, NEAR},
        {"\"recipient\":\"+86-138-0013-8001\"", VERDICT_MISDIRECTED, NEAR | REPEATED},
        {"\"recipient\":\"13800138001\",\"channel\":\"wechat\"", VERDICT_MISDIRECTED, NONE},
        {"\"recipient\":\"13700000000\"", VERDICT_MISDIRECTED, CLOSED_RECENTLY},
        {"\"recipient\":\"13700000000\",\"channel\":\"sms\",\"loan_id\":\"L2\"",
                VERDICT_MISDIRECTED, CLOSED_RECENTLY | LOAN_NAMED | REPEATED},
        {"\"recipient\":\"12\"", VERDICT_UNKNOWN, NONE},
        {"\"recipient\":\"12\",\"loan_id\":\"L3\"", VERDICT_UNKNOWN, REPEATED | LOAN_NAMED},
        {"\"recipient\":\"13800138002\",\"purpose\":\"otp\",\"loan_id\":\"L1\"", VERDICT_EXEMPT,
                NONE},
        {"\"recipient\":\"13900000000\"", VERDICT_MISDIRECTED, NONE},
};

enum { ROWS = sizeof rows / sizeof *rows };

// Judges `count` messages from offset `first` on, the rows over and over.
static void judge(struct stage *stage, int64_t first, uint32_t count)
{
    struct arena *arena = arena_create(1 << 20);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    struct judge_item *items = arena_take_zeroed(arena, count * sizeof *items);
    ASSURE(items != NULL);
    for (uint32_t i = 0; i < count; i++) {
        char text[400];
        int64_t offset = first + i;
        snprintf(text, sizeof text,
                "{\"message_id\":\"m%d\",\"occurred_at\":%lld,\"tenant_id\":\"t\","
                "\"campaign_id\":\"c\",%s}",
                (int)offset, (long long)(AT + offset), rows[offset % ROWS].fields);
        items[i].raw = (struct raw_message){.topic = VIEW("in"),
                .offset = offset,
                .timestamp_ms = -1,
                .value = arena_copy(arena, view_of(text))};
    }
    struct judge_slice slice = {0};
    CU_ASSERT_EQUAL_FATAL(
            judge_line_batch(stage->line, items, count, &slice, 1, (struct wall_time){AT}, false),
            ERR_NONE);
    arena_destroy(arena);
}

static const struct frame *last_frame(const struct stage *stage)
{
    CU_ASSERT_TRUE_FATAL(stage->log.count > 0);
    return &stage->log.frames[stage->log.count - 1].frame;
}

static void add_leaves(const struct frame *frame, struct leaf_counts *sum)
{
    *sum = (struct leaf_counts){0};
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        const struct leaf_counts *counts = &frame->leaves[i].counts;
        sum->judged += counts->judged;
        sum->unknown += counts->unknown;
        sum->exempt += counts->exempt;
        for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
            sum->signals[signal] += counts->signals[signal];
        }
    }
}

static void test_signals(void)
{
    struct stage stage;
    stage_init(&stage, 0);
    CU_ASSERT_EQUAL_FATAL(judge_line_open(stage.line, VIEW("in"), 0, 0, 0), ERR_NONE);
    judge(&stage, 0, ROWS);
    const struct frame *frame = last_frame(&stage);
    struct leaf_counts sum;
    add_leaves(frame, &sum);
    uint32_t entries = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
            sum.signals[signal] -= (rows[i].signals & SIGNAL_BIT(signal)) != 0;
        }
        if (rows[i].verdict == VERDICT_MISDIRECTED) {
            CU_ASSERT_TRUE_FATAL(entries < frame->entry_count);
            CU_ASSERT_EQUAL(frame->entries[entries].offset, i);
            CU_ASSERT_EQUAL(frame->entries[entries].signals, rows[i].signals);
            entries++;
        }
    }
    CU_ASSERT_EQUAL(entries, frame->entry_count);
    for (unsigned signal = 0; signal < SIGNAL_COUNT; signal++) {
        CU_ASSERT_EQUAL(sum.signals[signal], 0);
    }
    CU_ASSERT_EQUAL(sum.judged, 7);
    CU_ASSERT_EQUAL(sum.unknown, 2);
    CU_ASSERT_EQUAL(sum.exempt, 1);
    CU_ASSERT_EQUAL(frame->leaves[0].counts.planned_size, 5000);
    CU_ASSERT_EQUAL(frame->leaves[0].counts.last_occurred_at_ms, AT + ROWS - 1);
    stage_fini(&stage);
}

// With campaigns split by channel the two messages to 13700000000 are of two scopes.
static void test_split_by_channel(void)
{
    struct stage stage;
    stage_init(&stage, 1 << SCOPE_CAMPAIGN);
    CU_ASSERT_EQUAL_FATAL(judge_line_open(stage.line, VIEW("in"), 0, 0, 0), ERR_NONE);
    judge(&stage, 0, ROWS);
    const struct frame *frame = last_frame(&stage);
    CU_ASSERT_EQUAL_FATAL(frame->entry_count, 6);
    CU_ASSERT_EQUAL(frame->entries[4].signals, CLOSED_RECENTLY | LOAN_NAMED);
    CU_ASSERT_EQUAL(frame->entries[4].first_in_chunk, 1 << SCOPE_CAMPAIGN);
    stage_fini(&stage);
}

// Leaves differ in the channel: with room for one, and the overflow leaf, two messages have none of
// their own.
static void test_overflow_is_told(void)
{
    struct stage stage;
    stage_init_with(&stage, 0, 2);
    CU_ASSERT_EQUAL_FATAL(judge_line_open(stage.line, VIEW("in"), 0, 0, 0), ERR_NONE);
    CU_ASSERT_EQUAL(judge_line_counts(stage.line)->overflowed, 0);
    judge(&stage, 0, ROWS);
    CU_ASSERT_EQUAL(judge_line_counts(stage.line)->overflowed, 2);
    judge(&stage, ROWS, ROWS);
    CU_ASSERT_EQUAL(judge_line_counts(stage.line)->overflowed, 4);
    CU_ASSERT_EQUAL(judge_line_counts(stage.line)->messages, 2 * ROWS);
    stage_fini(&stage);
}

// T2 over the whole way: an assignment that resumes in the middle of a chunk.
static void test_judged_again(void)
{
    enum { COUNT = 1000 };
    struct stage once;
    struct stage again;
    stage_init(&once, 0);
    stage_init(&again, 0);
    CU_ASSERT_EQUAL_FATAL(judge_line_open(once.line, VIEW("in"), 0, 0, 0), ERR_NONE);
    judge(&once, 0, COUNT);
    const struct frame *expected = last_frame(&once);
    CU_ASSERT_EQUAL_FATAL(judge_line_open(again.line, VIEW("in"), 0, 0, COUNT / 2), ERR_NONE);
    for (int64_t first = 0; first < COUNT; first += 250) {
        judge(&again, first, 250);
    }
    CU_ASSERT_EQUAL(again.log.count, 3); // silent before it resumes, no entries from before
    CU_ASSERT_EQUAL(again.log.frames[0].frame.entry_count, 0);
    struct frame got = *last_frame(&again);
    CU_ASSERT_EQUAL_FATAL(got.entry_count * 4, expected->entry_count);
    CU_ASSERT_EQUAL(got.entries[0].signals,
            expected->entries[expected->entry_count - got.entry_count].signals);
    got.entries = expected->entries;
    got.entry_count = expected->entry_count;
    CU_ASSERT_TRUE(frame_equal(&got, expected));
    stage_fini(&once);
    stage_fini(&again);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"signals", test_signals},
            {"split_by_channel", test_split_by_channel},
            {"overflow_is_told", test_overflow_is_told},
            {"judged_again", test_judged_again},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "judge_line", tests);
}

// A large batch goes through the first half in parts, one looked up while another is worked on: what
// comes out is what small batches give, and the store has one part at a time, also where a batch fails.
#include "late_stage.h"

#include "common/assure.h"

enum {
    MESSAGES = 2500,
    SMALL = 100,
    OF_ONE_SLICE = 600,
    TEXT_BYTES = 200,
    STRIDE = 3,
    DEAD_STRIDE = 97,
};

// A store of two halves over one in memory. It may not be believed about one of its lookups.
struct split_store {
    struct store inner;
    struct lookup *lookups; // NULL = nothing is under way
    size_t count;
    struct mono_time deadline;
    struct arena *arena;
    size_t begun;
    size_t finished;
    size_t most;
    size_t answered;
    size_t doubted; // the number of that lookup, from 1 on; 0 = none
};

static void split_begin(void *self, struct lookup *lookups, size_t count, struct mono_time deadline,
        struct arena *arena)
{
    struct split_store *split = self;
    CU_ASSERT_EQUAL_FATAL(split->begun, split->finished);
    CU_ASSERT_PTR_NOT_NULL_FATAL(lookups);
    split->begun++;
    split->lookups = lookups;
    split->count = count;
    split->deadline = deadline;
    split->arena = arena;
    split->most = count > split->most ? count : split->most;
}

static void split_finish(void *self)
{
    struct split_store *split = self;
    CU_ASSERT_EQUAL_FATAL(split->begun, split->finished + 1);
    split->finished++;
    split->inner.ops->lookup(
            split->inner.self, split->lookups, split->count, split->deadline, split->arena);
    if (split->doubted > split->answered && split->doubted <= split->answered + split->count) {
        split->lookups[split->doubted - split->answered - 1].facts =
                (struct facts){.lookup = LOOKUP_UNTRUSTED, .reassigned_at_ms = TIME_NONE};
    }
    split->answered += split->count;
}

static void split_lookup(void *self, struct lookup *lookups, size_t count,
        struct mono_time deadline, struct arena *arena)
{
    split_begin(self, lookups, count, deadline, arena);
    split_finish(self);
}

static enum cache_state split_state(void *self)
{
    const struct split_store *split = self;
    CU_ASSERT_EQUAL(split->begun, split->finished);
    return CACHE_TRUSTED;
}

static const struct store_ops split_ops = {
        .lookup = split_lookup, .begin = split_begin, .finish = split_finish, .state = split_state};

// What a line says, in its order; after `fails_at` records (0 = never) it cannot be said.
struct said {
    struct strbuf text;
    size_t count;
    size_t fails_at;
};

static enum err keep_record(void *self, const struct record *record)
{
    struct said *said = self;
    if (++said->count == said->fails_at) {
        return ERR_UNAVAILABLE;
    }
    strbuf_printf(&said->text, "%d %.*s\n", (int)record->topic, VIEW_ARGS(record->value));
    return said->text.failed;
}

static const struct sink_ops keep_ops = {.send = keep_record};

struct run {
    struct config *config;
    struct keyring *ring;
    struct split_store split;
    struct emitter emitter;
    struct judge_line *line;
    struct frame_log log;
    struct said said;
    char (*texts)[TEXT_BYTES];
    struct judge_item *items;
};

// Every third recipient owes; every 97th message is none.
static void write_messages(struct run *run)
{
    const struct party owes = {.tenant_id = VIEW("t"),
            .loan_id = VIEW("L1"),
            .status = STATUS_OVERDUE,
            .closed_at_ms = TIME_NONE};
    for (int i = 0; i < MESSAGES; i++) {
        char number[32];
        write_number(number, sizeof number, i);
        const struct relationship debtor = {.recipient = {RECIPIENT_PHONE, view_of(number)},
                .party_count = 1,
                .parties = &owes};
        if (i % STRIDE == 0) {
            CU_ASSERT_EQUAL_FATAL(memory_store_put(&run->split.inner, &debtor), ERR_NONE);
        }
        snprintf(run->texts[i], TEXT_BYTES,
                "{\"message_id\":\"m%d\",\"occurred_at\":%lld,\"tenant_id\":\"t\",\"campaign_id\":"
                "\"c%d\",\"recipient\":\"%s\"%s",
                i, (long long)AT, i % 7, number, i % DEAD_STRIDE == 5 ? "" : "}");
        run->items[i] = (struct judge_item){.raw = {.topic = VIEW("in"),
                                                    .partition = i % 2,
                                                    .offset = i / 2,
                                                    .timestamp_ms = -1,
                                                    .value = view_of(run->texts[i])},
                .slice = (uint32_t)i % 2};
    }
}

// What is below `committed` is judged again in silence.
static void begin(struct run *run, int32_t partition, int64_t committed)
{
    const struct judge_start start = {
            .partition = partition, .committed = committed, .text = VIEW("")};
    int64_t from;
    bool is_odd;
    CU_ASSERT_EQUAL_FATAL(judge_line_resume(run->line, &start, &from, &is_odd), ERR_NONE);
    CU_ASSERT_EQUAL(from, 0);
}

static void run_init(struct run *run, size_t fails_at)
{
    *run = (struct run){.said.fails_at = fails_at};
    strbuf_init(&run->said.text, 16 << 20);
    frame_log_init(&run->log);
    run->texts = calloc(MESSAGES, sizeof *run->texts);
    run->items = calloc(MESSAGES, sizeof *run->items);
    ASSURE(run->texts != NULL && run->items != NULL);
    CU_ASSERT_EQUAL_FATAL(config_create_default(&run->config), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&run->ring), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(memory_store_create(&run->split.inner, run->ring), ERR_NONE);
    write_messages(run);
    const struct emitter_options emitter_options = {
            .verdicts = VERDICTS_ALL, .group = VIEW("g"), .instance = VIEW("i")};
    CU_ASSERT_EQUAL_FATAL(
            emitter_init(&run->emitter, (struct sink){&keep_ops, &run->said}, &emitter_options),
            ERR_NONE);
    const struct judge_line_options options = {
            .config = run->config,
            .ring = run->ring,
            .store = {&split_ops, &run->split},
            .emitter = &run->emitter,
            .frames = frame_log_taker(&run->log),
            .tally_partitions = 1,
            .clock = JUDGE_CLOCK_WALL,
    };
    CU_ASSERT_EQUAL_FATAL(judge_line_create(&run->line, &options), ERR_NONE);
    for (int32_t i = 0; i < 2; i++) {
        begin(run, i, 0);
    }
}

static void run_fini(struct run *run)
{
    judge_line_destroy(run->line);
    emitter_fini(&run->emitter);
    run->split.inner.ops->destroy(run->split.inner.self);
    keyring_destroy(run->ring);
    config_destroy(run->config);
    frame_log_fini(&run->log);
    strbuf_fini(&run->said.text);
    free(run->texts);
    free(run->items);
}

static enum err judge_all_by(struct run *run, size_t size)
{
    enum err e = ERR_NONE;
    for (size_t at = 0; at < MESSAGES && e == ERR_NONE; at += size) {
        struct judge_slice slices[2] = {{.partition = 0}, {.partition = 1}};
        size_t n = MESSAGES - at < size ? MESSAGES - at : size;
        e = judge_line_batch(
                run->line, run->items + at, n, slices, 2, (struct wall_time){AT}, false);
    }
    return e;
}

static void test_the_same_as_small_batches(void)
{
    struct run small;
    struct run large;
    run_init(&small, 0);
    run_init(&large, 0);
    CU_ASSERT_EQUAL(judge_all_by(&small, SMALL), ERR_NONE);
    CU_ASSERT_EQUAL(judge_all_by(&large, MESSAGES), ERR_NONE);
    CU_ASSERT_EQUAL(small.split.begun, MESSAGES / SMALL);
    CU_ASSERT_EQUAL(large.split.begun, 3);
    CU_ASSERT_TRUE(large.split.most <= 1000);
    CU_ASSERT_TRUE(view_equal(strbuf_view(&small.said.text), strbuf_view(&large.said.text)));
    const struct judge_counts *counts = judge_line_counts(large.line);
    CU_ASSERT_EQUAL(counts->messages, MESSAGES);
    CU_ASSERT_TRUE(counts->dead_letters > 0 && counts->verdicts[VERDICT_MISDIRECTED] > 0);
    CU_ASSERT_EQUAL(memcmp(counts->verdicts, judge_line_counts(small.line)->verdicts,
                            sizeof counts->verdicts),
            0);
    run_fini(&small);
    run_fini(&large);
}

static void test_two_parts_of_an_ordinary_batch(void)
{
    struct run run;
    run_init(&run, 0);
    CU_ASSERT_EQUAL(judge_all_by(&run, 600), ERR_NONE); // 600, four times, and 100
    CU_ASSERT_EQUAL(run.split.begun, 2 * 4 + 1);
    run_fini(&run);
}

// Whatever the record is that cannot be said, nothing is left under way.
static void test_a_failure_leaves_nothing_under_way(void)
{
    for (size_t fails_at = 1; fails_at < MESSAGES; fails_at += 400) {
        struct run run;
        run_init(&run, fails_at);
        CU_ASSERT_EQUAL(judge_all_by(&run, MESSAGES), ERR_UNAVAILABLE);
        CU_ASSERT_EQUAL(run.split.begun, run.split.finished);
        run_fini(&run);
    }
}

// --- slices that may have to wait ----------------------------------------------------------------

// One batch of the first partition. What is not believed is the lookup of one message near its end.
static enum err judge_one_slice(struct run *run, struct judge_slice *slice)
{
    struct judge_item items[OF_ONE_SLICE];
    for (size_t i = 0; i < OF_ONE_SLICE; i++) {
        items[i] = run->items[2 * i];
    }
    run->split.doubted = OF_ONE_SLICE - 50;
    return judge_line_batch(
            run->line, items, OF_ONE_SLICE, slice, 1, (struct wall_time){AT}, false);
}

// Of a slice that waits nothing is said and nothing counted, also what was known before the doubt.
static void slice_waits_whole(struct run *run)
{
    struct judge_slice slice = {.partition = 0};
    CU_ASSERT_EQUAL(judge_one_slice(run, &slice), ERR_NONE);
    CU_ASSERT_TRUE(slice.waits);
    CU_ASSERT_FALSE(slice.was_judged);
    CU_ASSERT_EQUAL(run->said.count, 0);
    CU_ASSERT_EQUAL(run->log.count, 0);
    CU_ASSERT_EQUAL(judge_line_counts(run->line)->messages, 0);
    CU_ASSERT_EQUAL(run->split.begun, 1);
}

static void test_a_slice_waits_whole_by_the_policy(void)
{
    struct run run;
    run_init(&run, 0);
    run.config->policy.unknown = UNKNOWN_WAIT;
    slice_waits_whole(&run);
    run_fini(&run);
}

// A rule of all messages that sets what is to become of unknown ones.
static void add_rule(struct run *run, enum unknown_policy unknown)
{
    const struct rule rule = {.parts = RULE_PART(RULE_OF_TENANT) | RULE_PART(RULE_SETS_UNKNOWN),
            .names = {strdup("t")},
            .settings.unknown = unknown};
    CU_ASSERT_EQUAL_FATAL(rules_add(&run->config->policy.rules, &rule), ERR_NONE);
}

static void test_a_slice_waits_whole_by_a_rule(void)
{
    struct run run;
    run_init(&run, 0);
    add_rule(&run, UNKNOWN_WAIT);
    add_rule(&run, UNKNOWN_HOLD); // the first wins
    slice_waits_whole(&run);
    run_fini(&run);
}

static void test_a_slice_waits_whole_while_it_resumes(void)
{
    for (int64_t committed = 1; committed <= MESSAGES; committed *= 50) {
        struct run run;
        run_init(&run, 0);
        judge_line_close(run.line, 0);
        begin(&run, 0, committed);
        struct judge_slice slice = {.partition = 0};
        CU_ASSERT_EQUAL(judge_one_slice(&run, &slice), ERR_NONE);
        CU_ASSERT_EQUAL(run.split.begun, 1);
        CU_ASSERT_EQUAL(slice.waits, committed >= OF_ONE_SLICE);
        CU_ASSERT_EQUAL(slice.was_judged, !slice.waits);
        CU_ASSERT_EQUAL(judge_line_counts(run.line)->messages, slice.waits ? 0 : OF_ONE_SLICE);
        run_fini(&run);
    }
}

static void test_what_cannot_wait_goes_in_parts(void)
{
    struct run run;
    run_init(&run, 0);
    add_rule(&run, UNKNOWN_HOLD);
    struct judge_slice slice = {.partition = 0};
    CU_ASSERT_EQUAL(judge_one_slice(&run, &slice), ERR_NONE);
    CU_ASSERT_EQUAL(run.split.begun, 2);
    CU_ASSERT_TRUE(slice.was_judged && !slice.waits);
    CU_ASSERT_EQUAL(judge_line_counts(run.line)->verdicts[VERDICT_UNKNOWN], 1);
    run_fini(&run);
}

static const struct unit_test tests[] = {
        {"the_same_as_small_batches", test_the_same_as_small_batches},
        {"two_parts_of_an_ordinary_batch", test_two_parts_of_an_ordinary_batch},
        {"a_failure_leaves_nothing_under_way", test_a_failure_leaves_nothing_under_way},
        {"a_slice_waits_whole_by_the_policy", test_a_slice_waits_whole_by_the_policy},
        {"a_slice_waits_whole_by_a_rule", test_a_slice_waits_whole_by_a_rule},
        {"a_slice_waits_whole_while_it_resumes", test_a_slice_waits_whole_while_it_resumes},
        {"what_cannot_wait_goes_in_parts", test_what_cannot_wait_goes_in_parts},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "judge_parts", tests);
}

// The way of a complaint: what its frames carry, what becomes of one that cannot be read, and that
// each is applied once, however often its partition changes hands.
#include "complaint_line.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/hash.h"
#include "fold/fold_source.h"
#include "frame_log.h"
#include "tests/support/emit_stage.h"
#include "tests/support/unit.h"

#define AT INT64_C(1795309200000)

enum { TALLY_PARTITIONS = 3, TEXT_BYTES = 512 };

struct rig {
    struct config *config;
    struct keyring *ring;
    struct fake_sink sink;
    struct emitter emitter;
    struct aside_line *line;
    struct frame_log log;
    struct judge_item items[2000];
    char texts[2000][TEXT_BYTES];
    size_t count;
};

static void line_open(struct rig *rig, enum judge_clock clock)
{
    const struct aside_line_options options = {
            .config = rig->config,
            .ring = rig->ring,
            .emitter = &rig->emitter,
            .frames = frame_log_taker(&rig->log),
            .tally_partitions = TALLY_PARTITIONS,
            .clock = clock,
    };
    CU_ASSERT_EQUAL_FATAL(complaint_line_create(&rig->line, &options), ERR_NONE);
}

static struct rig *begin(enum judge_clock clock)
{
    struct rig *rig = calloc(1, sizeof *rig);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig);
    CU_ASSERT_EQUAL_FATAL(config_create_default(&rig->config), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(keyring_create_demo(&rig->ring), ERR_NONE);
    for (size_t i = 0; i < SEEN_MAX; i++) {
        strbuf_init(&rig->sink.seen[i], SEEN_BYTES);
    }
    const struct emitter_options options = {.group = VIEW("g"), .instance = VIEW("i")};
    CU_ASSERT_EQUAL_FATAL(
            emitter_init(&rig->emitter, (struct sink){&fake_ops, &rig->sink}, &options), ERR_NONE);
    frame_log_init(&rig->log);
    line_open(rig, clock);
    return rig;
}

static void end(struct rig *rig)
{
    aside_line_destroy(rig->line);
    frame_log_fini(&rig->log);
    emitter_fini(&rig->emitter);
    for (size_t i = 0; i < SEEN_MAX; i++) {
        strbuf_fini(&rig->sink.seen[i]);
    }
    keyring_destroy(rig->ring);
    config_destroy(rig->config);
    free(rig);
}

static void add(struct rig *rig, int64_t offset, const char *text)
{
    struct judge_item *item = &rig->items[rig->count];
    snprintf(rig->texts[rig->count], TEXT_BYTES, "%s", text);
    *item = (struct judge_item){.raw = {.topic = VIEW("complaints"),
                                        .offset = offset,
                                        .timestamp_ms = -1,
                                        .value = view_of(rig->texts[rig->count])}};
    rig->count++;
}

static void run_batch(struct rig *rig, int64_t next_offset)
{
    const struct judge_slice slice = {.next_offset = next_offset};
    CU_ASSERT_EQUAL(
            aside_line_batch(rig->line, rig->items, rig->count, &slice, 1, (struct wall_time){AT}),
            ERR_NONE);
    rig->count = 0;
}

static void test_what_a_frame_carries(void)
{
    struct rig *rig = begin(JUDGE_CLOCK_WALL);
    CU_ASSERT_EQUAL_FATAL(aside_line_open(rig->line, VIEW("complaints"), 0, 100), ERR_NONE);
    add(rig, 100,
            "{\"complaint_id\":\"1\",\"occurred_at\":1795309100000,\"tenant_id\":\"acme\","
            "\"recipient\":\"138 0013 8000\",\"campaign_id\":\"c\",\"kind\":\"stop\"}");
    add(rig, 103,
            "{\"complaint_id\":\"2\",\"occurred_at\":1795309101000,\"tenant_id\":\"acme\","
            "\"recipient\":\"+8613800138000\",\"message_id\":\"m\",\"campaign_id\":\"c\","
            "\"kind\":\"wrong_number\"}");
    add(rig, 104,
            "{\"complaint_id\":\"3\",\"occurred_at\":1795309102000,\"tenant_id\":\"acme\","
            "\"message_id\":\"m\",\"vendor_id\":\"v\",\"kind\":\"?\"}");
    run_batch(rig, 106);
    CU_ASSERT_EQUAL_FATAL(rig->log.count, 1);
    const struct frame *frame = &rig->log.frames[0].frame;
    CU_ASSERT_EQUAL(
            rig->log.frames[0].tally_partition, tally_partition_of(VIEW("acme"), TALLY_PARTITIONS));
    CU_ASSERT_EQUAL(frame->chunk, 0);
    CU_ASSERT_EQUAL(frame->first_offset, 0);
    CU_ASSERT_EQUAL(frame->to_offset, 106);
    CU_ASSERT_EQUAL(frame->judged_at_ms, AT);
    CU_ASSERT_EQUAL(frame->watermark_ms, 1795309102000);
    CU_ASSERT_EQUAL(frame->leaf_count, 2);
    CU_ASSERT_EQUAL(frame->entry_count, 0);
    CU_ASSERT_EQUAL_FATAL(frame->complaint_count, 3);
    const struct frame_complaint *c = frame->complaints;
    CU_ASSERT_EQUAL(c[0].leaf, 0);
    CU_ASSERT_EQUAL(c[1].leaf, 0);
    CU_ASSERT_EQUAL(c[2].leaf, 1);
    CU_ASSERT_EQUAL(c[0].kind, COMPLAINT_STOP);
    CU_ASSERT_EQUAL(c[1].kind, COMPLAINT_WRONG_NUMBER);
    CU_ASSERT_EQUAL(c[2].kind, COMPLAINT_OTHER);
    CU_ASSERT_EQUAL(memcmp(c[0].tag, c[1].tag, RECIPIENT_TAG_BYTES), 0); // one person
    CU_ASSERT_NOT_EQUAL(memcmp(c[0].tag, c[2].tag, RECIPIENT_TAG_BYTES), 0);
    CU_ASSERT_TRUE(view_is_none(c[0].message_id) && view_is(c[2].message_id, "m"));
    CU_ASSERT_EQUAL(c[1].offset, 103);
    CU_ASSERT_TRUE(view_is(frame->leaves[0].key.ids[SCOPE_CAMPAIGN], "c"));
    CU_ASSERT_TRUE(view_is(frame->leaves[1].key.ids[SCOPE_VENDOR], "v"));
    CU_ASSERT_EQUAL(frame->leaves[0].counts.judged, 0);
    run_batch(rig, 107); // nothing new
    CU_ASSERT_EQUAL(rig->log.count, 1);
    end(rig);
}

// What cannot be read is a dead letter, and the offsets go on.
static void test_dead_letter(void)
{
    struct rig *rig = begin(JUDGE_CLOCK_WALL);
    CU_ASSERT_EQUAL_FATAL(aside_line_open(rig->line, VIEW("complaints"), 0, 0), ERR_NONE);
    add(rig, 0, "{\"complaint_id\":\"1\"}");
    run_batch(rig, 1);
    CU_ASSERT_EQUAL(rig->log.count, 0);
    CU_ASSERT_EQUAL_FATAL(rig->sink.count, 1);
    CU_ASSERT_EQUAL(rig->sink.records[0].topic, OUT_DEAD_LETTER);
    CU_ASSERT_PTR_NOT_NULL(strstr(rig->sink.seen[0].p, "{\"complaint_id\":\"1\"}"));
    CU_ASSERT_EQUAL(aside_line_counts(rig->line)->dead_letters, 1);
    CU_ASSERT_EQUAL(aside_line_counts(rig->line)->taken, 0);
    end(rig);
}

// In replay time is that of the complaints: never back, never more than a day on.
static void test_message_clock(void)
{
    struct rig *rig = begin(JUDGE_CLOCK_MESSAGE);
    CU_ASSERT_EQUAL_FATAL(aside_line_open(rig->line, VIEW("complaints"), 0, 0), ERR_NONE);
    static const int64_t times[] = {AT, AT - 1000, AT + 10 * INT64_C(86400000)};
    static const int64_t told[] = {AT, AT, AT + INT64_C(86400000)};
    for (int64_t i = 0; i < 3; i++) {
        char text[TEXT_BYTES];
        snprintf(text, sizeof text,
                "{\"complaint_id\":1,\"occurred_at\":%lld,\"message_id\":1,\"kind\":\"stop\"}",
                (long long)times[i]);
        add(rig, i, text);
        CU_ASSERT_EQUAL(aside_line_time_ms(rig->line, &rig->items[0].raw), times[i]);
        run_batch(rig, 0);
        CU_ASSERT_EQUAL_FATAL(rig->log.count, (size_t)i + 1);
        CU_ASSERT_EQUAL(rig->log.frames[i].frame.judged_at_ms, told[i]);
    }
    end(rig);
}

// Long names: frames go out before they grow too large for a record.
static void test_frames_stay_small(void)
{
    struct rig *rig = begin(JUDGE_CLOCK_WALL);
    CU_ASSERT_EQUAL_FATAL(aside_line_open(rig->line, VIEW("complaints"), 0, 0), ERR_NONE);
    for (int i = 0; i < 1900; i++) {
        char text[TEXT_BYTES];
        snprintf(text, sizeof text,
                "{\"complaint_id\":1,\"occurred_at\":%lld,\"message_id\":1,\"kind\":\"stop\","
                "\"tenant_id\":\"t\",\"campaign_id\":\"%0250d\"}",
                (long long)AT, i);
        add(rig, i, text);
    }
    run_batch(rig, 1900);
    CU_ASSERT_TRUE(rig->log.count >= 2);
    uint32_t complaints = 0;
    for (size_t i = 0; i < rig->log.count; i++) {
        const struct frame *frame = &rig->log.frames[i].frame;
        CU_ASSERT_TRUE(frame->complaint_count <= 1024 && frame->leaf_count <= 1024);
        complaints += frame->complaint_count;
    }
    CU_ASSERT_EQUAL(complaints, 1900);
    end(rig);
}

// --- once, whatever happens -------------------------------------------------------------------

enum { OFFSETS = 9000, TENANTS = 5 };

// What an offset holds: a function of it alone.
static bool complaint_at(int64_t offset, char text[TEXT_BYTES])
{
    uint64_t x = hash_mix64((uint64_t)offset + 99);
    if (x % 3 == 0 || (offset > 4090 && offset < 4300) || offset / 100 % 2 == 1) {
        return false;
    }
    snprintf(text, TEXT_BYTES,
            "{\"complaint_id\":%lld,\"occurred_at\":%lld,\"message_id\":%lld,\"kind\":\"stop\","
            "\"tenant_id\":\"tenant%llu\",\"campaign_id\":\"c%llu\"}",
            (long long)offset, (long long)AT, (long long)offset,
            (unsigned long long)((x >> 8) % TENANTS), (unsigned long long)((x >> 16) % 7));
    return true;
}

// Reads a batch from *offset on.
static void read_some(struct rig *rig, int64_t *offset, uint32_t length)
{
    for (uint32_t i = 0; i < length && *offset < OFFSETS; i++) {
        char text[TEXT_BYTES];
        if (complaint_at(*offset, text)) {
            add(rig, *offset, text);
        }
        ++*offset;
    }
    run_batch(rig, *offset);
}

static void deliver(struct fold_source *sources, const struct logged_frame *logged, uint32_t *seen)
{
    struct delta_gap gap = {0};
    int64_t from = 0;
    const struct frame *frame = &logged->frame;
    bool applied = fold_source_meet(&sources[logged->tally_partition], frame, &from, &gap);
    CU_ASSERT_FALSE(gap.is_there);
    for (uint32_t i = 0; applied && i < frame->complaint_count; i++) {
        seen[frame->complaints[i].offset] += frame->complaints[i].offset >= from;
    }
}

// An owner of the partition: some batches, and then an orderly end or a death in the midst of a
// batch whose frames are in part delivered. What is left of them is a zombie's: in `late`.
static void own(struct rig *rig, struct fold_source *sources, uint32_t *seen, int64_t *committed,
        size_t late[2], uint64_t *random)
{
    int64_t next = *committed;
    unsigned batches = 1 + test_random_below(random, 6);
    CU_ASSERT_EQUAL_FATAL(aside_line_open(rig->line, VIEW("complaints"), 0, next), ERR_NONE);
    for (unsigned i = 0; i < batches && next < OFFSETS; i++) {
        size_t from = rig->log.count;
        read_some(rig, &next, 1 + test_random_below(random, 700));
        bool dies = i + 1 == batches && test_random_below(random, 2) == 0;
        size_t to = rig->log.count;
        size_t until = dies ? from + test_random_below(random, (uint32_t)(to - from) + 1) : to;
        for (; from < until; from++) {
            deliver(sources, &rig->log.frames[from], seen);
        }
        *committed = dies ? *committed : next;
        for (; late[0] < late[1]; late[0]++) {
            deliver(sources, &rig->log.frames[late[0]], seen);
        }
        late[0] = test_random_below(random, 2) == 0 && until > 0 ? until - 1 : until; // and again
        late[1] = late[0] + test_random_below(random, (uint32_t)(to - late[0]) + 1);
    }
    aside_line_close(rig->line, 0);
}

static void play_round(uint64_t *random)
{
    struct rig *rig = begin(JUDGE_CLOCK_WALL);
    struct fold_source sources[TALLY_PARTITIONS];
    uint32_t *seen = calloc(OFFSETS, sizeof *seen);
    CU_ASSERT_PTR_NOT_NULL_FATAL(seen);
    for (unsigned i = 0; i < TALLY_PARTITIONS; i++) {
        CU_ASSERT_EQUAL_FATAL(fold_source_init(&sources[i]), ERR_NONE);
    }
    size_t late[2] = {0, 0};
    for (int64_t committed = 0; committed < OFFSETS;) {
        own(rig, sources, seen, &committed, late, random);
    }
    for (int64_t offset = 0; offset < OFFSETS; offset++) {
        char text[TEXT_BYTES];
        CU_ASSERT_EQUAL(seen[offset], complaint_at(offset, text) ? 1 : 0);
    }
    for (unsigned i = 0; i < TALLY_PARTITIONS; i++) {
        fold_source_fini(&sources[i]);
    }
    free(seen);
    end(rig);
}

static void test_once(void)
{
    uint64_t random = 17;
    for (unsigned round = 0; round < 30; round++) {
        play_round(&random);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"what_a_frame_carries", test_what_a_frame_carries},
            {"dead_letter", test_dead_letter},
            {"message_clock", test_message_clock},
            {"frames_stay_small", test_frames_stay_small},
            {"once", test_once},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "complaint_line", tests);
}

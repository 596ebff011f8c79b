// fold: each way in which a frame meets a source (F1–F7), and what the deltas say of guard, repeats
// and holds.
#include "fold/fold.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define AT INT64_C(1763769600000)
#define HOUR (INT64_C(3600) * 1000)

enum { SCOPES = 64, KIND_CAMPAIGN = 1 << SCOPE_CAMPAIGN, KIND_TENANT = 1 << SCOPE_TENANT };

struct bench {
    struct scopes *scopes;
    struct recent *recent;
    struct fold *fold;
    int64_t sequence;
    struct delta delta; // of the last frame
};

static void bench_init(struct bench *b)
{
    *b = (struct bench){0};
    CU_ASSERT_EQUAL_FATAL(scopes_create(&b->scopes, SCOPES), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(
            recent_create(&b->recent, &(const struct recent_options){.max_entries = 10000}),
            ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(fold_create(&b->fold, b->scopes, b->recent, 0), ERR_NONE);
}

static void bench_fini(struct bench *b)
{
    fold_destroy(b->fold);
    recent_destroy(b->recent);
    scopes_destroy(b->scopes);
}

static bool apply(struct bench *b, const struct frame *frame)
{
    CU_ASSERT_EQUAL_FATAL(fold_frame(b->fold, frame, 2, b->sequence++, &b->delta), ERR_NONE);
    return b->delta.applied;
}

static struct frame_leaf leaf_of(const char *campaign, uint32_t judged, uint32_t misdirected)
{
    return (struct frame_leaf){
            .key = {.ids = {[SCOPE_CAMPAIGN] = view_of(campaign), [SCOPE_TENANT] = VIEW("t")}},
            .counts = {.judged = judged, .misdirected = misdirected}};
}

// A misdirected message of recipient `who` in the frame's first leaf.
static struct frame_entry entry_of(int64_t offset, uint8_t who)
{
    return (struct frame_entry){.offset = offset, .tag = {who}, .occurred_at_ms = AT};
}

static struct frame frame_of(int64_t first, int64_t to, const struct frame_leaf *leaves,
        uint32_t leaf_count, const struct frame_entry *entries, uint32_t entry_count)
{
    return (struct frame){
            .source_topic = VIEW("in"),
            .source_partition = 7,
            .chunk = first >> CHUNK_BITS,
            .first_offset = first,
            .to_offset = to,
            .judged_at_ms = AT,
            .leaves = leaves,
            .leaf_count = leaf_count,
            .entries = entries,
            .entry_count = entry_count,
    };
}

// A frame with one leaf and no entries.
static bool apply_counts(struct bench *b, int64_t first, int64_t to, uint32_t judged)
{
    const struct frame_leaf leaf = leaf_of("c", judged, 0);
    const struct frame frame = frame_of(first, to, &leaf, 1, NULL, 0);
    return apply(b, &frame);
}

static int32_t scope_of(struct bench *b, enum scope_kind kind, const char *id)
{
    int32_t scope = SCOPE_NONE;
    CU_ASSERT_EQUAL_FATAL(
            scopes_intern(b->scopes, kind, VIEW("t"), view_of(id), VIEW_NONE, &scope), ERR_NONE);
    return scope;
}

static int64_t judged_of(struct bench *b, const char *campaign)
{
    return fold_scope_counts(b->fold, scope_of(b, SCOPE_CAMPAIGN, campaign)).judged;
}

// The delta's row of a campaign, or of the tenant when `campaign` is NULL; a row of zeros when
// there is none.
static struct scope_delta row_of(struct bench *b, const char *campaign)
{
    int32_t scope = campaign != NULL ? scope_of(b, SCOPE_CAMPAIGN, campaign)
                                     : scope_of(b, SCOPE_TENANT, "t");
    for (uint32_t i = 0; i < b->delta.scope_count; i++) {
        if (b->delta.scopes[i].scope == scope) {
            return b->delta.scopes[i];
        }
    }
    return (struct scope_delta){.scope = SCOPE_NONE};
}

// F1, F4: a base in the middle of a log, then differences.
static void test_base_and_differences(void)
{
    struct bench b;
    bench_init(&b);
    CU_ASSERT_TRUE(apply_counts(&b, 8192, 8202, 10)); // F1
    CU_ASSERT_FALSE(b.delta.gap.is_there);
    CU_ASSERT_EQUAL(row_of(&b, "c").judged, 10);
    CU_ASSERT_EQUAL(row_of(&b, "c").good, 10);
    CU_ASSERT_TRUE(apply_counts(&b, 8192, 8205, 13)); // F4
    CU_ASSERT_EQUAL(row_of(&b, "c").judged, 3);
    CU_ASSERT_EQUAL(row_of(&b, NULL).judged, 3); // the tenant's row as well
    CU_ASSERT_EQUAL(judged_of(&b, "c"), 13);
    CU_ASSERT_EQUAL(b.delta.sequence, 1);
    CU_ASSERT_EQUAL(b.delta.tally_partition, 2);
    bench_fini(&b);
}

// F2: the same frame again, an older one, and a zombie's that says something else.
static void test_duplicates(void)
{
    struct bench b;
    bench_init(&b);
    CU_ASSERT_TRUE(apply_counts(&b, 0, 10, 10));
    CU_ASSERT_FALSE(apply_counts(&b, 0, 10, 10));
    CU_ASSERT_FALSE(apply_counts(&b, 0, 5, 5));
    CU_ASSERT_FALSE(apply_counts(&b, 0, 10, 3));
    CU_ASSERT_FALSE(b.delta.gap.is_there);
    CU_ASSERT_EQUAL(b.delta.scope_count, 0);
    CU_ASSERT_EQUAL(judged_of(&b, "c"), 10);
    CU_ASSERT_TRUE(apply_counts(&b, 4096, 4100, 4) && b.delta.gap.is_there);
    CU_ASSERT_FALSE(apply_counts(&b, 0, 4096, 4000)); // an older chunk
    CU_ASSERT_EQUAL(judged_of(&b, "c"), 14);
    CU_ASSERT_EQUAL(fold_gaps(b.fold), 1);
    bench_fini(&b);
}

// F3: offsets are missing.
static void test_gap(void)
{
    struct bench b;
    bench_init(&b);
    CU_ASSERT_TRUE(apply_counts(&b, 0, 10, 10));
    CU_ASSERT_TRUE(apply_counts(&b, 12288, 12290, 2));
    CU_ASSERT_TRUE(b.delta.gap.is_there);
    CU_ASSERT_EQUAL(b.delta.gap.from_offset, 10);
    CU_ASSERT_EQUAL(b.delta.gap.to_offset, 12288);
    CU_ASSERT_EQUAL(judged_of(&b, "c"), 12);
    bench_fini(&b);
}

// F5: the next chunk's counts begin at 0, also after a closing frame that ends beyond its chunk.
static void test_next_chunk(void)
{
    struct bench b;
    bench_init(&b);
    CU_ASSERT_TRUE(apply_counts(&b, 0, 4096, 30));
    // sparse: the next chunk with a message is the fifth
    CU_ASSERT_TRUE(apply_counts(&b, 4096, 20480, 7));
    CU_ASSERT_TRUE(apply_counts(&b, 20480, 20481, 1));
    CU_ASSERT_FALSE(b.delta.gap.is_there);
    CU_ASSERT_EQUAL(judged_of(&b, "c"), 38);
    bench_fini(&b);
}

// F6: counts that begin inside what is counted compare with nothing.
static void test_ignored_chunk(void)
{
    struct bench b;
    bench_init(&b);
    CU_ASSERT_TRUE(apply_counts(&b, 0, 100, 100));
    CU_ASSERT_FALSE(apply_counts(&b, 50, 200, 150));
    CU_ASSERT_TRUE(b.delta.gap.is_there);
    CU_ASSERT_EQUAL(b.delta.gap.from_offset, 100);
    CU_ASSERT_EQUAL(b.delta.gap.to_offset, 200);
    CU_ASSERT_FALSE(apply_counts(&b, 50, 300, 250)); // the rest of the chunk, quietly
    CU_ASSERT_FALSE(b.delta.gap.is_there);
    CU_ASSERT_FALSE(apply_counts(&b, 0, 310, 310));
    CU_ASSERT_FALSE(apply_counts(&b, 50, 4096, 4000));
    CU_ASSERT_TRUE(apply_counts(&b, 4096, 4099, 3)); // F5
    CU_ASSERT_FALSE(b.delta.gap.is_there);
    CU_ASSERT_EQUAL(judged_of(&b, "c"), 103);
    CU_ASSERT_EQUAL(fold_gaps(b.fold), 1);
    bench_fini(&b);
}

// A chunk that is judged again says less than before: the difference is signed, and takes nothing
// from the detector.
static void test_judged_again(void)
{
    struct bench b;
    bench_init(&b);
    struct frame_leaf leaf = leaf_of("c", 10, 2);
    const struct frame_entry entries[] = {entry_of(3, 1), entry_of(6, 2), entry_of(11, 3)};
    struct frame frame = frame_of(0, 10, &leaf, 1, entries, 2);
    CU_ASSERT_TRUE(apply(&b, &frame));
    leaf.counts.judged = 9; // two are unknown now, one is new
    leaf.counts.unknown = 2;
    leaf.counts.misdirected = 1;
    frame = frame_of(0, 12, &leaf, 1, entries, 3);
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL(row_of(&b, "c").judged, -1);
    CU_ASSERT_EQUAL(row_of(&b, "c").misdirected, -1);
    CU_ASSERT_EQUAL(row_of(&b, "c").good, 0);
    CU_ASSERT_EQUAL(b.delta.entry_count, 1); // only what is at or above to_offset
    CU_ASSERT_EQUAL(b.delta.entries[0].entry->offset, 11);
    CU_ASSERT_EQUAL(row_of(&b, "c").fresh, 1);
    struct fold_counts counts = fold_scope_counts(b.fold, scope_of(&b, SCOPE_CAMPAIGN, "c"));
    CU_ASSERT_EQUAL(counts.judged, 9);
    CU_ASSERT_EQUAL(counts.misdirected, 1);
    CU_ASSERT_EQUAL(row_of(&b, "c").unknown, 2);
    bench_fini(&b);
}

// A leaf that a frame does not name stays as it is.
static void test_missing_leaf(void)
{
    struct bench b;
    bench_init(&b);
    const struct frame_leaf both[] = {leaf_of("c", 4, 0), leaf_of("d", 6, 0)};
    struct frame frame = frame_of(0, 10, both, 2, NULL, 0);
    CU_ASSERT_TRUE(apply(&b, &frame));
    const struct frame_leaf one[] = {leaf_of("d", 7, 0)};
    frame = frame_of(0, 11, one, 1, NULL, 0);
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL(row_of(&b, "c").scope, SCOPE_NONE);
    const struct frame_leaf zero[] = {leaf_of("c", 0, 0)}; // zeros are said
    frame = frame_of(0, 12, zero, 1, NULL, 0);
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL(judged_of(&b, "c"), 0);
    CU_ASSERT_EQUAL(judged_of(&b, "d"), 7);
    bench_fini(&b);
}

// Sources are apart: by topic and by partition.
static void test_sources(void)
{
    struct bench b;
    bench_init(&b);
    const struct frame_leaf leaf = leaf_of("c", 5, 0);
    struct frame frame = frame_of(0, 5, &leaf, 1, NULL, 0);
    CU_ASSERT_TRUE(apply(&b, &frame));
    frame.source_partition = 8;
    CU_ASSERT_TRUE(apply(&b, &frame));
    frame.source_topic = VIEW("other");
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_FALSE(apply(&b, &frame));
    CU_ASSERT_EQUAL(judged_of(&b, "c"), 15);
    bench_fini(&b);
}

// F7: neither full table stops the fold, and each is told.
static void test_full_tables(void)
{
    enum { SOURCES = 4096, LEAVES = 2 * CHUNK_OFFSETS };
    struct bench b;
    bench_init(&b);
    struct frame_leaf leaf = leaf_of("c", 1, 0);
    struct frame frame = frame_of(0, 1, &leaf, 1, NULL, 0);
    char names[256][16];
    struct frame_leaf leaves[256];
    bool refused = false;
    for (uint32_t i = 0; i <= LEAVES && !refused; i += 256) {
        for (uint32_t j = 0; j < 256; j++) {
            snprintf(names[j], sizeof names[j], "c%u", i + j);
            leaves[j] = leaf_of(names[j], 1, 0);
        }
        const struct frame many = frame_of(0, 10 + i, leaves, 256, NULL, 0);
        refused = !apply(&b, &many);
        CU_ASSERT_EQUAL(refused, i >= LEAVES);
        CU_ASSERT_EQUAL(b.delta.gap.is_there, refused);
    }
    CU_ASSERT_TRUE(refused);
    CU_ASSERT_FALSE(apply_counts(&b, 0, 20000, 1));
    CU_ASSERT_TRUE(apply_counts(&b, 20480, 20481, 1));
    for (int32_t i = 0; i < SOURCES; i++) {
        frame.source_partition = i;
        CU_ASSERT_EQUAL(apply(&b, &frame), i != 7); // 7 is there already
    }
    frame.source_partition = SOURCES;
    CU_ASSERT_FALSE(apply(&b, &frame));
    CU_ASSERT_TRUE(b.delta.gap.is_there);
    frame.source_partition = 3;
    frame.to_offset = 2;
    CU_ASSERT_TRUE(apply(&b, &frame));
    bench_fini(&b);
}

// Log time is the running maximum of judged_at, of frames that change nothing too.
static void test_log_time(void)
{
    struct bench b;
    bench_init(&b);
    const struct frame_leaf leaf = leaf_of("c", 1, 0);
    struct frame frame = frame_of(0, 1, &leaf, 1, NULL, 0);
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL(fold_log_time_ms(b.fold), AT);
    frame.judged_at_ms = AT + 5;
    CU_ASSERT_FALSE(apply(&b, &frame));
    CU_ASSERT_EQUAL(b.delta.log_time_ms, AT + 5);
    frame.judged_at_ms = AT - 5;
    frame.to_offset = 2;
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL(fold_log_time_ms(b.fold), AT + 5);
    bench_fini(&b);
}

// One misdirected message a frame, at its own log time.
static struct scope_delta apply_entry(struct bench *b, int64_t offset, uint8_t who,
        uint8_t first_in_chunk, uint8_t previous, int64_t at_ms)
{
    struct frame_leaf leaf = leaf_of("c", (uint32_t)offset + 1, (uint32_t)offset + 1);
    leaf.counts.last_judged_offset = offset;
    leaf.counts.last_misdirected = true;
    struct frame_entry entry = entry_of(offset, who);
    entry.first_in_chunk = first_in_chunk;
    entry.previous_misdirected = previous;
    struct frame frame = frame_of(0, offset + 1, &leaf, 1, &entry, 1);
    frame.judged_at_ms = at_ms;
    CU_ASSERT_TRUE(apply(b, &frame));
    return row_of(b, "c");
}

// A recipient counts once in 24 hours of log time, in each of its scopes.
static void test_repeated(void)
{
    struct bench b;
    bench_init(&b);
    CU_ASSERT_EQUAL(apply_entry(&b, 0, 1, 0, 0, AT).fresh, 1);
    struct scope_delta row = apply_entry(&b, 1, 1, 0, 0, AT + 24 * HOUR - 1);
    CU_ASSERT_EQUAL(row.fresh + row.guarded, 0);
    CU_ASSERT_EQUAL(row.repeated, 1);
    CU_ASSERT_EQUAL(row.good, 0); // neither good nor bad
    CU_ASSERT_EQUAL(row.first_entry, -1);
    CU_ASSERT_EQUAL(b.delta.entries[0].uses[SCOPE_CAMPAIGN], ENTRY_REPEATED);
    CU_ASSERT_EQUAL(b.delta.entries[0].uses[SCOPE_VENDOR], ENTRY_UNUSED);
    CU_ASSERT_EQUAL(apply_entry(&b, 2, 2, 0, 0, AT + 24 * HOUR - 1).fresh, 1);
    CU_ASSERT_EQUAL(apply_entry(&b, 3, 1, 0, 0, AT + 24 * HOUR).fresh, 1);
    bench_fini(&b);
}

// The clump guard: what the judge half says inside a chunk, what the fold remembers before a
// chunk's first message.
static void test_guard(void)
{
    struct bench b;
    bench_init(&b);
    // nothing came before
    CU_ASSERT_EQUAL(apply_entry(&b, 0, 1, KIND_CAMPAIGN | KIND_TENANT, 0, AT).fresh, 1);
    CU_ASSERT_EQUAL(apply_entry(&b, 1, 2, 0, KIND_CAMPAIGN, AT).guarded, 1);
    CU_ASSERT_EQUAL(row_of(&b, NULL).fresh, 1); // by scope: the tenant had a good one between
    CU_ASSERT_EQUAL(apply_entry(&b, 2, 3, 0, 0, AT).fresh, 1);

    // Another source's first: the last message of the scope was misdirected, in another partition.
    struct frame_leaf leaf = leaf_of("c", 1, 1);
    leaf.counts.last_misdirected = true;
    leaf.counts.last_judged_offset = 4096;
    struct frame_entry entry = entry_of(4096, 9);
    entry.first_in_chunk = KIND_CAMPAIGN | KIND_TENANT;
    struct frame frame = frame_of(4096, 4097, &leaf, 1, &entry, 1);
    frame.source_partition = 8;
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL(row_of(&b, "c").guarded, 1);

    // A healthy message ends it, also across chunks.
    leaf = leaf_of("c", 2, 1);
    leaf.counts.last_judged_offset = 4097;
    frame = frame_of(4096, 8192, &leaf, 1, NULL, 0);
    frame.source_partition = 8;
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL(row_of(&b, "c").good, 1);
    leaf = leaf_of("c", 1, 1);
    leaf.counts.last_judged_offset = 8192;
    leaf.counts.last_misdirected = true;
    entry = entry_of(8192, 10);
    entry.first_in_chunk = KIND_CAMPAIGN | KIND_TENANT;
    frame = frame_of(8192, 8193, &leaf, 1, &entry, 1);
    frame.source_partition = 8;
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL(row_of(&b, "c").fresh, 1);
    bench_fini(&b);
}

// Messages of a held scope feed only that scope's shadow counts, and none of its parents or
// children.
static void test_held(void)
{
    struct bench b;
    bench_init(&b);
    int32_t held = scope_of(&b, SCOPE_CAMPAIGN, "c");
    scopes_hold(b.scopes, held, AT + HOUR);
    struct frame_leaf leaves[] = {leaf_of("c", 5, 1), leaf_of("d", 5, 1)};
    struct frame_entry entries[] = {entry_of(1, 1), entry_of(2, 2)};
    entries[1].leaf = 1;
    struct frame frame = frame_of(0, 10, leaves, 2, entries, 2);
    CU_ASSERT_TRUE(apply(&b, &frame));
    struct scope_delta row = row_of(&b, "c");
    CU_ASSERT_EQUAL(row.judged, 0);
    CU_ASSERT_EQUAL(row.fresh + row.good, 0);
    CU_ASSERT_EQUAL(row.shadow_judged, 5);
    CU_ASSERT_EQUAL(row.shadow_misdirected, 1);
    row = row_of(&b, NULL);
    CU_ASSERT_EQUAL(row.judged, 5);
    CU_ASSERT_EQUAL(row.fresh, 1);
    CU_ASSERT_EQUAL(row.shadow_judged, 0);
    CU_ASSERT_EQUAL(judged_of(&b, "c"), 5); // lifetime sums are of everything
    CU_ASSERT_EQUAL(b.delta.entries[0].uses[SCOPE_TENANT], ENTRY_UNUSED);
    CU_ASSERT_FALSE(recent_has(b.recent, held, 1, AT));

    leaves[0].counts.judged = 8; // after the hold has run out only the difference counts
    frame = frame_of(0, 13, leaves, 1, NULL, 0);
    frame.judged_at_ms = AT + HOUR;
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL(row_of(&b, "c").good, 3);
    bench_fini(&b);
}

// Rows stand from the narrowest kind to the widest, so that children are stepped and decided before
// their parents.
static void test_order_of_rows(void)
{
    struct bench b;
    bench_init(&b);
    struct frame_leaf leaves[2] = {leaf_of("c", 1, 0), leaf_of("d", 1, 0)};
    leaves[0].key.ids[SCOPE_VENDOR] = VIEW("v");
    leaves[1].key.ids[SCOPE_TEMPLATE] = VIEW("x");
    const struct frame frame = frame_of(0, 2, leaves, 2, NULL, 0);
    CU_ASSERT_TRUE(apply(&b, &frame));
    static const enum scope_kind kinds[] = {
            SCOPE_CAMPAIGN, SCOPE_CAMPAIGN, SCOPE_TEMPLATE, SCOPE_VENDOR, SCOPE_TENANT};
    CU_ASSERT_EQUAL_FATAL(b.delta.scope_count, 5);
    for (unsigned i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(b.delta.scopes[i].kind, kinds[i]);
    }
    bench_fini(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"base_and_differences", test_base_and_differences},
            {"duplicates", test_duplicates},
            {"gap", test_gap},
            {"next_chunk", test_next_chunk},
            {"ignored_chunk", test_ignored_chunk},
            {"judged_again", test_judged_again},
            {"missing_leaf", test_missing_leaf},
            {"sources", test_sources},
            {"full_tables", test_full_tables},
            {"log_time", test_log_time},
            {"repeated", test_repeated},
            {"guard", test_guard},
            {"held", test_held},
            {"order_of_rows", test_order_of_rows},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "fold", tests);
}

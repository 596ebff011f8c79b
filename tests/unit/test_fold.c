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

static void bench_init_split(struct bench *b, uint32_t split_by_channel)
{
    *b = (struct bench){0};
    CU_ASSERT_EQUAL_FATAL(scopes_create(&b->scopes, SCOPES), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(
            recent_create(&b->recent, &(const struct recent_options){.max_entries = 10000}),
            ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(fold_create(&b->fold, b->scopes, b->recent, split_by_channel), ERR_NONE);
}

static void bench_init(struct bench *b)
{
    bench_init_split(b, 0);
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

// A frame of late clearances has no part in F1–F7: it moves the log's time, and no source's position.
static void test_late_frame_moves_no_source(void)
{
    struct bench b;
    bench_init(&b);
    const struct frame_late row = {.offset = 8193};
    const struct frame late = {.source_topic = VIEW("in"),
            .source_partition = 7,
            .judged_at_ms = AT + HOUR,
            .late = &row,
            .late_count = 1};
    CU_ASSERT_FALSE(apply(&b, &late)); // of a source that is not known yet
    CU_ASSERT_TRUE(apply_counts(&b, 8192, 8202, 10));
    CU_ASSERT_FALSE(apply(&b, &late));
    CU_ASSERT_FALSE(b.delta.gap.is_there);
    CU_ASSERT_EQUAL(b.delta.log_time_ms, AT + HOUR);
    CU_ASSERT_TRUE(apply_counts(&b, 8192, 8205, 13));
    CU_ASSERT_EQUAL(fold_gaps(b.fold), 0);
    CU_ASSERT_EQUAL(judged_of(&b, "c"), 13);
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
    CU_ASSERT_EQUAL(b.delta.entries[0].remembered, RECENT_NONE); // it takes no room again
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

// What a leaf adds is told of the leaf: differences of all its counts, and how its messages count in
// each of its scopes.
static void test_leaf_deltas(void)
{
    struct bench b;
    bench_init(&b);
    struct frame_leaf leaves[2] = {leaf_of("c", 10, 3), leaf_of("d", 4, 1)};
    leaves[0].counts.unknown = 5;
    leaves[0].counts.exempt = 2;
    leaves[0].counts.reasons[REASON_NO_RECORD] = 3;
    leaves[0].counts.signals[SIGNAL_LOAN_NAMED] = 9;
    leaves[0].counts.planned_size = 5000;
    leaves[0].counts.last_occurred_at_ms = AT - 9;
    leaves[1].counts.last_occurred_at_ms = AT - 8;
    struct frame_entry entries[] = {entry_of(3, 1), entry_of(5, 1), entry_of(6, 2), entry_of(9, 1)};
    entries[0].signals = SIGNAL_BIT(SIGNAL_WALKING) | SIGNAL_BIT(SIGNAL_LOAN_NAMED);
    entries[1].signals = SIGNAL_BIT(SIGNAL_LOAN_NAMED);
    entries[2].previous_misdirected = KIND_CAMPAIGN;
    entries[3].leaf = 1; // the tenant has met this one, the campaign has not
    struct frame frame = frame_of(0, 20, leaves, 2, entries, 4);
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL_FATAL(b.delta.leaf_count, 2);
    const struct leaf_delta *leaf = &b.delta.leaves[0];
    CU_ASSERT_FALSE(leaf->held);
    CU_ASSERT_EQUAL(leaf->judged, 10);
    CU_ASSERT_EQUAL(leaf->misdirected, 3);
    CU_ASSERT_EQUAL(leaf->unknown, 5);
    CU_ASSERT_EQUAL(leaf->exempt, 2);
    CU_ASSERT_EQUAL(leaf->reasons[REASON_NO_RECORD], 3);
    CU_ASSERT_EQUAL(leaf->signals[SIGNAL_LOAN_NAMED], 9);
    CU_ASSERT_EQUAL(leaf->misdirected_signals[SIGNAL_LOAN_NAMED], 2);
    CU_ASSERT_EQUAL(leaf->misdirected_signals[SIGNAL_WALKING], 1);
    CU_ASSERT_EQUAL(leaf->planned_size, 5000);
    const struct leaf_use *use = &leaf->uses[SCOPE_CAMPAIGN];
    CU_ASSERT_EQUAL(b.delta.scopes[use->row].scope, scope_of(&b, SCOPE_CAMPAIGN, "c"));
    CU_ASSERT_EQUAL(use->good, 7);
    CU_ASSERT_EQUAL(use->fresh, 1);
    CU_ASSERT_EQUAL(use->guarded, 1);
    CU_ASSERT_EQUAL(use->repeated, 1);
    CU_ASSERT_EQUAL(leaf->uses[SCOPE_VENDOR].row, -1);
    use = &leaf->uses[SCOPE_TENANT];
    CU_ASSERT_EQUAL(use->fresh, 2); // another tenant message came between
    CU_ASSERT_EQUAL(b.delta.leaves[1].uses[SCOPE_CAMPAIGN].fresh, 1);
    CU_ASSERT_EQUAL(b.delta.leaves[1].uses[SCOPE_TENANT].repeated, 1);
    CU_ASSERT_EQUAL(b.delta.leaves[1].uses[SCOPE_TENANT].good, 3);
    const struct scope_delta *tenant = &b.delta.scopes[use->row]; // rows are sums of uses
    CU_ASSERT_EQUAL(tenant->good, 10);
    CU_ASSERT_EQUAL(tenant->fresh, 2);
    CU_ASSERT_EQUAL(tenant->repeated, 2);
    CU_ASSERT_EQUAL(tenant->unknown, 5);
    CU_ASSERT_EQUAL(tenant->last_occurred_at_ms, AT - 8);
    CU_ASSERT_TRUE(tenant->is_new);

    leaves[0].counts.judged = 12;
    leaves[0].counts.signals[SIGNAL_LOAN_NAMED] = 8; // a chunk judged again may say less
    frame = frame_of(0, 22, leaves, 1, NULL, 0);
    CU_ASSERT_TRUE(apply(&b, &frame));
    leaf = &b.delta.leaves[0];
    CU_ASSERT_EQUAL(leaf->judged, 2);
    CU_ASSERT_EQUAL(leaf->reasons[REASON_NO_RECORD], 0);
    CU_ASSERT_EQUAL(leaf->signals[SIGNAL_LOAN_NAMED], -1);
    CU_ASSERT_EQUAL(leaf->uses[SCOPE_CAMPAIGN].good, 2);
    CU_ASSERT_FALSE(row_of(&b, "c").is_new);
    bench_fini(&b);
}

// A leaf with a held scope says so, and its messages are of use to nobody.
static void test_held_leaf(void)
{
    struct bench b;
    bench_init(&b);
    scopes_hold(b.scopes, scope_of(&b, SCOPE_CAMPAIGN, "c"), AT + HOUR);
    struct frame_leaf leaves[2] = {leaf_of("c", 10, 3), leaf_of("d", 4, 1)};
    const struct frame_entry entry = entry_of(3, 1);
    struct frame frame = frame_of(0, 20, leaves, 2, &entry, 1);
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_TRUE(b.delta.leaves[0].held);
    CU_ASSERT_FALSE(b.delta.leaves[1].held);
    CU_ASSERT_EQUAL(b.delta.leaves[0].judged, 10);
    const struct leaf_use *use = &b.delta.leaves[0].uses[SCOPE_TENANT];
    CU_ASSERT_EQUAL(use->good + use->fresh + use->guarded + use->repeated, 0);
    CU_ASSERT_EQUAL(b.delta.entries[0].remembered, RECENT_NONE);
    frame = frame_of(0, 21, leaves, 1, NULL, 0);
    frame.judged_at_ms = AT + HOUR;
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_FALSE(b.delta.leaves[0].held);
    bench_fini(&b);
}

// The number of a scope that was released may be another's: an open chunk's leaf finds its scope
// anew, and nobody's counts move.
static void test_released_number(void)
{
    struct bench b;
    bench_init(&b);
    CU_ASSERT_TRUE(apply_counts(&b, 0, 10, 10));
    int32_t number = scope_of(&b, SCOPE_CAMPAIGN, "c");
    fold_drop(b.fold, number);
    recent_drop_scope(b.recent, number);
    scopes_release(b.scopes, number);
    int32_t other = scope_of(&b, SCOPE_CAMPAIGN, "other");
    CU_ASSERT_EQUAL(other, number); // the first that is free
    CU_ASSERT_TRUE(apply_counts(&b, 0, 14, 14));
    CU_ASSERT_EQUAL(fold_scope_counts(b.fold, other).judged, 0);
    CU_ASSERT_NOT_EQUAL(scope_of(&b, SCOPE_CAMPAIGN, "c"), number);
    CU_ASSERT_EQUAL(judged_of(&b, "c"), 4); // it was forgotten, but its chunk's counts were not
    CU_ASSERT_TRUE(row_of(&b, "c").is_new);
    CU_ASSERT_EQUAL(row_of(&b, NULL).judged, 4);
    CU_ASSERT_FALSE(row_of(&b, NULL).is_new);
    bench_fini(&b);
}

// A kind that is split has a scope for each channel, and one for messages that name none; other
// kinds have one for all.
static void test_split_by_channel(void)
{
    struct bench b;
    bench_init_split(&b, KIND_CAMPAIGN);
    struct frame_leaf leaves[3] = {leaf_of("c", 5, 0), leaf_of("c", 3, 1), leaf_of("c", 1, 0)};
    leaves[0].key.channel = VIEW("sms");
    leaves[1].key.channel = VIEW("voice");
    struct frame_entry entry = entry_of(6, 1);
    entry.leaf = 1;
    const struct frame frame = frame_of(0, 9, leaves, 3, &entry, 1);
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL_FATAL(b.delta.scope_count, 4);
    for (unsigned i = 0; i < 3; i++) {
        const struct scope_delta *row = &b.delta.scopes[b.delta.leaves[i].uses[SCOPE_CAMPAIGN].row];
        const struct scope_name name = scopes_name(b.scopes, row->scope);
        CU_ASSERT_TRUE(view_is(name.id, "c"));
        CU_ASSERT_TRUE(view_equal(name.channel, leaves[i].key.channel));
        CU_ASSERT_EQUAL(row->judged, leaves[i].counts.judged);
        CU_ASSERT_EQUAL(row->fresh, i == 1);
    }
    CU_ASSERT_EQUAL(row_of(&b, NULL).judged, 9);
    CU_ASSERT_TRUE(view_is_none(scopes_name(b.scopes, scope_of(&b, SCOPE_TENANT, "t")).channel));
    bench_fini(&b);
}

// The history is of the first 20,000 messages, and leaves out what came while somebody was held.
static void test_history(void)
{
    struct bench b;
    bench_init(&b);
    int32_t scope = scope_of(&b, SCOPE_CAMPAIGN, "c");
    struct frame_leaf leaf = leaf_of("c", 15000, 150);
    struct frame frame = frame_of(0, CHUNK_OFFSETS, &leaf, 1, NULL, 0);
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL(fold_scope_history(b.fold, scope).judged, 15000);
    scopes_hold(b.scopes, scope, AT + HOUR);
    frame = frame_of(CHUNK_OFFSETS, 2 * CHUNK_OFFSETS, &leaf, 1, NULL, 0);
    CU_ASSERT_TRUE(apply(&b, &frame));
    CU_ASSERT_EQUAL(fold_scope_history(b.fold, scope).judged, 15000);
    scopes_lift(b.scopes, scope);
    leaf = leaf_of("c", 6000, 50);
    for (int64_t chunk = 2; chunk < 4; chunk++) {
        frame = frame_of(chunk * CHUNK_OFFSETS, (chunk + 1) * CHUNK_OFFSETS, &leaf, 1, NULL, 0);
        CU_ASSERT_TRUE(apply(&b, &frame));
        CU_ASSERT_EQUAL(fold_scope_history(b.fold, scope).judged, 21000);
        CU_ASSERT_EQUAL(fold_scope_history(b.fold, scope).misdirected, 200);
    }
    CU_ASSERT_EQUAL(fold_scope_counts(b.fold, scope).judged, 42000);
    bench_fini(&b);
}

// F8: a topic of commands that begins anew at offset 0 is behind what was counted.
static void test_controls(void)
{
    static const struct frame_control controls[] = {{.offset = 0}, {.offset = 1}, {.offset = 500}};
    static const struct {
        int64_t first;
        int64_t to;
        uint32_t from; // of `controls`
        uint32_t count;
        uint32_t handed_on;
        bool is_applied;
    } rows[] = {
            {500, 501, 2, 1, 1, true},
            {500, 501, 2, 1, 1, false}, // once more
            {0, 2, 0, 2, 2, false},
    };
    struct bench b;
    bench_init(&b);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct frame frame = frame_of(rows[i].first, rows[i].to, NULL, 0, NULL, 0);
        frame.controls = &controls[rows[i].from];
        frame.control_count = rows[i].count;
        CU_ASSERT_EQUAL(apply(&b, &frame), rows[i].is_applied);
        CU_ASSERT_EQUAL(b.delta.control_count, rows[i].handed_on);
        CU_ASSERT_PTR_EQUAL(b.delta.controls, frame.controls);
        CU_ASSERT_EQUAL(fold_gaps(b.fold), 0);
    }
    bench_fini(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"leaf_deltas", test_leaf_deltas},
            {"held_leaf", test_held_leaf},
            {"released_number", test_released_number},
            {"split_by_channel", test_split_by_channel},
            {"history", test_history},
            {"base_and_differences", test_base_and_differences},
            {"late_frame_moves_no_source", test_late_frame_moves_no_source},
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
            {"controls", test_controls},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "fold", tests);
}

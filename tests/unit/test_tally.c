// tally: T1–T5, the bits of entries, the ceilings, and what a closing frame holds.
#include "tally/tally.h"

#include <stdio.h>
#include <string.h>

#include "state/frame_codec.h"
#include "tally_bench.h"
#include "unit.h"

#define AT TALLY_BENCH_AT

// T1: counts are absolute since the chunk's first offset; what is skipped is covered; leaves
// without news stay away.
static void test_absolute_counts(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 1, 100);
    tally_bench_open_at(&b, 8192, 8192);
    tally_bench_flush(&b, false);
    CU_ASSERT_EQUAL(b.log.count, 0); // nothing counted yet
    tally_bench_clear(&b, 8192);
    tally_bench_misdirected(&b, 8195);
    tally_bench_skip(&b, 8199);
    tally_bench_flush(&b, false);
    const struct frame *frame = tally_bench_frame_at(&b, 0);
    CU_ASSERT_EQUAL(frame->chunk, 2);
    CU_ASSERT_EQUAL(frame->first_offset, 8192);
    CU_ASSERT_EQUAL(frame->to_offset, 8200);
    CU_ASSERT_EQUAL(frame->source_partition, 3);
    CU_ASSERT_TRUE(view_is(frame->source_topic, "in"));
    CU_ASSERT_EQUAL(frame->watermark_ms, AT);
    CU_ASSERT_EQUAL_FATAL(frame->leaf_count, 1);
    CU_ASSERT_EQUAL(frame->leaves[0].counts.judged, 2);
    CU_ASSERT_EQUAL(frame->leaves[0].counts.misdirected, 1);
    CU_ASSERT_EQUAL(frame->leaves[0].counts.last_judged_offset, 8195);
    CU_ASSERT_TRUE(frame->leaves[0].counts.last_misdirected);
    CU_ASSERT_EQUAL_FATAL(frame->entry_count, 1);
    CU_ASSERT_EQUAL(frame->entries[0].offset, 8195);
    b.ev.campaign_id = VIEW("d");
    tally_bench_count(&b, 8200, VERDICT_UNKNOWN, REASON_BIT(REASON_CACHE_STALE));
    tally_bench_count(&b, 8201, VERDICT_EXEMPT, REASON_BIT(REASON_NO_RECORD));
    tally_bench_flush(&b, false);
    frame = tally_bench_frame_at(&b, 1);
    CU_ASSERT_EQUAL(frame->first_offset, 8192);
    CU_ASSERT_EQUAL(frame->entry_count, 0); // told once
    CU_ASSERT_EQUAL_FATAL(frame->leaf_count, 1);
    CU_ASSERT_TRUE(view_is(frame->leaves[0].key.ids[SCOPE_CAMPAIGN], "d"));
    CU_ASSERT_EQUAL(frame->leaves[0].counts.judged, 0);
    CU_ASSERT_EQUAL(frame->leaves[0].counts.unknown, 1);
    CU_ASSERT_EQUAL(frame->leaves[0].counts.exempt, 1);
    CU_ASSERT_EQUAL(frame->leaves[0].counts.reasons[REASON_CACHE_STALE], 1);
    CU_ASSERT_EQUAL(frame->leaves[0].counts.reasons[REASON_NO_RECORD], 1);
    tally_bench_flush(&b, false);
    CU_ASSERT_EQUAL(b.log.count, 2); // no news, no frame
    tally_bench_fini(&b);
}

// T3: closing frames go to everyone, list every leaf, and end where the next chunk begins, however
// sparse the offsets.
static void test_chunk_change(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 4, 100);
    tally_bench_open_at(&b, 0, 0);
    tally_bench_clear(&b, 10);
    tally_bench_flush(&b, false);
    CU_ASSERT_EQUAL(b.log.count, 1);
    b.ev.campaign_id = VIEW("d");
    tally_bench_misdirected(&b, 11);
    tally_bench_clear(&b, 5 * CHUNK_OFFSETS + 7);
    CU_ASSERT_EQUAL_FATAL(b.log.count, 5);
    uint32_t leaves = 0;
    uint32_t entries = 0;
    for (size_t i = 1; i < 5; i++) {
        const struct frame *frame = tally_bench_frame_at(&b, i);
        CU_ASSERT_EQUAL(b.log.frames[i].tally_partition, i - 1);
        CU_ASSERT_TRUE(frame->closing);
        CU_ASSERT_EQUAL(frame->chunk, 0);
        CU_ASSERT_EQUAL(frame->to_offset, 5 * CHUNK_OFFSETS);
        leaves += frame->leaf_count;
        entries += frame->entry_count;
    }
    CU_ASSERT_EQUAL(leaves, 2); // the one that was told before as well
    CU_ASSERT_EQUAL(entries, 1);
    tally_bench_flush(&b, false);
    const struct frame *next = tally_bench_frame_at(&b, 5);
    CU_ASSERT_EQUAL(next->first_offset, 5 * CHUNK_OFFSETS);
    CU_ASSERT_EQUAL(next->chunk, 5);
    CU_ASSERT_EQUAL(next->leaves[0].counts.judged, 1);
    tally_bench_fini(&b);
}

// T3: when all of a chunk is counted at the end of a batch, it is closed there and then. Else a
// restart from exactly that offset would never close it, and the fold would miss offsets in tally
// partitions that had no news.
static void test_batch_ends_with_the_chunk(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 2, 100);
    tally_bench_open_at(&b, 0, 0);
    tally_bench_clear(&b, CHUNK_OFFSETS - 1);
    tally_bench_flush(&b, false);
    CU_ASSERT_EQUAL_FATAL(b.log.count, 2);
    for (size_t i = 0; i < 2; i++) {
        CU_ASSERT_TRUE(tally_bench_frame_at(&b, i)->closing);
        CU_ASSERT_EQUAL(tally_bench_frame_at(&b, i)->to_offset, CHUNK_OFFSETS);
    }
    tally_bench_flush(&b, true);
    tally_bench_clear(&b, CHUNK_OFFSETS);
    CU_ASSERT_EQUAL(b.log.count, 2); // not closed twice
    tally_bench_flush(&b, false);
    CU_ASSERT_EQUAL(tally_bench_frame_at(&b, 2)->first_offset, CHUNK_OFFSETS);
    tally_bench_fini(&b);
}

// T2, T4, T5: an assignment that resumes counts in silence, and makes entries only of what it is
// the first to tell.
static void test_resume(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 1, 100);
    tally_bench_open_at(&b, 4096, 4100);
    for (int64_t offset = 4096; offset < 4099; offset++) {
        CU_ASSERT_TRUE(tally_is_resuming(b.source, offset));
        tally_bench_misdirected(&b, offset);
        tally_bench_flush(&b, true);
    }
    CU_ASSERT_EQUAL(b.log.count, 0); // T5
    tally_bench_misdirected(&b, 4099);
    CU_ASSERT_FALSE(tally_is_resuming(b.source, 4100));
    tally_bench_misdirected(&b, 4100);
    tally_bench_flush(&b, false);
    const struct frame *frame = tally_bench_frame_at(&b, 0);
    CU_ASSERT_EQUAL(frame->first_offset, 4096);
    CU_ASSERT_EQUAL(frame->leaves[0].counts.misdirected, 5); // T2
    CU_ASSERT_EQUAL_FATAL(frame->entry_count, 1);            // T4
    CU_ASSERT_EQUAL(frame->entries[0].offset, 4100);
    CU_ASSERT_EQUAL(frame->entries[0].first_in_chunk, 0);
    CU_ASSERT_EQUAL(
            frame->entries[0].previous_misdirected, 1 << SCOPE_CAMPAIGN | 1 << SCOPE_TENANT);
    tally_close(b.tally, 3);
    CU_ASSERT_PTR_NULL(tally_find(b.tally, 3));
    tally_bench_fini(&b);
}

// T5 over more than one chunk: a resumption from further back closes nothing in silence.
static void test_resume_over_chunks(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 1, 100);
    tally_bench_open_at(&b, 0, CHUNK_OFFSETS + 10);
    tally_bench_misdirected(&b, 0);
    tally_bench_clear(&b, CHUNK_OFFSETS - 1);
    tally_bench_flush(&b, true);
    tally_bench_clear(&b, CHUNK_OFFSETS);
    tally_bench_clear(&b, CHUNK_OFFSETS + 9);
    CU_ASSERT_EQUAL(b.log.count, 0);
    tally_bench_flush(&b, false);
    CU_ASSERT_EQUAL(tally_bench_frame_at(&b, 0)->first_offset, CHUNK_OFFSETS);
    CU_ASSERT_EQUAL(tally_bench_frame_at(&b, 0)->leaves[0].counts.judged, 2);
    tally_bench_fini(&b);
}

// A log that has lost the messages up to `resume_until` and more: nothing may stay silent for ever.
static void test_resume_over_a_hole(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 1, 100);
    tally_bench_open_at(&b, 4096, 4100);
    tally_bench_misdirected(&b, 4096);
    tally_bench_clear(&b, 3 * CHUNK_OFFSETS);
    CU_ASSERT_EQUAL_FATAL(b.log.count, 1);
    CU_ASSERT_TRUE(tally_bench_frame_at(&b, 0)->closing);
    CU_ASSERT_EQUAL(tally_bench_frame_at(&b, 0)->leaves[0].counts.misdirected, 1);
    CU_ASSERT_EQUAL(tally_bench_frame_at(&b, 0)->entry_count, 0);
    tally_bench_flush(&b, false);
    CU_ASSERT_EQUAL(b.log.count, 2);
    tally_bench_fini(&b);
}

// The bits of an entry, by scope: the first of its scope in the chunk, and what the one before it
// was.
static void test_entry_bits(void)
{
    enum { C = 1 << SCOPE_CAMPAIGN, V = 1 << SCOPE_VENDOR, T = 1 << SCOPE_TENANT };
    static const struct {
        const char *campaign;
        const char *vendor;
        enum verdict verdict;
        unsigned first;
        unsigned previous;
    } rows[] = {
            {"c", "v", VERDICT_MISDIRECTED, C | V | T, 0},
            {"d", "v", VERDICT_MISDIRECTED, C, V | T},
            {"c", NULL, VERDICT_MISDIRECTED, 0, C | T},
            {"d", NULL, VERDICT_CLEAR, 0, 0},
            {"c", "v", VERDICT_MISDIRECTED, 0, C | V},
            {"c", "v", VERDICT_UNKNOWN, 0, 0}, // no judged message: changes nothing
            {"c", "v", VERDICT_EXEMPT, 0, 0},
            {"c", "v", VERDICT_MISDIRECTED, 0, C | V | T},
    };
    struct tally_bench b;
    tally_bench_init(&b, 1, 100);
    tally_bench_open_at(&b, 0, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        b.ev.campaign_id = view_of(rows[i].campaign);
        b.ev.vendor_id = view_of(rows[i].vendor);
        tally_bench_count(&b, (int64_t)i, rows[i].verdict, 0);
    }
    tally_bench_flush(&b, false);
    const struct frame *frame = tally_bench_frame_at(&b, 0);
    uint32_t at = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].verdict == VERDICT_MISDIRECTED && at < frame->entry_count) {
            const struct frame_entry *entry = &frame->entries[at++];
            CU_ASSERT_EQUAL(entry->offset, (int64_t)i);
            CU_ASSERT_EQUAL(entry->first_in_chunk, rows[i].first);
            CU_ASSERT_EQUAL(entry->previous_misdirected, rows[i].previous);
        }
    }
    CU_ASSERT_EQUAL(at, 5);
    tally_bench_fini(&b);
}

// Leaves and entries go to the tally partition of their tenant, entries point at their leaf there.
static void test_partitions(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 3, 100);
    tally_bench_open_at(&b, 0, 0);
    static const char *const tenants[] = {"t1", "t2", "t3", "t4", "t5"};
    for (int64_t offset = 0; offset < 50; offset++) {
        b.ev.tenant_id = view_of(tenants[offset % 5]);
        tally_bench_misdirected(&b, offset);
    }
    b.ev.tenant_id = VIEW_NONE;
    tally_bench_misdirected(&b, 50); // tenant "default"
    tally_bench_flush(&b, true);
    CU_ASSERT_EQUAL_FATAL(b.log.count, 3); // with totals: everyone
    uint32_t leaves = 0;
    uint32_t entries = 0;
    for (size_t i = 0; i < 3; i++) {
        const struct frame *frame = tally_bench_frame_at(&b, i);
        leaves += frame->leaf_count;
        entries += frame->entry_count;
        for (uint32_t j = 0; j < frame->leaf_count; j++) {
            CU_ASSERT_EQUAL(tally_partition_of(frame->leaves[j].key.ids[SCOPE_TENANT], 3),
                    b.log.frames[i].tally_partition);
        }
        for (uint32_t j = 0; j < frame->entry_count && frame->entries[j].offset < 50; j++) {
            CU_ASSERT_TRUE_FATAL(frame->entries[j].leaf < frame->leaf_count);
            CU_ASSERT_TRUE(view_is(frame->leaves[frame->entries[j].leaf].key.ids[SCOPE_TENANT],
                    tenants[frame->entries[j].offset % 5]));
        }
        CU_ASSERT_TRUE(frame->has_totals);
        CU_ASSERT_EQUAL(frame->totals.judged, 51);
        CU_ASSERT_EQUAL(frame->totals.misdirected, 51);
        CU_ASSERT_EQUAL(frame->totals.tenants, 6);
        CU_ASSERT_EQUAL(frame->totals.tenants_misdirected, 6);
    }
    CU_ASSERT_EQUAL(leaves, 6);
    CU_ASSERT_EQUAL(entries, 51);
    tally_bench_fini(&b);
}

// Above its ceiling of leaves a chunk counts in overflow leaves, and loses nothing.
static void test_overflow(void)
{
    enum { LEAVES = 8, MESSAGES = 40 };
    struct tally_bench b;
    tally_bench_init(&b, 1, LEAVES);
    tally_bench_open_at(&b, 0, 0);
    char campaign[16];
    char tenant[16];
    for (int64_t offset = 0; offset < MESSAGES; offset++) {
        snprintf(campaign, sizeof campaign, "c%d", (int)offset);
        snprintf(tenant, sizeof tenant, "t%d", (int)offset % 10);
        b.ev.campaign_id = view_of(campaign);
        b.ev.tenant_id = view_of(tenant);
        tally_bench_misdirected(&b, offset);
    }
    CU_ASSERT_EQUAL(tally_overflowed(b.tally), MESSAGES - (LEAVES - 1));
    tally_bench_flush(&b, true);
    const struct frame *frame = tally_bench_frame_at(&b, 0);
    CU_ASSERT_EQUAL(frame->leaf_count, LEAVES);
    uint32_t judged = 0;
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        judged += frame->leaves[i].counts.judged;
    }
    CU_ASSERT_EQUAL(judged, MESSAGES);
    CU_ASSERT_EQUAL(frame->entry_count, MESSAGES);
    CU_ASSERT_TRUE(view_is(frame->leaves[LEAVES - 1].key.ids[SCOPE_TENANT], "(overflow)"));
    tally_bench_fini(&b);
}

// Names count as well: a chunk of long names stops at its ceiling of bytes.
static void test_name_bytes(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 1, CHUNK_OFFSETS + 1);
    tally_bench_open_at(&b, 0, 0);
    char name[ID_MAX_BYTES];
    size_t name_bytes = 0;
    for (int64_t offset = 0; offset < CHUNK_OFFSETS - 1; offset++) {
        memset(name, 'x', sizeof name);
        snprintf(name, sizeof name, "%d", (int)offset);
        name[strlen(name)] = 'y';
        b.ev.campaign_id = b.ev.template_id = b.ev.sender_id = b.ev.vendor_id = b.ev.channel =
                view_bytes(name, sizeof name);
        b.ev.message_id = b.ev.tracestate = view_bytes(name, sizeof name);
        tally_bench_misdirected(&b, offset);
    }
    tally_bench_flush(&b, false);
    const struct frame *frame = tally_bench_frame_at(&b, 0);
    CU_ASSERT_TRUE(tally_overflowed(b.tally) > 3000);
    for (uint32_t i = 0; i < frame->leaf_count; i++) {
        for (unsigned kind = 0; kind < SCOPE_KIND_COUNT; kind++) {
            name_bytes += frame->leaves[i].key.ids[kind].n;
        }
    }
    CU_ASSERT_TRUE(name_bytes < 260 * 1024);
    size_t text_bytes = 0;
    for (uint32_t i = 0; i < frame->entry_count; i++) {
        text_bytes += frame->entries[i].message_id.n + frame->entries[i].tracestate.n;
    }
    CU_ASSERT_EQUAL(frame->entry_count, CHUNK_OFFSETS - 1); // no entry is lost for its texts
    CU_ASSERT_TRUE(text_bytes > 200 * 1024 && text_bytes <= 256 * 1024);
    tally_bench_fini(&b);
}

// The largest frames that there can be are records that a Kafka with default settings takes
// (1,000,000 bytes): one that it refuses would be made again for ever.
static void test_largest_frame(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 1, CHUNK_OFFSETS + 1);
    tally_bench_open_at(&b, 0x7ffffffff000, 0);
    char campaign[64];
    char id[ID_MAX_BYTES];
    for (int64_t i = 0; i < CHUNK_OFFSETS - 1; i++) {
        snprintf(campaign, sizeof campaign, "campaign-%d-of-autumn-with-quite-some-name", (int)i);
        memset(id, 'x', sizeof id);
        b.ev.campaign_id = view_of(campaign);
        b.ev.message_id = view_bytes(id, 60);
        b.ev.planned_size = PLANNED_SIZE_MAX;
        b.signals = SIGNAL_BIT(SIGNAL_LOAN_NAMED) | SIGNAL_BIT(SIGNAL_CLOSED_RECENTLY);
        tally_bench_count(&b, 0x7ffffffff000 + i, VERDICT_MISDIRECTED,
                REASON_BIT(REASON_REASSIGNED_NUMBER) | REASON_BIT(REASON_OPTED_OUT));
    }
    tally_bench_flush(&b, true);
    struct arena *arena = arena_create(SIZE_MAX);
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    struct strbuf bytes;
    strbuf_init(&bytes, FRAME_MAX_BYTES);
    CU_ASSERT_EQUAL(frame_encode(&bytes, tally_bench_frame_at(&b, 0), arena), ERR_NONE);
    CU_ASSERT_TRUE(bytes.n < 1000000);
    strbuf_fini(&bytes);
    arena_destroy(arena);
    tally_bench_fini(&b);
}

// Frames take their turn: a sink that refuses leaves the error to the caller.
static enum err refuse(void *self, uint32_t tally_partition, const struct frame *frame)
{
    (void)self;
    (void)tally_partition;
    (void)frame;
    return ERR_UNAVAILABLE;
}

static void test_refused(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 1, 100);
    tally_bench_open_at(&b, 0, 0);
    b.taker = (struct frame_taker){refuse, NULL};
    tally_bench_misdirected(&b, 0);
    CU_ASSERT_EQUAL(tally_flush(b.tally, b.source, AT, CACHE_TRUSTED, false, false, &b.taker),
            ERR_UNAVAILABLE);
    CU_ASSERT_EQUAL(tally_open(b.tally, VIEW("in"), -1, 0, 0), ERR_CEILING);
    CU_ASSERT_EQUAL(tally_open(b.tally, VIEW("in"), 1 << 20, 0, 0), ERR_CEILING);
    tally_bench_fini(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
            {"absolute_counts", test_absolute_counts},
            {"chunk_change", test_chunk_change},
            {"batch_ends_with_the_chunk", test_batch_ends_with_the_chunk},
            {"resume", test_resume},
            {"resume_over_chunks", test_resume_over_chunks},
            {"resume_over_a_hole", test_resume_over_a_hole},
            {"entry_bits", test_entry_bits},
            {"partitions", test_partitions},
            {"overflow", test_overflow},
            {"name_bytes", test_name_bytes},
            {"largest_frame", test_largest_frame},
            {"refused", test_refused},
            {NULL, NULL},
    };
    return unit_main(argc, argv, "tally", tests);
}

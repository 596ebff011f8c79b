// tally: the totals across tenants, by which a broken cache or feed is told from what is sent wrongly.
#include "tally/tally.h"
#include "tally_bench.h"
#include "unit.h"

#define AT TALLY_BENCH_AT

// A drill beside them, however wrong, is in no sum across tenants; its own leaf counts it.
static void test_drill(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 3, 100);
    tally_bench_open_at(&b, 0, 0);
    b.ev.tenant_id = VIEW("a");
    b.ev.vendor_id = VIEW("v");
    tally_bench_clear(&b, 0);
    b.ev.tenant_id = VIEW("wn-drill");
    for (int64_t offset = 1; offset <= LATELY_WINDOW; offset++) {
        tally_bench_misdirected(&b, offset);
    }
    tally_bench_flush(&b, true);
    const struct frame *frame = tally_bench_frame_at(&b, 0);
    CU_ASSERT_TRUE(frame->has_totals);
    CU_ASSERT_EQUAL(frame->totals.tenants, 1);
    CU_ASSERT_EQUAL(frame->totals.tenants_heard + frame->totals.tenants_jumped, 0);
    CU_ASSERT_EQUAL(frame->totals.vendors_heard + frame->totals.vendors_jumped, 0);
    CU_ASSERT_EQUAL(frame->totals.judged, 1);
    CU_ASSERT_EQUAL(frame->totals.misdirected, 0);
    CU_ASSERT_EQUAL(frame->totals.tenants_misdirected, 0);
    CU_ASSERT_EQUAL(frame->totals.lately_misdirected, 0);
    uint32_t misdirected = 0;
    for (size_t i = 0; i < b.log.count; i++) {
        frame = tally_bench_frame_at(&b, i);
        for (uint32_t leaf = 0; leaf < frame->leaf_count; leaf++) {
            misdirected += frame->leaves[leaf].counts.misdirected;
        }
    }
    CU_ASSERT_EQUAL(misdirected, LATELY_WINDOW);
    tally_bench_fini(&b);
}

// Who is heard and who has jumped, by tenant and by vendor, and that it is told at once, to everyone.
static void test_jumps(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 3, 100);
    tally_bench_open_at(&b, 0, 0);
    static const char *const tenants[] = {"a", "b", "c", "d"};
    int64_t offset = 0;
    for (; offset < 4 * JUMP_HEARD; offset++) { // all heard, all well
        b.ev.tenant_id = view_of(tenants[offset % 4]);
        b.ev.vendor_id = offset % 2 == 0 ? VIEW("v") : VIEW("w");
        tally_bench_clear(&b, offset);
    }
    tally_bench_flush(&b, true);
    const struct frame_totals *totals = &tally_bench_frame_at(&b, 0)->totals;
    CU_ASSERT_EQUAL(totals->tenants_heard, 4);
    CU_ASSERT_EQUAL(totals->vendors_heard, 2);
    CU_ASSERT_EQUAL(totals->tenants_jumped + totals->vendors_jumped, 0);
    CU_ASSERT_EQUAL(totals->lately_misdirected, 0);
    for (unsigned i = 0; i < 3 * JUMP_MISDIRECTED; i++, offset++) { // a, b and c; c jumps last
        b.ev.tenant_id = view_of(tenants[i % 3]);
        b.ev.vendor_id = i % 2 == 0 ? VIEW("v") : VIEW("w");
        tally_bench_misdirected(&b, offset);
        size_t before = b.log.count;
        tally_bench_flush(&b, false);
        bool is_last = i + 1 == 3 * JUMP_MISDIRECTED;
        CU_ASSERT_EQUAL(b.log.count - before, is_last ? 3 : 1);
        CU_ASSERT_EQUAL(tally_bench_frame_at(&b, before)->has_totals, is_last);
    }
    totals = &tally_bench_frame_at(&b, b.log.count - 1)->totals;
    CU_ASSERT_EQUAL(totals->tenants_jumped, 3);
    CU_ASSERT_EQUAL(totals->vendors_jumped, 2);
    CU_ASSERT_EQUAL(totals->lately_misdirected, 3 * JUMP_MISDIRECTED);
    CU_ASSERT_TRUE(totals_have_jumped(totals));
    tally_bench_misdirected(&b, offset++);
    tally_bench_flush(&b, false);
    CU_ASSERT_FALSE(tally_bench_frame_at(&b, b.log.count - 1)->has_totals); // told already
    for (unsigned i = 0; i < 4 * JUMP_WINDOW; i++, offset++) {              // and well again
        b.ev.tenant_id = view_of(tenants[i % 4]);
        b.ev.vendor_id = VIEW_NONE;
        tally_bench_clear(&b, offset);
    }
    tally_bench_flush(&b, true);
    totals = &tally_bench_frame_at(&b, b.log.count - 1)->totals;
    CU_ASSERT_EQUAL(totals->tenants_jumped, 0);
    CU_ASSERT_EQUAL(totals->tenants_heard, 4);
    CU_ASSERT_EQUAL(totals->vendors_jumped, 2); // of them nothing more was heard
    CU_ASSERT_EQUAL(totals->lately_misdirected, 0);
    CU_ASSERT_FALSE(totals_have_jumped(totals));
    tally_bench_skip(&b, CHUNK_OFFSETS); // a new chunk knows nothing
    tally_bench_clear(&b, CHUNK_OFFSETS + 1);
    tally_bench_flush(&b, true);
    totals = &tally_bench_frame_at(&b, b.log.count - 1)->totals;
    CU_ASSERT_EQUAL(totals->vendors_jumped + totals->tenants_heard + totals->vendors_heard, 0);
    tally_bench_fini(&b);
}

// A change of the cache's state is told at once, to everyone.
static void test_cache_change(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 3, 100);
    tally_bench_open_at(&b, 0, 0);
    static const struct {
        enum cache_state cache;
        size_t frames;
    } rows[] = {{CACHE_TRUSTED, 1}, {CACHE_UNTRUSTED, 3}, {CACHE_UNTRUSTED, 1}, {CACHE_STALE, 3},
            {CACHE_TRUSTED, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tally_bench_clear(&b, (int64_t)i);
        size_t before = b.log.count;
        CU_ASSERT_EQUAL(tally_flush(b.tally, b.source, AT, rows[i].cache, false, false, &b.taker),
                ERR_NONE);
        CU_ASSERT_EQUAL(b.log.count - before, rows[i].frames);
        CU_ASSERT_EQUAL(tally_bench_frame_at(&b, before)->cache, rows[i].cache);
    }
    tally_bench_fini(&b);
}

// T5: a source that waits for the cache tells its state with the totals, without any offset.
static void test_waits_for_cache(void)
{
    struct tally_bench b;
    tally_bench_init(&b, 3, 100);
    tally_bench_open_at(&b, CHUNK_OFFSETS, CHUNK_OFFSETS + 10);
    tally_bench_clear(&b, CHUNK_OFFSETS);
    CU_ASSERT_EQUAL(
            tally_flush(b.tally, b.source, AT, CACHE_STALE, false, false, &b.taker), ERR_NONE);
    CU_ASSERT_EQUAL(
            tally_flush(b.tally, b.source, AT, CACHE_TRUSTED, false, true, &b.taker), ERR_NONE);
    CU_ASSERT_EQUAL(b.log.count, 0);
    CU_ASSERT_EQUAL(
            tally_flush(b.tally, b.source, AT, CACHE_STALE, false, true, &b.taker), ERR_NONE);
    CU_ASSERT_EQUAL_FATAL(b.log.count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const struct frame *frame = tally_bench_frame_at(&b, i);
        CU_ASSERT_EQUAL(b.log.frames[i].tally_partition, i);
        CU_ASSERT_TRUE(frame_tells_cache(frame));
        CU_ASSERT_EQUAL(frame->cache, CACHE_STALE);
        CU_ASSERT_EQUAL(frame->chunk, 1);
        CU_ASSERT_EQUAL(frame->first_offset, CHUNK_OFFSETS);
        CU_ASSERT_EQUAL(frame->to_offset, CHUNK_OFFSETS);
        CU_ASSERT_EQUAL(frame->leaf_count + frame->entry_count, 0);
        CU_ASSERT_FALSE(frame->has_totals);
    }
    tally_bench_clear(&b, CHUNK_OFFSETS + 9);
    tally_bench_flush(&b, true);
    CU_ASSERT_EQUAL_FATAL(b.log.count, 6);
    CU_ASSERT_FALSE(frame_tells_cache(tally_bench_frame_at(&b, 3)));
    uint32_t judged = 0;
    for (size_t i = 3; i < 6; i++) {
        const struct frame *frame = tally_bench_frame_at(&b, i);
        judged += frame->leaf_count == 1 ? frame->leaves[0].counts.judged : 0;
    }
    CU_ASSERT_EQUAL(judged, 2);
    tally_bench_fini(&b);
}

static const struct unit_test tests[] = {
        {"jumps", test_jumps},
        {"drill", test_drill},
        {"cache_change", test_cache_change},
        {"waits_for_cache", test_waits_for_cache},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "tally_totals", tests);
}

// tally: the totals across tenants, by which a broken cache or feed is told from what is sent wrongly.
#include "frame_log.h"
#include "tally/tally.h"
#include "unit.h"

#define AT INT64_C(1763769600000)

struct bench {
    struct tally *tally;
    struct tally_source *source;
    struct frame_log log;
    struct frame_taker taker;
    struct event ev; // of the next message
};

static void bench_init(struct bench *b, uint32_t tally_partitions, uint32_t max_leaves)
{
    const struct tally_options options = {.tally_partitions = tally_partitions,
            .max_leaves = max_leaves,
            .max_leaf_bytes = 256 * 1024};
    frame_log_init(&b->log);
    b->taker = frame_log_taker(&b->log);
    b->ev = (struct event){.message_id = VIEW("m"),
            .occurred_at = {AT},
            .tenant_id = VIEW("t"),
            .campaign_id = VIEW("c")};
    CU_ASSERT_EQUAL_FATAL(tally_create(&b->tally, &options), ERR_NONE);
}

static void bench_fini(struct bench *b)
{
    tally_destroy(b->tally);
    frame_log_fini(&b->log);
}

static void open_at(struct bench *b, int64_t start, int64_t resume_until)
{
    CU_ASSERT_EQUAL_FATAL(tally_open(b->tally, VIEW("in"), 3, start, resume_until), ERR_NONE);
    b->source = tally_find(b->tally, 3);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b->source);
}

static void count(struct bench *b, int64_t offset, enum verdict verdict, reason_set reasons)
{
    const uint8_t tag[RECIPIENT_TAG_BYTES] = {(uint8_t)offset};
    const struct tally_message message = {.ev = &b->ev,
            .offset = offset,
            .verdict = verdict,
            .reasons = reasons,
            .recipient_tag = tag};
    CU_ASSERT_EQUAL_FATAL(
            tally_count(b->tally, b->source, &message, AT, CACHE_TRUSTED, &b->taker), ERR_NONE);
}

static void clear(struct bench *b, int64_t offset)
{
    count(b, offset, VERDICT_CLEAR, 0);
}

static void misdirected(struct bench *b, int64_t offset)
{
    count(b, offset, VERDICT_MISDIRECTED, REASON_BIT(REASON_NO_RECORD));
}

static void skip(struct bench *b, int64_t offset)
{
    CU_ASSERT_EQUAL_FATAL(
            tally_skip(b->tally, b->source, offset, AT, CACHE_TRUSTED, &b->taker), ERR_NONE);
}

static void flush(struct bench *b, bool totals)
{
    CU_ASSERT_EQUAL_FATAL(
            tally_flush(b->tally, b->source, AT, CACHE_TRUSTED, false, totals, &b->taker),
            ERR_NONE);
}

static const struct frame *frame_at(const struct bench *b, size_t i)
{
    CU_ASSERT_TRUE_FATAL(i < b->log.count);
    return &b->log.frames[i].frame;
}

// Who is heard and who has jumped, by tenant and by vendor, and that it is told at once, to everyone.
static void test_jumps(void)
{
    struct bench b;
    bench_init(&b, 3, 100);
    open_at(&b, 0, 0);
    static const char *const tenants[] = {"a", "b", "c", "d"};
    int64_t offset = 0;
    for (; offset < 4 * JUMP_HEARD; offset++) { // all heard, all well
        b.ev.tenant_id = view_of(tenants[offset % 4]);
        b.ev.vendor_id = offset % 2 == 0 ? VIEW("v") : VIEW("w");
        clear(&b, offset);
    }
    flush(&b, true);
    const struct frame_totals *totals = &frame_at(&b, 0)->totals;
    CU_ASSERT_EQUAL(totals->tenants_heard, 4);
    CU_ASSERT_EQUAL(totals->vendors_heard, 2);
    CU_ASSERT_EQUAL(totals->tenants_jumped + totals->vendors_jumped, 0);
    CU_ASSERT_EQUAL(totals->lately_misdirected, 0);
    for (unsigned i = 0; i < 3 * JUMP_MISDIRECTED; i++, offset++) { // a, b and c; c jumps last
        b.ev.tenant_id = view_of(tenants[i % 3]);
        b.ev.vendor_id = i % 2 == 0 ? VIEW("v") : VIEW("w");
        misdirected(&b, offset);
        size_t before = b.log.count;
        flush(&b, false);
        bool is_last = i + 1 == 3 * JUMP_MISDIRECTED;
        CU_ASSERT_EQUAL(b.log.count - before, is_last ? 3 : 1);
        CU_ASSERT_EQUAL(frame_at(&b, before)->has_totals, is_last);
    }
    totals = &frame_at(&b, b.log.count - 1)->totals;
    CU_ASSERT_EQUAL(totals->tenants_jumped, 3);
    CU_ASSERT_EQUAL(totals->vendors_jumped, 2);
    CU_ASSERT_EQUAL(totals->lately_misdirected, 3 * JUMP_MISDIRECTED);
    CU_ASSERT_TRUE(totals_have_jumped(totals));
    misdirected(&b, offset++);
    flush(&b, false);
    CU_ASSERT_FALSE(frame_at(&b, b.log.count - 1)->has_totals); // told already
    for (unsigned i = 0; i < 4 * JUMP_WINDOW; i++, offset++) {  // and well again
        b.ev.tenant_id = view_of(tenants[i % 4]);
        b.ev.vendor_id = VIEW_NONE;
        clear(&b, offset);
    }
    flush(&b, true);
    totals = &frame_at(&b, b.log.count - 1)->totals;
    CU_ASSERT_EQUAL(totals->tenants_jumped, 0);
    CU_ASSERT_EQUAL(totals->tenants_heard, 4);
    CU_ASSERT_EQUAL(totals->vendors_jumped, 2); // of them nothing more was heard
    CU_ASSERT_EQUAL(totals->lately_misdirected, 0);
    CU_ASSERT_FALSE(totals_have_jumped(totals));
    skip(&b, CHUNK_OFFSETS); // a new chunk knows nothing
    clear(&b, CHUNK_OFFSETS + 1);
    flush(&b, true);
    totals = &frame_at(&b, b.log.count - 1)->totals;
    CU_ASSERT_EQUAL(totals->vendors_jumped + totals->tenants_heard + totals->vendors_heard, 0);
    bench_fini(&b);
}

// A change of the cache's state is told at once, to everyone.
static void test_cache_change(void)
{
    struct bench b;
    bench_init(&b, 3, 100);
    open_at(&b, 0, 0);
    static const struct {
        enum cache_state cache;
        size_t frames;
    } rows[] = {{CACHE_TRUSTED, 1}, {CACHE_UNTRUSTED, 3}, {CACHE_UNTRUSTED, 1}, {CACHE_STALE, 3},
            {CACHE_TRUSTED, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        clear(&b, (int64_t)i);
        size_t before = b.log.count;
        CU_ASSERT_EQUAL(tally_flush(b.tally, b.source, AT, rows[i].cache, false, false, &b.taker),
                ERR_NONE);
        CU_ASSERT_EQUAL(b.log.count - before, rows[i].frames);
        CU_ASSERT_EQUAL(frame_at(&b, before)->cache, rows[i].cache);
    }
    bench_fini(&b);
}

static const struct unit_test tests[] = {
        {"jumps", test_jumps},
        {"cache_change", test_cache_change},
        {NULL, NULL},
};

int main(int argc, char **argv)
{
    return unit_main(argc, argv, "tally_totals", tests);
}

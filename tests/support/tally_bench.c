#include "tally_bench.h"

#include "unit.h"

void tally_bench_init(struct tally_bench *b, uint32_t tally_partitions, uint32_t max_leaves)
{
    const struct tally_options options = {.tally_partitions = tally_partitions,
            .max_leaves = max_leaves,
            .max_leaf_bytes = 256 * 1024};
    b->signals = 0;
    frame_log_init(&b->log);
    b->taker = frame_log_taker(&b->log);
    b->ev = (struct event){.message_id = VIEW("m"),
            .occurred_at = {TALLY_BENCH_AT},
            .tenant_id = VIEW("t"),
            .campaign_id = VIEW("c")};
    CU_ASSERT_EQUAL_FATAL(tally_create(&b->tally, &options), ERR_NONE);
}

void tally_bench_fini(struct tally_bench *b)
{
    tally_destroy(b->tally);
    frame_log_fini(&b->log);
}

void tally_bench_open_at(struct tally_bench *b, int64_t start, int64_t resume_until)
{
    CU_ASSERT_EQUAL_FATAL(tally_open(b->tally, VIEW("in"), 3, start, resume_until), ERR_NONE);
    b->source = tally_find(b->tally, 3);
    CU_ASSERT_PTR_NOT_NULL_FATAL(b->source);
}

void tally_bench_count(
        struct tally_bench *b, int64_t offset, enum verdict verdict, reason_set reasons)
{
    const uint8_t tag[RECIPIENT_TAG_BYTES] = {(uint8_t)offset};
    const struct tally_message message = {.ev = &b->ev,
            .offset = offset,
            .verdict = verdict,
            .reasons = reasons,
            .recipient_tag = tag,
            .signals = b->signals};
    CU_ASSERT_EQUAL_FATAL(
            tally_count(b->tally, b->source, &message, TALLY_BENCH_AT, CACHE_TRUSTED, &b->taker),
            ERR_NONE);
}

void tally_bench_clear(struct tally_bench *b, int64_t offset)
{
    tally_bench_count(b, offset, VERDICT_CLEAR, 0);
}

void tally_bench_misdirected(struct tally_bench *b, int64_t offset)
{
    tally_bench_count(b, offset, VERDICT_MISDIRECTED, REASON_BIT(REASON_NO_RECORD));
}

void tally_bench_skip(struct tally_bench *b, int64_t offset)
{
    CU_ASSERT_EQUAL_FATAL(
            tally_skip(b->tally, b->source, offset, TALLY_BENCH_AT, CACHE_TRUSTED, &b->taker),
            ERR_NONE);
}

void tally_bench_flush(struct tally_bench *b, bool totals)
{
    CU_ASSERT_EQUAL_FATAL(tally_flush(b->tally, b->source, TALLY_BENCH_AT, CACHE_TRUSTED, false,
                                  totals, &b->taker),
            ERR_NONE);
}

const struct frame *tally_bench_frame_at(const struct tally_bench *b, size_t i)
{
    CU_ASSERT_TRUE_FATAL(i < b->log.count);
    return &b->log.frames[i].frame;
}

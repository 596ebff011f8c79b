// A tally whose frames are kept, for tests of it.
#pragma once

#include "frame_log.h"
#include "tally/tally.h"

#define TALLY_BENCH_AT INT64_C(1763769600000)

struct tally_bench {
    struct tally *tally;
    struct tally_source *source;
    struct frame_log log;
    struct frame_taker taker;
    struct event ev; // of the next message
    signal_set signals;
};

// Its messages are tenant "t" and campaign "c", at TALLY_BENCH_AT, until `ev` says otherwise.
void tally_bench_init(struct tally_bench *b, uint32_t tally_partitions, uint32_t max_leaves);
void tally_bench_fini(struct tally_bench *b);
// Source partition 3 of topic "in".
void tally_bench_open_at(struct tally_bench *b, int64_t start, int64_t resume_until);

// Counts `ev` at an offset; its recipient is told by the offset.
void tally_bench_count(
        struct tally_bench *b, int64_t offset, enum verdict verdict, reason_set reasons);
void tally_bench_clear(struct tally_bench *b, int64_t offset);
void tally_bench_misdirected(struct tally_bench *b, int64_t offset); // no_record
void tally_bench_skip(struct tally_bench *b, int64_t offset);
void tally_bench_flush(struct tally_bench *b, bool totals);

// The frame that was sent as number i, which must be there.
const struct frame *tally_bench_frame_at(const struct tally_bench *b, size_t i);

// A distribution of durations in a fixed 58 KiB, however many there are: buckets whose width is 1/128 of
// where they lie (as HdrHistogram's), so that a percentile is told at most 0.8 % too long; the longest is
// exact.
#pragma once

#include <stdint.h>

enum { LATENCY_SUB_BITS = 7, LATENCY_BUCKETS = (64 - LATENCY_SUB_BITS) << LATENCY_SUB_BITS };

struct latency {
    uint64_t count;
    int64_t max_ns;
    uint64_t buckets[LATENCY_BUCKETS];
};

// Durations below 0 count as 0. All zero is a good beginning.
void latency_add(struct latency *latency, int64_t ns);
// The least duration that `permille` thousandths are not above (1 … 1000), rounded up to its bucket's
// end, and not above the longest. 0 where there is none.
int64_t latency_at(const struct latency *latency, unsigned permille);
// Visits the buckets that are not empty: *at begins at 0. False at the end; else the bucket's greatest
// duration, and how many there are up to it.
struct latency_step {
    int64_t upto_ns;
    uint64_t count;
};
int latency_next(const struct latency *latency, unsigned *at, struct latency_step *step);

#include "bench/latency.h"

// Below 2 × 128 each duration has a bucket of its own; from there on, each doubling has 128.
static unsigned bucket_of(int64_t ns)
{
    uint64_t value = (uint64_t)ns;
    unsigned bits = value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
    unsigned shift = bits > LATENCY_SUB_BITS + 1 ? bits - (LATENCY_SUB_BITS + 1) : 0;
    return (shift << LATENCY_SUB_BITS) + (unsigned)(value >> shift);
}

static int64_t bucket_end(unsigned bucket)
{
    unsigned low = bucket >> LATENCY_SUB_BITS;
    unsigned shift = low > 1 ? low - 1 : 0;
    uint64_t value = bucket - (shift << LATENCY_SUB_BITS);
    return (int64_t)(((value + 1) << shift) - 1);
}

void latency_add(struct latency *latency, int64_t ns)
{
    ns = ns > 0 ? ns : 0;
    latency->count++;
    latency->max_ns = ns > latency->max_ns ? ns : latency->max_ns;
    latency->buckets[bucket_of(ns)]++;
}

int latency_next(const struct latency *latency, unsigned *at, struct latency_step *step)
{
    while (*at < LATENCY_BUCKETS && latency->buckets[*at] == 0) {
        (*at)++;
    }
    if (*at == LATENCY_BUCKETS) {
        return 0;
    }
    int64_t end = bucket_end(*at);
    step->upto_ns = end < latency->max_ns ? end : latency->max_ns;
    step->count += latency->buckets[(*at)++];
    return 1;
}

int64_t latency_at(const struct latency *latency, unsigned permille)
{
    // Whole numbers: the rank is the least that is not below the share.
    uint64_t rank =
            latency->count / 1000 * permille + (latency->count % 1000 * permille + 999) / 1000;
    struct latency_step step = {0};
    for (unsigned at = 0; latency_next(latency, &at, &step);) {
        if (step.count >= rank) {
            return step.upto_ns;
        }
    }
    return 0;
}

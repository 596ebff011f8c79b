// How well a share that was counted fits a shape that was expected, in milli-nats. Integers only.
#pragma once

#include <stdint.h>

// What is expected of a share: a Beta distribution, so that "most" stands for any share around
// three quarters and a handful of ordinary messages among the misdirected is no surprise.
enum shape {
    SHAPE_USUAL,  // as in incidents at large; resolved by the caller
    SHAPE_ANY,    // Beta(1, 1): nothing is expected
    SHAPE_HARDLY, // Beta(1, 30): 3 % on average, what no ordinary message shows
    SHAPE_NONE,   // Beta(1, 14): 7 % on average, noise only
    SHAPE_FEW,    // Beta(2, 12): 14 %
    SHAPE_SOME,   // Beta(2, 5): 29 %
    SHAPE_HALF,   // Beta(3, 3): 50 %
    SHAPE_MOST,   // Beta(5, 2): 71 %
    SHAPE_ALL,    // Beta(14, 1): 93 %
    SHAPE_EITHER, // as often all as none: the likelier of the two, less ln 2
    SHAPE_COUNT,
};

enum { LIKENESS_TRIALS_MAX = 64 };

// ln of how much likelier `count` of `of` is under the shape than when nothing is known of the
// share: positive speaks for the shape, negative against it, 0 for SHAPE_ANY and for `of` = 0.
// Beta-binomial: (of + 1) C(of, count) B(count + a, of - count + b) / B(a, b). Exact to a few
// milli-nats. count <= of <= LIKENESS_TRIALS_MAX.
int32_t likeness_mnat(enum shape shape, uint32_t count, uint32_t of);

// 1e9 e^(-mnat / 1000), rounded down, within 1e-8 of it; 0 above 20 nats. mnat >= 0.
uint64_t likeness_exp_billionths(int64_t mnat);

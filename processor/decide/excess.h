// How surely a share that was counted is above one that is usual, in micro-nats. Integers only.
#pragma once

#include <stdint.h>

// of * KL(count/of || rate): ln of how much likelier `count` of `of` is at its own rate than at
// `rate_millionths`. 0 when it is not above it. Exact to a tenth of a micro-nat a message.
// 0 <= count <= of < 2^31; 0 < rate_millionths < 1000000.
int64_t excess_nat6(int64_t count, int64_t of, int64_t rate_millionths);

// ln n, n > 0.
int64_t excess_ln_nat6(uint32_t n);

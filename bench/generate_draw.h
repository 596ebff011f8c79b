// The distributions that made-up traffic follows, in integers, so that every machine draws the same.
#pragma once

#include "bench/random.h"

// 2^(exponent / 65536), times 65536. The exponent lies between -16 and 30 times 65536.
uint64_t draw_power_of_two(int64_t exponent);
// Close to the normal distribution: mean 0, deviation 65536, never beyond six of them.
int64_t draw_normal(struct random *rng);
// Lognormal with this median; sigma in thousandths. The median is below 2^32.
uint64_t draw_lognormal(struct random *rng, uint64_t median, uint32_t sigma_thousandths);
// Between `from` and from * 2^(doublings / 65536), each doubling as likely as the others.
uint64_t draw_loguniform(struct random *rng, uint64_t from, uint32_t doublings);

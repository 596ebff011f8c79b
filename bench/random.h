// Chance that is the same on every machine: integers only, no state but what the caller holds.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// xoshiro256** (Blackman and Vigna), seeded through splitmix64.
struct random {
    uint64_t s[4];
};

void random_init(struct random *rng, uint64_t seed);
uint64_t random_next(struct random *rng);
// 0 … n − 1; n is above 0. The bias is below n / 2^64.
uint64_t random_below(struct random *rng, uint64_t n);
// True in `millionths` of 1,000,000 draws.
bool random_chance(struct random *rng, uint32_t millionths);

// The same two numbers give the same 64 bits for ever: chance without a state.
uint64_t random_mix(uint64_t seed, uint64_t x);

// A permutation of 0 … n − 1 that needs no table: four Feistel rounds over the next even power of
// two, walked until the result is below n (which costs at most four tries on average). n is at
// least 2 and at most 2^62.
struct permutation {
    uint64_t seed;
    uint64_t n;
    unsigned half_bits;
};

struct permutation permutation_make(uint64_t seed, uint64_t n);
// `x` is below n, as are the results; the second undoes the first.
uint64_t permutation_map(const struct permutation *perm, uint64_t x);
uint64_t permutation_unmap(const struct permutation *perm, uint64_t y);

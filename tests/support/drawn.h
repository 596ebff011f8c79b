// Random numbers for tests: from one seed the same sequence everywhere.
#pragma once

#include <stdint.h>

// Uniform in 0 .. 2^31 - 1. `state` begins as the seed.
static inline uint32_t drawn_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

// Uniform between 0 and 1, never one of them.
static inline double drawn_uniform(uint64_t *state)
{
    return ((double)drawn_next(state) + 0.5) / 2147483648.0;
}

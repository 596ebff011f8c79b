// Forgetting by half-lives, integer only: what is left of a number after some sixtieths of one.
#pragma once

#include <stdint.h>

enum { DECAY_STEPS = 60 }; // a half-life

// |value| * 2^(-steps / 60), rounded toward 0, with value's sign; |value| < 2^62. Exact to one part
// in 2^31 and the rounding.
int64_t decay_by(int64_t value, uint64_t steps);

// The logarithm to base 2, integer only.
#pragma once

#include <stdint.h>

enum { LOG2_BITS = 11, LOG2_ONE = 1 << LOG2_BITS };

// floor(2048 log2 n), 0 for n = 0. Never above; below by one at most.
uint32_t log2_q11(uint32_t n);

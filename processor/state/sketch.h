// About how many different recipients: a HyperLogLog of 256 registers over their tags (Flajolet,
// Fusy, Gandouet, Meunier 2007). Standard error 1.04 / sqrt(256) = 6.5 %, less below some 200 of
// them. Tags are HMAC output, uniform as they are: they are not hashed again.
//
// Integers only: the same tags give the same number everywhere, in any order.
#pragma once

#include <stdint.h>

#include "common/archive.h"

enum { SKETCH_REGISTER_BITS = 8, SKETCH_REGISTERS = 1 << SKETCH_REGISTER_BITS };

// All zero is the sketch of nobody.
struct sketch {
    // By the tag's low 8 bits: the most leading zeros of the other 56, + 1. 0 = no such tag.
    uint8_t ranks[SKETCH_REGISTERS];
};

void sketch_add(struct sketch *sketch, uint64_t tag);
uint64_t sketch_estimate(const struct sketch *sketch);
// Saves or restores one.
void sketch_archive(struct archive *archive, struct sketch *sketch);

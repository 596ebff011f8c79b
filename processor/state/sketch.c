#include "state/sketch.h"

#include <stdbool.h>

enum { TAG_BITS = 64 };

// alpha m m 2^48, rounded, where m = 256 registers and alpha = 0.7213 / (1 + 1.079 / m).
#define ALPHA_M_M_Q48 UINT64_C(13249790702834051372)

void sketch_add(struct sketch *sketch, uint64_t tag)
{
    uint8_t *rank = &sketch->ranks[tag & (SKETCH_REGISTERS - 1)];
    uint64_t rest = tag >> SKETCH_REGISTER_BITS << SKETCH_REGISTER_BITS;
    int zeros = rest == 0 ? TAG_BITS - SKETCH_REGISTER_BITS : __builtin_clzll(rest);
    if (*rank <= zeros) {
        *rank = (uint8_t)(zeros + 1);
    }
}

// How many it takes on average until only `unused` of the registers are: m / m + m / (m - 1) + … +
// m / (unused + 1), the coupon collector's sum. It differs from linear counting's m ln(m / unused)
// by less than the error that both have, and needs no logarithm.
static uint64_t count_by_unused(unsigned unused)
{
    uint64_t sum_q16 = 0;
    for (unsigned left = SKETCH_REGISTERS; left > unused; left--) {
        sum_q16 += ((uint64_t)SKETCH_REGISTERS << 16) / left;
    }
    return (sum_q16 + (1 << 15)) >> 16;
}

uint64_t sketch_estimate(const struct sketch *sketch)
{
    unsigned unused = 0;
    uint64_t sum_q32 = 0; // of 2^-rank
    for (unsigned i = 0; i < SKETCH_REGISTERS; i++) {
        unsigned rank = sketch->ranks[i];
        unused += rank == 0;
        // What is beyond the 32nd bit does not matter below some 10^11 recipients.
        sum_q32 += rank <= 32 ? UINT64_C(1) << (32 - rank) : 1;
    }
    uint64_t estimate = (ALPHA_M_M_Q48 / sum_q32 + (1 << 15)) >> 16;
    bool is_small = estimate * 2 <= 5 * SKETCH_REGISTERS;
    return is_small && unused > 0 ? count_by_unused(unused) : estimate;
}

void sketch_archive(struct archive *archive, struct sketch *sketch)
{
    archive_bytes(archive, sketch->ranks, sizeof sketch->ranks);
}

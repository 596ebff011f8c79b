#include "detect/decay.h"

#include "detect/decay.inc"

int64_t decay_by(int64_t value, uint64_t steps)
{
    uint64_t halvings = steps / DECAY_STEPS;
    uint64_t size = value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
    if (halvings >= 63) {
        return 0;
    }
    size >>= halvings;
    uint64_t left = left_q31[steps % DECAY_STEPS];
    uint64_t kept = (size >> 31) * left + (((size & 0x7fffffff) * left) >> 31);
    return value < 0 ? -(int64_t)kept : (int64_t)kept;
}

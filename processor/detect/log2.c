#include "detect/log2.h"

uint32_t log2_q11(uint32_t n)
{
    if (n == 0) {
        return 0;
    }
    uint32_t whole = 31 - (uint32_t)__builtin_clz(n);
    uint64_t m = (uint64_t)n << (31 - whole); // 1 <= m / 2^31 < 2
    uint32_t bits = whole;
    for (unsigned i = 0; i < LOG2_BITS; i++) { // squaring doubles the logarithm
        m = (m * m) >> 31;
        bits <<= 1;
        if (m >= (uint64_t)1 << 32) {
            m >>= 1;
            bits |= 1;
        }
    }
    return bits;
}

#include "decide/excess.h"

#include "common/assure.h"

enum { MILLION = 1000000, LN_BITS = 26, LN_2_NAT9 = 693147181 };

// Squaring a number of 1 to 2 doubles its logarithm, of which the next bit is the whole part.
static int64_t log2_q26(uint64_t n)
{
    unsigned whole = 63u - (unsigned)__builtin_clzll(n);
    uint64_t m = whole > 31 ? n >> (whole - 31) : n << (31 - whole); // m / 2^31
    uint64_t bits = whole;
    for (unsigned i = 0; i < LN_BITS; i++) {
        m = (m * m) >> 31;
        bits <<= 1;
        if (m >= (uint64_t)1 << 32) {
            m >>= 1;
            bits |= 1;
        }
    }
    return (int64_t)bits;
}

// count * ln(count / expected), the latter in millionths.
static int64_t part_nat6(int64_t count, int64_t expected_millionths)
{
    if (count == 0) {
        return 0;
    }
    int64_t ratio = log2_q26((uint64_t)(count * MILLION)) - log2_q26((uint64_t)expected_millionths);
    int64_t each_nat9 = ratio * LN_2_NAT9 / ((int64_t)1 << LN_BITS);
    return count * (each_nat9 / 1000) + count * (each_nat9 % 1000) / 1000; // stays in its type
}

int64_t excess_nat6(int64_t count, int64_t of, int64_t rate_millionths)
{
    ASSURE(0 <= count && count <= of && of <= INT32_MAX);
    ASSURE(0 < rate_millionths && rate_millionths < MILLION);
    if (count * MILLION <= of * rate_millionths) {
        return 0;
    }
    int64_t nat6 = part_nat6(count, of * rate_millionths) +
                   part_nat6(of - count, of * (MILLION - rate_millionths));
    return nat6 > 0 ? nat6 : 0;
}

int64_t excess_ln_nat6(uint32_t n)
{
    ASSURE(n > 0);
    return log2_q26(n) * LN_2_NAT9 / ((int64_t)1 << LN_BITS) / 1000;
}

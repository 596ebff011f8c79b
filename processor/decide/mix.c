#include "decide/mix.h"

#include "decide/excess.h"

enum { MIX_MAX = 64, MIX_DIFFERS_NAT6 = 1000000 };

static bool is_part(unsigned reason)
{
    return reason <= REASON_OPTED_OUT;
}

static uint32_t sum_of(const uint32_t counts[REASON_COUNT])
{
    uint32_t sum = 0;
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        sum += is_part(reason) ? counts[reason] : 0;
    }
    return sum;
}

static int64_t ln_factorial_nat6(uint32_t n)
{
    int64_t nat6 = 0;
    for (uint32_t i = 2; i <= n; i++) {
        nat6 += excess_ln_nat6(i);
    }
    return nat6;
}

// ln (K-1)! x1! .. xK! / (n + K - 1)!
static int64_t mix_nat6(const uint32_t counts[REASON_COUNT])
{
    int64_t nat6 = 0;
    uint32_t parts = 0;
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        nat6 += is_part(reason) ? ln_factorial_nat6(counts[reason]) : 0;
        parts += is_part(reason);
    }
    return nat6 + ln_factorial_nat6(parts - 1) - ln_factorial_nat6(sum_of(counts) + parts - 1);
}

// At most MIX_MAX messages of them: more would say no more, and cost more.
static void scale_down(const uint32_t counts[REASON_COUNT], uint32_t ret_scaled[REASON_COUNT])
{
    uint32_t sum = sum_of(counts);
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        ret_scaled[reason] = sum <= MIX_MAX ? counts[reason]
                                            : (uint32_t)((uint64_t)counts[reason] * MIX_MAX / sum);
    }
}

bool mix_differs(const uint32_t a[REASON_COUNT], const uint32_t b[REASON_COUNT])
{
    uint32_t one[REASON_COUNT];
    uint32_t other[REASON_COUNT];
    uint32_t both[REASON_COUNT];
    scale_down(a, one);
    scale_down(b, other);
    for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
        both[reason] = one[reason] + other[reason];
    }
    return mix_nat6(one) + mix_nat6(other) - mix_nat6(both) >= MIX_DIFFERS_NAT6;
}

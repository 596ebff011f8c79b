#include "bench/generate_draw.h"

enum { ONE_BITS = 16, ROOT_COUNT = 16, ROOT_BITS = 30, LOG2_OF_E = 94548 };

// The square root of two, the root of that, and so on, times 2^30.
static const uint32_t roots[ROOT_COUNT] = {1518500250, 1276901417, 1170923762, 1121280436,
        1097253708, 1085434106, 1079572136, 1076653033, 1075196443, 1074468888, 1074105294,
        1073923544, 1073832680, 1073787251, 1073764537, 1073753181};

uint64_t draw_power_of_two(int64_t exponent)
{
    const int64_t lowest = -16;
    uint64_t shifted = (uint64_t)(exponent - lowest * (1 << ONE_BITS));
    uint64_t whole = shifted >> ONE_BITS; // how many doublings of 2^-16
    uint64_t power = UINT64_C(1) << ROOT_BITS;
    for (unsigned i = 0; i < ROOT_COUNT; i++) {
        if ((shifted >> (ONE_BITS - 1 - i) & 1) != 0) {
            power = power * roots[i] >> ROOT_BITS;
        }
    }
    return whole >= ROOT_BITS ? power << (whole - ROOT_BITS) : power >> (ROOT_BITS - whole);
}

// The sum of twelve uniform numbers.
int64_t draw_normal(struct random *rng)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < 3; i++) {
        uint64_t bits = random_next(rng);
        for (unsigned j = 0; j < 4; j++) {
            sum += (int64_t)(bits >> (16 * j) & 0xffff);
        }
    }
    return sum - 6 * 65536 + 6;
}

uint64_t draw_lognormal(struct random *rng, uint64_t median, uint32_t sigma_thousandths)
{
    int64_t exponent = draw_normal(rng) * (int64_t)sigma_thousandths / 1000 * LOG2_OF_E / 65536;
    return median * draw_power_of_two(exponent) >> ONE_BITS;
}

uint64_t draw_loguniform(struct random *rng, uint64_t from, uint32_t doublings)
{
    int64_t exponent = (int64_t)random_below(rng, (uint64_t)doublings + 1);
    return from * draw_power_of_two(exponent) >> ONE_BITS;
}

#include "bench/random.h"

#include "common/assure.h"

enum { ROUNDS = 4 };

static const uint64_t golden_gamma = 0x9e3779b97f4a7c15u;

static uint64_t mix64(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

void random_init(struct random *rng, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++) {
        seed += golden_gamma;
        rng->s[i] = mix64(seed);
    }
}

uint64_t random_next(struct random *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t random_below(struct random *rng, uint64_t n)
{
    return random_next(rng) % n;
}

bool random_chance(struct random *rng, uint32_t millionths)
{
    return random_below(rng, 1000000) < millionths;
}

uint64_t random_mix(uint64_t seed, uint64_t x)
{
    return mix64(mix64(seed + golden_gamma) ^ (x * golden_gamma + 1));
}

struct permutation permutation_make(uint64_t seed, uint64_t n)
{
    ASSURE(n >= 2 && n <= (uint64_t)1 << 62);
    struct permutation perm = {.seed = seed, .n = n, .half_bits = 1};
    while ((uint64_t)1 << (2 * perm.half_bits) < n) {
        perm.half_bits++;
    }
    return perm;
}

static uint64_t round_of(const struct permutation *perm, unsigned i, uint64_t half)
{
    return random_mix(perm->seed + i, half) & (((uint64_t)1 << perm->half_bits) - 1);
}

uint64_t permutation_map(const struct permutation *perm, uint64_t x)
{
    uint64_t mask = ((uint64_t)1 << perm->half_bits) - 1;
    do {
        uint64_t left = x >> perm->half_bits;
        uint64_t right = x & mask;
        for (unsigned i = 0; i < ROUNDS; i++) {
            uint64_t next = left ^ round_of(perm, i, right);
            left = right;
            right = next;
        }
        x = left << perm->half_bits | right;
    } while (x >= perm->n);
    return x;
}

uint64_t permutation_unmap(const struct permutation *perm, uint64_t y)
{
    uint64_t mask = ((uint64_t)1 << perm->half_bits) - 1;
    do {
        uint64_t left = y >> perm->half_bits;
        uint64_t right = y & mask;
        for (unsigned i = ROUNDS; i-- > 0;) {
            uint64_t previous = right ^ round_of(perm, i, left);
            right = left;
            left = previous;
        }
        y = left << perm->half_bits | right;
    } while (y >= perm->n);
    return y;
}

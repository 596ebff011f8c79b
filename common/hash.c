#include "common/hash.h"

#include <string.h>
#include <sys/random.h>

uint64_t hash_mix64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t read64(const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static uint64_t read32(const unsigned char *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

// Both halves of the product of 64 by 64 bits, folded together.
static uint64_t multiply_fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 product;
    product ab = (product)a * b;
    return (uint64_t)ab ^ (uint64_t)(ab >> 64);
}

// After wyhash (Wang Yi, public domain): sixteen bytes a multiplication; what is left is read as two
// words that may overlap each other or what came before.
uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
    const uint64_t secrets[] = {UINT64_C(0x2d358dccaa6c78a5), UINT64_C(0x8bb84b93962eacc9)};
    const unsigned char *p = bytes;
    size_t left = n;
    uint64_t h = seed ^ secrets[0];
    for (; left > 16; left -= 16, p += 16) {
        h = multiply_fold(read64(p) ^ secrets[1], read64(p + 8) ^ h);
    }
    uint64_t first = 0;
    uint64_t last = 0;
    if (left >= 8) {
        first = read64(p);
        last = read64(p + left - 8);
    } else if (left >= 4) {
        first = read32(p);
        last = read32(p + left - 4);
    } else if (left > 0) {
        first = (uint64_t)p[0] << 16 | (uint64_t)p[left / 2] << 8 | p[left - 1];
    }
    h = multiply_fold(first ^ secrets[1], last ^ h);
    return multiply_fold(h ^ secrets[0], n ^ secrets[1]);
}

uint64_t hash_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        seed = hash_mix64((uint64_t)(uintptr_t)&seed); // where the stack is differs too
    }
    return seed;
}

uint32_t hash_murmur2(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    const uint32_t m = 0x5bd1e995u;
    uint32_t h = 0x9747b28cu ^ (uint32_t)n;
    for (; n >= 4; n -= 4, p += 4) {
        uint32_t k =
                (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        k *= m;
        k ^= k >> 24;
        k *= m;
        h = (h * m) ^ k;
    }
    if (n > 2) {
        h ^= (uint32_t)p[2] << 16;
    }
    if (n > 1) {
        h ^= (uint32_t)p[1] << 8;
    }
    if (n > 0) {
        h = (h ^ p[0]) * m;
    }
    h ^= h >> 13;
    h *= m;
    h ^= h >> 15;
    return h & 0x7fffffffu;
}

uint32_t hash_crc32c(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1)));
        }
    }
    return ~crc;
}

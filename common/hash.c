#include "common/hash.h"

#include <string.h>

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

uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
    const unsigned char *p = bytes;
    uint64_t h = seed ^ (n * 0x9fb21c651e98df25u);
    for (; n >= 8; n -= 8, p += 8) {
        h = (h ^ read64(p)) * 0x9fb21c651e98df25u;
        h ^= h >> 32;
    }
    if (n > 0) {
        unsigned char tail[8] = {0};
        memcpy(tail, p, n);
        h = (h ^ read64(tail)) * 0x9fb21c651e98df25u;
        h ^= h >> 32;
    }
    return hash_mix64(h);
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

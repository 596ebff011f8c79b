// Hashes that are no secrets: for tables, for Kafka's partition choice, for stored checksums.
#pragma once

#include <stddef.h>
#include <stdint.h>

// A fast hash of a table key. Not stable between versions: never store or send it.
uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed);
// A seed drawn at random, for a table whose keys others choose: they cannot choose such as collide.
// Where its rows are in what order must not depend on their hashes.
uint64_t hash_seed(void);
// Kafka's murmur2 (seed 0x9747b28c) as Java's DefaultPartitioner uses it, sign bit cleared.
uint32_t hash_murmur2(const void *bytes, size_t n);
// CRC-32C (Castagnoli), reflected, as Kafka's record batches.
uint32_t hash_crc32c(const void *bytes, size_t n);
// A bijective mix of 64 bits (splitmix64's finaliser).
uint64_t hash_mix64(uint64_t x);

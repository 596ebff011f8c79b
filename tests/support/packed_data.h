// Relationship data in the packed layout, as the keys and values that a loader would set, for tests
// of the Redis store.
#pragma once

#include "identity/keyring.h"
#include "redis/epoch.h"

struct packed_data {
    const char *prefix;
    const struct keyring *ring;
    uint64_t generation;
    unsigned bucket_bits;
    unsigned tags;
    int64_t watermark_ms;
    int64_t valid_for_ms;
    uint32_t borrower_count; // recipients +8613000000000, +8613000000001, …, each one active loan
                             // L<i> of tenant t1
};

struct pair_sink {
    void (*set)(void *self, struct view key, struct view value);
    void *self;
};

// The i-th recipient; those from borrower_count on are not in the data.
struct recipient packed_data_recipient(char storage[16], uint32_t i);
// Sets every bucket, the empty ones too, then every tag's epoch.
void packed_data_write(const struct packed_data *data, struct pair_sink sink);
void packed_data_write_buckets(const struct packed_data *data, struct pair_sink sink);
void packed_data_write_epochs(const struct packed_data *data, struct pair_sink sink);
void packed_data_add_epoch(struct strbuf *sb, const struct packed_data *data);

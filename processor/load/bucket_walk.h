// Walks a table's records bucket by bucket, in ascending order, each bucket's records in order of
// suffix.
#pragma once

#include "relationship/packed_table.h"

struct bucket_walk {
    const struct packed_table *table;
    struct packed_ref *refs;
    uint64_t count;
    uint64_t at;
    unsigned bucket_bits;
};

MUST_CHECK enum err bucket_walk_init(
        struct bucket_walk *walk, const struct packed_table *table, unsigned bucket_bits);
void bucket_walk_fini(struct bucket_walk *walk);
// The bucket that comes next and has records. False at the end.
bool bucket_walk_peek(const struct bucket_walk *walk, uint32_t *ret_bucket);
// That bucket's records, sorted; the walk moves behind them. Returns how many. ERR_DATA: two
// numbers whose suffixes are the same, which cannot stand in one bucket (one in 10^9 databases of
// 100 million; another key is the way out).
MUST_CHECK enum err bucket_walk_take(
        struct bucket_walk *walk, const struct packed_ref **ret_refs, uint64_t *ret_count);

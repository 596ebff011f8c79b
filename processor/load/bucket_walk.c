#include "load/bucket_walk.h"

#include <stdlib.h>

#include "common/assure.h"
#include "relationship/packed.h"

enum err bucket_walk_init(
        struct bucket_walk *walk, const struct packed_table *table, unsigned bucket_bits)
{
    struct packed_ref *refs = NULL;
    enum err e = packed_table_sorted(table, &refs);
    if (e != ERR_NONE) {
        return e;
    }
    *walk = (struct bucket_walk){
            .table = table,
            .refs = refs,
            .count = packed_table_count(table),
            .bucket_bits = bucket_bits,
    };
    return ERR_NONE;
}

void bucket_walk_fini(struct bucket_walk *walk)
{
    free(walk->refs);
    *walk = (struct bucket_walk){0};
}

static uint32_t bucket_of(const struct bucket_walk *walk, const struct packed_ref *ref)
{
    return (uint32_t)(ref->prefix >> (64 - walk->bucket_bits));
}

bool bucket_walk_peek(const struct bucket_walk *walk, uint32_t *ret_bucket)
{
    if (walk->at == walk->count) {
        return false;
    }
    *ret_bucket = bucket_of(walk, &walk->refs[walk->at]);
    return true;
}

static int compare_suffixes(const void *a, const void *b, void *table)
{
    struct pseudonym x;
    struct pseudonym y;
    struct view body;
    packed_table_read(table, a, &x, &body);
    packed_table_read(table, b, &y, &body);
    return memcmp(packed_suffix(&x), packed_suffix(&y), PACKED_SUFFIX_BYTES);
}

enum err bucket_walk_take(
        struct bucket_walk *walk, const struct packed_ref **ret_refs, uint64_t *ret_count)
{
    ASSURE(walk->at < walk->count);
    struct packed_ref *first = &walk->refs[walk->at];
    uint32_t bucket = bucket_of(walk, first);
    uint64_t n = 1;
    while (walk->at + n < walk->count && bucket_of(walk, &first[n]) == bucket) {
        n++;
    }
    // The table is only read; qsort_r's type has no const for it.
    union {
        const struct packed_table *table;
        void *context;
    } as = {.table = walk->table};
    qsort_r(first, (size_t)n, sizeof *first, compare_suffixes, as.context);
    for (uint64_t i = 1; i < n; i++) {
        if (compare_suffixes(&first[i - 1], &first[i], as.context) == 0) {
            return ERR_DATA;
        }
    }
    walk->at += n;
    *ret_refs = first;
    *ret_count = n;
    return ERR_NONE;
}

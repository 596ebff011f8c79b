// Bodies of packed records by pseudonym, for tens of millions of them: what the memory store
// answers from, what a full load sorts into buckets and what a delta is gathered in. About 13 bytes
// a number beside the body and its pseudonym. Pseudonyms are MACs, so that they are their own hash;
// the first bits are the index, so that the table lies nearly in their order.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/view.h"
#include "identity/keyring.h"

struct packed_table;

// Holds at most `ceiling_count` records. NULL: out of memory.
struct packed_table *packed_table_create(uint64_t ceiling_count);
void packed_table_destroy(struct packed_table *table);
uint64_t packed_table_count(const struct packed_table *table);
// All that it holds of the heap.
uint64_t packed_table_bytes(const struct packed_table *table);

// Copies the body (at most PACKED_BODY_MAX_BYTES; empty is allowed and means what the caller wants)
// in place of the one before. ERR_CEILING, ERR_NO_MEMORY: the table is as it was.
MUST_CHECK enum err packed_table_put(
        struct packed_table *table, const struct pseudonym *pseudonym, struct view body);
void packed_table_remove(struct packed_table *table, const struct pseudonym *pseudonym);
// The body, good until the next put or remove; none where it is not there.
struct view packed_table_find(const struct packed_table *table, const struct pseudonym *pseudonym);

// Asks the machine for the memory that finding these will touch: to look up many at once is several
// times faster so. Changes nothing.
void packed_table_warm(
        const struct packed_table *table, const struct pseudonym *pseudonyms, size_t count);

struct packed_ref {
    uint64_t prefix; // the pseudonym's first 8 bytes
    uint64_t at;
};
// All records in ascending order of prefix, packed_table_count of them, to be freed by the caller;
// good until the next put or remove.
MUST_CHECK enum err packed_table_sorted(
        const struct packed_table *table, struct packed_ref **ret_refs);
void packed_table_read(const struct packed_table *table, const struct packed_ref *ref,
        struct pseudonym *ret_pseudonym, struct view *ret_body);

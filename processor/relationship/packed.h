// The packed record of a recipient and the bucket of records that Redis keeps
// (schemas/redis-keys.md has every byte). Memory store and Redis store read the same bytes through
// here, so that both give the same facts. Bytes of a bucket are input from outside: whatever they
// are, nothing is read past their end and what is not well formed is ERR_DATA, upon which the
// caller believes nothing of that bucket.
#pragma once

#include "common/arena.h"
#include "common/strbuf.h"
#include "identity/keyring.h"
#include "relationship/relationship.h"
#include "relationship/store.h"

enum {
    PACKED_VERSION = 1,
    PACKED_SUFFIX_BYTES = 8,       // bytes 8–15 of the pseudonym
    PACKED_BODY_MAX_BYTES = 65535, // above what PARTY_MAX and OPTED_OUT_MAX can fill
    PACKED_CHANNEL_MAX_BYTES = 255,
};

static inline const uint8_t *packed_suffix(const struct pseudonym *pseudonym)
{
    return pseudonym->bytes + PSEUDONYM_BYTES - PACKED_SUFFIX_BYTES;
}

// Appends the body of a record; never empty. `rel` is not deleted and within the ceilings of
// relationship.h; its channels are at most PACKED_CHANNEL_MAX_BYTES long. The buffer remembers a
// failure.
void packed_add_body(
        struct strbuf *sb, const struct keyring_key *key, const struct relationship *rel);
// Appends suffix, length and body: a record as it stands in a bucket.
void packed_add_record(
        struct strbuf *sb, const uint8_t suffix[PACKED_SUFFIX_BYTES], struct view body);

// Walks a bucket's records in their order.
struct packed_cursor {
    struct view rest;
    const uint8_t *last_suffix; // NULL before the first
};

// Checks the version. ERR_DATA: not a bucket.
MUST_CHECK enum err packed_open(struct packed_cursor *cursor, struct view bucket);
// The next record; `ret_suffix` is NULL at the end. Both results point into the bucket. ERR_DATA:
// truncated, too long or out of order.
MUST_CHECK enum err packed_next(
        struct packed_cursor *cursor, const uint8_t **ret_suffix, struct view *ret_body);

// The body of the record with that suffix, none where it is not there. The frame of the whole
// bucket is checked.
MUST_CHECK enum err packed_find(
        struct view bucket, const uint8_t suffix[PACKED_SUFFIX_BYTES], struct view *ret_body);

// Sets lookup->facts to LOOKUP_FOUND and what the body says to this message: each party's tenant
// and loan tags are compared with those of lookup->tenant_id and lookup->loan_id under `key`, which
// is the key the data was packed with. ERR_DATA: not well formed, ERR_CEILING: the arena is full;
// the facts are untouched then.
MUST_CHECK enum err packed_decode(struct view body, const struct keyring_key *key,
        struct lookup *lookup, struct arena *arena);

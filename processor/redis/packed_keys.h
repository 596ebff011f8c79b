// The names of the packed layout's keys, and which of them a pseudonym belongs to
// (schemas/redis-keys.md).
#pragma once

#include <stdint.h>

#include "common/strbuf.h"
#include "identity/keyring.h"

enum { BUCKET_BITS_MAX = 32, HASH_TAG_BITS = 6, HASH_TAG_COUNT = 1 << HASH_TAG_BITS };

// Whether tags is 1, or 64 with enough bits for it, and bits are within 1–32.
bool packed_geometry_is_valid(unsigned bucket_bits, unsigned tags);

// The first `bucket_bits` (1–32) bits of the pseudonym.
uint32_t packed_bucket_number(const struct pseudonym *pseudonym, unsigned bucket_bits);
// The hash tag of a bucket: its number's first 6 bits when tags is 64, else 0. The same for all of
// its pseudonyms.
unsigned packed_bucket_tag(uint32_t bucket, unsigned bucket_bits, unsigned tags);

// Each appends one key: prefix:{tt}:epoch, prefix:{tt}:generation:bucket, prefix:{00}:lock,
// prefix:{00}:loading, prefix:{00}:sync, prefix:{00}:delta, prefix:{00}:next, prefix:{00}:journal.
void packed_add_epoch_key(struct strbuf *sb, struct view prefix, unsigned tag);
void packed_add_bucket_key(
        struct strbuf *sb, struct view prefix, unsigned tag, uint64_t generation, uint32_t bucket);
void packed_add_lock_key(struct strbuf *sb, struct view prefix);
void packed_add_loading_key(struct strbuf *sb, struct view prefix);
void packed_add_sync_key(struct strbuf *sb, struct view prefix);
void packed_add_delta_lock_key(struct strbuf *sb, struct view prefix);
void packed_add_next_key(struct strbuf *sb, struct view prefix);
void packed_add_journal_key(struct strbuf *sb, struct view prefix);

// The two halves of a bucket's key, prefix:{tt}:generation: and the bucket; the second is a view of
// *ret_text. The first is the same for all buckets of a tag.
enum { BUCKET_TEXT_BYTES = 8 };
void packed_add_bucket_head(
        struct strbuf *sb, struct view prefix, unsigned tag, uint64_t generation);
struct view packed_bucket_tail(uint32_t bucket, char ret_text[BUCKET_TEXT_BYTES]);

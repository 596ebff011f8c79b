// The epoch record: what is in force in Redis, how it is laid out and until when it may be believed
// (schemas/redis-keys.md). JSON, written by loaders in any language, so it is read strictly.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/strbuf.h"
#include "identity/keyring.h"

enum { EPOCH_MAX_BYTES = 4096 };

enum epoch_layout { EPOCH_PACKED1, EPOCH_HASH1 };

struct epoch {
    enum epoch_layout layout;
    uint64_t generation;               // from 1
    char key_id[KEY_ID_MAX_BYTES + 1]; // "" where a hash layout names none
    unsigned bucket_bits;              // 0 for the hash layout
    uint64_t bucket_count;             // 1 << bucket_bits; 0 for the hash layout
    unsigned tags;                     // 1 or 64
    uint64_t record_count;
    int64_t source_watermark_ms; // wall clock: everything the source knew by then is in
    int64_t valid_for_ms;        // from the watermark
    int64_t heartbeat_ms;        // 0 = none; else how long a heartbeat is believed
    int64_t heartbeat_at_ms;     // wall clock of the last one; 0 = none yet. With heartbeat_ms only
};

// Appends the JSON: the pinned order of keys, no white space.
void epoch_add(struct strbuf *sb, const struct epoch *epoch);
// Reads it, keys in any order, white space allowed, unknown keys with plain values ignored.
// ERR_DATA when it is not a whole, consistent epoch of a known layout, or longer than
// EPOCH_MAX_BYTES.
MUST_CHECK enum err epoch_parse(struct epoch *ret_epoch, struct view text);

// Whether answers read under one epoch are good under the other: same layout, generation, key id
// and geometry. Counts and times may differ.
bool epoch_is_same(const struct epoch *a, const struct epoch *b);
// A watermark may be ahead of our clock by as much as clocks differ, no further: data from the
// future is not provably fresh (somebody wrote microseconds, or a wrong year).
#define EPOCH_AHEAD_MAX_MS (3600 * 1000LL)
// now <= source_watermark + valid_for, source_watermark <= now + an hour, and the heart beats.
bool epoch_is_fresh(const struct epoch *epoch, struct wall_time now);
// Whether no heartbeat is wanted, or the last one is at most heartbeat_ms away from now, on either
// side: clocks that differ by more cannot tell.
bool epoch_heart_beats(const struct epoch *epoch, struct wall_time now);

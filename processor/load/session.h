// A load under way: what full loads and deltas share. Private to this room.
#pragma once

#include "load/load.h"
#include "load/target.h"
#include "load/writer_lock.h"
#include "redis/epoch.h"
#include "redis/packed_keys.h"
#include "relationship/packed_table.h"

struct session {
    const struct load_options *options;
    struct load_result *result;
    struct target target;
    struct writer_lock lock;
    const struct keyring_key *key; // under which this load packs
    struct packed_table
            *table;     // what the file said, by pseudonym; in a delta an empty body removes
    struct strbuf body; // being packed
    bool has_epoch;     // one of ours is in force
    struct epoch epoch;
    struct strbuf epoch_text; // as it stands in Redis
    struct mono_time next_progress;
    enum load_phase phase;
};

// Tells a reason of our own and returns the error.
MUST_CHECK enum err session_fail(struct session *s, enum err e, const char *text);
// Reads the epoch of tag 0; one that is not there or that is damaged is none.
MUST_CHECK enum err session_read_epoch(struct session *s);
// Reads the file into the table.
MUST_CHECK enum err session_read_file(struct session *s);
// To be called now and then by what takes long: renews the lock, shows progress.
MUST_CHECK enum err session_breathe(struct session *s, uint64_t done, uint64_t total);
// The keys of a script that has to do with all epochs: the lock and each tag's epoch. `text` holds
// their bytes and has room for them. Returns how many.
size_t session_epoch_keys(const struct session *s, unsigned tags, struct strbuf *text,
        struct view ret_keys[HASH_TAG_COUNT + 1]);

MUST_CHECK enum err load_full(struct session *s);
MUST_CHECK enum err load_delta(struct session *s);

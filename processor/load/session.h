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
    struct writer_lock *other_lock; // renewed with it; NULL = none
    struct strbuf next;             // of a delta: the full load at work that it has written to
    const struct keyring_key *key;  // under which this load packs
    struct packed_table
            *table;           // what the file said, by pseudonym; in a delta an empty body removes
    struct strbuf body;       // being packed
    bool has_epoch;           // one of ours is in force
    struct epoch epoch;       // of tag 0
    struct strbuf epoch_text; // as it stands in Redis
    // In a cluster: of each tag, 0 = none. They differ after a load that broke off in its flip.
    uint64_t generations[HASH_TAG_COUNT];
    bool has_flipped; // a tag at least
    struct mono_time next_progress;
    enum load_phase phase;
    // Where the table's records come from; NULL = the file of the options.
    enum err (*read)(struct session *s, void *self);
    void *read_self;
};

// Tells a reason of our own and returns the error.
MUST_CHECK enum err session_fail(struct session *s, enum err e, const char *text);
// Reads the epoch of tag 0; one that is not there or that is damaged is none.
MUST_CHECK enum err session_read_epoch(struct session *s);
// In a cluster: reads the generations of all tags. Else that of tag 0 stands for all.
MUST_CHECK enum err session_read_generations(struct session *s);
// Whether any tag has it in force.
bool session_is_in_force(const struct session *s, uint64_t generation);
// How often work is done again because the cluster moved slots under it: what was written may have
// been lost with a master.
enum { SESSION_ATTEMPTS = 3 };
extern const char session_moved[]; // the reason when that was not enough
// Reads the file into the table.
MUST_CHECK enum err session_read_file(struct session *s);
// To be called now and then by what takes long: renews the lock, shows progress.
MUST_CHECK enum err session_breathe(struct session *s, uint64_t done, uint64_t total);
// The keys of every tag's epoch. `text` holds their bytes and has room for them. Returns how many.
size_t session_epoch_keys(const struct session *s, unsigned tags, struct strbuf *text,
        struct view ret_keys[HASH_TAG_COUNT]);

struct generation {
    uint64_t number;
    unsigned bucket_bits;
    unsigned tags;
};
// Puts the new generation in force; not done: deltas wait in the journal.
MUST_CHECK enum err session_flip(struct session *s, const struct generation *g, bool *ret_done);
// Moves the epoch's count and watermark: there are `change` records more.
MUST_CHECK enum err session_advance(struct session *s, int64_t change, struct epoch *ret_epoch);

// Packs with the key of the epoch in force. ERR_REFUSED: none is in force; ERR_CONFIG: its key is
// not in the ring.
MUST_CHECK enum err session_take_epochs_key(struct session *s);
// Changes the buckets of the generation in force by the table's records. target.integers grows by
// how many records more there are.
MUST_CHECK enum err session_change_buckets(struct session *s);
MUST_CHECK enum err load_full(struct session *s);
MUST_CHECK enum err load_delta(struct session *s);

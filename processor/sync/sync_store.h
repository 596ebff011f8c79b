// The database that `sync` keeps fresh: its writer lock, its epoch and the place in the topic, which
// are written together. One thread.
//
// A batch of changes has three steps. The first says how far the batch reaches, the second changes
// bucket after bucket, the third moves the epoch's count and the place. Whoever dies in between
// leaves a reach behind, and the next one reads at least that far before it applies anything: so a
// recipient's newest record is in the same batch as its older ones, and nothing goes back in time.
#pragma once

#include "load/session.h"
#include "policy/config.h"
#include "sync/sync_state.h"

struct sync_store {
    const struct config *config;
    struct redis_route_options redis;
    struct load_options options;
    struct load_result result;
    struct session s;
    struct sync_state state; // `next` runs ahead of what Redis has while records are gathered
    struct sync_state saved; // what Redis has
    bool is_new;             // the topic is read from its beginning
    // Of the lock that was held last: a connection that broke leaves it behind. "" = none. Kept from
    // one open to the next; all zero before the first.
    char last_token[LOCK_TOKEN_HEX + 1];
};

// Connects and takes the lock, also from what this store was before it was closed. ERR_LOCKED:
// another writer is at work. Whatever it returns, sync_store_close ends it.
MUST_CHECK enum err sync_store_open(
        struct sync_store *store, const struct config *config, const struct keyring *ring);
void sync_store_close(struct sync_store *store);
// The reason of the last failure, in words.
const char *sync_store_why(const struct sync_store *store);

// Goes on where the last one stood; without a place that fits the data in force, from the topic's
// beginning, and then, as after a gap, nothing is believed until there is a heartbeat. ERR_REFUSED:
// no data is in force.
MUST_CHECK enum err sync_store_resume(
        struct sync_store *store, uint32_t partition_count, struct wall_time now);
// Puts a new generation in force, made of what `read` puts into the table (see struct session), and
// goes on from the place that the state has by then.
MUST_CHECK enum err sync_store_rebuild(struct sync_store *store, uint32_t partition_count,
        struct wall_time now, enum err (*read)(struct session *s, void *self), void *self);

// Gathers a change; within a batch the last one of a recipient counts.
MUST_CHECK enum err sync_store_put(struct sync_store *store, const struct relationship *rel);
uint64_t sync_store_gathered(const struct sync_store *store);
// Applies what is gathered and moves the place.
MUST_CHECK enum err sync_store_apply(struct sync_store *store);
// Moves the place where there is nothing to apply, keeps the lock, and with at_ms > 0 writes the
// heartbeat of that time and the watermark. Nothing may be gathered.
MUST_CHECK enum err sync_store_settle(
        struct sync_store *store, int64_t at_ms, int64_t watermark_ms);
// Keeps the lock while a batch is gathered for long.
MUST_CHECK enum err sync_store_keep(struct sync_store *store);
// Records were lost: nothing is believed from now on.
MUST_CHECK enum err sync_store_distrust(struct sync_store *store);
// A partition is read from its beginning.
void sync_store_begin_again(struct sync_store *store, int32_t partition);

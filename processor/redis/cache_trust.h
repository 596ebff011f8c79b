// When the answers of a Redis server may be believed (design §3): the epochs in force and the
// server's own state.
#pragma once

#include "common/clock.h"
#include "common/strbuf.h"
#include "identity/keyring.h"
#include "redis/connection.h"
#include "redis/epoch.h"
#include "redis/packed_keys.h"
#include "redis/server_watch.h"

enum trust {
    TRUST_WHOLE,
    TRUST_VOID,   // the epoch is another than the keys were asked under: learn it, ask again
    TRUST_STALE,  // all is well but older than it may be
    TRUST_NONE,   // not to be believed
    TRUST_BROKEN, // no answer to what was asked: give the connection up
};

// The epoch of one hash tag.
struct known_epoch {
    bool is_known;
    struct epoch epoch;
    const struct keyring_key *key; // NULL where the epoch names none (hash layout)
    struct strbuf text;            // as read, so that an unchanged one is not parsed again
    uint64_t best_generation;      // the newest that was ever believed
    int64_t best_watermark_ms;
};

struct cache_trust {
    enum epoch_layout layout;
    const struct keyring *ring;
    struct known_epoch epochs[HASH_TAG_COUNT];
    struct strbuf why; // of the last answer but TRUST_WHOLE; never with a key in it
};

void cache_trust_init(
        struct cache_trust *trust, enum epoch_layout layout, const struct keyring *ring);
void cache_trust_fini(struct cache_trust *trust);

// Each takes a reply of the server to GET of the tag's epoch key. Learning makes it the epoch under
// which keys are asked; checking asks whether it still is that one, and takes a newer watermark
// over.
enum trust cache_trust_learn(
        struct cache_trust *trust, unsigned tag, const redisReply *reply, struct wall_time now);
enum trust cache_trust_check(
        struct cache_trust *trust, unsigned tag, const redisReply *reply, struct wall_time now);
// Takes a server's reply to INFO, after epochs were learnt or checked.
enum trust cache_trust_look_at_server(
        struct cache_trust *trust, struct server_watch *watch, const redisReply *reply);
// The epoch that says how recipients are spread over tags: the first one known. NULL = none.
const struct known_epoch *cache_trust_lead(const struct cache_trust *trust);
// Sets the reason to a command's error reply, by its code alone.
enum trust cache_trust_error(
        struct cache_trust *trust, const char *command, const redisReply *reply);
// Sets the reason and returns the trust.
enum trust cache_trust_fail(struct cache_trust *trust, enum trust as, const char *why);

// Inside of redis/redis_store.h's implementation: store_look.c gets the connection ready and finds
// out whom to believe, redis_store.c asks a batch.
#pragma once

#include "redis/cache_trust.h"
#include "redis/hash_ask.h"
#include "redis/packed_ask.h"
#include "redis/redis_store.h"

struct redis_store {
    struct redis_connection *connection;
    struct cache_trust trust;
    struct packed_ask *packed; // one of the two
    struct hash_ask *hash;
    char *prefix;
    char *hash_epoch_key; // NULL = none

    redisReply **replies;
    bool is_known;              // the server and the epochs were looked at and found good
    struct mono_time next_info; // when INFO is due
    struct mono_time retry_at;  // no connection before
    int64_t backoff_ms;         // 0 = all is well

    enum lookup_state answer; // of the last trouble; LOOKUP_FOUND when there is none
    struct strbuf why;
};

// Sets the answer of lookups that have none, and why.
void store_say(struct redis_store *store, enum lookup_state answer, const char *why);
enum trust store_lose_connection(struct redis_store *store);
// Turns what the trust says into the answer. Whoever is not to be believed is looked at anew before
// the next pipeline.
enum trust store_conclude(struct redis_store *store, enum trust t);
// Connects where there is no connection, looks at the server and the epochs where nothing is known.
enum trust store_get_ready(struct redis_store *store, struct mono_time deadline);
// Adds a planned pipeline, with INFO in front of it if wanted.
MUST_CHECK enum err store_add_pipeline(
        struct redis_store *store, bool has_info, size_t *ret_reply_count);
// Whether the server's INFO, where it came along, leaves the answers standing.
enum trust store_read_info(struct redis_store *store, bool has_info);
void store_free_replies(struct redis_store *store, size_t count);

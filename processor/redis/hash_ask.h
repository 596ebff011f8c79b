// One pipeline of lookups in the hash layout: GET epoch, HGETALL of each recipient, GET epoch;
// without an epoch key only the middle. Not for threads to share.
#pragma once

#include "redis/cache_trust.h"
#include "redis/hash_record.h"

struct hash_ask;

struct hash_ask_options {
    const char
            *key_template; // with {recipient} (canonical) or {pseudonym} (32 lower-case hex digits)
    const char *epoch_key; // NULL = none
    const char *field_names[HASH_FIELD_COUNT]; // NULL = that field's own name
    uint32_t max_lookups;                      // a pipeline
    bool assume_complete;                      // without an epoch key: believe a miss nevertheless
};

MUST_CHECK enum err hash_ask_create(
        struct hash_ask **ret_ask, const struct hash_ask_options *options);
void hash_ask_destroy(struct hash_ask *ask);

enum { HASH_ALONG_MAX = 64 };

// As packed_ask.h has it.
void hash_ask_along(struct hash_ask *ask, struct lookup *lookups, size_t count);
// As packed_ask.h has it; the epoch must be known where there is an epoch key.
size_t hash_ask_plan(struct hash_ask *ask, const struct cache_trust *trust, struct lookup *lookups,
        size_t count, size_t *ret_plan_count);
MUST_CHECK enum err hash_ask_add(
        struct hash_ask *ask, struct redis_connection *connection, size_t *ret_reply_count);
enum trust hash_ask_read(struct hash_ask *ask, struct cache_trust *trust,
        redisReply *const *replies, struct wall_time now, struct arena *arena);

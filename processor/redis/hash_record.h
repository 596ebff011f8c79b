// A recipient's hash of a cache that somebody else keeps (hash layout; schemas/redis-keys.md), as
// facts. One hash is one party link. What a hash does not say accuses nobody: without a tenant or
// loan field it counts as the message's own, without a role as borrower, without a status as
// active.
#pragma once

#include "common/arena.h"
#include "redis/connection.h"
#include "relationship/store.h"

enum hash_field {
    HASH_TENANT_ID,
    HASH_LOAN_ID,
    HASH_ROLE,
    HASH_STATUS,
    HASH_CLOSED_AT,
    HASH_REASSIGNED,
    HASH_REASSIGNED_AT,
    HASH_OPTED_OUT,
    HASH_FIELD_COUNT,
};

// The names of the fields where the configuration gives no others; those of loader lines.
extern const char *const hash_field_names[HASH_FIELD_COUNT];

// Takes a reply to HGETALL of an existing hash: an array of names and values. Sets lookup->facts to
// LOOKUP_FOUND. ERR_DATA: a mapped field has a value that is none of its words or times (an empty
// value is as if the field were absent); ERR_CEILING: the arena is full. The facts are untouched
// then.
MUST_CHECK enum err hash_record_read(const redisReply *reply,
        const struct view names[HASH_FIELD_COUNT], struct lookup *lookup, struct arena *arena);

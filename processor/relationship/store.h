// The store role: where relationship data is looked up. Two implementations: Redis
// (redis/redis_store.h) and memory (relationship/memory_store.h).
#pragma once

#include "common/arena.h"
#include "common/clock.h"
#include "common/err.h"
#include "identity/keyring.h"
#include "model/facts.h"
#include "model/frame.h"

// One question and its answer.
struct lookup {
    struct recipient recipient; // canonical; kind RECIPIENT_INVALID is not asked
    struct view tenant_id;      // of the message; none = every party counts as the tenant's own
    struct view loan_id;        // of the message; none = no loan named
    struct view channel;        // of the message; none = no opt-out applies
    // The recipient's pseudonym under `key`, where it is known already; NULL = it is not.
    const struct pseudonym *pseudonym;
    const struct keyring_key *key;
    struct facts facts; // the answer
};

// The recipient's pseudonym under `key`; costs a MAC only where it is not known already.
static inline struct pseudonym lookup_pseudonym(
        const struct lookup *lookup, const struct keyring_key *key)
{
    return lookup->pseudonym != NULL && lookup->key == key
                   ? *lookup->pseudonym
                   : keyring_pseudonym(key, lookup->recipient);
}

struct store_ops {
    // Answers all of them by `deadline`, with whatever is known by then; the arena holds what the
    // facts point to. Never fails: trouble is an answer (LOOKUP_UNREACHABLE and its like).
    void (*lookup)(void *self, struct lookup *lookups, size_t count, struct mono_time deadline,
            struct arena *arena);
    // The two halves of that, where it is worth while; NULL where it is not. Begin sends what can be
    // sent, finish waits for the answers: no longer than was left of the time until the deadline when
    // begin returned, and by the same thread. In between lookups and arena are the store's, and
    // nothing else is asked of it but its state, which is the one before.
    void (*begin)(void *self, struct lookup *lookups, size_t count, struct mono_time deadline,
            struct arena *arena);
    void (*finish)(void *self);
    // Whether misses are believed now; for frames and readiness.
    enum cache_state (*state)(void *self);
    void (*destroy)(void *self);
};

struct store {
    const struct store_ops *ops;
    void *self;
};

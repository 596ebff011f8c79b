// Relationship data in Redis, packed or hash layout: the store role (relationship/store.h).
#pragma once

#include "identity/keyring.h"
#include "policy/config.h"
#include "relationship/store.h"

// The keyring is borrowed. Does not connect: the first lookup does, and after trouble the next ones, so that a Redis that
// is down at start is no reason to stop. One thread at a time.
MUST_CHECK enum err redis_store_create(
        struct store *ret_store, const struct config *config, const struct keyring *ring);
// Why misses are not believed now, for logs; "" when they are.
const char *redis_store_why(const struct store *store);

// Relationship data in Redis, packed or hash layout: the store role (relationship/store.h).
#pragma once

#include "identity/keyring.h"
#include "policy/config.h"
#include "relationship/store.h"

// The keyring is borrowed. Does not connect: the first lookup does, and after trouble the next
// ones, so that a Redis that is down at start is no reason to stop. A lookup of none at all finds
// out whether misses are believed now. While a server is down, lookups are answered at once, and a
// connection is tried again after 50 ms to 1 s. One thread at a time. ERR_CONFIG: the hash layout
// without a key template.
MUST_CHECK enum err redis_store_create(
        struct store *ret_store, const struct config *config, const struct keyring *ring);
// Why misses are not believed now, for logs; "" when they are.
const char *redis_store_why(const struct store *store);

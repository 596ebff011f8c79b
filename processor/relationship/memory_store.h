// Relationship data in memory, from loader lines: the store role for replay and tests. Keeps the same packed records as
// Redis does, so that both give the same facts.
#pragma once

#include "identity/keyring.h"
#include "relationship/store.h"

// The keyring is borrowed.
MUST_CHECK enum err memory_store_create(struct store *ret_store, const struct keyring *ring);
// Applies one relationship: the later replaces the earlier, a deleted one removes.
MUST_CHECK enum err memory_store_put(struct store *store, const struct relationship *rel);

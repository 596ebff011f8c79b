// Relationship data in memory, from loader lines: the store role for replay and tests. Keeps the
// same packed records as Redis does, so that both give the same facts.
#pragma once

#include "identity/keyring.h"
#include "relationship/feed.h"
#include "relationship/store.h"

// The keyring is borrowed.
MUST_CHECK enum err memory_store_create(struct store *ret_store, const struct keyring *ring);
// Applies one relationship: the later replaces the earlier, a deleted one removes.
MUST_CHECK enum err memory_store_put(struct store *store, const struct relationship *rel);
// Applies every line of a file ("-" = standard input). The report says how many and which were
// refused; errors as of feed_run.
MUST_CHECK enum err memory_store_load_file(struct store *store, const char *path,
        const char *default_region, bool skip_bad, struct feed_report *ret_report);
// How many recipients it holds.
uint64_t memory_store_count(const struct store *store);

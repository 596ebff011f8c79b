// enrich: a batch of events → what is known of each recipient. One question to the store a batch,
// never one a message.
#pragma once

#include "common/arena.h"
#include "common/clock.h"
#include "identity/keyring.h"
#include "model/event.h"
#include "relationship/store.h"

struct enriched {
    struct recipient recipient;
    struct pseudonym pseudonym; // under the current key, for outputs
    struct facts facts;
};

struct enricher {
    struct store store;         // borrowed
    const struct keyring *ring; // borrowed
    struct phone_cache *phones; // borrowed
};

// Fills ret_enriched[i] for events[i]; entries that are NULL (undecodable messages) are passed
// over. ERR_NO_MEMORY when the arena is full.
MUST_CHECK enum err enrich_batch(const struct enricher *enricher, const struct event *const *events,
        size_t count, struct mono_time deadline, struct arena *arena,
        struct enriched *ret_enriched);

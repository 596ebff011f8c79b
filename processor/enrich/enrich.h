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

// A batch on its way through enrich.
struct enriching {
    const struct event *const *events; // of the batch; NULL (an undecodable message) is passed over
    size_t count;
    struct enriched *enriched; // a row an event
    struct lookup *lookups;
    size_t asked;
    struct mono_time deadline;
    struct arena *arena;
};

// Fills ret_enriched[i] for events[i] but for the facts. ERR_NO_MEMORY when the arena is full.
MUST_CHECK enum err enrich_prepare(const struct enricher *enricher,
        const struct event *const *events, size_t count, struct arena *arena,
        struct enriched *ret_enriched, struct enriching *ret_enriching);
// Asks the store, without a wait where it can do that; one batch at a time.
void enrich_ask(
        const struct enricher *enricher, struct enriching *enriching, struct mono_time deadline);
// Waits for the answers, which are the facts.
void enrich_answer(const struct enricher *enricher, struct enriching *enriching);
// All three.
MUST_CHECK enum err enrich_batch(const struct enricher *enricher, const struct event *const *events,
        size_t count, struct mono_time deadline, struct arena *arena,
        struct enriched *ret_enriched);

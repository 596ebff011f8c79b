// A made-up day in memory: its messages as they come from Kafka, and who has which loan.
#pragma once

#include "common/arena.h"
#include "identity/keyring.h"
#include "model/slice.h"
#include "policy/config.h"
#include "relationship/store.h"

struct day {
    struct config *config; // the defaults
    struct keyring *ring;  // the demo's
    struct store store;    // in memory, or a Redis
    struct arena *arena;   // the messages
    struct judge_item *items;
    size_t count;
};

// Reads events.ndjson, `max` messages of it, and relationships.ndjson of a folder that
// `wrongnumber-bench generate` has made; with `redis` (as of replay's --redis) the relationships are
// those there. Says on stderr what is wrong.
MUST_CHECK enum err day_open(struct day *day, const char *folder, const char *redis, size_t max);
void day_close(struct day *day);

// A crowd of borrowers and as many strangers, loaded by the loader and looked up through the Redis
// store, whatever the topology: for tests that ask whether anybody is ever told wrong.
#pragma once

#include "load/load.h"
#include "packed_data.h"
#include "redis/redis_store.h"

enum { CROWD_BORROWERS = 3000, CROWD_EVERY_TAG = HASH_TAG_COUNT, CROWD_DEADLINE_MS = 2000 };

struct crowd {
    struct keyring *ring;
    struct config config;
    struct arena *arena;
    struct store store;
    char prefix[8];
    char address[256];
    char path[160];            // of the loader's file
    struct load_result result; // of the last load
};

// How lookups of all borrowers and as many strangers ended.
struct crowd_tally {
    size_t found;
    size_t missed;
    size_t unknown;
    size_t unreachable; // of the unknown
    size_t wrong;       // a borrower missed, a stranger found
};

// The same in three steps, for a configuration that needs more: texts set in between are freed by
// crowd_tear_down where they belong to redis.tls.
void crowd_prepare(struct crowd *crowd, enum redis_topology topology, const char *address,
        const char *master, const char *folder);
void crowd_open(struct crowd *crowd);
void crowd_close(struct crowd *crowd);
// Loads the borrowers and opens the store. `folder` is where the loader's file goes.
void crowd_set_up(struct crowd *crowd, enum redis_topology topology, const char *address,
        const char *master, const char *folder);
void crowd_tear_down(struct crowd *crowd);
// Loads borrowers first, first + 1, ….
enum err crowd_load(struct crowd *crowd, uint32_t first, uint32_t count, bool is_delta);
// All borrowers and as many strangers in one batch; counts those of one tag, or of all. Nobody is
// wrong, or the test has failed.
struct crowd_tally crowd_look_up(struct crowd *crowd, unsigned only_tag);
enum lookup_state crowd_look_up_one(struct crowd *crowd, uint32_t i);
unsigned crowd_tag_of(const struct crowd *crowd, uint32_t i);
bool crowd_is_well(struct crowd *crowd);
// Within 15 s.
bool crowd_becomes_well(struct crowd *crowd);
void crowd_nap(void); // 10 ms

// Whether a Redis server is one to be believed, by its INFO: a master, not loading, not evicting.
// Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/view.h"

struct server_watch {
    bool seen;
    bool evicting;
    char run_id[64];
    uint64_t generation; // of the epoch in force at the last look
    uint64_t evicted_keys;
    bool is_master; // at the last look
};

// Looks at the text of an INFO. `generation` is that of the epoch in force (0 = none). NULL =
// believe it; else why not, in words. Eviction is remembered over reconnections to the same run of
// a server, until a new generation comes. `absence_shows` = an evicted key cannot be taken for a
// miss (packed layout), so that what was evicted before the first look does not matter; without it,
// it does, unless the server never evicts.
const char *server_watch_look(
        struct server_watch *watch, struct view info, uint64_t generation, bool absence_shows);
// How many keys the database has by INFO. False where INFO does not say.
bool server_watch_keys(struct view info, unsigned database, uint64_t *ret_count);
// The value of a field of INFO; none where it is not there.
struct view info_field(struct view info, const char *name);

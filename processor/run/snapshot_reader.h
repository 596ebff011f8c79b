// Reads the state topic's partition of a tally partition and gives the newest snapshot that can be
// read back. One thread; nothing is kept between calls.
#pragma once

#include "policy/config.h"
#include "snapshot/snapshot_shelf.h"

// Takes a state.
struct snapshot_taker {
    // ERR_DATA: not this one, the one before is tried; ERR_NONE ends the search, as does any other
    // error.
    enum err (*take)(void *self, const struct snapshot_manifest *manifest, struct view state);
    void *self;
};

struct snapshot_search {
    const struct config *config;
    int32_t tally_partition;
    int64_t max_next_offset; // the tally log's end
    int64_t deadline_ms;     // from now, for all of it
    struct snapshot_taker taker;
    bool *left_behind; // set when a client did not let go: the process should end by _exit
};

// `*ret_next_offset`: of the one that was taken; -1 = none was. `shelf` is of that partition, and new. ERR_DEADLINE: the topic could
// not be read to its end in time.
MUST_CHECK enum err snapshot_find(
        const struct snapshot_search *search, struct shelf *shelf, int64_t *ret_next_offset);

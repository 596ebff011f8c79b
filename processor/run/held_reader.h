// Reads the quarantine-state topic to its end as of now: what is held, when nothing else can say so; and
// of the control-state topic how far the sequences of what people commanded had come.
// One thread; nothing is kept between calls.
#pragma once

#include "policy/config.h"
#include "run/held_ledger.h"

struct held_search {
    const struct config *config;
    int32_t tally_partition; // of whose tenants
    uint32_t tally_partitions;
    int64_t deadline_ms; // from now, for all of it
    bool *left_behind;   // set when a client did not let go: the process should end by _exit
};

// ERR_DEADLINE, ERR_UNAVAILABLE: it could not be read to its end in time.
MUST_CHECK enum err held_read(const struct held_search *search, struct held_ledger **ret_ledger);
// The highest sequence that a judge may know of orders about the tenants; -1 = nothing was ordered, or the
// topic is not there. Errors as those of held_read.
MUST_CHECK enum err held_read_ordered(const struct held_search *search, int64_t *ret_highest);

// Keeps Redis fresh from the compacted topic of relationships (design §3), and says so by
// heartbeats in the epoch: whoever looks up believes nothing once they stop.
//
//   waiting --Kafka, Redis, data and the lock are there--> reading --all is in Redis--> believed
//   reading, believed --trouble with Redis--> waiting, and everything gathered is read again
//   believed --behind, Kafka away, the source silent--> reading: no heartbeat
//   any --the log lost what was not read yet--> reading, and no heartbeat until a full load
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "common/err.h"
#include "identity/keyring.h"
#include "policy/config.h"

struct sync_options {
    const struct config *config;
    const struct keyring *ring;
    const atomic_bool *stop;
    bool rebuilds; // a new generation from the topic alone, before anything else
};

// Runs until *stop. Waits for whatever is away and says so. ERR_CONFIG: it can never do its work.
MUST_CHECK enum err sync_run(const struct sync_options *options);

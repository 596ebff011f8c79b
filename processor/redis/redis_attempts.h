// Attempts counted in Redis, so that several processes and vendors are one count: the role of
// attempts/attempt_counter.h. Layout: schemas/redis-keys.md §9.
#pragma once

#include "attempts/attempt_counter.h"
#include "policy/config.h"

// Does not connect before something is to be counted, and then over connections of its own. While a server is
// down its attempts are unknown at once, and a connection is tried again after 50 ms to 1 s. One thread at a
// time.
MUST_CHECK enum err redis_attempts_create(
        struct attempt_counter *ret_counter, const struct config *config);
// Why attempts are unknown now, for logs; "" when they are not.
const char *redis_attempts_why(const struct attempt_counter *counter);

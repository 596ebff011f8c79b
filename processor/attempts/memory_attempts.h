// Attempts counted in memory, for replay.
#pragma once

#include "attempts/attempt_counter.h"
#include "common/err.h"

// Remembers at most `max_attempts`; beyond that attempts are unknown.
MUST_CHECK enum err memory_attempts_create(
        struct attempt_counter *ret_counter, uint32_t max_attempts);

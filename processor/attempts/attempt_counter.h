// The role of who counts attempts. Two implementations: Redis (redis/redis_attempts.h), which several
// processes share, and memory (attempts/memory_attempts.h).
//
// An attempt counts once, by its id, and keeps the position that it had when it was first counted, so
// that a message that is judged again is judged alike. One that comes with another time is an attempt of that
// time, and no more of the one before. Its position is how many attempts of its key, itself
// among them, were known from from_ms to at_ms.
#pragma once

#include <stddef.h>

#include "common/clock.h"
#include "model/attempt.h"

enum {
    ATTEMPTS_OF_KEY_MAX = 512, // that are remembered; further ones are answered and not remembered
    ATTEMPT_POSITION_MAX = 1023,
};

struct attempt_counter_ops {
    // Answers all of them by `deadline`, in their order. Never fails: what is not known is ATTEMPT_UNKNOWN.
    void (*count)(void *self, struct attempt *attempts, size_t count, struct mono_time deadline);
    void (*destroy)(void *self);
};

// ops NULL = nobody counts.
struct attempt_counter {
    const struct attempt_counter_ops *ops;
    void *self;
};

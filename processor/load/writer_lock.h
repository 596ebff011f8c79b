// The locks under which a database is written (schemas/redis-keys.md): one for full loads, one for
// deltas. In a cluster both are one.
#pragma once

#include "load/target.h"

enum { LOCK_RENEW_MS = 10000, LOCK_TOKEN_HEX = 32 }; // it lives for 60,000 ms

struct writer_lock {
    char token[LOCK_TOKEN_HEX + 1];
    struct strbuf key;
    bool is_held;
    struct mono_time renew_at;
};

enum writer { WRITER_FULL, WRITER_DELTA };

// ERR_LOCKED: somebody else has it.
MUST_CHECK enum err writer_lock_acquire(
        struct writer_lock *lock, struct target *target, enum writer writer);
// Does nothing until LOCK_RENEW_MS after the last time. ERR_LOCKED: it ran out and may be another's
// by now.
MUST_CHECK enum err writer_lock_renew_if_due(struct writer_lock *lock, struct target *target);
// Gives it back where the connection still stands, else it runs out by itself. Also after a failed
// acquire.
void writer_lock_release(struct writer_lock *lock, struct target *target);

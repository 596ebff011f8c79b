// The misdirected messages that a late clearance may still be about (design §5): each for 60 s of log
// time from the frame that brought it, with what became of it, so that it can be taken back. One
// thread.
//
// Invariants (cited by tests):
//   K1  A message is here once, by its source and offset, until it is taken or CLEARABLE_MS old.
//   K2  At most CLEARABLE_MAX are. Above that the oldest makes room, and is counted: nearly all that are
//       cleared are young.
//   K3  Its scopes are still the same: a scope is not forgotten within IDLE_MS (detect_line.c) of its
//       last message, which is longer.
#pragma once

#include "common/archive.h"
#include "common/hash_index.h"
#include "model/delta.h"
#include "state/pool.h"
#include "state/scopes.h"

enum { CLEARABLE_MS = 60 * 1000, CLEARABLE_MAX = 1 << 16, CLEARABLE_NONE = 0 };

enum { CLEARABLE_NO_LEVEL = 31, CLEARABLE_TIME_BITS = 48, CLEARABLE_SERIAL_BITS = 48 };

struct clearable {
    int64_t offset;
    uint64_t tag;
    uint64_t serial : CLEARABLE_SERIAL_BITS;
    uint64_t reasons : 16;
    uint64_t log_time_ms : CLEARABLE_TIME_BITS;
    uint64_t uses : 10; // two bits a kind: enum entry_use
    uint64_t level : 5; // of the detector's ladder; CLEARABLE_NO_LEVEL = it moved no statistic
    uint64_t held : 1;  // one of its scopes was
    int32_t scopes[SCOPE_KIND_COUNT];
    uint32_t remembered; // its handle in state/recent.h, while that has its serial
    uint32_t older;      // the one that came before it, and the one that came next
    uint32_t newer;
    uint16_t source; // its number in the fold
    uint16_t leaf;   // its index in the source's chunk, while that is open
    uint8_t history; // bit a kind: it is in that scope's history
    uint8_t shadow;  // bit a kind: that scope was held
};
_Static_assert(sizeof(struct clearable) <= 72, "there may be many of them");
_Static_assert(REASON_COUNT <= 16 && 2 * SCOPE_KIND_COUNT <= 10, "an entry has room for each");

static inline enum entry_use clearable_use(const struct clearable *clearable, unsigned kind)
{
    return (enum entry_use)(clearable->uses >> 2 * kind & 3);
}

static inline void clearable_set_unused(struct clearable *clearable, unsigned kind)
{
    clearable->uses = clearable->uses & ~(3u << 2 * kind) & 1023u;
}

struct clearables {
    struct pool pool;
    struct hash_index index; // by source and offset
    uint32_t oldest;
    uint32_t newest;
    uint64_t overflowed; // made room before their time
};

void clearables_init(struct clearables *clearables);
void clearables_fini(struct clearables *clearables);

// Forgets those that are too old by now.
void clearables_expire(struct clearables *clearables, int64_t log_time_ms);
// Adds a message that is not there, as the newest. Its handle, good until it is taken or forgotten.
MUST_CHECK enum err clearables_add(
        struct clearables *clearables, const struct clearable *clearable, uint32_t *ret_handle);
// The handle of the one at a source's offset; CLEARABLE_NONE where there is none.
uint32_t clearables_find(const struct clearables *clearables, uint16_t source, int64_t offset);
// By a handle that is good.
struct clearable *clearables_at(const struct clearables *clearables, uint32_t handle);
// Takes out one that is there.
void clearables_take(struct clearables *clearables, uint32_t handle);
// How many there are.
uint32_t clearables_count(const struct clearables *clearables);

// Saves them, or restores new ones. `sources`, `serial_end` and `log_time_ms` are the fold's: what lies
// beyond them is not believed.
struct clearables_limits {
    const struct scopes *scopes;
    uint32_t sources;
    uint64_t serial_end;
    int64_t log_time_ms;
};
void clearables_archive(struct archive *archive, struct clearables *clearables,
        const struct clearables_limits *limits);

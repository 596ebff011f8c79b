// Never more than so many holds of scopes within HOLD_CAP_WINDOW_MS of log time without a person
// (design §3): what is above it waits in line. Pure; one thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/archive.h"
#include "policy/policy.h"

enum { HOLD_CAP_WINDOW_MS = 10 * 60 * 1000, HOLD_WAITING_MAX = 4096 };

// A scope that waits, and the channel that raised it (decide/channels.h).
struct hold_waiting {
    int32_t scope;
    uint8_t channel;
};

// All zero but for `cap` is a good beginning.
struct hold_cap {
    uint32_t cap;                // 1 … HOLD_CAP_MAX
    int64_t at_ms[HOLD_CAP_MAX]; // of the last holds, the first `count`, oldest first
    uint32_t count;
    struct hold_waiting waiting[HOLD_WAITING_MAX]; // in the order in which they came
    uint32_t waiting_count;
    uint32_t
            set_back_count; // the first so many have had their turn; not saved: they have it again first
    bool is_told;           // that others wait, since none did last
};

// Another cap: of a smaller one the newest holds count.
void hold_cap_set(struct hold_cap *cap, uint32_t holds);
// Whether one more hold may be told: there is room, and nobody waits for it.
bool hold_cap_has_room(struct hold_cap *cap, int64_t now_ms);
void hold_cap_note(struct hold_cap *cap, int64_t now_ms);
// Puts a scope in line, once. False when the line is full.
bool hold_cap_wait(struct hold_cap *cap, int32_t scope, uint8_t channel);
// The next of the line whose turn it is; of scope SCOPE_NONE when there is no room, or nobody waits.
struct hold_waiting hold_cap_next(struct hold_cap *cap, int64_t now_ms);
// Those whose turn came and who may not go for a reason of their own: they wait on before all others, in
// nobody's way. They are of the line, in its order, and nobody has come since.
void hold_cap_set_back(struct hold_cap *cap, const struct hold_waiting *back, uint32_t count);
// Empties the line.
void hold_cap_forget(struct hold_cap *cap);
void hold_cap_archive(struct archive *archive, struct hold_cap *cap, uint32_t scopes_end);

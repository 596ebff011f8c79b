// Why each scope is held, and who wanted it so, as its commands said: what the status page shows beside a
// hold, and the state of detection does not keep. It is known of holds that were told since the process
// began. One thread.
#pragma once

#include "model/action.h"
#include "ops/status.h"

enum { TOLD_HOLDS_MAX = 512 };

struct told_hold {
    uint64_t key; // of its scope; 0 = the row is free
    int64_t since_ms;
    char reason[STATUS_TEXT_BYTES];
    char operator_id[STATUS_TEXT_BYTES]; // "" = nobody wanted it by name
};

// All zero is a good beginning.
struct told_holds {
    struct told_hold rows[TOLD_HOLDS_MAX];
    uint64_t forgotten; // that had to go for others
    uint32_t next;      // to go
};

// A hold of a scope, or its end. A hold that only goes on, or lets a canary through, has the reason that
// it began with.
void told_holds_note(struct told_holds *holds, const struct command_action *command);
// NULL where nothing is known of it.
const struct told_hold *told_holds_find(
        const struct told_holds *holds, const struct scope_name *scope);

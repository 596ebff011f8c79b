// What people have commanded and what is in force of it, as the control-state topic tells it: who reads
// that topic goes by it without knowing the tally log.
#pragma once

#include "model/control.h"

enum control_standing {
    CONTROL_IN_FORCE, // a mode; a hold or release of a message or recipient
    CONTROL_PENDING,  // any command that waits for a second person
};

// In the order of the words of records.
extern const char *const control_standing_names[2];

struct control_state_action {
    enum control_standing standing;
    bool is_over; // the tombstone of it
    // Of a tombstone only what it is about (pending: its control_id) is there.
    const struct control *control;
    struct view confirmed_by; // none where nobody had to
    struct digest_id id;      // of this step
    int64_t sequence;         // tally-partition offset of the cause
    int64_t at_ms;            // log time
    int64_t expires_at_ms;
};

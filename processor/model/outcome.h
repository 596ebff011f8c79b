// What has become of a person's command (model/control.h), as the alerts topic tells it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/view.h"

#define OUTCOME_TABLE(ROW)                                                                         \
    ROW(OUTCOME_APPLIED, applied)                                                                  \
    ROW(OUTCOME_PENDING, pending)                                                                  \
    ROW(OUTCOME_REFUSED, refused)                                                                  \
    ROW(OUTCOME_EXPIRED, expired)                                                                  \
    ROW(OUTCOME_UNKNOWN, unknown)

enum { OPERATOR_BYTES_MAX = 256 };

// unknown: tally partition 0 does not know what the command is about. If another one does, it tells
// another outcome; if none does, this is the last word.
enum outcome_state {
#define OUTCOME_ROW(id, name) id,
    OUTCOME_TABLE(OUTCOME_ROW)
#undef OUTCOME_ROW
            OUTCOME_STATE_COUNT,
};

extern const char *const outcome_state_names[OUTCOME_STATE_COUNT];

struct control_outcome {
    struct view control_id;
    const char *action; // its word
    struct view operator_id;
    struct view confirmed_by; // the second person; none where there is none
    enum outcome_state state;
    const char *why;       // a stable code
    bool has_incident;     // the alert's incident_id is that of an incident
    bool has_scope;        // the alert's scope is one
    uint32_t scope_count;  // that were held or released
    int64_t expires_at_ms; // of the hold, or of a pending command; 0 = neither
};

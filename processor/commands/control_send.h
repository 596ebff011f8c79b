// Writes a record to the control topic and, where that is asked for, waits for its outcome on the alerts
// topic, which is read from its end as it was before.
#pragma once

#include "common/strbuf.h"
#include "policy/config.h"

struct control_sending {
    const struct config *config;
    struct view record;
    struct view key;
    struct view control_id;
    bool is_of_tenant; // one tally partition answers; else each may
    int64_t wait_ms;   // 0 = do not wait
};

// Each says more than the one before it.
enum control_answer {
    ANSWER_NONE,    // was not waited for, or none came in time
    ANSWER_UNKNOWN, // a partition does not know what it is about; another one may
    ANSWER_REFUSED, // or expired
    ANSWER_PENDING,
    ANSWER_APPLIED,
};

// Hears an outcome, by its `state`, behind those before it: whether it says more than they did, which it
// replaces then. *ret_is_last: none that says more is to come. Pure.
bool control_answer_hear(
        enum control_answer *answer, struct view state, bool is_of_tenant, bool *ret_is_last);

// `outcome` gets the alert's member `control`, as it came. ERR_UNAVAILABLE or ERR_DEADLINE: it is not sure
// whether the record was written. Trouble is told on stderr.
MUST_CHECK enum err control_send(const struct control_sending *sending, struct strbuf *outcome,
        enum control_answer *ret_answer);

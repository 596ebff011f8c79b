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

enum control_answer {
    ANSWER_NONE, // was not waited for, or none came in time
    ANSWER_APPLIED,
    ANSWER_PENDING,
    ANSWER_REFUSED, // or expired, or nobody knows what it is about
};

// `outcome` gets the alert's member `control`, as it came. ERR_UNAVAILABLE or ERR_DEADLINE: it is not sure
// whether the record was written. Trouble is told on stderr.
MUST_CHECK enum err control_send(const struct control_sending *sending, struct strbuf *outcome,
        enum control_answer *ret_answer);

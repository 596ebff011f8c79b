// One message as an attempt to reach somebody: the question of a counter, and its answer.
#pragma once

#include <stdint.h>

enum { ATTEMPT_KEY_BYTES = 16, ATTEMPT_ID_BYTES = 8 };

enum attempt_state {
    ATTEMPT_UNKNOWN, // the counter did not say
    ATTEMPT_COUNTED,
    ATTEMPT_FULL, // the answer is good, but there was no room to remember this attempt
};

struct attempt {
    uint16_t row; // of the policy's limits
    uint8_t key
            [ATTEMPT_KEY_BYTES]; // whose attempts: of a limit, a pseudonym, …; no number can be had of it
    uint8_t id[ATTEMPT_ID_BYTES]; // of the message and its tenant
    unsigned tag;                 // the recipient's hash tag
    int64_t at_ms;                // when the message was, and
    int64_t from_ms;              // from when on others count with it
    int64_t until_ms;             // from when on it counts no more
    int64_t keep_from_ms; // what is older may go: so long before it, or before now if that is earlier
    int64_t keep_for_ms; // a key that nobody touches may go after so long
    // the answer
    enum attempt_state state;
    uint32_t
            position; // the how many-th from from_ms to at_ms, at the time when it was first counted
};

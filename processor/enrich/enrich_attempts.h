// enrich, where the policy limits how often somebody may be contacted: each message of a batch counts as an
// attempt for every limit that it matches. One question to the counter a batch, none where there are no
// limits.
#pragma once

#include "attempts/attempt_counter.h"
#include "enrich/enrich.h"
#include "policy/policy.h"

struct attempt_counts {
    uint64_t counted; // attempts
    uint64_t full;    // answered, and not remembered
    uint64_t unknown;
};

struct attempt_asker {
    struct attempt_counter counter; // borrowed
    const struct keyring_key *key;  // borrowed; under which loans and tenants are told apart
    const struct policy *policy;    // borrowed
    struct attempt_counts *counts;  // borrowed, added to
    int64_t now_ms; // by which what is old goes, whatever a message says of its own time; 0 = nothing does
};

// One message of the batch: its facts get the attempts.
struct attempt_of {
    const struct event *ev; // NULL = none
    const struct recipient *recipient;
    const struct pseudonym *pseudonym; // under the current key
    struct facts *facts;
};

// ERR_NO_MEMORY when the arena is full.
MUST_CHECK enum err enrich_attempts(const struct attempt_asker *asker, const struct attempt_of *of,
        size_t count, struct mono_time deadline, struct arena *arena);

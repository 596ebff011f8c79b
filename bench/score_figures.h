// The figures of one planted incident: its delay, beside what the oracle and the detector's own bank
// would have needed on the very same messages and on average; change point, rate, cause.
#pragma once

#include "bench/oracle.h"
#include "bench/score_match.h"
#include "bench/score_theory.h"

// What a rule would have needed on the very messages of an incident.
struct score_run_of {
    bool detects;
    uint32_t misdirected; // until its alarm; all of the incident's where it has none
};

struct score_figures {
    // Counted while walking through the messages (bench/score_measure.c):
    uint32_t misdirected; // messages of the incident, each once
    uint32_t escaped;     // of them, that no held scope stopped
    uint32_t flagged;     // of them, that their own verdict found

    uint32_t judged; // messages of its scope in its stretch that are clear or misdirected
    double p0;       // as the scenario says, else from its tenant's other messages
    double p1;       // as realised: misdirected of judged
    double budget;   // A
    bool detectable; // at least two misdirected ones above what any run of them needs
    uint32_t least;  // k of the bank at 100 %, guard off

    bool quarantined;     // before its last message was judged
    uint32_t until;       // misdirected ones until the hold, the one that caused it with them
    uint32_t framing;     // of them, at most so many because they shared a frame
    uint32_t until_alert; // misdirected ones until tier alert; SCORE_NONE = never
    uint64_t good_held;   // good ones of its scope and stretch that the hold kept back

    bool has_oracle;
    struct oracle oracle;
    struct score_run_of oracle_run;
    uint64_t oracle_good_held;    // after its alarm
    struct replica_delay bank[2]; // without and with the clump guard
    struct score_run_of bank_run[2];

    double change_error; // messages of the scope between change point and first misdirected; NAN
    double covers;       // 1 or 0: the interval of the rate covers p1; NAN
    struct view cause_at_top; // that the run named; none where it raised nothing
    struct view cause_at_last;
};

// Fills in what the walk has not: one row an incident of the data. ERR_NO_MEMORY.
MUST_CHECK enum err score_figures_make(struct score_figures *figures, const struct score_data *data,
        const struct score_match *match);

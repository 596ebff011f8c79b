// The statistics of one scope, driven a second time from the verdicts: the processor's own
// bank_step, with the baseline that its alerts name. It does not know the learnt baselines of a
// wide scope's campaigns, nor start credits: whoever uses it compares it with the alerts, and says
// so where it differs.
#pragma once

#include "common/view.h"
#include "detect/bank.h"

enum { REDRIVE_RECENT = 64 };

struct redrive {
    struct bank bank;
    unsigned level;
    bool last_was_misdirected;
    struct {
        uint64_t tag;
        int64_t ms;
    } recent[REDRIVE_RECENT]; // a ring of misdirected recipients
    uint32_t recent_count;
};

// A node by the name that alerts have for it; NODE_COUNT where it is none of the bank.
unsigned node_of(struct view name);
// The level of the ladder whose rate is `baseline` (as alerts round it).
unsigned redrive_level(double baseline);
// One judged message of the scope. `recipient` may be none.
void redrive_step(struct redrive *drive, bool misdirected, struct view recipient, int64_t ms);

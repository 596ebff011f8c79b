// The detector's constants, in micro-nats (one millionth of a nat). Written by generate_tables.py
// into tables.inc; no logarithm is taken at run time, so that a replay is bit-identical anywhere.
// Source: reference detection.md §3.1.
//
//   p0 of level l     0.0002 * 2^(l/4), l = 0..30: 0.02 % to 3.6 %
//   node q            max(5 %, 3 p0), 13 %, 35 %, 95 %, and the leak node 3 p0
//   step up    U      floor(1e6 ln(q / p0))                   a misdirected message
//   guarded    UG     floor(1e6 ln(q / max(p0, 0.05))), 0 where q is not above   one that follows another
//   step down  D      ceil(-1e6 ln((1 - q) / (1 - p0)))       a healthy message
//   threshold  h      ceil(1e6 ln(A / w)), w = 0.18, 0.18, 0.20, 0.44, leak 1
//
// The roundings keep E[e^step] <= 1 under p <= p0, hence E[messages to a false alarm] >= A
// (detection.md §1).
#pragma once

#include <stdint.h>

enum { LEVEL_COUNT = 31, ACUTE_COUNT = 4, NODE_LEAK = ACUTE_COUNT, NODE_COUNT = ACUTE_COUNT + 1 };

// The false-alarm budgets A for which thresholds are tabled, by size. Of a campaign's A the wider
// kinds have four times as much, and with start credit a campaign has eleven tenths (bank.h); on probation either has a hundredth.
enum budget {
    BUDGET_1E4,
    BUDGET_4E4,
    BUDGET_1E5,
    BUDGET_4E5,
    BUDGET_1E6,
    BUDGET_11E5,
    BUDGET_2E6,
    BUDGET_4E6,
    BUDGET_8E6,
    BUDGET_1E7,
    BUDGET_11E6,
    BUDGET_4E7,
    BUDGET_1E8,
    BUDGET_11E7,
    BUDGET_2E8,
    BUDGET_22E7,
    BUDGET_4E8,
    BUDGET_8E8,
    BUDGET_1E9,
    BUDGET_11E8,
    BUDGET_4E9,
    BUDGET_1E10,
    BUDGET_COUNT,
};

// "5", "13", "35", "95" (percent), "leak"
extern const char *const node_names[NODE_COUNT];

// One baseline's steps, NODE_COUNT of each.
struct step_table {
    const int64_t *up;
    const int64_t *up_guarded;
    const int64_t *down;
};

struct step_table table_steps(unsigned level);
int64_t table_threshold(enum budget budget, unsigned node);
// A, the mean number of healthy messages to a false alarm that the threshold guarantees.
int64_t table_budget_messages(enum budget budget);
// p0 of a level in parts per billion, rounded up.
int64_t table_baseline_ppb(unsigned level);
// The level whose p0 is the least not below `rate_ppb`; the highest when there is none.
unsigned table_level_up(int64_t rate_ppb);

// How a held scope is judged, by the messages that come while it is held (detection.md §3.9). Pure;
// integers only, in micro-nats; constants by detect/generate_tables.py shadow.
//
// *Reverse test*: whether it is healthy again. Against "its rate is still q_b or more",
//
//     V <- min(2 h, max(0, V + good ln((1 - p0) / (1 - q_b)) - bad ln(q_b / p0))),   h = ln(1e4)
//
// q_b is half of the rate that it was held for, in whole percent rounded down, 5 % at least and 50 %
// at most; p0 is 0.5 %, or, where the baseline in force is above 1 %, the least level of the ladder
// (detect/tables.h) that is not below it. E[e^step] <= 1 for every rate of q_b or more, whatever p0 is:
// a scope that is still bad reaches h once in 1e4 messages at most. The cap lets what was clean for long
// not outweigh what comes now.
//
// *Canary*: whether what is let through goes wrong. Four CUSUMs as the detector's (detect/bank.h)
// at a hundredth of its budget: 5 % (or 3 p0), 13 %, 35 % and 95 % against p0.
//
// The messages of a frame are one step, by their net, as the detector takes them (bank.h, B2). Roundings
// speak against a release.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/archive.h"
#include "model/scope.h"

enum {
    SHADOW_PERCENT_MIN = 5,
    SHADOW_PERCENT_MAX = 50,
    SHADOW_PERCENTS = SHADOW_PERCENT_MAX - SHADOW_PERCENT_MIN + 1,
    SHADOW_BASE_COUNT = 9, // 0.5 %, and the ladder's levels above 1 %
    CANARY_NODES = 4,
    CANARY_BUDGETS = 5, // as policy_budget_names
};

struct shadow {
    int64_t v_nat6;
    int64_t clean; // since V was 0 last
    int64_t misdirected;
    uint8_t bad_percent; // q_b
    uint8_t base;        // p0
};

// A hold begins, of a scope with that rate and baseline; 0 and 0: nothing is known.
void shadow_begin(struct shadow *shadow, int64_t rate_millionths, int64_t baseline_millionths);
void shadow_step(struct shadow *shadow, int64_t judged, int64_t misdirected);
// V >= h; and V < h / 2, so that one that was reached is lost.
bool shadow_is_reached(const struct shadow *shadow);
bool shadow_is_lost(const struct shadow *shadow);
// Clean messages in a row that are enough, from nothing.
int64_t shadow_needed(const struct shadow *shadow);
void shadow_archive(struct archive *archive, struct shadow *shadow);

struct canary {
    int64_t w_nat6[CANARY_NODES];
    int64_t judged; // of the step
    int64_t misdirected;
    uint32_t step; // 1 … CANARY_STEPS; 0 = there is none
};

enum { CANARY_STEPS = 3 };

// 20, 200, 2,000.
uint32_t canary_limit(uint32_t step);
// `base` is the shadow's.
void canary_note(struct canary *canary, unsigned base, int64_t judged, int64_t misdirected);
// A CUSUM has reached its threshold: `budget` indexes policy_budget_names, of which it is a hundredth (a
// campaign's; wider kinds have four times as much).
bool canary_has_tripped(const struct canary *canary, unsigned budget, enum scope_kind kind);
// The step's messages have been judged, and every CUSUM is below half of its threshold.
bool canary_has_passed(const struct canary *canary, unsigned budget, enum scope_kind kind);
void canary_archive(struct archive *archive, struct canary *canary);

// detect: deltas → detector statistics and what they say (design §6). Pure, integer only; cannot
// fail but for memory. One detector a tally partition; one thread.
#pragma once

#include "common/err.h"
#include "detect/bank.h"
#include "model/delta.h"
#include "model/incident.h"
#include "state/recent.h"

// Names the rules and constants of this room; part of every incident id.
#define DETECTOR_VERSION "bank5-1"

struct detect;

struct detect_options {
    unsigned level; // of the baseline, for every scope
    bool guard;
};

// `recent` is borrowed: it says how many people the evidence is about.
MUST_CHECK enum err detect_create(struct detect **ret_detect, const struct detect_options *options,
        const struct recent *recent);
void detect_destroy(struct detect *detect);

// The baseline level of a scope that nothing is known of yet, from the prior rate, worth `weight`
// messages: 1.25 times the upper bound p + 1.64 sqrt(p / weight), within 0.05 % and 3 %, rounded up
// to the ladder (detection.md §3.5).
unsigned detect_prior_level(uint32_t rate_millionths, uint32_t weight);

// Moves the statistics of one scope. Rows of one delta may come in any order.
MUST_CHECK enum err detect_step(
        struct detect *detect, const struct delta *delta, const struct scope_delta *row);
// What a scope's statistics say, with no tier above `highest`.
struct bank_reading detect_read(
        const struct detect *detect, int32_t scope, enum scope_kind kind, enum tier highest);
// The evidence behind a reading. Views are good until the scope's next step.
void detect_evidence(const struct detect *detect, int32_t scope, const struct scope_name *name,
        const struct bank_reading *reading, struct evidence *ret_evidence);
// Whether nothing much speaks against a scope (bank_is_calm).
bool detect_is_calm(const struct detect *detect, int32_t scope);
// Forgets what speaks against a scope: a new excursion begins from nothing.
void detect_reset(struct detect *detect, int32_t scope);
// What `child` explains no longer speaks against `parent`: the share of the child's statistics that
// came through it.
void detect_subtract(struct detect *detect, int32_t parent, int32_t child, uint32_t share_num,
        uint32_t share_den);

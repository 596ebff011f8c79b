// The summary of what was made: scenario.json, and the vendors that a lender would have registered.
#pragma once

#include "bench/generate_traffic.h"
#include "common/strbuf.h"

struct scenario_counts {
    uint64_t relationships; // lines
    uint64_t messages;      // lines
    uint64_t verdicts[VERDICT_COUNT];
    uint64_t scattered; // misdirected or unknown outside of incidents and episodes
};

void write_scenario(struct strbuf *sb, const struct generate_options *options,
        const struct traffic *traffic, const struct scenario_counts *counts);
// One id a line, sorted.
MUST_CHECK enum err write_vendors(struct strbuf *sb, const struct traffic *traffic);

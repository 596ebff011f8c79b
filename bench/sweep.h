// What would have fired under other settings: the messages are judged once a configuration, their
// tally frames kept in memory, and the detect half run over them once a setting.
#pragma once

#include "bench/replay.h"
#include "bench/score_sums.h"

enum { SWEEP_CONFIGS_MAX = 16, SWEEP_VALUES_MAX = 16, SWEEP_SETTINGS_MAX = 4096 };

// What may be varied. A count of 0 = as the configuration has it.
struct sweep_options {
    struct replay_options replay; // events, relationships or redis, frame_messages
    const char *labels;           // NULL = no truth is known
    const char *scenario;
    const char *configs[SWEEP_CONFIGS_MAX]; // NULL = the defaults
    uint32_t config_count;
    uint32_t budgets[SWEEP_VALUES_MAX]; // of policy_budget_names
    uint32_t budget_count;
    uint32_t prior_rates[SWEEP_VALUES_MAX]; // millionths
    uint32_t prior_rate_count;
    bool guards[2];
    uint32_t guard_count;
    bool learning[2];
    uint32_t learning_count;
    bool credit[2];
    uint32_t credit_count;
};

struct sweep_setting {
    uint32_t config;
    uint32_t budget;
    uint32_t prior_rate_millionths;
    bool clump_guard;
    bool learning;
    bool start_credit;
    char policy_version[POLICY_VERSION_HEX + 1];
};

struct sweep_row {
    struct sweep_setting setting;
    uint32_t incidents;           // as the run raised them
    uint32_t by_tier[TIER_COUNT]; // of them, by the highest tier
    uint32_t alerts;              // records
    uint32_t holds;               // of scopes
    uint64_t messages;            // judged
    struct score_counts counts;   // without labels only `held` means anything
    struct score_sums sums;       // likewise nothing
};

struct sweep_rows {
    struct sweep_row *rows;
    uint32_t count;
};

// Runs all settings: for each, configuration after configuration. Says on stderr what is wrong.
MUST_CHECK enum err sweep_run(const struct sweep_options *options, struct sweep_rows *ret_rows);
void sweep_rows_fini(struct sweep_rows *rows);

// A table for people, and JSON for programs.
void sweep_print_table(const struct sweep_options *options, const struct sweep_rows *rows);
void sweep_add_json(
        struct strbuf *sb, const struct sweep_options *options, const struct sweep_rows *rows);

// report: a run of replay as one page that explains itself. What the page needs to know of the run,
// gathered in three steps (report_read, report_follow, report_theory) and then written
// (report_page).
#pragma once

#include "bench/report_series.h"
#include "common/arena.h"
#include "common/hashmap.h"
#include "common/json_scan.h"
#include "common/strbuf.h"
#include "detect/bank.h"
#include "model/incident.h"
#include "model/scope.h"
#include "model/verdict.h"

enum {
    REPORT_ALERTS_MAX = 100000,
    REPORT_HOLDS_MAX = 100000,
    REPORT_INCIDENTS_MAX = 5000, // with a row each; more are counted
    REPORT_DRAWN_MAX = 60,       // with a chapter and charts
    REPORT_SCOPES_MAX = 2000000,
    REPORT_PLANTED_MAX = 1000,
    REPORT_LABELS_MAX = 4000000,
    REPORT_DEAD_REASONS_MAX = 64,
    REPORT_NUMBERS_MAX = 3,
};

struct follower;

struct report_options {
    const char *run;
    const char *labels;
    const char *scenario;
    const char *trace;
    const char *out;
};

struct report_number { // what speaks for a cause: count of so many
    struct view feature;
    int64_t count;
    int64_t of;
};

struct report_cause {
    struct view name;
    double share;
    struct report_number numbers[REPORT_NUMBERS_MAX];
    uint32_t number_count;
};

struct report_contributor {
    struct scope_name scope;
    int64_t misdirected;
};

struct report_evidence {
    struct scope_name scope;
    int64_t judged;
    int64_t misdirected;
    int64_t guarded;
    int64_t distinct_recipients;
    bool distinct_is_lower_bound;
    double baseline;
    double estimated_rate;
    double interval[2];
    double log_likelihood_ratio;
    double threshold;
    double start_credit;
    double lowest_baseline; // 0 = one for all messages
    int64_t false_alarm_budget;
    struct view node; // none where none spoke
    bool has_change_point;
    int64_t change_ms;
    int64_t change_offset;
    struct view change_message_id;
};

struct report_alert {
    struct view alert_id;
    struct view incident_id;
    struct view type; // "incident.opened" …
    enum tier tier;
    struct scope_name scope;
    int64_t occurred_ms;
    struct report_evidence evidence;
    struct report_cause causes[CAUSE_MAX];
    uint32_t cause_count;
    int64_t escaped; // impact so far; -1 = not told
    int64_t held;
    int64_t reasons[REASON_COUNT];
    struct report_contributor contributors[CONTRIBUTOR_MAX];
    uint32_t contributor_count;
    struct view samples[SAMPLE_MAX];
    uint32_t sample_count;
    struct view policy_version;
    struct view detector_version;
    uint32_t next_of_incident; // UINT32_MAX at the end
    uint32_t next_of_sample;   // of those with the same first sample
    bool was_met;              // its message was found among the verdicts
    int64_t message_number;    // that message, counted from the change point; 0 = not known
};

struct report_hold {
    struct view incident_id; // none where the command names none
    struct scope_name scope;
    enum tier tier;
    bool is_enforced;
    struct view reason;
    int64_t issued_ms;
    int64_t ends_ms;    // released, or else expires
    bool was_released;  // by a command
    uint32_t incident;  // UINT32_MAX = none of this run
    bool is_on;         // while the verdicts go by
    int64_t escaped;    // misdirected of its scope, from the incident's change point to the hold
    int64_t after_good; // of its scope, while it was held
    int64_t after_misdirected;
    uint32_t next_of_scope; // UINT32_MAX at the end
};

struct report_incident {
    struct view id;
    uint32_t first_alert;
    uint32_t last_alert;
    uint32_t decisive; // the first alert of the highest tier: what the chapter is about
    enum tier tier;    // the highest
    int64_t opened_ms;
    int64_t closed_ms;   // -1 = still open at the end
    uint32_t first_hold; // UINT32_MAX = none
    uint32_t hold_count;
    uint32_t planted;        // UINT32_MAX = none, or no labels
    int64_t labelled_before; // of misdirected_before: an incident of the labels made them so
    uint32_t next_of_scope;  // UINT32_MAX at the end
    // From the verdicts, of the scope whose evidence it is
    struct report_series series;
    struct report_bins bins;
    int64_t judged_before; // from the change point to the decision
    int64_t misdirected_before;
    int64_t decided_ms;     // event time of the message that decided; -1 = not known
    bool has_begun;         // the change point was met
    bool has_ended;         // and the decision
    bool statistic_differs; // ours from what its alerts say
};

struct report_planted { // an incident that the labels tell of
    struct view id;
    struct view kind;
    struct view cause;
    bool is_healthy_lag; // looks wrong, is not
    bool is_step;        // one rate from its first message on
    int64_t messages;    // of its campaign; 0 = not told
    int64_t misdirected;
    int64_t met;     // misdirected messages of it that were judged
    int64_t escaped; // of them, those that no hold was on
    int64_t caught;
    uint32_t incident; // of the run; UINT32_MAX = missed
    int64_t first_ms;
    int64_t last_ms;
    double rate;   // misdirected / messages; 0 = not told
    double theory; // misdirected until quarantine, mean; negative = not computed
    double oracle; // the same of a detector that knows both rates; negative = not computed
};

struct report_scope { // every scope that the run has met
    enum scope_kind kind;
    int64_t judged;
    int64_t misdirected;
    int64_t unknown;
    uint32_t incident; // the first whose evidence it is; UINT32_MAX = none
    uint32_t hold;     // the first on it
};

struct report_dead { // dead letters of one reason
    struct view reason;
    struct view explanation; // of the first
    int64_t count;
};

enum report_record { // the kinds of JSON that are read
    RECORD_SUMMARY,
    RECORD_ALERT,
    RECORD_COMMAND,
    RECORD_DEAD_LETTER,
    RECORD_LABEL,
    RECORD_SCENARIO,
    RECORD_PLANTED,
    RECORD_VERDICT,
    RECORD_TRACE,
    RECORD_CAUSE,
    RECORD_NUMBER,
    RECORD_CONTRIBUTOR,
    RECORD_COUNT,
};

struct report {
    const struct report_options *options;
    struct json_pointers *pointers[RECORD_COUNT];
    struct arena *arena;   // all views
    struct arena *scratch; // of the line in hand
    struct report_alert *alerts;
    uint32_t alert_count;
    uint32_t alert_capacity;
    struct report_hold *holds;
    uint32_t hold_count;
    uint32_t hold_capacity;
    struct report_incident *incidents;
    uint32_t incident_count;
    uint32_t incident_capacity;
    struct report_planted *planted;
    uint32_t planted_count;
    uint32_t planted_capacity;
    struct report_scope *scopes;
    uint32_t scope_capacity;
    struct report_dead dead[REPORT_DEAD_REASONS_MAX];
    uint32_t dead_count;
    int64_t dead_letters;
    struct hashmap *incident_ids; // → incidents
    struct hashmap *scope_keys;   // → scopes
    struct hashmap *sample_ids;   // → the first alert with that first sample
    struct hashmap *labels;       // message ids of incidents → planted
    int64_t label_lines;

    int64_t messages;
    int64_t verdicts[VERDICT_COUNT];
    int64_t reasons[REASON_TOLD_COUNT];
    int64_t unknown_reasons[REASON_COUNT]; // of the messages whose verdict is unknown
    int64_t message_holds;
    int64_t alerts_by_tier[TIER_COUNT];
    int64_t first_ms; // event times; first above last when there is no message
    int64_t last_ms;
    struct report_bins bins;
    struct view policy_version;
    struct view detector_version;
    struct view source;   // the events' file
    struct view scenario; // its arguments, as written
    struct view seed;
    bool has_trace; // the statistics are the detector's own words, not ours

    struct follower *follower; // while the verdicts go by

    uint64_t bad_lines; // could not be read
    uint64_t left_out;  // above a ceiling
    uint64_t statistic_checks;
    uint64_t statistic_misses;
};

// Reads the small files: summary, alerts, commands, dead letters, scenario, labels. Says on stderr
// what cannot be read.
MUST_CHECK enum err report_read(struct report *report);
// Every line of DIR/`name` (or of `name` itself where `directory` is NULL) to `take`, which counts what
// is wrong with a line: that is no error. One that is missing is an error only when it is `needed`.
MUST_CHECK enum err report_each_line(struct report *report, const char *directory, const char *name,
        bool needed, enum err (*take)(struct report *report, struct view line));
// Follows the verdicts in order: counts, scopes, what was judged before and behind each hold, the
// curves.
MUST_CHECK enum err report_follow(struct report *report);
// Takes the curves from the detector's trace. After report_follow.
MUST_CHECK enum err report_trace(struct report *report);
// What the detector's theory says of each planted incident.
void report_theory(struct report *report);
// The mean over made-up incidents of that rate; negative where some never reach quarantine.
double report_theory_mean(double rate, double baseline, double budget);
// The whole page.
void report_page(const struct report *report, struct strbuf *out);

// Name of the i-th scope.
struct scope_name report_scope_at(const struct report *report, uint32_t i);

// --- shared by the writers ---

const struct report_alert *report_decisive(
        const struct report *report, const struct report_incident *incident);

// The figures of many incidents together: of one class, or of all.
#pragma once

#include "bench/score_measure.h"
#include "bench/statistics.h"

struct score_sums {
    uint32_t incidents; // with misdirected messages
    uint32_t quarantined;
    uint32_t detectable;
    uint32_t detectable_quarantined;
    uint32_t alerted;        // reached tier alert before their last message
    uint32_t oracle_detects; // of them all, on the very messages
    uint32_t only_narrower;  // quarantined in parts only
    uint32_t wrong_scope;    // quarantined, but only with healthy scopes
    uint64_t misdirected;
    uint64_t flagged;
    uint64_t escaped;
    uint64_t framing;
    uint64_t good_held;
    uint32_t raised; // has alerts
    uint32_t raised_once;
    uint32_t alert_records;
    uint32_t alert_records_most;
    uint32_t covered; // rate intervals
    uint32_t intervals;
    uint32_t cause_at_top; // rightly named
    uint32_t cause_at_last;
    double harm; // without what no incident is to blame for
    double oracle_harm;
    // Of the quarantined ones:
    struct spread until;
    struct spread oracle_mean;  // as expected
    struct spread oracle_run;   // on the very messages, where it detects
    struct spread over_oracle;  // until / oracle_mean
    struct spread over_run;     // until / oracle_run
    struct spread bank_mean[2]; // guard off, on
    struct spread over_bank[2]; // until / bank_mean
    struct spread until_alert;  // of those that reached tier alert
    struct spread change_error; // of those that say one
};

// `class` none = all but late data, which is healthy.
MUST_CHECK enum err score_sums_make(struct score_sums *sums, const struct score_data *data,
        const struct score_match *match, const struct score_measured *measured, struct view class);

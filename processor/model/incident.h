// An incident as the alert topic tells it: all that is needed to recompute why it was raised.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/view.h"
#include "model/scope.h"
#include "model/signal.h"
#include "model/verdict.h"

enum {
    DIGEST_ID_BYTES = 16,
    CAUSE_MAX = 10,
    CAUSE_NUMBER_MAX = 3,
    CONTRIBUTOR_MAX = 8,
    SAMPLE_MAX = 3,
};

// A deterministic id: the first 16 bytes of a SHA-256, 32 hex digits outside.
struct digest_id {
    uint8_t bytes[DIGEST_ID_BYTES];
};

struct message_position {
    int64_t occurred_at_ms;
    struct view topic;
    int32_t partition;
    int64_t offset;
    struct view message_id; // none where unknown
};

// A number that a cause rests on: `count` of `of`. The features are listed in decide/cause_table.h.
struct cause_number {
    const char *feature; // a constant word
    int64_t count;
    int64_t of;
};

struct ranked {
    struct view name; // the word of a cause
    int64_t share_millionths;
    struct cause_number numbers[CAUSE_NUMBER_MAX]; // those that spoke most for it, strongest first
    uint32_t number_count;
};

struct contributor {
    struct scope_name scope;
    uint32_t misdirected;
};

// What all messages of a scope had in common, not only the misdirected ones.
struct message_sums {
    int64_t watched; // judged and unknown
    int64_t misdirected;
    int64_t invalid; // of them, unknown for the number's own sake
    int64_t signals[SIGNAL_COUNT];
};

// All counts are from the change point on, repeated recipients left out, so that anyone can
// recompute the ratio: W = (misdirected - guarded) U + guarded UG - (judged - misdirected) D
// (detect/bank.h, B3).
struct evidence {
    // whose statistic it is; an alert may act on a narrower one that explains it
    struct scope_name scope;
    uint64_t start_serial; // of the entry at the change point (state/recent.h); not told outside
    int64_t judged;
    int64_t misdirected;
    int64_t guarded; // of the misdirected: right behind another, scored by the clump guard
    uint32_t distinct_recipients; // exact up to 64
    bool distinct_is_lower_bound;
    int64_t baseline_millionths; // p0 of the ladder level in force, the highest of its messages'
    int64_t lowest_baseline_millionths; // below it: campaigns of different baselines
    int64_t start_credit_nat6;          // is in the ratio: the campaign declared its size
    int64_t estimated_rate_millionths;
    int64_t interval_millionths[2]; // Jeffreys, 95 %
    int64_t log_likelihood_ratio_nat6;
    int64_t threshold_nat6;
    int64_t false_alarm_budget; // A: one false alarm in A healthy messages at most
    struct message_position change_point;
    // of the scope since its excursion began, and of its tenant before that; not told outside
    struct message_sums since;
    struct message_sums before;
    // of its tenant: all that it ever had, and what it had had before the change point
    struct message_sums tenant_all;
    int64_t tenant_watched_before;
    int64_t tenant_misdirected_before;
    int64_t tenant_judged; // of its tenant since that one's excursion began; 0 = it has none
    int64_t tenant_misdirected;
    uint64_t tenant_start_serial; // of the entry that began it; UINT64_MAX = none
    bool vendor_is_unregistered;  // its vendor is not on the list that the policy has
    // NULL, or why no hold follows for now: "cache_suspect", "hold_cap", "maintenance" or
    // "override" (of policy.lists)
    const char *withheld;
    // NULL, or the auxiliary stream that spoke: `misdirected` then are its hits
    const char *stream;
    // which of the detector's nodes spoke: "5", "13", "35", "95" (percent) or "leak"
    const char *node;
    unsigned node_index; // its number; not told outside
};

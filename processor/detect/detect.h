// detect: deltas → detector statistics and what they say (design §6). Pure, integer only; cannot
// fail but for memory. One detector a tally partition; one thread.
//
// A message moves the bank of each of its scopes by the level of its own campaign (detect/baseline.h),
// so that a vendor whose mix of campaigns changes does not alarm by it. What is kept of a scope is
// 12 bytes; its bank is there only while some statistic of it is above 0.
#pragma once

#include "common/archive.h"
#include "common/err.h"
#include "detect/bank.h"
#include "detect/baseline.h"
#include "detect/streams.h"
#include "model/delta.h"
#include "model/incident.h"
#include "model/window.h"
#include "state/recent.h"

// Names the rules and constants of this room; part of every incident id.
#define DETECTOR_VERSION "bank5-13"

struct detect;
struct scopes;

struct detect_options {
    struct baseline_options baseline;
    bool learning; // false: the prior rate's level for good
    bool guard;
    bool start_credit;
    struct stream_levels streams;
};

// What detect wants to know of a scope's incident.
struct detect_asks {
    enum tier (*tier)(const void *self, int32_t scope);
    const void *self;
    // By which level messages of a leaf go, in the place of the one that was learnt: of nothing that the
    // delta in hand says of them but whose they are (L1 in detect/baseline.h). NULL: by that one.
    unsigned (*level)(const void *self, const struct leaf_key *key, unsigned learnt);
    // Of which streams messages of a leaf can be hits, for all their scopes. NULL: of all.
    source_set (*sources)(const void *self, const struct leaf_key *key);
};

// `recent` is borrowed: it says how many people the evidence is about.
MUST_CHECK enum err detect_create(
        struct detect **ret_detect, const struct detect_options *options, struct recent *recent);
void detect_destroy(struct detect *detect);

// Moves the statistics of every scope of a delta.
MUST_CHECK enum err detect_delta(
        struct detect *detect, const struct delta *delta, const struct detect_asks *asks);

// The level that a leaf of the delta in hand has moved its scopes by; the leaf is not held.
unsigned detect_leaf_level(const struct detect *detect, uint32_t leaf);
// Takes back what a message that is clear after all has moved: within the excursion of each of its
// scopes, the bank (bank_take_back) and its sums; the sums of its tenant. Not what was learnt of it: the
// bank meets each message as it was judged at first, and a healthy rate, and what is usual, are compared
// with that. They forget; the fold's histories, which never do, are corrected. Nor auxiliary streams, of
// which none counts messages for having no record, and none holds anything.
MUST_CHECK enum err detect_clear(struct detect *detect, const struct delta_clearance *clearance);

// By which budget quarantine is read: bank_rules_of, or bank_rules_of_probation.
struct detect_budget {
    unsigned index;
    bool is_probation;
};

// What a scope's statistics say, with no tier above `highest`.
struct bank_reading detect_read(const struct detect *detect, int32_t scope, enum scope_kind kind,
        struct detect_budget budget, enum tier highest);
// W of one node of its bank, in micro-nats.
int64_t detect_ratio(const struct detect *detect, int32_t scope, unsigned node);
// What one node of its bank has counted since its change point: nothing judged where it does not speak
// against the scope. False for a node that there is not.
bool detect_window(
        const struct detect *detect, int32_t scope, unsigned node, struct window *ret_window);
// The evidence behind a reading, but for its interval (detect/interval.h), which is dear. Views are
// good until the scope's next step.
void detect_evidence(const struct detect *detect, int32_t scope, const struct scope_name *name,
        const struct bank_reading *reading, struct evidence *ret_evidence);
// What a scope showed when it was young, learnt or not.
struct detect_history {
    uint32_t judged; // of its first 20,000, an excursion's messages among them
    uint32_t misdirected;
    int64_t heard; // all that were ever judged
    bool is_own;   // the reading's own scope's
};

// Whether a reading of `scope` still stands if the healthy rate is what its own history, or its
// vendor's or tenant's, has shown: the evidence must reach its threshold at that level too, and for
// quarantine the rate must be five times as high as its own, once that history is whole. A
// lender who always had 2 % wrong numbers is no incident, and never gets to teach its baseline; a
// rate that is above the prior all the time is for a person to look at.
bool detect_stands(const struct detect *detect, int32_t scope, const struct bank_reading *reading,
        const struct detect_history *history);
// Whether the rate behind a reading is surely higher than healthy campaigns of its vendor (of a
// template or tenant: of the tenant) have, by what these usually have and but for as few as the
// reading's budget allows (usual.h); for notice and alert, or than twice what its campaign had when
// young. While next to nothing is known of the tenant: quarantine wants a rate surely above five
// times that of its first messages, which leans on the prior. SCOPE_NONE: there is none.
bool detect_is_unusual(const struct detect *detect, int32_t scope, enum scope_kind kind,
        int32_t vendor, int32_t tenant, const struct bank_reading *reading);
// Whether the scope has next to no history before the excursion of a reading.
bool detect_is_cold(const struct detect *detect, int32_t scope, const struct bank_reading *reading,
        const struct detect_history *history);
// What its auxiliary streams say, those of `sources`, and the evidence behind that.
struct stream_reading detect_read_streams(
        const struct detect *detect, int32_t scope, source_set sources);
void detect_stream_evidence(const struct detect *detect, int32_t scope,
        const struct scope_name *name, const struct stream_reading *reading,
        struct evidence *ret_evidence);
// Sums since the stream excursion began, for the cause: NULL when there is none.
const struct streams *detect_streams(const struct detect *detect, int32_t scope);

// Whether nothing at all speaks against a scope, so that it may be forgotten.
bool detect_is_quiet(const struct detect *detect, int32_t scope);
// Whether nothing much speaks against a scope (bank_is_calm, streams_are_calm of `sources`).
bool detect_is_calm(const struct detect *detect, int32_t scope, source_set sources);
// Forgets what speaks against a scope: a new excursion begins from nothing.
void detect_reset(struct detect *detect, int32_t scope);
// At an alarm of a scope: what it has seen since is no lesson.
void detect_spoil(struct detect *detect, int32_t scope);
// Forgets a scope altogether: its number may be given to another.
void detect_drop(struct detect *detect, int32_t scope);
// What `child` explains no longer speaks against `parent`: the share of the child's statistics that
// came through it.
void detect_subtract(struct detect *detect, int32_t parent, int32_t child, uint32_t share_num,
        uint32_t share_den);
// Whether the scope's healthy rate has moved to twice what it was over 30 days; told once.
bool detect_has_moved(struct detect *detect, int32_t scope);

// Saves the detector, or restores it into a new one; what is remembered (state/recent.h) is there
// already, and is pinned again. `scopes_end`: scopes are below it.
void detect_archive(struct archive *archive, struct detect *detect, const struct scopes *names);

// The policy: what counts, what follows from it. Its canonical text has a version that every output
// names.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/strbuf.h"
#include "model/action.h"
#include "model/event.h"
#include "model/stream.h"
#include "model/verdict.h"
#include "policy/frequency.h"
#include "policy/lists.h"
#include "policy/rules.h"
#include "policy/vendors.h"
#include "policy/windows.h"

enum { PURPOSE_MAX = 16, POLICY_VERSION_HEX = 16, HOLD_CAP_MAX = 1000 };

// A purpose that is watched, and the reasons that make its messages misdirected.
struct watched_purpose {
    char name[64];
    reason_set counting;
};

struct policy {
    struct watched_purpose purposes[PURPOSE_MAX]; // an absent purpose is "collection"
    uint32_t purpose_count;
    reason_set reasons_off; // neither counting nor told
    int64_t closed_grace_ms;
    enum unknown_policy unknown;
    enum mode mode;
    int64_t message_hold_ms; // how long a message's hold lasts
    int64_t scope_hold_ms;
    int64_t operator_hold_max_ms;  // no person's hold of a scope lasts longer
    int64_t confirm_within_ms;     // a second person has so long, in log time
    int64_t acknowledge_within_ms; // a person has so long, before an incident is told once more
    enum unconfirmed unconfirmed;  // holds of scopes that nobody has answered by their expiry
    uint32_t hold_people;          // quarantine wants evidence of so many people, at least
    source_set streams;            // what raises notices and alerts beside the verdicts
    uint32_t hold_cap;             // holds of scopes in ten minutes, of a tally partition
    enum release_policy automatic_release;
    uint32_t flap_limit;            // ends of a scope's holds within a day; the next hold stays
    bool assume_complete;           // hash layout without an epoch: every alert says so
    uint32_t prior_rate_millionths; // detector.prior_rate; here because the version covers it
    uint32_t budget;                // index into policy_budget_names
    uint32_t floor_rate_millionths; // no learnt baseline is below or above these
    uint32_t ceiling_rate_millionths;
    bool learning; // false: the prior rate is every scope's baseline for good
    bool clump_guard;
    bool start_credit;          // campaigns that declare 1,000 messages or more are trusted less
    uint32_t split_by_channel;  // bits of enum scope_kind: a scope of its own for each channel
    int64_t update_interval_ms; // of an incident's updates, at least
    struct vendors vendors;     // registered ones; owned by the config, borrowed by copies
    struct rules rules;         // likewise, as the next two
    struct lists lists;
    struct policy_windows windows;
    struct frequency frequency;
    uint32_t stream_rate_millionths[STREAM_COUNT]; // what healthy traffic stays under
    uint32_t complaint_rate_millionths;            // complaints a message, in healthy traffic
    char version[POLICY_VERSION_HEX + 1];
};

// One false quarantine of a campaign in so many healthy messages at most.
extern const char *const policy_budget_names[];
extern const char *const policy_unknown_names[];
extern const char *const policy_unconfirmed_names[];
// The defaults of design §4–§7.
void policy_init(struct policy *policy);
// The reasons that count for a purpose by default: no_record to reassigned_number.
reason_set policy_default_counting(void);
// Appends the canonical text: JSON, keys sorted, no white space.
void policy_add_canonical(struct strbuf *sb, const struct policy *policy);
// Sets `version`: the first 16 hex digits of SHA-256 over the canonical text. To be called after
// every change.
MUST_CHECK enum err policy_seal(struct policy *policy);
// The purpose's row, or NULL when messages of it are exempt.
const struct watched_purpose *policy_watched(const struct policy *policy, struct view purpose);
// What holds for a subject: the policy's own settings, and in their place what its rules set.
void policy_settings_of(const struct policy *policy, const struct policy_subject *subject,
        struct policy_settings *ret_settings);
// The budget of scopes that are of no one vendor or channel.
uint32_t policy_budget_of(const struct policy *policy, struct view tenant_id);
// Whether some rule sets one of `parts` (of RULE_PART): else it is the same for all.
static inline bool policy_differs_in(const struct policy *policy, uint32_t parts)
{
    return (policy->rules.parts & parts) != 0;
}
// Whether some message has to wait where it cannot be judged.
static inline bool policy_may_wait(const struct policy *policy)
{
    return policy->unknown == UNKNOWN_WAIT || policy->rules.any_waits;
}
// Whom a message is of, as rules name it: without tenant it is of "default", without purpose it is
// collection.
struct policy_subject policy_subject_of(const struct event *ev);

// judge: event + facts + policy → verdict with all reasons that apply (design §4). Pure; cannot
// fail.
#pragma once

#include "identity/recipient.h"
#include "model/event.h"
#include "model/facts.h"
#include "model/signal.h"
#include "model/verdict.h"
#include "policy/policy.h"

struct judgement {
    enum verdict verdict;
    reason_set reasons;
    signal_set signals;    // closed_recently and loan_named; none of an exempt message
    uint32_t other_lender; // facts' tag of the lender whose customer it is instead; 0 = none
    // it is more than a limit of policy.frequency allows, by what is known of that
    bool is_too_often;
    int64_t too_often_until_ms; // where such limits are enforced: when the last of them is over
};

// `kind` is what became of the recipient: RECIPIENT_INVALID has invalid_number as its only reason.
struct judgement judge_message(const struct event *ev, enum recipient_kind kind,
        const struct facts *facts, const struct policy *policy);

// Whether a message's purpose is watched.
bool judge_watches(const struct event *ev, const struct policy *policy);

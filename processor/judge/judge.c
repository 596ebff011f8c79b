#include "judge/judge.h"

#include "common/assure.h"

// A loan that ended less than so long ago may still stand on a list that was made before.
#define CLOSED_RECENTLY_MS (INT64_C(30) * 24 * 3600 * 1000)

// The links that apply to a message: of the message's tenant, and of its loan where it names one.
struct links {
    unsigned tenant; // of the tenant
    unsigned apply;
    unsigned contacts; // of those that apply
    // of those that apply: closed or sold, at or before the message or undated
    unsigned ended;
    int64_t last_ended_ms; // the latest dated end among them; TIME_NONE when none is dated
};

static bool link_has_ended(const struct party_fact *party, int64_t at_ms)
{
    bool ended = party->status == STATUS_CLOSED || party->status == STATUS_SOLD;
    return ended && (party->closed_at_ms == TIME_NONE || party->closed_at_ms <= at_ms);
}

static struct links count_links(const struct event *ev, const struct facts *facts)
{
    struct links links = {.last_ended_ms = TIME_NONE};
    bool names_loan = !view_is_none(ev->loan_id);
    for (uint16_t i = 0; i < facts->party_count; i++) {
        const struct party_fact *party = &facts->parties[i];
        if (!party->same_tenant) {
            continue;
        }
        links.tenant++;
        if (names_loan && !party->same_loan) {
            continue;
        }
        links.apply++;
        links.contacts += party->role == ROLE_CONTACT;
        if (link_has_ended(party, ev->occurred_at.ms)) {
            links.ended++;
            if (party->closed_at_ms > links.last_ended_ms) {
                links.last_ended_ms = party->closed_at_ms;
            }
        }
    }
    return links;
}

static reason_set reasons_of_links(const struct links *links, const struct facts *facts)
{
    if (facts->party_count == 0) {
        return REASON_BIT(REASON_NO_RECORD);
    }
    if (links->tenant == 0) {
        return REASON_BIT(REASON_OTHER_TENANT);
    }
    if (links->apply == 0) {
        return REASON_BIT(REASON_WRONG_DEBT);
    }
    reason_set reasons = 0;
    if (links->contacts == links->apply) {
        reasons |= REASON_BIT(REASON_THIRD_PARTY);
    }
    if (links->ended == links->apply) {
        reasons |= REASON_BIT(REASON_CLOSED_LOAN);
    }
    return reasons;
}

// The reasons that rest on the number itself, not on its links.
static reason_set reasons_of_number(const struct event *ev, const struct facts *facts)
{
    reason_set reasons = 0;
    if (facts->reassigned == REASSIGNED_YES &&
            (facts->reassigned_at_ms == TIME_NONE ||
                    facts->reassigned_at_ms <= ev->occurred_at.ms)) {
        reasons |= REASON_BIT(REASON_REASSIGNED_NUMBER);
    }
    if (facts->opted_out) {
        reasons |= REASON_BIT(REASON_OPTED_OUT);
    }
    return reasons;
}

// A loan that has just been closed makes nobody a stranger: while the latest end is within the
// grace, closed_loan does not count. An undated end has no grace.
static bool is_in_grace(const struct event *ev, const struct links *links, int64_t grace_ms)
{
    return links->last_ended_ms != TIME_NONE &&
           ev->occurred_at.ms - links->last_ended_ms <= grace_ms;
}

static signal_set signal_of_loan(const struct event *ev)
{
    return view_is_none(ev->loan_id) ? 0 : SIGNAL_BIT(SIGNAL_LOAN_NAMED);
}

// Nothing is owed any more, and the latest end was recent.
static signal_set signal_of_end(const struct event *ev, const struct links *links)
{
    bool recent = links->apply > 0 && links->ended == links->apply &&
                  links->last_ended_ms != TIME_NONE &&
                  ev->occurred_at.ms - links->last_ended_ms < CLOSED_RECENTLY_MS;
    return recent ? SIGNAL_BIT(SIGNAL_CLOSED_RECENTLY) : 0;
}

// What counters know of it, be the recipient who it may.
static void judge_attempts(
        const struct facts *facts, const struct policy *policy, struct judgement *judgement)
{
    for (uint16_t i = 0; i < facts->attempt_count; i++) {
        const struct attempt *attempt = &facts->attempts[i];
        const struct frequency_limit *limit = &policy->frequency.limits[attempt->row];
        if (attempt->state == ATTEMPT_UNKNOWN || attempt->position <= limit->limit) {
            continue;
        }
        judgement->is_too_often = true;
        if (limit->mode == MODE_ENFORCE && attempt->until_ms > judgement->too_often_until_ms) {
            judgement->too_often_until_ms = attempt->until_ms;
        }
    }
}

static struct judgement judge_unknown(const struct event *ev, enum reason reason, bool watched)
{
    if (!watched) {
        return (struct judgement){.verdict = VERDICT_EXEMPT, .reasons = REASON_BIT(reason)};
    }
    return (struct judgement){.verdict = VERDICT_UNKNOWN,
            .reasons = REASON_BIT(reason),
            .signals = signal_of_loan(ev)};
}

static const struct watched_purpose *purpose_of(const struct event *ev, const struct policy *policy)
{
    return policy_watched(policy, view_is_none(ev->purpose) ? VIEW("collection") : ev->purpose);
}

bool judge_watches(const struct event *ev, const struct policy *policy)
{
    return purpose_of(ev, policy) != NULL;
}

static struct judgement judge_recipient(const struct event *ev, enum recipient_kind kind,
        const struct facts *facts, const struct policy *policy)
{
    const struct watched_purpose *watched = purpose_of(ev, policy);
    if (kind == RECIPIENT_INVALID) {
        return judge_unknown(ev, REASON_INVALID_NUMBER, watched != NULL);
    }
    switch (facts->lookup) {
    case LOOKUP_UNREACHABLE:
        return judge_unknown(ev, REASON_CACHE_UNREACHABLE, watched != NULL);
    case LOOKUP_UNTRUSTED:
    case LOOKUP_NOT_ASKED:
        return judge_unknown(ev, REASON_CACHE_UNTRUSTED, watched != NULL);
    case LOOKUP_STALE:
        return judge_unknown(ev, REASON_CACHE_STALE, watched != NULL);
    case LOOKUP_FOUND:
    case LOOKUP_MISS:
        break;
    }
    ASSURE(facts->lookup == LOOKUP_FOUND || facts->party_count == 0);

    struct links links = count_links(ev, facts);
    reason_set reasons = reasons_of_links(&links, facts) | reasons_of_number(ev, facts);
    if (watched == NULL) {
        return (struct judgement){.verdict = VERDICT_EXEMPT, .reasons = reasons};
    }
    const struct policy_subject subject = policy_subject_of(ev);
    struct policy_settings settings;
    policy_settings_of(policy, &subject, &settings);
    reason_set counting = settings.has_counting ? settings.counting : watched->counting;
    if (is_in_grace(ev, &links, settings.closed_grace_ms)) {
        counting &= ~REASON_BIT(REASON_CLOSED_LOAN);
    }
    reasons &= ~settings.reasons_off;
    bool misdirected = (reasons & counting) != 0;
    return (struct judgement){
            .verdict = misdirected ? VERDICT_MISDIRECTED : VERDICT_CLEAR,
            .reasons = reasons,
            .signals = signal_of_loan(ev) | signal_of_end(ev, &links),
            .other_lender = (reasons & REASON_BIT(REASON_OTHER_TENANT)) != 0
                                    ? facts->parties[0].lender_tag
                                    : 0,
    };
}

struct judgement judge_message(const struct event *ev, enum recipient_kind kind,
        const struct facts *facts, const struct policy *policy)
{
    struct judgement judgement = judge_recipient(ev, kind, facts, policy);
    if (facts->attempt_count > 0 && judgement.verdict != VERDICT_EXEMPT) {
        judge_attempts(facts, policy, &judgement);
    }
    return judgement;
}

// The rate that misdirected messages have when nothing is wrong: learnt for each campaign, vendor
// and tenant and for all together, and turned into a level of the ladder (detection.md §3.5).
// Integers only, log time passed in: the same messages give the same levels anywhere. One baseline
// a tally partition ("all together" is that partition); one thread.
//
// Words
//   chain     a message's campaign, vendor and tenant, narrowest first, each may be SCOPE_NONE; all
//             together stand behind every chain. Templates and senders learn nothing.
//   learner   what one of them has learnt (learner.h). Vendors and tenants have one from the start,
//             a campaign once 1,000 of its messages were noted: small ones cost four bytes each.
//   block     at least 1,000 messages, collected by the narrowest learner of their chain. Of fewer
//             the winsorising bound would cut healthy ones (at 50 messages it is 2, and one healthy
//             block in 400 has more), more would be lost to one short excursion, and a level may
//             change no more often anyway.
//   clean     a block is clean for a scope when neither it nor any narrower scope of the chain was
//             in excursion at any time in it. Those that it is clean for learn it, each once, none
//             through another: a poisoned campaign does not teach its vendor, and a vendor in
//             excursion teaches no tenant.
//
// Invariants (cited by tests)
//   L1  A level depends on messages noted before it was asked for, never on those it is for.
//   L2  A scope's level changes only when it has taken a clean block since it last did, and, of a
//       message's narrowest scope, only while the caller says that its bank is quiet: an excursion
//       has one level. A campaign without learner keeps the level that it was born with: its
//       parent's.
//   L3  It rises one step of the ladder (19 %) at a time, and only when 100,000 clean messages and
//       one day of log time have gone by since it last rose, or since its learner was born. It
//       falls freely.
//   L4  It moves towards the least step at or above 1.25 (p + 1.64 sqrt(p / (n + weight))) within
//       floor, ceiling and twice the parent's 30-day rate; p = (k + weight * the parent's p) /
//       (n + weight), up to the prior. All together, and a scope whose rate was told, have for
//       this their own 30-day rate as parent.
//   L5  From the alarm's change point on nothing is learnt (baseline_spoil, then excursion bits).
//
// The first days: 30-day rates start at the prior, worth a week, so the ceiling is 2 * prior on the
// first day and lets through, day by day, a little more than L3 does: it strangles no fresh system,
// and binds on slow ramps from the second week on. A vendor whose honest rate is far above what
// it starts with is in excursion from its first messages, hence never learnt: its alarms tell a
// person, who tells us (baseline_tell).
#pragma once

#include "common/archive.h"
#include "common/err.h"
#include "detect/bank.h"
#include "state/scopes.h"

enum baseline_place {
    BASELINE_CAMPAIGN,
    BASELINE_VENDOR,
    BASELINE_TENANT,
    BASELINE_PLACE_COUNT,
};

struct baseline_chain {
    int32_t scopes[BASELINE_PLACE_COUNT]; // by place; SCOPE_NONE where absent
};

struct baseline_options {
    uint32_t prior_rate_millionths;
    uint32_t floor_millionths;
    uint32_t ceiling_millionths;
    uint32_t weight; // of a parent's rate, in messages; above 0
};
// 0.5 %, 0.05 %, 3 %, 20,000.
extern const struct baseline_options baseline_defaults;

struct baseline;

MUST_CHECK enum err baseline_create(
        struct baseline **ret_baseline, const struct baseline_options *options);
void baseline_destroy(struct baseline *baseline);

// The level of a scope of which, and of whose parents, nothing is known: the prior's (L4).
unsigned baseline_cold_level(const struct baseline_options *options);
// Asks for what is kept of a scope, ahead of its use: the second for what the first finds.
void baseline_prefetch_slot(const struct baseline *baseline, int32_t scope);
void baseline_prefetch_learner(const struct baseline *baseline, int32_t scope);
// The level for messages of a chain that are about to be counted. `quiet`: every statistic of the
// chain's narrowest scope is 0.
MUST_CHECK enum err baseline_level(struct baseline *baseline, const struct baseline_chain *chain,
        int64_t log_time_ms, bool quiet, unsigned *ret_level);
// Messages of a chain that have been counted: good + fresh + guarded, and fresh + guarded.
// `excursions` has bit 1 << place set for each scope of the chain that now is in excursion
// (baseline_sees_excursion) or has an open incident. Messages of held scopes are not noted.
MUST_CHECK enum err baseline_note(struct baseline *baseline, const struct baseline_chain *chain,
        uint32_t judged, uint32_t misdirected, unsigned excursions, int64_t log_time_ms);
// Above 4 nats at the leak node or 6 at an acute one.
bool baseline_sees_excursion(const struct bank *bank);

// A person says what the usual rate of a chain's narrowest scope is (of a new vendor, say): what it
// has learnt is forgotten, and from now on it leans on its own 30-day rate, which starts there and
// is worth a week, instead of on its parent. Its level follows at once (L3 does not bind people).
MUST_CHECK enum err baseline_tell(struct baseline *baseline, const struct baseline_chain *chain,
        uint32_t rate_millionths, int64_t log_time_ms);

// At an alarm: what the scope has collected and not learnt yet is thrown away.
void baseline_spoil(struct baseline *baseline, int32_t scope);
// Forgets a scope: its number may be given to another.
void baseline_drop(struct baseline *baseline, int32_t scope);
// True once when a scope's rate is above twice its 30-day rate; again only after it has been below
// 1.5 times.
bool baseline_moved(struct baseline *baseline, int32_t scope);

// What is known of the narrowest learner of a chain, for alerts, reports and tests.
struct baseline_estimate {
    int64_t rate_ppb;  // p
    int64_t upper_ppb; // 1.25 (p + 1.64 sqrt(p / (n + weight))), before floor and ceilings
    int64_t slow_ppb;  // its 30-day rate
    uint32_t judged;   // n, after forgetting
};
struct baseline_estimate baseline_estimate(
        const struct baseline *baseline, const struct baseline_chain *chain);
// Learners in use, "all together" among them.
uint32_t baseline_learners(const struct baseline *baseline);

// Saves what is learnt, or restores it into a new baseline. `scopes_end`: scopes are below it.
void baseline_archive(struct archive *archive, struct baseline *baseline, uint32_t scopes_end);

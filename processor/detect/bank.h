// The detector of one scope: a bank of five one-sided CUSUM statistics, in micro-nats (detection.md
// §3.3).
//
// For node j, each healthy message takes D_j off, each misdirected one adds U_j, and the statistic
// W_j never falls below
// 0. While W_j > 0 it is the log-likelihood ratio of "since the change point, the rate has been q_j" against "it has
// been p0 all along". An alarm is W_j >= h_j = ln(A / w_j).
//
// Invariants (cited by tests):
//   B1  0 <= W_j <= cap; all of it is integer.
//   B2  A batch is one step by its net: order inside it cannot matter, and no peak inside it is looked at
//       (detection.md §2.6: any other rule breaks the guarantee). Its parts may have different baselines.
//   B3  judged, misdirected and guarded of a node count from its change point: the first misdirected message of the
//       first batch that lifted W_j off 0. A node that is back at 0 has no counts. By one level: W_j = k U - (n - k) D.
//       With a start credit they count from the scope's first message, and W_j = credit + k U - (n - k) D while it has
//       not been 0.
//       The first one may have been cleared since (bank_take_back): the counts are from there all the same.
//   B4  Only a batch with a misdirected message can raise a tier.
//   B5  The counts of a node stop at 2^32 - 1; misdirected <= judged always.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/archive.h"
#include "detect/tables.h"
#include "model/scope.h"

struct bank_node {
    int64_t w_nat6;
    uint32_t start; // the entry at the change point, by its handle in state/recent.h
    uint32_t judged;
    uint32_t misdirected;
    uint32_t guarded; // of the misdirected
};

struct bank {
    struct bank_node nodes[NODE_COUNT];
    int32_t credit_nat6;
    uint8_t credited; // bit a node: the credit is in its statistic
    uint8_t waiting;  // bit a node: credited, and no misdirected message has come yet
};

// What a batch moves: the sum of its parts, each by its own steps.
struct bank_change {
    int64_t net_nat6[NODE_COUNT];
    uint64_t good;
    uint64_t fresh;
    uint64_t guarded;
    uint32_t first; // entry of the first misdirected one
};

struct bank_batch {
    uint32_t good;
    uint32_t fresh;   // misdirected, counting in full
    uint32_t guarded; // misdirected, right behind another
    uint32_t first;   // entry of the first misdirected one
};

// What the bank says after a batch.
struct bank_reading {
    enum tier tier;     // the highest whose threshold is reached; TIER_NONE
    unsigned node;      // the node that is furthest above its threshold for that tier
    enum budget budget; // of that tier
};

// Adds good, fresh and guarded messages that go by `steps` to a change.
void bank_change_add(
        struct bank_change *change, const struct bank_batch *part, const struct step_table *steps);
// Applies a change, as one batch (B2). Returns a bit set of the nodes whose change point it is.
unsigned bank_apply(struct bank *bank, const struct bank_change *change);
// The same of a change without misdirected messages. How many change points it ends, and which.
unsigned bank_pass(
        struct bank *bank, const struct bank_change *change, uint32_t ret_ended[NODE_COUNT]);
// A message that was taken for misdirected turns out to be healthy (a late clearance, design §5). Of the
// nodes of bit set `nodes`, whose counts it is in,
//     W_j <- max(0, W_j - S_j - D_j),
// S_j being what it added then: U_j, U'_j where it was guarded, 0 where its recipient had been met and
// it did not count at all; and D_j what a healthy message takes off. By B3 that is what the counts make
// with one misdirected message less and as many judged (one more where it had not counted). `was` has
// its one message, or none; `steps` are those that it went by.
//
// It is no replay of the log without it: a statistic that would have stayed at 0 for a while has paid
// for healthy messages meanwhile, and a message right behind it has been guarded. Both leave it lower
// than a replay would, and never above what it was.
void bank_take_back(struct bank *bank, const struct bank_batch *was, const struct step_table *steps,
        unsigned nodes);
// The steps of a level. `guard` off: guarded ones count in full.
struct step_table bank_steps(unsigned level, bool guard);
// Fast initial response (detection.md §3.7): the acute statistics of a new scope begin at ln r
// instead of 0. Only on a bank that has met no message.
void bank_give_credit(struct bank *bank, int32_t credit_nat6);
// ln of min(planned_size / 10, 1000), rounded down; 0 below 1,000 planned messages.
int32_t bank_credit_of_size(int64_t planned_size);
// What a node's counts would make by other steps: W_j for one level, had it never been cut at 0 or
// at the cap.
int64_t bank_ratio_by(const struct bank *bank, unsigned node, const struct step_table *steps);
// Whether every statistic is 0.
bool bank_is_quiet(const struct bank *bank);
// Applies a batch at a baseline level. `guard` off: guarded ones count in full. Returns a bit set
// of the nodes whose change point is this batch.
unsigned bank_step(struct bank *bank, const struct bank_batch *batch, unsigned level, bool guard);
// The same by any steps: how calibration and tests use baselines that are not on the ladder.
unsigned bank_step_by(
        struct bank *bank, const struct bank_batch *batch, const struct step_table *steps);
// The budgets of the tiers. Notice 1e6 and alert 1e7 of any node, stop 1e10; quarantine as the
// policy has it. A campaign's quarantine has A, or 1.1 A when it began with credit, so that it costs
// no more than any other: (N + r) / 1.1 A <= N / A; template, sender, vendor and tenant have 4 A each, so that
// the sum of 1/A over the five kinds is 2 / A: 1e-8 for the A of 2e8 (detection.md §3.1).
struct bank_rules {
    enum budget quarantine[SCOPE_KIND_COUNT];
};

// The campaign budgets that may be asked for, from the smallest: 1e6, 1e7, 1e8, 2e8, 1e9.
// policy_budget_names has their names.
enum { BANK_RULES_COUNT = 5, BANK_RULES_2E8 = 3 };
struct bank_rules bank_rules_of(unsigned index, bool credited);
// On probation (decide/decide_release.h), with credit or without: a hundredth of each, so that the
// second alarm of a scope that was held wants 4.6 nats less.
struct bank_rules bank_rules_of_probation(unsigned index);
// The sum of 1/A over the kinds, times 1e15: false quarantines in 1e15 healthy messages at most. Of
// credited campaigns, the credit is in it as a tenth more messages than there are.
int64_t bank_rules_sum_e15(const struct bank_rules *rules, bool credited);

// What it says, with no tier above `highest`.
struct bank_reading bank_read(const struct bank *bank, const struct bank_rules *rules,
        enum scope_kind kind, enum tier highest);
// Whether a restored one's numbers can have come about: what is read goes by that.
bool bank_can_be(const struct bank *bank);
// Whether every statistic is below half of notice's threshold.
bool bank_is_calm(const struct bank *bank);
// Takes off what a narrower scope explains, statistics and counts: `share_num / share_den` of its
// statistics, not below 0.
void bank_subtract(
        struct bank *bank, const struct bank *child, uint32_t share_num, uint32_t share_den);

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
//       (detection.md §2.6: any other rule breaks the guarantee).
//   B3  judged, misdirected and guarded of a node count from its change point: the first misdirected message of the
//       first batch that lifted W_j off 0. One message a batch, one level: W_j = k U - (n - k) D.
//   B4  Only a batch with a misdirected message can raise a tier.
//   B5  The counts of a node stop at 2^32 - 1; misdirected <= judged always.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detect/tables.h"
#include "model/scope.h"

struct bank_node {
    int64_t w_nat6;
    uint64_t start_serial; // of the entry at the change point
    uint32_t judged;
    uint32_t misdirected;
    uint32_t guarded; // of the misdirected
};

struct bank {
    struct bank_node nodes[NODE_COUNT];
};

struct bank_batch {
    uint32_t good;
    uint32_t fresh;        // misdirected, counting in full
    uint32_t guarded;      // misdirected, right behind another
    uint64_t first_serial; // of the first misdirected one
};

// What the bank says after a batch.
struct bank_reading {
    enum tier tier;     // the highest whose threshold is reached; TIER_NONE
    unsigned node;      // the node that is furthest above its threshold for that tier
    enum budget budget; // of that tier
};

// Applies a batch at a baseline level. `guard` off: guarded ones count in full. Returns a bit set
// of the nodes whose change point is this batch.
unsigned bank_step(struct bank *bank, const struct bank_batch *batch, unsigned level, bool guard);
// The same by any steps: how calibration and tests use baselines that are not on the ladder.
unsigned bank_step_by(
        struct bank *bank, const struct bank_batch *batch, const struct step_table *steps);
// What it says, with no tier above `highest`.
struct bank_reading bank_read(const struct bank *bank, enum scope_kind kind, enum tier highest);
// Whether every statistic is below half of notice's threshold.
bool bank_is_calm(const struct bank *bank);
// Takes off what a narrower scope explains, statistics and counts: `share_num / share_den` of its
// statistics, not below 0.
void bank_subtract(
        struct bank *bank, const struct bank *child, uint32_t share_num, uint32_t share_den);

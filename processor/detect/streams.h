// Evidence beside the verdicts: six streams of hits and misses a scope, which raise notices and
// alerts and hold nothing. Pure, integer only.
//
// Each stream is two one-sided Bernoulli CUSUMs with the net rule of detect/bank.h: a batch of n
// messages, k of them hits, moves W to max(0, W + k U - (n - k) D), U = ln(q / p0),
// D = -ln((1 - q) / (1 - p0)), q = max(30 %, 3 p0) and 95 %; a tier is reached at W >= ln(A / 0.5),
// A = 1e6 for a notice, 1e7 for an alert. In milli-nats, U rounded down, D and the thresholds up
// (streams.inc, by generate_tables.py): with D >= 0.25 nats that costs less than 0.5 % of a step.
//
// Invariants (cited by tests):
//   S1  0 <= W <= the alert's threshold + 10 nats.
//   S2  W of node 95 never exceeds U95 / U30 times W of node 30. So the excursion of node 30 holds that of
//       node 95, and one pair of counts a stream serves: n and k since node 30 left 0.
//   S3  One batch at a time, one level: W of node 30 = k U - (n - k) D until the cap.
//   S4  n and k stop together, so that k / n stays a rate.
//   S5  A batch without hits raises nothing.
//
// What p0 promises: while the chance of a hit, whatever came before, is at most p0, a stream of one
// scope raises at most one false notice in 1e6 messages on average and one false alert in 1e7; six
// streams: six each. A message belongs to five scopes at most: 30 notices in 1e6, 30 alerts in 1e7
// over all kinds. These are bounds. Measured by tests/unit/test_streams.c: at exactly p0 0.03 to
// 0.25 notices in 1e6 and 0 to 0.03 alerts in 1e6; at half of p0 2 notices in 1e8 for other_tenant,
// none for the others, no alert. None of it is taken from the budget of quarantine, which
// misdirected evidence has for itself.
//
// p0 is therefore no estimate of the healthy rate but a bound that healthy traffic stays under. By
// default, and why:
//   walking          10 %   Only misdirected messages hit: a lender's customers may come in the order of their
//                           numbers, and close together, with nothing wrong. Real walking meets strangers nearly
//                           always: 7 in a row for a notice, 8 for an alert. In a topic of P partitions a walked list
//                           is dealt out, and hits with 1 - (1 - 1/P)^20: 72 % at 16, 27 % at 64.
//   repeated          5 %   Only misdirected messages hit, to a recipient whom the narrowest scope has met within
//                           24 hours: they count once for the verdict, so this is who sees that one stranger is
//                           flooded. How often a customer may be written to is a rule of its own, no statistic.
//                           Retries come in clumps: notice and alert want 10 and 20 hits too.
//   closed_recently   5 %   Lists are a day old; of those who are a few days late 2 to 5 % a day pay.
//   reassigned        1 %   About 5 % of numbers change hands a year; a lender's own data lag by weeks.
//   invalid           2 %   Numbers are verified when the loan is made; a shifted column hits nearly always.
//   other_tenant    0.5 %   One lender's list holding people of another's only is never routine.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/archive.h"
#include "model/delta.h"
#include "model/stream.h"

enum { STREAM_LEVEL_COUNT = 8, STREAM_NODE_COUNT = 2 };

// p0 of each stream as a level: 0.1, 0.2, 0.5, 1, 2, 5, 10, 20 %.
struct stream_levels {
    uint8_t level[STREAM_COUNT];
};

struct stream_levels stream_levels_default(void);
// The levels of rates such as a policy's (policy.stream_rate_millionths).
struct stream_levels stream_levels_of(const uint32_t rates_millionths[STREAM_COUNT]);
// The level whose p0 is the least not below `rate_millionths`; the highest when there is none.
uint8_t stream_level_up(uint32_t rate_millionths);
uint32_t stream_level_millionths(unsigned level);

// The state of a scope. All zero = nothing to remember.
struct streams {
    uint32_t judged[STREAM_COUNT]; // messages since node 30 left 0
    uint16_t hits[STREAM_COUNT];   // of them
    uint16_t w_nat3[STREAM_COUNT][STREAM_NODE_COUNT];
};
_Static_assert(sizeof(struct streams) <= 64, "a scope has room for 64 bytes of streams");

struct stream_batch {
    uint32_t judged[STREAM_COUNT];
    uint32_t hits[STREAM_COUNT]; // <= judged
};

// Adds what a leaf has grown by, as the list above says. An invalid number is never judged, so that
// unknown ones count there; of reasons, those that exempt messages may have had are left out. What
// was taken back (a chunk judged again) counts as none, and hits above the messages as all of them. A
// message is no hit of a stream that is not in `sources`: so a statistic that rose before a policy turned
// the stream off comes down again.
void stream_batch_add(
        struct stream_batch *batch, const struct leaf_delta *leaf, source_set sources);
// Whether it may add a hit.
bool stream_leaf_has_hits(const struct leaf_delta *leaf);
bool stream_batch_has_hits(const struct stream_batch *batch);

void streams_step(struct streams *streams, const struct stream_batch *batch,
        const struct stream_levels *levels);
// Whether all of it is zero: the state need not be kept.
bool streams_are_quiet(const struct streams *streams);
// Whether every statistic of `sources` is below half of a notice's threshold.
bool streams_are_calm(const struct streams *streams, source_set sources);

// What they say: the stream of the highest tier, of these the one furthest above its threshold.
struct stream_reading {
    enum tier tier; // TIER_NONE, TIER_NOTICE or TIER_ALERT
    enum evidence_stream stream;
    unsigned node;           // 0 = q of max(30 %, 3 p0), 1 = 95 %
    int64_t w_nat6;          // micro-nats, like all evidence
    int64_t threshold_nat6;  // of that tier
    int64_t budget_messages; // A of that tier
    uint32_t judged;         // since the change point (S2)
    uint32_t hits;
};

// Of several streams, those of `sources`.
struct stream_reading streams_read(const struct streams *streams, source_set sources);
struct stream_reading streams_read_one(const struct streams *streams, enum evidence_stream stream);
// Saves or restores them.
void streams_archive(struct archive *archive, struct streams *streams);

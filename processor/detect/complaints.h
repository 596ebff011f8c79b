// Complaints of a scope against the messages that it has sent: Poisson evidence with exposure
// (detection.md §5). Raises notices and alerts, and holds nothing. Pure, integer only.
//
// Two nodes, for complaints at 3 and at 10 times the usual rate l0 a message. For factor c a
// message takes (c - 1) l0 off its balance, a complaint adds ln c. A CUSUM would stop at 0 below.
// But complaints come minutes to days after the messages that they are about, when a campaign has
// long ended and nothing is left to set against them. So the balance may fall below 0, and that
// credit fades with a half-life of 24 hours of log time; above 0 nothing fades, and the balance is
// the statistic W of a CUSUM whose floor is forgotten slowly. It never exceeds that CUSUM's, so that
// whatever the delays,
//
//   E[complaints to a false alarm] >= A        notice: A = 1e6, alert: A = 1e7, h = ln(A / 0.5),
//
// while complaints come no more often than l0 for each message and, at that very rate, 15 hours
// after it on average at most (simulated: no notice in 128,000 complaints; at 24 hours a campaign of
// 200,000 has one in seven). A = 1e6 complaints are 2e9 messages at the default l0 of one in 2,000.
//
// Invariants (cited by tests):
//   P1  Each person counts once among the last 16 (the tag): nobody raises an alarm alone.
//   P2  balance <= the alert's threshold + 10 nats.
//   P3  Node 10 is above 0 only while node 3 is: one pair of counts serves both.
//
// What that can see: from a scope without history 7 people make a notice, 8 an alert. Behind n
// messages of the last day it takes about 2 n l0 more of them: 100 for 100,000 messages.
// Complaints confirm, late, what verdicts have missed; they are no fast detector.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/archive.h"
#include "model/scope.h"

enum { COMPLAINT_NODE_COUNT = 2, COMPLAINT_TAGS = 16 };

// "complaints_3", "complaints_10": what evidence calls them
extern const char *const complaint_node_names[COMPLAINT_NODE_COUNT];

// Made by complaints_begin. Needed from a scope's first complaint on.
struct complaints {
    int64_t balance_nat6[COMPLAINT_NODE_COUNT];
    int64_t faded_to_ms; // log time
    uint32_t complaints; // since node 3 rose above 0
    uint32_t messages;   // the same
    uint64_t tags[COMPLAINT_TAGS];
    uint32_t tag_count; // ever
};

// Before a scope's first complaint. `messages` are what it has sent so far: when they were is not
// known, so all of it is credit, which is too much rather than too little. A state that is quiet may
// be dropped and begun again with the next complaint.
void complaints_begin(
        struct complaints *state, uint32_t rate_millionths, uint64_t messages, int64_t log_time_ms);
// Messages that were judged, and one complaint about whom `tag` stands for.
void complaints_expose(
        struct complaints *state, uint32_t rate_millionths, uint64_t messages, int64_t log_time_ms);
void complaints_hit(struct complaints *state, uint64_t tag, int64_t log_time_ms);
// Whether nothing speaks against the scope.
bool complaints_are_quiet(const struct complaints *state);

struct complaint_reading {
    enum tier tier; // TIER_NONE, TIER_NOTICE or TIER_ALERT
    unsigned node;
    int64_t w_nat6;
    int64_t threshold_nat6;
    int64_t budget; // A, in complaints
    uint32_t complaints;
    uint32_t messages;
};
struct complaint_reading complaints_read(const struct complaints *state);
// Saves or restores one.
void complaints_archive(struct archive *archive, struct complaints *state);

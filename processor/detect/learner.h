// What one scope has learnt about its own rate of misdirected messages: integers only, 48 bytes.
// The way of a block of clean messages (baseline.h says what a clean block is):
//
//     learner_take                 learner_roll                     learner_roll
//   ───────────────▶  filling  ─────────────────▶  waiting  ─────────────────────────▶  learnt
//                        │                            │                           forgets as it grows
//                        └────── learner_spoil ───────┴──▶ thrown away
//
// A roll is due once `filling` holds STAGE_MESSAGES or STAGE_SECONDS of log time have gone by since
// the last, whichever is first. So a block is learnt one to two stages after it ended: 20,000 to
// 40,000 messages, or one to two hours, and never before the next block asks.
//
// Learnt counts halve every 200,000 learnt messages or seven days, whichever has gone further. The
// slow rate is a mean over log time, not over messages, so that no flood of traffic can hurry it:
// it weighs each hour alike until its memory is 43.3 days long (a half-life of 30 days), and it is
// born with a week of its parent's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/archive.h"

enum {
    BLOCK_MESSAGES = 1000,
    STAGE_MESSAGES = 20000,
    STAGE_SECONDS = 3600,
    DAY_SECONDS = 86400,
};

struct learner_counts {
    uint32_t judged;
    uint32_t misdirected;
};

struct learner {
    uint32_t learnt_judged_q12;      // 1/4096 message
    uint32_t learnt_misdirected_q16; // 1/65536 message
    struct learner_counts filling;
    struct learner_counts waiting;
    uint16_t open_judged; // of the open block
    uint16_t open_misdirected;
    uint32_t rolled_s; // log time, seconds since 2000
    uint32_t risen_s;
    uint32_t slow_s;
    uint32_t slow_ppb;
    uint16_t slow_hours;   // of memory
    uint8_t since_risen_k; // thousands of clean messages, stops at 255
    uint8_t flags;         // baseline.c
};

// A learner that knows nothing; its slow rate is its parent's.
void learner_init(struct learner *learner, uint32_t now_s, uint32_t slow_ppb);

// Adds to the open block; true once it is whole. A count that 16 bits cannot hold is cut.
bool learner_note(struct learner *learner, uint32_t judged, uint32_t misdirected);
// Empties the open block and says what was in it, its misdirected cut to
// n p0 + 3 sqrt(n p0), rounded down: one bad quarter of an hour below every threshold teaches
// little.
struct learner_counts learner_close(struct learner *learner, int64_t p0_ppb);
// Takes a clean block, of its own or of a child; true when a roll is due.
bool learner_take(struct learner *learner, const struct learner_counts *block, uint32_t now_s);
// What waited is learnt; what was filling waits.
void learner_roll(struct learner *learner, uint32_t now_s);
// Throws away what is not learnt yet.
void learner_spoil(struct learner *learner);

// (k + weight * parent) / (n + weight), in parts per billion.
int64_t learner_rate_ppb(const struct learner *learner, int64_t parent_ppb, uint32_t weight);
// n, whole messages.
uint32_t learner_judged(const struct learner *learner);
// Lets the slow rate follow `rate_ppb`: at most one day's worth at a time.
void learner_follow(struct learner *learner, int64_t rate_ppb, uint32_t now_s);

// 0 when `then_s` is ahead.
uint32_t seconds_since(uint32_t then_s, uint32_t now_s);
// The greatest integer whose square is not above `n`; n >= 0.
int64_t integer_sqrt(int64_t n);
// Saves or restores one.
void learner_archive(struct archive *archive, struct learner *learner);

// One bank that is fed messages, in batches of equal size, and asked for an alarm after each batch:
// what both ways of calibrating a bank are made of.
#pragma once

#include "bench/calibrate.h"
#include "bench/exact_steps.h"
#include "bench/random.h"
#include "detect/bank.h"

struct feed {
    const struct calibration *calibration;
    struct exact_steps exact;
    int64_t thresholds[NODE_COUNT];
    struct bank bank;
    struct bank_batch open; // the batch being filled
    uint32_t open_count;
    uint64_t messages; // fed since feed_begin
};

void feed_init(struct feed *feed, const struct calibration *calibration);
// A fresh bank, with the start credit, and an empty batch.
void feed_begin(struct feed *feed);
// Feeds `count` healthy messages, or fewer: none behind the batch of an alarm, which it returns.
bool feed_healthy(struct feed *feed, uint64_t count);
// Feeds one misdirected message, right `behind` another or not; true at an alarm.
bool feed_misdirected(struct feed *feed, bool behind);

// Messages by chance: how many healthy ones come before the next misdirected one.
struct gaps {
    double rate;
    double clump_rho;   // P(misdirected | the one before was); 0 = independent
    double log_healthy; // of a message that follows a healthy one
};

struct gaps gaps_of(double rate, double clump_rho);
// `behind`: the last message was misdirected.
uint64_t gaps_draw(const struct gaps *gaps, struct random *rng, bool behind);

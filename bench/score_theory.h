// What the detector's own bank would need if it knew the healthy rate exactly and started fresh
// with an incident's first message: the theory that a run's delay is laid beside, and that is
// itself laid beside the oracle's (bench/oracle.h).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/exact_steps.h"
#include "detect/bank.h"

// Acute nodes only, one message at a time, no recipient met twice.
struct replica {
    struct exact_steps steps;
    int64_t thresholds[ACUTE_COUNT];
    struct bank bank;
    bool guard;
    bool previous;
    uint32_t serial;
};

// `rho` 0 = no clump guard.
void replica_init(struct replica *replica, double p0, double rho, double budget);
void replica_reset(struct replica *replica);
// True at an alarm.
bool replica_step(struct replica *replica, bool misdirected);

struct replica_delay {
    double mean_misdirected; // NAN when most runs had no alarm
    double p95_misdirected;
    double undetected; // share of the runs
};

// Of some hundred made-up campaigns at rate p1; the same arguments give the same figures.
void replica_measure(struct replica *replica, double p1, struct replica_delay *ret_delay);
// The fewest misdirected messages that raise an alarm: k at p1 = 100 %.
uint32_t replica_least(struct replica *replica);

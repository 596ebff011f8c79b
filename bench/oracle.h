// What the best possible detector would have needed: one that knows the healthy rate p0 and the
// rate p1 of the incident beforehand. Page's CUSUM with the likelihood ratio of p1 against p0 has
// the least worst-case delay of all rules with that mean time between false alarms (Moustakides
// 1986; detection.md §1). Its statistic lives on a lattice, on which mean times are solved exactly;
// the threshold is the least one whose mean time to a false alarm is `budget` messages or more, so
// that nothing is given away to a theorem's slack.
//
// For the bench only: libm and floating point.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct oracle {
    double p0;
    double p1;
    double budget;
    double step_nats; // of the lattice; 0 when p1 is 1
    int64_t up;       // lattice steps up at a misdirected message
    int64_t down;     // and down at a good one; all the way when p1 is 1
    int64_t threshold;
    double false_alarm_messages; // exact mean number of healthy messages to a false alarm
    double mean_misdirected;     // until the alarm, from a fresh start with the first wrong message
    uint32_t p95_misdirected;
};

// The rates between which an oracle can be told: p1 of 1.5 p0 at least.
bool oracle_knows(double p0, double p1);
// oracle_knows(p0, p1) must hold, 0 < p0 < 0.5, 2 <= budget <= 1e12. ERR_NO_MEMORY.
MUST_CHECK enum err oracle_make(struct oracle *ret_oracle, double p0, double p1, double budget);

// The statistic after one more message. It is an alarm when it reaches the threshold.
int64_t oracle_step(const struct oracle *oracle, int64_t statistic, bool misdirected);

// The fewest misdirected messages in a row that any rule with that budget can tell from chance.
uint32_t oracle_impossible_below(double p0, double budget);

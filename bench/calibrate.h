// calibrate: what it was asked, and its three ways of measuring.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum { CALIBRATE_RATE_MAX = 64 };

struct calibration {
    uint64_t seed;
    // of the detector
    double p0; // the baseline that it goes by
    double budget;
    double rho;    // of the clump guard; 0 = off
    double credit; // r of the start credit; 0 = none
    unsigned first_node;
    unsigned end_node;
    uint32_t batch; // messages
    // of the messages
    double true_p0;   // their healthy rate
    double clump_rho; // P(misdirected | the healthy message before was misdirected); 0 = independent
    // delay: campaigns gone wrong
    double p1[CALIBRATE_RATE_MAX];
    size_t rate_count;
    uint64_t runs;
    uint64_t healthy_before; // messages of each
    // false alarms: nothing but healthy messages
    uint64_t healthy;           // how many; 0 = delay
    uint64_t campaign_messages; // in campaigns of so many, each from a fresh bank; 0 = one for good
    // of the whole second half
    bool world;
    uint32_t worlds;
    uint32_t sources;
    const char *config_path; // NULL = the defaults
};

// Each prints its JSON to standard output.
MUST_CHECK enum err calibrate_delay(const struct calibration *calibration);
MUST_CHECK enum err calibrate_healthy(const struct calibration *calibration);
MUST_CHECK enum err calibrate_world(const struct calibration *calibration);

// A file of loader lines, one after another: where replay's memory store and `load` get their data
// from.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "relationship/relationship.h"

enum { FEED_REFUSAL_MAX = 10, FEED_REASON_BYTES = 160 };

struct feed_refusal {
    uint64_t line; // from 1
    char reason[FEED_REASON_BYTES];
};

struct feed_report {
    uint64_t lines; // blank ones too
    uint64_t applied;
    uint64_t refused;
    struct feed_refusal first[FEED_REFUSAL_MAX]; // of the refused
    uint32_t first_count;
};

struct feed {
    const char *path; // "-" = standard input
    const char *default_region;
    // Go on applying behind a refused line. Without it the lines behind are only checked.
    bool skip_bad;
    // Takes one relationship; what it points to is gone when this returns. An error ends the feed.
    enum err (*apply)(void *self, const struct relationship *rel);
    // Called about every second, also while the input has nothing to say. May be NULL. An error
    // ends the feed.
    enum err (*tick)(void *self, const struct feed_report *report);
    void *self;
};

// Reads it all. A byte-order mark at the start and blank lines are skipped. The report is whole in
// every case. ERR_NO_INPUT: cannot be opened; ERR_IO: cannot be read; ERR_DATA: lines were refused
// and skip_bad is not set (those before the first of them were applied); or what apply or tick
// said.
MUST_CHECK enum err feed_run(const struct feed *feed, struct feed_report *ret_report);

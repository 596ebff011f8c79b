// What charts are drawn of: bounded series, however long the run. Where there is no room for every
// point, neighbours are merged and their maxima kept: a peak is never lost.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detect/tables.h"

enum {
    SERIES_POINTS = 400,
    SERIES_BEFORE = 60, // messages kept from before the change point
    BINS_COUNT = 240,
};

// The statistics of one scope, message by message.
struct report_point {
    int64_t message; // counted from the change point, which is 1; of a merged one the last
    int64_t w_nat6[NODE_COUNT];
    uint32_t judged;
    uint32_t misdirected;
};

struct report_series {
    struct report_point before[SERIES_BEFORE]; // a ring, oldest at before_next when it is full
    uint32_t before_count;
    uint32_t before_next;
    struct report_point points[SERIES_POINTS];
    uint32_t count;
    uint32_t merged; // messages a point, a power of two
    int64_t message; // the last one's number
    bool has_begun;  // the change point was passed
    bool has_ended;  // the decision was passed: nothing is added any more
};

// One step, of a message or of all those of a frame.
void series_add(struct report_series *series, const int64_t w_nat6[NODE_COUNT], uint32_t judged,
        uint32_t misdirected);
// The message that comes next is the change point.
void series_begin(struct report_series *series);
// Everything in order, into an array of SERIES_BEFORE + SERIES_POINTS. Returns how many; those from
// before the change point have numbers of 0 and below.
uint32_t series_points(const struct report_series *series, struct report_point *ret_points);

// Counts over time: as many bins as there is room for, as narrow as the times allow.
struct report_bin {
    uint32_t judged;
    uint32_t misdirected;
};

struct report_bins {
    int64_t base_ms;
    int64_t width_ms; // 0 = nothing was added
    struct report_bin at[BINS_COUNT];
};

void bins_add(struct report_bins *bins, int64_t ms, bool misdirected);
// The bins in use: [*ret_from, *ret_to).
void bins_range(const struct report_bins *bins, uint32_t *ret_from, uint32_t *ret_to);

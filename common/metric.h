// Metrics: a room that has some describes them in a table of families and writes their values into a
// page; whoever is asked for them reads all pages meanwhile (common/metric_text.h). A page has one writer,
// and each value is one relaxed atomic: nobody waits for anybody, and no value is torn. Values of one
// moment are not taken together; a histogram's count is the sum of its buckets, so that it always
// agrees with itself.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

// How many of what is stored make one of what the family's name says.
enum { METRIC_ONE = 1, METRIC_MILLI = 1000, METRIC_MICRO = 1000000, METRIC_NANO = 1000000000 };

enum { METRIC_LABELS_MAX = 2, METRIC_BUCKETS_MAX = 24, METRIC_CONSTANTS_MAX = 3 };

// A label and the values that it may have. Without names its values are the numbers from 0 to below
// `count`, and series that were never set are not told.
struct metric_label {
    const char *name; // NULL = there is none
    const char *const *values;
    size_t count;
};

// Upper ends of buckets, rising, in the family's scale; above the last one is +Inf.
struct metric_bounds {
    size_t count;
    int64_t upper[METRIC_BUCKETS_MAX];
};

struct metric_family {
    const char *name; // with its unit; of a counter with _total
    const char *help;
    enum metric_type type;
    int64_t scale;                      // of METRIC_ONE ...; 0 = METRIC_ONE
    bool may_be_absent;                 // not there before it is set first
    const struct metric_bounds *bounds; // of a histogram
    struct metric_label labels[METRIC_LABELS_MAX];
};

struct metric_table {
    const struct metric_family *families;
    size_t count;
};

// 1, 2.5, 5 from 10 µs to 10 s, in nanoseconds; and from 1 ms to 10 minutes, in milliseconds.
extern const struct metric_bounds metric_work_bounds;
extern const struct metric_bounds metric_delay_bounds;

// What the writer observes on its way; published with metric_set_histogram. All zero is a good beginning.
struct metric_histogram {
    uint64_t counts[METRIC_BUCKETS_MAX +
                    1]; // by bucket, not cumulative; the one behind the last is +Inf
    int64_t sum;
};
void metric_observe(
        struct metric_histogram *histogram, const struct metric_bounds *bounds, int64_t value);

// A label that all of a page's series have.
struct metric_constant {
    const char *name;
    const char *value; // borrowed for the page's life
};

struct metric_page;

// The table is borrowed. Counters and gauges begin at 0, or are not there: those of numbered labels and
// those that may be absent.
MUST_CHECK enum err metric_page_create(struct metric_page **ret_page,
        const struct metric_table *table, const struct metric_constant *constants, size_t count);
void metric_page_destroy(struct metric_page *page);

// `family` is its place in the table; `series` that of the label's value, first label × count of the
// second + second. A numbered series above the label's count is left out. The writer's thread.
void metric_set(struct metric_page *page, size_t family, size_t series, int64_t value);
// As one that was never set: a gauge that is not known, a partition that has gone.
void metric_clear(struct metric_page *page, size_t family, size_t series);
void metric_set_histogram(
        struct metric_page *page, size_t family, const struct metric_histogram *histogram);

// Any thread. False when the series is not there.
bool metric_get(const struct metric_page *page, size_t family, size_t series, int64_t *ret_value);
// Of a histogram: `bucket` up to and including bounds->count, not cumulative; and the sum.
uint64_t metric_get_bucket(const struct metric_page *page, size_t family, size_t bucket);
int64_t metric_get_sum(const struct metric_page *page, size_t family);

const struct metric_table *metric_page_table(const struct metric_page *page);
size_t metric_page_constants(
        const struct metric_page *page, const struct metric_constant **ret_constants);
// The place of the family of that name.
bool metric_find(const struct metric_table *table, const char *name, size_t *ret_family);
// How many series a family has at most; 1 of a histogram.
size_t metric_series_count(const struct metric_family *family);

// Small statistics for reports.
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>

// Where a figure is not known.
#define NO_NUMBER ((double)NAN)

// The exact (Garwood) 95 % interval of a Poisson mean of which `count` events were seen.
void poisson_interval(uint64_t count, double ret_interval[2]);

// What describes a list of numbers.
struct spread {
    size_t count; // 0: the others mean nothing
    double mean;
    double median;
    double p95;
    double max;
};
// Sorts `values`; the p-th percentile is the least value that p percent are not above.
struct spread spread_of(double *values, size_t count);

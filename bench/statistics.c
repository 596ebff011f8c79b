#include "bench/statistics.h"

#include <math.h>
#include <stdlib.h>

// P(X <= count) for a Poisson mean, summed from the largest term down so that nothing underflows.
static double poisson_at_most(uint64_t count, double mean)
{
    if (mean <= 0) {
        return 1;
    }
    double term = exp((double)count * log(mean) - mean - lgamma((double)count + 1));
    if (term <= 0 && mean < (double)count) {
        return 1; // too far above the mean for a double
    }
    double sum = 0;
    // Below the mean the terms fall towards 0; above it this is all of them but a rest.
    for (uint64_t k = count;; k--) {
        sum += term;
        if (k == 0 || term < sum * 1e-17) {
            return sum < 1 ? sum : 1;
        }
        term *= (double)k / mean;
    }
}

// The mean at which P(X <= count) is `chance`.
static double poisson_mean_for(uint64_t count, double chance)
{
    double low = 0;
    double high = 10 + 2 * (double)count + 10 * sqrt((double)count + 1);
    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        if (poisson_at_most(count, middle) > chance) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (low + high) / 2;
}

void poisson_interval(uint64_t count, double ret_interval[2])
{
    ret_interval[0] = count == 0 ? 0 : poisson_mean_for(count - 1, 0.975);
    ret_interval[1] = poisson_mean_for(count, 0.025);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

struct spread spread_of(double *values, size_t count)
{
    struct spread spread = {.count = count};
    if (count == 0) {
        return spread;
    }
    qsort(values, count, sizeof *values, compare);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    spread.mean = sum / (double)count;
    spread.median = values[(count * 50 + 99) / 100 - 1];
    spread.p95 = values[(count * 95 + 99) / 100 - 1];
    spread.max = values[count - 1];
    return spread;
}

#include "bench/exact_steps.h"

#include <math.h>

static double node_rate(double p0, unsigned node)
{
    static const double fixed[ACUTE_COUNT] = {0.05, 0.13, 0.35, 0.95};
    if (node == NODE_LEAK) {
        return 3 * p0;
    }
    return node == 0 ? fmax(fixed[0], 3 * p0) : fixed[node];
}

void exact_steps_make(struct exact_steps *steps, double p0, double rho)
{
    double behind = fmax(p0, rho);
    for (unsigned j = 0; j < NODE_COUNT; j++) {
        double q = node_rate(p0, j);
        steps->up[j] = (int64_t)floor(1e6 * log(q / p0));
        steps->up_guarded[j] = q > behind ? (int64_t)floor(1e6 * log(q / behind)) : 0;
        steps->down[j] = (int64_t)ceil(-1e6 * log((1 - q) / (1 - p0)));
    }
}

struct step_table exact_steps_table(const struct exact_steps *steps)
{
    return (struct step_table){steps->up, steps->up_guarded, steps->down};
}

int64_t exact_threshold(double budget, unsigned node)
{
    static const double weights[NODE_COUNT] = {0.18, 0.18, 0.20, 0.44, 1};
    return (int64_t)ceil(1e6 * log(budget / weights[node]));
}

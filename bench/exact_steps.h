// The detector's steps and thresholds for any baseline, by the formulas of detect/tables.h with
// libm's logarithm: for calibration, never for the processor, whose constants are tabled.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detect/tables.h"

struct exact_steps {
    int64_t up[NODE_COUNT];
    int64_t up_guarded[NODE_COUNT];
    int64_t down[NODE_COUNT];
};

// 0 < p0 < 0.3. `rho` 0 = no clump guard.
void exact_steps_make(struct exact_steps *steps, double p0, double rho);
struct step_table exact_steps_table(const struct exact_steps *steps);
// h_j = ceil(1e6 ln(budget / w_j)).
int64_t exact_threshold(double budget, unsigned node);

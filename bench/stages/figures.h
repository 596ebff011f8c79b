// Medians of a few runs, and how they are told.
#pragma once

#include <stdio.h>

#include "common/json_out.h"

enum { RUNS = 7 };

// Of seven runs: median with the least and the greatest, a 98 % interval of the median.
struct figure {
    double median;
    double least;
    double most;
};

struct figure figure_of(const double *values, unsigned count); // 1 to RUNS of them
// " | median (least-most)"
void figure_print(const struct figure *figure);
// [median, least, most], to a tenth
void figure_add_json(struct json_out *out, const char *key, const struct figure *figure);
void json_tenths(struct json_out *out, const char *key, double value);

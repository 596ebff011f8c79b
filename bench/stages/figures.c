#include "bench/stages/figures.h"

#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

struct figure figure_of(const double *values, unsigned count)
{
    double sorted[RUNS];
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_size);
    return (struct figure){sorted[count / 2], sorted[0], sorted[count - 1]};
}

void figure_print(const struct figure *figure)
{
    printf(" | %5.0f (%.0f-%.0f)", figure->median, figure->least, figure->most);
}

void json_tenths(struct json_out *out, const char *key, double value)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%.1f", value);
    json_raw(out, key, view_bytes(text, (size_t)n));
}

void figure_add_json(struct json_out *out, const char *key, const struct figure *figure)
{
    json_array(out, key);
    json_tenths(out, NULL, figure->median);
    json_tenths(out, NULL, figure->least);
    json_tenths(out, NULL, figure->most);
    json_array_end(out);
}

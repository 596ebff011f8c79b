// The Jeffreys interval of a rate: the 2.5 % and 97.5 % quantiles of Beta(k + 1/2, n - k + 1/2)
// (Brown, Cai, DasGupta 2001). Computed with additions, multiplications, divisions and
// square-root-free series only, so that every machine gives the same six digits; libm's logarithm
// may differ in the last bit from one release to the next.
#pragma once

#include <stdint.h>

// In millionths, rounded to nearest. 0 <= misdirected <= judged, judged > 0. At k = 0 the lower end
// is 0, at k = n the upper end is 1.
void interval_jeffreys(int64_t misdirected, int64_t judged, int64_t ret_millionths[2]);

#include "detect/interval.h"

#include <stdint.h>
#include <string.h>

static const double LN_2 = 0.69314718055994530942;

// ln x for finite x > 0: x = m 2^e with m in [sqrt 1/2, sqrt 2), ln m = 2 artanh((m - 1) / (m +
// 1)).
static double plain_ln(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7ff) - 1022;
    bits = (bits & 0x000fffffffffffffu) | 0x3fe0000000000000u; // m in [1/2, 1)
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m < 0.70710678118654752440) {
        m *= 2;
        exponent--;
    }
    double z = (m - 1) / (m + 1);
    double square = z * z;
    double power = z;
    double sum = 0;
    for (int k = 1; k < 40; k += 2) {
        sum += power / k;
        power *= square;
    }
    return 2 * sum + exponent * LN_2;
}

// e^x for x in [-700, 700]: x = k ln 2 + r, |r| <= ln 2 / 2.
static double plain_exp(double x)
{
    if (x < -700) {
        return 0;
    }
    int k = (int)(x / LN_2 + (x < 0 ? -0.5 : 0.5));
    double r = x - k * LN_2;
    double term = 1;
    double sum = 1;
    for (int i = 1; i < 24; i++) {
        term *= r / i;
        sum += term;
    }
    for (; k > 0; k--) {
        sum *= 2;
    }
    for (; k < 0; k++) {
        sum /= 2;
    }
    return sum;
}

// ln Gamma(x) for x > 0: shifted up to 10, then Stirling's series.
static double plain_lgamma(double x)
{
    double shift = 0;
    while (x < 10) {
        shift += plain_ln(x);
        x += 1;
    }
    double inverse = 1 / x;
    double square = inverse * inverse;
    double series =
            inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680)));
    return (x - 0.5) * plain_ln(x) - x + 0.91893853320467274178 + series - shift;
}

// The continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22).
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = d < tiny && d > -tiny ? 1 / tiny : 1 / d;
    double h = d;
    for (int m = 1; m < 3000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 + even * d;
        c = 1 + even / c;
        d = 1 / (d < tiny && d > -tiny ? tiny : d);
        c = c < tiny && c > -tiny ? tiny : c;
        h *= d * c;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 + odd * d;
        c = 1 + odd / c;
        d = 1 / (d < tiny && d > -tiny ? tiny : d);
        c = c < tiny && c > -tiny ? tiny : c;
        double step = d * c;
        h *= step;
        if (step - 1 < 1e-14 && step - 1 > -1e-14) {
            break;
        }
    }
    return h;
}

// The regularised incomplete beta function I_x(a, b).
static double beta_cdf(double a, double b, double x)
{
    double front = plain_lgamma(a + b) - plain_lgamma(a) - plain_lgamma(b) + a * plain_ln(x) +
                   b * plain_ln(1 - x);
    if (x < (a + 1) / (a + b + 2)) {
        return plain_exp(front) * beta_fraction(a, b, x) / a;
    }
    return 1 - plain_exp(front) * beta_fraction(b, a, 1 - x) / b;
}

static int64_t beta_quantile_millionths(double a, double b, double target)
{
    double low = 0;
    double high = 1;
    for (int i = 0; i < 50; i++) {
        double middle = (low + high) / 2;
        if (beta_cdf(a, b, middle) < target) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (int64_t)((low + high) / 2 * 1e6 + 0.5);
}

void interval_jeffreys(int64_t misdirected, int64_t judged, int64_t ret_millionths[2])
{
    double a = (double)misdirected + 0.5;
    double b = (double)(judged - misdirected) + 0.5;
    ret_millionths[0] = misdirected == 0 ? 0 : beta_quantile_millionths(a, b, 0.025);
    ret_millionths[1] = misdirected == judged ? 1000000 : beta_quantile_millionths(a, b, 0.975);
}

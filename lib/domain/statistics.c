#include "domain/statistics.h"

#include <assert.h>
#include <math.h>

/* The 97.5th percentile of the standard normal distribution. */
#define Z 1.959963984540054

bool wilson_interval(uint64_t successes, uint64_t trials, struct interval *ret_interval)
{
    assert(successes <= trials);
    if (trials == 0)
        return false;
    double n = (double)trials;
    double p = (double)successes / n;
    double centre = p + Z * Z / (2 * n);
    double half = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
    double scale = 1 + Z * Z / n;
    /* At both ends the formula is exact but rounding is not. */
    *ret_interval = (struct interval){
        .low = successes == 0 ? 0 : (centre - half) / scale,
        .high = successes == trials ? 1 : (centre + half) / scale,
    };
    return true;
}

bool percentile_continuous(const double *sorted, size_t count, double fraction, double *ret_value)
{
    assert(fraction >= 0 && fraction <= 1);
    if (count == 0)
        return false;
    double position = fraction * (double)(count - 1);
    size_t below = (size_t)floor(position);
    size_t above = (size_t)ceil(position);
    double share = position - floor(position);
    *ret_value = sorted[below] + share * (sorted[above] - sorted[below]);
    return true;
}

/* The continued fraction by the modified method of Lentz: converges fast for value < a / (a + b),
 * roughly, else the caller swaps the ends. */
static double beta_fraction(double a, double b, double value)
{
    enum { STEPS_MAX = 100000 };
    static const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * value / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double fraction = d;
    for (int m = 1; m <= STEPS_MAX; m++) {
        const double even = m * (b - m) * value / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * value / ((a + 2 * m) * (a + 2 * m + 1));
        const double terms[] = {even, odd};
        double change = 1;
        for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
            d = 1 + terms[i] * d;
            c = 1 + terms[i] / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            change = d * c;
            fraction *= change;
        }
        if (fabs(change - 1) < 1e-15) {
            break;
        }
    }
    return fraction;
}

double beta_share_below(double a, double b, double value)
{
    assert(a > 0 && b > 0);
    if (value <= 0 || value >= 1) {
        return value <= 0 ? 0 : 1;
    }
    int sign; /* gamma functions of positive numbers are positive */
    const double front = exp(lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) +
                             a * log(value) + b * log1p(-value));
    return value < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, value) / a
                                         : 1 - front * beta_fraction(b, a, 1 - value) / b;
}

double beta_quantile(double a, double b, double share)
{
    assert(share >= 0 && share <= 1);
    double low = 0;
    double high = 1;
    /* Halved until the two are neighbours: between 0 and 1 that ends, small numbers included. */
    for (;;) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) {
            return middle;
        }
        if (beta_share_below(a, b, middle) < share) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

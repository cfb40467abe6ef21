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

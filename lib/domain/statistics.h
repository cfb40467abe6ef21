/*
 * The statistics that reports and the planner need. Pure.
 */
#pragma once

#include "base/base.h"

struct interval {
    double low;
    double high;
};

/* The Wilson score interval of a proportion at 95 %, without continuity correction:
 *
 *     p = successes / trials, z = 1.959963984540054
 *     (p + z²/2n ± z·sqrt(p(1−p)/n + z²/4n²)) / (1 + z²/n)
 *
 * Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
 * Journal of the American Statistical Association 22 (1927) 209–212. With no success low is exactly
 * 0, with nothing but successes high is exactly 1. False when trials is 0: then there is no rate.
 * successes ≤ trials. */
bool wilson_interval(uint64_t successes, uint64_t trials, struct interval *ret_interval) MUSTCHECK;

/* The continuous percentile of `count` values sorted ascending, as PostgreSQL's percentile_cont:
 * with r = fraction·(count−1) the values around r, linearly interpolated. fraction 0…1. False when
 * count is 0. */
bool percentile_continuous(const double *sorted, size_t count, double fraction,
                           double *ret_value) MUSTCHECK;

/* What a beta distribution has below `value` (0…1): the regularised incomplete beta function
 * I_value(a, b); a, b > 0. By its continued fraction: NIST Digital Library of Mathematical
 * Functions, 8.17.22. To about twelve digits. */
double beta_share_below(double a, double b, double value);

/* The value with this share (0…1) of a beta distribution below it. What is believed of a rate after
 * `k` successes in `n` tries is beta-distributed with a = k + ½, b = n − k + ½, when nothing was
 * believed before (H. Jeffreys, Theory of Probability, 1961). */
double beta_quantile(double a, double b, double share);

/*
 * Random numbers of other shapes than even: what a simulation draws. Pure; the generator is the
 * caller's (base/random.h), so the same seed gives the same numbers.
 *
 * All are exact (no table, no cut tail) but for Poisson numbers with a mean above 10⁸, which are
 * rounded normal ones: there the two differ by less than a ten-thousandth of the deviation.
 */
#pragma once

#include "base/random.h"

/* Mean 0, variance 1. The polar method of Marsaglia and Bray (1964). */
double variate_normal(struct random *random);
/* Mean and variance `shape` > 0. Marsaglia and Tsang, "A simple method for generating gamma
 * variables", ACM Transactions on Mathematical Software 26 (2000); below 1 with the boost they
 * give. */
double variate_gamma(struct random *random, double shape);
/* Between 0 and 1 with mean a / (a + b); a, b > 0. */
double variate_beta(struct random *random, double a, double b);
/* A whole number with mean and variance `mean` ≥ 0. W. Hörmann, "The transformed rejection method
 * for generating Poisson random variables", Insurance: Mathematics and Economics 12 (1993). */
double variate_poisson(struct random *random, double mean);
/*
 * How many tries it takes until `successes` of them have succeeded, each with the same chance
 * 0 < rate ≤ 1: the negative binomial distribution, with mean successes / rate. `successes` ≥ 0
 * need not be whole (a goal of 47.3 customers); then it lies between the neighbours' distributions.
 */
double variate_tries(struct random *random, double successes, double rate);

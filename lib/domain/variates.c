#include "domain/variates.h"

#include <assert.h>
#include <math.h>

#define POISSON_SMALL_MEAN 10.0
#define POISSON_LARGE_MEAN 1e8

double variate_normal(struct random *random)
{
    double x;
    double y;
    double square;
    do {
        x = 2 * random_unit(random) - 1;
        y = 2 * random_unit(random) - 1;
        square = x * x + y * y;
    } while (square >= 1 || square == 0);
    return x * sqrt(-2 * log(square) / square);
}

/* Never 0, so that its logarithm is a number. */
static double unit_above_zero(struct random *random)
{
    return 1 - random_unit(random);
}

double variate_gamma(struct random *random, double shape)
{
    assert(shape > 0);
    double boost = 1;
    if (shape < 1) {
        boost = pow(unit_above_zero(random), 1 / shape);
        shape += 1;
    }
    const double d = shape - 1.0 / 3;
    const double c = 1 / (3 * sqrt(d));
    for (;;) {
        const double x = variate_normal(random);
        const double root = 1 + c * x;
        if (root <= 0) {
            continue;
        }
        const double v = root * root * root;
        if (log(unit_above_zero(random)) < x * x / 2 + d - d * v + d * log(v)) {
            return boost * d * v;
        }
    }
}

double variate_beta(struct random *random, double a, double b)
{
    const double x = variate_gamma(random, a);
    const double y = variate_gamma(random, b);
    /* Both vanish only when a and b are tiny: then it is one end or the other, as often as the
     * mean says. */
    return x + y > 0 ? x / (x + y) : random_unit(random) * (a + b) < a ? 1 : 0;
}

/* Multiplying even numbers until they fall below e^-mean. */
static double poisson_small(struct random *random, double mean)
{
    const double limit = exp(-mean);
    double product = unit_above_zero(random);
    double count = 0;
    while (product > limit) {
        product *= unit_above_zero(random);
        count++;
    }
    return count;
}

static double poisson_rejection(struct random *random, double mean)
{
    const double log_mean = log(mean);
    const double b = 0.931 + 2.53 * sqrt(mean);
    const double a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    const double quick = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        const double u = random_unit(random) - 0.5;
        const double v = unit_above_zero(random);
        const double edge = 0.5 - fabs(u);
        const double count = floor((2 * a / edge + b) * u + mean + 0.43);
        if (edge >= 0.07 && v <= quick) {
            return count;
        }
        if (count < 0 || (edge < 0.013 && v > edge)) {
            continue;
        }
        int sign; /* of a gamma function that is positive here */
        if (log(v * inverse_alpha / (a / (edge * edge) + b)) <=
            count * log_mean - mean - lgamma_r(count + 1, &sign)) {
            return count;
        }
    }
}

double variate_poisson(struct random *random, double mean)
{
    assert(mean >= 0);
    if (mean < POISSON_SMALL_MEAN) {
        return poisson_small(random, mean);
    }
    if (mean > POISSON_LARGE_MEAN) {
        return fmax(0, round(mean + sqrt(mean) * variate_normal(random)));
    }
    return poisson_rejection(random, mean);
}

/* The failures before are Poisson numbers whose mean is itself a gamma variate. */
double variate_tries(struct random *random, double successes, double rate)
{
    assert(successes >= 0 && rate > 0 && rate <= 1);
    if (successes == 0 || rate == 1) {
        return successes;
    }
    const double mean = variate_gamma(random, successes) * (1 - rate) / rate;
    return successes + variate_poisson(random, mean);
}

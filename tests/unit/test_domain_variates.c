/*
 * Proves: each generator has the mean and variance that its header promises, over the whole range
 * of its parameters, and Poisson numbers have the very distribution (both ways of making them).
 *
 * The seed is fixed: what is compared are five standard errors, and a test must not fail by luck.
 */
#include "testing.h"

#include <math.h>

#include "domain/variates.h"

enum { DRAWS = 40000, SEED = 20120703 };

struct moments {
    double mean;
    double variance;
};

/* Within five standard errors; that of a variance is taken from the draws' own fourth moment. */
static void assert_moments(const double *drawn, size_t count, struct moments wanted,
                           const char *what, double parameter)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += drawn[i] - wanted.mean;
    }
    const double n = (double)count;
    const double off = sum / n;
    double squares = 0;
    double fourths = 0;
    for (size_t i = 0; i < count; i++) {
        const double square = pow(drawn[i] - wanted.mean, 2);
        squares += square;
        fourths += square * square;
    }
    const double variance = squares / n;
    const double spread = sqrt(fmax(fourths / n - variance * variance, 0) / n);
    if (fabs(off) > 5 * sqrt(wanted.variance / n) + 1e-12) {
        fail_msg("%s %g: the mean is off by %g", what, parameter, off);
    }
    if (fabs(variance - wanted.variance) > 5 * spread + 1e-12) {
        fail_msg("%s %g: the variance is %g, not %g", what, parameter, variance, wanted.variance);
    }
}

static double drawn[DRAWS];

static void test_normal(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, SEED);
    for (size_t i = 0; i < DRAWS; i++) {
        drawn[i] = variate_normal(&random);
    }
    assert_moments(drawn, DRAWS, (struct moments){0, 1}, "normal", 0);
}

static void test_gamma(void **state)
{
    (void)state;
    static const double shapes[] = {0.05, 0.5, 1, 2.5, 40, 1e4, 1e9};
    struct random random;
    random_init(&random, SEED);
    for (size_t s = 0; s < ARRAY_LEN(shapes); s++) {
        for (size_t i = 0; i < DRAWS; i++) {
            drawn[i] = variate_gamma(&random, shapes[s]);
            assert_true(drawn[i] >= 0);
        }
        assert_moments(drawn, DRAWS, (struct moments){shapes[s], shapes[s]}, "gamma", shapes[s]);
    }
}

static void test_beta(void **state)
{
    (void)state;
    static const double parameters[][2] = {
        {0.5,  0.5  },
        {0.5,  200.5},
        {1,    1    },
        {30.5, 71.5 },
        {900,  3    }
    };
    struct random random;
    random_init(&random, SEED);
    for (size_t p = 0; p < ARRAY_LEN(parameters); p++) {
        const double a = parameters[p][0];
        const double b = parameters[p][1];
        for (size_t i = 0; i < DRAWS; i++) {
            drawn[i] = variate_beta(&random, a, b);
            assert_true(drawn[i] >= 0 && drawn[i] <= 1);
        }
        const double mean = a / (a + b);
        assert_moments(drawn, DRAWS, (struct moments){mean, mean * (1 - mean) / (a + b + 1)},
                       "beta", a);
    }
}

static void test_poisson_moments(void **state)
{
    (void)state;
    static const double means[] = {0, 0.01, 3, 9.99, 10, 47.3, 1e4, 9e7, 1e10};
    struct random random;
    random_init(&random, SEED);
    for (size_t m = 0; m < ARRAY_LEN(means); m++) {
        for (size_t i = 0; i < DRAWS; i++) {
            drawn[i] = variate_poisson(&random, means[m]);
            assert_true(drawn[i] >= 0 && drawn[i] == floor(drawn[i]));
        }
        assert_moments(drawn, DRAWS, (struct moments){means[m], means[m]}, "poisson", means[m]);
    }
}

/* Each count as often as e^-m · m^k / k! says, by Pearson's test. */
static void test_poisson_distribution(void **state)
{
    (void)state;
    static const double means[] = {4, 15};
    enum { COUNTS = 30 };
    struct random random;
    random_init(&random, SEED);
    for (size_t m = 0; m < ARRAY_LEN(means); m++) {
        double seen[COUNTS + 1] = {0};
        for (size_t i = 0; i < DRAWS; i++) {
            const double count = variate_poisson(&random, means[m]);
            seen[count < COUNTS ? (size_t)count : COUNTS]++;
        }
        double share = exp(-means[m]);
        double rest = 1;
        double chi_square = 0;
        double degrees = -1;
        for (size_t k = 0; k < COUNTS; k++) {
            const double wanted = share * DRAWS;
            if (wanted >= 5) {
                chi_square += pow(seen[k] - wanted, 2) / wanted;
                degrees++;
            }
            rest -= share;
            share *= means[m] / (double)(k + 1);
        }
        assert_true(rest > -1e-12);
        /* Mean and variance of chi-square are its degrees and twice that. */
        assert_true(chi_square < degrees + 5 * sqrt(2 * degrees));
    }
}

static void test_tries(void **state)
{
    (void)state;
    static const double parameters[][2] = {
        {1,    0.5 },
        {7,    0.05},
        {47.3, 0.25},
        {3200, 0.3 },
        {2,    1   }
    };
    struct random random;
    random_init(&random, SEED);
    for (size_t p = 0; p < ARRAY_LEN(parameters); p++) {
        const double successes = parameters[p][0];
        const double rate = parameters[p][1];
        for (size_t i = 0; i < DRAWS; i++) {
            drawn[i] = variate_tries(&random, successes, rate);
            assert_true(drawn[i] >= successes);
        }
        assert_moments(drawn, DRAWS,
                       (struct moments){successes / rate, successes * (1 - rate) / (rate * rate)},
                       "tries", successes);
    }
    assert_true(variate_tries(&random, 0, 0.5) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_gamma),
        cmocka_unit_test(test_beta),
        cmocka_unit_test(test_poisson_moments),
        cmocka_unit_test(test_poisson_distribution),
        cmocka_unit_test(test_tries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

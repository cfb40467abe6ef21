/*
 * Proves: the Wilson interval agrees with values computed to fifty digits elsewhere and with its
 * definition (its bounds are where the score test just rejects); the continuous percentile agrees
 * with PostgreSQL's percentile_cont; quantiles of beta distributions agree with those that have a
 * closed form, and undo the share below them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/statistics.h"

static void assert_near(double actual, double expected)
{
    if (!(fabs(actual - expected) <= 1e-14))
        fail_msg("%.17g is not %.17g", actual, expected);
}

static void test_wilson_known_values(void **state)
{
    (void)state;
    static const struct {
        uint64_t successes, trials;
        double low, high;
    } known[] = {
        {8,      10,      0.49016247153664174005, 0.94331784854562473724},
        {5,      20,      0.11186170140766566688, 0.46870087761874401045},
        {1,      1,       0.20654931437723742736, 1                     },
        {0,      1,       0,                      0.79345068562276257264},
        {195,    1586,    0.10769449118606485189, 0.14002924040716971948},
        {1,      1000000, 0.00000017652457674537, 0.00000566491180431144},
        {999999, 1000000, 0.99999433508819568856, 0.99999982347542325463},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct interval interval;
        assert_true(wilson_interval(known[i].successes, known[i].trials, &interval));
        assert_near(interval.low, known[i].low);
        assert_near(interval.high, known[i].high);
    }
}

static void test_wilson_is_exact_at_the_ends(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 2000; n += 7) {
        struct interval none, all;
        assert_true(wilson_interval(0, n, &none));
        assert_true(wilson_interval(n, n, &all));
        assert_true(none.low == 0 && none.high > 0 && none.high < 1);
        assert_true(all.high == 1 && all.low > 0 && all.low < 1);
        assert_near(none.high, 1 - all.low);
    }
    struct interval interval;
    assert_false(wilson_interval(0, 0, &interval));
}

/* The bounds are the p with |successes/n − p| = z·sqrt(p(1−p)/n). */
static void test_wilson_bounds_solve_the_score_equation(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 400; n += 13)
        for (uint64_t k = 0; k <= n; k++) {
            struct interval interval;
            assert_true(wilson_interval(k, n, &interval));
            double p = (double)k / (double)n;
            assert_true(interval.low <= p && p <= interval.high);
            double bounds[] = {interval.low, interval.high};
            for (size_t i = 0; i < 2; i++) {
                double deviation = sqrt(bounds[i] * (1 - bounds[i]) / (double)n);
                if (bounds[i] > 0 && bounds[i] < 1)
                    assert_near(fabs(p - bounds[i]), 1.959963984540054 * deviation);
            }
        }
}

static void assert_percentile(const double *sorted, size_t count, double fraction, double expected)
{
    double value;
    assert_true(percentile_continuous(sorted, count, fraction, &value));
    assert_near(value, expected);
}

static void test_percentile(void **state)
{
    (void)state;
    static const double four[] = {1, 2, 3, 10};
    assert_percentile(four, 4, 0.5, 2.5);
    assert_percentile(four, 4, 0, 1);
    assert_percentile(four, 4, 1, 10);
    assert_percentile(four, 4, 0.25, 1.75);
    assert_percentile(four, 4, 0.9, 7.9);
    assert_percentile(four, 3, 0.5, 2);
    assert_percentile(four, 2, 0.5, 1.5);
    assert_percentile(four, 1, 0.9, 1);
    static const double spread[] = {-5, -1, 0, 0, 0.5, 100, 1000};
    assert_percentile(spread, 7, 0.5, 0);
    assert_percentile(spread, 7, 0.75, 50.25);
    double value;
    assert_false(percentile_continuous(four, 0, 0.5, &value));
}

/* Of Beta(1, b) and Beta(a, 1) the share below is 1 − (1 − x)^b and x^a; of Beta(½, ½), the
 * arcsine distribution, 2/π·asin(√x); Beta(2, 2) has 3x² − 2x³. */
static void test_beta_closed_forms(void **state)
{
    (void)state;
    for (double x = 0.01; x < 1; x += 0.07) {
        assert_near(beta_share_below(1, 1, x), x);
        assert_near(beta_share_below(1, 7.5, x), 1 - pow(1 - x, 7.5));
        assert_near(beta_share_below(4, 1, x), pow(x, 4));
        assert_near(beta_share_below(0.5, 0.5, x), asin(sqrt(x)) / acos(0));
        assert_near(beta_share_below(2, 2, x), 3 * x * x - 2 * x * x * x);
    }
    assert_true(beta_share_below(3, 4, 0) == 0 && beta_share_below(3, 4, 1) == 1);
}

static void test_beta_quantile_undoes_the_share(void **state)
{
    (void)state;
    static const double parameters[][2] = {
        {0.5,   0.5   },
        {0.5,   8000.5},
        {842.5, 7158.5},
        {7.5,   133.5 },
        {30,    2     },
        {1e6,   3e6   }
    };
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        const double a = parameters[i][0];
        const double b = parameters[i][1];
        double before = 0;
        for (double share = 0.05; share < 1; share += 0.15) {
            const double value = beta_quantile(a, b, share);
            assert_true(value > before && value < 1);
            if (!(fabs(beta_share_below(a, b, value) - share) < 1e-9))
                fail_msg("of beta(%g, %g) %g is below %g", a, b, beta_share_below(a, b, value),
                         value);
            before = value;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wilson_known_values),
        cmocka_unit_test(test_wilson_is_exact_at_the_ends),
        cmocka_unit_test(test_wilson_bounds_solve_the_score_equation),
        cmocka_unit_test(test_percentile),
        cmocka_unit_test(test_beta_closed_forms),
        cmocka_unit_test(test_beta_quantile_undoes_the_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

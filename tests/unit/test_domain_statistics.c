/*
 * Proves: the Wilson interval agrees with values computed to fifty digits elsewhere and with its
 * definition (its bounds are where the score test just rejects); the continuous percentile agrees
 * with PostgreSQL's percentile_cont.
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wilson_known_values),
        cmocka_unit_test(test_wilson_is_exact_at_the_ends),
        cmocka_unit_test(test_wilson_bounds_solve_the_score_equation),
        cmocka_unit_test(test_percentile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

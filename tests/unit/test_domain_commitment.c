/*
 * Proves: the verdict over a period follows its definition at every edge; the pace never falls; the
 * forecasts agree with known distributions, contain what they should, and their 80 % intervals hold
 * in simulated periods.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/random.h"
#include "domain/commitment.h"

static void assert_near(double actual, double expected, double tolerance)
{
    if (!(fabs(actual - expected) <= tolerance))
        fail_msg("%.17g is not %.17g", actual, expected);
}

static void test_states(void **state)
{
    (void)state;
    static const struct {
        struct commitment_facts facts;
        enum commitment_state state;
    } cases[] = {
  /* counts */
        {{.metric = METRIC_LEADS_DELIVERED, .target = 50, .numerator = 31, .elapsed = 0.56},
         COMMITMENT_ON_TRACK                                                                                    },
        {{.metric = METRIC_LEADS_DELIVERED, .target = 50, .numerator = 25, .elapsed = 0.56},
         COMMITMENT_AT_RISK                                                                                     },
        {{.metric = METRIC_LEADS_DELIVERED, .target = 50, .numerator = 5, .elapsed = 0.56},
         COMMITMENT_BEHIND                                                                                      },
        {{.metric = METRIC_LEADS_DELIVERED, .target = 50, .numerator = 50, .elapsed = 0.1},
         COMMITMENT_MET                                                                                         },
        {{.metric = METRIC_LEADS_DELIVERED,
          .target = 50,
          .numerator = 49,
          .elapsed = 1,
          .is_over = true},
         COMMITMENT_MISSED                                                                                      },
        {{.metric = METRIC_LEADS_DELIVERED, .target = 50, .elapsed = 0},                     COMMITMENT_ON_TRACK},
        {{.metric = METRIC_LEADS_DELIVERED,
          .is_at_most = true,
          .target = 50,
          .numerator = 51,
          .elapsed = 0.1},
         COMMITMENT_MISSED                                                                                      },
        {{.metric = METRIC_LEADS_DELIVERED,
          .is_at_most = true,
          .target = 50,
          .numerator = 50,
          .elapsed = 1,
          .is_over = true},
         COMMITMENT_MET                                                                                         },
        {{.metric = METRIC_LEADS_DELIVERED,
          .is_at_most = true,
          .target = 50,
          .numerator = 40,
          .elapsed = 0.2},
         COMMITMENT_BEHIND                                                                                      },
 /* shares */
        {{.metric = METRIC_FIT_SHARE, .target = 0.6, .elapsed = 0.5},                        COMMITMENT_ON_TRACK},
        {{.metric = METRIC_FIT_SHARE,
          .target = 0.6,
          .numerator = 6,
          .denominator = 10,
          .elapsed = 0.5},
         COMMITMENT_ON_TRACK                                                                                    },
        {{.metric = METRIC_FIT_SHARE,
          .target = 0.6,
          .numerator = 5,
          .denominator = 10,
          .elapsed = 0.5},
         COMMITMENT_AT_RISK                                                                                     },
        {{.metric = METRIC_FIT_SHARE,
          .target = 0.6,
          .numerator = 10,
          .denominator = 100,
          .elapsed = 0.5},
         COMMITMENT_BEHIND                                                                                      },
        {{.metric = METRIC_FIT_SHARE, .target = 0.6, .elapsed = 1, .is_over = true},
         COMMITMENT_MET                                                                                         },
        {{.metric = METRIC_FIT_SHARE,
          .target = 0.9,
          .numerator = 27,
          .denominator = 30,
          .elapsed = 1,
          .is_over = true},
         COMMITMENT_MET                                                                                         },
        {{.metric = METRIC_MQL_TO_SQL_RATE,
          .target = 0.4,
          .numerator = 1,
          .denominator = 10,
          .pending = 8,
          .elapsed = 1,
          .is_over = true},
         COMMITMENT_ON_TRACK                                                                                    },
        {{.metric = METRIC_MQL_TO_SQL_RATE,
          .target = 0.4,
          .numerator = 1,
          .denominator = 10,
          .elapsed = 1,
          .is_over = true},
         COMMITMENT_MISSED                                                                                      },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct commitment_verdict verdict = commitment_judge(&cases[i].facts);
        if (verdict.state != cases[i].state)
            fail_msg("case %zu is %s, not %s", i, commitment_state_names[verdict.state],
                     commitment_state_names[cases[i].state]);
    }
}

static void test_the_pace_never_falls(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 20261122);
    for (int round = 0; round < 2000; round++) {
        struct commitment_facts facts = {
            .metric = METRIC_LEADS_CAPTURED,
            .target = (double)random_below(&random, 100000) / 8,
        };
        double before = 0;
        for (int step = 0; step <= 120; step++) {
            facts.elapsed = step / 120.0;
            const double expected = commitment_judge(&facts).expected_by_now;
            assert_true(expected >= before && expected <= facts.target);
            before = expected;
        }
        assert_near(before, floor(facts.target), 0);
    }
}

/* Worked out by hand: with one failure prior and one half of a Poisson period behind … */
static void test_known_forecasts(void **state)
{
    (void)state;
    /* Jeffreys: shape 10.5, rate 1/2; to come 10.5 in the mean, negative binomial with p = 1/2. */
    struct commitment_facts facts = {
        .metric = METRIC_LEADS_DELIVERED, .target = 20, .numerator = 10, .elapsed = 0.5};
    struct commitment_verdict verdict = commitment_judge(&facts);
    assert_true(verdict.has_forecast);
    assert_near(verdict.forecast.expected, 20.5, 1e-12);
    assert_near(verdict.forecast.low, 15, 0);
    assert_near(verdict.forecast.high, 27, 0);
    /* Two failures and two successes decided, four to come: beta(2.5, 2.5) is symmetric. */
    facts = (struct commitment_facts){.metric = METRIC_MQL_TO_SQL_RATE,
                                      .target = 0.5,
                                      .numerator = 2,
                                      .denominator = 8,
                                      .pending = 4,
                                      .elapsed = 1,
                                      .is_over = true};
    verdict = commitment_judge(&facts);
    assert_true(verdict.has_forecast);
    assert_near(verdict.forecast.expected, 0.5, 1e-12);
    assert_near(verdict.forecast.low + verdict.forecast.high, 1, 1e-12);
    /* Nothing is known yet. */
    facts = (struct commitment_facts){.metric = METRIC_LEADS_DELIVERED, .target = 20};
    assert_false(commitment_judge(&facts).has_forecast);
    facts = (struct commitment_facts){.metric = METRIC_FIT_SHARE, .target = 0.5};
    assert_false(commitment_judge(&facts).has_forecast);
}

static void test_a_forecast_holds_what_is_there(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 7);
    for (int round = 0; round < 5000; round++) {
        const double denominator = (double)random_below(&random, 60);
        struct commitment_facts facts = {
            .metric = (enum commitment_metric)random_below(&random, METRIC_COUNT_),
            .is_at_most = random_below(&random, 2) == 0,
            .target = (double)random_below(&random, 50),
            .numerator = (double)random_below(&random, (uint64_t)denominator + 1),
            .denominator = denominator,
            .elapsed = (double)random_below(&random, 101) / 100,
            .past_count = random_below(&random, COMMITMENT_PAST_MAX + 1),
        };
        facts.pending =
            (double)random_below(&random, (uint64_t)(denominator - facts.numerator) + 1);
        facts.is_over = facts.elapsed >= 1;
        for (size_t i = 0; i < facts.past_count; i++) {
            facts.past_denominators[i] = (double)random_below(&random, 50);
            facts.past_numerators[i] =
                (double)random_below(&random, (uint64_t)facts.past_denominators[i] + 1);
        }
        const struct commitment_verdict verdict = commitment_judge(&facts);
        const struct commitment_forecast *forecast = &verdict.forecast;
        if (!verdict.has_forecast)
            continue;
        assert_true(isfinite(forecast->expected) && forecast->low <= forecast->high);
        const enum metric_form form = metric_rules[facts.metric].form;
        if (form == METRIC_IS_COUNT || form == METRIC_IS_SUM)
            assert_true(forecast->low >= facts.numerator);
        if (form == METRIC_IS_SHARE)
            assert_true(forecast->low >= 0 && forecast->high <= 1 + 1e-12);
    }
}

/* A Poisson number by its exponential gaps. */
static double poisson(struct random *random, double mean)
{
    double left = mean;
    double count = -1;
    while (left > 0) {
        const double uniform = ((double)random_below(random, 1U << 30) + 0.5) / (double)(1U << 30);
        left += log(uniform);
        count++;
    }
    return count;
}

/* Periods with the same rate: the second half falls into the interval in at least four of five. */
static void test_intervals_hold_what_they_promise(void **state)
{
    (void)state;
    enum { WORLDS = 4000 };
    struct random random;
    random_init(&random, 42);
    int within = 0;
    for (int world = 0; world < WORLDS; world++) {
        const double mean = 5 + (double)random_below(&random, 60);
        struct commitment_facts facts = {
            .metric = METRIC_LEADS_CAPTURED, .target = 50, .elapsed = 0.5, .past_count = 6};
        for (size_t i = 0; i < facts.past_count; i++)
            facts.past_numerators[i] = poisson(&random, mean);
        facts.numerator = poisson(&random, mean / 2);
        const double end = facts.numerator + poisson(&random, mean / 2);
        const struct commitment_verdict verdict = commitment_judge(&facts);
        within += end >= verdict.forecast.low && end <= verdict.forecast.high;
    }
    const double share = (double)within / WORLDS;
    if (share < 0.79 || share > 0.92)
        fail_msg("%.3f of the ends were in the interval", share);
}

static void test_how_much_was_attained(void **state)
{
    (void)state;
    assert_near(commitment_attainment(/* actual= */ 60, /* target= */ 50, /* is_at_most= */ false),
                1.2, 1e-12);
    assert_near(commitment_attainment(25000, 20000, true), 0.8, 1e-12);
    assert_near(commitment_attainment(0, 50, false), 0, 0);
    assert_true(isnan(commitment_attainment(0, 20000, true)));
    assert_true(isnan(commitment_attainment(7, 0, false)));
    assert_true(isnan(commitment_attainment((double)NAN, 50, false)));
    assert_true(isnan(commitment_attainment((double)NAN, 50, true)));
    assert_near(commitment_actual(METRIC_REVENUE, 7, 0), 7, 0);
    assert_near(commitment_actual(METRIC_AVERAGE_DEAL, 7, 2), 3.5, 0);
    assert_true(isnan(commitment_actual(METRIC_FIT_SHARE, 0, 0)));
}

/* A kept promise is attained, a broken one is not, whichever way it goes. */
static void test_kept_is_attained(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 20261122);
    for (size_t i = 0; i < 10000; i++) {
        const double actual = 1 + (double)random_below(&random, 100);
        const double target = 1 + (double)random_below(&random, 100);
        for (int is_at_most = 0; is_at_most < 2; is_at_most++) {
            const double attained = commitment_attainment(actual, target, is_at_most != 0);
            assert_int_equal(attained >= 1, commitment_is_kept(actual, target, is_at_most != 0));
        }
    }
}

static enum commitment_alert alert_of(enum commitment_state state, double elapsed, int64_t since_us,
                                      bool is_told)
{
    const struct commitment_facts facts = {.metric = METRIC_LEADS_CAPTURED, .elapsed = elapsed};
    const struct commitment_verdict verdict = {.state = state};
    const struct commitment_danger danger = {.since_us = since_us, .is_told = is_told};
    return commitment_alert(&facts, &verdict, &danger, /* now_us= */ 10 * 3600 * US_PER_SECOND);
}

static void test_a_danger_is_told_when_it_lasts(void **state)
{
    (void)state;
    const int64_t an_hour_ago = 9 * 3600 * US_PER_SECOND;
    assert_int_equal(alert_of(COMMITMENT_BEHIND, 0.24, TIME_NONE, false), ALERT_STAYS);
    assert_int_equal(alert_of(COMMITMENT_BEHIND, 0.25, TIME_NONE, false), ALERT_BEGINS);
    assert_int_equal(alert_of(COMMITMENT_AT_RISK, 0.49, TIME_NONE, false), ALERT_STAYS);
    assert_int_equal(alert_of(COMMITMENT_AT_RISK, 0.5, TIME_NONE, false), ALERT_BEGINS);
    assert_int_equal(alert_of(COMMITMENT_MISSED, 0.1, TIME_NONE, false), ALERT_BEGINS);
    assert_int_equal(alert_of(COMMITMENT_ON_TRACK, 0.9, TIME_NONE, false), ALERT_STAYS);
    assert_int_equal(alert_of(COMMITMENT_BEHIND, 0.5, an_hour_ago + 1, false), ALERT_STAYS);
    assert_int_equal(alert_of(COMMITMENT_BEHIND, 0.5, an_hour_ago, false), ALERT_TELLS);
    assert_int_equal(alert_of(COMMITMENT_BEHIND, 0.5, an_hour_ago, true), ALERT_STAYS);
    /* A little better is not yet well. */
    assert_int_equal(alert_of(COMMITMENT_AT_RISK, 0.3, an_hour_ago, false), ALERT_TELLS);
    assert_int_equal(alert_of(COMMITMENT_ON_TRACK, 0.5, an_hour_ago, false), ALERT_ENDS);
    assert_int_equal(alert_of(COMMITMENT_MET, 0.5, an_hour_ago, true), ALERT_ENDS);
    assert_int_equal(alert_of(COMMITMENT_BEHIND, 0.5, TIME_NONE, true), ALERT_BEGINS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_much_was_attained),
        cmocka_unit_test(test_kept_is_attained),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_the_pace_never_falls),
        cmocka_unit_test(test_known_forecasts),
        cmocka_unit_test(test_a_forecast_holds_what_is_there),
        cmocka_unit_test(test_intervals_hold_what_they_promise),
        cmocka_unit_test(test_a_danger_is_told_when_it_lasts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

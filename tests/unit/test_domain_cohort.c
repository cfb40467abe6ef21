/*
 * Proves: of a cohort that was watched to the end the rate is the plain division; of one that was
 * not, it is what counting person by person gives, and right on average where the plain division
 * is too low; the days taken add up to one.
 */
#include "testing.h"

#include <math.h>

#include "domain/cohort.h"

enum { DAYS = 400, NEVER = -1 };

struct person {
    int age;
    int lag; /* NEVER: did not go on, or will only after today */
};

static void count(const struct person *people, size_t person_count, struct cohort_day *days)
{
    memset(days, 0, DAYS * sizeof *days);
    for (size_t i = 0; i < person_count; i++) {
        days[people[i].age].entrants++;
        if (people[i].lag != NEVER) {
            days[people[i].age].converters++;
            days[people[i].lag].lags++;
        }
    }
}

static void assert_near(double actual, double expected, double tolerance)
{
    if (!(fabs(actual - expected) <= tolerance)) {
        fail_msg("%.17g is not %.17g", actual, expected);
    }
}

static void test_watched_to_the_end(void **state)
{
    (void)state;
    struct cohort_day days[DAYS] = {{0}};
    struct cohort_estimate estimate;
    double shares[DAYS];
    days[399] = (struct cohort_day){.entrants = 140, .converters = 7};
    days[3].lags = 2;
    days[40].lags = 5;
    assert_true(cohort_estimate(days, DAYS, shares, &estimate));
    assert_true(estimate.rate == 7.0 / 140 && estimate.trials == 140);
    assert_int_equal(estimate.entrants, 140);
    assert_int_equal(estimate.converted, 7);
    assert_int_equal(estimate.horizon_days, 399);
    assert_near(shares[3], 2.0 / 7, 1e-12);
    assert_near(shares[40], 5.0 / 7, 1e-12);
}

/* Ten came 100 days ago, two of them went on after 5 days and one after 60. Ten came 20 days ago,
 * three of them went on after 5 days. On day 5, 5 of 20; on day 60 one of the 8 then watched:
 * 1 − 15/20 · 7/8. */
static void test_the_young_count_as_long_as_they_were_watched(void **state)
{
    (void)state;
    struct cohort_day days[DAYS] = {{0}};
    struct cohort_estimate estimate;
    double shares[DAYS];
    days[100] = (struct cohort_day){.entrants = 10, .converters = 3};
    days[20] = (struct cohort_day){.entrants = 10, .converters = 3};
    days[5].lags = 5;
    days[60].lags = 1;
    assert_true(cohort_estimate(days, DAYS, shares, &estimate));
    assert_near(estimate.rate, 0.34375, 1e-12);
    assert_near(shares[5], 0.25 / 0.34375, 1e-12);
    assert_near(shares[60], 0.09375 / 0.34375, 1e-12);
    /* Greenwood's variance: (21/32)² · (5/(20·15) + 1/(8·7)). */
    const double left = 21.0 / 32;
    const double variance = left * left * (5.0 / 300 + 1.0 / 56);
    assert_near(estimate.trials, estimate.rate * left / variance, 1e-9);
    assert_true(estimate.trials < 20);
}

static void test_nobody(void **state)
{
    (void)state;
    struct cohort_day days[DAYS] = {{0}};
    struct cohort_estimate estimate;
    double shares[DAYS];
    assert_false(cohort_estimate(days, DAYS, shares, &estimate));
    days[10].entrants = 25;
    assert_true(cohort_estimate(days, DAYS, shares, &estimate));
    assert_true(estimate.rate == 0 && estimate.trials == 25 && estimate.converted == 0);
    for (size_t day = 0; day < DAYS; day++) {
        assert_true(shares[day] == 0);
    }
}

/* ---- person by person ---- */

static size_t watched_on(const struct person *people, size_t person_count, int day)
{
    size_t watched = 0;
    for (size_t i = 0; i < person_count; i++) {
        const bool is_gone = people[i].lag != NEVER && people[i].lag < day;
        watched += people[i].age >= day && !is_gone ? 1 : 0;
    }
    return watched;
}

static double rate_by_person(const struct person *people, size_t person_count, int horizon)
{
    double left = 1;
    for (int day = 0; day <= horizon; day++) {
        size_t gone = 0;
        for (size_t i = 0; i < person_count; i++) {
            gone += people[i].lag == day ? 1 : 0;
        }
        if (gone > 0) {
            left *= 1 - (double)gone / (double)watched_on(people, person_count, day);
        }
    }
    return 1 - left;
}

static struct person make_person(struct random *random, double rate, int age_max, int lag_max)
{
    struct person person = {.age = (int)random_below(random, (uint64_t)age_max),
                            .lag = (int)random_below(random, (uint64_t)lag_max)};
    const bool goes_on = random_unit(random) < rate;
    if (!goes_on || person.lag > person.age) {
        person.lag = NEVER;
    }
    return person;
}

static void test_as_person_by_person(void **state)
{
    (void)state;
    enum { ROUNDS = 200, PEOPLE_MAX = 300 };
    struct random random = testing_random();
    struct person people[PEOPLE_MAX];
    struct cohort_day days[DAYS];
    double shares[DAYS];
    for (size_t round = 0; round < ROUNDS; round++) {
        const size_t person_count = 1 + (size_t)random_below(&random, PEOPLE_MAX);
        const double rate = random_unit(&random);
        const int age_max = 1 + (int)random_below(&random, DAYS);
        const int lag_max = 1 + (int)random_below(&random, DAYS);
        for (size_t i = 0; i < person_count; i++) {
            people[i] = make_person(&random, rate, age_max, lag_max);
        }
        count(people, person_count, days);
        struct cohort_estimate estimate;
        assert_true(cohort_estimate(days, DAYS, shares, &estimate));
        const int horizon = (int)estimate.horizon_days;
        assert_near(estimate.rate, rate_by_person(people, person_count, horizon), 1e-9);
        assert_true(estimate.trials >= 1 && estimate.trials <= (double)person_count);
        double sum = 0;
        for (size_t day = 0; day < DAYS; day++) {
            assert_true(shares[day] >= 0);
            sum += shares[day];
        }
        assert_near(sum, estimate.rate > 0 ? 1 : 0, 1e-9);
        size_t old = 0;
        for (size_t i = 0; i < person_count; i++) {
            old += people[i].age >= horizon ? 1 : 0;
        }
        assert_true(old * 10 >= person_count);
    }
}

/* 30 % go on, evenly within 200 days; people came in over 365 days until today. The plain division
 * misses a fifth of them. */
static void test_right_on_average(void **state)
{
    (void)state;
    enum { WORLDS = 400, PEOPLE = 400 };
    struct random random;
    random_init(&random, 4711);
    double rates = 0;
    double plain = 0;
    double trials = 0;
    for (size_t world = 0; world < WORLDS; world++) {
        struct person people[PEOPLE];
        struct cohort_day days[DAYS];
        struct cohort_estimate estimate;
        for (size_t i = 0; i < PEOPLE; i++) {
            people[i] = make_person(&random, 0.3, 365, 200);
        }
        count(people, PEOPLE, days);
        assert_true(cohort_estimate(days, DAYS, /* shares= */ NULL, &estimate));
        rates += estimate.rate / WORLDS;
        plain += (double)estimate.converted / PEOPLE / WORLDS;
        trials += estimate.trials / WORLDS;
    }
    /* The standard error of the mean of 400 rates is at most √(0.21/300/400) = 0.0013. */
    assert_near(rates, 0.3, 0.004);
    assert_true(plain < 0.23);
    assert_true(trials > 250 && trials < PEOPLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watched_to_the_end),
        cmocka_unit_test(test_the_young_count_as_long_as_they_were_watched),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_as_person_by_person),
        cmocka_unit_test(test_right_on_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

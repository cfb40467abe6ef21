/*
 * Proves: the plan agrees with published worked examples; its intervals hold what then happens in
 * eight of ten simulated worlds; more revenue never takes fewer leads, better rates never more; the
 * schedule's leads bring the period's customers; the reps are those that the hours allow.
 *
 * Sources of the worked examples:
 *   HubSpot, "How to Calculate Your Monthly Leads Goal" (2012): 140 leads at 5 % are 7 customers.
 *   M. Roberge, "The Sales Acceleration Formula" (2015): 100 leads a rep and month, of which 50 are
 *   reached, 30 qualified, 15 shown the product, 5 buy; so ten reps take 1,000 leads.
 */
#include "testing.h"

#include <math.h>

#include "domain/plan.h"
#include "domain/variates.h"

static void assert_near(double actual, double expected)
{
    if (!(fabs(actual - expected) <= 1e-9 * fmax(1, fabs(expected)))) {
        fail_msg("%.17g is not %.17g", actual, expected);
    }
}

static struct plan_rate given(double value)
{
    return (struct plan_rate){.is_known = true, .value = value};
}

static struct plan_rate measured(double successes, double trials)
{
    return (struct plan_rate){
        .is_known = true, .is_measured = true, .successes = successes, .trials = trials};
}

/* Five given rates, from lead_mql on. */
static struct plan_goal goal_of(double revenue, double average_deal, const double rates[5])
{
    struct plan_goal goal = {
        .revenue = revenue, .average_deal = average_deal, .seed = 1, .draws = 1000};
    for (size_t i = 0; i < 5; i++) {
        goal.rates[PLAN_LEADS + i] = given(rates[i]);
    }
    return goal;
}

static double expected_of(const struct plan_goal *goal, enum plan_stage stage)
{
    struct plan_funnel funnel;
    assert_int_equal(plan_funnel(goal, &funnel), OK);
    return funnel.stages[stage].expected;
}

/* ---- worked examples ---- */

static void test_seven_customers_take_140_leads(void **state)
{
    (void)state;
    static const double rates[] = {1, 1, 1, 1, 0.05};
    const struct plan_goal goal = goal_of(7 * 100000, 100000, rates);
    assert_near(expected_of(&goal, PLAN_CUSTOMERS), 7);
    assert_near(expected_of(&goal, PLAN_LEADS), 140);
}

static void test_ten_reps_take_a_thousand_leads(void **state)
{
    (void)state;
    static const double rates[] = {1, 0.5, 0.6, 0.5, 1.0 / 3};
    const struct plan_goal goal = goal_of(50 * 100000, 100000, rates);
    struct plan_funnel funnel;
    assert_int_equal(plan_funnel(&goal, &funnel), OK);
    assert_near(funnel.stages[PLAN_CUSTOMERS].expected, 50);
    assert_near(funnel.stages[PLAN_OPPORTUNITIES].expected, 150);
    assert_near(funnel.stages[PLAN_SQLS].expected, 300);
    assert_near(funnel.stages[PLAN_SALS].expected, 500);
    assert_near(funnel.stages[PLAN_MQLS].expected, 1000);
    /* 100 leads in a month of four weeks: 25 a week, an hour each, five attempts of 12 minutes. */
    const struct plan_team team = {.hours_per_week = 25,
                                   .minutes_per_attempt = 12,
                                   .attempts_per_lead = 5,
                                   .working_weeks = 4,
                                   .ramp_share = 1,
                                   .reps = 8};
    struct plan_capacity capacity;
    plan_capacity(&team, &funnel.stages[PLAN_MQLS], &capacity);
    assert_near(capacity.mqls_per_rep, 100);
    assert_near(capacity.reps_needed.expected, 10);
    assert_near(capacity.ratio, 0.8);
}

static void test_the_contracts_example(void **state)
{
    (void)state;
    static const double rates[] = {0.3, 0.8, 0.5, 0.5, 0.25};
    static const double wanted[] = {3200, 960, 768, 384, 192, 48};
    const struct plan_goal goal = goal_of(120000000 * 0.6, 1500000, rates);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        assert_near(expected_of(&goal, (enum plan_stage)(PLAN_LEADS + i)), wanted[i]);
    }
    assert_true(isnan(expected_of(&goal, PLAN_VISITORS)));
    struct plan_goal with_visitors = goal;
    with_visitors.rates[PLAN_STEP_VISITOR_LEAD] = given(0.02);
    assert_near(expected_of(&with_visitors, PLAN_VISITORS), 160000);
}

static void test_measured_rates_use_the_mean_of_what_is_believed(void **state)
{
    (void)state;
    static const double rates[] = {1, 1, 1, 1, 1};
    struct plan_goal goal = goal_of(10, 1, rates);
    goal.rates[PLAN_LEADS] = measured(7, 140);
    assert_near(plan_rate_mean(&goal.rates[PLAN_LEADS]), 7.5 / 141);
    assert_near(expected_of(&goal, PLAN_LEADS), 10 * 141 / 7.5);
    const struct plan_range range = plan_rate_range(&goal.rates[PLAN_LEADS]);
    assert_true(range.low > 0 && range.low < 0.05 && range.high > 0.055 && range.high < 0.1);
}

static void test_the_same_terms_give_the_same_plan(void **state)
{
    (void)state;
    static const double rates[] = {0.3, 0.8, 0.5, 0.5, 0.25};
    static const double deals[] = {5, 9, 30, 2};
    struct plan_goal goal = goal_of(1000, (double)NAN, rates);
    goal.deals = deals;
    goal.deal_count = ARRAY_LEN(deals);
    struct plan_funnel first;
    struct plan_funnel second;
    assert_int_equal(plan_funnel(&goal, &first), OK);
    assert_int_equal(plan_funnel(&goal, &second), OK);
    for (size_t stage = PLAN_LEADS; stage < PLAN_STAGE_COUNT_; stage++) {
        assert_memory_equal(&first.stages[stage], &second.stages[stage], sizeof first.stages[0]);
    }
    assert_near(first.average_deal.expected, 11.5);
    assert_true(first.average_deal.low < 11.5 && first.average_deal.high > 11.5);
    goal.seed = 2;
    assert_int_equal(plan_funnel(&goal, &second), OK);
    assert_near(second.stages[PLAN_LEADS].expected, first.stages[PLAN_LEADS].expected);
    assert_true(second.stages[PLAN_LEADS].low != first.stages[PLAN_LEADS].low);
}

/* ---- properties ---- */

static struct plan_goal random_goal(struct random *random)
{
    struct plan_goal goal = {.revenue = 1 + 1e6 * random_unit(random),
                             .average_deal = 1 + 1e4 * random_unit(random),
                             .seed = random_u64(random),
                             .draws = 2000};
    for (size_t step = 0; step < PLAN_STEP_COUNT; step++) {
        const double trials = 30 + floor(500 * random_unit(random));
        goal.rates[step] = random_below(random, 2) == 0
                               ? given(0.01 + 0.99 * random_unit(random))
                               : measured(1 + floor((trials - 1) * random_unit(random)), trials);
    }
    return goal;
}

static void assert_not_more(const struct plan_funnel *few, const struct plan_funnel *many)
{
    for (size_t stage = 0; stage < PLAN_STAGE_COUNT_; stage++) {
        const struct plan_range *a = &few->stages[stage];
        const struct plan_range *b = &many->stages[stage];
        /* The ends are simulated: they may move by what two thousand futures leave open. */
        if (a->expected > b->expected * (1 + 1e-12) || a->low > b->low * 1.3 ||
            a->high > b->high * 1.5) {
            fail_msg("of stage %zu %g (%g … %g) is more than %g (%g … %g)", stage, a->expected,
                     a->low, a->high, b->expected, b->low, b->high);
        }
    }
}

static void test_more_revenue_takes_more_and_better_rates_take_less(void **state)
{
    (void)state;
    struct random random = testing_random();
    for (size_t round = 0; round < 40; round++) {
        const struct plan_goal goal = random_goal(&random);
        struct plan_goal more = goal;
        struct plan_goal better = goal;
        more.revenue *= 2 + random_unit(&random);
        for (size_t step = 0; step < PLAN_STEP_COUNT; step++) {
            struct plan_rate *rate = &better.rates[step];
            rate->value = sqrt(rate->value);
            rate->successes += floor((rate->trials - rate->successes) / 2);
        }
        struct plan_funnel funnel;
        struct plan_funnel other;
        assert_int_equal(plan_funnel(&goal, &funnel), OK);
        assert_int_equal(plan_funnel(&more, &other), OK);
        assert_not_more(&funnel, &other);
        assert_int_equal(plan_funnel(&better, &other), OK);
        assert_not_more(&other, &funnel);
        for (size_t stage = 0; stage < PLAN_STAGE_COUNT_; stage++) {
            const struct plan_range *range = &funnel.stages[stage];
            assert_true(range->low <= range->expected && range->expected <= range->high);
            assert_true(stage == 0 || funnel.stages[stage - 1].expected >= range->expected);
        }
    }
}

static void test_hardly_ever_is_a_large_number_and_no_crash(void **state)
{
    (void)state;
    static const double rates[] = {1e-6, 1e-6, 1e-6, 1e-6, 1e-6};
    struct plan_goal goal = goal_of(1e15, 1, rates);
    assert_near(expected_of(&goal, PLAN_LEADS), PLAN_COUNT_MAX);
    goal = goal_of(10, 1, rates);
    goal.rates[PLAN_OPPORTUNITIES] = measured(0, 1);
    struct plan_funnel funnel;
    assert_int_equal(plan_funnel(&goal, &funnel), OK);
    assert_true(isfinite(funnel.stages[PLAN_LEADS].high));
}

/* ---- coverage ---- */

enum { WORLDS = 1500, DEALS = 120 };

/* A world has true rates and true deals; there was a history, and there will be a period. */
struct world {
    double rates[PLAN_STEP_COUNT];
    double deal_scale;
};

static double draw_deal(const struct world *world, struct random *random)
{
    return world->deal_scale * variate_gamma(random, 4);
}

/* Tries, one by one, until so many have succeeded. */
static double live_through(double successes, double rate, struct random *random)
{
    double tries = 0;
    while (successes > 0) {
        tries++;
        successes -= random_unit(random) < rate ? 1 : 0;
    }
    return tries;
}

static size_t count_successes(size_t tries, double rate, struct random *random)
{
    size_t successes = 0;
    for (size_t i = 0; i < tries; i++) {
        successes += random_unit(random) < rate ? 1 : 0;
    }
    return successes;
}

static bool holds(const struct plan_range *range, double value)
{
    return range->low <= value && value <= range->high;
}

/* What the plan said of each stage against what it took. */
static void live(struct random *random, size_t *ret_held)
{
    struct world world = {.deal_scale = 250};
    double deals[DEALS];
    struct plan_goal goal = {.revenue = 20000 + 20000 * random_unit(random),
                             .average_deal = (double)NAN,
                             .deals = deals,
                             .deal_count = DEALS,
                             .seed = random_u64(random),
                             .draws = 400};
    for (size_t i = 0; i < DEALS; i++) {
        deals[i] = draw_deal(&world, random);
    }
    for (size_t step = PLAN_LEADS; step < PLAN_STEP_COUNT; step++) {
        const size_t trials = 60 + (size_t)random_below(random, 300);
        world.rates[step] = 0.3 + 0.6 * random_unit(random);
        goal.rates[step] =
            step == PLAN_SALS ? given(world.rates[step])
                              : measured((double)count_successes(trials, world.rates[step], random),
                                         (double)trials);
    }
    struct plan_funnel funnel;
    assert_int_equal(plan_funnel(&goal, &funnel), OK);
    double took = 0;
    for (double revenue = 0; revenue < goal.revenue; took++) {
        revenue += draw_deal(&world, random);
    }
    ret_held[PLAN_CUSTOMERS] += holds(&funnel.stages[PLAN_CUSTOMERS], took) ? 1 : 0;
    for (size_t step = PLAN_STEP_COUNT; step-- > PLAN_LEADS;) {
        took = live_through(took, world.rates[step], random);
        ret_held[step] += holds(&funnel.stages[step], took) ? 1 : 0;
    }
}

static void test_intervals_hold_what_happens_in_eight_of_ten_worlds(void **state)
{
    (void)state;
    struct random random;
    const char *seed = getenv("RELAIS_TEST_SEED");
    random_init(&random, seed != NULL ? strtoull(seed, /* endptr= */ NULL, 10) : 80);
    size_t held[PLAN_STAGE_COUNT_] = {0};
    for (size_t world = 0; world < WORLDS; world++) {
        live(&random, held);
    }
    for (size_t stage = PLAN_LEADS; stage < PLAN_STAGE_COUNT_; stage++) {
        const double share = (double)held[stage] / WORLDS;
        print_message("%s: %.1f %% of %d worlds\n", plan_stage_names[stage], 100 * share, WORLDS);
        if (share < 0.77 || share > 0.83) {
            fail_msg("the interval of %s holds in %.1f %%", plan_stage_names[stage], 100 * share);
        }
    }
}

/* ---- when ---- */

enum { MONDAY = 20773 /* 2026-11-16 */ };

static void test_weekdays(void **state)
{
    (void)state;
    assert_int_equal(plan_weekdays(MONDAY, MONDAY + 7), 5);
    assert_int_equal(plan_weekdays(MONDAY + 5, MONDAY + 7), 0);
    assert_int_equal(plan_weekdays(MONDAY + 4, MONDAY + 8), 2);
    assert_int_equal(plan_weekdays(MONDAY, MONDAY), 0);
    assert_int_equal(plan_weekdays(MONDAY + 1, MONDAY), 0);
    assert_int_equal(plan_weekdays(-4, 3), 5);         /* 1969-12-28, a Sunday, and six days more */
    assert_int_equal(plan_weekdays(20819, 20909), 64); /* the first quarter of 2027 */
}

static void test_without_a_lag_leads_come_in_within_the_period(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, 1 << 20);
    const struct plan_flow flow = {
        .from_days = MONDAY + 2,
        .to_days = MONDAY + 2 + 28,
        .week_starts_on = 0,
        .leads = {280, 140, 560},
        .customers = 28
    };
    struct plan_week *weeks;
    size_t count;
    assert_int_equal(plan_schedule(&flow, &arena, &weeks, &count), OK);
    assert_int_equal(count, 5);
    assert_int_equal(weeks[0].starts_on, MONDAY);
    assert_near(weeks[0].leads.expected, 50);
    assert_near(weeks[1].leads.expected, 70);
    assert_near(weeks[1].leads.low, 35);
    assert_near(weeks[1].leads.high, 140);
    assert_near(weeks[1].customers, 7);
    assert_near(weeks[4].leads.expected, 20);
}

/* Everybody takes exactly 28 days: the flow begins four weeks earlier, and of the leads of the last
 * four weeks nobody becomes a customer in the period. */
static void test_a_lag_moves_the_leads_forward(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, 1 << 20);
    double shares[29] = {[28] = 1};
    const struct plan_flow flow = {
        .from_days = MONDAY,
        .to_days = MONDAY + 56,
        .week_starts_on = 0,
        .lag_shares = shares,
        .lag_count = ARRAY_LEN(shares),
        .leads = {800, 400, 1600},
        .customers = 40
    };
    struct plan_week *weeks;
    size_t count;
    assert_int_equal(plan_lag_days(shares, ARRAY_LEN(shares), 0.5), 28);
    assert_int_equal(plan_schedule(&flow, &arena, &weeks, &count), OK);
    assert_int_equal(count, 12);
    assert_int_equal(weeks[0].starts_on, MONDAY - 28);
    for (size_t i = 0; i < count; i++) {
        assert_near(weeks[i].leads.expected, 100);
        assert_near(weeks[i].customers, i < 8 ? 5 : 0);
    }
}

/* Whatever the lag: letting the schedule's leads become customers gives the period's customers. */
static void test_the_schedule_brings_the_customers(void **state)
{
    (void)state;
    struct random random = testing_random();
    for (size_t round = 0; round < 50; round++) {
        CLEANUP(arena_done) struct arena arena;
        arena_init(&arena, 1 << 24);
        double shares[300] = {0};
        const size_t lag_count = 1 + (size_t)random_below(&random, ARRAY_LEN(shares));
        double sum = 0;
        for (size_t i = 0; i < lag_count; i++) {
            shares[i] = random_unit(&random) < 0.3 ? random_unit(&random) : 0;
            sum += shares[i];
        }
        shares[lag_count - 1] += sum > 0 ? 0 : 1;
        sum += sum > 0 ? 0 : 1;
        for (size_t i = 0; i < lag_count; i++) {
            shares[i] /= sum;
        }
        const struct plan_flow flow = {
            .from_days = MONDAY + (int32_t)random_below(&random, 7),
            .to_days = MONDAY + 8 + (int32_t)random_below(&random, 400),
            .week_starts_on = (int)random_below(&random, 7),
            .lag_shares = shares,
            .lag_count = lag_count,
            .leads = {1000, 800, 1300},
            .customers = 50
        };
        struct plan_week *weeks;
        size_t count;
        assert_int_equal(plan_schedule(&flow, &arena, &weeks, &count), OK);
        double customers = 0;
        double leads = 0;
        for (size_t i = 0; i < count; i++) {
            assert_true(i == 0 || weeks[i].starts_on == weeks[i - 1].starts_on + 7);
            assert_true(weeks[i].leads.low <= weeks[i].leads.high);
            customers += weeks[i].customers;
            leads += weeks[i].leads.expected;
            /* 5 % of a week's leads become customers at the very most in the period. */
            assert_true(weeks[i].customers <= 0.05 * weeks[i].leads.expected * (1 + 1e-9));
        }
        assert_near(customers, 50);
        assert_true(leads >= 1000 - 1e-6);
        assert_true(weeks[0].starts_on <= flow.from_days);
        assert_true(weeks[count - 1].starts_on < flow.to_days &&
                    weeks[count - 1].starts_on + 7 >= flow.to_days);
    }
}

/* ---- who ---- */

static void test_newcomers_need_their_time(void **state)
{
    (void)state;
    struct plan_team team = {.hours_per_week = 10,
                             .minutes_per_attempt = 10,
                             .attempts_per_lead = 6, /* an hour a lead: ten a week */
                             .working_weeks = 12,
                             .ramp_weeks = 6,
                             .ramp_share = 0.5,
                             .reps = 2};
    const struct plan_range mqls = {420, 240, 600};
    struct plan_capacity capacity;
    plan_capacity(&team, &mqls, &capacity);
    assert_near(capacity.mqls_per_rep, 120);
    assert_near(capacity.mqls_per_newcomer, 90);
    assert_near(capacity.reps_needed.expected, 2 + 180.0 / 90);
    assert_near(capacity.reps_needed.low, 2);
    assert_near(capacity.reps_needed.high, 2 + 360.0 / 90);
    assert_near(capacity.ratio, 240.0 / 420);
    team.reps = (double)NAN;
    plan_capacity(&team, &mqls, &capacity);
    assert_near(capacity.reps_needed.expected, 3.5);
    assert_true(isnan(capacity.ratio));
    team.reps = 0;
    plan_capacity(&team, &mqls, &capacity);
    assert_near(capacity.reps_needed.expected, 420.0 / 90);
    assert_near(capacity.ratio, 0);
    team.ramp_weeks = 20;
    team.ramp_share = 0;
    plan_capacity(&team, &mqls, &capacity);
    assert_true(isinf(capacity.reps_needed.expected));
}

/* ---- memory ---- */

static bool run_plan(void *context)
{
    const struct plan_goal *goal = context;
    struct plan_funnel funnel;
    return plan_funnel(goal, &funnel) == OK;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    static const double rates[] = {0.3, 0.8, 0.5, 0.5, 0.25};
    struct plan_goal goal = goal_of(1000, 10, rates);
    goal.draws = 10;
    assert_true(testing_fail_each_allocation(run_plan, &goal) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seven_customers_take_140_leads),
        cmocka_unit_test(test_ten_reps_take_a_thousand_leads),
        cmocka_unit_test(test_the_contracts_example),
        cmocka_unit_test(test_measured_rates_use_the_mean_of_what_is_believed),
        cmocka_unit_test(test_the_same_terms_give_the_same_plan),
        cmocka_unit_test(test_more_revenue_takes_more_and_better_rates_take_less),
        cmocka_unit_test(test_hardly_ever_is_a_large_number_and_no_crash),
        cmocka_unit_test(test_intervals_hold_what_happens_in_eight_of_ten_worlds),
        cmocka_unit_test(test_weekdays),
        cmocka_unit_test(test_without_a_lag_leads_come_in_within_the_period),
        cmocka_unit_test(test_a_lag_moves_the_leads_forward),
        cmocka_unit_test(test_the_schedule_brings_the_customers),
        cmocka_unit_test(test_newcomers_need_their_time),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Proves: grades are taken whole from the best down until the reps have enough; revenue follows
 * from what became of those handed over before, and is not told where too few were.
 */
#include "testing.h"

#include <math.h>

#include "domain/plan_threshold.h"

enum { DRAWS = 2000 };

static void assert_near(double actual, double expected)
{
    if (!(fabs(actual - expected) <= 1e-9 * fmax(1, fabs(expected)))) {
        fail_msg("%.17g is not %.17g", actual, expected);
    }
}

static struct plan_grade grade(double leads, uint64_t handed, double customers)
{
    return (struct plan_grade){
        .leads = leads,
        .handed = handed,
        .rate = {.is_known = handed > 0,
                 .is_measured = handed > 0,
                 .successes = customers,
                 .trials = (double)handed}
    };
}

static size_t place_of(const char *name)
{
    size_t place = 0;
    assert_true(plan_grade_place(str_from(name), &place));
    return place;
}

static void test_the_order_of_grades(void **state)
{
    (void)state;
    static const char *const order[] = {"A1", "A2", "B1", "A3", "B2", "C1", "A4", "B3",
                                        "C2", "D1", "B4", "C3", "D2", "C4", "D3", "D4"};
    for (size_t place = 0; place < PLAN_GRADE_COUNT; place++) {
        char name[GRADE_TEXT_BYTES];
        assert_string_equal(plan_grade_name(place, name), order[place]);
        assert_int_equal(place_of(order[place]), place);
    }
    size_t place;
    assert_false(plan_grade_place(STR_LITERAL("E1"), &place));
    assert_false(plan_grade_place((struct str){0}, &place));
}

static void test_whole_grades_from_the_best_down(void **state)
{
    (void)state;
    struct plan_grade grades[PLAN_GRADE_COUNT] = {{0}};
    struct plan_threshold threshold;
    grades[place_of("A1")] = grade(40, 50, 20);
    grades[place_of("B1")] = grade(100, 200, 30);
    grades[place_of("A4")] = grade(200, 0, 0);
    assert_int_equal(plan_threshold(grades, 150, 1000, 1, DRAWS, &threshold), OK);
    assert_int_equal(threshold.last, place_of("B1"));
    assert_near(threshold.mqls, 140);
    assert_near(threshold.filled, 140.0 / 150);
    assert_true(threshold.has_revenue);
    assert_near(threshold.revenue.expected, 1000 * (40 * 20.5 / 51 + 100 * 30.5 / 201));
    assert_true(threshold.revenue.low < threshold.revenue.expected &&
                threshold.revenue.high > threshold.revenue.expected);
    assert_int_equal(plan_threshold(grades, 139, 1000, 1, DRAWS, &threshold), OK);
    assert_int_equal(threshold.last, place_of("A1"));
    assert_near(threshold.mqls, 40);
    assert_int_equal(plan_threshold(grades, 10, 1000, 1, DRAWS, &threshold), OK);
    assert_near(threshold.filled, 4);
}

static void test_no_revenue_where_nobody_knows(void **state)
{
    (void)state;
    struct plan_grade grades[PLAN_GRADE_COUNT] = {{0}};
    struct plan_threshold threshold;
    assert_int_equal(plan_threshold(grades, 10, 1000, 1, DRAWS, &threshold), OK);
    assert_near(threshold.mqls, 0);
    grades[place_of("A1")] = grade(40, 50, 20);
    grades[place_of("A4")] = grade(200, PLAN_HANDOFFS_MIN - 1, 5);
    assert_int_equal(plan_threshold(grades, 1000, 1000, 1, DRAWS, &threshold), OK);
    assert_int_equal(threshold.last, place_of("A4"));
    assert_false(threshold.has_revenue);
    assert_int_equal(threshold.unknown, place_of("A4"));
    grades[place_of("A4")].handed = PLAN_HANDOFFS_MIN;
    assert_int_equal(plan_threshold(grades, 1000, 1000, 1, DRAWS, &threshold), OK);
    assert_true(threshold.has_revenue);
}

/* The range holds what then happens in eight of ten periods, the rate known well enough. */
static void test_the_range_holds(void **state)
{
    (void)state;
    struct plan_grade grades[PLAN_GRADE_COUNT] = {{0}};
    struct plan_threshold threshold;
    grades[0] = grade(300, 1000000, 200000);
    assert_int_equal(plan_threshold(grades, 300, 1, 1, DRAWS, &threshold), OK);
    /* Poisson with mean 60: its middle 80 % is 50 to 70. */
    assert_true(threshold.revenue.low >= 49 && threshold.revenue.low <= 51);
    assert_true(threshold.revenue.high >= 69 && threshold.revenue.high <= 71);
}

static bool run(void *context)
{
    struct plan_threshold threshold;
    return plan_threshold(context, 150, 1000, 1, 10, &threshold) == OK;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct plan_grade grades[PLAN_GRADE_COUNT] = {{0}};
    grades[0] = grade(40, 50, 20);
    assert_true(testing_fail_each_allocation(run, grades) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_order_of_grades),
        cmocka_unit_test(test_whole_grades_from_the_best_down),
        cmocka_unit_test(test_no_revenue_where_nobody_knows),
        cmocka_unit_test(test_the_range_holds),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

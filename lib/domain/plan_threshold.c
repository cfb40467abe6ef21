#include "domain/plan_threshold.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "domain/statistics.h"
#include "domain/variates.h"

/* ---- the order of grades ---- */

static void grade_at(size_t place, enum fit_grade *ret_fit, enum interest_grade *ret_interest)
{
    size_t at = 0;
    for (unsigned sum = 0; sum < FIT_GRADE_COUNT_ + INTEREST_GRADE_COUNT - 1; sum++) {
        for (unsigned fit = 0; fit < FIT_GRADE_COUNT_ && fit <= sum; fit++) {
            if (sum - fit >= INTEREST_GRADE_COUNT) {
                continue;
            }
            if (at++ == place) {
                *ret_fit = (enum fit_grade)fit;
                *ret_interest = (enum interest_grade)(sum - fit + INTEREST_1);
            }
        }
    }
    assert(at == PLAN_GRADE_COUNT && place < at);
}

char *plan_grade_name(size_t place, char out[static GRADE_TEXT_BYTES])
{
    enum fit_grade fit = FIT_A;
    enum interest_grade interest = INTEREST_1;
    grade_at(place, &fit, &interest);
    return grade_format(fit, interest, out);
}

bool plan_grade_place(struct str grade, size_t *ret_place)
{
    char name[GRADE_TEXT_BYTES];
    for (size_t place = 0; place < PLAN_GRADE_COUNT; place++) {
        if (str_is(grade, plan_grade_name(place, name))) {
            *ret_place = place;
            return true;
        }
    }
    return false;
}

/* ---- the threshold ---- */

static int compare_reals(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Of each grade so many leads as chance sends, so many of them customers as the drawn rate says. */
static double draw_customers(const struct plan_grade *grades, size_t last, struct random *random)
{
    double customers = 0;
    for (size_t place = 0; place <= last; place++) {
        const struct plan_rate *rate = &grades[place].rate;
        if (grades[place].leads > 0) {
            const double drawn =
                variate_beta(random, rate->successes + 0.5, rate->trials - rate->successes + 0.5);
            customers += variate_poisson(random, grades[place].leads * drawn);
        }
    }
    return customers;
}

static enum err_code find_revenue(const struct plan_grade *grades, double average_deal,
                                  uint64_t seed, size_t draws, struct plan_threshold *threshold)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, draws * sizeof(double) + 1024);
    double *drawn = arena_array(&arena, draws, sizeof *drawn);
    if (drawn == NULL) {
        return ERR_NOMEM;
    }
    struct random random;
    random_init(&random, seed);
    double expected = 0;
    for (size_t place = 0; place <= threshold->last; place++) {
        if (grades[place].leads > 0) {
            expected += grades[place].leads * plan_rate_mean(&grades[place].rate) * average_deal;
        }
    }
    for (size_t i = 0; i < draws; i++) {
        drawn[i] = draw_customers(grades, threshold->last, &random) * average_deal;
    }
    qsort(drawn, draws, sizeof *drawn, compare_reals);
    double low;
    double high;
    threshold->has_revenue = percentile_continuous(drawn, draws, 0.1, &low) &&
                             percentile_continuous(drawn, draws, 0.9, &high);
    if (threshold->has_revenue) {
        threshold->revenue =
            (struct plan_range){expected, fmin(low, expected), fmax(high, expected)};
    }
    return OK;
}

enum err_code plan_threshold(const struct plan_grade grades[static PLAN_GRADE_COUNT],
                             double capacity, double average_deal, uint64_t seed, size_t draws,
                             struct plan_threshold *ret_threshold)
{
    assert(capacity > 0 && draws > 0);
    struct plan_threshold threshold = {.mqls = 0};
    bool is_begun = false;
    bool is_known = true;
    for (size_t place = 0; place < PLAN_GRADE_COUNT; place++) {
        const struct plan_grade *grade = &grades[place];
        if (is_begun && threshold.mqls + grade->leads > capacity) {
            break;
        }
        if (grade->leads <= 0) {
            continue;
        }
        threshold.mqls += grade->leads;
        threshold.last = place;
        is_begun = true;
        if (is_known && grade->handed < PLAN_HANDOFFS_MIN) {
            is_known = false;
            threshold.unknown = place;
        }
    }
    threshold.filled = threshold.mqls / capacity;
    const enum err_code code =
        is_known ? find_revenue(grades, average_deal, seed, draws, &threshold) : OK;
    if (code == OK) {
        *ret_threshold = threshold;
    }
    return code;
}

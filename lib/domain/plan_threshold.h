/*
 * The question the other way round: given the reps there are, which leads should be handed over,
 * and what revenue follows?
 *
 * Grades are taken from the best down until the reps have enough to do. Best is the smallest sum of
 * the two ranks (A1, then A2 and B1, then A3, B2 and C1 …), of equal sums the better fit: so sales
 * can say "from B1 on", and a lead that improves never loses its place. Pure.
 */
#pragma once

#include "domain/decide.h"
#include "domain/plan.h"

enum {
    PLAN_GRADE_COUNT = FIT_GRADE_COUNT_ * INTEREST_GRADE_COUNT,
    PLAN_HANDOFFS_MIN = 10, /* of a grade, to say what becomes of it */
};

struct plan_grade {
    double leads;          /* to come in within the period */
    uint64_t handed;       /* handoffs that `rate` is measured on */
    struct plan_rate rate; /* of those handed over, how many become customers */
};

struct plan_threshold {
    size_t last;      /* place of the lowest grade that is handed over, of those that come in */
    double mqls;      /* that makes in the period */
    double filled;    /* of the reps' capacity; > 1: the best grade alone is too much */
    bool has_revenue; /* else the grade at `unknown` was handed over too seldom */
    size_t unknown;
    struct plan_range revenue; /* deals at their average: rates and luck alone are in the range */
};

/* The grade at a place, 0 the best, as "A1". Returns out. */
char *plan_grade_name(size_t place, char out[static GRADE_TEXT_BYTES]);
/* False: it is no grade. */
bool plan_grade_place(struct str grade, size_t *ret_place) MUSTCHECK;

/* grades[place]; `capacity` > 0 is how many MQLs the reps can work in the period. The whole of a
 * grade is handed over or nothing of it, but the best always. ERR_NOMEM. */
enum err_code plan_threshold(const struct plan_grade grades[static PLAN_GRADE_COUNT],
                             double capacity, double average_deal, uint64_t seed, size_t draws,
                             struct plan_threshold *ret_threshold) MUSTCHECK;

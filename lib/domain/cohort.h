/*
 * What share of those who reached a stage goes on to the next, and how long that takes, from a
 * cohort of which the youngest have not been watched for long.
 *
 * Dividing those who went on by all of them would be too low: who came last week may still do it.
 * So this is the product-limit estimate of the time to conversion, those not converted yet leaving
 * it at their age: E. L. Kaplan, P. Meier, "Nonparametric estimation from incomplete observations",
 * Journal of the American Statistical Association 53 (1958). When everybody was watched for longer
 * than the slowest took, it is that simple division, exactly.
 *
 * Pure. Time is counted in whole days.
 */
#pragma once

#include "base/base.h"

/* How many of the cohort … */
struct cohort_day {
    uint64_t entrants;   /* reached the first stage so many days ago */
    uint64_t converters; /* of them, those who went on by now */
    uint64_t lags;       /* took so many days to go on (nobody longer than their age) */
};

struct cohort_estimate {
    uint64_t entrants;
    uint64_t converted; /* by now */
    /* The share that goes on within the horizon: the longest time that a tenth of the cohort has
     * been watched for. */
    double rate;
    uint32_t horizon_days;
    /* How many entrants, watched to the end, would tell as much: the binomial sample whose variance
     * is Greenwood's (M. Greenwood, "The natural duration of cancer", 1926). `entrants` when nobody
     * is too young. */
    double trials;
};

/* days[i]: i days, day_count ≥ 1. `shares`, unless NULL, gets of all who go on within the horizon
 * the share that does so on day i; zeros when nobody does. False: nobody entered. */
bool cohort_estimate(const struct cohort_day *days, size_t day_count, double *shares,
                     struct cohort_estimate *ret_estimate) MUSTCHECK;

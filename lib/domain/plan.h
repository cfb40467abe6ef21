/*
 * Planning: from a revenue goal down the funnel to the leads it takes, when they have to come in,
 * and how many reps it takes to work them. Pure; the random numbers come from the caller's seed, so
 * the same terms give the same plan.
 *
 * What is answered is a question about what will happen: how many leads will have been needed when
 * the goal is reached? Three things are not known beforehand, and all are in the interval: what the
 * rates are (measured in a sample), what a deal brings on average (likewise), and luck (of 100
 * leads at 5 %, now 3 and now 8 become customers). A given rate or average is taken as certain.
 *
 * Steps are independent of each other, and rates stay what they were: nobody can promise that, and
 * no interval covers it.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* In the order of the funnel. */
enum plan_stage {
    PLAN_VISITORS,
    PLAN_LEADS,
    PLAN_MQLS,
    PLAN_SALS,
    PLAN_SQLS,
    PLAN_OPPORTUNITIES,
    PLAN_CUSTOMERS,
    PLAN_STAGE_COUNT_
};
/* Step i leads from stage i to stage i + 1. */
enum { PLAN_STEP_COUNT = PLAN_STAGE_COUNT_ - 1, PLAN_STEP_VISITOR_LEAD = PLAN_VISITORS };
extern const char *const plan_stage_names[]; /* visitors, leads …, NULL */
extern const char *const plan_step_names[];  /* visitor_lead, lead_mql …, NULL */

enum {
    PLAN_DRAWS = 10000,    /* simulated futures; the ends of an interval are good to 2 % of it */
    PLAN_DEALS_MAX = 1000, /* looked at, the latest */
    PLAN_DAYS_MAX = 1830,  /* of a period */
    PLAN_LAG_DAYS_MAX = 3650,
};
#define PLAN_RATE_MIN  1e-6 /* what is drawn; a rarer success is not planned with */
#define PLAN_COUNT_MAX 1e15 /* more of anything is not counted */

/* What is to be expected, and a range that holds what will be in eight of ten cases: in one of ten
 * it is below `low`, in one above `high`. `expected` is the plain division, so low ≤ expected ≤
 * high is seen to, at the price of an interval a little too wide where counts are very small. */
struct plan_range {
    double expected;
    double low;
    double high;
};

struct plan_rate {
    bool is_known;
    bool is_measured;
    double value;     /* given: 0 < value ≤ 1 */
    double successes; /* measured: what a sample showed; need not be whole */
    double trials;
};

/* What is believed of a measured rate: beta-distributed with a = successes + ½, b = trials −
 * successes + ½ (Jeffreys' prior). Its mean; of a given rate its value. */
double plan_rate_mean(const struct plan_rate *rate);
/* The middle eight tenths of what is believed; of a given rate only it. */
struct plan_range plan_rate_range(const struct plan_rate *rate);

struct plan_goal {
    double revenue;      /* to be brought by these customers; > 0, in minor units */
    double average_deal; /* given, > 0; NaN: by the deals */
    const double *deals; /* amounts of won deals, > 0; at most PLAN_DEALS_MAX are used */
    size_t deal_count;
    struct plan_rate rates[PLAN_STEP_COUNT]; /* visitor_lead may be unknown, the others not */
    uint64_t seed;
    size_t draws; /* ≥ 1 */
};

struct plan_funnel {
    /* Of visitors NaN when their rate is unknown. */
    struct plan_range stages[PLAN_STAGE_COUNT_];
    struct plan_range average_deal;
};

/*
 * Expected: customers = revenue / average deal; each stage before is the one behind it divided by
 * the rate between them. Not rounded: 47.3 customers are 47.3 times the average deal.
 *
 * The range: `draws` futures. In each, every measured rate is drawn from what is believed of it;
 * the average deal and the deals' variance are as far from ours as those of a sample drawn from the
 * deals with replacement (B. Efron, "Bootstrap methods", Annals of Statistics 7, 1979; of rare
 * large deals that the history lacks it knows nothing either); the number of
 * customers until the revenue is reached is a gamma variate with the mean and variance of renewal
 * theory (R/m + (1 + v/m²)/2 and R·v/m³: D. R. Cox, Renewal Theory, 1962); and how many of a stage
 * it takes until so many have gone on is negative binomial, from customers up to visitors.
 *
 * ERR_NOMEM. Takes about a millisecond for each thousand draws.
 */
enum err_code plan_funnel(const struct plan_goal *goal, struct plan_funnel *ret_funnel) MUSTCHECK;

/* ---- when ---- */

/* Days since 1970 that are Monday to Friday, from ≤ day < to. */
int32_t plan_weekdays(int32_t from_days, int32_t to_days);

struct plan_flow {
    int32_t from_days; /* the period, in days since 1970; to > from */
    int32_t to_days;
    int week_starts_on;       /* 0 Monday … 6 Sunday */
    const double *lag_shares; /* of those who become customers the share that takes i days */
    size_t lag_count;         /* ≤ PLAN_LAG_DAYS_MAX; 0: unknown, as if none took a day */
    struct plan_range leads;  /* that the period's customers take */
    double customers;
};

struct plan_week {
    int32_t starts_on; /* days since 1970; of the week, though the flow may begin or end in it */
    struct plan_range leads;
    double customers; /* of the period's, those who come from this week's leads */
};

/*
 * The steady flow of leads that brings so many customers into the period: it starts before the
 * period, by the time within which 95 % of customers decide, and goes on to its end. Late leads
 * bring customers after the period too, so all weeks together hold more leads than the period's
 * customers take. The weeks are in the arena. ERR_NOMEM.
 */
enum err_code plan_schedule(const struct plan_flow *flow, struct arena *arena,
                            struct plan_week **ret_weeks, size_t *ret_count) MUSTCHECK;
/* How many days it takes until `share` of those who go on have gone on; 0 when nothing is known. */
size_t plan_lag_days(const double *lag_shares, size_t lag_count, double share);

/* ---- who ---- */

/* What reps do with a lead that is handed over (an MQL). */
struct plan_team {
    double hours_per_week; /* spent on attempts */
    double minutes_per_attempt;
    double attempts_per_lead;
    double working_weeks; /* of the period */
    double ramp_weeks;    /* in which a newcomer does … */
    double ramp_share;    /* … so much of a rep's work, 0 … 1 */
    double reps;          /* there are already; NaN: unknown, then nobody is a newcomer */
};

struct plan_capacity {
    double mqls_per_rep; /* in the period */
    double mqls_per_newcomer;
    struct plan_range reps_needed; /* not rounded; infinite when newcomers bring nothing */
    double ratio; /* what the reps there are can work / what is expected; NaN: unknown */
};

void plan_capacity(const struct plan_team *team, const struct plan_range *mqls,
                   struct plan_capacity *ret_capacity);

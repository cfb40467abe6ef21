/*
 * Commitments: what each team promised per period, and how a period stands.
 *
 * What a metric counts is defined once, in SQL (function commitment_part, migrations/), since it is
 * counted where the rows are. Here is what needs no rows: which metrics there are and what may be
 * asked of them, and the verdict over what was counted. Pure.
 */
#pragma once

#include "base/base.h"

enum commitment_metric {
    METRIC_LEADS_CAPTURED,
    METRIC_LEADS_DELIVERED,
    METRIC_FIT_SHARE,
    METRIC_DATA_QUALITY,
    METRIC_MQL_TO_SQL_RATE,
    METRIC_CONTACTED_IN_TIME_RATE,
    METRIC_VERDICT_IN_TIME_RATE,
    METRIC_ATTEMPTS_PER_LEAD,
    METRIC_ACCEPTANCE_RATE,
    METRIC_CONVERSION_RATE,
    METRIC_REVENUE,
    METRIC_AVERAGE_DEAL,
    METRIC_COST_PER_CUSTOMER,
    METRIC_COST_PER_LEAD,
    METRIC_COUNT_
};

enum metric_form {
    METRIC_IS_COUNT, /* things are counted: 0, 1, 2 … */
    METRIC_IS_SUM,   /* amounts are added, in minor units */
    METRIC_IS_SHARE, /* so many of so many: 0…1 */
    METRIC_IS_MEAN,  /* so much for each: not bounded by 1 */
};

struct metric_rules {
    enum metric_form form;
    bool takes_filter;  /* it is about handoffs, whose facts a filter reads */
    bool takes_months;  /* what it needs comes by the month: no shorter period */
    bool pending_is_in; /* what is not decided yet is in the denominator, as a failure so far */
    bool has_parts;     /* whose handoff or deal it is says who did it: a member has a part of it */
    int32_t settle_days; /* how long after its end a period is judged, unless said otherwise */
};

extern const char *const commitment_metric_names[];
extern const char *const commitment_team_names[];  /* marketing, sales, both */
extern const char *const commitment_every_names[]; /* day, week, month, quarter */
extern const char *const commitment_state_names[];
extern const struct metric_rules metric_rules[METRIC_COUNT_];

enum { COMMITMENT_EVERY_DAY, COMMITMENT_EVERY_WEEK, COMMITMENT_EVERY_MONTH };

enum commitment_state {
    COMMITMENT_ON_TRACK,
    COMMITMENT_AT_RISK, /* behind its pace, but likely enough to be kept */
    COMMITMENT_BEHIND,  /* it will not be kept unless something changes */
    COMMITMENT_MET,
    COMMITMENT_MISSED,
    COMMITMENT_STATE_COUNT_
};

enum { COMMITMENT_PAST_MAX = 12 };

/* What is known of a period. */
struct commitment_facts {
    enum commitment_metric metric;
    bool is_at_most; /* else at least */
    double target;
    double numerator;
    double denominator; /* of a share or mean; else 0 */
    double pending;     /* not decided yet */
    double elapsed;     /* 0…1: of the period's open time */
    bool is_over;       /* nothing more falls into the period, but pending things may be decided */
    /* The last closed periods of the same commitment; for counts and sums the denominators are 0.
     */
    double past_numerators[COMMITMENT_PAST_MAX];
    double past_denominators[COMMITMENT_PAST_MAX];
    size_t past_count;
};

struct commitment_forecast {
    double expected;
    double low; /* in four of five cases it is between low and high */
    double high;
};

struct commitment_verdict {
    double actual;          /* NaN: there is nothing to measure */
    double expected_by_now; /* where the pace would have it; never falls within a period */
    bool has_forecast;      /* of the period's end */
    struct commitment_forecast forecast;
    enum commitment_state state;
};

/*
 * The verdict over a period that is not frozen. `met` and `missed` are said only when nothing can
 * change them any more. The models of the forecast are told in the .c file.
 */
struct commitment_verdict commitment_judge(const struct commitment_facts *facts);

/* A period's danger, as it was when it was looked at before. */
struct commitment_danger {
    int64_t since_us; /* TIME_NONE: it was in none */
    bool is_told;
};

enum commitment_alert {
    ALERT_STAYS,  /* nothing is new */
    ALERT_BEGINS, /* it is in danger from now on */
    ALERT_ENDS,   /* it has recovered */
    ALERT_TELLS,  /* it has been in danger for long enough: people are told */
};

/*
 * Whether a present period's promise is in danger: it is behind and a quarter of the open time is
 * over, or at risk and half of it is, or missed already. The danger ends when it is on track again,
 * or met; in between it stays as it was. It is told once, and not before it has lasted for an hour:
 * the pace goes on by the hour, and a lead that comes a little late is no news.
 */
enum commitment_alert commitment_alert(const struct commitment_facts *facts,
                                       const struct commitment_verdict *verdict,
                                       const struct commitment_danger *danger, int64_t now_us);

/* Whether an actual value keeps the promise; nothing to measure breaks none. */
bool commitment_is_kept(double actual, double target, bool is_at_most);

/* How much of the promise was attained: 1 is all of it, more is more than was promised. Actual by
 * target, where less is better target by actual; NaN: there is nothing to measure or to divide by.
 */
double commitment_attainment(double actual, double target, bool is_at_most);

/* Whether it counts or adds; else it is a ratio, and has a denominator. */
bool commitment_is_whole(enum commitment_metric metric);
/* What a metric comes to: of counts and sums the numerator, else the ratio, NaN without cases. */
double commitment_actual(enum commitment_metric metric, double numerator, double denominator);

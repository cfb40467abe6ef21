/*
 * What both teams would promise each other so that the plan comes true, as bodies that
 * POST /v1/sla/commitments takes: marketing a volume of leads and MQLs a week, sales what becomes
 * of them. Targets are rounded so that keeping the promise reaches the goal: counts up, rates to
 * the thousandth.
 */
#include "planner.h"

#include <math.h>

enum { DAYS_PER_WEEK = 7, MONTHS_PER_QUARTER = 3 };

struct promise {
    const char *team;
    const char *metric;
    const char *name;
    double at_least;
    bool is_count;
    const char *every;
    double capacity; /* NaN: none */
};

static void write_promise(struct json_writer *json, const struct planner *planner,
                          const struct promise *promise)
{
    json_object_begin(json);
    JSON_FIELD(json, "team", json_text, promise->team);
    JSON_FIELD(json, "name", json_text, promise->name != NULL ? promise->name : promise->metric);
    JSON_FIELD(json, "metric", json_text, promise->metric);
    json_key(json, "at_least");
    if (promise->is_count) {
        json_int(json, (int64_t)promise->at_least);
    } else {
        json_double(json, promise->at_least);
    }
    json_key(json, "period");
    json_object_begin(json);
    JSON_FIELD(json, "every", json_text, promise->every);
    if (str_is(str_from(promise->every), "week")) {
        JSON_FIELD(json, "starts", json_str, planner->organisation->week_starts_on);
    }
    json_object_end(json);
    if (!isnan(promise->capacity)) {
        JSON_FIELD(json, "capacity", json_int, (int64_t)promise->capacity);
    }
    json_object_end(json);
}

/* A hair above a whole number is that number. */
static double count_up(double value)
{
    return ceil(value - 1e-9);
}

static double thousandths(double rate)
{
    return round(rate * 1000) / 1000;
}

/* ---- periods of the calendar ---- */

/* The month (0 January of year 0) that begins on this day; -1: none does. */
static int64_t month_beginning(int32_t days)
{
    char text[TIME_TEXT_BYTES];
    int64_t year;
    int64_t month;
    (void)date_format(days, text);
    if (!str_is(str_from(text + 8), "01") || !str_to_int64(str_slice(text, 4), &year) ||
        !str_to_int64(str_slice(text + 5, 2), &month)) {
        return -1;
    }
    return year * 12 + month - 1;
}

/* How often revenue is promised: each quarter or month when the plan is for whole ones, else each
 * week; and how many of those the plan has. */
static const char *revenue_period(const struct planner_days *period, double *ret_count)
{
    const int64_t first = month_beginning(period->from);
    const int64_t end = month_beginning(period->to);
    if (first < 0 || end < 0) {
        *ret_count = (double)(period->to - period->from) / DAYS_PER_WEEK;
        return "week";
    }
    if (first % MONTHS_PER_QUARTER == 0 && end % MONTHS_PER_QUARTER == 0) {
        *ret_count = (double)(end - first) / MONTHS_PER_QUARTER;
        return "quarter";
    }
    *ret_count = (double)(end - first);
    return "month";
}

/* ---- the promises ---- */

static void write_volumes(struct json_writer *json, const struct planner *planner,
                          const struct planner_plan *plan, bool is_french, struct arena *arena)
{
    const double weeks = (double)(planner->body.period.to - planner->body.period.from) /
                         DAYS_PER_WEEK;
    const double leads = count_up(plan->funnel.stages[PLAN_LEADS].expected / weeks);
    const double mqls = count_up(plan->funnel.stages[PLAN_MQLS].expected / weeks);
    /* What sales can work in a week: more than agreed is not held against it. */
    const double room =
        planner->body.has_rep && plan->working_weeks > 0
            ? floor(planner->reps * plan->capacity.mqls_per_rep / plan->working_weeks)
            : (double)NAN;
    const struct promise promises[] = {
        {"marketing", "leads_captured",
         arena_printf(arena, is_french ? "%.0f leads par semaine" : "%.0f leads a week", leads),
         leads,                                                                                        true, "week", (double)NAN                      },
        {"marketing", "leads_delivered",
         arena_printf(arena, is_french ? "%.0f MQL par semaine" : "%.0f MQLs a week",    mqls),  mqls,
         true,                                                                                               "week", room >= mqls ? room : (double)NAN},
    };
    for (size_t i = 0; i < ARRAY_LEN(promises); i++) {
        write_promise(json, planner, &promises[i]);
    }
}

static void write_effort(struct json_writer *json, const struct planner *planner,
                         const struct planner_plan *plan, bool is_french, struct arena *arena)
{
    const double accepted = thousandths(plan_rate_mean(&plan->goal.rates[PLAN_MQLS]));
    const double qualified = thousandths(plan_rate_mean(&plan->goal.rates[PLAN_MQLS]) *
                                         plan_rate_mean(&plan->goal.rates[PLAN_SALS]));
    const double attempts = planner->body.rep.attempts_per_lead;
    const struct promise promises[] = {
        {"sales", "acceptance_rate",
         arena_printf(arena,
         is_french ? "%.4g %% des MQL acceptés" : "%.4g %% of the MQLs accepted",
         accepted * 100),
         accepted,  false, "month", (double)NAN},
        {"sales", "mql_to_sql_rate",
         arena_printf(arena,
         is_french ? "%.4g %% des MQL deviennent SQL"
                                : "%.4g %% of the MQLs become SQLs",
         qualified * 100),
         qualified, false, "month", (double)NAN},
        {"sales", "attempts_per_lead",
         arena_printf(arena, is_french ? "%.4g tentatives par MQL" : "%.4g attempts for each MQL",
         attempts),
         attempts,  false, "month", (double)NAN},
    };
    const size_t count = planner->body.has_rep ? ARRAY_LEN(promises) : ARRAY_LEN(promises) - 1;
    for (size_t i = 0; i < count; i++) {
        write_promise(json, planner, &promises[i]);
    }
}

/* Revenue is counted in the organisation's currency. */
static void write_revenue(struct json_writer *json, const struct planner *planner, bool is_french)
{
    double count;
    const char *every = revenue_period(&planner->body.period, &count);
    const struct promise promise = {
        "sales",
        "revenue",
        is_french ? "Chiffre d’affaires" : "Revenue",
        count_up((double)planner->body.revenue_target / count),
        true,
        every,
        (double)NAN,
    };
    if (str_eq(planner->currency, planner->organisation->currency)) {
        write_promise(json, planner, &promise);
    }
}

void planner_write_commitments(struct json_writer *json, const struct planner *planner,
                               const struct planner_plan *plan, struct arena *arena)
{
    const bool is_french = str_is(planner->organisation->locale, "fr");
    json_key(json, "as_commitments");
    json_array_begin(json);
    write_volumes(json, planner, plan, is_french, arena);
    write_effort(json, planner, plan, is_french, arena);
    write_revenue(json, planner, is_french);
    json_array_end(json);
}

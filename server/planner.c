#include "planner.h"

#include <math.h>

#include "domain/catalog_kinds.h"
#include "schema/currency.h"
#include "store/store.h"

/* Minor units: at one of them a deal, the customers are still counted. */
#define MONEY_MAX PLAN_COUNT_MAX

enum {
    REPS_MAX = 100000,
    HISTORY_FROM_MIN = 10957, /* 2000-01-01 */
    /* In the order of planner_ask. */
    QUERY_WINDOW = 0,
    QUERY_DEALS = 1,
    QUERY_VISITORS = 2,
    QUERY_HISTORY = 3, /* when there is something to be measured */
    /* The steps of plan_history.sql. */
    STEP_CYCLE = PLAN_STEP_COUNT,
};

/* ---- the body ---- */

static const struct field days_fields[] = {
    FIELD("from", DATE, struct planner_days, from, .flags = FIELD_REQUIRED),
    FIELD("to", DATE, struct planner_days, to, .flags = FIELD_REQUIRED),
};
static const struct schema days_schema = SCHEMA(struct planner_days, days_fields);

static const struct field history_fields[] = {
    FIELD("from", DATE, struct planner_days, from, .flags = FIELD_NULLABLE),
    FIELD("to", DATE, struct planner_days, to, .flags = FIELD_NULLABLE),
};
static const struct schema history_schema = SCHEMA(struct planner_days, history_fields);

#define RATE(name, step)                                                                           \
    FIELD(name, REAL, struct planner_rates, steps[step], .flags = FIELD_NULLABLE, .max = 1)
static const struct field rates_fields[] = {
    RATE("visitor_lead", 0), RATE("lead_mql", 1),        RATE("mql_sal", 2),
    RATE("sal_sql", 3),      RATE("sql_opportunity", 4), RATE("opportunity_customer", 5),
};
_Static_assert(ARRAY_LEN(rates_fields) == PLAN_STEP_COUNT, "each step has its rate");
static const struct schema rates_schema = SCHEMA(struct planner_rates, rates_fields);

static const struct field ramp_fields[] = {
    FIELD("weeks", REAL, struct planner_ramp, weeks, .flags = FIELD_REQUIRED, .max = 104),
    FIELD("share", REAL, struct planner_ramp, share, .flags = FIELD_REQUIRED, .max = 1),
};
static const struct schema ramp_schema = SCHEMA(struct planner_ramp, ramp_fields);

static const struct field rep_fields[] = {
    FIELD("hours_per_week", REAL, struct planner_rep, hours_per_week, .flags = FIELD_REQUIRED,
          .min = 0.1, .max = 168),
    FIELD("minutes_per_attempt", REAL, struct planner_rep, minutes_per_attempt,
          .flags = FIELD_REQUIRED, .min = 0.1, .max = 1440),
    FIELD("attempts_per_lead", REAL, struct planner_rep, attempts_per_lead, .flags = FIELD_REQUIRED,
          .min = 0.1, .max = 1000),
    FIELD("working_weeks", REAL, struct planner_rep, working_weeks, .flags = FIELD_NULLABLE,
          .min = 0.1, .max = 300),
    FIELD_NESTED("ramp", struct planner_rep, ramp, &ramp_schema, .flags = FIELD_NULLABLE),
};
static const struct schema rep_schema = SCHEMA(struct planner_rep, rep_fields);

static const struct field body_fields[] = {
    FIELD("revenue_target", INT, struct planner_body, revenue_target, .flags = FIELD_REQUIRED,
          .min = 1, .max = MONEY_MAX),
    FIELD("currency", STRING, struct planner_body, currency, .flags = FIELD_NULLABLE,
          .max = CURRENCY_CHARS),
    FIELD("average_deal", INT, struct planner_body, average_deal, .flags = FIELD_NULLABLE, .min = 1,
          .max = MONEY_MAX),
    FIELD("marketing_share", REAL, struct planner_body, marketing_share, .flags = FIELD_NULLABLE,
          .max = 1),
    FIELD_NESTED("period", struct planner_body, period, &days_schema, .flags = FIELD_REQUIRED),
    FIELD_NESTED("rates", struct planner_body, rates, &rates_schema, .flags = FIELD_NULLABLE),
    FIELD_NESTED("history", struct planner_body, history, &history_schema, .flags = FIELD_NULLABLE),
    FIELD("cycle_days", REAL, struct planner_body, cycle_days, .flags = FIELD_NULLABLE,
          .max = PLAN_LAG_DAYS_MAX - 1),
    FIELD("calendar", UUID, struct planner_body, calendar, .flags = FIELD_NULLABLE),
    FIELD_NESTED("rep", struct planner_body, rep, &rep_schema, .flags = FIELD_NULLABLE,
                 FIELD_PRESENCE(struct planner_body, has_rep)),
    FIELD("reps", INT, struct planner_body, reps, .flags = FIELD_NULLABLE, .max = REPS_MAX),
    FIELD("seed", INT, struct planner_body, seed, .flags = FIELD_NULLABLE, .max = 9007199254740991),
};
const struct schema planner_schema = SCHEMA(struct planner_body, body_fields);

static void check_period(const struct planner_days *period, struct faults *faults)
{
    if (period->from == DATE_NONE || period->to == DATE_NONE) {
        return;
    }
    if (period->to <= period->from) {
        faults_add(faults, "/period/to", "order",
                   "The period ends before it begins. \"to\" is the first day behind it.");
    } else if (period->to - period->from > PLAN_DAYS_MAX) {
        faults_add(faults, "/period/to", "range", "A plan is for at most %d days.", PLAN_DAYS_MAX);
    }
}

static void check_history(const struct planner_days *history, struct faults *faults)
{
    if (history->from != DATE_NONE && history->from < HISTORY_FROM_MIN) {
        faults_add(faults, "/history/from", "range", "History begins in 2000 at the earliest.");
    }
    if (history->from != DATE_NONE && history->to != DATE_NONE && history->to <= history->from) {
        faults_add(faults, "/history/to", "order", "The history ends before it begins.");
    }
}

/* A rate of 0 is no typing error that a range could tell: it says that the goal cannot be reached.
 */
static void check_rate(double rate, const char *pointer, struct faults *faults)
{
    if (rate == 0) {
        faults_add(faults, pointer, "impossible",
                   "With 0 here no number of leads reaches the goal. Leave it out to have it "
                   "measured, or say what share goes on.");
    } else if (rate < PLAN_RATE_MIN) {
        faults_add(faults, pointer, "range", "A rate is at least 0.000001 and at most 1.");
    }
}

static void check_rates(const struct planner_body *body, struct arena *arena, struct faults *faults)
{
    for (size_t step = 0; step < PLAN_STEP_COUNT; step++) {
        const char *pointer = arena_printf(arena, "/rates/%s", plan_step_names[step]);
        check_rate(body->rates.steps[step], pointer != NULL ? pointer : "/rates", faults);
    }
    if (body->marketing_share == 0) {
        faults_add(faults, "/marketing_share", "impossible",
                   "With a share of 0 marketing has nothing to bring. It is more than 0 and at "
                   "most 1.");
    }
}

/* Without one every weekday is open. */
static void check_calendar(struct planner *planner, const struct catalog *catalog,
                           struct faults *faults)
{
    const struct planner_days *period = &planner->body.period;
    if (uuid_is_nil(planner->body.calendar)) {
        return;
    }
    planner->calendar = catalog_calendar(catalog, planner->body.calendar);
    if (planner->calendar == NULL) {
        faults_add(faults, "/calendar", "reference", "There is no such calendar.");
    } else if (period->from != DATE_NONE && period->to != DATE_NONE && period->to > period->from &&
               !calendar_covers(planner->calendar,
                                zone_day_starts_us(&planner->calendar->zone, period->from),
                                zone_day_starts_us(&planner->calendar->zone, period->to))) {
        faults_add(faults, "/calendar", "range",
                   "Calendars are known from a year ago until five years ahead, and the period is "
                   "not within that. Leave the calendar out to count from Monday to Friday.");
    }
}

/* Those who could work leads: active, of sales, and not their manager. NaN: none is known. */
static double count_reps(const struct catalog *catalog)
{
    size_t count;
    size_t reps = 0;
    const struct catalog_entry *const *entries = catalog_list(catalog, CATALOG_MEMBER, &count);
    for (size_t i = 0; i < count; i++) {
        const struct member *member = entries[i]->typed;
        reps += member->team == TEAM_SALES && member->is_active && !member->is_manager ? 1 : 0;
    }
    return reps > 0 ? (double)reps : (double)NAN;
}

bool planner_read(const json_t *body, const struct catalog *catalog, struct arena *arena,
                  struct faults *faults, struct planner *ret_planner)
{
    struct planner planner = {.organisation = catalog_organisation(catalog)};
    struct planner_body *in = &planner.body;
    /* What has the wrong shape is none, and the rest is looked at all the same. */
    bool is_shaped = schema_decode(&planner_schema, body, arena, in, faults);
    const size_t before = faults->count;
    check_period(&in->period, faults);
    check_history(&in->history, faults);
    check_rates(in, arena, faults);
    check_calendar(&planner, catalog, faults);
    if (in->currency.data != NULL && !currency_is_valid(in->currency)) {
        faults_add(faults, "/currency", "format", CURRENCY_HELP);
    }
    planner.currency = in->currency.data != NULL ? in->currency : planner.organisation->currency;
    in->marketing_share = isnan(in->marketing_share) ? 1 : in->marketing_share;
    in->seed = in->seed != INT_NONE ? in->seed : 0;
    (void)catalog_active_model(catalog, &planner.model);
    planner.are_reps_given = in->reps != INT_NONE;
    planner.reps = planner.are_reps_given ? (double)in->reps : count_reps(catalog);
    *ret_planner = planner;
    return is_shaped && faults->count == before;
}

/* ---- what is asked of the database ---- */

static void add_window(const struct planner *planner, struct params *params)
{
    const int32_t days[] = {planner->body.history.from, planner->body.history.to};
    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        if (days[i] == DATE_NONE) {
            param_null(params);
        } else {
            param_int(params, days[i]);
        }
    }
    param_text(params, planner->organisation->time_zone);
}

static bool needs_history(const struct planner *planner)
{
    bool is_needed = isnan(planner->body.cycle_days);
    for (size_t step = PLAN_STEP_VISITOR_LEAD + 1; step < PLAN_STEP_COUNT; step++) {
        is_needed = is_needed || isnan(planner->body.rates.steps[step]);
    }
    return is_needed;
}

void planner_ask(const struct planner *planner, struct read_op *read)
{
    add_window(planner, read_op_query(read, STATEMENT_PLAN_WINDOW));
    struct params *deals = read_op_query(read, STATEMENT_PLAN_DEALS);
    add_window(planner, deals);
    param_text(deals, planner->currency);
    param_text(deals, planner->organisation->currency);
    param_int(deals, PLAN_DEALS_MAX);
    struct params *visitors = read_op_query(read, STATEMENT_PLAN_VISITORS);
    add_window(planner, visitors);
    param_bool(visitors, isnan(planner->body.rates.steps[PLAN_STEP_VISITOR_LEAD]));
    if (needs_history(planner)) {
        add_window(planner, read_op_query(read, STATEMENT_PLAN_HISTORY));
    }
    if (planner_has_threshold(planner)) {
        struct params *grades = read_op_query(read, STATEMENT_PLAN_GRADES);
        add_window(planner, grades);
        param_int(grades, planner->model);
    }
}

/* ---- what was measured ---- */

struct cohorts {
    struct cohort_day *days[STEP_CYCLE + 1]; /* by step; visitors have none */
    size_t day_count;
};

/* As many days for each step as the longest needs. */
static enum err_code collect_cohorts(const struct rows *rows, struct arena *arena,
                                     struct cohorts *cohorts)
{
    *cohorts = (struct cohorts){.day_count = 1};
    for (size_t row = 0; row < rows_count(rows); row++) {
        const size_t days = (size_t)row_int(rows, row, 1);
        cohorts->day_count = days >= cohorts->day_count ? days + 1 : cohorts->day_count;
    }
    for (size_t step = 0; step < ARRAY_LEN(cohorts->days); step++) {
        cohorts->days[step] = arena_array(arena, cohorts->day_count, sizeof *cohorts->days[step]);
        if (cohorts->days[step] == NULL) {
            return ERR_NOMEM;
        }
    }
    for (size_t row = 0; row < rows_count(rows); row++) {
        struct cohort_day *day = &cohorts->days[row_int(rows, row, 0)][row_int(rows, row, 1)];
        day->entrants = (uint64_t)row_bigint(rows, row, 2);
        day->converters = (uint64_t)row_bigint(rows, row, 3);
        day->lags = (uint64_t)row_bigint(rows, row, 4);
    }
    return OK;
}

static const char *const entered_names[PLAN_STEP_COUNT] = {
    NULL, "a lead", "an MQL", "a SAL", "an SQL", "an opportunity",
};

/* Where visits are known, and somebody came of them; else it stays unknown, and nobody asks for it.
 * A visitor decides on the day: nobody is too young to tell. */
static void take_visitor_rate(const struct rows *visitors, struct planner_plan *plan)
{
    const int64_t visits = row_bigint(visitors, 0, 0);
    const int64_t came = row_bigint(visitors, 0, 1);
    const int64_t leads = came < visits ? came : visits;
    if (visits <= 0 || leads <= 0) {
        return;
    }
    plan->steps[PLAN_STEP_VISITOR_LEAD] = (struct planner_measure){
        .is_measured = true,
        .estimate = {.rate = (double)leads / (double)visits,
                     .trials = (double)visits,
                     .entrants = (uint64_t)visits,
                     .converted = (uint64_t)leads},
    };
    plan->goal.rates[PLAN_STEP_VISITOR_LEAD] = (struct plan_rate){
        .is_known = true,
        .is_measured = true,
        .successes = (double)leads,
        .trials = (double)visits,
    };
}

static void take_rate(const struct planner *planner, size_t step, const struct cohorts *cohorts,
                      struct arena *arena, struct faults *faults, struct planner_plan *plan)
{
    const double given = planner->body.rates.steps[step];
    struct plan_rate *rate = &plan->goal.rates[step];
    struct planner_measure *measure = &plan->steps[step];
    if (!isnan(given)) {
        *rate = (struct plan_rate){.is_known = true, .value = given};
        return;
    }
    if (step == PLAN_STEP_VISITOR_LEAD) {
        return;
    }
    measure->is_measured = cohort_estimate(cohorts->days[step], cohorts->day_count,
                                           /* shares= */ NULL, &measure->estimate);
    if (!measure->is_measured) {
        const char *pointer = arena_printf(arena, "/rates/%s", plan_step_names[step]);
        faults_add(faults, pointer != NULL ? pointer : "/rates", "no_history",
                   "Nobody became %s in the history, so this rate cannot be measured. Give it, "
                   "or a \"history\" that holds some.",
                   entered_names[step]);
        return;
    }
    *rate = (struct plan_rate){
        .is_known = true,
        .is_measured = true,
        .successes = measure->estimate.rate * measure->estimate.trials,
        .trials = measure->estimate.trials,
    };
}

static enum err_code take_cycle(const struct planner *planner, const struct cohorts *cohorts,
                                struct arena *arena, struct planner_plan *plan)
{
    const bool is_given = !isnan(planner->body.cycle_days);
    size_t count = is_given ? (size_t)lround(planner->body.cycle_days) + 1 : cohorts->day_count;
    double *shares = arena_array(arena, count, sizeof *shares);
    if (shares == NULL) {
        return ERR_NOMEM;
    }
    if (is_given) {
        shares[count - 1] = 1;
    } else {
        plan->cycle.is_measured =
            cohort_estimate(cohorts->days[STEP_CYCLE], count, shares, &plan->cycle.estimate) &&
            plan->cycle.estimate.rate > 0;
    }
    if (is_given || plan->cycle.is_measured) {
        plan->lag_shares = shares;
        plan->lag_count = count < PLAN_LAG_DAYS_MAX ? count : PLAN_LAG_DAYS_MAX;
    }
    return OK;
}

static enum err_code take_deals(const struct planner *planner, const struct rows *rows,
                                struct arena *arena, struct faults *faults,
                                struct planner_plan *plan)
{
    const int64_t given = planner->body.average_deal;
    plan->goal.average_deal = given != INT_NONE ? (double)given : (double)NAN;
    if (given != INT_NONE) {
        return OK;
    }
    double *amounts = arena_array(arena, PLAN_DEALS_MAX, sizeof *amounts);
    if (amounts == NULL) {
        return ERR_NOMEM;
    }
    plan->deal_count = row_bigint(rows, 0, 1);
    plan->other_deals = row_bigint(rows, 0, 2);
    plan->goal.deals = amounts;
    if (plan->deal_count > 0) {
        plan->goal.deal_count = row_reals(rows, 0, 0, amounts, PLAN_DEALS_MAX);
    } else {
        faults_add(faults, "/average_deal", "no_history",
                   "No deal in %.*s was won in the history, so the average cannot be measured. "
                   "Give it in minor units, or a \"history\" that holds some.",
                   STR_ARGS(planner->currency));
    }
    return OK;
}

static enum err_code measure(const struct planner *planner, const struct read_op *read,
                             struct arena *arena, struct faults *faults, struct planner_plan *plan)
{
    const struct rows *window = read->queries[QUERY_WINDOW].rows;
    plan->since_us = row_time(window, 0, 0);
    plan->until_us = row_time(window, 0, 1);
    plan->today = row_int(window, 0, 2);
    struct cohorts cohorts = {.day_count = 0};
    enum err_code code = OK;
    if (needs_history(planner)) {
        code = collect_cohorts(read->queries[QUERY_HISTORY].rows, arena, &cohorts);
    }
    if (isnan(planner->body.rates.steps[PLAN_STEP_VISITOR_LEAD])) {
        take_visitor_rate(read->queries[QUERY_VISITORS].rows, plan);
    }
    for (size_t step = 0; step < PLAN_STEP_COUNT && code == OK; step++) {
        take_rate(planner, step, &cohorts, arena, faults, plan);
    }
    code = code != OK ? code : take_cycle(planner, &cohorts, arena, plan);
    return code != OK ? code
                      : take_deals(planner, read->queries[QUERY_DEALS].rows, arena, faults, plan);
}

/* ---- the plan ---- */

static enum err_code schedule(const struct planner *planner, struct arena *arena,
                              struct planner_plan *plan)
{
    int week_starts_on = 0;
    while (weekday_names[week_starts_on + 1] != NULL &&
           !str_is(planner->organisation->week_starts_on, weekday_names[week_starts_on])) {
        week_starts_on++;
    }
    const struct plan_flow flow = {
        .from_days = planner->body.period.from,
        .to_days = planner->body.period.to,
        .week_starts_on = week_starts_on,
        .lag_shares = plan->lag_shares,
        .lag_count = plan->lag_count,
        .leads = plan->funnel.stages[PLAN_LEADS],
        .customers = plan->funnel.stages[PLAN_CUSTOMERS].expected,
    };
    return plan_schedule(&flow, arena, &plan->weeks, &plan->week_count);
}

static double count_open_days(const struct planner *planner)
{
    const struct planner_days *period = &planner->body.period;
    if (planner->calendar == NULL) {
        return plan_weekdays(period->from, period->to);
    }
    double count = 0;
    for (int32_t day = period->from; day < period->to; day++) {
        count += calendar_day_is_open(planner->calendar, day) ? 1 : 0;
    }
    return count;
}

static void find_capacity(const struct planner *planner, struct planner_plan *plan)
{
    enum { OPEN_DAYS_PER_WEEK = 5 };
    const struct planner_rep *rep = &planner->body.rep;
    plan->working_weeks = isnan(rep->working_weeks) ? plan->open_days / OPEN_DAYS_PER_WEEK
                                                    : rep->working_weeks;
    if (!planner->body.has_rep) {
        return;
    }
    const struct plan_team team = {
        .hours_per_week = rep->hours_per_week,
        .minutes_per_attempt = rep->minutes_per_attempt,
        .attempts_per_lead = rep->attempts_per_lead,
        .working_weeks = plan->working_weeks,
        .ramp_weeks = isnan(rep->ramp.weeks) ? 0 : rep->ramp.weeks,
        .ramp_share = isnan(rep->ramp.share) ? 1 : rep->ramp.share,
        .reps = planner->reps,
    };
    plan_capacity(&team, &plan->funnel.stages[PLAN_MQLS], &plan->capacity);
}

enum err_code planner_work(const struct planner *planner, const struct read_op *read,
                           struct arena *arena, struct faults *faults,
                           struct planner_plan *ret_plan)
{
    struct planner_plan plan = {
        .goal = {.revenue = (double)planner->body.revenue_target * planner->body.marketing_share,
                 .seed = (uint64_t)planner->body.seed,
                 .draws = PLAN_DRAWS},
    };
    const size_t before = faults->count;
    enum err_code code = measure(planner, read, arena, faults, &plan);
    if (code == OK && faults->count > before) {
        return ERR_INVALID;
    }
    plan.open_days = count_open_days(planner);
    code = code != OK ? code : plan_funnel(&plan.goal, &plan.funnel);
    code = code != OK ? code : schedule(planner, arena, &plan);
    if (code == OK) {
        find_capacity(planner, &plan);
    }
    if (code == OK && planner_has_threshold(planner)) {
        const struct read_query *last = &read->queries[read->query_count - 1];
        code = planner_find_threshold(planner, last->rows, arena, &plan);
    }
    if (code == OK) {
        *ret_plan = plan;
    }
    return code;
}

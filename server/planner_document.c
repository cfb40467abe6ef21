/* A plan as JSON: the figures, where they come from, what was taken for granted, and what to look
 * out for. Codes are for programs and pages, details for people. */
#include "planner.h"

#include <math.h>

enum { DAYS_PER_WEEK = 7 };

/* ---- figures ---- */

static void write_range(struct json_writer *json, const char *name, const struct plan_range *range,
                        double divisor)
{
    json_key(json, name);
    if (isnan(range->expected)) {
        json_nil(json);
        return;
    }
    json_object_begin(json);
    JSON_FIELD(json, "expected", json_double, range->expected / divisor);
    JSON_FIELD(json, "low", json_double, range->low / divisor);
    JSON_FIELD(json, "high", json_double, range->high / divisor);
    json_object_end(json);
}

/* Of every stage, customers first: that is how one plans. */
static void write_stages(struct json_writer *json, const struct planner_plan *plan, double divisor)
{
    for (size_t stage = PLAN_STAGE_COUNT_; stage-- > 0;) {
        write_range(json, plan_stage_names[stage], &plan->funnel.stages[stage], divisor);
    }
}

/* Without a single open day there is nothing to divide by. */
static void write_paces(struct json_writer *json, const struct planner *planner,
                        const struct planner_plan *plan)
{
    const double days = planner->body.period.to - planner->body.period.from;
    json_key(json, "per_week");
    json_object_begin(json);
    write_stages(json, plan, days / DAYS_PER_WEEK);
    json_object_end(json);
    json_key(json, "per_open_day");
    if (plan->open_days == 0) {
        json_nil(json);
        return;
    }
    json_object_begin(json);
    write_stages(json, plan, plan->open_days);
    json_object_end(json);
}

static void write_day(struct json_writer *json, const char *name, int32_t days)
{
    char text[TIME_TEXT_BYTES];
    JSON_FIELD(json, name, json_text, date_format(days, text));
}

static void write_period(struct json_writer *json, const struct planner *planner,
                         const struct planner_plan *plan)
{
    const struct planner_days *period = &planner->body.period;
    json_key(json, "period");
    json_object_begin(json);
    write_day(json, "from", period->from);
    write_day(json, "to", period->to);
    JSON_FIELD(json, "weeks", json_double, (double)(period->to - period->from) / DAYS_PER_WEEK);
    JSON_FIELD(json, "open_days", json_double, plan->open_days);
    json_object_end(json);
    json_key(json, "history");
    json_object_begin(json);
    JSON_FIELD(json, "from", json_time, plan->since_us);
    JSON_FIELD(json, "to", json_time, plan->until_us);
    json_object_end(json);
}

static void write_schedule(struct json_writer *json, const struct planner_plan *plan)
{
    json_key(json, "schedule");
    json_array_begin(json);
    for (size_t i = 0; i < plan->week_count; i++) {
        json_object_begin(json);
        write_day(json, "week", plan->weeks[i].starts_on);
        write_range(json, "leads", &plan->weeks[i].leads, 1);
        JSON_FIELD(json, "customers", json_double, plan->weeks[i].customers);
        json_object_end(json);
    }
    json_array_end(json);
}

static void write_days_taken(struct json_writer *json, const char *name,
                             const struct planner_plan *plan, double share)
{
    json_key(json, name);
    if (plan->lag_shares == NULL) {
        json_nil(json);
    } else {
        json_int(json, (int64_t)plan_lag_days(plan->lag_shares, plan->lag_count, share));
    }
}

static const char *source_of(bool is_known, bool is_measured)
{
    return is_measured ? "measured" : is_known ? "given" : "unknown";
}

static void write_sample(struct json_writer *json, const struct planner_measure *measure)
{
    const struct cohort_estimate *estimate = &measure->estimate;
    json_key(json, "n");
    measure->is_measured ? json_int(json, (int64_t)estimate->entrants) : json_nil(json);
    json_key(json, "k");
    measure->is_measured ? json_int(json, (int64_t)estimate->converted) : json_nil(json);
    JSON_FIELD(json, "trials", json_double, measure->is_measured ? estimate->trials : (double)NAN);
    json_key(json, "horizon_days");
    measure->is_measured ? json_int(json, (int64_t)estimate->horizon_days) : json_nil(json);
}

static void write_cycle(struct json_writer *json, const struct planner_plan *plan)
{
    json_key(json, "cycle");
    json_object_begin(json);
    JSON_FIELD(json, "source", json_text,
               source_of(plan->lag_shares != NULL, plan->cycle.is_measured));
    write_days_taken(json, "median_days", plan, 0.5);
    write_days_taken(json, "p95_days", plan, 0.95);
    write_sample(json, &plan->cycle);
    json_object_end(json);
}

static void write_rate(struct json_writer *json, size_t step, const struct planner_plan *plan)
{
    const struct plan_rate *rate = &plan->goal.rates[step];
    const struct plan_range range =
        rate->is_known ? plan_rate_range(rate)
                       : (struct plan_range){(double)NAN, (double)NAN, (double)NAN};
    json_key(json, plan_step_names[step]);
    json_object_begin(json);
    JSON_FIELD(json, "source", json_text, source_of(rate->is_known, rate->is_measured));
    JSON_FIELD(json, "rate", json_double, range.expected);
    JSON_FIELD(json, "low", json_double, rate->is_measured ? range.low : (double)NAN);
    JSON_FIELD(json, "high", json_double, rate->is_measured ? range.high : (double)NAN);
    write_sample(json, &plan->steps[step]);
    json_object_end(json);
}

static void write_rates(struct json_writer *json, const struct planner_plan *plan)
{
    json_key(json, "rates");
    json_object_begin(json);
    for (size_t step = 0; step < PLAN_STEP_COUNT; step++) {
        write_rate(json, step, plan);
    }
    json_object_end(json);
}

static void write_average_deal(struct json_writer *json, const struct planner_plan *plan)
{
    const struct plan_range *deal = &plan->funnel.average_deal;
    const bool is_measured = isnan(plan->goal.average_deal);
    json_key(json, "average_deal");
    json_object_begin(json);
    JSON_FIELD(json, "source", json_text, source_of(true, is_measured));
    JSON_FIELD(json, "amount", json_double, deal->expected);
    JSON_FIELD(json, "low", json_double, is_measured ? deal->low : (double)NAN);
    JSON_FIELD(json, "high", json_double, is_measured ? deal->high : (double)NAN);
    json_key(json, "n");
    is_measured ? json_int(json, plan->deal_count) : json_nil(json);
    json_object_end(json);
}

/* Whole people, rounded up; a hair above a whole number is that number. */
static double whole_reps(double reps)
{
    return ceil(reps - 1e-9);
}

static void write_team(struct json_writer *json, const struct planner *planner,
                       const struct planner_plan *plan)
{
    const struct plan_capacity *capacity = &plan->capacity;
    const bool has_rep = planner->body.has_rep;
    JSON_FIELD(json, "reps_needed", json_double,
               has_rep ? whole_reps(capacity->reps_needed.expected) : (double)NAN);
    JSON_FIELD(json, "capacity_ratio", json_double, has_rep ? capacity->ratio : (double)NAN);
    json_key(json, "capacity");
    if (!has_rep) {
        json_nil(json);
        return;
    }
    json_object_begin(json);
    JSON_FIELD(json, "reps", json_double, planner->reps);
    JSON_FIELD(json, "reps_source", json_text,
               planner->are_reps_given ? "given"
               : isnan(planner->reps)  ? "unknown"
                                       : "members");
    write_range(json, "reps_needed", &capacity->reps_needed, 1);
    JSON_FIELD(json, "working_weeks", json_double, plan->working_weeks);
    JSON_FIELD(json, "mqls_per_rep", json_double, capacity->mqls_per_rep);
    JSON_FIELD(json, "mqls_per_newcomer", json_double, capacity->mqls_per_newcomer);
    json_object_end(json);
}

/* ---- what was taken for granted, and what to look out for ---- */

/* `detail` NULL: out of memory, then the code has to do. */
static void write_note(struct json_writer *json, const char *code, const char *pointer,
                       const char *detail)
{
    json_object_begin(json);
    JSON_FIELD(json, "code", json_text, code);
    JSON_FIELD(json, "pointer", json_text, pointer);
    JSON_FIELD(json, "detail", json_text, detail != NULL ? detail : code);
    json_object_end(json);
}

static bool is_any_rate(const struct planner_plan *plan, bool is_measured)
{
    bool is_found = false;
    for (size_t step = 0; step < PLAN_STEP_COUNT; step++) {
        const struct plan_rate *rate = &plan->goal.rates[step];
        is_found = is_found || (rate->is_known && rate->is_measured == is_measured);
    }
    return is_found;
}

static void write_assumptions(struct json_writer *json, const struct planner *planner,
                              const struct planner_plan *plan)
{
    json_key(json, "assumptions");
    json_array_begin(json);
    write_note(json, "interval_80", NULL,
               "In eight of ten cases what is needed will lie between low and high. Who plans with "
               "high reaches the goal nine times out of ten.");
    write_note(json, "rates_stay", NULL,
               "Rates stay as they were, and one step's luck does not depend on another's.");
    write_note(json, "steady_flow", NULL,
               "Leads come in evenly. The schedule begins before the period because customers take "
               "their time; its late leads bring customers after the period.");
    if (planner->calendar == NULL) {
        write_note(json, "open_days_are_weekdays", "/calendar",
                   "Open days are Monday to Friday; holidays are not left out.");
    }
    if (is_any_rate(plan, /* is_measured= */ false)) {
        write_note(json, "given_rates_are_certain", "/rates",
                   "Rates that were given are taken as certain; only luck remains.");
    }
    if (is_any_rate(plan, /* is_measured= */ true)) {
        write_note(
            json, "measured_rates", "/rates",
            "A rate left out is measured: k of n contacts of the history went on, and those "
            "too young to tell count for as long as they were watched (Kaplan-Meier). What is "
            "believed of it is the beta distribution of that sample with Jeffreys' prior.");
    }
    if (isnan(plan->goal.average_deal)) {
        write_note(
            json, "measured_average_deal", "/average_deal",
            "The average deal is that of the new deals won in the history, its uncertainty that "
            "of samples drawn from them.");
    }
    if (planner->body.marketing_share == 1) {
        write_note(json, "marketing_brings_all", "/marketing_share",
                   "All of the revenue comes from marketing's leads.");
    }
    if (planner->body.has_rep) {
        write_note(json, "reps_work_mqls", "/rep",
                   "Every MQL gets its attempts, and reps spend the hours given on nothing else.");
    }
    json_array_end(json);
}

static void warn_of_rate(struct json_writer *json, size_t step, const struct planner_plan *plan,
                         struct arena *arena)
{
    const struct cohort_estimate *estimate = &plan->steps[step].estimate;
    const char *pointer = arena_printf(arena, "/rates/%s", plan_step_names[step]);
    const double plain = (double)estimate->converted / (double)estimate->entrants;
    if (!plan->steps[step].is_measured) {
        return;
    }
    if (estimate->converted == 0) {
        write_note(
            json, "no_conversion_seen", pointer,
            arena_printf(arena,
                         "None of the %llu in the history went on, so the rate is little more "
                         "than a guess. Better give it.",
                         (unsigned long long)estimate->entrants));
    }
    if (estimate->trials < PLANNER_SAMPLE_SMALL_BELOW) {
        write_note(json, "small_sample", pointer,
                   arena_printf(arena,
                                "Measured on %.3g contacts only: the range says how unsure it is.",
                                estimate->trials));
    }
    if (plain < 0.9 * estimate->rate) {
        write_note(json, "young_cohort", pointer,
                   arena_printf(arena,
                                "%.3g of them went on so far. Many are too young to tell; that is "
                                "made up for, but a longer history tells more.",
                                plain));
    }
}

static void warn_of_deals(struct json_writer *json, const struct planner_plan *plan,
                          struct arena *arena)
{
    if (!isnan(plan->goal.average_deal)) {
        return;
    }
    if (plan->deal_count < PLANNER_DEALS_FEW_BELOW) {
        write_note(
            json, "few_deals", "/average_deal",
            arena_printf(arena,
                         "The average is that of %lld deals only. A single large one more would "
                         "change it.",
                         (long long)plan->deal_count));
    }
    if (plan->deal_count > PLAN_DEALS_MAX) {
        write_note(json, "latest_deals", "/average_deal",
                   arena_printf(arena, "Of %lld deals the latest %d were looked at.",
                                (long long)plan->deal_count, PLAN_DEALS_MAX));
    }
    if (plan->other_deals > 0) {
        write_note(json, "other_currencies", "/average_deal",
                   arena_printf(arena, "%lld deals in another currency were left out.",
                                (long long)plan->other_deals));
    }
}

static void warn_of_time(struct json_writer *json, const struct planner *planner,
                         const struct planner_plan *plan, struct arena *arena)
{
    char week[TIME_TEXT_BYTES];
    if (plan->lag_shares == NULL) {
        write_note(json, "cycle_unknown", "/cycle_days",
                   "No time from lead to customer is known, so the schedule takes it that none "
                   "passes. Give \"cycle_days\".");
    }
    if (planner->body.period.to <= plan->today) {
        write_note(json, "period_is_over", "/period/to", "The period is over.");
    } else if (plan->week_count > 0 && plan->weeks[0].starts_on + DAYS_PER_WEEK <= plan->today) {
        write_note(
            json, "begins_in_the_past", "/period/from",
            arena_printf(arena,
                         "Customers of the period come from leads since the week of %s. What "
                         "came in since then is done; the weeks to come have to bring the rest.",
                         date_format(plan->weeks[0].starts_on, week)));
    }
}

static void warn_of_team(struct json_writer *json, const struct planner *planner,
                         const struct planner_plan *plan, struct arena *arena)
{
    const struct plan_capacity *capacity = &plan->capacity;
    if (!planner->body.has_rep) {
        return;
    }
    if (isinf(capacity->reps_needed.expected)) {
        write_note(
            json, "newcomers_come_too_late", "/rep/ramp",
            "More reps are needed than there are, and newcomers would not work a single lead "
            "within the period.");
    } else if (capacity->ratio < 1) {
        write_note(json, "too_few_reps", "/reps",
                   arena_printf(arena, "The %.0f reps there are can work %.0f of %.0f MQLs.",
                                planner->reps, planner->reps * capacity->mqls_per_rep,
                                plan->funnel.stages[PLAN_MQLS].expected));
    }
}

static void write_warnings(struct json_writer *json, const struct planner *planner,
                           const struct planner_plan *plan, struct arena *arena)
{
    json_key(json, "warnings");
    json_array_begin(json);
    for (size_t step = 0; step < PLAN_STEP_COUNT; step++) {
        warn_of_rate(json, step, plan, arena);
    }
    warn_of_deals(json, plan, arena);
    warn_of_time(json, planner, plan, arena);
    warn_of_team(json, planner, plan, arena);
    json_array_end(json);
}

/* ---- all of it ---- */

void planner_write(struct json_writer *json, const struct planner *planner,
                   const struct planner_plan *plan, struct arena *arena)
{
    json_object_begin(json);
    write_period(json, planner, plan);
    JSON_FIELD(json, "currency", json_str, planner->currency);
    JSON_FIELD(json, "revenue_target", json_int, planner->body.revenue_target);
    JSON_FIELD(json, "marketing_share", json_double, planner->body.marketing_share);
    write_average_deal(json, plan);
    write_stages(json, plan, 1);
    write_paces(json, planner, plan);
    write_cycle(json, plan);
    write_schedule(json, plan);
    write_team(json, planner, plan);
    planner_write_threshold(json, plan);
    write_rates(json, plan);
    planner_write_commitments(json, planner, plan, arena);
    write_assumptions(json, planner, plan);
    write_warnings(json, planner, plan, arena);
    JSON_FIELD(json, "seed", json_int, planner->body.seed);
    json_object_end(json);
}

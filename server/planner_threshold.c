/* The plan's question the other way round: which grades of leads fill the reps there are, and what
 * revenue follows. See domain/plan_threshold.h. */
#include "planner.h"

#include <math.h>

#include "store/rows.h"

bool planner_has_threshold(const struct planner *planner)
{
    return planner->body.has_rep && planner->reps > 0;
}

/* ---- what the history says ---- */

/* In the order of plan_grades.sql. */
enum column {
    COLUMN_GRADE,
    COLUMN_DAYS,
    COLUMN_LEADS,
    COLUMN_FIRST_AT,
    COLUMN_ENTRANTS,
    COLUMN_CONVERTERS,
    COLUMN_LAGS
};

static size_t day_count_of(const struct rows *rows)
{
    size_t count = 1;
    for (size_t row = 0; row < rows_count(rows); row++) {
        const size_t days = (size_t)row_int(rows, row, COLUMN_DAYS);
        count = days >= count ? days + 1 : count;
    }
    return count;
}

/* Of one grade; `days` has room for all. Its leads so far into grade->leads. */
static void collect(const struct rows *rows, size_t place, struct cohort_day *days,
                    size_t day_count, struct plan_grade *grade)
{
    memset(days, 0, day_count * sizeof *days);
    for (size_t row = 0; row < rows_count(rows); row++) {
        size_t found;
        if (!plan_grade_place(row_text(rows, row, COLUMN_GRADE), &found) || found != place) {
            continue;
        }
        struct cohort_day *day = &days[row_int(rows, row, COLUMN_DAYS)];
        grade->leads += (double)row_bigint(rows, row, COLUMN_LEADS);
        day->entrants = (uint64_t)row_bigint(rows, row, COLUMN_ENTRANTS);
        day->converters = (uint64_t)row_bigint(rows, row, COLUMN_CONVERTERS);
        day->lags = (uint64_t)row_bigint(rows, row, COLUMN_LAGS);
    }
}

/* A history that begins with its first lead: what was before is not a time without leads. */
static double days_of(const struct rows *rows, const struct planner_plan *plan)
{
    int64_t first_us = plan->until_us;
    for (size_t row = 0; row < rows_count(rows); row++) {
        const int64_t at_us = row_time(rows, row, COLUMN_FIRST_AT);
        first_us = at_us != TIME_NONE && at_us < first_us ? at_us : first_us;
    }
    return fmax(1, (double)(plan->until_us - first_us) / (double)US_PER_DAY);
}

enum err_code planner_find_threshold(const struct planner *planner, const struct rows *rows,
                                     struct arena *arena, struct planner_plan *plan)
{
    const size_t day_count = day_count_of(rows);
    struct planner_grades *found = arena_alloc(arena, sizeof *found);
    struct cohort_day *days = arena_array(arena, day_count, sizeof *days);
    if (found == NULL || days == NULL) {
        return ERR_NOMEM;
    }
    found->days = days_of(rows, plan);
    found->capacity = planner->reps * plan->capacity.mqls_per_rep;
    const double period = planner->body.period.to - planner->body.period.from;
    for (size_t place = 0; place < PLAN_GRADE_COUNT; place++) {
        struct plan_grade *grade = &found->grades[place];
        struct planner_measure *handed = &found->handed[place];
        collect(rows, place, days, day_count, grade);
        grade->leads *= period / found->days;
        handed->is_measured =
            cohort_estimate(days, day_count, /* shares= */ NULL, &handed->estimate);
        if (handed->is_measured) {
            grade->handed = handed->estimate.entrants;
            grade->rate = (struct plan_rate){
                .is_known = true,
                .is_measured = true,
                .successes = handed->estimate.rate * handed->estimate.trials,
                .trials = handed->estimate.trials,
            };
        }
    }
    plan->grades = found;
    return found->capacity > 0
               ? plan_threshold(found->grades, found->capacity, plan->funnel.average_deal.expected,
                                plan->goal.seed, plan->goal.draws, &found->threshold)
               : OK;
}

/* ---- as JSON ---- */

static void write_grade(struct json_writer *json, const struct planner_grades *found, size_t place)
{
    const struct plan_grade *grade = &found->grades[place];
    const struct planner_measure *handed = &found->handed[place];
    char name[GRADE_TEXT_BYTES];
    json_object_begin(json);
    JSON_FIELD(json, "grade", json_text, plan_grade_name(place, name));
    JSON_FIELD(json, "leads", json_double, grade->leads);
    JSON_FIELD(json, "handed_over", json_int, (int64_t)grade->handed);
    JSON_FIELD(json, "customers", json_int,
               handed->is_measured ? (int64_t)handed->estimate.converted : 0);
    JSON_FIELD(json, "rate", json_double,
               handed->is_measured ? plan_rate_mean(&grade->rate) : (double)NAN);
    json_object_end(json);
}

/* Why there is no revenue, or nothing at all; NULL: there is. */
static const char *reason_of(const struct planner_grades *found)
{
    double leads = 0;
    for (size_t place = 0; place < PLAN_GRADE_COUNT; place++) {
        leads += found->grades[place].leads;
    }
    return found->capacity <= 0            ? "no_capacity"
           : leads <= 0                    ? "no_graded_leads"
           : !found->threshold.has_revenue ? "too_few_handoffs"
                                           : NULL;
}

static void write_revenue(struct json_writer *json, const struct plan_threshold *threshold)
{
    json_key(json, "revenue");
    if (!threshold->has_revenue) {
        json_nil(json);
        return;
    }
    json_object_begin(json);
    JSON_FIELD(json, "expected", json_double, threshold->revenue.expected);
    JSON_FIELD(json, "low", json_double, threshold->revenue.low);
    JSON_FIELD(json, "high", json_double, threshold->revenue.high);
    json_object_end(json);
}

void planner_write_threshold(struct json_writer *json, const struct planner_plan *plan)
{
    const struct planner_grades *found = plan->grades;
    json_key(json, "threshold");
    if (found == NULL) {
        json_nil(json);
        return;
    }
    static const struct plan_threshold nothing = {.mqls = 0};
    const char *reason = reason_of(found);
    const bool is_found = reason == NULL || found->threshold.mqls > 0;
    const struct plan_threshold *threshold = is_found ? &found->threshold : &nothing;
    char name[GRADE_TEXT_BYTES];
    json_object_begin(json);
    JSON_FIELD(json, "grade", json_text, is_found ? plan_grade_name(threshold->last, name) : NULL);
    JSON_FIELD(json, "capacity", json_double, found->capacity);
    JSON_FIELD(json, "mqls", json_double, is_found ? threshold->mqls : (double)NAN);
    JSON_FIELD(json, "filled", json_double, is_found ? threshold->filled : (double)NAN);
    write_revenue(json, is_found ? threshold : &nothing);
    JSON_FIELD(json, "reason", json_text, reason);
    JSON_FIELD(json, "reason_grade", json_text,
               is_found && reason != NULL ? plan_grade_name(threshold->unknown, name) : NULL);
    json_key(json, "grades");
    json_array_begin(json);
    for (size_t place = 0; place < PLAN_GRADE_COUNT; place++) {
        write_grade(json, found, place);
    }
    json_array_end(json);
    json_object_end(json);
}

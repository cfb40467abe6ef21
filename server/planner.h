/*
 * What POST /v1/plan and `relais plan` have in common: the body's shape and what is wrong with it,
 * what has to be asked of the database, and the answer as a document. The mathematics are in
 * domain/plan.h and domain/cohort.h; nothing is stored.
 *
 *     planner_read     a body → what is asked
 *     planner_ask      the statements for what was left out
 *     planner_work     their rows → the plan
 *     planner_write    the plan → JSON
 */
#pragma once

#include "base/fault.h"
#include "base/json_write.h"
#include "domain/catalog.h"
#include "domain/cohort.h"
#include "domain/plan.h"
#include "domain/plan_threshold.h"
#include "schema/schema.h"
#include "store/op.h"

enum {
    PLANNER_BODY_BYTES_MAX = 65536,
    PLANNER_SAMPLE_SMALL_BELOW = 10,
    PLANNER_DEALS_FEW_BELOW = 30
};

/* Absent numbers are INT_NONE, DATE_NONE or NaN. */
struct planner_body {
    int64_t revenue_target;
    struct str currency;
    int64_t average_deal;
    double marketing_share;
    struct planner_days {
        int32_t from;
        int32_t to;
    } period;
    struct planner_rates {
        double steps[PLAN_STEP_COUNT];
    } rates;
    struct planner_days history;
    double cycle_days;
    struct uuid calendar;
    bool has_rep;
    struct planner_rep {
        double hours_per_week;
        double minutes_per_attempt;
        double attempts_per_lead;
        double working_weeks;
        struct planner_ramp {
            double weeks;
            double share;
        } ramp;
    } rep;
    int64_t reps;
    int64_t seed;
};
extern const struct schema planner_schema;

struct planner {
    struct planner_body body;
    const struct organisation *organisation; /* borrowed from the catalog */
    const struct calendar *calendar;         /* likewise; NULL: Monday to Friday */
    int32_t model;                           /* the scoring model in force */
    struct str currency;
    double reps; /* there are; NaN: unknown */
    bool are_reps_given;
};

/* False: faults were added. Texts point into `body`, the organisation into `catalog`: both have to
 * live as long as the planner. */
bool planner_read(const json_t *body, const struct catalog *catalog, struct arena *arena,
                  struct faults *faults, struct planner *ret_planner) MUSTCHECK;

/* Adds the statements to a fresh operation. */
void planner_ask(const struct planner *planner, struct read_op *read);

struct planner_measure {
    bool is_measured;
    struct cohort_estimate estimate;
};

/* What the history says of a grade, and what the threshold does. */
struct planner_grades {
    struct plan_grade grades[PLAN_GRADE_COUNT];
    struct planner_measure handed[PLAN_GRADE_COUNT];
    double days;     /* of history, from its first lead on */
    double capacity; /* MQLs that the reps there are can work in the period */
    struct plan_threshold threshold;
};

struct planner_plan {
    int64_t since_us; /* the history that was looked at */
    int64_t until_us;
    int32_t today;
    struct planner_measure steps[PLAN_STEP_COUNT];
    struct planner_measure cycle;
    const double *lag_shares; /* of customers by the days they took; NULL: unknown */
    size_t lag_count;
    int64_t deal_count;  /* in the history, of this currency; 0 when the average was given */
    int64_t other_deals; /* of another currency */
    struct plan_goal goal;
    struct plan_funnel funnel;
    double open_days;
    struct plan_week *weeks;
    size_t week_count;
    double working_weeks;
    struct plan_capacity capacity; /* of a body with "rep" */
    struct planner_grades *grades; /* NULL: nobody knows how many reps there are */
};

/* While the rows of the operation are at hand. ERR_INVALID: what was left out cannot be measured
 * either, and the faults say what; ERR_NOMEM. What it makes lives in the arena. */
enum err_code planner_work(const struct planner *planner, const struct read_op *read,
                           struct arena *arena, struct faults *faults,
                           struct planner_plan *ret_plan) MUSTCHECK;

/* Parts of planner_ask, _work and _write: which grades the reps there are could work. */
bool planner_has_threshold(const struct planner *planner);
enum err_code planner_find_threshold(const struct planner *planner, const struct rows *rows,
                                     struct arena *arena, struct planner_plan *plan) MUSTCHECK;
void planner_write_threshold(struct json_writer *json, const struct planner_plan *plan);

/* The document; texts that it needs are made in the arena. */
void planner_write(struct json_writer *json, const struct planner *planner,
                   const struct planner_plan *plan, struct arena *arena);
/* A part of it: what both teams would promise each other, as POST /v1/sla/commitments takes it. */
void planner_write_commitments(struct json_writer *json, const struct planner *planner,
                               const struct planner_plan *plan, struct arena *arena);

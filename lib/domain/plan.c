#include "domain/plan.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "domain/statistics.h"
#include "domain/variates.h"

const char *const plan_stage_names[] = {
    "visitors", "leads", "mqls", "sals", "sqls", "opportunities", "customers", NULL,
};
const char *const plan_step_names[] = {
    "visitor_lead",         "lead_mql", "mql_sal", "sal_sql", "sql_opportunity",
    "opportunity_customer", NULL,
};

/* One of ten below, one of ten above. */
#define LOW_SHARE  0.1
#define HIGH_SHARE 0.9

/* ---- rates ---- */

static double belief_a(const struct plan_rate *rate)
{
    return rate->successes + 0.5;
}

static double belief_b(const struct plan_rate *rate)
{
    return rate->trials - rate->successes + 0.5;
}

double plan_rate_mean(const struct plan_rate *rate)
{
    return rate->is_measured ? belief_a(rate) / (belief_a(rate) + belief_b(rate)) : rate->value;
}

struct plan_range plan_rate_range(const struct plan_rate *rate)
{
    struct plan_range range = {rate->value, rate->value, rate->value};
    if (rate->is_measured) {
        range.expected = plan_rate_mean(rate);
        range.low = beta_quantile(belief_a(rate), belief_b(rate), LOW_SHARE);
        range.high = beta_quantile(belief_a(rate), belief_b(rate), HIGH_SHARE);
    }
    return range;
}

static double draw_rate(const struct plan_rate *rate, struct random *random)
{
    const double drawn = rate->is_measured ? variate_beta(random, belief_a(rate), belief_b(rate))
                                           : rate->value;
    return fmax(drawn, PLAN_RATE_MIN);
}

/* ---- deals ---- */

enum { RESAMPLES = 1000 };

/* What could be the truth about deals. */
struct deals {
    double mean;
    double variance;
};

static struct deals describe(const double *amounts, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += amounts[i];
    }
    const double mean = sum / (double)count;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        squares += (amounts[i] - mean) * (amounts[i] - mean);
    }
    return (struct deals){mean, count > 1 ? squares / (double)(count - 1) : 0};
}

/* As far as a sample's mean falls below (above) the mean it was drawn from, as a ratio, so far may
 * the truth lie above (below) ours: few large deals are easily missed, never imagined. */
static void resample(const struct plan_goal *goal, size_t count, double *room,
                     struct random *random, struct deals *resamples)
{
    const double mean = describe(goal->deals, count).mean;
    /* A sample of n varies as one of n − 1, and what it says of its own variance is Student's
     * matter: for the middle 80 % both together are about this much. */
    const double widening = count > 1 ? 1 + 1.16 / (double)(count - 1) : 1;
    for (size_t i = 0; i < RESAMPLES; i++) {
        for (size_t k = 0; k < count; k++) {
            room[k] = goal->deals[random_below(random, count)];
        }
        const struct deals drawn = describe(room, count);
        const double truth = mean * pow(mean / drawn.mean, widening);
        const double scale = truth / drawn.mean;
        resamples[i] = (struct deals){truth, drawn.variance * scale * scale};
    }
}

/* How many customers until the revenue is reached. The last one brings more than was missing: that
 * is worth (1 + v/m²) / 2 customers. An average that was given has no variance, and 47.3 customers
 * are what they are. */
static double draw_customers(double revenue, const struct deals *deals, bool is_given,
                             struct random *random)
{
    const double expected = revenue / deals->mean;
    const double spread = deals->variance / (deals->mean * deals->mean);
    if (is_given) {
        return expected;
    }
    return (spread > 0 ? spread * variate_gamma(random, expected / spread) : expected) +
           (1 + spread) / 2;
}

/* ---- futures ---- */

static int compare_reals(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

static struct plan_range range_of(double expected, double *drawn, size_t count)
{
    struct plan_range range = {expected, expected, expected};
    double low;
    double high;
    qsort(drawn, count, sizeof *drawn, compare_reals);
    if (percentile_continuous(drawn, count, LOW_SHARE, &low) &&
        percentile_continuous(drawn, count, HIGH_SHARE, &high)) {
        range.low = fmin(low, expected);
        range.high = fmax(high, expected);
    }
    return range;
}

static void set_expected(const struct plan_goal *goal, double average_deal, double *expected)
{
    expected[PLAN_CUSTOMERS] = goal->revenue / average_deal;
    for (size_t step = PLAN_STEP_COUNT; step-- > 0;) {
        const struct plan_rate *rate = &goal->rates[step];
        expected[step] = rate->is_known
                             ? fmin(expected[step + 1] / plan_rate_mean(rate), PLAN_COUNT_MAX)
                             : (double)NAN;
    }
}

/* One future; drawn[stage] gets its numbers at `index`. */
static void draw_future(const struct plan_goal *goal, double customers, struct random *random,
                        double *const drawn[], size_t index)
{
    double count = fmin(customers, PLAN_COUNT_MAX);
    drawn[PLAN_CUSTOMERS][index] = count;
    for (size_t step = PLAN_STEP_COUNT; step-- > 0 && goal->rates[step].is_known;) {
        count = variate_tries(random, count, draw_rate(&goal->rates[step], random));
        count = fmin(count, PLAN_COUNT_MAX);
        drawn[step][index] = count;
    }
}

struct rooms {
    double *drawn[PLAN_STAGE_COUNT_];
    double *sample;
    double *means;
    struct deals *resamples;
};

static bool make_rooms(struct arena *arena, size_t draws, size_t deal_count, struct rooms *rooms)
{
    rooms->sample = arena_array(arena, deal_count, sizeof *rooms->sample);
    rooms->means = arena_array(arena, RESAMPLES, sizeof *rooms->means);
    rooms->resamples = arena_array(arena, RESAMPLES, sizeof *rooms->resamples);
    bool is_made = rooms->sample != NULL && rooms->means != NULL && rooms->resamples != NULL;
    for (size_t stage = 0; stage < PLAN_STAGE_COUNT_; stage++) {
        rooms->drawn[stage] = arena_array(arena, draws, sizeof *rooms->drawn[stage]);
        is_made = is_made && rooms->drawn[stage] != NULL;
    }
    return is_made;
}

enum err_code plan_funnel(const struct plan_goal *goal, struct plan_funnel *ret_funnel)
{
    enum { ROOM_BYTES_MAX = 256 << 20 };
    const bool is_deal_given = !isnan(goal->average_deal);
    const size_t deal_count = goal->deal_count < PLAN_DEALS_MAX ? goal->deal_count : PLAN_DEALS_MAX;
    assert(goal->draws > 0 && (is_deal_given || deal_count > 0));
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, ROOM_BYTES_MAX);
    struct rooms rooms;
    if (!make_rooms(&arena, goal->draws, deal_count, &rooms)) {
        return ERR_NOMEM;
    }
    struct random random;
    random_init(&random, goal->seed);
    const struct deals deals = is_deal_given ? (struct deals){goal->average_deal, 0}
                                             : describe(goal->deals, deal_count);
    if (is_deal_given) {
        for (size_t i = 0; i < RESAMPLES; i++) {
            rooms.resamples[i] = deals;
        }
    } else {
        resample(goal, deal_count, rooms.sample, &random, rooms.resamples);
    }
    for (size_t i = 0; i < goal->draws; i++) {
        const struct deals *truth = &rooms.resamples[i % RESAMPLES];
        const double customers = draw_customers(goal->revenue, truth, is_deal_given, &random);
        draw_future(goal, customers, &random, rooms.drawn, i);
    }
    for (size_t i = 0; i < RESAMPLES; i++) {
        rooms.means[i] = rooms.resamples[i].mean;
    }
    double expected[PLAN_STAGE_COUNT_];
    set_expected(goal, deals.mean, expected);
    for (size_t stage = 0; stage < PLAN_STAGE_COUNT_; stage++) {
        ret_funnel->stages[stage] =
            isnan(expected[stage]) ? (struct plan_range){(double)NAN, (double)NAN, (double)NAN}
                                   : range_of(expected[stage], rooms.drawn[stage], goal->draws);
    }
    ret_funnel->average_deal = range_of(deals.mean, rooms.means, RESAMPLES);
    return OK;
}

/* ---- who ---- */

/* Those there are do their whole work, whoever comes in addition has to learn it first. */
static double reps_for(double mqls, const struct plan_team *team,
                       const struct plan_capacity *capacity)
{
    const double present = isnan(team->reps) ? HUGE_VAL : team->reps;
    const double wanted = mqls / capacity->mqls_per_rep;
    return wanted <= present
               ? wanted
               : present + (mqls - present * capacity->mqls_per_rep) / capacity->mqls_per_newcomer;
}

void plan_capacity(const struct plan_team *team, const struct plan_range *mqls,
                   struct plan_capacity *ret_capacity)
{
    enum { MINUTES_PER_HOUR = 60 };
    const double per_week = team->hours_per_week * MINUTES_PER_HOUR /
                            (team->minutes_per_attempt * team->attempts_per_lead);
    const double lost_weeks = fmin(team->ramp_weeks, team->working_weeks) * (1 - team->ramp_share);
    struct plan_capacity capacity = {
        .mqls_per_rep = per_week * team->working_weeks,
        .mqls_per_newcomer = per_week * (team->working_weeks - lost_weeks),
    };
    capacity.reps_needed = (struct plan_range){
        .expected = reps_for(mqls->expected, team, &capacity),
        .low = reps_for(mqls->low, team, &capacity),
        .high = reps_for(mqls->high, team, &capacity),
    };
    capacity.ratio = team->reps * capacity.mqls_per_rep / mqls->expected;
    *ret_capacity = capacity;
}

/*
 * How a period stands, and how it will probably end.
 *
 * The forecast is what the period's own numbers say, drawn towards what the last closed periods of
 * the same commitment say; all are textbook models (A. Gelman and others, Bayesian Data Analysis,
 * chapter 2):
 *
 *   counts   gamma–Poisson. The past periods' mean m and variance v give the prior: shape
 *            k = m²/(v − m), rate k/m by the period (k at most 1000: steadier than chance nobody
 *            is; with one past period 4). After x in the share e of the open time the rest is
 *            negative binomial with shape k + x and mean (k + x)/(k/m + e)·(1 − e). Without past:
 *            Jeffreys' prior, k = 1/2, and nothing is said before the first open hour.
 *   sums     the same pace, the past weighing as one period; the rest is taken as normal with the
 *            past periods' relative spread (1 with less than two), narrowing with √(1 − e).
 *   shares   beta–binomial. Jeffreys' prior and the past periods' share, which weighs as at most
 *            PAST_CASES cases; decided are the cases so far, to come are those that are pending
 *            and as many as the pace brings until the end.
 *   means    the mean so far with the past periods' mean as PAST_CASES cases, ± the past periods'
 *            spread narrowing with √(1 − e); needs two of them.
 *
 * The interval holds 80 %: the quantiles are exact for small numbers, normal for large ones.
 */
#include "domain/commitment.h"

#include <assert.h>
#include <math.h>

#include "base/clock.h"

enum {
    PAST_CASES = 20,
    EXACT_MEAN_MAX = 600, /* of the negative binomial; P(0) ≥ exp(−mean) is no zero up to here */
    EXACT_TRIALS_MAX = 2000 /* of the beta-binomial */
};

static const double tail = 0.1;
static const double tail_deviations = 1.2815515655446004; /* the normal distribution's 90 % */
static const double shape_max = 1000;
static const double rounding = 1e-9;
static const int64_t lasting_us = 3600 * US_PER_SECOND; /* a danger that is told */

const char *const commitment_metric_names[] = {
    "leads_captured",       "leads_delivered",   "fit_share",
    "data_quality",         "mql_to_sql_rate",   "contacted_in_time_rate",
    "verdict_in_time_rate", "attempts_per_lead", "acceptance_rate",
    "conversion_rate",      "revenue",           "average_deal",
    "cost_per_customer",    "cost_per_lead",     NULL};
static_assert(ARRAY_LEN(commitment_metric_names) == METRIC_COUNT_ + 1, "every metric has a name");

const char *const commitment_team_names[] = {"marketing", "sales", "both", NULL};
const char *const commitment_every_names[] = {"day", "week", "month", "quarter", NULL};
const char *const commitment_state_names[] = {"on_track", "at_risk", "behind",
                                              "met",      "missed",  NULL};
static_assert(ARRAY_LEN(commitment_state_names) == COMMITMENT_STATE_COUNT_ + 1,
              "every state has a name");

/* A call takes a day, a verdict until Wednesday, a sale its time. */
#define METRIC(form_, ...)                                                                         \
    {                                                                                              \
        .form = METRIC_IS_##form_, __VA_ARGS__                                                     \
    }
#define HANDOFFS .takes_filter = true
/* What sales does, the rep who has the handoff did; what marketing does is nobody's alone. */
#define WORK HANDOFFS, .has_parts = true
const struct metric_rules metric_rules[METRIC_COUNT_] = {
    [METRIC_LEADS_CAPTURED] = METRIC(COUNT, .settle_days = 0),
    [METRIC_LEADS_DELIVERED] = METRIC(COUNT, HANDOFFS, .settle_days = 0),
    [METRIC_FIT_SHARE] = METRIC(SHARE, HANDOFFS, .settle_days = 0),
    [METRIC_DATA_QUALITY] = METRIC(SHARE, HANDOFFS, .settle_days = 2),
    [METRIC_MQL_TO_SQL_RATE] = METRIC(SHARE, WORK, .pending_is_in = true, .settle_days = 7),
    [METRIC_CONTACTED_IN_TIME_RATE] = METRIC(SHARE, WORK, .settle_days = 3),
    [METRIC_VERDICT_IN_TIME_RATE] = METRIC(SHARE, WORK, .settle_days = 7),
    [METRIC_ATTEMPTS_PER_LEAD] = METRIC(MEAN, WORK, .pending_is_in = true, .settle_days = 14),
    [METRIC_ACCEPTANCE_RATE] = METRIC(SHARE, WORK, .pending_is_in = true, .settle_days = 3),
    [METRIC_CONVERSION_RATE] = METRIC(SHARE, .settle_days = 30),
    [METRIC_REVENUE] = METRIC(SUM, WORK, .settle_days = 0),
    [METRIC_AVERAGE_DEAL] = METRIC(MEAN, WORK, .settle_days = 0),
    [METRIC_COST_PER_CUSTOMER] = METRIC(MEAN, .takes_months = true, .settle_days = 7),
    [METRIC_COST_PER_LEAD] = METRIC(MEAN, .takes_months = true, .settle_days = 7),
};

/* ---- the past ---- */

struct past {
    double mean;     /* of the periods' numerators */
    double variance; /* of the same, 0 with less than two */
    double ratio;    /* all numerators by all denominators */
    double cases;    /* denominators, the mean */
    double spread;   /* deviation of the periods' own ratios, 0 with less than two */
};

static double square(double x)
{
    return x * x;
}

static struct past past_of(const struct commitment_facts *facts)
{
    struct past past = {.mean = 0};
    const size_t count = facts->past_count;
    double all = 0;
    double ratios = 0;
    size_t with_cases = 0;
    for (size_t i = 0; i < count; i++) {
        past.mean += facts->past_numerators[i] / (double)count;
        past.cases += facts->past_denominators[i] / (double)count;
        all += facts->past_numerators[i];
        if (facts->past_denominators[i] > 0) {
            ratios += facts->past_numerators[i] / facts->past_denominators[i];
            with_cases++;
        }
    }
    past.ratio = past.cases > 0 ? all / (past.cases * (double)count) : 0;
    const double ratio_mean = with_cases > 0 ? ratios / (double)with_cases : 0;
    double squares = 0;
    for (size_t i = 0; i < count && count > 1; i++) {
        past.variance += square(facts->past_numerators[i] - past.mean) / (double)(count - 1);
        if (facts->past_denominators[i] > 0)
            squares += square(facts->past_numerators[i] / facts->past_denominators[i] - ratio_mean);
    }
    past.spread = with_cases > 1 ? sqrt(squares / (double)(with_cases - 1)) : 0;
    return past;
}

/* ---- forecasts ---- */

static struct commitment_forecast normal_forecast(double mean, double deviation)
{
    const double low = mean - tail_deviations * deviation;
    return (struct commitment_forecast){
        .expected = mean, .low = low > 0 ? low : 0, .high = mean + tail_deviations * deviation};
}

/* What is still to come of a negative binomial with this shape, at `rate` by the period, in `rest`
 * of a period. */
static struct commitment_forecast count_to_come(double shape, double rate, double rest)
{
    const double mean = shape / rate * rest;
    const double success = rate / (rate + rest);
    if (mean > EXACT_MEAN_MAX) {
        struct commitment_forecast large = normal_forecast(mean, sqrt(mean / success));
        large.low = floor(large.low);
        large.high = ceil(large.high);
        return large;
    }
    struct commitment_forecast forecast = {.expected = mean};
    double weight = pow(success, shape);
    double sum = weight;
    double n = 0;
    const double n_max = mean + 100 * sqrt(mean / success) + 100;
    while (sum < 1 - tail && n < n_max) {
        if (sum < tail)
            forecast.low = n + 1;
        weight *= (shape + n) / (n + 1) * (1 - success);
        sum += weight;
        n++;
    }
    forecast.high = n;
    return forecast;
}

static bool forecast_count(const struct commitment_facts *facts, const struct past *past,
                           struct commitment_forecast *ret_forecast)
{
    double shape = 0.5;
    double rate = 0;
    if (facts->past_count > 0 && past->mean > 0) {
        const double beyond = past->variance - past->mean;
        shape = facts->past_count == 1 ? 4
                : beyond > 0           ? fmin(square(past->mean) / beyond, shape_max)
                                       : shape_max;
        rate = shape / past->mean;
    }
    if (rate + facts->elapsed <= 0)
        return false;
    struct commitment_forecast rest = {.expected = 0};
    if (facts->elapsed < 1)
        rest = count_to_come(shape + facts->numerator, rate + facts->elapsed, 1 - facts->elapsed);
    *ret_forecast = (struct commitment_forecast){.expected = facts->numerator + rest.expected,
                                                 .low = facts->numerator + rest.low,
                                                 .high = facts->numerator + rest.high};
    return true;
}

static bool forecast_sum(const struct commitment_facts *facts, const struct past *past,
                         struct commitment_forecast *ret_forecast)
{
    const double weight = facts->past_count > 0 ? 1 : 0;
    if (weight + facts->elapsed <= 0)
        return false;
    const double rate = (past->mean * weight + facts->numerator) / (weight + facts->elapsed);
    const double spread =
        facts->past_count > 1 && past->mean > 0 ? sqrt(past->variance) / past->mean : 1;
    const double left = 1 - facts->elapsed;
    const struct commitment_forecast rest =
        normal_forecast(rate * left, rate * spread * sqrt(left));
    *ret_forecast = (struct commitment_forecast){.expected = facts->numerator + rest.expected,
                                                 .low = facts->numerator + rest.low,
                                                 .high = facts->numerator + rest.high};
    return true;
}

/* How the successes of `trials` with a beta(a, b) chance are spread: P(k), up to a common factor,
 * in `weights`, whose sum is returned. By logarithms, since the ends may be beyond a double. */
static double beta_binomial_weights(size_t trials, double a, double b, double *weights)
{
    const double n = (double)trials;
    double highest = 0;
    weights[0] = 0;
    for (size_t i = 0; i < trials; i++) {
        const double k = (double)i;
        weights[i + 1] = weights[i] + log((n - k) * (a + k) / ((k + 1) * (b + n - k - 1)));
        highest = fmax(highest, weights[i + 1]);
    }
    double sum = 0;
    for (size_t i = 0; i <= trials; i++) {
        weights[i] = exp(weights[i] - highest);
        sum += weights[i];
    }
    return sum;
}

static struct commitment_forecast successes_to_come(double trials, double a, double b)
{
    const double mean = trials * a / (a + b);
    if (trials > EXACT_TRIALS_MAX) {
        const double variance = mean * b / (a + b) * (a + b + trials) / (a + b + 1);
        struct commitment_forecast large = normal_forecast(mean, sqrt(variance));
        large.high = fmin(large.high, trials);
        return large;
    }
    double weights[EXACT_TRIALS_MAX + 1] = {0};
    const double whole = beta_binomial_weights((size_t)trials, a, b, weights);
    struct commitment_forecast forecast = {.expected = mean};
    double sum = weights[0];
    for (size_t k = 1; k <= (size_t)trials && sum < (1 - tail) * whole; k++) {
        if (sum < tail * whole)
            forecast.low = (double)k;
        forecast.high = (double)k;
        sum += weights[k];
    }
    return forecast;
}

/* Cases that will still fall into the period. */
static double cases_to_come(const struct commitment_facts *facts, const struct past *past,
                            double cases)
{
    if (facts->is_over)
        return 0;
    return facts->elapsed > 0 ? round(cases * (1 - facts->elapsed) / facts->elapsed)
                              : round(past->cases);
}

static bool forecast_share(const struct commitment_facts *facts, const struct past *past,
                           struct commitment_forecast *ret_forecast)
{
    const bool is_in = metric_rules[facts->metric].pending_is_in;
    const double decided = is_in ? facts->denominator - facts->pending : facts->denominator;
    const double trials = facts->pending + cases_to_come(facts, past, decided + facts->pending);
    if (decided + trials <= 0)
        return false;
    const double weight = fmin(past->cases, PAST_CASES);
    const double a = 0.5 + past->ratio * weight + facts->numerator;
    const double b = 0.5 + (1 - past->ratio) * weight + fmax(decided - facts->numerator, 0);
    const struct commitment_forecast rest = successes_to_come(trials, a, b);
    const double all = decided + trials;
    *ret_forecast = (struct commitment_forecast){
        .expected = (facts->numerator + rest.expected) / all,
        .low = (facts->numerator + rest.low) / all,
        .high = (facts->numerator + rest.high) / all,
    };
    return true;
}

static bool forecast_mean(const struct commitment_facts *facts, const struct past *past,
                          struct commitment_forecast *ret_forecast)
{
    const double weight = fmin(past->cases, PAST_CASES);
    if (facts->past_count < 2 || weight <= 0)
        return false;
    const double expected = (facts->numerator + past->ratio * weight) /
                            (facts->denominator + weight);
    *ret_forecast = normal_forecast(expected, past->spread * sqrt(1 - facts->elapsed));
    return true;
}

static bool forecast_of(const struct commitment_facts *facts,
                        struct commitment_forecast *ret_forecast)
{
    const struct past past = past_of(facts);
    switch (metric_rules[facts->metric].form) {
    case METRIC_IS_COUNT:
        return forecast_count(facts, &past, ret_forecast);
    case METRIC_IS_SUM:
        return forecast_sum(facts, &past, ret_forecast);
    case METRIC_IS_SHARE:
        return forecast_share(facts, &past, ret_forecast);
    case METRIC_IS_MEAN:
        break;
    }
    return forecast_mean(facts, &past, ret_forecast);
}

/* ---- the verdict ---- */

bool commitment_is_kept(double actual, double target, bool is_at_most)
{
    if (isnan(actual))
        return true;
    return is_at_most ? actual <= target : actual >= target;
}

double commitment_attainment(double actual, double target, bool is_at_most)
{
    const double part = is_at_most ? target : actual;
    const double whole = is_at_most ? actual : target;
    return whole > 0 ? part / whole : (double)NAN;
}

bool commitment_is_whole(enum commitment_metric metric)
{
    const enum metric_form form = metric_rules[metric].form;
    return form == METRIC_IS_COUNT || form == METRIC_IS_SUM;
}

double commitment_actual(enum commitment_metric metric, double numerator, double denominator)
{
    if (commitment_is_whole(metric))
        return numerator;
    return denominator > 0 ? numerator / denominator : (double)NAN;
}

/* Whether the value is on the promise's side, where it has to get to or to stay. */
static bool is_good(const struct commitment_facts *facts, double value)
{
    return !isnan(value) && commitment_is_kept(value, facts->target, facts->is_at_most);
}

static enum commitment_state state_of(const struct commitment_facts *facts, bool grows,
                                      const struct commitment_verdict *verdict)
{
    const bool is_kept = commitment_is_kept(verdict->actual, facts->target, facts->is_at_most);
    if (grows && is_kept != facts->is_at_most)
        return is_kept ? COMMITMENT_MET : COMMITMENT_MISSED; /* what grows stays beyond it */
    if (facts->is_over && facts->pending <= 0)
        return is_kept ? COMMITMENT_MET : COMMITMENT_MISSED;
    const struct commitment_forecast *forecast = &verdict->forecast;
    const double best = facts->is_at_most ? forecast->low : forecast->high;
    bool is_on_track;
    if (grows && !facts->is_at_most)
        is_on_track = verdict->actual >= verdict->expected_by_now;
    else if (grows)
        is_on_track = !verdict->has_forecast || is_good(facts, forecast->expected);
    else
        is_on_track = is_kept || (verdict->has_forecast && is_good(facts, forecast->expected));
    if (is_on_track)
        return COMMITMENT_ON_TRACK;
    return verdict->has_forecast && !is_good(facts, best) ? COMMITMENT_BEHIND : COMMITMENT_AT_RISK;
}

struct commitment_verdict commitment_judge(const struct commitment_facts *facts)
{
    assert(facts->past_count <= COMMITMENT_PAST_MAX);
    const bool grows = commitment_is_whole(facts->metric);
    struct commitment_verdict verdict = {
        .expected_by_now = grows ? floor(facts->target * facts->elapsed + rounding) : facts->target,
    };
    verdict.actual = commitment_actual(facts->metric, facts->numerator, facts->denominator);
    verdict.has_forecast = forecast_of(facts, &verdict.forecast);
    verdict.state = state_of(facts, grows, &verdict);
    return verdict;
}

/* ---- the alert ---- */

static bool is_in_danger(const struct commitment_facts *facts, enum commitment_state state)
{
    switch (state) {
    case COMMITMENT_BEHIND:
        return facts->elapsed >= 0.25;
    case COMMITMENT_AT_RISK:
        return facts->elapsed >= 0.5;
    case COMMITMENT_MISSED:
        return true;
    case COMMITMENT_ON_TRACK:
    case COMMITMENT_MET:
    case COMMITMENT_STATE_COUNT_:
        break;
    }
    return false;
}

enum commitment_alert commitment_alert(const struct commitment_facts *facts,
                                       const struct commitment_verdict *verdict,
                                       const struct commitment_danger *danger, int64_t now_us)
{
    const bool is_safe = verdict->state == COMMITMENT_ON_TRACK || verdict->state == COMMITMENT_MET;
    if (danger->since_us == TIME_NONE)
        return is_in_danger(facts, verdict->state) ? ALERT_BEGINS : ALERT_STAYS;
    if (is_safe)
        return ALERT_ENDS;
    return danger->is_told || now_us - danger->since_us < lasting_us ? ALERT_STAYS : ALERT_TELLS;
}

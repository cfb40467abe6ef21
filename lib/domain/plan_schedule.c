/* When the leads of a plan have to come in. See plan.h. */
#include "domain/plan.h"

#include <assert.h>

#include "domain/calendar.h"

enum { DAYS_PER_WEEK = 7, WORKING_DAYS = 5 };

/* Nineteen of twenty customers have decided by then; the last ones take as long as they please. */
#define LEAD_TIME_SHARE 0.95

static int32_t week_of(int32_t days, int week_starts_on)
{
    return days - (day_weekday(days) - week_starts_on + DAYS_PER_WEEK) % DAYS_PER_WEEK;
}

int32_t plan_weekdays(int32_t from_days, int32_t to_days)
{
    if (to_days <= from_days) {
        return 0;
    }
    const int32_t weeks = (to_days - from_days) / DAYS_PER_WEEK;
    int32_t count = weeks * WORKING_DAYS;
    for (int32_t day = from_days + weeks * DAYS_PER_WEEK; day < to_days; day++) {
        count += day_weekday(day) < WORKING_DAYS ? 1 : 0;
    }
    return count;
}

size_t plan_lag_days(const double *lag_shares, size_t lag_count, double share)
{
    /* The shares were divided once: their sum may miss 1 by some digits. */
    const double wanted = share - 1e-9;
    double sum = 0;
    size_t days = 0;
    for (size_t i = 0; i < lag_count && sum < wanted; i++) {
        sum += lag_shares[i];
        days = i;
    }
    return days;
}

/* sums[i]: the share of customers who take at most i days. */
static double *sums_of(const struct plan_flow *flow, struct arena *arena)
{
    double *sums = arena_array(arena, flow->lag_count + 1, sizeof *sums);
    double sum = 0;
    for (size_t i = 0; sums != NULL && i < flow->lag_count; i++) {
        sum += flow->lag_shares[i];
        sums[i] = sum;
    }
    return sums;
}

static double share_within(const struct plan_flow *flow, const double *sums, int32_t days)
{
    if (days < 0) {
        return 0;
    }
    return (size_t)days < flow->lag_count ? sums[days] : 1;
}

/* Of the customers that a day's leads bring, the share that falls into the period. */
static double share_in_period(const struct plan_flow *flow, const double *sums, int32_t day)
{
    return share_within(flow, sums, flow->to_days - 1 - day) -
           share_within(flow, sums, flow->from_days - 1 - day);
}

enum err_code plan_schedule(const struct plan_flow *flow, struct arena *arena,
                            struct plan_week **ret_weeks, size_t *ret_count)
{
    assert(flow->to_days > flow->from_days && flow->lag_count <= PLAN_LAG_DAYS_MAX);
    const int32_t lead_days =
        (int32_t)plan_lag_days(flow->lag_shares, flow->lag_count, LEAD_TIME_SHARE);
    const int32_t first = flow->from_days - lead_days;
    const int32_t first_week = week_of(first, flow->week_starts_on);
    const size_t count =
        (size_t)((week_of(flow->to_days - 1, flow->week_starts_on) - first_week) / DAYS_PER_WEEK) +
        1;
    const double *sums = sums_of(flow, arena);
    struct plan_week *weeks = arena_array(arena, count, sizeof *weeks);
    if (sums == NULL || weeks == NULL) {
        return ERR_NOMEM;
    }
    double caught = 0; /* days' worth of leads whose customers fall into the period */
    for (int32_t day = first; day < flow->to_days; day++) {
        caught += share_in_period(flow, sums, day);
    }
    assert(caught > 0);
    for (size_t i = 0; i < count; i++) {
        weeks[i].starts_on = first_week + (int32_t)i * DAYS_PER_WEEK;
    }
    for (int32_t day = first; day < flow->to_days; day++) {
        struct plan_week *week = &weeks[(day - first_week) / DAYS_PER_WEEK];
        week->leads.expected += flow->leads.expected / caught;
        week->leads.low += flow->leads.low / caught;
        week->leads.high += flow->leads.high / caught;
        week->customers += flow->customers * share_in_period(flow, sums, day) / caught;
    }
    *ret_weeks = weeks;
    *ret_count = count;
    return OK;
}

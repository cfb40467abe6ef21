#include "domain/cohort.h"

#include <assert.h>
#include <math.h>

/* The longest time that at least a tenth of them has been watched for. Behind it a single late
 * conversion among the few old ones would weigh as much as all others. */
static size_t horizon_of(const struct cohort_day *days, size_t day_count, uint64_t entrants)
{
    uint64_t watched = 0;
    for (size_t day = day_count; day-- > 0;) {
        watched += days[day].entrants;
        if (watched * 10 >= entrants) {
            return day;
        }
    }
    return 0;
}

/* What is known at the end of a day. */
struct survival {
    double left;      /* share that has not gone on */
    double greenwood; /* the sum of d / (n·(n − d)) */
    uint64_t gone_on;
    uint64_t lost;    /* too young to be watched longer, not gone on */
    bool is_censored; /* somebody went on when others were lost already */
};

/* `lags` of those that are still watched go on. */
static void go_on(struct survival *now, uint64_t entrants, uint64_t lags)
{
    const uint64_t watched = entrants - now->gone_on - now->lost;
    assert(lags <= watched);
    now->is_censored = now->is_censored || now->lost > 0;
    now->gone_on += lags;
    /* Multiplied up it would be the same but for the last digits. */
    now->left = now->is_censored ? now->left * ((double)(watched - lags) / (double)watched)
                                 : (double)(entrants - now->gone_on) / (double)entrants;
    if (watched > lags) {
        now->greenwood += (double)lags / ((double)watched * (double)(watched - lags));
    }
}

/* How much a sample tells; see the header. At both ends the variance is 0 and says nothing. */
static double trials_of(const struct survival *end, uint64_t entrants)
{
    if (!end->is_censored) {
        return (double)entrants;
    }
    if (end->left <= 0 || end->greenwood <= 0) {
        return (double)end->gone_on;
    }
    const double trials = (1 - end->left) / (end->left * end->greenwood);
    return fmax(1, fmin(trials, (double)entrants));
}

bool cohort_estimate(const struct cohort_day *days, size_t day_count, double *shares,
                     struct cohort_estimate *ret_estimate)
{
    assert(day_count > 0);
    struct cohort_estimate estimate = {.entrants = 0};
    for (size_t day = 0; day < day_count; day++) {
        estimate.entrants += days[day].entrants;
        estimate.converted += days[day].converters;
    }
    if (estimate.entrants == 0) {
        return false;
    }
    const size_t horizon = horizon_of(days, day_count, estimate.entrants);
    struct survival now = {.left = 1};
    for (size_t day = 0; day < day_count; day++) {
        const double before = now.left;
        if (day <= horizon && days[day].lags > 0) {
            go_on(&now, estimate.entrants, days[day].lags);
        }
        now.lost += days[day].entrants - days[day].converters;
        if (shares != NULL) {
            shares[day] = before - now.left;
        }
    }
    for (size_t day = 0; shares != NULL && now.gone_on > 0 && day < day_count; day++) {
        shares[day] /= 1 - now.left;
    }
    estimate.horizon_days = (uint32_t)horizon;
    estimate.rate = now.is_censored ? 1 - now.left
                                    : (double)now.gone_on / (double)estimate.entrants;
    estimate.trials = trials_of(&now, estimate.entrants);
    *ret_estimate = estimate;
    return true;
}

#include "handlers/report_period.h"

#include <math.h>

static const double no_number = (double)NAN;

void report_period_params(const struct request *request, const struct report_period *period,
                          struct params *params)
{
    const int32_t days[] = {period->from.days, period->to.days};
    param_time(params, period->from.at_us);
    param_time(params, period->to.at_us);
    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        if (days[i] == DATE_NONE) {
            param_null(params);
        } else {
            param_int(params, days[i]);
        }
    }
    param_text(params, catalog_organisation(request->catalog)->time_zone);
}

bool report_period_is_sound(struct request *request, int64_t from_us, int64_t to_us)
{
    if (from_us != TIME_NONE && to_us != TIME_NONE && to_us < from_us) {
        faults_add(&request->faults, "?to", "order", "The period ends before it begins.");
    }
    return request->faults.count == 0;
}

void report_begin_document(struct json_writer *json, int64_t from_us, int64_t to_us)
{
    json_object_begin(json);
    JSON_FIELD(json, "from", json_time, from_us);
    JSON_FIELD(json, "to", json_time, to_us);
}

double report_ratio(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : no_number;
}

struct interval report_interval(int64_t successes, int64_t trials)
{
    struct interval interval;
    return wilson_interval((uint64_t)successes, (uint64_t)trials, &interval)
               ? interval
               : (struct interval){.low = no_number, .high = no_number};
}

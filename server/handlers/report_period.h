/* What reports share: their period, and the figures that each of them works out. */
#pragma once

#include "domain/statistics.h"
#include "request.h"
#include "table.h"

struct report_period {
    struct query_time from;
    struct query_time to;
};

#define REPORT_PERIOD_PARAMS(type, member)                                                         \
    QUERY_PARAM("from", TIME, type, member.from), QUERY_PARAM("to", TIME, type, member.to)

/* $1 to $5 of every report: the period, bare dates as days, and the zone whose midnights they are.
 */
void report_period_params(const struct request *request, const struct report_period *period,
                          struct params *params);
/* Where days begin only the database knew, so this is looked at when it has answered. False: a
 * fault is noted. */
bool report_period_is_sound(struct request *request, int64_t from_us, int64_t to_us);
/* { "from": …, "to": … */
void report_begin_document(struct json_writer *json, int64_t from_us, int64_t to_us);

/* NaN, "there is none", without a whole: null in JSON, empty in CSV. */
double report_ratio(int64_t part, int64_t whole);
/* Wilson's 95 %; NaN at both ends when there were no trials. */
struct interval report_interval(int64_t successes, int64_t trials);

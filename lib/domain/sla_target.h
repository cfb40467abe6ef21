/*
 * By when: the target of a promise, and the moment it means.
 *
 *     "PT4H"   so much time; with a calendar so much open time
 *     "P2D"    two days of 24 hours; with a calendar the same local time on the second open day
 * after
 *     {"weekday": "wednesday", "time": "18:00", "at_least": "PT24H"}
 *              the first Wednesday 18:00 that is at least so far away: in open time with a
 * calendar. When the calendar is closed all that day, the same time on its next open day, so that
 *              nobody has less time than was promised.
 *
 * Pure and thread-safe.
 */
#pragma once

#include <jansson.h>

#include "base/fault.h"
#include "domain/calendar.h"

enum sla_target_kind { TARGET_DURATION, TARGET_DAYS, TARGET_WEEKDAY };

enum { TARGET_DAYS_MAX = 366 };

struct sla_target {
    enum sla_target_kind kind;
    int64_t duration_us; /* DURATION; of DAYS what it is without a calendar */
    int32_t days;        /* DAYS */
    int weekday;         /* WEEKDAY: 0 is Monday */
    int minute;          /* … of the day, 0 to 1440 */
    int64_t at_least_us;
};

/*
 * Reads one. What is wrong is added to `faults`, at `pointer` or below it; true when nothing is.
 * With a calendar, days cannot be mixed with hours, nor weeks be meant: nobody could say what they
 * are in open time.
 */
bool sla_target_read(const json_t *json, bool has_calendar, const char *pointer,
                     struct sla_target *ret_target, struct faults *faults) MUSTCHECK;

/*
 * When it is due, started at `from_us`; always later than that. `calendar` NULL: elapsed time, and
 * the clock times are those of `zone`, which is not used otherwise. False: beyond what was
 * expanded.
 */
bool sla_target_due(const struct sla_target *target, const struct calendar *calendar,
                    const struct zone *zone, int64_t from_us, int64_t *ret_due_us) MUSTCHECK;

/* When a fraction (0 to 1) of the time from `from_us` to `due_us` has gone by: of the open time
 * with a calendar, unless there is none between them. */
int64_t sla_target_fraction_us(const struct calendar *calendar, int64_t from_us, int64_t due_us,
                               double fraction);

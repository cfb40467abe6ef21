/*
 * Working hours as data: deadlines in open time, open days and local times.
 *
 * A calendar's rules (time zone, hours, holidays, exceptions) are expanded by the database into
 * rows, see migrations/0010_calendar.sql; here they are only counted and searched. So this module
 * knows no time zone's rules: daylight saving and holidays are in the rows already.
 *
 * Everything is pure and thread-safe; the rows are borrowed and never change. Times are µs since
 * 1970 (base/clock.h); a local time is the same number, of what the clock on the wall shows.
 * Questions beyond what was expanded are answered by false, never by a guess.
 */
#pragma once

#include "base/clock.h"
#include "base/uuid.h"

/* Open from opens_at_us (inclusive) to closes_at_us (exclusive). */
struct calendar_span {
    int64_t opens_at_us;
    int64_t closes_at_us;
    int64_t open_us_before; /* sum of the spans before */
};

/* What a zone's clocks are ahead of UTC, from a moment on until the next row's. */
struct zone_offset {
    int64_t from_us;
    int64_t ahead_us;
};

struct zone {
    const struct zone_offset *offsets; /* ascending, at least one; the first also holds before it */
    size_t offset_count;
    int64_t ends_at_us; /* nothing is known of what comes after */
};

struct calendar {
    struct uuid id;
    int32_t version;                   /* of its set-up entry */
    int64_t starts_at_us;              /* what was expanded … */
    struct zone zone;                  /* … until zone.ends_at_us */
    const struct calendar_span *spans; /* ascending, not touching; none: never open */
    size_t span_count;
};

/* ---- local time ---- */

/* What the clocks show. */
int64_t zone_local_us(const struct zone *zone, int64_t at_us);
/*
 * The first and the last moment at which the clocks show a local time. When they go back there are
 * two; a time that they skip is the moment of the skip. Things begin at the first and end at the
 * last.
 */
int64_t zone_first_us(const struct zone *zone, int64_t local_us);
int64_t zone_last_us(const struct zone *zone, int64_t local_us);
/* The local day: days since 1970-01-01. */
int32_t zone_day(const struct zone *zone, int64_t at_us);
/* 0: Monday … 6: Sunday, of days since 1970-01-01. */
int day_weekday(int32_t day);
/* When a local day begins: the first moment of 00:00. */
int64_t zone_day_starts_us(const struct zone *zone, int32_t day);

/* ---- open time ---- */

/* Whether the expansion holds all from `from_us` to `until_us`. */
bool calendar_covers(const struct calendar *calendar, int64_t from_us, int64_t until_us);
/* Open time between two moments, in µs; 0 when `until_us` is not later. Only what was expanded
 * counts. */
int64_t calendar_open_us(const struct calendar *calendar, int64_t from_us, int64_t until_us);
/*
 * The earliest moment by which so much open time has gone by since `from_us`: Friday 16:30 and one
 * hour with Monday to Friday 9 to 17 is Monday 9:30, and from 16:00 it is Friday 17:00. No open
 * time is `from_us` itself. False: beyond the expansion.
 */
bool calendar_add_open(const struct calendar *calendar, int64_t from_us, int64_t open_us,
                       int64_t *ret_at_us) MUSTCHECK;
/* The next moment at which it is open: `at_us` itself if it is open then. */
bool calendar_next_open(const struct calendar *calendar, int64_t at_us,
                        int64_t *ret_at_us) MUSTCHECK;
/* Whether a local day has any open time. */
bool calendar_day_is_open(const struct calendar *calendar, int32_t day);
/* The next local day after `day` that has open time. */
bool calendar_next_open_day(const struct calendar *calendar, int32_t day,
                            int32_t *ret_day) MUSTCHECK;
/* The same local time on the `days`-th open day after: from Friday 17:45, one day, is Monday 17:45.
 * `days` is at least 1. False: beyond the expansion. */
bool calendar_add_days(const struct calendar *calendar, int64_t from_us, int32_t days,
                       int64_t *ret_at_us) MUSTCHECK;

/*
 * A moment in the future, after a pause: later by the open time of the pause, so that as much open
 * time is left at its end as was at its beginning. A pause without open time moves nothing. NULL as
 * calendar: by the pause's whole length. Where the expansion does not reach, false.
 */
bool calendar_shift(const struct calendar *calendar, int64_t at_us, int64_t paused_at_us,
                    int64_t resumed_at_us, int64_t *ret_at_us) MUSTCHECK;

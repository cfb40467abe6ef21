/*
 * Open time is a function of the moment that never falls: open_before() counts it from the
 * expansion's beginning. Everything else follows from it and its inverse:
 *
 *     open time between a and b      open_before(b) - open_before(a)
 *     a moment after so much of it   the earliest t with open_before(t) = open_before(a) + so much
 *
 * Both are a binary search in the spans, which carry their sums. So there is no loop over days or
 * windows that an odd calendar could keep running, a minute is never lost at midnight (spans that
 * touch are one), and a calendar that never opens finds nothing rather than searching on.
 */
#include "domain/calendar.h"

#include <assert.h>

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- local time ---- */

/* Which row holds at a moment. */
static size_t offset_at(const struct zone *zone, int64_t at_us)
{
    assert(zone->offset_count > 0);
    size_t low = 0;
    size_t high = zone->offset_count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (zone->offsets[middle].from_us <= at_us) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The rows hold one after the other; the first and the last without end. */
static int64_t holds_from_us(const struct zone *zone, size_t index)
{
    return index == 0 ? INT64_MIN / 2 : zone->offsets[index].from_us;
}

static int64_t holds_until_us(const struct zone *zone, size_t index)
{
    return index + 1 == zone->offset_count ? INT64_MAX / 2 : zone->offsets[index + 1].from_us;
}

int64_t zone_local_us(const struct zone *zone, int64_t at_us)
{
    return at_us + zone->offsets[offset_at(zone, at_us)].ahead_us;
}

/*
 * Under each row the local time is one moment, at_us = local_us - ahead_us, if the row holds then.
 * The first moment is the earliest such, cut to where the row begins: of a skipped time that is the
 * skip. No clock is more than a day ahead of UTC or behind it, so only rows near count.
 */
int64_t zone_first_us(const struct zone *zone, int64_t local_us)
{
    int64_t first_us = INT64_MAX;
    for (size_t i = offset_at(zone, local_us - 2 * US_PER_DAY); i < zone->offset_count; i++) {
        const int64_t at_us = local_us - zone->offsets[i].ahead_us;
        if (at_us < holds_until_us(zone, i)) {
            first_us = later(at_us, holds_from_us(zone, i));
            break;
        }
    }
    return first_us;
}

int64_t zone_last_us(const struct zone *zone, int64_t local_us)
{
    int64_t last_us = INT64_MIN;
    for (size_t i = offset_at(zone, local_us + 2 * US_PER_DAY) + 1; i > 0; i--) {
        const int64_t at_us = local_us - zone->offsets[i - 1].ahead_us;
        if (at_us >= holds_from_us(zone, i - 1)) {
            last_us = earlier(at_us, holds_until_us(zone, i - 1));
            break;
        }
    }
    return last_us;
}

static int32_t day_of(int64_t local_us)
{
    return (int32_t)(local_us / US_PER_DAY - (local_us % US_PER_DAY < 0 ? 1 : 0));
}

int32_t zone_day(const struct zone *zone, int64_t at_us)
{
    return day_of(zone_local_us(zone, at_us));
}

int day_weekday(int32_t day)
{
    return (int)(((int64_t)day % 7 + 7 + 3) % 7); /* 1970-01-01 was a Thursday */
}

int64_t zone_day_starts_us(const struct zone *zone, int32_t day)
{
    return zone_first_us(zone, day * US_PER_DAY);
}

/* ---- open time ---- */

bool calendar_covers(const struct calendar *calendar, int64_t from_us, int64_t until_us)
{
    return calendar->starts_at_us <= from_us && from_us <= until_us &&
           until_us <= calendar->zone.ends_at_us;
}

/* How many spans open at or before a moment. */
static size_t spans_until(const struct calendar *calendar, int64_t at_us)
{
    size_t low = 0;
    size_t high = calendar->span_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (calendar->spans[middle].opens_at_us <= at_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static int64_t open_before(const struct calendar *calendar, int64_t at_us)
{
    const size_t count = spans_until(calendar, at_us);
    if (count == 0) {
        return 0;
    }
    const struct calendar_span *last = &calendar->spans[count - 1];
    return last->open_us_before + earlier(at_us, last->closes_at_us) - last->opens_at_us;
}

/* The earliest moment at which open_before is `open_us`, which is more than 0. */
static bool find_open(const struct calendar *calendar, int64_t open_us, int64_t *ret_at_us)
{
    size_t low = 0; /* the first span at whose end it is so much */
    size_t high = calendar->span_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct calendar_span *span = &calendar->spans[middle];
        if (span->open_us_before + span->closes_at_us - span->opens_at_us < open_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == calendar->span_count) {
        return false;
    }
    const struct calendar_span *span = &calendar->spans[low];
    *ret_at_us = span->opens_at_us + open_us - span->open_us_before;
    return true;
}

int64_t calendar_open_us(const struct calendar *calendar, int64_t from_us, int64_t until_us)
{
    return from_us < until_us ? open_before(calendar, until_us) - open_before(calendar, from_us)
                              : 0;
}

bool calendar_add_open(const struct calendar *calendar, int64_t from_us, int64_t open_us,
                       int64_t *ret_at_us)
{
    assert(open_us >= 0);
    if (!calendar_covers(calendar, from_us, from_us)) {
        return false;
    }
    if (open_us == 0) {
        *ret_at_us = from_us;
        return true;
    }
    const int64_t before_us = open_before(calendar, from_us);
    return open_us <= INT64_MAX - before_us && find_open(calendar, before_us + open_us, ret_at_us);
}

bool calendar_next_open(const struct calendar *calendar, int64_t at_us, int64_t *ret_at_us)
{
    if (!calendar_covers(calendar, at_us, at_us)) {
        return false;
    }
    const size_t count = spans_until(calendar, at_us);
    if (count > 0 && at_us < calendar->spans[count - 1].closes_at_us) {
        *ret_at_us = at_us;
        return true;
    }
    if (count == calendar->span_count) {
        return false;
    }
    *ret_at_us = calendar->spans[count].opens_at_us;
    return true;
}

bool calendar_day_is_open(const struct calendar *calendar, int32_t day)
{
    return calendar_open_us(calendar, zone_day_starts_us(&calendar->zone, day),
                            zone_day_starts_us(&calendar->zone, day + 1)) > 0;
}

bool calendar_next_open_day(const struct calendar *calendar, int32_t day, int32_t *ret_day)
{
    int64_t opens_at_us;
    if (!calendar_next_open(calendar, zone_day_starts_us(&calendar->zone, day + 1), &opens_at_us)) {
        return false;
    }
    const int32_t found = zone_day(&calendar->zone, opens_at_us);
    *ret_day = found > day ? found : day + 1;
    return true;
}

bool calendar_add_days(const struct calendar *calendar, int64_t from_us, int32_t days,
                       int64_t *ret_at_us)
{
    assert(days > 0);
    const int64_t local_us = zone_local_us(&calendar->zone, from_us);
    int32_t day = day_of(local_us);
    const int64_t time_us = local_us - day * US_PER_DAY;
    for (int32_t i = 0; i < days; i++) {
        if (!calendar_next_open_day(calendar, day, &day)) {
            return false;
        }
    }
    const int64_t at_us = zone_last_us(&calendar->zone, day * US_PER_DAY + time_us);
    if (!calendar_covers(calendar, from_us, at_us)) {
        return false;
    }
    *ret_at_us = at_us;
    return true;
}

bool calendar_shift(const struct calendar *calendar, int64_t at_us, int64_t paused_at_us,
                    int64_t resumed_at_us, int64_t *ret_at_us)
{
    if (calendar == NULL) {
        *ret_at_us = at_us + later(resumed_at_us - paused_at_us, 0);
        return true;
    }
    if (!calendar_covers(calendar, earlier(paused_at_us, at_us), later(resumed_at_us, at_us))) {
        return false;
    }
    const int64_t shift_us = calendar_open_us(calendar, paused_at_us, resumed_at_us);
    if (shift_us == 0) {
        *ret_at_us = at_us;
        return true;
    }
    if (calendar_open_us(calendar, paused_at_us, at_us) == 0) {
        return calendar_next_open(calendar, resumed_at_us, ret_at_us);
    }
    return find_open(calendar, open_before(calendar, at_us) + shift_us, ret_at_us);
}

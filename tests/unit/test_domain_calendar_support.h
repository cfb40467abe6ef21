/* Calendars for the tests: expanded here from a week's hours, by the zone's moments of change. */
#pragma once

#include "testing.h"

#include "domain/calendar.h"

enum { TEST_SPANS_MAX = 8000 };

struct test_calendar {
    struct calendar calendar;
    struct calendar_span spans[TEST_SPANS_MAX];
};

struct test_window {
    int opens; /* minute of the day */
    int closes;
};

struct test_week {
    const struct test_window *windows;
    size_t window_count;
    unsigned weekdays;              /* bit 0: Monday */
    const char *const *closed_days; /* NULL-terminated; or NULL */
};

static inline int64_t at(const char *text)
{
    int64_t at_us = 0;
    if (!time_parse(str_from(text), &at_us))
        fail_msg("no time: %s", text);
    return at_us;
}

static inline int32_t day(const char *text)
{
    int32_t days = 0;
    if (!date_parse(str_from(text), &days))
        fail_msg("no date: %s", text);
    return days;
}

static inline void assert_at(int64_t at_us, const char *expected)
{
    char text[TIME_TEXT_BYTES];
    if (at_us != at(expected))
        fail_msg("%s instead of %s", time_format(at_us, text), expected);
}

#define HOUR_US (INT64_C(3600) * US_PER_SECOND)

/* Europe/Paris in 2026 and 2027. */
static const struct zone_offset paris_offsets[] = {
    {INT64_C(1761440400000000), HOUR_US    }, /* 2025-10-26T01:00Z */
    {INT64_C(1774746000000000), 2 * HOUR_US}, /* 2026-03-29T01:00Z */
    {INT64_C(1792890000000000), HOUR_US    }, /* 2026-10-25T01:00Z */
    {INT64_C(1806195600000000), 2 * HOUR_US}, /* 2027-03-28T01:00Z */
    {INT64_C(1824944400000000), HOUR_US    }, /* 2027-10-31T01:00Z */
};

static inline struct zone paris(void)
{
    return (struct zone){.offsets = paris_offsets,
                         .offset_count = ARRAY_LEN(paris_offsets),
                         .ends_at_us = at("2027-12-31T23:00:00Z")};
}

static inline bool test_is_closed(const struct test_week *week, int32_t on)
{
    for (size_t i = 0; week->closed_days != NULL && week->closed_days[i] != NULL; i++)
        if (day(week->closed_days[i]) == on)
            return true;
    return (week->weekdays >> day_weekday(on) & 1) == 0;
}

static inline void test_add_span(struct test_calendar *test, int64_t opens_us, int64_t closes_us)
{
    struct calendar *calendar = &test->calendar;
    struct calendar_span *last = calendar->span_count > 0 ? &test->spans[calendar->span_count - 1]
                                                          : NULL;
    if (opens_us >= closes_us)
        return;
    if (last != NULL && opens_us <= last->closes_at_us) {
        last->closes_at_us = closes_us > last->closes_at_us ? closes_us : last->closes_at_us;
        return;
    }
    assert_true(calendar->span_count < TEST_SPANS_MAX);
    test->spans[calendar->span_count++] = (struct calendar_span){
        .opens_at_us = opens_us,
        .closes_at_us = closes_us,
        .open_us_before =
            last != NULL ? last->open_us_before + last->closes_at_us - last->opens_at_us : 0,
    };
}

/* From 2026-01-01 to 2027-12-31. */
static inline void test_calendar_init(struct test_calendar *test, const struct test_week *week)
{
    *test = (struct test_calendar){
        .calendar = {.version = 1, .zone = paris(), .starts_at_us = at("2025-12-31T23:00:00Z")}
    };
    test->calendar.spans = test->spans;
    const struct zone *zone = &test->calendar.zone;
    for (int32_t on = day("2026-01-01"); on <= day("2027-12-31"); on++) {
        for (size_t w = 0; w < week->window_count && !test_is_closed(week, on); w++) {
            const int64_t minute_us = 60 * US_PER_SECOND;
            test_add_span(
                test, zone_first_us(zone, on * US_PER_DAY + week->windows[w].opens * minute_us),
                zone_last_us(zone, on * US_PER_DAY + week->windows[w].closes * minute_us));
        }
    }
}

static const struct test_window office_windows[] = {
    {9 * 60,  12 * 60 + 30},
    {14 * 60, 18 * 60     },
};
static const char *const office_holidays[] = {"2026-04-06", "2026-05-01", "2026-12-25",
                                              "2027-01-01", NULL};
/* Monday to Friday 9:00 to 12:30 and 14:00 to 18:00 */
static const struct test_week office_week = {
    .windows = office_windows,
    .window_count = 2,
    .weekdays = 0x1f,
    .closed_days = office_holidays,
};
static const struct test_window whole_day[] = {
    {0, 24 * 60},
};

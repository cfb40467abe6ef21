/* Proves the calendar arithmetic against the C library over the whole range, and the parsers'
 * refusals. */
#include "testing.h"

#include <time.h>

#include "base/clock.h"

static void test_clocks_run(void **state)
{
    (void)state;
    int64_t before_us = clock_monotonic_us();
    assert_true(clock_monotonic_us() >= before_us);
    assert_true(clock_wall_us() > INT64_C(1600000000) * US_PER_SECOND);
}

static void test_dates_agree_with_the_library(void **state)
{
    (void)state;
    int32_t previous = 0;
    for (int32_t days = -719528; days < 2932897; days++) {
        char expected[TIME_TEXT_BYTES], text[TIME_TEXT_BYTES];
        struct tm tm;
        time_t seconds = (time_t)days * 86400;
        int32_t parsed;
        if (days % 37 != 0 && days > -719000 && days < 2932000) /* every day at the ends */
            continue;
        assert_non_null(gmtime_r(&seconds, &tm));
        snprintf(expected, sizeof expected, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday);
        assert_string_equal(date_format(days, text), expected);
        assert_true(date_parse(str_from(text), &parsed));
        assert_int_equal(parsed, days);
        previous = days;
    }
    assert_int_equal(previous, 2932896);
}

static void test_times_round_trip(void **state)
{
    (void)state;
    struct random random = testing_random();
    const uint64_t span_ms = UINT64_C(3652425) * 86400000;
    for (int i = 0; i < 20000; i++) {
        int64_t at_us = ((int64_t)random_below(&random, span_ms) - INT64_C(719528) * 86400000) *
                        1000;
        char text[TIME_TEXT_BYTES];
        int64_t parsed = 0;
        assert_true(time_parse(str_from(time_format(at_us, text)), &parsed));
        assert_true(parsed == at_us);
        /* Below the millisecond it rounds down, also before 1970. */
        assert_true(time_parse(str_from(time_format(at_us + 999, text)), &parsed));
        assert_true(parsed == at_us);
    }
    char text[TIME_TEXT_BYTES];
    assert_string_equal(time_format(0, text), "1970-01-01T00:00:00.000Z");
    assert_string_equal(time_format(-1, text), "1969-12-31T23:59:59.999Z");
    assert_string_equal(time_format(INT64_MAX, text), "9999-12-31T23:59:59.999Z");
    assert_string_equal(time_format(INT64_MIN, text), "0000-01-01T00:00:00.000Z");
    assert_string_equal(date_format(INT32_MAX, text), "9999-12-31");
}

static void test_time_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *utc;
    } good[] = {
        {"2026-11-21T17:36:00Z",                  "2026-11-21T17:36:00.000Z"},
        {"2026-11-21t17:36:00z",                  "2026-11-21T17:36:00.000Z"},
        {"2026-11-21 17:36:00.5Z",                "2026-11-21T17:36:00.500Z"},
        {"2026-11-21T17:36:00.1239999999999999Z", "2026-11-21T17:36:00.123Z"},
        {"2026-11-21T00:30:00+01:00",             "2026-11-20T23:30:00.000Z"},
        {"2026-11-21T23:30:00-05:30",             "2026-11-22T05:00:00.000Z"},
        {"2024-02-29T00:00:00-00:00",             "2024-02-29T00:00:00.000Z"},
        {"2016-12-31T23:59:60Z",                  "2016-12-31T23:59:59.999Z"},
        {"2017-01-01T00:59:60.25+01:00",          "2016-12-31T23:59:59.999Z"},
        {"9999-12-31T23:59:59.999999Z",           "9999-12-31T23:59:59.999Z"},
        {"0000-01-01T00:00:00Z",                  "0000-01-01T00:00:00.000Z"},
    };
    static const char *const bad[] = {
        "",
        "2026-11-21",
        "2026-11-21T17:36Z",
        "2026-11-21T17:36:00",
        "2026-11-21T17:36:00.Z",
        "2026-11-21T17:36:00,5Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T17:60:00Z",
        "2026-11-21T17:36:60Z",
        "2026-11-21T17:36:61Z",
        "2026-11-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-13-10T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "2026-11-21T17:36:00+24:00",
        "2026-11-21T17:36:00+0100",
        "2026-11-21T17:36:00+01:60",
        "2026-11-21T17:36:00ZZ",
        "+2026-11-21T17:36:00Z",
        "26-11-21T17:36:00Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        " 2026-11-21T17:36:00Z",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        int64_t at_us;
        char text[TIME_TEXT_BYTES];
        assert_true(time_parse(str_from(good[i].text), &at_us));
        assert_string_equal(time_format(at_us, text), good[i].utc);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int64_t at_us = 5;
        if (time_parse(str_from(bad[i]), &at_us))
            fail_msg("%s was taken", bad[i]);
        assert_true(at_us == 5);
    }
    int64_t at_us;
    assert_true(time_parse(STR_LITERAL("1970-01-01T00:00:00.0000019Z"), &at_us));
    assert_true(at_us == 1);
    assert_false(time_parse(str_slice("2026-11-21T17:36:00\0", 20), &at_us));
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"P30D",          30 * US_PER_DAY                       },
        {"PT24H",         US_PER_DAY                            },
        {"P1W2DT3.5S",    9 * US_PER_DAY + 7 * US_PER_SECOND / 2},
        {"PT1H30M",       5400 * US_PER_SECOND                  },
        {"PT0S",          0                                     },
        {"P0D",           0                                     },
        {"PT0.0000019S",  1                                     },
        {"P36525D",       36525 * US_PER_DAY                    },
        {"PT3155760000S", 36525 * US_PER_DAY                    },
    };
    static const char *const bad[] = {
        "",
        "P",
        "PT",
        "1D",
        "P1",
        "P1Y",
        "P1M",
        "-P1D",
        "P-1D",
        "P1DT",
        "PT1D",
        "P1H",
        "P1D1W",
        "PT1S1M",
        "P1D1D",
        "P1.5D",
        "PT1.S",
        "PT.5S",
        "PT1,5S",
        "p1d",
        "P1D ",
        "P36526D",
        "P36525DT1S",
        "PT99999999999S",
        "PT99999999999999999999S",
        "P1DT1HT1M",
        "P1W ",
        "P 1D",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        int64_t us = -1;
        assert_true(duration_parse(str_from(good[i].text), &us));
        assert_true(us == good[i].us);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int64_t us = -7;
        if (duration_parse(str_from(bad[i]), &us))
            fail_msg("%s was taken", bad[i]);
        assert_true(us == -7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_run),
        cmocka_unit_test(test_dates_agree_with_the_library),
        cmocka_unit_test(test_times_round_trip),
        cmocka_unit_test(test_time_forms),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves that a calendar counts open time and finds its hours: nights, weekends, holidays, and the
 * days on which clocks change. */
#include "test_domain_calendar_support.h"

static int set_up(void **state)
{
    struct test_calendar *test = calloc(1, sizeof *test);
    assert_non_null(test);
    test_calendar_init(test, &office_week);
    *state = test;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static int64_t after(const struct calendar *calendar, const char *from, int64_t open_us)
{
    int64_t at_us = TIME_NONE;
    assert_true(calendar_add_open(calendar, at(from), open_us, &at_us));
    return at_us;
}

static void test_local_time_skips_and_repeats(void **state)
{
    (void)state;
    const struct zone zone = paris();
    assert_at(zone_local_us(&zone, at("2026-03-29T00:59:00Z")), "2026-03-29T01:59:00Z");
    assert_at(zone_local_us(&zone, at("2026-03-29T01:00:00Z")), "2026-03-29T03:00:00Z");
    assert_at(zone_local_us(&zone, at("2020-01-01T00:00:00Z")), "2020-01-01T01:00:00Z");
    /* 2:30 does not exist in spring and comes twice in autumn; 3:00 and 2:00 are the edges. */
    static const struct {
        const char *local;
        const char *first;
        const char *last;
    } cases[] = {
        {"2026-03-29T01:59:00Z", "2026-03-29T00:59:00Z", "2026-03-29T00:59:00Z"},
        {"2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
        {"2026-03-29T02:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
        {"2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
        {"2026-03-29T03:01:00Z", "2026-03-29T01:01:00Z", "2026-03-29T01:01:00Z"},
        {"2026-10-25T01:59:00Z", "2026-10-24T23:59:00Z", "2026-10-24T23:59:00Z"},
        {"2026-10-25T02:00:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"},
        {"2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
        {"2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},
        {"2026-07-14T12:00:00Z", "2026-07-14T10:00:00Z", "2026-07-14T10:00:00Z"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_at(zone_first_us(&zone, at(cases[i].local)), cases[i].first);
        assert_at(zone_last_us(&zone, at(cases[i].local)), cases[i].last);
    }
    assert_int_equal(day_weekday(0), 3);
    assert_int_equal(day_weekday(-4), 6);
    assert_int_equal(day_weekday(day("2026-11-23")), 0);
    assert_int_equal(zone_day(&zone, at("2026-11-22T23:30:00Z")), day("2026-11-23"));
    assert_at(zone_day_starts_us(&zone, day("2026-11-23")), "2026-11-22T23:00:00Z");
}

static void test_open_time_goes_over_lunch_nights_weekends_and_holidays(void **state)
{
    const struct test_calendar *test = *state;
    const struct calendar *calendar = &test->calendar;
    /* Friday 2026-11-20, winter time */
    assert_at(after(calendar, "2026-11-20T16:30:00Z", HOUR_US), "2026-11-23T08:30:00Z");
    assert_at(after(calendar, "2026-11-20T16:00:00Z", HOUR_US), "2026-11-20T17:00:00Z");
    assert_at(after(calendar, "2026-11-20T11:00:00Z", HOUR_US), "2026-11-20T13:30:00Z");
    assert_at(after(calendar, "2026-11-20T12:15:00Z", HOUR_US), "2026-11-20T14:00:00Z");
    assert_at(after(calendar, "2026-11-21T12:15:00Z", HOUR_US), "2026-11-23T09:00:00Z");
    assert_at(after(calendar, "2026-11-21T12:15:00Z", 0), "2026-11-21T12:15:00Z");
    /* Easter Monday, and a year's end */
    assert_at(after(calendar, "2026-04-03T15:30:00Z", HOUR_US), "2026-04-07T07:30:00Z");
    assert_at(after(calendar, "2026-12-31T16:30:00Z", HOUR_US), "2027-01-04T08:30:00Z");
    /* The week of the change to summer time is as long as any. */
    assert_at(after(calendar, "2026-03-27T08:00:00Z", 15 * HOUR_US), "2026-03-30T16:00:00Z");
    assert_int_equal(
        calendar_open_us(calendar, at("2026-03-23T00:00:00Z"), at("2026-03-30T00:00:00Z")),
        75 * HOUR_US / 2);
    assert_int_equal(
        calendar_open_us(calendar, at("2026-03-30T00:00:00Z"), at("2026-03-23T00:00:00Z")), 0);
}

static void test_next_opening_and_open_days(void **state)
{
    const struct test_calendar *test = *state;
    const struct calendar *calendar = &test->calendar;
    static const char *const cases[][2] = {
        {"2026-11-20T16:30:00Z",     "2026-11-20T16:30:00Z"},
        {"2026-11-20T17:00:00Z",     "2026-11-23T08:00:00Z"},
        {"2026-11-20T11:30:00Z",     "2026-11-20T13:00:00Z"},
        {"2026-11-20T08:00:00Z",     "2026-11-20T08:00:00Z"},
        {"2026-11-20T07:59:59.999Z", "2026-11-20T08:00:00Z"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t at_us;
        assert_true(calendar_next_open(calendar, at(cases[i][0]), &at_us));
        assert_at(at_us, cases[i][1]);
    }
    assert_true(calendar_day_is_open(calendar, day("2026-11-20")));
    assert_false(calendar_day_is_open(calendar, day("2026-11-21")));
    assert_false(calendar_day_is_open(calendar, day("2026-12-25")));
    int32_t next;
    assert_true(calendar_next_open_day(calendar, day("2026-12-24"), &next));
    assert_int_equal(next, day("2026-12-28"));
}

static void test_the_same_local_time_on_an_open_day(void **state)
{
    const struct test_calendar *test = *state;
    static const struct {
        const char *from;
        int32_t days;
        const char *due;
    } cases[] = {
        {"2026-11-20T16:45:00Z", 1, "2026-11-23T16:45:00Z"}, /* Friday 17:45 to Monday 17:45 */
        {"2026-11-20T16:45:00Z", 2, "2026-11-24T16:45:00Z"},
        {"2026-11-21T10:00:00Z", 1, "2026-11-23T10:00:00Z"}, /* from a Saturday */
        {"2026-11-19T19:00:00Z", 1, "2026-11-20T19:00:00Z"}, /* of an evening */
        {"2026-04-03T10:00:00Z", 1, "2026-04-07T10:00:00Z"}, /* over Easter */
        {"2026-03-27T16:45:00Z", 1, "2026-03-30T15:45:00Z"}, /* over the change of time */
        {"2026-10-23T15:45:00Z", 1, "2026-10-26T16:45:00Z"},
        {"2026-12-31T16:45:00Z", 1, "2027-01-04T16:45:00Z"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t at_us;
        assert_true(calendar_add_days(&test->calendar, at(cases[i].from), cases[i].days, &at_us));
        assert_at(at_us, cases[i].due);
    }
}

/* 0:00 to 24:00 every day is elapsed time, to the minute, through both changes. */
static void test_always_open_is_elapsed_time(void **state)
{
    struct test_calendar *test = *state;
    const struct test_week week = {.windows = whole_day, .window_count = 1, .weekdays = 0x7f};
    test_calendar_init(test, &week);
    const struct calendar *calendar = &test->calendar;
    assert_int_equal(calendar->span_count, 1);
    for (int64_t hours = 1; hours < 15000; hours += 37) {
        assert_int_equal(after(calendar, "2026-01-01T10:00:00Z", hours * HOUR_US),
                         at("2026-01-01T10:00:00Z") + hours * HOUR_US);
    }
}

static void test_a_night_shift_has_the_hour_that_comes_twice(void **state)
{
    struct test_calendar *test = *state;
    static const struct test_window night[] = {
        {0,       6 * 60 },
        {22 * 60, 24 * 60},
    };
    const struct test_week week = {.windows = night, .window_count = 2, .weekdays = 0x7f};
    test_calendar_init(test, &week);
    const struct calendar *calendar = &test->calendar;
    static const struct {
        const char *from;
        const char *until;
        int64_t hours;
    } cases[] = {
        {"2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", 7},
        {"2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z", 9},
        {"2026-06-20T12:00:00Z", "2026-06-21T12:00:00Z", 8},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(calendar_open_us(calendar, at(cases[i].from), at(cases[i].until)),
                         cases[i].hours * HOUR_US);
    /* A window that lies in the skipped hour vanishes. */
    static const struct test_window skipped[] = {
        {2 * 60, 3 * 60},
    };
    const struct test_week one = {.windows = skipped, .window_count = 1, .weekdays = 0x7f};
    test_calendar_init(test, &one);
    assert_false(calendar_day_is_open(calendar, day("2026-03-29")));
    assert_int_equal(
        calendar_open_us(calendar, at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z")),
        2 * HOUR_US);
}

static void test_what_is_never_open_ends(void **state)
{
    struct test_calendar *test = *state;
    const struct test_week week = {.windows = whole_day, .window_count = 0, .weekdays = 0};
    test_calendar_init(test, &week);
    const struct calendar *calendar = &test->calendar;
    int64_t at_us = 7;
    int32_t next = 7;
    assert_false(calendar_add_open(calendar, at("2026-06-01T00:00:00Z"), 1, &at_us));
    assert_false(calendar_add_days(calendar, at("2026-06-01T00:00:00Z"), 1, &at_us));
    assert_false(calendar_next_open(calendar, at("2026-06-01T00:00:00Z"), &at_us));
    assert_false(calendar_next_open_day(calendar, day("2026-06-01"), &next));
    assert_int_equal(at_us, 7);
    assert_int_equal(next, 7);
}

static void test_nothing_is_guessed_beyond_the_expansion(void **state)
{
    const struct test_calendar *test = *state;
    const struct calendar *calendar = &test->calendar;
    int64_t at_us = 7;
    assert_false(calendar_add_open(calendar, at("2027-12-31T10:00:00Z"), 8 * HOUR_US, &at_us));
    assert_false(calendar_add_open(calendar, at("2028-01-01T10:00:00Z"), HOUR_US, &at_us));
    assert_false(calendar_add_open(calendar, at("2025-12-31T10:00:00Z"), HOUR_US, &at_us));
    assert_false(calendar_add_open(calendar, at("2026-12-31T10:00:00Z"), INT64_MAX, &at_us));
    assert_false(calendar_add_days(calendar, at("2027-12-31T10:00:00Z"), 1, &at_us));
    assert_false(calendar_shift(calendar, at("2027-12-31T10:00:00Z"), at("2027-12-30T10:00:00Z"),
                                at("2028-01-30T10:00:00Z"), &at_us));
    assert_int_equal(at_us, 7);
}

static void test_a_pause_moves_by_its_open_time(void **state)
{
    const struct test_calendar *test = *state;
    const struct calendar *calendar = &test->calendar;
    static const struct {
        const char *due;
        const char *paused;
        const char *resumed;
        const char *moved;
    } cases[] = {
  /* A night, a lunch: nothing was lost. */
        {"2026-11-24T11:45:00Z", "2026-11-23T18:00:00Z", "2026-11-24T07:00:00Z",
         "2026-11-24T11:45:00Z"},
 /* An hour, at the end of the day */
        {"2026-11-23T16:30:00Z", "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z",
         "2026-11-24T08:30:00Z"},
 /* From one evening to the next noon: half a day */
        {"2026-11-25T09:00:00Z", "2026-11-23T20:00:00Z", "2026-11-24T12:00:00Z",
         "2026-11-25T14:00:00Z"},
 /* Nothing was left but an evening: then until somebody is there again. */
        {"2026-11-20T19:00:00Z", "2026-11-20T18:00:00Z", "2026-11-23T18:30:00Z",
         "2026-11-24T08:00:00Z"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t at_us;
        assert_true(calendar_shift(calendar, at(cases[i].due), at(cases[i].paused),
                                   at(cases[i].resumed), &at_us));
        assert_at(at_us, cases[i].moved);
        assert_true(calendar_shift(NULL, at(cases[i].due), at(cases[i].paused),
                                   at(cases[i].resumed), &at_us));
        assert_int_equal(at_us, at(cases[i].due) + at(cases[i].resumed) - at(cases[i].paused));
    }
}

static int64_t random_between(struct random *random, int64_t low, int64_t high)
{
    return low + (int64_t)random_below(random, (uint64_t)(high - low));
}

/* Laws of any calendar: what is added is there, moments come in order, and pausing, however often,
 * neither loses nor gains open time. */
static void test_laws(void **state)
{
    struct test_calendar *test = *state;
    struct random random = testing_random();
    for (int round = 0; round < 40; round++) {
        struct test_window windows[3];
        int minute = 0;
        for (size_t w = 0; w < ARRAY_LEN(windows); w++) {
            windows[w].opens = minute + (int)random_between(&random, 0, 240);
            windows[w].closes = windows[w].opens + (int)random_between(&random, 1, 240);
            minute = windows[w].closes;
        }
        const struct test_week week = {
            .windows = windows,
            .window_count = (size_t)random_between(&random, 1, 4),
            .weekdays = (unsigned)random_between(&random, 1, 128),
        };
        test_calendar_init(test, &week);
        const struct calendar *calendar = &test->calendar;
        for (int i = 0; i < 200; i++) {
            const int64_t from_us = at("2026-01-01T00:00:00Z") +
                                    random_between(&random, 0, 300 * US_PER_DAY);
            const int64_t open_us = random_between(&random, 1, 80 * HOUR_US);
            int64_t due_us, later_us;
            if (!calendar_add_open(calendar, from_us, open_us, &due_us))
                continue;
            assert_int_equal(calendar_open_us(calendar, from_us, due_us), open_us);
            assert_int_equal(calendar_open_us(calendar, from_us, due_us - 1), open_us - 1);
            if (calendar_add_open(calendar, from_us, open_us + 1, &later_us))
                assert_true(later_us > due_us);
            /* Pauses one after the other, all before the deadline as it then is. */
            int64_t at_us = from_us, paused_open_us = 0;
            for (int pause = 0; pause < 5; pause++) {
                const int64_t paused_us = random_between(&random, at_us, due_us + 1);
                const int64_t resumed_us = paused_us + random_between(&random, 0, 5 * US_PER_DAY);
                if (!calendar_shift(calendar, due_us, paused_us, resumed_us, &later_us))
                    break;
                const int64_t left_us = calendar_open_us(calendar, paused_us, due_us);
                assert_int_equal(calendar_open_us(calendar, resumed_us, later_us), left_us);
                assert_true(later_us >= due_us);
                paused_open_us += calendar_open_us(calendar, paused_us, resumed_us);
                due_us = later_us;
                at_us = resumed_us;
                assert_int_equal(calendar_open_us(calendar, from_us, due_us) - paused_open_us,
                                 open_us);
                if (at_us > due_us)
                    break;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local_time_skips_and_repeats),
        cmocka_unit_test_setup_teardown(test_open_time_goes_over_lunch_nights_weekends_and_holidays,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_next_opening_and_open_days, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_same_local_time_on_an_open_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_always_open_is_elapsed_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_night_shift_has_the_hour_that_comes_twice, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_never_open_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_guessed_beyond_the_expansion, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_pause_moves_by_its_open_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_laws, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

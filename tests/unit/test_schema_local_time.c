/*
 * Proves: texts with an offset become instants; texts without one become normalised local time;
 * days and times that do not exist, and anything else, are refused with a sentence that does not
 * repeat the text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/local_time.h"

static void expect_local(const char *text, enum date_order order, const char *expected)
{
    struct local_time time;
    struct err err;
    if (local_time_parse(str_from(text), order, &time, &err) != OK)
        fail_msg("%s: %s", text, err.detail);
    assert_true(time.is_local);
    assert_true(time.at_us == TIME_NONE);
    assert_string_equal(time.text, expected);
}

static void expect_instant(const char *text, const char *expected)
{
    struct local_time time;
    char formatted[TIME_TEXT_BYTES];
    assert_int_equal(local_time_parse(str_from(text), DATE_ORDER_DAY_FIRST, &time, NULL), OK);
    assert_false(time.is_local);
    assert_string_equal(time.text, "");
    assert_string_equal(time_format(time.at_us, formatted), expected);
}

static void expect_fault(const char *text, enum date_order order, const char *detail)
{
    struct local_time time = {.at_us = 7};
    struct err err;
    if (local_time_parse(str_from(text), order, &time, &err) != ERR_INVALID)
        fail_msg("%s was taken", text);
    assert_int_equal(time.at_us, 7);
    assert_non_null(strstr(err.detail, detail));
}

static void test_instants(void **state)
{
    (void)state;
    expect_instant("2026-11-21T14:30:00Z", "2026-11-21T14:30:00.000Z");
    expect_instant("2026-11-21T14:30:00+01:00", "2026-11-21T13:30:00.000Z");
    expect_instant(" 2026-11-21 14:30:00.5-05:30 ", "2026-11-21T20:00:00.500Z");
    expect_instant("1999-12-31T23:59:59.9999999Z", "1999-12-31T23:59:59.999Z");
}

static void test_local_times(void **state)
{
    (void)state;
    enum date_order day = DATE_ORDER_DAY_FIRST;
    expect_local("2026-11-21", day, "2026-11-21 00:00:00.000");
    expect_local("\t2026-11-21 14:30 \n", day, "2026-11-21 14:30:00.000");
    expect_local("2026-11-21T14:30", day, "2026-11-21 14:30:00.000");
    expect_local("2026-11-21t14:30:05", day, "2026-11-21 14:30:05.000");
    expect_local("2026-11-21 14:30:05.1", day, "2026-11-21 14:30:05.100");
    expect_local("2026-11-21 14:30:05.1239999999999999999999", day, "2026-11-21 14:30:05.123");
    expect_local("2016-12-31 23:59:60", day, "2016-12-31 23:59:59.999");
    expect_local("0001-01-01 00:00", day, "0001-01-01 00:00:00.000");
    expect_local("9999-12-31 23:59:59.999", day, "9999-12-31 23:59:59.999");
    expect_local("2024-02-29", day, "2024-02-29 00:00:00.000");
}

static void test_dates_with_slashes(void **state)
{
    (void)state;
    enum date_order day = DATE_ORDER_DAY_FIRST;
    enum date_order month = DATE_ORDER_MONTH_FIRST;
    expect_local("03/04/2026", day, "2026-04-03 00:00:00.000");
    expect_local("03/04/2026", month, "2026-03-04 00:00:00.000");
    expect_local("31/12/2026 08:05", day, "2026-12-31 08:05:00.000");
    expect_local("31/12/2026 08:05:59.25", day, "2026-12-31 08:05:59.250");
    expect_local("3/1/2017", month, "2017-03-01 00:00:00.000");
    expect_fault("3/1/2017", day, "Not a date");
}

static void test_refuses_what_does_not_exist(void **state)
{
    (void)state;
    enum date_order day = DATE_ORDER_DAY_FIRST;
    expect_fault("2026-02-29", day, "no day 29 in month 2 of the year 2026");
    expect_fault("2026-02-30T10:00:00Z", day, "Not a date");
    expect_fault("31/04/2026", day, "no day 31 in month 4");
    expect_fault("12/31/2026", day, "no day 12 in month 31");
    expect_fault("1900-02-29", day, "no day 29");
    expect_fault("2026-00-10", day, "no day 10 in month 0");
    expect_fault("2026-01-00", day, "no day 0");
    expect_fault("0000-01-01", day, "of the year 0");
    expect_fault("2026-01-01 24:00", day, "no time 24:00:00");
    expect_fault("2026-01-01 23:60", day, "no time 23:60:00");
    expect_fault("2026-01-01 23:59:61", day, "no time 23:59:61");
}

static void test_refuses_everything_else(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        " ",
                                        "-",
                                        "yesterday",
                                        "2026",
                                        "2026-1-1",
                                        "2026-11",
                                        "20261121",
                                        "26-11-21",
                                        "02026-11-21",
                                        "2026-11-21x",
                                        "2026-11-21 1",
                                        "2026-11-21 14",
                                        "2026-11-21 14:",
                                        "2026-11-21 14:3",
                                        "2026-11-21 14:30:",
                                        "2026-11-21 14:30:5",
                                        "2026-11-21 14:30:05.",
                                        "2026-11-21 14:30:05 +01:00",
                                        "2026-11-21  14:30",
                                        "2026-11-21+01:00",
                                        "2026/11/21",
                                        "3/1/2017",
                                        "03/01/17",
                                        "03/01/2017T",
                                        "03-01-2017",
                                        "\xD9\xA1\xD9\xA2/01/2017",
                                        "a@example.com"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        expect_fault(texts[i], DATE_ORDER_DAY_FIRST, "Not a date or time: write 2026-11-21");
    expect_fault("a@example.com", DATE_ORDER_MONTH_FIRST, "11/21/2026 14:30");
    struct local_time time;
    struct err err;
    assert_int_equal(local_time_parse(str_from("a@example.com"), DATE_ORDER_DAY_FIRST, &time, &err),
                     ERR_INVALID);
    assert_null(strstr(err.detail, "example.com"));
    assert_int_equal(local_time_parse((struct str){0}, DATE_ORDER_DAY_FIRST, &time, &err),
                     ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instants),
        cmocka_unit_test(test_local_times),
        cmocka_unit_test(test_dates_with_slashes),
        cmocka_unit_test(test_refuses_what_does_not_exist),
        cmocka_unit_test(test_refuses_everything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

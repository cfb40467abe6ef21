/* Proves that a target is read or refused with a reason, and when what it asks for is due. */
#include "test_domain_calendar_support.h"

#include "domain/catalog_kinds.h"
#include "domain/sla_target.h"
#include "schema/json.h"

static bool read_text(const char *text, bool has_calendar, struct sla_target *ret_target,
                      char *faults_text, size_t size)
{
    json_auto_t *json = json_loads(text, JSON_DECODE_ANY, /* error= */ NULL);
    assert_non_null(json);
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct faults faults;
    faults_init(&faults, &arena);
    const bool is_read = sla_target_read(json, has_calendar, "/target", ret_target, &faults);
    size_t len = 0;
    faults_text[0] = '\0';
    for (size_t i = 0; i < faults.count; i++)
        len += (size_t)snprintf(faults_text + len, size - len, "%s%s %s", i > 0 ? ", " : "",
                                faults.items[i].pointer, faults.items[i].code);
    arena_done(&arena);
    return is_read;
}

static struct sla_target target(const char *text, bool has_calendar)
{
    struct sla_target read;
    char faults[400];
    if (!read_text(text, has_calendar, &read, faults, sizeof faults))
        fail_msg("%s: %s", text, faults);
    return read;
}

static void test_refuses_what_has_no_meaning(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool has_calendar;
        const char *faults;
    } cases[] = {
        {"24",                                                                        false, "/target type"                               },
        {"null",                                                                      false, "/target type"                               },
        {"\"P1M\"",                                                                   false, "/target format"                             },
        {"\"PT0S\"",                                                                  false, "/target range"                              },
        {"\"P0D\"",                                                                   true,  "/target range"                              },
        {"\"P367D\"",                                                                 true,  "/target range"                              },
        {"\"P1DT2H\"",                                                                true,  "/target format"                             },
        {"\"P1W\"",                                                                   true,  "/target format"                             },
        {"{}",                                                                        false, "/target/weekday choice, /target/time format"},
        {"{\"weekday\":\"someday\",\"time\":\"18:00\"}",                              false, "/target/weekday choice"                     },
        {"{\"weekday\":\"monday\",\"time\":\"25:00\"}",                               false, "/target/time format"                        },
        {"{\"weekday\":\"monday\",\"time\":\"18:00\",\"at_least\":\"P1M\",\"or\":1}", true,
         "/target/or unknown, /target/at_least format"                                                                                    },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sla_target read;
        char faults[400];
        assert_false(read_text(cases[i].text, cases[i].has_calendar, &read, faults, sizeof faults));
        assert_string_equal(faults, cases[i].faults);
    }
    assert_int_equal(target("\"P1W\"", false).duration_us, 7 * US_PER_DAY);
    assert_int_equal(target("\"P1DT2H\"", false).duration_us, 26 * HOUR_US);
    assert_int_equal(target("\"P5D\"", true).days, 5);
}

static void assert_due(const char *text, const struct calendar *calendar, const char *from,
                       const char *expected)
{
    const struct zone zone = paris();
    const struct sla_target read = target(text, calendar != NULL);
    int64_t due_us;
    assert_true(sla_target_due(&read, calendar, &zone, at(from), &due_us));
    assert_at(due_us, expected);
}

static void test_when_it_is_due(void **state)
{
    (void)state;
    static struct test_calendar test;
    test_calendar_init(&test, &office_week);
    const struct calendar *office = &test.calendar;
    /* Elapsed time */
    assert_due("\"PT24H\"", NULL, "2026-11-20T16:45:00Z", "2026-11-21T16:45:00Z");
    assert_due("\"P1D\"", NULL, "2026-03-28T16:45:00Z", "2026-03-29T16:45:00Z");
    /* Open time */
    assert_due("\"PT1H\"", office, "2026-11-20T16:30:00Z", "2026-11-23T08:30:00Z");
    assert_due("\"PT24H\"", office, "2026-11-20T08:00:00Z", "2026-11-25T09:30:00Z");
    assert_due("\"P1D\"", office, "2026-11-20T16:45:00Z", "2026-11-23T16:45:00Z");
}

#define WEDNESDAY "{\"weekday\":\"wednesday\",\"time\":\"18:00\",\"at_least\":\"PT24H\"}"

static void test_by_a_day_of_the_week(void **state)
{
    (void)state;
    static struct test_calendar test;
    test_calendar_init(&test, &office_week);
    const struct calendar *office = &test.calendar;
    /* 2026-11-25 is a Wednesday; 18:00 in winter is 17:00 UTC, in summer 16:00. */
    assert_due(WEDNESDAY, NULL, "2026-11-23T10:00:00Z", "2026-11-25T17:00:00Z");
    assert_due(WEDNESDAY, NULL, "2026-11-24T17:00:00Z", "2026-11-25T17:00:00Z");
    assert_due(WEDNESDAY, NULL, "2026-11-24T17:00:00.001Z", "2026-12-02T17:00:00Z");
    assert_due(WEDNESDAY, NULL, "2026-10-21T10:00:00Z", "2026-10-28T17:00:00Z");
    assert_due(WEDNESDAY, NULL, "2026-07-13T10:00:00Z", "2026-07-15T16:00:00Z");
    /* 24 open hours are more than three days. */
    assert_due(WEDNESDAY, office, "2026-11-23T08:00:00Z", "2026-12-02T17:00:00Z");
    assert_due(WEDNESDAY, office, "2026-11-20T08:00:00Z", "2026-11-25T17:00:00Z");
    /* Closed that day: the next open day, at the same time. */
    assert_due("{\"weekday\":\"friday\",\"time\":\"12:00\"}", office, "2026-12-23T08:00:00Z",
               "2026-12-28T11:00:00Z");
    assert_due("{\"weekday\":\"sunday\",\"time\":\"12:00\"}", office, "2026-11-20T08:00:00Z",
               "2026-11-23T11:00:00Z");
    /* Never at once; 24:00 is the end of its day. */
    assert_due("{\"weekday\":\"friday\",\"time\":\"12:00\"}", NULL, "2026-11-20T11:00:00Z",
               "2026-11-27T11:00:00Z");
    assert_due("{\"weekday\":\"friday\",\"time\":\"24:00\"}", NULL, "2026-11-20T11:00:00Z",
               "2026-11-20T23:00:00Z");
    assert_due("{\"weekday\":\"friday\",\"time\":\"24:00\",\"at_least\":\"PT12H\"}", NULL,
               "2026-11-20T11:00:00Z", "2026-11-20T23:00:00Z");
    /* In the hour that is skipped, and in the one that comes twice */
    assert_due("{\"weekday\":\"sunday\",\"time\":\"02:30\"}", NULL, "2026-03-27T11:00:00Z",
               "2026-03-29T01:00:00Z");
    assert_due("{\"weekday\":\"sunday\",\"time\":\"02:30\"}", NULL, "2026-10-23T11:00:00Z",
               "2026-10-25T01:30:00Z");
}

static void test_fractions_of_open_time(void **state)
{
    (void)state;
    static struct test_calendar test;
    test_calendar_init(&test, &office_week);
    const int64_t from_us = at("2026-11-20T15:00:00Z"); /* Friday 16:00 */
    const int64_t due_us = at("2026-11-23T10:00:00Z");  /* Monday 11:00: four open hours */
    assert_at(sla_target_fraction_us(&test.calendar, from_us, due_us, 0.5), "2026-11-20T17:00:00Z");
    assert_at(sla_target_fraction_us(&test.calendar, from_us, due_us, 0.75),
              "2026-11-23T09:00:00Z");
    assert_int_equal(sla_target_fraction_us(NULL, from_us, due_us, 0.5),
                     from_us + (due_us - from_us) / 2);
    /* No open time between: elapsed. */
    assert_at(sla_target_fraction_us(&test.calendar, at("2026-11-20T18:00:00Z"),
                                     at("2026-11-20T20:00:00Z"), 0.5),
              "2026-11-20T19:00:00Z");
}

static void test_beyond_the_expansion(void **state)
{
    (void)state;
    static struct test_calendar test;
    test_calendar_init(&test, &office_week);
    const struct zone zone = paris();
    static const char *const texts[] = {"\"PT30H\"", "\"P9D\"", WEDNESDAY};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct sla_target read = target(texts[i], true);
        int64_t due_us;
        assert_false(
            sla_target_due(&read, &test.calendar, &zone, at("2027-12-30T10:00:00Z"), &due_us));
    }
    const struct sla_target read = target(WEDNESDAY, false);
    int64_t due_us;
    assert_false(sla_target_due(&read, NULL, &zone, at("2027-12-30T10:00:00Z"), &due_us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_what_has_no_meaning),
        cmocka_unit_test(test_when_it_is_due),
        cmocka_unit_test(test_by_a_day_of_the_week),
        cmocka_unit_test(test_fractions_of_open_time),
        cmocka_unit_test(test_beyond_the_expansion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

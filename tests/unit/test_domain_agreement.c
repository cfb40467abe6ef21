/*
 * Proves: periods begin where the calendar says; what a version does to the set-up when its day has
 * come, in whatever order days and signatures come; what one side cannot do alone; the text's form.
 */
#include "test_domain_catalog_support.h"

#include "domain/agreement.h"
#include "domain/agreement_differences.h"
#include "domain/agreement_text.h"

#define LEADS_ID    "01936b1f-0000-7000-8000-0000000000a1"
#define OTHER_ID    "01936b1f-0000-7000-8000-0000000000a2"
#define NEW_ID      "01936b1f-0000-7000-8000-0000000000a3"
#define VERSION1_ID "01936b1f-0000-7000-8000-0000000000b1"
#define VERSION2_ID "01936b1f-0000-7000-8000-0000000000b2"
#define MODEL_ID    "01936b1f-0000-7000-8000-0000000000c1"
#define POLICY_ID   "01936b1e-0000-7000-8000-000000000003"
#define LEADS(target, active)                                                                      \
    "\"team\":\"marketing\",\"name\":\"Leads\",\"metric\":\"leads_delivered\",\"at_"               \
    "least\":" target                                                                              \
    ",\"at_most\":null,\"period\":{\"every\":\"week\",\"starts\":\"monday\"},\"filter\":null,"     \
    "\"calendar\":null,\"capacity\":null,\"settle_days\":0,\"active\":" active
#define DAILY                                                                                      \
    "\"team\":\"sales\",\"name\":\"Fast\",\"metric\":\"contacted_in_time_rate\",\"at_least\":0.9," \
    "\"at_most\":null,\"period\":{\"every\":\"day\",\"starts\":null},\"filter\":null,"             \
    "\"calendar\":null,\"capacity\":null,\"settle_days\":0,\"active\":true"
#define POLICY                                                                                     \
    "{\"id\":\"" POLICY_ID "\",\"name\":\"Premier contact sous 24 h\",\"position\":1,\"kind\":"    \
    "\"first_contact\",\"starts\":\"mql\",\"attempts\":null,\"target\":\"PT24H\",\"calendar\":"    \
    "null,\"warn_at\":[0.5,0.8],\"applies_when\":null,\"active\":true}"
#define SIGNED(at)                                                                                 \
    "[{\"member\":\"" OTHER_ID "\",\"name\":\"A\",\"team\":\"marketing\",\"at\":\"" at             \
    "\"},{\"member\":\"" NEW_ID "\",\"name\":\"B\",\"team\":\"sales\",\"at\":\"" at "\"}]"
#define AGREEMENT(version, day, promises, model, rest)                                             \
    "{\"version\":" version ",\"name\":null,\"note\":null,\"effective_on\":\"" day                 \
    "\",\"commitments\":[" promises "],\"policies\":[" POLICY "],\"scoring_model\":" model         \
    ",\"funnel\":9,\"definitions\":{},\"currency\":\"EUR\"," rest "}"

struct fixture {
    struct default_rows rows;
    struct catalog *catalog;
    struct arena arena;
};

static void build(struct fixture *fixture)
{
    catalog_unref(fixture->catalog);
    fixture->catalog = build_catalog(&fixture->rows);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.catalog = NULL;
    arena_init(&fixture.arena, 1 << 24);
    default_rows_init(&fixture.rows);
    default_rows_add(&fixture.rows, CATALOG_COMMITMENT, LEADS_ID, LEADS_ID,
                     "{" LEADS("50", "true") "}");
    default_rows_add(&fixture.rows, CATALOG_MODEL, MODEL_ID, "2",
                     "{\"version\":2,\"activated\":0,\"activated_at\":null,\"activation\":null,"
                     "\"definition\":{\"name\":\"small\",\"fit\":{\"rules\":[],\"grades\":{\"A\":3,"
                     "\"B\":2,\"C\":1}},\"interest\":{\"half_life\":\"P1D\",\"rules\":[],"
                     "\"grades\":{\"1\":3,\"2\":2,\"3\":1}},\"decision\":{\"*\":\"stay\"}}}");
    build(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    catalog_unref(fixture->catalog);
    arena_done(&fixture->arena);
    default_rows_done(&fixture->rows);
    return 0;
}

static void add_agreement(struct fixture *fixture, const char *id, const char *version,
                          const char *body)
{
    default_rows_add(&fixture->rows, CATALOG_AGREEMENT, id, version, body);
    build(fixture);
}

static int32_t day_of(const char *text)
{
    int32_t days;
    assert_true(date_parse(str_from(text), &days));
    return days;
}

static int64_t time_of(const char *text)
{
    int64_t at_us;
    assert_true(time_parse(str_from(text), &at_us));
    return at_us;
}

static void assert_period_start(const char *period, const char *day, const char *expected)
{
    char text[TIME_TEXT_BYTES];
    json_t *value = json_from(period);
    const int32_t start = agreement_period_start(value, STR_LITERAL("monday"), day_of(day));
    assert_string_equal(date_format(start, text), expected);
    json_decref(value);
}

static void test_periods_begin_where_the_calendar_says(void **state)
{
    (void)state;
    assert_period_start("{\"every\":\"day\"}", "2026-11-22", "2026-11-22");
    /* A Sunday. */
    assert_period_start("{\"every\":\"week\",\"starts\":\"monday\"}", "2026-11-22", "2026-11-23");
    assert_period_start("{\"every\":\"week\",\"starts\":\"monday\"}", "2026-11-23", "2026-11-23");
    assert_period_start("{\"every\":\"week\"}", "2026-11-24", "2026-11-30");
    assert_period_start("{\"every\":\"week\",\"starts\":\"sunday\"}", "2026-12-28", "2027-01-03");
    assert_period_start("{\"every\":\"week\",\"starts\":\"monday\"}", "1969-12-30", "1970-01-05");
    assert_period_start("{\"every\":\"month\"}", "2028-02-02", "2028-03-01");
    assert_period_start("{\"every\":\"month\"}", "2026-12-01", "2026-12-01");
    assert_period_start("{\"every\":\"quarter\"}", "2026-10-02", "2027-01-01");
    assert_period_start("{\"every\":\"quarter\"}", "2026-04-01", "2026-04-01");
}

/* What is written, as "kind slug field=value". */
static void describe(const struct agreement_enactment *enactment, struct buf *out)
{
    for (size_t i = 0; i < enactment->count; i++) {
        const struct agreement_write *write = &enactment->writes[i];
        buf_printf(out, "%s %s %.*s", i > 0 ? "," : "", catalog_kind_names[write->kind],
                   STR_ARGS(write->slug));
        if (write->kind == CATALOG_COMMITMENT || write->kind == CATALOG_POLICY)
            buf_printf(out, " %s",
                       json_is_true(json_object_get(write->body, "active")) ? "on" : "off");
        if (write->kind == CATALOG_AGREEMENT)
            buf_printf(out, " %s", agreement_state_names[agreement_state_of(write->body)]);
    }
}

static void assert_enacts(struct fixture *fixture, const char *day, const char *today,
                          const char *expected)
{
    char midnight[64];
    (void)snprintf(midnight, sizeof midnight, "%sT00:00:00Z", day);
    const struct agreement_clock clock = {.day = day_of(day),
                                          .today = day_of(today),
                                          .day_start_us = time_of(midnight),
                                          .now_us = time_of("2026-12-31T12:00:00Z")};
    struct agreement_enactment enactment;
    struct err err;
    assert_int_equal(agreement_next_day(fixture->catalog), clock.day);
    if (agreement_enact(fixture->catalog, &clock, &fixture->arena, &enactment, &err) != OK)
        fail_msg("%s", err.detail);
    struct buf said;
    buf_init(&said, 4096);
    describe(&enactment, &said);
    assert_string_equal(buf_str(&said).data, expected);
    buf_done(&said);
    agreement_enactment_done(&enactment);
}

static void test_signed_in_time_it_comes_with_its_day(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(agreement_next_day(fixture->catalog), DATE_NONE);
    /* A Monday: the week's promise changes at once, as does the daily one. */
    add_agreement(fixture, VERSION1_ID, "1",
                  AGREEMENT("1", "2026-11-30",
                            "{\"id\":\"" LEADS_ID "\"," LEADS("60", "true") "},{\"id\":\"" NEW_ID
                                                                            "\"," DAILY "}",
                            "2", "\"signatures\":" SIGNED("2026-11-29T10:00:00.000Z")));
    assert_enacts(fixture, "2026-11-30", "2026-11-30",
                  " model 2, commitment " LEADS_ID " on, commitment " NEW_ID
                  " on, agreement 1 in_force");
}

static void test_in_the_middle_of_a_week_only_days_begin(void **state)
{
    struct fixture *fixture = *state;
    add_agreement(fixture, VERSION1_ID, "1",
                  AGREEMENT("1", "2026-12-02",
                            "{\"id\":\"" LEADS_ID "\"," LEADS("60", "true") "},{\"id\":\"" NEW_ID
                                                                            "\"," DAILY "}",
                            "1", "\"signatures\":" SIGNED("2026-11-29T10:00:00.000Z")));
    assert_enacts(fixture, "2026-12-02", "2026-12-02",
                  " commitment " NEW_ID " on, agreement 1 in_force");
}

static void test_signed_late_nothing_of_today_changes(void **state)
{
    struct fixture *fixture = *state;
    add_agreement(fixture, VERSION1_ID, "1",
                  AGREEMENT("1", "2026-11-30",
                            "{\"id\":\"" LEADS_ID "\"," LEADS("60", "true") "},{\"id\":\"" NEW_ID
                                                                            "\"," DAILY "}",
                            "1", "\"signatures\":" SIGNED("2026-11-30T10:00:00.000Z")));
    assert_enacts(fixture, "2026-11-30", "2026-11-30", " agreement 1 in_force");
}

static void test_what_is_not_named_ends_and_waiting_changes_come(void **state)
{
    struct fixture *fixture = *state;
    add_agreement(
        fixture, VERSION1_ID, "1",
        AGREEMENT("1", "2026-11-30", "{\"id\":\"" NEW_ID "\"," DAILY "}", "1",
                  "\"signatures\":" SIGNED(
                      "2026-11-29T10:00:00.000Z") ",\"in_force_at\":\"2026-11-30T00:00:01.000Z\","
                                                  "\"changes\":["
                                                  "{\"commitment\":\"" NEW_ID
                                                  "\",\"change\":\"added\",\"from\":\"2026-12-01\","
                                                  "\"applied\":true},{\"commitment\":\"" LEADS_ID
                                                  "\",\"change\":\"ended\","
                                                  "\"from\":\"2026-12-07\",\"applied\":false}]"));
    assert_enacts(fixture, "2026-12-07", "2026-12-09",
                  " commitment " LEADS_ID " off, agreement 1 in_force");
}

static void test_the_next_version_ends_the_one_before(void **state)
{
    struct fixture *fixture = *state;
    add_agreement(
        fixture, VERSION1_ID, "1",
        AGREEMENT("1", "2026-11-30", "{\"id\":\"" LEADS_ID "\"," LEADS("50", "true") "}", "1",
                  "\"signatures\":" SIGNED(
                      "2026-11-29T10:00:00.000Z") ",\"in_force_at\":\"2026-11-30T00:00:01.000Z\""));
    add_agreement(fixture, VERSION2_ID, "2",
                  AGREEMENT("2", "2026-12-03", "{\"id\":\"" LEADS_ID "\"," LEADS("50", "true") "}",
                            "1", "\"signatures\":" SIGNED("2026-12-01T10:00:00.000Z")));
    assert_int_equal(agreement_version_of(agreement_in_force(fixture->catalog)->body), 1);
    assert_enacts(fixture, "2026-12-03", "2026-12-03", " agreement 1 ended, agreement 2 in_force");
}

static void test_what_one_side_cannot_do_alone(void **state)
{
    struct fixture *fixture = *state;
    const struct catalog_entry *leads =
        catalog_find(fixture->catalog, CATALOG_COMMITMENT, STR_LITERAL(LEADS_ID));
    json_t *activation = json_from("{\"state\":\"active\"}");
    assert_null(agreement_forbids(fixture->catalog, leads, activation, &fixture->arena));
    add_agreement(
        fixture, VERSION1_ID, "1",
        AGREEMENT("1", "2026-11-30", "{\"id\":\"" LEADS_ID "\"," LEADS("50", "true") "}", "1",
                  "\"signatures\":" SIGNED(
                      "2026-11-29T10:00:00.000Z") ",\"in_force_at\":\"2026-11-30T00:00:01.000Z\""));
    static const struct {
        enum catalog_kind kind;
        const char *slug;
        bool is_forbidden;
    } cases[] = {
        {CATALOG_COMMITMENT, LEADS_ID,  true },
        {CATALOG_POLICY,     POLICY_ID, true },
        {CATALOG_MODEL,      "2",       true },
        {CATALOG_MODEL,      "1",       false},
        {CATALOG_STAGE,      "mql",     false},
        {CATALOG_AGREEMENT,  "1",       false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct catalog_entry *entry =
            catalog_find(fixture->catalog, cases[i].kind, str_from(cases[i].slug));
        assert_non_null(entry);
        const char *why = agreement_forbids(fixture->catalog, entry, activation, &fixture->arena);
        if ((why != NULL) != cases[i].is_forbidden)
            fail_msg("%s %s: %s", catalog_kind_names[cases[i].kind], cases[i].slug,
                     why != NULL ? why : "allowed");
    }
    json_decref(activation);
}

static void test_the_text_has_its_parts_in_both_languages(void **state)
{
    struct fixture *fixture = *state;
    json_t *body =
        json_from(AGREEMENT("1", "2026-12-01", "{\"id\":\"" LEADS_ID "\"," LEADS("50", "true") "}",
                            "1", "\"signatures\":[]"));
    static const char *const expected[] = {
        "Accord entre le marketing et les ventes\n=======================================\n\n"
        "Version\u00a01, en vigueur à partir du\u00a01er\u00a0décembre\u00a02026.\n",
        "Agreement between marketing and sales\n=====================================\n\n"
        "Version\u00a01, in force from\u00a01\u00a0December\u00a02026.\n",
    };
    for (unsigned language = 0; language < LANGUAGE_COUNT_; language++) {
        json_t *blocks = agreement_text(fixture->catalog, body, (enum language)language);
        assert_non_null(blocks);
        struct buf plain;
        buf_init(&plain, 1 << 20);
        agreement_text_plain(&plain, blocks);
        const struct str text = buf_str(&plain);
        assert_true(str_starts_with(text, expected[language]));
        assert_non_null(strstr(
            text.data, language == LANGUAGE_FR
                           ? "\nLe marketing promet\n-------------------\n\n- Leads\u00a0: Le"
                           : "\nMarketing promises\n------------------\n\n- Leads: Marketing"));
        buf_done(&plain);
        json_decref(blocks);
    }
    json_decref(body);
}

static void test_differences_say_what_changed(void **state)
{
    struct fixture *fixture = *state;
    json_t *before =
        json_from(AGREEMENT("1", "2026-12-01", "{\"id\":\"" LEADS_ID "\"," LEADS("40", "true") "}",
                            "1", "\"signatures\":[]"));
    json_t *after = json_from(AGREEMENT(
        "2", "2026-12-08",
        "{\"id\":\"" LEADS_ID "\"," LEADS("50", "true") "},{\"id\":\"" NEW_ID "\"," DAILY "}", "2",
        "\"signatures\":[]"));
    struct buf out;
    buf_init(&out, 1 << 20);
    struct json_writer json;
    json_writer_init(&json, &out);
    agreement_differences_write(&json, before, after, fixture->catalog);
    json_t *found = json_from(buf_str(&out).data);
    assert_int_equal(json_array_size(found), 3);
    const json_t *changed = json_array_get(found, 0);
    assert_string_equal(json_string_value(json_object_get(changed, "change")), "changed");
    json_t *fields = json_from("[{\"field\":\"at_least\",\"before\":40,\"after\":50}]");
    assert_true(json_equal(json_object_get(changed, "fields"), fields));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(changed, "words"), "fr")),
        "Changé\u00a0: Leads\u00a0: avant\u00a0: «\u00a0Le marketing s’engage à remettre aux "
        "ventes au "
        "moins 40 leads qualifiés (MQL) chaque semaine, à compter du lundi.\u00a0»\u202f; "
        "maintenant\u00a0: «\u00a0Le marketing s’engage à remettre aux ventes au moins 50 leads "
        "qualifiés (MQL) chaque semaine, à compter du lundi.\u00a0».");
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(json_array_get(found, 2), "words"), "en")),
                        "Changed: scoring model\u00a02 replaces\u00a01.");
    json_t *same = agreement_differences_text(after, after, fixture->catalog, LANGUAGE_EN);
    assert_int_equal(json_array_size(same), 0);
    json_decref(same);
    json_decref(fields);
    json_decref(found);
    json_decref(before);
    json_decref(after);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_periods_begin_where_the_calendar_says),
        cmocka_unit_test_setup_teardown(test_signed_in_time_it_comes_with_its_day, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_in_the_middle_of_a_week_only_days_begin, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_signed_late_nothing_of_today_changes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_not_named_ends_and_waiting_changes_come,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_next_version_ends_the_one_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_one_side_cannot_do_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_text_has_its_parts_in_both_languages, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_differences_say_what_changed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

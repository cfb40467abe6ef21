/*
 * Proves: maps do what api.md says they do (templates, constants, escapes, empty results left out);
 * every fault of a map is told at once, with its key and a helpful guess; without a map the
 * columns' names count; limits hold and failing allocations leave nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/memory.h"
#include "schema/import_map.h"

enum { COLUMNS_MAX = 10, ARENA_BYTES_MAX = 1024 * 1024 };

struct fixture {
    struct arena arena;
    struct faults faults;
    struct err err;
    struct buf out;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    arena_init(&fixture.arena, ARENA_BYTES_MAX);
    faults_init(&fixture.faults, &fixture.arena);
    buf_init(&fixture.out, 200000);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_done(&fixture->arena);
    buf_done(&fixture->out);
    return 0;
}

/* "a|b|c" as slices; an absent text is none. */
static size_t split(const char *text, struct str out[static COLUMNS_MAX])
{
    struct str rest = str_from(text);
    size_t count = 0;
    while (rest.data != NULL)
        out[count++] = str_cut(&rest, '|');
    return count;
}

static enum err_code compile(struct fixture *fixture, enum import_kind kind, const char *json,
                             const char *header, struct import_map **ret_map)
{
    struct str columns[COLUMNS_MAX];
    size_t count = split(header, columns);
    faults_init(&fixture->faults, &fixture->arena);
    if (json == NULL)
        return import_map_from_columns(kind, columns, count, &fixture->arena, &fixture->faults,
                                       ret_map, &fixture->err);
    return import_map_compile(kind, str_from(json), columns, count, &fixture->arena,
                              &fixture->faults, ret_map, &fixture->err);
}

/* What the map makes of a row, as "field[.name]=value;" each. */
static const char *apply(struct fixture *fixture, const struct import_map *map, const char *row)
{
    struct str fields[COLUMNS_MAX];
    struct import_row result;
    split(row, fields);
    assert_int_equal(import_map_apply(map, fields, &fixture->arena, &result, &fixture->err), OK);
    buf_clear(&fixture->out);
    buf_append_text(&fixture->out, "");
    for (size_t i = 0; i < result.count; i++) {
        const struct import_value *value = &result.values[i];
        buf_append_text(&fixture->out, import_field_name(value->field));
        if (value->name.data != NULL)
            buf_printf(&fixture->out, ".%.*s", STR_ARGS(value->name));
        buf_printf(&fixture->out, "=%.*s;", STR_ARGS(value->value));
    }
    return fixture->out.data != NULL ? fixture->out.data : "";
}

static void expect_row(struct fixture *fixture, const char *json, const char *header,
                       const char *row, const char *expected)
{
    struct import_map *map;
    if (compile(fixture, IMPORT_CONTACTS, json, header, &map) != OK)
        fail_msg("%s", fixture->err.detail);
    assert_string_equal(apply(fixture, map, row), expected);
}

/* The only fault, or the first of several. */
static void expect_fault(struct fixture *fixture, enum import_kind kind, const char *json,
                         const char *header, const char *pointer, const char *code,
                         const char *detail)
{
    struct import_map *map = NULL;
    assert_int_equal(compile(fixture, kind, json, header, &map), ERR_INVALID);
    assert_null(map);
    assert_true(fixture->faults.count > 0);
    assert_string_equal(fixture->faults.items[0].pointer, pointer);
    assert_string_equal(fixture->faults.items[0].code, code);
    if (strstr(fixture->faults.items[0].detail, detail) == NULL)
        fail_msg("%s\nlacks\n%s", fixture->faults.items[0].detail, detail);
}

static void test_contacts(void **state)
{
    struct fixture *fixture = *state;
    struct import_map *map;
    assert_int_equal(compile(fixture, IMPORT_CONTACTS,
                             "{\"email\": \"{person}@example.com\", \"occurred_at\": \"{day}\","
                             " \"kind\": \"form_submission\", \"form\": \"{page}\","
                             " \"channel\": \"{source}\", \"attributes.segment\": \"{segment}\","
                             " \"consents.marketing_email\": \"yes\","
                             " \"properties.note\": \"{page} / {source}\"}",
                             "person|day|page|source|segment|more", &map),
                     OK);
    assert_string_equal(apply(fixture, map, "p1|2026-01-31|guide|email|toys|x"),
                        "email=p1@example.com;occurred_at=2026-01-31;kind=form_submission;"
                        "form=guide;channel=email;attributes.segment=toys;"
                        "consents.marketing_email=yes;properties.note=guide / email;");
    assert_string_equal(apply(fixture, map, "p2||guide| ||"),
                        "email=p2@example.com;kind=form_submission;form=guide;"
                        "consents.marketing_email=yes;properties.note=guide /;");
    assert_true(import_map_has(map, IMPORT_CHANNEL));
    assert_true(import_map_has(map, IMPORT_ATTRIBUTE));
    assert_false(import_map_has(map, IMPORT_OFFER));
    size_t count;
    const struct str *unused = import_map_unused_columns(map, &count);
    assert_int_equal(count, 1);
    assert_true(str_is(unused[0], "more"));
}

static void test_deals_and_activities(void **state)
{
    struct fixture *fixture = *state;
    struct import_map *map;
    assert_int_equal(compile(fixture, IMPORT_DEALS,
                             "{\"email\": \"{who}\", \"won_at\": \"{when}\", \"amount\": \"{sum}\","
                             " \"currency\": \"EUR\", \"kind\": \"new\", \"assignee\": \"{rep}\","
                             " \"qualified_by\": \"{sdr}\"}",
                             "who|when|sum|rep|sdr", &map),
                     OK);
    assert_string_equal(apply(fixture, map, "a@b.fr|2026-02-01 10:00|1500|r1|"),
                        "email=a@b.fr;won_at=2026-02-01 10:00;amount=1500;currency=EUR;kind=new;"
                        "assignee=r1;");
    assert_int_equal(compile(fixture, IMPORT_ACTIVITIES,
                             "{\"email\": \"{who}\", \"kind\": \"{what}\", \"offer\": \"o\","
                             " \"campaign\": \"c\", \"form\": \"f\", \"channel\": \"ch\","
                             " \"occurred_at\": \"{when}\", \"id\": \"{id}\","
                             " \"properties.a.b\": \"x\"}",
                             "who|what|when|id", &map),
                     OK);
    assert_string_equal(apply(fixture, map, "a@b.fr|page_view|2026-02-01|7"),
                        "email=a@b.fr;kind=page_view;offer=o;campaign=c;form=f;channel=ch;"
                        "occurred_at=2026-02-01;id=7;properties.a.b=x;");
}

static void test_templates(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *template, *expected;
    } cases[] = {
        {"{a}",               "one"               },
        {"{ a }",             "one"               },
        {"{a}{b}{a}",         "onetwoone"         },
        {"<{a}>",             "<one>"             },
        {"{{{a}}}",           "{one}"             },
        {"{{a}}",             "{a}"               },
        {"}}{{",              "}{"                },
        {"{a}}}",             "one}"              },
        {"x{{y",              "x{y"               },
        {"  {b c}  ",         "three"             },
        {"\\u00e9{a}",        "\xC3\xA9"
                       "one"},
        {"{\\u00e9t\\u00e9}", "four"              },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_done) struct buf json;
        CLEANUP(buf_done) struct buf expected;
        buf_init(&json, 200);
        buf_init(&expected, 200);
        buf_printf(&json, "{\"email\": \"e\", \"attributes.x\": \"%s\"}", cases[i].template);
        buf_printf(&expected, "email=e;attributes.x=%s;", cases[i].expected);
        expect_row(fixture, json.data, "a|b|b c|\xC3\xA9t\xC3\xA9|a{b", "one|two|three|four|five",
                   expected.data);
    }
}

static void test_empty_results_are_left_out(void **state)
{
    struct fixture *fixture = *state;
    const char *json =
        "{\"email\": \"{a}\", \"channel\": \"{b}\", \"form\": \"\", \"offer\": \" \","
        " \"campaign\": \"{b}{b} {b}\", \"id\": \"-{b}\"}";
    expect_row(fixture, json, "a|b", "x|", "email=x;id=-;");
    expect_row(fixture, json, "a|b", "|  ", "id=-;");
    expect_row(fixture, json, "a|b", " x | y ", "email=x;channel=y;campaign=y  y   y;id=- y;");
}

static void test_unknown_columns(void **state)
{
    struct fixture *fixture = *state;
    expect_fault(
        fixture, IMPORT_CONTACTS, "{\"email\": \"{mail}\", \"channel\": \"{orgin}\"}",
        "mail|origin|landing page", "/channel", "unknown_column",
        "There is no column \"orgin\"; did you mean \"origin\"? Columns of the file: mail, "
        "origin, landing page.");
    expect_fault(fixture, IMPORT_CONTACTS, "{\"email\": \"{E-Mail}\"}", "name|e_mail", "/email",
                 "unknown_column", "did you mean \"e_mail\"?");
    expect_fault(fixture, IMPORT_CONTACTS, "{\"email\": \"{telephone}\"}", "a|b", "/email",
                 "unknown_column", "There is no column \"telephone\". Columns of the file: a, b.");
    expect_fault(fixture, IMPORT_CONTACTS, "{\"email\": \"{}\"}", "a||b", "/email",
                 "unknown_column", "There is no column \"\".");
    expect_fault(fixture, IMPORT_CONTACTS, "{\"email\": \"{a}\"}", "a|b|a", "/email",
                 "ambiguous_column", "The file has more than one column \"a\".");
    expect_fault(fixture, IMPORT_CONTACTS, "{\"email\": \"{x}\", \"attributes.a/b~c\": \"{why}\"}",
                 "x|whys", "/attributes.a~1b~0c", "unknown_column", "\"why\"");
    /* A column that occurs twice does not matter to a map that does not read it. */
    expect_row(fixture, "{\"email\": \"{b}\"}", "a|b|a", "1|2|3", "email=2;");
}

static void test_an_attribute_of_another_file_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    const char *json = "{\"email\": \"{id}@x\", \"attributes.segment\": \"({business_segment})\","
                       " \"attributes.city\": \"{town}\"}";
    struct import_map *map;
    assert_int_equal(compile(fixture, IMPORT_CONTACTS, json, "id|town", &map), OK);
    assert_string_equal(apply(fixture, map, "7|Lyon"), "email=7@x;attributes.city=Lyon;");
    size_t count;
    const struct import_left_out *left_out = import_map_left_out(map, &count);
    assert_int_equal(count, 1);
    assert_true(str_is(left_out[0].key, "attributes.segment"));
    assert_true(str_is(left_out[0].column, "business_segment"));
    /* Nearly the name of a column is a mistake, and so is what makes a template. */
    expect_fault(fixture, IMPORT_CONTACTS, json, "id|town|business_segments", "/attributes.segment",
                 "unknown_column", "did you mean");
    expect_fault(fixture, IMPORT_CONTACTS, "{\"email\": \"{id}\", \"attributes.a\": \"{}\"}", "id",
                 "/attributes.a", "unknown_column", "There is no column \"\".");
}

static void test_messages_stay_short_and_printable(void **state)
{
    struct fixture *fixture = *state;
    struct str columns[400];
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        columns[i] = str_from(i % 2 == 0
                                  ? "a column with quite a long name, it has to be said, "
                                    "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
                                  : "esc \033[31m");
    struct import_map *map;
    assert_int_equal(import_map_compile(IMPORT_CONTACTS, str_from("{\"email\": \"{\\u001b[0m}\"}"),
                                        columns, ARRAY_LEN(columns), &fixture->arena,
                                        &fixture->faults, &map, &fixture->err),
                     ERR_INVALID);
    assert_string_equal(fixture->faults.items[0].detail,
                        "There is no column \"?[0m\". Columns of the file: a column with quite a "
                        "long name, it has to be said, \xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
                        "\xC3\xA9, esc ?[31m, a column with quite a long name, it has to be said, "
                        "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9 and 397 more.");
}

static void test_unknown_fields(void **state)
{
    struct fixture *fixture = *state;
    expect_fault(
        fixture, IMPORT_CONTACTS, "{\"email\": \"{a}\", \"chanel\": \"{a}\"}", "a", "/chanel",
        "unknown",
        "There is no field \"chanel\"; did you mean \"channel\"? Fields of contacts: email, "
        "occurred_at, kind, form, offer, campaign, channel, id, attributes.NAME, "
        "consents.NAME, properties.NAME.");
    expect_fault(fixture, IMPORT_DEALS,
                 "{\"email\": \"{a}\", \"won_at\": \"{a}\", \"form\": \"x\"}", "a", "/form",
                 "unknown", "Fields of deals: email, kind, won_at,");
    expect_fault(fixture, IMPORT_CONTACTS, "{\"email\": \"{a}\", \"email.x\": \"\"}", "a",
                 "/email.x", "unknown", "no field \"email.x\"");
    expect_fault(fixture, IMPORT_CONTACTS, "{\"email\": \"{a}\", \"attributes\": \"\"}", "a",
                 "/attributes", "unknown", "attributes.NAME");
    expect_fault(fixture, IMPORT_ACTIVITIES,
                 "{\"email\": \"{a}\", \"kind\": \"x\", \"attributes.a\": \"\"}", "a",
                 "/attributes.a", "unknown", "Fields of activities");
    expect_fault(fixture, IMPORT_CONTACTS, "{\"email\": \"{a}\", \"attributes.\": \"\"}", "a",
                 "/attributes.", "format", "A name of 1 to 64 bytes");
}

static void test_bad_templates(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *value, *code, *detail;
    } cases[] = {
        {"\"{a\"",     "format", "A \"{\" without \"}\""},
        {"\"x{\"",     "format", "A \"{\" without \"}\""},
        {"\"a}\"",     "format", "A \"}\" without \"{\""},
        {"\"{{a}\"",   "format", "A \"}\" without \"{\""},
        {"\"{a}}\"",   "format", "A \"}\" without \"{\""},
        {"null",       "type",   "A template is a text" },
        {"12",         "type",   "A template is a text" },
        {"{\"a\": 1}", "type",   "A template is a text" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_done) struct buf json;
        buf_init(&json, 1000);
        buf_printf(&json, "{\"email\": %s}", cases[i].value);
        expect_fault(fixture, IMPORT_CONTACTS, json.data, "a", "/email", cases[i].code,
                     cases[i].detail);
    }
}

static void test_tells_all_faults_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct import_map *map;
    assert_int_equal(compile(fixture, IMPORT_DEALS,
                             "{\"won\": \"{a}\", \"amount\": 5, \"currency\": \"{b}\"}", "a", &map),
                     ERR_INVALID);
    assert_string_equal(fixture->err.detail, "The import map has 5 faults.");
    static const char *const expected[] = {"/won", "/amount", "/currency", "/email", "/won_at"};
    assert_int_equal(fixture->faults.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_string_equal(fixture->faults.items[i].pointer, expected[i]);
    assert_string_equal(fixture->faults.items[3].code, "required");
    assert_string_equal(fixture->faults.items[3].detail,
                        "An import of deals needs \"email\", and the map has none.");
}

static void test_not_a_map(void **state)
{
    struct fixture *fixture = *state;
    struct import_map *map;
    assert_int_equal(compile(fixture, IMPORT_CONTACTS, "{\"email\": ", "a", &map), ERR_MALFORMED);
    assert_int_equal(compile(fixture, IMPORT_CONTACTS, "", "a", &map), ERR_MALFORMED);
    assert_int_equal(
        compile(fixture, IMPORT_CONTACTS, "{\"email\": \"a\", \"email\": \"b\"}", "a", &map),
        ERR_MALFORMED);
    assert_int_equal(compile(fixture, IMPORT_CONTACTS, "[]", "a", &map), ERR_INVALID);
    assert_int_equal(compile(fixture, IMPORT_CONTACTS, "\"email\"", "a", &map), ERR_INVALID);
}

static void test_without_a_map(void **state)
{
    struct fixture *fixture = *state;
    struct import_map *map;
    assert_int_equal(compile(fixture, IMPORT_CONTACTS, NULL,
                             "name|email|attributes.company|channel|Email|attributes.|amount",
                             &map),
                     OK);
    assert_string_equal(apply(fixture, map, "n|a@b.fr| c ||E|x|5"),
                        "email=a@b.fr;attributes.company=c;");
    size_t count;
    const struct str *unused = import_map_unused_columns(map, &count);
    assert_int_equal(count, 4);
    assert_true(str_is(unused[0], "name"));
    assert_true(str_is(unused[3], "amount"));
    expect_fault(fixture, IMPORT_CONTACTS, NULL, "mail|name", "/email", "required",
                 "An import of contacts needs \"email\", and the file's header has none.");
    expect_fault(fixture, IMPORT_CONTACTS, NULL, "email|channel|email", "/email",
                 "ambiguous_column", "more than one column \"email\"");
}

static void test_limits(void **state)
{
    struct fixture *fixture = *state;
    CLEANUP(buf_done) struct buf json;
    struct import_map *map;
    buf_init(&json, 2 * IMPORT_MAP_BYTES_MAX);
    buf_printf(&json, "{\"email\": \"%*s\"}", IMPORT_TEMPLATE_BYTES_MAX, "x");
    expect_row(fixture, json.data, "a", "1", "email=x;");
    buf_clear(&json);
    buf_printf(&json, "{\"email\": \"%*s\"}", IMPORT_TEMPLATE_BYTES_MAX + 1, "x");
    expect_fault(fixture, IMPORT_CONTACTS, json.data, "a", "/email", "too_long", "4096 bytes");
    buf_clear(&json);
    buf_printf(&json, "{\"email\": \"a\"%*s}", IMPORT_MAP_BYTES_MAX, " ");
    assert_int_equal(compile(fixture, IMPORT_CONTACTS, json.data, "a", &map), ERR_TOO_LARGE);
    buf_clear(&json);
    buf_append_text(&json, "{\"email\": \"{a}\"");
    for (int i = 0; i < IMPORT_FIELDS_MAX - 1; i++)
        buf_printf(&json, ", \"attributes.n%d\": \"{a}\"", i);
    buf_append_text(&json, "}");
    assert_int_equal(compile(fixture, IMPORT_CONTACTS, json.data, "a", &map), OK);
    json.len--;
    buf_append_text(&json, ", \"form\": \"x\"}");
    assert_int_equal(compile(fixture, IMPORT_CONTACTS, json.data, "a", &map), ERR_INVALID);
    buf_clear(&json);
    buf_printf(&json, "{\"email\": \"a\", \"attributes.%065d\": \"x\"}", 0);
    expect_fault(fixture, IMPORT_CONTACTS, json.data, "a",
                 "/attributes.00000000000000000000000000000000000000000000000000000000000000000",
                 "format", "1 to 64 bytes");
}

static void test_limits_values(void **state)
{
    struct fixture *fixture = *state;
    struct import_map *map;
    assert_int_equal(compile(fixture, IMPORT_CONTACTS,
                             "{\"email\": \"{a}\", \"attributes.x\": \"{b}{b}\"}", "a|b", &map),
                     OK);
    static char text[IMPORT_VALUE_BYTES_MAX];
    memset(text, 'x', sizeof text);
    struct str fields[] = {STR_LITERAL("a"), str_slice(text, sizeof text / 2)};
    struct import_row row;
    assert_int_equal(import_map_apply(map, fields, &fixture->arena, &row, &fixture->err), OK);
    assert_int_equal(row.values[1].value.len, IMPORT_VALUE_BYTES_MAX);
    fields[1].len++;
    assert_int_equal(import_map_apply(map, fields, &fixture->arena, &row, &fixture->err),
                     ERR_TOO_LARGE);
    assert_string_equal(fixture->err.detail,
                        "The value of \"attributes\" is longer than 65536 bytes.");
}

static void test_survives_failing_allocations(void **state)
{
    struct fixture *fixture = *state;
    const char *json = "{\"email\": \"{a}@{b}\", \"attributes.x\": \"{b}\"}";
    bool is_done = false;
    for (int64_t n = 0; n < 100 && !is_done; n++) {
        struct import_map *map;
        arena_done(&fixture->arena);
        arena_init(&fixture->arena, ARENA_BYTES_MAX);
        mem_fail_after(n);
        enum err_code code = compile(fixture, IMPORT_CONTACTS, json, "a|b", &map);
        mem_fail_after(-1);
        is_done = code == OK;
        if (!is_done)
            assert_int_equal(code, ERR_NOMEM);
    }
    assert_true(is_done);
    for (size_t limit = 0; limit < 400; limit++) {
        struct import_map *map;
        arena_done(&fixture->arena);
        arena_init(&fixture->arena, limit);
        enum err_code code = compile(fixture, IMPORT_CONTACTS, json, "a|b", &map);
        assert_true(code == OK || code == ERR_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_contacts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deals_and_activities, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_templates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_results_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unknown_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_attribute_of_another_file_is_left_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_messages_stay_short_and_printable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unknown_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_templates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tells_all_faults_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_a_map, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_map, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_survives_failing_allocations, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

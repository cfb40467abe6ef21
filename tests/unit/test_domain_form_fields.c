/*
 * Proves: a field is what the map, its name or its label says, and nothing that a visitor wrote
 * falls away: boxes of a group are joined, odd names become attributes. A box counts more than the
 * hidden field beside it, whichever comes first. A failing allocation is ERR_NOMEM.
 */
#include "testing.h"

#include "domain/form_fields.h"
#include "schema/json.h"

static struct form_body form_of(const char *body, struct arena *arena)
{
    struct media_type type;
    struct form_body form;
    struct err err = {.code = OK};
    assert_int_equal(
        media_type_parse(STR_LITERAL("application/x-www-form-urlencoded"), arena, &type, &err), OK);
    assert_int_equal(form_body_decode(&type, str_from(body), arena, &form, &err), OK);
    return form;
}

static void assert_fields(const char *body, const char *map_text, const char *expected)
{
    struct arena arena;
    struct our_field *fields;
    size_t count;
    json_auto_t *map = map_text != NULL ? json_loads(map_text, 0, NULL) : NULL;
    arena_init(&arena, 1024 * 1024);
    const struct form_body form = form_of(body, &arena);
    assert_int_equal(form_fields_resolve(map, STR_LITERAL("fax"), form.fields, form.count, &arena,
                                         &fields, &count),
                     OK);
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 64 * 1024);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&text, "%s%.*s=%.*s", i > 0 ? " | " : "", STR_ARGS(fields[i].name),
                   STR_ARGS(fields[i].value));
        if (fields[i].range.data != NULL)
            buf_printf(&text, "~%.*s", STR_ARGS(fields[i].range));
    }
    assert_string_equal(text.data != NULL ? text.data : "", expected);
    arena_done(&arena);
}

static void test_names(void **state)
{
    (void)state;
    assert_fields("email=a&first_name=Z&utm_source=g", NULL,
                  "email=a | first_name=Z | utm_source=g");
    assert_fields("your_job=VP&topics[]=a",
                  "{\"your_job\": \"job_title\", \"topics[]\": \"subject\"}",
                  "job_title=VP | subject=a");
    assert_fields("topics[]=a", "{\"topics\": \"subject\"}", "subject=a");
    assert_fields("E-mail=a&Votre+pr%C3%A9nom=Z&UTM_SOURCE=g", NULL,
                  "email=a | first_name=Z | utm_source=g");
    assert_fields("Send+Me=1&address[zip]=75002&Budget+(k%E2%82%AC)=5", NULL,
                  "send_me=1 | address_zip=75002 | budget_k=5");
    /* Nothing with a meaning is said by chance. */
    assert_fields("ID=7&Consent+to+all=yes&Seniority=vp", NULL,
                  "field_id=7 | field_consent_to_all=yes | field_seniority=vp");
    assert_fields("a=1&%E6%97%A5%E6%9C%AC=2&[]=3&=4", NULL,
                  "a=1 | field_2=2 | field_3=3 | field_4=4");
    assert_fields("fax=x&g-recaptcha-response=03AF&h-captcha-response=x&a=1", NULL, "a=1");
    assert_fields("A+long+name+that+goes+on+and+on+until+there+is+no+more+room+for+all+of+it=1",
                  NULL, "a_long_name_that_goes_on_and_on_until_there_is_no_more=1");
}

static void test_several_values(void **state)
{
    (void)state;
    assert_fields("topics=a&x=1&topics=b&topics=&topics=a&topics=c", NULL, "topics=a, b, c | x=1");
    assert_fields("t[]=a&t[]=b", NULL, "t=a, b");
    assert_fields("t=ab&t=a&t=b&t=b, a", NULL, "t=ab, a, b, b, a");
    /* A box and the field for an empty one, before or behind it. */
    assert_fields("consent_x=0&consent_x=on", NULL, "consent_x=on");
    assert_fields("consent_x=true&consent_x=false", NULL, "consent_x=true");
    assert_fields("agree=no&agree=no", NULL, "agree=no");
    assert_fields("agree=on&agree=yes", NULL, "agree=on");
    assert_fields("t=0&t=cloud&t=ai", NULL, "t=cloud, ai");
    /* One alone counts. */
    assert_fields("email=+&email=a&email=b", NULL, "email=a");
    assert_fields("utm_source=a&utm_source=b&id=1&id=2", NULL, "utm_source=b | id=2");
}

static void test_a_text_of_many_ends(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf body;
    CLEANUP(buf_done) struct buf expected;
    buf_init(&body, 64 * 1024);
    buf_init(&expected, 64 * 1024);
    for (int i = 0; i < 20; i++) {
        buf_printf(&body, "&t=%d%01000d", i % 10, i);
        if (i < 8)
            buf_printf(&expected, "%s%d%01000d", i > 0 ? ", " : "t=", i % 10, i);
    }
    assert_fields(body.data, NULL, expected.data);
}

static void test_ranges(void **state)
{
    (void)state;
    assert_fields("company_size=1,000-4,999", NULL, "company_size=1000~1,000-4,999");
    assert_fields("company_size=250", NULL, "company_size=250");
    assert_fields("company_size=beaucoup", NULL, "company_size=beaucoup");
}

static bool resolve_all(void *context)
{
    struct arena arena;
    struct our_field *fields;
    size_t count;
    const struct form_body *form = context;
    arena_init(&arena, 1024 * 1024);
    const enum err_code code = form_fields_resolve(
        /* map= */ NULL, STR_LITERAL("fax"), form->fields, form->count, &arena, &fields, &count);
    arena_done(&arena);
    assert_true(code == OK || code == ERR_NOMEM);
    return code == OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct form_body form = form_of("t=a&t=b&Send+Me=1&company_size=1-5", &arena);
    assert_true(testing_fail_each_allocation(resolve_all, &form) > 0);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_several_values),
        cmocka_unit_test(test_a_text_of_many_ends),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

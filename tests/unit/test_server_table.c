/*
 * Proves: the Accept header chooses between JSON, CSV and NDJSON as RFC 9110 says, and JSON
 * whenever it leaves the choice open.
 */
#include "testing.h"

#include "table.h"

static void expect(const char *accept, enum table_format format)
{
    assert_int_equal(table_format_accepted(str_from(accept)), format);
}

static void test_named_format_is_taken(void **state)
{
    (void)state;
    expect("text/csv", TABLE_CSV);
    expect("TEXT/CSV; charset=utf-8", TABLE_CSV);
    expect("application/x-ndjson", TABLE_NDJSON);
    expect("application/json", TABLE_JSON);
    expect("text/*", TABLE_CSV);
}

static void test_weights_decide(void **state)
{
    (void)state;
    expect("application/json;q=0.5, text/csv", TABLE_CSV);
    expect("text/csv;q=0.5, application/json", TABLE_JSON);
    expect("text/csv;q=0.9,application/x-ndjson;q=0.95,*/*;q=0.1", TABLE_NDJSON);
    expect("application/json;q=0, text/csv;q=0.001", TABLE_CSV);
    /* The more exact range counts, wherever it stands. */
    expect("application/json;q=0, application/*", TABLE_NDJSON);
    expect("application/*, application/json;q=0", TABLE_NDJSON);
}

static void test_open_choice_is_json(void **state)
{
    (void)state;
    expect(NULL, TABLE_JSON);
    expect("", TABLE_JSON);
    expect("*/*", TABLE_JSON);
    expect("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TABLE_JSON);
    expect("image/png", TABLE_JSON);
    expect("text/csv, application/json", TABLE_JSON);
    expect("text/csv;q=0", TABLE_JSON);
    expect(",,;q=1;;", TABLE_JSON);
    expect("text/csv;q=nonsense", TABLE_CSV);
    expect("text/csv;q=7, application/json", TABLE_JSON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named_format_is_taken),
        cmocka_unit_test(test_weights_decide),
        cmocka_unit_test(test_open_choice_is_json),
    };
    return cmocka_run_group_tests(tests, /* setup= */ NULL, /* teardown= */ NULL);
}

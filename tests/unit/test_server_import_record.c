/*
 * Proves: a row of an import becomes what it says, and everything that is wrong with it is told at
 * once.
 */
#include "testing.h"

#include "commands/import_record.h"

struct given {
    struct arena arena;
    struct import_rules rules;
};

/* A map of all columns under their own names. */
static void begin(struct given *given, enum import_kind kind, const char *const *names,
                  size_t count)
{
    *given = (struct given){.rules = {.kind = kind}};
    arena_init(&given->arena, 1 << 20);
    struct str *columns = arena_array(&given->arena, count, sizeof *columns);
    assert_non_null(columns);
    for (size_t i = 0; i < count; i++) {
        columns[i] = str_from(names[i]);
    }
    struct faults faults;
    faults_init(&faults, &given->arena);
    struct import_map *map;
    struct err err;
    assert_int_equal(
        import_map_from_columns(kind, columns, count, &given->arena, &faults, &map, &err), OK);
    given->rules.map = map;
}

static struct import_record read_row(struct given *given, const char *const *values, size_t count)
{
    struct str *fields = arena_array(&given->arena, count, sizeof *fields);
    assert_non_null(fields);
    for (size_t i = 0; i < count; i++) {
        fields[i] = str_from(values[i]);
    }
    struct import_record record;
    struct err err;
    assert_int_equal(
        import_record_read(&given->rules, fields, /* kinds= */ NULL, &given->arena, &record, &err),
        OK);
    return record;
}

static void test_deal_row(void **state)
{
    (void)state;
    static const char *const names[] = {"email", "won_at", "amount", "currency", "assignee"};
    struct given given;
    begin(&given, IMPORT_DEALS, names, ARRAY_LEN(names));
    const struct import_record record = read_row(
        &given, (const char *[]){" Ann@Example.ORG ", "31/12/2025 18:00", "0150000", "EUR", ""}, 5);
    assert_null(record.reason);
    assert_str_is(record.address.key, "ann@example.org");
    assert_true(record.time.is_local);
    assert_string_equal(record.time.text, "2025-12-31 18:00:00.000");
    assert_true(record.has_amount);
    assert_int_equal(record.amount, 150000);
    assert_null(record.assignee.data);
    arena_done(&given.arena);
}

static void test_all_faults_of_a_row_are_told(void **state)
{
    (void)state;
    static const char *const names[] = {"email", "won_at", "amount", "currency", "kind"};
    struct given given;
    begin(&given, IMPORT_DEALS, names, ARRAY_LEN(names));
    const struct import_record record =
        read_row(&given, (const char *[]){"nobody", "", "12.50", "eur", "gift"}, 5);
    static const char *const told[] = {"email: ", "won_at: This is required.",
                                       "amount: ", "currency: ", "kind: "};
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        assert_non_null(strstr(record.reason, told[i]));
    }
    arena_done(&given.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deal_row),
        cmocka_unit_test(test_all_faults_of_a_row_are_told),
    };
    return cmocka_run_group_tests(tests, /* setup= */ NULL, /* teardown= */ NULL);
}

/* Proves comparing, cutting and number reading of slices, and the guesses of "did you mean". */
#include "testing.h"

#include <inttypes.h>
#include <math.h>

#include "base/str.h"

static void test_compare(void **state)
{
    (void)state;
    assert_true(str_compare(STR_LITERAL("a"), STR_LITERAL("b")) < 0);
    assert_true(str_compare(STR_LITERAL("b"), STR_LITERAL("a")) > 0);
    assert_true(str_compare(STR_LITERAL("a"), STR_LITERAL("ab")) < 0);
    assert_true(str_compare(STR_LITERAL("\xFF"), STR_LITERAL("a")) > 0);
    assert_int_equal(str_compare(STR_LITERAL("a"), STR_LITERAL("a")), 0);
    assert_int_equal(str_compare((struct str){0}, STR_LITERAL("")), 0);
    assert_true(str_starts_with(STR_LITERAL("abc"), "ab"));
    assert_true(str_starts_with(STR_LITERAL("abc"), ""));
    assert_false(str_starts_with(STR_LITERAL("ab"), "abc"));
    assert_true(str_eq_nocase(STR_LITERAL("AbZ@"), STR_LITERAL("aBz@")));
    assert_false(str_eq_nocase(STR_LITERAL("["), STR_LITERAL("{")));
    assert_true(str_is(STR_LITERAL("x"), "x"));
    assert_false(str_is(STR_LITERAL("x"), "xy"));
}

static void test_trim_and_cut(void **state)
{
    (void)state;
    assert_str_is(str_trim(STR_LITERAL(" \t\r\n\v\f a b \n")), "a b");
    assert_str_is(str_trim(STR_LITERAL("   ")), "");
    struct str rest = STR_LITERAL("a,,b,");
    assert_str_is(str_cut(&rest, ','), "a");
    assert_str_is(str_cut(&rest, ','), "");
    assert_str_is(str_cut(&rest, ','), "b");
    assert_str_is(str_cut(&rest, ','), "");
    assert_null(rest.data);
    rest = STR_LITERAL("");
    assert_str_is(str_cut(&rest, ','), "");
    assert_null(rest.data);
    assert_null(str_cut(&rest, ',').data);
}

static void test_int64(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999",
                                      "--1",
                                      "1e3"};
    int64_t value = 77;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(str_to_int64(str_from(bad[i]), &value));
    assert_int_equal(value, 77);
    struct random random = testing_random();
    for (int i = 0; i < 10000; i++) {
        int64_t expected = (int64_t)(random_u64(&random) >> random_below(&random, 64));
        if (random_below(&random, 2) == 0)
            expected = expected == INT64_MIN ? expected : -expected;
        char text[32];
        snprintf(text, sizeof text, "%" PRId64, expected);
        assert_true(str_to_int64(str_from(text), &value));
        assert_true(value == expected);
    }
    assert_true(str_to_int64(STR_LITERAL("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    assert_true(str_to_int64(STR_LITERAL("-0"), &value));
    assert_true(value == 0);
}

static void test_double(void **state)
{
    (void)state;
    static const char *const bad[] = {"",   "-",   "+1",   ".5",  "5.",  "01",
                                      "1e", "1e+", "0x10", "inf", "nan", "1e400",
                                      " 1", "1 ",  "1,5",  "--1", "-e1"};
    double value = 7.0;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(str_to_double(str_from(bad[i]), &value));
    assert_false(str_to_double(str_slice("1\0002", 3), &value));
    char digits[500];
    memset(digits, '1', sizeof digits);
    assert_false(str_to_double(str_slice(digits, sizeof digits), &value));
    assert_true(value == 7.0);
    assert_true(str_to_double(STR_LITERAL("-0.5e-1"), &value));
    assert_true(value == -0.05);
    struct random random = testing_random();
    for (int i = 0; i < 10000; i++) {
        uint64_t bits = random_u64(&random);
        double expected;
        memcpy(&expected, &bits, sizeof expected);
        if (!isfinite(expected))
            continue;
        char text[64];
        snprintf(text, sizeof text, "%.17g", expected);
        assert_true(str_to_double(str_from(text), &value));
        assert_true(value == expected);
    }
}

static const char *guess_of(const char *wanted)
{
    static const char *const known[] = {"email", "occurred_at", "id", "attributes"};
    struct str_guess guess = {.wanted = str_from(wanted)};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        str_guess(&guess, known[i]);
    return guess.best;
}

static void test_guess(void **state)
{
    (void)state;
    assert_string_equal(guess_of("e-mail"), "email");
    assert_string_equal(guess_of("Email"), "email");
    assert_string_equal(guess_of("emial"), "email");
    assert_string_equal(guess_of("occured_at"), "occurred_at");
    assert_string_equal(guess_of("attribute"), "attributes");
    assert_null(guess_of("phone"));
    assert_null(guess_of("xy"));
    assert_null(guess_of(""));
    char longer[100];
    memset(longer, 'e', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_null(guess_of(longer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare), cmocka_unit_test(test_trim_and_cut),
        cmocka_unit_test(test_int64),   cmocka_unit_test(test_double),
        cmocka_unit_test(test_guess),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

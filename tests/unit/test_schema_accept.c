/*
 * Proves: a visitor gets the language that the browser asks for, by weight and then by order, and
 * the organisation's where the browser has no wish that we can fulfil.
 */
#include "testing.h"

#include "schema/accept.h"

static void expect(const char *header, enum language fallback, enum language language)
{
    assert_int_equal(accept_language(str_from(header), fallback), language);
}

static void test_language_named_is_taken(void **state)
{
    (void)state;
    expect("en", LANGUAGE_FR, LANGUAGE_EN);
    expect("fr", LANGUAGE_EN, LANGUAGE_FR);
    expect("FR-ca", LANGUAGE_EN, LANGUAGE_FR);
    expect("en-US,en;q=0.9", LANGUAGE_FR, LANGUAGE_EN);
    expect("de-DE, de;q=0.9, fr;q=0.4", LANGUAGE_EN, LANGUAGE_FR);
}

static void test_weight_beats_order_and_order_breaks_ties(void **state)
{
    (void)state;
    expect("en;q=0.7, fr;q=0.8", LANGUAGE_EN, LANGUAGE_FR);
    expect("fr;q=0.001, en", LANGUAGE_FR, LANGUAGE_EN);
    expect("en, fr", LANGUAGE_FR, LANGUAGE_EN);
    expect("fr;q=0, en;q=0.1", LANGUAGE_FR, LANGUAGE_EN);
}

static void test_no_wish_is_the_fallback(void **state)
{
    (void)state;
    for (enum language language = LANGUAGE_FR; language < LANGUAGE_COUNT_; language++) {
        expect(NULL, language, language);
        expect("", language, language);
        expect("de, it;q=0.5", language, language);
        expect("*", language, language);
        expect(",;,q=1,;;q=", language, language);
        expect("fr;q=0, en;q=0", language, language);
        /* Other languages whose names begin like ours. */
        expect("frr, enm", language, language);
        expect("f, e, french, english", language, language);
    }
    expect("*, en;q=0.5", LANGUAGE_FR, LANGUAGE_FR);
    expect("*;q=0.1, en;q=0.5", LANGUAGE_FR, LANGUAGE_EN);
}

static void test_weights_that_make_no_sense_count_as_one(void **state)
{
    (void)state;
    assert_true(accept_weight(str_from("q=0.5")) == 0.5);
    assert_true(accept_weight(str_from("level=1; Q=0.25")) == 0.25);
    assert_true(accept_weight(str_from("q=2")) == 1);
    assert_true(accept_weight(str_from("q=x")) == 1);
    assert_true(accept_weight((struct str){0}) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language_named_is_taken),
        cmocka_unit_test(test_weight_beats_order_and_order_breaks_ties),
        cmocka_unit_test(test_no_wish_is_the_fallback),
        cmocka_unit_test(test_weights_that_make_no_sense_count_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

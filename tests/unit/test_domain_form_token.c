/* Proves what a form token is worth: only with its secret and for its form, from any host whose
 * clock is about right, and to the last bit. */
#include "testing.h"

#include "domain/form_token.h"

static const struct form_token_secret one = {
    {1, 2, 3}
};
static const struct form_token_secret two = {
    {9, 8, 7}
};
static const struct str form = STR_LITERAL("guide");
/* 2026-11-21T21:00:00Z */
#define NOW_US (INT64_C(1795294800) * US_PER_SECOND)

static void it_says_when_and_for_which_form(void **state)
{
    (void)state;
    char text[FORM_TOKEN_TEXT_BYTES];
    char other[FORM_TOKEN_TEXT_BYTES];
    struct form_token token;
    struct form_token another;
    assert_int_equal(strlen(form_token_make(&one, form, NOW_US + 1234, text)),
                     FORM_TOKEN_TEXT_BYTES - 1);
    assert_true(form_token_read(&one, 1, form, str_from(text), &token));
    assert_int_equal(token.issued_at_us, NOW_US + 1000); /* in ms */
    assert_false(form_token_read(&one, 1, STR_LITERAL("guide2"), str_from(text), &token));
    assert_false(form_token_read(&one, 1, STR_LITERAL(""), str_from(text), &token));
    (void)form_token_make(&one, form, NOW_US + 1234, other);
    assert_string_not_equal(text, other);
    assert_true(form_token_read(&one, 1, form, str_from(other), &another));
    assert_false(uuid_eq(token.id, another.id));
}

static void only_its_secret_opens_it(void **state)
{
    (void)state;
    const struct form_token_secret both[] = {two, one};
    char text[FORM_TOKEN_TEXT_BYTES];
    struct form_token token;
    (void)form_token_make(&one, form, NOW_US, text);
    assert_false(form_token_read(&two, 1, form, str_from(text), &token));
    assert_false(form_token_read(NULL, 0, form, str_from(text), &token));
    /* After a new secret the old one still counts. */
    assert_true(form_token_read(both, 2, form, str_from(text), &token));
    (void)form_token_make(&both[0], form, NOW_US, text);
    assert_true(form_token_read(both, 2, form, str_from(text), &token));
    assert_false(form_token_read(&one, 1, form, str_from(text), &token));
}

static void every_changed_character_spoils_it(void **state)
{
    (void)state;
    char text[FORM_TOKEN_TEXT_BYTES];
    struct form_token token;
    (void)form_token_make(&one, form, NOW_US, text);
    const size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        for (int c = 1; c < 128; c++) {
            char changed[FORM_TOKEN_TEXT_BYTES];
            memcpy(changed, text, sizeof changed);
            changed[i] = (char)c;
            const bool is_same = text[i] == c;
            assert_int_equal(form_token_read(&one, 1, form, str_slice(changed, len), &token),
                             is_same);
        }
        assert_false(form_token_read(&one, 1, form, str_slice(text, i), &token));
    }
    char longer[2 * FORM_TOKEN_TEXT_BYTES];
    snprintf(longer, sizeof longer, "%sAAAA", text);
    assert_false(form_token_read(&one, 1, form, str_from(longer), &token));
    assert_false(form_token_read(&one, 1, form, (struct str){0}, &token));
}

static void clocks_of_hosts_differ(void **state)
{
    (void)state;
    const struct form_token token = {.issued_at_us = NOW_US};
    assert_int_equal(form_token_age_us(&token, NOW_US + 5), 5);
    assert_int_equal(form_token_age_us(&token, NOW_US - 1), 0);
    assert_int_equal(form_token_age_us(&token, NOW_US - FORM_TOKEN_AHEAD_US_MAX), 0);
    assert_true(form_token_age_us(&token, NOW_US - FORM_TOKEN_AHEAD_US_MAX - 1) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_when_and_for_which_form),
        cmocka_unit_test(only_its_secret_opens_it),
        cmocka_unit_test(every_changed_character_spoils_it),
        cmocka_unit_test(clocks_of_hosts_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves that errors carry code and sentence, cut at a character's end. */
#include "testing.h"

#include "base/err.h"
#include "base/utf8.h"

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(err_name(OK), "ok");
    assert_string_equal(err_name(ERR_NOT_FOUND), "not_found");
    for (unsigned i = 0; i < ERR_COUNT_; i++) {
        const char *name = err_name((enum err_code)i);
        assert_non_null(name);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(name, err_name((enum err_code)j));
    }
}

static void test_set(void **state)
{
    (void)state;
    struct err err = {.code = OK};
    assert_int_equal(err_set(&err, ERR_STALE, "version %d", 7), ERR_STALE);
    assert_int_equal(err.code, ERR_STALE);
    assert_string_equal(err.detail, "version 7");
    assert_int_equal(err_set(NULL, ERR_BUSY, "%s", "nobody listens"), ERR_BUSY);
}

static void test_long_detail_stays_utf8(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "é", "€", "\xF0\x9F\x99\x82"};
    for (size_t i = 0; i < ARRAY_LEN(characters); i++) {
        char text[2 * ERR_DETAIL_BYTES_MAX + 8] = "";
        size_t len = 0;
        while (len < ERR_DETAIL_BYTES_MAX + 5)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s", characters[i]);
        struct err err;
        err_set(&err, ERR_INVALID, "%s", text);
        assert_true(utf8_is_valid(str_from(err.detail)));
        assert_in_range(strlen(err.detail), ERR_DETAIL_BYTES_MAX - 4, ERR_DETAIL_BYTES_MAX - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_long_detail_stays_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

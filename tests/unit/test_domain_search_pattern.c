/*
 * Proves: a word's pattern is its letters with their accents, ligatures either way, and nothing in
 * it is special; any word fits. What PostgreSQL finds with it is tests/http's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/search_pattern.h"

#define J     "[jĴĵ]"
#define B     "[b]"
#define SHARP "(?:[sŚśŜŝŞşŠšſ][sŚśŜŝŞşŠšſ]|ß)"

static void assert_pattern(const char *word, const char *pattern)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, SEARCH_PATTERN_BYTES_MAX);
    search_pattern(&out, str_from(word));
    assert_false(out.failed);
    if (!str_is(buf_str(&out), pattern)) {
        fail_msg("\"%s\" is %.*s instead of %s", word, STR_ARGS(buf_str(&out)), pattern);
    }
}

static void test_letters(void **state)
{
    (void)state;
    assert_pattern("j", J);
    assert_pattern("JĴĵ", J J J);
    assert_pattern("j\u0302b", J B); /* a mark of its own */
    assert_pattern("ss", SHARP);
    assert_pattern("ß", SHARP);
    assert_pattern("Sśb", SHARP B);
    assert_pattern("ΩЖ東", "ωж東");
}

static void test_nothing_is_special(void **state)
{
    (void)state;
    assert_pattern("100%", "100\\%");
    assert_pattern("b.*", B "\\.\\*");
    assert_pattern("\\b", "\\\\" B);
    assert_pattern("[j]", "\\[" J "\\]");
    assert_pattern("b@b-b_b", B "\\@" B "\\-" B "\\_" B);
    assert_pattern("***=", "\\*\\*\\*\\=");
    assert_pattern("\xff", "\uFFFD");
    assert_pattern("", "");
}

static void test_any_word_fits(void **state)
{
    (void)state;
    static char text[4 * SEARCH_WORD_CHARS_MAX + 1];
    static const char *const parts[] = {"e", "œ", "ss", "\\", "東", "u", "\xff"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        text[0] = '\0';
        size_t len = 0;
        const size_t bytes = strlen(parts[i]);
        while (len + bytes < sizeof text) {
            memcpy(text + len, parts[i], bytes + 1);
            len += bytes;
        }
        CLEANUP(buf_done) struct buf out;
        buf_init(&out, SEARCH_PATTERN_BYTES_MAX);
        search_pattern(&out, str_from(text));
        assert_false(out.failed);
        assert_true(out.len > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_nothing_is_special),
        cmocka_unit_test(test_any_word_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

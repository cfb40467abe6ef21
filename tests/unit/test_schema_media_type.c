/*
 * Proves: Content-Type values of browsers, libraries and form tools are read as RFC 9110 has them;
 * what two parsers could read differently is refused; percent-escapes decode strictly, byte for
 * byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "schema/media_type.h"
#include "schema/percent.h"

enum { ARENA_BYTES = 64 * 1024 };

static void assert_text(struct str text, const char *expected)
{
    if (expected == NULL) {
        assert_null(text.data);
        return;
    }
    assert_non_null(text.data);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.data, expected, text.len);
}

static void assert_kind(const char *header, enum media_kind kind)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct media_type type;
    struct err err = {.code = OK};
    assert_int_equal(media_type_parse(str_from(header), &arena, &type, &err), OK);
    assert_int_equal(media_type_kind(&type), kind);
    arena_done(&arena);
}

static void assert_parameter(const char *header, const char *name, const char *value)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct media_type type;
    struct err err = {.code = OK};
    if (media_type_parse(str_from(header), &arena, &type, &err) != OK) {
        fail_msg("%s: %s", header, err.detail);
    }
    assert_text(media_parameter(&type.parameters, name), value);
    arena_done(&arena);
}

static void assert_refused(struct str header, enum err_code code)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct media_type type;
    struct err err = {.code = OK};
    if (media_type_parse(header, &arena, &type, &err) != code) {
        fail_msg("%.*s: %s", STR_ARGS(header), err_name(err.code));
    }
    assert_true(strlen(err.detail) > 0);
    arena_done(&arena);
}

static void test_kinds(void **state)
{
    (void)state;
    assert_kind("application/json", MEDIA_KIND_JSON);
    assert_kind("Application/JSON; charset=UTF-8", MEDIA_KIND_JSON);
    assert_kind("application/problem+json", MEDIA_KIND_JSON);
    assert_kind("application/+json", MEDIA_KIND_OTHER);
    assert_kind("text/json", MEDIA_KIND_OTHER);
    assert_kind("application/jsonl", MEDIA_KIND_OTHER);
    assert_kind("application/x-www-form-urlencoded", MEDIA_KIND_URLENCODED);
    assert_kind("APPLICATION/X-WWW-FORM-URLENCODED;charset=iso-8859-1", MEDIA_KIND_URLENCODED);
    assert_kind("multipart/form-data; boundary=x", MEDIA_KIND_MULTIPART);
    assert_kind("multipart/mixed; boundary=x", MEDIA_KIND_OTHER);
    assert_kind("text/plain;charset=UTF-8", MEDIA_KIND_OTHER);
    assert_kind("*/*", MEDIA_KIND_OTHER);
}

static void test_type_and_subtype_are_lower_case(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct media_type type;
    assert_int_equal(media_type_parse(str_from(" Text/HTML "), &arena, &type, NULL), OK);
    assert_text(type.type, "text");
    assert_text(type.subtype, "html");
    assert_int_equal(type.parameters.count, 0);
    arena_done(&arena);
}

static void test_parameters(void **state)
{
    (void)state;
    assert_parameter("a/b; charset=UTF-8", "charset", "UTF-8");
    assert_parameter("a/b;CharSet=utf-8", "charset", "utf-8");
    assert_parameter("a/b \t; x=1 ;\ty=2 ", "y", "2");
    assert_parameter("a/b;; x=1;", "x", "1");
    assert_parameter("a/b; x=1", "charset", NULL);
    assert_parameter("a/b; x=\"\"", "x", "");
    assert_parameter("a/b; x=\"a; b=\\\"c\\\"\"", "x", "a; b=\"c\"");
    assert_parameter("a/b; x=\"C:\\dir\\\\f\"", "x", "C:\\dir\\f");
    assert_parameter("a/b; x=\"\xc3\xa9\xe9\"", "x", "\xc3\xa9\xe9");
    assert_parameter("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
                     "boundary", "----WebKitFormBoundary7MA4YWxkTrZu0gW");
    assert_parameter("multipart/form-data; boundary=\"a b'()+,-./:=?\"", "boundary",
                     "a b'()+,-./:=?");
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const malformed[] = {
        "json",
        "/json",
        "application/",
        "application json",
        "application/json, text/plain",
        "application/json charset=utf-8",
        "a/b; charset",
        "a/b; charset=",
        "a/b; =x",
        "a/b; x = 1",
        "a/b; x=\"1",
        "a/b; x=\"1\\\"",
        "a/b; x=\"1\"2",
        "a/b; x=1; X=2",
        "a/b; x=\xc3\xa9",
        "a/b; x=\"\x01\"",
        "a/b; x=\"\x7f\"",
        "a/b; x=\"\r\n y\"",
        "a/b; a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1",
    };
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
        assert_refused(str_from(malformed[i]), ERR_MALFORMED);
    }
    assert_refused(str_from(NULL), ERR_UNSUPPORTED);
    assert_refused(str_from(""), ERR_UNSUPPORTED);
    assert_refused(str_from(" \t"), ERR_UNSUPPORTED);
    assert_refused(str_slice("a/b; x=\"\0\"", 10), ERR_MALFORMED);
    assert_refused(str_slice("a\0/b", 4), ERR_MALFORMED);
    char header[MEDIA_TYPE_BYTES_MAX + 1];
    memset(header, 'a', sizeof header);
    header[1] = '/';
    assert_refused(str_slice(header, sizeof header), ERR_MALFORMED);
}

static void test_each_allocation_may_fail(void **state)
{
    (void)state;
    enum err_code code = ERR_NOMEM;
    for (int64_t n = 0; code != OK; n++) {
        assert_true(n < 100);
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        struct media_type type;
        mem_fail_after(n);
        code = media_type_parse(str_from("a/b; x=\"1\"; y=2"), &arena, &type, /* reterr= */ NULL);
        mem_fail_after(-1);
        assert_true(code == OK || code == ERR_NOMEM);
        arena_done(&arena);
    }
}

static void assert_decoded(const char *text, bool plus_is_space, const char *expected)
{
    char out[64];
    size_t len = 0;
    assert_true(percent_decode_bytes(str_from(text), plus_is_space, out, &len));
    assert_text(str_slice(out, len), expected);
}

static void test_percent_decoding(void **state)
{
    (void)state;
    assert_decoded("", false, "");
    assert_decoded("a+b%20c%2Bd", false, "a+b c+d");
    assert_decoded("a+b%20c%2Bd", true, "a b c+d");
    assert_decoded("%C3%a9%E9", false, "\xc3\xa9\xe9");
    assert_decoded("%2525", false, "%25");
    static const char *const malformed[] = {"%", "%4", "a%", "%4g", "%g4", "%%41", "% 41", "%+1"};
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
        char out[64];
        size_t len;
        assert_false(percent_decode_bytes(str_from(malformed[i]), true, out, &len));
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        static const char digits[] = "0123456789ABCDEF";
        char text[3] = {'%', digits[byte / 16], digits[byte % 16]};
        size_t len = 0;
        assert_true(percent_decode_bytes(str_slice(text, 3), false, text, &len)); /* in place */
        assert_int_equal(len, 1);
        assert_int_equal((unsigned char)text[0], byte);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_type_and_subtype_are_lower_case),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_each_allocation_may_fail),
        cmocka_unit_test(test_percent_decoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves that exactly RFC 3629's sequences are taken, over every code point and all short texts. */
#include "testing.h"

#include "base/utf8.h"

static void test_every_code_point(void **state)
{
    (void)state;
    for (uint32_t expected = 0; expected <= 0x110000; expected++) {
        char text[4];
        size_t bytes = utf8_encode(expected, text);
        bool is_scalar = expected <= 0x10FFFF && (expected < 0xD800 || expected > 0xDFFF);
        assert_int_equal(bytes > 0, is_scalar);
        if (!is_scalar)
            continue;
        uint32_t decoded = 1;
        assert_int_equal(utf8_decode(str_slice(text, bytes), &decoded), bytes);
        assert_int_equal(decoded, expected);
        assert_int_equal(utf8_decode(str_slice(text, bytes - 1), &decoded), 0);
        assert_int_equal(utf8_length(str_slice(text, bytes)), 1);
    }
}

/* Every text of two or three bytes that decodes must be the encoding of what it decodes to. */
static void test_no_second_encoding(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 1U << 24; bits += 1) {
        char text[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
        uint32_t code_point;
        size_t bytes = utf8_decode(str_slice(text, 3), &code_point);
        if (bytes == 0)
            continue;
        char again[4];
        if (utf8_encode(code_point, again) != bytes || memcmp(text, again, bytes) != 0)
            fail_msg("%06x decodes but is not canonical", (unsigned)bits);
        bits += bytes == 1 ? 0xFFFF : bytes == 2 ? 0xFF : 0;
    }
}

static void test_validity(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xC0\x80",
        "\xC1\xBF",
        "\xE0\x80\x80",
        "\xED\xA0\x80",
        "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFF",
        "a\xC3",
        "\xE2\x82",
        "\xC3\xA9\xA9",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(utf8_is_valid(str_from(bad[i])));
    struct str good = STR_LITERAL("na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x99\x82");
    assert_true(utf8_is_valid(good));
    assert_int_equal(utf8_length(good), 9);
    assert_true(utf8_is_valid((struct str){0}));
    assert_true(utf8_is_valid(str_slice("a\0b", 3)));
    uint32_t code_point;
    assert_int_equal(utf8_decode((struct str){0}, &code_point), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_no_second_encoding),
        cmocka_unit_test(test_validity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves that bytes come back, and that nothing but what was written is read. */
#include "testing.h"

#include "base/base64url.h"

/* RFC 4648 section 10, without the padding, and the two digits that differ. */
static void test_known_texts(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        const char *text;
    } cases[] = {
        {"",         ""        },
        {"f",        "Zg"      },
        {"fo",       "Zm8"     },
        {"foo",      "Zm9v"    },
        {"foob",     "Zm9vYg"  },
        {"fooba",    "Zm9vYmE" },
        {"foobar",   "Zm9vYmFy"},
        {"\xfb\xff", "-_8"     },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[BASE64URL_TEXT_BYTES(6)];
        uint8_t bytes[6];
        size_t len = 99;
        const size_t expected = strlen(cases[i].bytes);
        assert_string_equal(base64url_encode((const uint8_t *)cases[i].bytes, expected, text),
                            cases[i].text);
        assert_true(base64url_decode(str_from(cases[i].text), bytes, sizeof bytes, &len));
        assert_int_equal(len, expected);
        assert_memory_equal(bytes, cases[i].bytes, expected);
        if (expected > 0)
            assert_false(base64url_decode(str_from(cases[i].text), bytes, expected - 1, &len));
    }
}

static void test_only_one_text_for_each_content(void **state)
{
    (void)state;
    static const char *const others[] = {"Zh", "Zg==", "Zm9", "Z", "Zm9v\n", "Zm+v", "Zm/v", " "};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        uint8_t bytes[8];
        size_t len;
        assert_false(base64url_decode(str_from(others[i]), bytes, sizeof bytes, &len));
    }
    uint8_t bytes[8];
    size_t len;
    assert_false(base64url_decode(str_slice("Zg\0", 3), bytes, sizeof bytes, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts),
        cmocka_unit_test(test_only_one_text_for_each_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

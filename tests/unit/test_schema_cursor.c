/* Proves that a cursor gives back what was put in, only with its binding, and that any other text
 * is refused. */
#include "testing.h"

#include <float.h>

#include "schema/cursor.h"

static struct sha256 binding_of(const char *route, const char *filters)
{
    struct sha256 hash = sha256_of(str_from(filters));
    return cursor_binding(route, &hash);
}

static void test_values(void **state)
{
    (void)state;
    static const int64_t integers[] = {0, 1, -1, INT64_MIN, INT64_MAX, 1700000000000000};
    static const double reals[] = {0.0, -1.5, DBL_MAX, DBL_MIN, 0.1};
    struct sha256 binding = binding_of("leads", "stage=lead");
    struct uuid id = {
        {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
    };
    for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
        for (size_t j = 0; j < ARRAY_LEN(reals); j++) {
            char text[CURSOR_TEXT_BYTES];
            struct cursor cursor = {.len = 0};
            cursor_put_int(&cursor, integers[i]);
            cursor_put_real(&cursor, reals[j]);
            cursor_put_uuid(&cursor, id);
            cursor_encode(&cursor, &binding, text);
            struct cursor read;
            int64_t integer;
            double real;
            struct uuid uuid;
            assert_true(cursor_decode(str_from(text), &binding, &read));
            assert_true(cursor_take_int(&read, &integer) && integer == integers[i]);
            assert_true(cursor_take_real(&read, &real) && real == reals[j]);
            assert_false(cursor_is_spent(&read));
            assert_true(cursor_take_uuid(&read, &uuid) && uuid_eq(uuid, id));
            assert_true(cursor_is_spent(&read));
            assert_false(cursor_take_int(&read, &integer));
            assert_false(cursor_take_uuid(&read, &uuid));
        }
    }
}

static void test_every_length(void **state)
{
    (void)state;
    struct random random = testing_random();
    struct sha256 binding = binding_of("a", "b");
    for (size_t len = 0; len <= CURSOR_PAYLOAD_BYTES_MAX; len++) {
        char text[CURSOR_TEXT_BYTES];
        struct cursor cursor = {.len = len};
        struct cursor read;
        for (size_t i = 0; i < len; i++)
            cursor.bytes[i] = (uint8_t)random_below(&random, 256);
        cursor_encode(&cursor, &binding, text);
        assert_int_equal(strlen(text), ((len + CURSOR_TAG_BYTES) * 4 + 2) / 3);
        assert_true(cursor_decode(str_from(text), &binding, &read));
        assert_int_equal(read.len, len);
        assert_memory_equal(read.bytes, cursor.bytes, len);
    }
}

static void test_bound(void **state)
{
    (void)state;
    struct sha256 binding = binding_of("leads", "stage=lead");
    struct sha256 filters = binding_of("leads", "stage=mql");
    struct sha256 route = binding_of("contacts", "stage=lead");
    struct cursor cursor = {.len = 0};
    struct cursor read;
    char text[CURSOR_TEXT_BYTES];
    cursor_put_int(&cursor, 42);
    cursor_encode(&cursor, &binding, text);
    assert_true(cursor_decode(str_from(text), &binding, &read));
    assert_false(cursor_decode(str_from(text), &filters, &read));
    assert_false(cursor_decode(str_from(text), &route, &read));
}

static void test_any_change_is_refused(void **state)
{
    (void)state;
    struct sha256 binding = binding_of("leads", "");
    for (size_t len = 16; len <= 18; len++) { /* all three alignments of base64 */
        struct cursor cursor = {.len = len};
        struct cursor read;
        char text[CURSOR_TEXT_BYTES + 1];
        cursor_encode(&cursor, &binding, text);
        size_t text_len = strlen(text);
        for (size_t i = 0; i < text_len; i++) {
            char was = text[i];
            for (int byte = 0; byte < 256; byte++) {
                text[i] = (char)byte;
                assert_int_equal(cursor_decode(str_slice(text, text_len), &binding, &read),
                                 (char)byte == was);
            }
            text[i] = was;
            assert_false(cursor_decode(str_slice(text, i), &binding, &read));
        }
        static const char more[] = "A=-\n";
        for (size_t i = 0; i < sizeof more; i++) {
            text[text_len] = more[i];
            assert_false(cursor_decode(str_slice(text, text_len + 1), &binding, &read));
        }
    }
    struct cursor read;
    char big[1000];
    memset(big, 'A', sizeof big);
    assert_false(cursor_decode(str_slice(big, sizeof big), &binding, &read));
    assert_false(cursor_decode((struct str){0}, &binding, &read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_any_change_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

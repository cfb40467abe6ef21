/* Proves that what the writer writes is JSON that jansson reads back the same. */
#include "testing.h"

#include <jansson.h>
#include <math.h>

#include "base/clock.h"
#include "base/json_write.h"

static void test_document(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf buf;
    struct json_writer json;
    buf_init(&buf, 10000);
    json_writer_init(&json, &buf);
    json_object_begin(&json);
    JSON_FIELD(&json, "text", json_text, "a\"b\\c\n\r\t\b\f\x01\x1f/\x7f\xC3\xA9");
    JSON_FIELD(&json, "absent", json_text, NULL);
    JSON_FIELD(&json, "empty", json_str, STR_LITERAL(""));
    JSON_FIELD(&json, "int", json_int, INT64_MIN);
    JSON_FIELD(&json, "real", json_double, 0.1);
    JSON_FIELD(&json, "nan", json_double, (double)NAN);
    JSON_FIELD(&json, "yes", json_bool, true);
    JSON_FIELD(&json, "at", json_time, 0);
    JSON_FIELD(&json, "never", json_time, TIME_NONE);
    JSON_FIELD(&json, "nil", json_uuid, (struct uuid){{0}});
    JSON_FIELD(&json, "raw", json_raw, STR_LITERAL("[1,2]"));
    JSON_FIELD(&json, "no_raw", json_raw, STR_LITERAL(""));
    json_key_str(&json, STR_LITERAL("list\"s"));
    json_array_begin(&json);
    json_array_begin(&json);
    json_array_end(&json);
    json_object_begin(&json);
    json_object_end(&json);
    json_int(&json, 1);
    json_nil(&json);
    json_array_end(&json);
    json_object_end(&json);
    assert_false(buf.failed);
    assert_string_equal(
        buf.data,
        "{\"text\":\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u001f/\x7f\xC3\xA9\",\"absent\":null,"
        "\"empty\":\"\",\"int\":-9223372036854775808,\"real\":0.1,\"nan\":null,\"yes\":true,"
        "\"at\":\"1970-01-01T00:00:00.000Z\",\"never\":null,\"nil\":null,\"raw\":[1,2],"
        "\"no_raw\":null,\"list\\\"s\":[[],{},1,null]}");
    json_t *root = json_loadb(buf.data, buf.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    json_decref(root);
}

static void test_depth(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf buf;
    struct json_writer json;
    buf_init(&buf, 1000);
    json_writer_init(&json, &buf);
    for (int i = 0; i < JSON_WRITE_DEPTH_MAX; i++)
        json_array_begin(&json);
    for (int i = 0; i < JSON_WRITE_DEPTH_MAX; i++)
        json_array_end(&json);
    assert_int_equal(buf.len, 2 * JSON_WRITE_DEPTH_MAX);
}

static void assert_real(double value, const char *expected)
{
    char text[32];
    size_t len = json_format_real(value, text);
    assert_int_equal(len, strlen(text));
    assert_string_equal(text, expected);
}

static void assert_rounded(double value, const char *expected)
{
    CLEANUP(buf_done) struct buf buf;
    struct json_writer json;
    buf_init(&buf, 100);
    json_writer_init(&json, &buf);
    json_rounded(&json, value);
    assert_string_equal(buf.data, expected);
}

static void test_rounded(void **state)
{
    (void)state;
    assert_rounded(14.999883785981933, "14.999884");
    assert_rounded(-0.5, "-0.5");
    assert_rounded(-3.00000049, "-3");
    assert_rounded(-0.0000001, "0");
    assert_rounded(0.000001, "0.000001");
    assert_rounded(120.0, "120");
    assert_rounded(1e300, "1e300");
    assert_rounded((double)INFINITY, "null");
    assert_rounded((double)NAN, "null");
}

static void test_known_reals(void **state)
{
    (void)state;
    assert_real(0.0, "0");
    assert_real(-0.0, "0");
    assert_real(1.0, "1");
    assert_real(-1000000.0, "-1000000");
    assert_real(9007199254740992.0, "9007199254740992");
    assert_real(1e15, "1000000000000000");
    assert_real(1e16, "1e16");
    assert_real(1e22, "1e22");
    assert_real(1e-7, "1e-7");
    assert_real(0.1, "0.1");
    assert_real(0.1 + 0.2, "0.30000000000000004");
    assert_real(1.0 / 3.0, "0.3333333333333333");
    assert_real(1.7976931348623157e308, "1.7976931348623157e308");
    assert_real(5e-324, "5e-324");
    assert_real(-2.5e-308, "-2.5e-308");
}

static void check_round_trip(double value)
{
    char text[32];
    size_t len = json_format_real(value, text);
    double again;
    assert_true(len < 32);
    if (!str_to_double(str_slice(text, len), &again) || again != value)
        fail_msg("%a was written %s", value, text);
}

static void test_reals_round_trip(void **state)
{
    (void)state;
    struct random random = testing_random();
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = random_u64(&random);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            check_round_trip(value);
        check_round_trip((double)random_below(&random, 1000000) / 100.0);
    }
    for (int exponent = -1074; exponent <= 1023; exponent++)
        check_round_trip(ldexp(1.0, exponent));
}

static void test_strings_round_trip(void **state)
{
    (void)state;
    struct random random = testing_random();
    for (int i = 0; i < 2000; i++) {
        char text[256];
        size_t len = 0;
        while (len < 200) {
            uint32_t code_point =
                (uint32_t)random_below(&random, random_below(&random, 2) == 0 ? 0x80 : 0x110000);
            if (code_point == 0 || (code_point >= 0xD800 && code_point <= 0xDFFF))
                continue;
            char one[5] = "";
            size_t bytes = code_point < 0x80      ? 1
                           : code_point < 0x800   ? 2
                           : code_point < 0x10000 ? 3
                                                  : 4;
            static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
            for (size_t j = bytes - 1; j > 0; j--) {
                one[j] = (char)(0x80U | (code_point & 0x3FU));
                code_point >>= 6;
            }
            one[0] = (char)(lead[bytes] | code_point);
            memcpy(text + len, one, bytes);
            len += bytes;
        }
        CLEANUP(buf_done) struct buf buf;
        struct json_writer json;
        buf_init(&buf, 10000);
        json_writer_init(&json, &buf);
        json_str(&json, str_slice(text, len));
        json_t *value = json_loadb(buf.data, buf.len, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        assert_int_equal(json_string_length(value), len);
        assert_memory_equal(json_string_value(value), text, len);
        json_decref(value);
    }
}

static bool write_much(void *context)
{
    (void)context;
    struct buf buf;
    struct json_writer json;
    buf_init(&buf, 100000);
    json_writer_init(&json, &buf);
    json_array_begin(&json);
    for (int i = 0; i < 1000; i++)
        json_int(&json, i);
    json_array_end(&json);
    bool is_ok = !buf.failed;
    buf_done(&buf);
    return is_ok;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    assert_true(testing_fail_each_allocation(write_much, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_rounded),
        cmocka_unit_test(test_known_reals),
        cmocka_unit_test(test_reals_round_trip),
        cmocka_unit_test(test_strings_round_trip),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves the layout and order of our ids, that derived ids repeat, and reading and writing. */
#include "testing.h"

#include "base/clock.h"
#include "base/uuid.h"

static int64_t time_of(struct uuid uuid)
{
    int64_t ms = 0;
    for (size_t i = 0; i < 6; i++)
        ms = ms << 8 | uuid.bytes[i];
    return ms;
}

static void assert_version(struct uuid uuid, unsigned version)
{
    assert_int_equal(uuid.bytes[6] >> 4, version);
    assert_int_equal(uuid.bytes[8] >> 6, 2);
}

static void test_new(void **state)
{
    (void)state;
    struct uuid uuid = uuid_new(INT64_C(1700000000123456));
    assert_version(uuid, 7);
    assert_true(time_of(uuid) == INT64_C(1700000000123));
    assert_true(time_of(uuid_new(-1)) == 0);
    assert_true(time_of(uuid_new(INT64_MIN)) == 0);
    assert_true(time_of(uuid_new(INT64_MAX)) == (INT64_C(1) << 48) - 1);
    assert_false(uuid_eq(uuid_new(0), uuid_new(0)));
}

static void test_order_within_a_millisecond(void **state)
{
    (void)state;
    struct uuid last = uuid_new(INT64_C(1700000000000000));
    for (int i = 0; i < 200000; i++) {
        struct uuid next = uuid_new(INT64_C(1700000000000000) + i % 1000);
        assert_version(next, 7);
        assert_true(uuid_compare(last, next) < 0);
        last = next;
    }
    assert_true(time_of(last) == INT64_C(1700000000000));
    assert_true(uuid_compare(last, uuid_new(INT64_C(1700000000001000))) < 0);
}

/* A carry through all fields keeps version and variant. The pattern appears when the random part is
 * read from ids: bits that never change would show here. */
static void test_every_random_bit_moves(void **state)
{
    (void)state;
    uint8_t ones[16] = {0};
    uint8_t zeros[16] = {0};
    for (int i = 0; i < 2000; i++) {
        struct uuid uuid = uuid_new(INT64_C(1000) * i);
        for (size_t j = 6; j < 16; j++) {
            ones[j] |= uuid.bytes[j];
            zeros[j] |= (uint8_t)~uuid.bytes[j];
        }
    }
    assert_int_equal(ones[6], 0x77); /* the highest bit starts clear, room for increments */
    assert_int_equal(zeros[6] & 0x07, 0x07);
    assert_int_equal(ones[8], 0xBF);
    assert_int_equal(zeros[8] & 0x3F, 0x3F);
    for (size_t j = 7; j < 16; j++) {
        if (j != 8)
            assert_int_equal(ones[j] & zeros[j], 0xFF);
    }
}

static void test_from_parts(void **state)
{
    (void)state;
    const struct str parts[] = {STR_LITERAL("a"), {.data = NULL}, STR_LITERAL("c")};
    const struct str other[] = {STR_LITERAL("a"), STR_LITERAL(""), STR_LITERAL("c")};
    struct uuid uuid = uuid_from_parts(parts, 3);
    assert_version(uuid, 8);
    assert_true(uuid_eq(uuid, uuid_from_parts(parts, 3)));
    assert_false(uuid_eq(uuid, uuid_from_parts(other, 3)));
    /* The same on every machine and in every release: stored ids depend on it. */
    char text[UUID_TEXT_BYTES];
    assert_string_equal(uuid_format(uuid, text), "8d49d26e-3481-8182-8e17-cab61d844eba");
}

static void test_text(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "01890a5dac96774bbcceb302099a8057",
        "01890a5d-ac96-774b-bcce-b302099a805",
        "01890a5d-ac96-774b-bcce-b302099a80577",
        "01890a5d-ac96-774b-bcce-b302099a805g",
        "01890a5d_ac96_774b_bcce_b302099a8057",
        "{1890a5d-ac96-774b-bcce-b302099a805}",
        "01890a5da-c96-774b-bcce-b302099a8057",
        " 1890a5d-ac96-774b-bcce-b302099a8057",
    };
    struct uuid uuid = {{0}};
    char text[UUID_TEXT_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(uuid_parse(str_from(bad[i]), &uuid));
    assert_false(uuid_parse(str_slice("01890a5d-ac96-774b-bcce-b302099a8\00057", 36), &uuid));
    assert_true(uuid_is_nil(uuid));
    assert_true(uuid_parse(STR_LITERAL("01890A5D-AC96-774B-BCCE-B302099A8057"), &uuid));
    assert_string_equal(uuid_format(uuid, text), "01890a5d-ac96-774b-bcce-b302099a8057");
    struct random random = testing_random();
    for (int i = 0; i < 2000; i++) {
        struct uuid expected;
        for (size_t j = 0; j < 16; j++)
            expected.bytes[j] = (uint8_t)random_below(&random, 256);
        assert_true(uuid_parse(str_from(uuid_format(expected, text)), &uuid));
        assert_true(uuid_eq(uuid, expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_order_within_a_millisecond),
        cmocka_unit_test(test_every_random_bit_moves),
        cmocka_unit_test(test_from_parts),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves that a buf keeps what was appended, never exceeds its cap, and that failure sticks. */
#include "testing.h"

#include "base/buf.h"

static void test_appends(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 1000);
    assert_str_is(buf_str(&buf), "");
    buf_append(&buf, NULL, 0);
    buf_append_text(&buf, "ab");
    buf_append_char(&buf, 'c');
    buf_append_str(&buf, STR_LITERAL("de"));
    buf_printf(&buf, "%03d", 7);
    char *room = buf_extend(&buf, 2);
    assert_non_null(room);
    room[0] = 'x';
    room[1] = 'y';
    assert_str_is(buf_str(&buf), "abcde007xy");
    assert_int_equal(buf.data[buf.len], '\0');
    buf_clear(&buf);
    assert_str_is(buf_str(&buf), "");
    buf_append_text(&buf, "again");
    assert_str_is(buf_str(&buf), "again");
}

static void test_cap(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    buf_append_text(&buf, "12345");
    assert_false(buf.failed);
    buf_append_char(&buf, '6');
    assert_true(buf.failed);
    buf_append(&buf, "", 0);
    buf_printf(&buf, "%d", 1);
    assert_null(buf_extend(&buf, 0));
    assert_str_is(buf_str(&buf), "12345");
    buf_clear(&buf);
    assert_false(buf.failed);
    buf_printf(&buf, "%s", "123456");
    assert_true(buf.failed);
    buf_done(&buf);
    buf_done(&buf);
    buf_done(NULL);
}

static void test_random_appends(void **state)
{
    (void)state;
    enum { TOTAL = 200000 };
    static char expected[TOTAL];
    struct random random = testing_random();
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, TOTAL);
    size_t len = 0;
    while (len < TOTAL) {
        size_t piece = random_below(&random, 2000);
        if (piece > TOTAL - len)
            piece = TOTAL - len;
        for (size_t i = 0; i < piece; i++)
            expected[len + i] = (char)random_below(&random, 256);
        buf_append(&buf, expected + len, piece);
        len += piece;
    }
    assert_false(buf.failed);
    assert_int_equal(buf.len, TOTAL);
    assert_memory_equal(buf.data, expected, TOTAL);
    assert_true(buf.cap <= TOTAL + 1);
}

static bool use_buf(void *context)
{
    (void)context;
    struct buf buf;
    buf_init(&buf, 10000);
    for (int i = 0; i < 1000; i++)
        buf_printf(&buf, "%d,", i);
    bool is_ok = !buf.failed;
    buf_done(&buf);
    return is_ok;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    assert_true(testing_fail_each_allocation(use_buf, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_random_appends),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

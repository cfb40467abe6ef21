/*
 * Proves: a key's use is due to be written at once the first time and then a minute after it was
 * last written, with its latest time; what could not be written stays due; among many keys nobody
 * takes the place of a note that is still to be written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/clock.h"
#include "store/key_use.h"

static struct key_use use;

static int set_up(void **state)
{
    (void)state;
    key_use_init(&use);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    key_use_done(&use);
    return 0;
}

static struct uuid key_number(unsigned number)
{
    struct uuid id = {{1}};
    id.bytes[13] = (uint8_t)(number >> 16);
    id.bytes[14] = (uint8_t)(number >> 8);
    id.bytes[15] = (uint8_t)number;
    return id;
}

/* Writes what is due; returns how many keys that were. */
static size_t write_due(int64_t now_us)
{
    struct key_note taken[KEY_NOTES];
    const size_t count = key_use_take(&use, now_us, taken, ARRAY_LEN(taken));
    key_use_written(&use, taken, count);
    return count;
}

static void test_once_a_minute(void **state)
{
    (void)state;
    const int64_t start_us = 1000 * US_PER_SECOND;
    struct key_note taken[2];
    assert_int_equal(write_due(start_us), 0);
    key_use_note(&use, key_number(1), start_us);
    assert_int_equal(key_use_take(&use, start_us + 1, taken, 2), 1);
    assert_int_equal(key_use_take(&use, start_us + 2, taken, 2), 1); /* it was not written */
    key_use_written(&use, taken, 1);
    assert_int_equal(key_use_take(&use, start_us + 90 * US_PER_SECOND, taken, 2), 0);
    for (int second = 1; second < 60; second++) {
        key_use_note(&use, key_number(1), start_us + second * US_PER_SECOND);
        assert_int_equal(key_use_take(&use, start_us + second * US_PER_SECOND, taken, 2), 0);
    }
    assert_int_equal(key_use_take(&use, start_us + 60 * US_PER_SECOND, taken, 2), 1);
    assert_true(uuid_eq(taken[0].key_id, key_number(1)));
    assert_int_equal(taken[0].used_us, start_us + 59 * US_PER_SECOND);
}

static void test_a_use_while_it_is_written_is_not_lost(void **state)
{
    (void)state;
    const int64_t start_us = 1000 * US_PER_SECOND;
    struct key_note taken[1];
    key_use_note(&use, key_number(1), start_us);
    assert_int_equal(key_use_take(&use, start_us, taken, 1), 1);
    key_use_note(&use, key_number(1), start_us + 1);
    key_use_written(&use, taken, 1);
    assert_int_equal(write_due(start_us + 61 * US_PER_SECOND), 1);
}

static void test_many_keys(void **state)
{
    (void)state;
    const int64_t start_us = 1000 * US_PER_SECOND;
    struct key_note taken[100];
    for (unsigned i = 0; i < KEY_NOTES; i++) {
        key_use_note(&use, key_number(i), start_us);
    }
    assert_int_equal(key_use_take(&use, start_us, taken, ARRAY_LEN(taken)), ARRAY_LEN(taken));
    /* The table is full: others find no place until it is written. */
    key_use_note(&use, key_number(2 * KEY_NOTES), start_us);
    assert_int_equal(write_due(start_us), KEY_NOTES);
    key_use_note(&use, key_number(2 * KEY_NOTES), start_us + 1);
    assert_int_equal(write_due(start_us + 1), 1);
}

#define KEY_USE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEY_USE_TEST(test_once_a_minute),
        KEY_USE_TEST(test_a_use_while_it_is_written_is_not_lost),
        KEY_USE_TEST(test_many_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves that the heap's door zeroes, that the test hook fails what it says, in its thread only. */
#include "testing.h"

#include <pthread.h>

static void test_alloc_zeroes(void **state)
{
    (void)state;
    unsigned char *memory = mem_alloc(100);
    assert_non_null(memory);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(memory[i], 0);
    mem_free(memory);
    void *empty = mem_alloc(0);
    assert_non_null(empty);
    mem_free(empty);
    mem_free(NULL);
}

static void test_realloc_keeps_content(void **state)
{
    (void)state;
    char *memory = mem_realloc(NULL, 4);
    assert_non_null(memory);
    memcpy(memory, "abc", 4);
    mem_fail_after(0);
    assert_null(mem_realloc(memory, 1000));
    mem_fail_after(-1);
    assert_string_equal(memory, "abc");
    memory = mem_realloc(memory, 1000);
    assert_non_null(memory);
    assert_string_equal(memory, "abc");
    mem_free(memory);
}

static void *allocate_elsewhere(void *unused)
{
    (void)unused;
    return mem_alloc(1);
}

static void test_fail_after(void **state)
{
    (void)state;
    mem_fail_after(2);
    void *first = mem_alloc(1);
    void *second = mem_alloc(1);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(mem_alloc(1));
    assert_null(mem_alloc(1));
    pthread_t thread;
    void *elsewhere = NULL;
    assert_int_equal(pthread_create(&thread, NULL, allocate_elsewhere, NULL), 0);
    assert_int_equal(pthread_join(thread, &elsewhere), 0);
    assert_non_null(elsewhere);
    mem_fail_after(-1);
    void *third = mem_alloc(1);
    assert_non_null(third);
    mem_free(first);
    mem_free(second);
    mem_free(third);
    mem_free(elsewhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc_zeroes),
        cmocka_unit_test(test_realloc_keeps_content),
        cmocka_unit_test(test_fail_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves alignment, zeroing, limits and reuse of arenas, and that running out of memory is clean.
 */
#include "testing.h"

#include <stdalign.h>

#include "base/arena.h"

static void test_random_allocations(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    struct random random = testing_random();
    struct arena arena;
    arena_init(&arena, 64 << 20);
    for (int round = 0; round < 3; round++) {
        static unsigned char *blocks[COUNT];
        static size_t sizes[COUNT];
        for (size_t i = 0; i < COUNT; i++) {
            sizes[i] = random_below(&random, random_below(&random, 50) == 0 ? 100000 : 300);
            blocks[i] = arena_alloc(&arena, sizes[i]);
            assert_non_null(blocks[i]);
            assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(blocks[i][j], 0);
            memset(blocks[i], (int)(i & 0xFFU), sizes[i]);
        }
        for (size_t i = 0; i < COUNT; i++)
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(blocks[i][j], i & 0xFFU);
        arena_clear(&arena);
        assert_int_equal(arena.used_bytes, 0);
    }
    arena_done(&arena);
}

static void test_limit(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 100);
    assert_null(arena_alloc(&arena, 101));
    assert_non_null(arena_alloc(&arena, 60));
    assert_null(arena_alloc(&arena, 41));
    assert_non_null(arena_alloc(&arena, 40));
    assert_null(arena_alloc(&arena, 1));
    arena_clear(&arena);
    assert_non_null(arena_alloc(&arena, 100));
    arena_done(&arena);
    arena_init(&arena, SIZE_MAX);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
    assert_non_null(arena_array(&arena, 0, 8));
    arena_done(&arena);
}

static void test_done_takes_anything(void **state)
{
    (void)state;
    struct arena arena = {0};
    arena_done(NULL);
    arena_done(&arena);
    arena_done(&arena);
    arena_clear(&arena);
}

static void test_texts(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 10000);
    assert_string_equal(arena_strdup(&arena, "one"), "one");
    struct str copy = arena_str(&arena, str_slice("two three", 3));
    assert_string_equal(copy.data, "two");
    assert_int_equal(copy.len, 3);
    assert_non_null(arena_str(&arena, (struct str){.data = NULL}).data);
    assert_string_equal(arena_printf(&arena, "%d-%s", 42, "x"), "42-x");
    assert_string_equal(arena_printf(&arena, "%s", ""), "");
    arena_done(&arena);
}

static bool use_arena(void *context)
{
    (void)context;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    bool is_ok = arena_strdup(&arena, "text") != NULL && arena_alloc(&arena, 70000) != NULL &&
                 arena_str(&arena, str_from("more")).data != NULL &&
                 arena_printf(&arena, "%d", 1) != NULL && arena_array(&arena, 50, 2000) != NULL;
    arena_done(&arena);
    return is_ok;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    assert_true(testing_fail_each_allocation(use_arena, NULL) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_allocations),  cmocka_unit_test(test_limit),
        cmocka_unit_test(test_done_takes_anything), cmocka_unit_test(test_texts),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves that faults are kept in order up to their limit, also without memory. */
#include "testing.h"

#include "base/fault.h"

static void test_add(void **state)
{
    (void)state;
    struct arena arena;
    static struct faults faults;
    arena_init(&arena, 1 << 20);
    faults_init(&faults, &arena);
    char pointer[16] = "/email";
    faults_add(&faults, pointer, "required", "Field %d is required.", 1);
    pointer[1] = 'X'; /* the pointer was copied */
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.items[0].pointer, "/email");
    assert_string_equal(faults.items[0].code, "required");
    assert_string_equal(faults.items[0].detail, "Field 1 is required.");
    for (int i = 0; i < 2 * FAULTS_MAX; i++)
        faults_add(&faults, "/x", "type", "%d", i);
    assert_int_equal(faults.count, FAULTS_MAX);
    assert_string_equal(faults.items[FAULTS_MAX - 1].detail, "98");
    arena_done(&arena);
}

static void test_without_memory(void **state)
{
    (void)state;
    struct arena arena;
    static struct faults faults;
    arena_init(&arena, 0);
    faults_init(&faults, &arena);
    faults_add(&faults, "/email", "required", "This field is required.");
    assert_int_equal(faults.count, 1);
    assert_non_null(faults.items[0].pointer);
    assert_non_null(faults.items[0].detail);
    arena_done(&arena);
    arena_init(&arena, 1 << 20);
    faults_init(&faults, &arena);
    faults_add(&faults, /* pointer= */ NULL, "format", "There was no memory for its pointer.");
    assert_string_equal(faults.items[0].pointer, "");
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

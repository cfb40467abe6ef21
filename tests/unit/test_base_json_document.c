/* Proves that a document is there as a whole or not at all, and leaves nothing behind. */
#include "testing.h"

#include "base/json_document.h"

static struct str write_one(struct arena *arena, size_t max_bytes)
{
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, max_bytes);
    JSON_FIELD(json, "name", json_text, "a \"quoted\" name");
    JSON_FIELD(json, "count", json_int, 3);
    return json_document_end(&document, arena);
}

static const char whole[] = "{\"name\":\"a \\\"quoted\\\" name\",\"count\":3}";

static void test_whole_or_absent(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, 4096);
    assert_str_is(write_one(&arena, sizeof whole), whole);
    for (size_t max_bytes = 0; max_bytes < sizeof whole - 1; max_bytes++) {
        assert_null(write_one(&arena, max_bytes).data);
    }
    struct json_document empty;
    (void)json_document_begin(&empty, 16);
    assert_str_is(json_document_end(&empty, &arena), "{}");
}

static bool write_in_new_arena(void *context)
{
    (void)context;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, 4096);
    return write_one(&arena, sizeof whole).data != NULL;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(testing_fail_each_allocation(write_in_new_arena, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_or_absent),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

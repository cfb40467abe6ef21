/* Proves that an id of an event is read back as it was written, and that nothing else is one. */
#include "testing.h"

#include "schema/event_id.h"

static const char epoch_text[] = "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06";

static void test_what_is_written_is_read(void **state)
{
    (void)state;
    static const int64_t positions[] = {0, 1, 9, 10, 184466, EVENT_POSITION_MAX};
    for (size_t i = 0; i < ARRAY_LEN(positions); i++) {
        struct event_id id = {.position = positions[i]};
        struct event_id read;
        char text[EVENT_ID_BYTES];
        assert_true(uuid_parse(str_from(epoch_text), &id.epoch));
        assert_true(event_id_parse(str_from(event_id_format(id, text)), &read));
        assert_true(uuid_eq(read.epoch, id.epoch));
        assert_int_equal(read.position, positions[i]);
    }
    struct event_id id;
    assert_true(event_id_parse(STR_LITERAL("8C1F6A1E-3C0B-4B7E-9F55-2F3D4A5B6C06:7"), &id));
    assert_int_equal(id.position, 7);
}

static void test_nothing_else_is_read(void **state)
{
    (void)state;
    static const char *const ids[] = {
        "",
        ":",
        "7",
        "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06",
        "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06:",
        "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06:-1",
        "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06:+1",
        "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06:01",
        "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06:1 ",
        "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06:1.0",
        "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06:9007199254740992",
        "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06:99999999999999999999",
        "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06-1",
        "8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c0:1",
        "00000000-0000-0000-0000-000000000000:1",
        "{8c1f6a1e-3c0b-4b7e-9f55-2f3d4a5b6c06}:1",
    };
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct event_id id = {.position = -5};
        assert_false(event_id_parse(str_from(ids[i]), &id));
        assert_int_equal(id.position, -5);
    }
    struct event_id id;
    assert_false(event_id_parse((struct str){.data = NULL}, &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_nothing_else_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

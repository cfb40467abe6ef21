/* Proves that an id made of a form's post is the same within a slot, that those of neighbouring
 * slots are known from each other within the window, and that nobody else's id is taken for one. */
#include "testing.h"

#include "domain/double_click.h"

/* 2026-11-22T10:00:00Z: a slot begins. */
#define SLOT_US (INT64_C(1795341600) * US_PER_SECOND)

static const struct sha256 one = {
    {1, 2, 3}
};
static const struct sha256 two = {
    {1, 2, 4}
};

static void it_is_the_same_as_long_as_a_slot(void **state)
{
    (void)state;
    const struct uuid first = double_click_id(&one, SLOT_US);
    const struct uuid last = double_click_id(&one, SLOT_US + DOUBLE_CLICK_US - 1);
    const struct uuid next = double_click_id(&one, SLOT_US + DOUBLE_CLICK_US);
    const struct uuid other = double_click_id(&two, SLOT_US);
    assert_true(uuid_eq(first, last));
    assert_false(uuid_eq(first, next));
    assert_false(uuid_eq(first, other));
    assert_true(uuid_eq(double_click_id_shifted(first, 1), next));
    assert_true(uuid_eq(double_click_id_shifted(next, -1), first));
    assert_true(uuid_eq(double_click_family(first), double_click_family(next)));
    assert_false(uuid_eq(double_click_family(first), double_click_family(other)));
}

/* Each pair of times within the window, a quarter of a second at a time. */
static void two_posts_are_one_up_to_the_window_wherever_slots_end(void **state)
{
    (void)state;
    const int64_t step_us = US_PER_SECOND / 4;
    for (int64_t a_us = SLOT_US; a_us < SLOT_US + DOUBLE_CLICK_US; a_us += step_us) {
        const struct uuid a = double_click_id(&one, a_us);
        for (int64_t b_us = a_us; b_us < a_us + 4 * DOUBLE_CLICK_US; b_us += step_us) {
            const struct uuid b = double_click_id(&one, b_us);
            assert_int_equal(double_click_is_one(a, a_us, b, b_us), b_us - a_us <= DOUBLE_CLICK_US);
            assert_int_equal(double_click_is_one(b, b_us, a, a_us), b_us - a_us <= DOUBLE_CLICK_US);
            assert_false(double_click_is_one(a, a_us, double_click_id(&two, b_us), b_us));
        }
    }
}

static void ids_of_others_have_no_neighbours(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "00000000-0000-0000-0000-000000000000",
        "0193a5c8-8f00-7000-8000-000000000001", /* version 7 */
        "0193a5c8-8f01-8000-8000-000000000001", /* version 8, between two slots */
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct uuid id;
        assert_true(uuid_parse(str_from(texts[i]), &id));
        assert_false(double_click_is_id(id));
        assert_true(uuid_eq(double_click_family(id), id));
        assert_true(double_click_is_one(id, 0, id, SLOT_US));
    }
    assert_true(double_click_is_id(double_click_id(&one, SLOT_US + 1)));
    assert_true(double_click_is_id(double_click_id(&one, -1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_same_as_long_as_a_slot),
        cmocka_unit_test(two_posts_are_one_up_to_the_window_wherever_slots_end),
        cmocka_unit_test(ids_of_others_have_no_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

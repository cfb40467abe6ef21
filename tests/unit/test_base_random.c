/* Proves that the generator is xoshiro256** and even enough for tests. */
#include "testing.h"

static void test_sequence(void **state)
{
    (void)state;
    /* xoshiro256** from the state 1, 2, 3, 4, as its authors' program prints it */
    static const uint64_t expected[] = {UINT64_C(11520), UINT64_C(0), UINT64_C(1509978240),
                                        UINT64_C(1215971899390074240)};
    struct random random = {
        .state = {1, 2, 3, 4}
    };
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_true(random_u64(&random) == expected[i]);
}

static void test_same_seed_same_numbers(void **state)
{
    (void)state;
    struct random a, b, c;
    random_init(&a, 42);
    random_init(&b, 42);
    random_init(&c, 43);
    uint64_t first = random_u64(&a);
    assert_true(first == random_u64(&b));
    assert_true(first != random_u64(&c));
}

static void test_below_is_even(void **state)
{
    (void)state;
    enum { BOUND = 7, DRAWS = 70000 };
    struct random random;
    size_t seen[BOUND] = {0};
    random_init(&random, 1);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t value = random_below(&random, BOUND);
        assert_true(value < BOUND);
        seen[value]++;
    }
    for (size_t i = 0; i < BOUND; i++)
        assert_in_range(seen[i], 9500, 10500);
    assert_true(random_below(&random, 1) == 0);
    assert_true(random_below(&random, UINT64_MAX) < UINT64_MAX);
}

static void test_unit(void **state)
{
    (void)state;
    struct random random;
    double sum = 0.0;
    random_init(&random, 1);
    for (int i = 0; i < 10000; i++) {
        double value = random_unit(&random);
        assert_true(value >= 0.0 && value < 1.0);
        sum += value;
    }
    assert_true(sum > 4800.0 && sum < 5200.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_same_seed_same_numbers),
        cmocka_unit_test(test_below_is_even),
        cmocka_unit_test(test_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

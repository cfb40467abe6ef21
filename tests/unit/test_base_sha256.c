/* Proves SHA-256 against FIPS 180-2's examples and that parts cannot run into each other. */
#include "testing.h"

#include "base/sha256.h"

static void assert_sum(struct str text, const char *expected)
{
    struct sha256 sum = sha256_of(text);
    char hex[2 * SHA256_BYTES + 1];
    for (size_t i = 0; i < SHA256_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", sum.bytes[i]);
    assert_string_equal(hex, expected);
}

static void test_known_sums(void **state)
{
    (void)state;
    assert_sum(STR_LITERAL("abc"),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sum(STR_LITERAL(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sum((struct str){0}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sum(STR_LITERAL("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_parts(void **state)
{
    (void)state;
    const struct str variants[][2] = {
        {STR_LITERAL("ab"),  STR_LITERAL("c")  },
        {STR_LITERAL("a"),   STR_LITERAL("bc") },
        {STR_LITERAL("abc"), STR_LITERAL("")   },
        {STR_LITERAL("abc"), {.data = NULL}    },
        {{.data = NULL},     STR_LITERAL("abc")},
    };
    for (size_t i = 0; i < ARRAY_LEN(variants); i++) {
        struct sha256 a = sha256_of_parts(variants[i], 2);
        struct sha256 again = sha256_of_parts(variants[i], 2);
        assert_true(sha256_eq(&a, &again));
        for (size_t j = 0; j < i; j++) {
            struct sha256 b = sha256_of_parts(variants[j], 2);
            assert_false(sha256_eq(&a, &b));
        }
    }
}

static void test_random_bytes(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    random_bytes(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_sums),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves SHA-256 against FIPS 180-2's examples, HMAC against RFC 4231's, and that parts cannot run
 * into each other. */
#include "testing.h"

#include "base/sha256.h"

static void assert_sum(struct str text, const char *expected)
{
    const struct sha256 sum = sha256_of(text);
    char hex[2 * SHA256_BYTES + 1];
    assert_string_equal(sha256_format(&sum, hex), expected);
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

/* RFC 4231, test cases 1, 2 and 6 (a key longer than a block). */
static void test_known_hmacs(void **state)
{
    (void)state;
    uint8_t key[131];
    char hex[2 * SHA256_BYTES + 1];
    memset(key, 0x0b, 20);
    struct sha256 sum = hmac_sha256(key, 20, STR_LITERAL("Hi There"));
    assert_string_equal(sha256_format(&sum, hex),
                        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    sum = hmac_sha256("Jefe", 4, STR_LITERAL("what do ya want for nothing?"));
    assert_string_equal(sha256_format(&sum, hex),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    sum = hmac_sha256(key, sizeof key,
                      STR_LITERAL("Test Using Larger Than Block-Size Key - Hash Key First"));
    assert_string_equal(sha256_format(&sum, hex),
                        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    const struct sha256 of_nothing = hmac_sha256("k", 1, (struct str){0});
    sum = hmac_sha256("k", 1, STR_LITERAL(""));
    assert_true(sha256_eq(&sum, &of_nothing));
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

static void test_base64(void **state)
{
    (void)state;
    const struct sha256 sum = sha256_of(STR_LITERAL("abc"));
    char text[SHA256_BASE64_BYTES];
    assert_string_equal(sha256_base64(&sum, text), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

static void test_secrets(void **state)
{
    (void)state;
    assert_true(secret_eq(STR_LITERAL("s3cret"), STR_LITERAL("s3cret")));
    assert_false(secret_eq(STR_LITERAL("s3cret"), STR_LITERAL("s3cre")));
    assert_false(secret_eq(STR_LITERAL("s3cret"), STR_LITERAL("S3cret")));
    assert_false(secret_eq(STR_LITERAL("s3cret"), (struct str){0}));
}

static void test_digits(void **state)
{
    (void)state;
    const struct sha256 sum = sha256_of(STR_LITERAL("abc"));
    struct sha256 back;
    char hex[2 * SHA256_BYTES + 1];
    assert_true(sha256_parse(str_from(sha256_format(&sum, hex)), &back));
    assert_true(sha256_eq(&sum, &back));
    for (size_t i = 0; i < 2 * SHA256_BYTES; i++)
        hex[i] = hex[i] >= 'a' ? (char)(hex[i] - 'a' + 'A') : hex[i];
    assert_true(sha256_parse(str_from(hex), &back));
    assert_true(sha256_eq(&sum, &back));
    assert_false(sha256_parse(str_slice(hex, 63), &back));
    assert_false(sha256_parse((struct str){0}, &back));
    hex[63] = 'G';
    assert_false(sha256_parse(str_from(hex), &back));
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
        cmocka_unit_test(test_known_sums),   cmocka_unit_test(test_known_hmacs),
        cmocka_unit_test(test_parts),        cmocka_unit_test(test_digits),
        cmocka_unit_test(test_base64),       cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves that the same key hashes an address the same everywhere, another one otherwise, and that
 * the fingerprint tells keys apart. */
#include "testing.h"

#include "domain/privacy_key.h"

static void white_space_around_the_secret_does_not_count(void **state)
{
    (void)state;
    const struct privacy_key plain = privacy_key_of(STR_LITERAL("0123456789abcdef"));
    const struct privacy_key ended = privacy_key_of(STR_LITERAL("  0123456789abcdef\r\n"));
    const struct privacy_key other = privacy_key_of(STR_LITERAL("0123456789abcdeF"));
    assert_memory_equal(&plain, &ended, sizeof plain);
    assert_memory_not_equal(&plain, &other, sizeof plain);
}

/* What is in databases must be found again by later releases. */
static void hashes_do_not_change_from_release_to_release(void **state)
{
    (void)state;
    const struct privacy_key key = privacy_key_of(STR_LITERAL("0123456789abcdef"));
    const struct sha256 hash = privacy_hash(&key, STR_LITERAL("claire@example.com"));
    char digits[2 * SHA256_BYTES + 1];
    char fingerprint[PRIVACY_FINGERPRINT_BYTES];
    /* hmac.new(hashlib.sha256(b"0123456789abcdef").digest(), b"…", "sha256").hexdigest() */
    assert_string_equal(sha256_format(&hash, digits),
                        "a95786b54979e100a2091361cb1a2104aa1cbcaf43f05f519f88f4da8396407d");
    assert_string_equal(privacy_fingerprint(&key, fingerprint), "1cf872d1016ea2ed");
}

static void keys_are_told_apart(void **state)
{
    (void)state;
    const struct privacy_key one = privacy_key_of(STR_LITERAL("0123456789abcdef"));
    const struct privacy_key two = privacy_key_of(STR_LITERAL("fedcba9876543210"));
    const struct sha256 a = privacy_hash(&one, STR_LITERAL("claire@example.com"));
    const struct sha256 b = privacy_hash(&two, STR_LITERAL("claire@example.com"));
    char first[PRIVACY_FINGERPRINT_BYTES];
    char second[PRIVACY_FINGERPRINT_BYTES];
    assert_false(sha256_eq(&a, &b));
    assert_string_not_equal(privacy_fingerprint(&one, first), privacy_fingerprint(&two, second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_around_the_secret_does_not_count),
        cmocka_unit_test(hashes_do_not_change_from_release_to_release),
        cmocka_unit_test(keys_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

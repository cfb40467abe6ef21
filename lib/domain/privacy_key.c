#include "domain/privacy_key.h"

struct privacy_key privacy_key_of(struct str secret)
{
    struct privacy_key key;
    const struct sha256 hash = sha256_of(str_trim(secret));
    memcpy(key.bytes, hash.bytes, sizeof key.bytes);
    return key;
}

struct sha256 privacy_hash(const struct privacy_key *key, struct str email_key)
{
    return hmac_sha256(key->bytes, sizeof key->bytes, email_key);
}

char *privacy_fingerprint(const struct privacy_key *key, char out[static PRIVACY_FINGERPRINT_BYTES])
{
    /* No address: those have an '@'. */
    const struct sha256 hash = privacy_hash(key, STR_LITERAL("fingerprint"));
    char digits[2 * SHA256_BYTES + 1];
    memcpy(out, sha256_format(&hash, digits), PRIVACY_FINGERPRINT_BYTES - 1);
    out[PRIVACY_FINGERPRINT_BYTES - 1] = '\0';
    return out;
}

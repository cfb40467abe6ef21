/* OpenSSL 3 would rather have EVP_Digest…, which looks the algorithm up under a lock, allocates and
 * so takes 0.5 µs instead of 0.1 for the few dozen bytes that are hashed here, with each request.
 * The functions that it says were better in 1.1.0 are still there. */
#define OPENSSL_API_COMPAT 10100

#include "base/sha256.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/random.h>

/* OpenSSL fails here only when it was built without this hash; a wrong one must not come out. */
static void must(int is_ok)
{
    if (is_ok != 1)
        abort();
}

static struct sha256 sha256_finish(SHA256_CTX *context)
{
    struct sha256 sum;
    must(SHA256_Final(sum.bytes, context));
    return sum;
}

struct sha256 sha256_of(struct str text)
{
    SHA256_CTX context;
    must(SHA256_Init(&context));
    must(SHA256_Update(&context, text.data, text.len));
    return sha256_finish(&context);
}

struct sha256 sha256_of_parts(const struct str *parts, size_t count)
{
    SHA256_CTX context;
    must(SHA256_Init(&context));
    for (size_t i = 0; i < count; i++) {
        /* Absent is not empty: it has a length nothing else has. */
        uint64_t len = parts[i].data != NULL ? parts[i].len : UINT64_MAX;
        uint8_t prefix[8];
        for (size_t byte = 0; byte < sizeof prefix; byte++)
            prefix[byte] = (uint8_t)(len >> (56 - 8 * byte));
        must(SHA256_Update(&context, prefix, sizeof prefix));
        if (parts[i].data != NULL)
            must(SHA256_Update(&context, parts[i].data, parts[i].len));
    }
    return sha256_finish(&context);
}

struct sha256 hmac_sha256(const void *key, size_t key_bytes, struct str text)
{
    struct sha256 sum;
    unsigned len = 0;
    assert(key_bytes <= INT_MAX);
    const unsigned char *made = HMAC(EVP_sha256(), key, (int)key_bytes,
                                     (const unsigned char *)(text.data != NULL ? text.data : ""),
                                     text.len, sum.bytes, &len);
    must(made != NULL);
    assert(len == SHA256_BYTES);
    return sum;
}

char *sha256_format(const struct sha256 *hash, char out[static 2 * SHA256_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        out[2 * i] = digits[hash->bytes[i] >> 4];
        out[2 * i + 1] = digits[hash->bytes[i] & 15];
    }
    out[2 * SHA256_BYTES] = '\0';
    return out;
}

char *sha256_base64(const struct sha256 *hash, char out[static SHA256_BASE64_BYTES])
{
    /* It writes chars, whatever its types say. */
    int len = EVP_EncodeBlock((unsigned char *)out, hash->bytes, SHA256_BYTES);
    assert(len == SHA256_BASE64_BYTES - 1);
    return out;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool sha256_parse(struct str hex, struct sha256 *ret_hash)
{
    if (hex.len != 2 * SHA256_BYTES)
        return false;
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        const int high = hex_digit(hex.data[2 * i]);
        const int low = hex_digit(hex.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_hash->bytes[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

bool sha256_eq(const struct sha256 *a, const struct sha256 *b)
{
    return CRYPTO_memcmp(a->bytes, b->bytes, SHA256_BYTES) == 0;
}

bool secret_eq(struct str secret, struct str given)
{
    const struct sha256 a = sha256_of(secret);
    const struct sha256 b = sha256_of(given);
    return sha256_eq(&a, &b);
}

void random_bytes(void *out, size_t len)
{
    uint8_t *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, /* flags= */ 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        at += got;
        len -= (size_t)got;
    }
}

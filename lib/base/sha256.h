/* SHA-256 of a few pieces, with a key (HMAC, RFC 2104) and without, and constant-time comparison
 * (OpenSSL). */
#pragma once

#include "base/str.h"

enum { SHA256_BYTES = 32 };

struct sha256 {
    uint8_t bytes[SHA256_BYTES];
};

struct sha256 sha256_of(struct str text);
/* Each part is preceded by its length, so ("ab","c") and ("a","bc") differ. */
struct sha256 sha256_of_parts(const struct str *parts, size_t count);
/* HMAC-SHA-256 of `text`; an empty text and an absent one are the same. */
struct sha256 hmac_sha256(const void *key, size_t key_bytes, struct str text);
/* 64 lower-case hexadecimal digits, NUL-terminated. Returns out. */
char *sha256_format(const struct sha256 *hash, char out[static 2 * SHA256_BYTES + 1]);
/* Base64 with padding (RFC 4648 section 4). Returns out. */
enum { SHA256_BASE64_BYTES = 45 }; /* 44 and a NUL */
char *sha256_base64(const struct sha256 *hash, char out[static SHA256_BASE64_BYTES]);
/* The same back, in lower or upper case. False: it is none. */
bool sha256_parse(struct str hex, struct sha256 *ret_hash) MUSTCHECK;
bool sha256_eq(const struct sha256 *a, const struct sha256 *b);
/* Compares what an attacker may have sent with a secret, in a time that tells nothing about where
 * they differ or how long the secret is. */
bool secret_eq(struct str secret, struct str given);
/* `len` random bytes from the kernel; aborts if the kernel has none. */
void random_bytes(void *out, size_t len);

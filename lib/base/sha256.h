/* SHA-256 of a few pieces, and constant-time comparison (OpenSSL). */
#pragma once

#include "base/str.h"

enum { SHA256_BYTES = 32 };

struct sha256 {
    uint8_t bytes[SHA256_BYTES];
};

struct sha256 sha256_of(struct str text);
/* Each part is preceded by its length, so ("ab","c") and ("a","bc") differ. */
struct sha256 sha256_of_parts(const struct str *parts, size_t count);
bool sha256_eq(const struct sha256 *a, const struct sha256 *b);
/* `len` random bytes from the kernel; aborts if the kernel has none. */
void random_bytes(void *out, size_t len);

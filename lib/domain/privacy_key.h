/*
 * The privacy key: with it the addresses of erased persons are hashed, so that they are known again
 * without being kept. It lives outside the database: whoever has a copy of that alone cannot find
 * out by trying whether somebody is among the erased.
 *
 * All instances on one database need the same key; the fingerprint tells whether they have it.
 */
#pragma once

#include "base/sha256.h"

enum {
    PRIVACY_KEY_SECRET_BYTES_MIN = 16, /* of what it is made from */
    PRIVACY_FINGERPRINT_BYTES = 17,    /* 16 hexadecimal digits and a NUL */
};

struct privacy_key {
    uint8_t bytes[SHA256_BYTES];
};

/* From a secret of any form, such as 64 hexadecimal digits; at least PRIVACY_KEY_SECRET_BYTES_MIN
 * long, which the caller has checked. White space around it does not count. */
struct privacy_key privacy_key_of(struct str secret);
/* What is kept of an erased person's address: `email_key` is that of struct email_address. */
struct sha256 privacy_hash(const struct privacy_key *key, struct str email_key);
/* Tells keys apart without telling the key. NUL-terminated into `out`. Returns out. */
char *privacy_fingerprint(const struct privacy_key *key,
                          char out[static PRIVACY_FINGERPRINT_BYTES]);

/* Bytes as text that may stand in a URL (RFC 4648 section 5), without padding. There is one text
 * for each content. */
#pragma once

#include "base/base.h"
#include "base/str.h"

/* Characters for so many bytes, and a NUL. */
#define BASE64URL_TEXT_BYTES(byte_count) (((byte_count)*8 + 5) / 6 + 1)

/* `out` has room for BASE64URL_TEXT_BYTES(len). Returns out. */
char *base64url_encode(const uint8_t *bytes, size_t len, char *out);
/* Exactly what base64url_encode writes; at most `max` bytes into `out`. False: anything else. */
bool base64url_decode(struct str text, uint8_t *out, size_t max, size_t *ret_len) MUSTCHECK;

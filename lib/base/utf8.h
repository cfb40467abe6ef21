/*
 * UTF-8 checks (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

bool utf8_is_valid(struct str text);
/* Code points in valid UTF-8. */
size_t utf8_length(struct str text);
/* Decodes one code point at the start; returns its bytes, 0 when text is empty or malformed. */
size_t utf8_decode(struct str text, uint32_t *ret_code_point);
/* Appends the encoding of a code point to `out` (≥ 4 bytes); returns its bytes, 0 if not encodable.
 */
size_t utf8_encode(uint32_t code_point, char out[static 4]);

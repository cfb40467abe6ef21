/*
 * The bytes behind percent-escapes (RFC 3986 section 2.1), strict: a '%' that does not begin an
 * escape is a fault, not a letter.
 *
 * Bytes only: a form may be in another charset than UTF-8. Where the result has to be UTF-8 text
 * (paths, queries) query.h has the function to use. Split first, decode then: an escaped '/' or '&'
 * must not split.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

/* Writes what the escapes of `text` stand for to `out`, which has room for text.len bytes and may
 * be text.data itself. `plus_is_space` is the rule of HTML forms and queries; in a path a '+' is a
 * '+'. False at a malformed escape. */
bool percent_decode_bytes(struct str text, bool plus_is_space, char *out,
                          size_t *ret_len) MUSTCHECK;

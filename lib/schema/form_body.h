/*
 * What an HTML form posts: application/x-www-form-urlencoded (URL Standard section 5) and
 * multipart/form-data (RFC 7578, boundaries by RFC 2046 section 5.1.1), decoded from one complete
 * body in memory into an ordered list of names and values.
 *
 * The texts come out exactly as sent, as UTF-8 without NUL. Old pages post in their own charset: it
 * is taken, in this order, from the part's Content-Type, the `_charset_` field (HTML, RFC 7578
 * section 4.6; not itself in the list) and the body's Content-Type; without any it is UTF-8.
 * Supported are UTF-8, windows-1252, iso-8859-1 (which browsers take for windows-1252) and
 * iso-8859-15.
 *
 * Strict, because what one parser forgives another reads differently: malformed escapes, bytes that
 * are no text in the charset, missing boundaries, bare line feeds around them, repeated header
 * parameters are refused. What the URL Standard lets pass is let through: empty pairs ("a=1&&b=2")
 * are skipped, a name may be empty or come again, in which case all its values stay in their order.
 *
 * Files are ignored and counted; `filename*` is no file and ignored (RFC 7578 section 4.2).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "schema/media_type.h"

enum {
    FORM_BODY_BYTES_MAX = 512 * 1024, /* whatever the settings say */
    FORM_FIELDS_MAX = 200,            /* files included */
    FORM_FIELD_NAME_BYTES_MAX = 200,  /* in UTF-8 */
    FORM_BOUNDARY_BYTES_MAX = 70,     /* RFC 2046 section 5.1.1 */
    FORM_PART_HEADERS_MAX = 16,
    FORM_PART_HEADER_BYTES_MAX = 1024,
};

struct form_field {
    struct str name; /* NUL-terminated, both */
    struct str value;
};

struct form_body {
    const struct form_field *fields; /* in the order of the body */
    size_t count;
    size_t file_count; /* parts with a filename, left out */
};

/* Whether a field is the answer to a captcha, which its script puts into every form of a page. */
bool form_field_is_captcha(struct str name);

/*
 * Decodes a body of kind MEDIA_KIND_URLENCODED or MEDIA_KIND_MULTIPART (any other kind is a
 * programmer error). An empty body is a form without fields. Everything returned lives in the
 * arena, nothing points into `body`; it takes at most about five times the body and 16 KiB.
 *
 * ERR_MALFORMED, ERR_UNSUPPORTED (charset, transfer encoding), ERR_TOO_LARGE (body, fields, a
 * name), ERR_NOMEM.
 */
enum err_code form_body_decode(const struct media_type *type, struct str body, struct arena *arena,
                               struct form_body *ret_form, struct err *reterr) MUSTCHECK;

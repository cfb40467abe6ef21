/*
 * Page cursors: the sort key of the last row of a page, as an opaque text that works only with the
 * filters and the order it was made for.
 *
 * Layout: base64url without padding of payload and the first 8 bytes of
 * SHA-256("cursor", binding, payload). The tag catches accidents and a cursor used with another
 * query; it keeps no secret: a payload may hold only what its reader may see anyway, and what comes
 * out of one is input like any other.
 *
 * Write:  struct cursor c = {0}; cursor_put_int(&c, at_us); cursor_put_uuid(&c, id);
 *         cursor_encode(&c, &binding, text);
 * Read:   cursor_decode(text, &binding, &c) && cursor_take_int(&c, &at_us) &&
 *         cursor_take_uuid(&c, &id) && cursor_is_spent(&c)
 */
#pragma once

#include "base/sha256.h"
#include "base/str.h"
#include "base/uuid.h"

enum {
    CURSOR_PAYLOAD_BYTES_MAX = 64,
    CURSOR_TAG_BYTES = 8,
    CURSOR_TEXT_BYTES = (CURSOR_PAYLOAD_BYTES_MAX + CURSOR_TAG_BYTES + 2) / 3 * 4 +
                        1, /* with NUL */
};

struct cursor {
    uint8_t bytes[CURSOR_PAYLOAD_BYTES_MAX];
    size_t len;
    size_t taken; /* bytes already read */
};

/* Appending more than the maximum is a programmer error. */
void cursor_put_int(struct cursor *cursor, int64_t value);
void cursor_put_real(struct cursor *cursor, double value);
void cursor_put_uuid(struct cursor *cursor, struct uuid uuid);

/* In the order they were put; false when there is not enough left. */
bool cursor_take_int(struct cursor *cursor, int64_t *ret_value) MUSTCHECK;
bool cursor_take_real(struct cursor *cursor, double *ret_value) MUSTCHECK;
bool cursor_take_uuid(struct cursor *cursor, struct uuid *ret_uuid) MUSTCHECK;
/* Everything has been read. */
bool cursor_is_spent(const struct cursor *cursor);

/* What a cursor is bound to: the route's name and the fingerprint of the filters (query_decode). */
struct sha256 cursor_binding(const char *route, const struct sha256 *filters);

/* NUL-terminated into `out`; returns out. */
char *cursor_encode(const struct cursor *cursor, const struct sha256 *binding,
                    char out[static CURSOR_TEXT_BYTES]);
/* False for anything that cursor_encode did not write with the same binding. */
bool cursor_decode(struct str text, const struct sha256 *binding,
                   struct cursor *ret_cursor) MUSTCHECK;

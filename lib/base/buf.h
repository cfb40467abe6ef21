/*
 * A growing byte buffer with a mandatory cap.
 *
 * Failure is sticky: after running out of memory or over the cap every further append does nothing,
 * so a writer appends freely and looks at `failed` once at the end.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

struct buf {
    char *data; /* owned; NUL-terminated whenever not NULL, the NUL is not counted */
    size_t len;
    size_t cap;
    size_t max_bytes;
    bool failed;
};

void buf_init(struct buf *buf, size_t max_bytes);
/* Takes NULL, a zeroed buf, and may be called twice. */
void buf_done(struct buf *buf);
/* Empty again, memory kept, failure forgotten. */
void buf_clear(struct buf *buf);

void buf_append(struct buf *buf, const void *data, size_t len);
void buf_append_str(struct buf *buf, struct str text);
void buf_append_text(struct buf *buf, const char *text);
void buf_append_char(struct buf *buf, char byte);
void buf_append_int(struct buf *buf, int64_t value); /* in decimal */
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* Room for `len` more bytes at the returned address, already counted in len; NULL on failure. */
char *buf_extend(struct buf *buf, size_t len);

static inline struct str buf_str(const struct buf *buf)
{
    return (struct str){.data = buf->data != NULL ? buf->data : "", .len = buf->len};
}

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

/* The general case of buf_append. */
void buf_append_growing(struct buf *buf, const void *data, size_t len);

/* Documents are written in pieces of a few bytes, nearly all of which fit: those cost a copy. */
static inline void buf_append(struct buf *buf, const void *data, size_t len)
{
    if (buf->failed || len == 0 || buf->cap - buf->len <= len) {
        buf_append_growing(buf, data, len);
        return;
    }
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

static inline void buf_append_str(struct buf *buf, struct str text)
{
    buf_append(buf, text.data, text.len);
}

static inline void buf_append_text(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

static inline void buf_append_char(struct buf *buf, char byte)
{
    buf_append(buf, &byte, 1);
}

void buf_append_int(struct buf *buf, int64_t value); /* in decimal */
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* Room for `len` more bytes at the returned address, already counted in len; NULL on failure. */
char *buf_extend(struct buf *buf, size_t len);

static inline struct str buf_str(const struct buf *buf)
{
    return (struct str){.data = buf->data != NULL ? buf->data : "", .len = buf->len};
}

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"

enum { BUF_FIRST_BYTES = 256 };

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.max_bytes = max_bytes};
}

void buf_done(struct buf *buf)
{
    if (buf == NULL)
        return;
    mem_free(buf->data);
    *buf = (struct buf){.max_bytes = buf->max_bytes};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

/* Makes room for `len` more bytes and the NUL behind them. */
static bool buf_reserve(struct buf *buf, size_t len)
{
    if (buf->failed)
        return false;
    if (len > buf->max_bytes - buf->len || buf->max_bytes == SIZE_MAX) {
        buf->failed = true;
        return false;
    }
    size_t needed = buf->len + len + 1;
    if (needed <= buf->cap)
        return true;
    size_t cap = buf->cap < BUF_FIRST_BYTES ? BUF_FIRST_BYTES : buf->cap;
    while (cap < needed)
        cap = cap > SIZE_MAX / 2 ? needed : cap * 2;
    if (cap > buf->max_bytes + 1)
        cap = buf->max_bytes + 1;
    char *data = mem_realloc(buf->data, cap);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

char *buf_extend(struct buf *buf, size_t len)
{
    if (!buf_reserve(buf, len))
        return NULL;
    char *start = buf->data + buf->len;
    buf->len += len;
    buf->data[buf->len] = '\0';
    return start;
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
    char *start = buf_extend(buf, len);
    if (start != NULL && len > 0)
        memcpy(start, data, len);
}

void buf_append_str(struct buf *buf, struct str text)
{
    buf_append(buf, text.data, text.len);
}

void buf_append_text(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void buf_append_char(struct buf *buf, char byte)
{
    buf_append(buf, &byte, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    if (buf->failed)
        return;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        buf->failed = true;
        return;
    }
    char *start = buf_extend(buf, (size_t)len);
    if (start == NULL)
        return;
    va_start(args, format);
    vsnprintf(start, (size_t)len + 1, format, args);
    va_end(args);
}

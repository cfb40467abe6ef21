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
    if (buf->data != NULL && needed <= buf->cap)
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

void buf_append_growing(struct buf *buf, const void *data, size_t len)
{
    char *start = buf_extend(buf, len);
    if (start != NULL && len > 0)
        memcpy(start, data, len);
}

void buf_append_int(struct buf *buf, int64_t value)
{
    char digits[20]; /* a sign and the 19 of the least */
    char *const end = digits + sizeof digits;
    char *at = end;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--at = '-';
    buf_append(buf, at, (size_t)(end - at));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    if (buf->failed)
        return;
    /* Most texts fit into the room that is there; only the others are formatted twice. */
    char *const end = buf->data != NULL ? buf->data + buf->len : NULL;
    const size_t room = buf->data != NULL ? buf->cap - buf->len : 0;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(end, room, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < room) {
        buf->len += (size_t)len;
        return;
    }
    if (end != NULL)
        *end = '\0';
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

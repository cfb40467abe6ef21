#include "commands/input.h"

bool input_read(FILE *file, struct buf *buf)
{
    char chunk[4096];
    size_t len;
    while ((len = fread(chunk, 1, sizeof chunk, file)) > 0) {
        buf_append(buf, chunk, len);
    }
    return !buf->failed && ferror(file) == 0;
}

/*
 * A file built into the binary (cmake/embed.cmake writes the tables). The bytes are followed by a
 * NUL that is not part of the file.
 */
#pragma once

#include "base/str.h"

struct embedded_file {
    const char *name;
    const char *data;
    const char *end;
};

static inline struct str embedded_file_text(const struct embedded_file *file)
{
    return (struct str){.data = file->data, .len = (size_t)(file->end - file->data)};
}

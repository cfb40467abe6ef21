/*
 * libuuid behind two functions: its header and uuid.h declare the same names, so no file can
 * include both. Only uuid.c uses this.
 */
#pragma once

#include "base/base.h"

/* A NUL-terminated text of 36 bytes. `ret_bytes` is set only on success. */
bool uuid_library_parse(const char *text, uint8_t ret_bytes[static 16]) MUSTCHECK;
/* 36 bytes in lower case and a NUL. */
void uuid_library_format(const uint8_t bytes[static 16], char out[static 37]);

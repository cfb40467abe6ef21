/*
 * The few macros every other file uses. Nothing here allocates or calls anything.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The caller has to look at what such a function returns. */
#define MUSTCHECK __attribute__((warn_unused_result))

/* printf-like functions: `format_at` and `args_at` are 1-based argument positions. */
#define PRINTF_LIKE(format_at, args_at) __attribute__((format(printf, format_at, args_at)))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Runs `done(&variable)` when the variable goes out of scope: `CLEANUP(buf_done) struct buf b;` */
#define CLEANUP(done) __attribute__((cleanup(done)))

/* Hands over what a pointer owns and leaves NULL behind. */
#define TAKE(pointer)                                                                              \
    ({                                                                                             \
        __typeof__(pointer) *take_from_ = &(pointer);                                              \
        __typeof__(pointer) taken_ = *take_from_;                                                  \
        *take_from_ = NULL;                                                                        \
        taken_;                                                                                    \
    })

#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

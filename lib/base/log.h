/*
 * Logs: one JSON object a line on standard error. No personal data, ever: ids, counts and codes.
 *
 *     log_write(LOG_INFO, "ready", LOG_TEXT("listen", address), LOG_INT("port", 8080));
 *
 * Thread-safe (one write(2) a line). lib/ never logs above debug; the process (server/) does.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVEL_COUNT_ };

struct log_field {
    const char *name;
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_REAL } kind;
    struct str text;
    int64_t integer;
    double real;
};

#define LOG_TEXT(field, value)                                                                     \
    (struct log_field)                                                                             \
    {                                                                                              \
        .name = (field), .kind = LOG_FIELD_TEXT, .text = str_from(value)                           \
    }
#define LOG_STR(field, value)                                                                      \
    (struct log_field)                                                                             \
    {                                                                                              \
        .name = (field), .kind = LOG_FIELD_TEXT, .text = (value)                                   \
    }
#define LOG_INT(field, value)                                                                      \
    (struct log_field)                                                                             \
    {                                                                                              \
        .name = (field), .kind = LOG_FIELD_INT, .integer = (int64_t)(value)                        \
    }
#define LOG_REAL(field, value)                                                                     \
    (struct log_field)                                                                             \
    {                                                                                              \
        .name = (field), .kind = LOG_FIELD_REAL, .real = (value)                                   \
    }

/* Lines below this level are dropped. Set once at start, before threads. */
void log_set_level(enum log_level level);
void log_write_fields(enum log_level level, const char *event, const struct log_field *fields,
                      size_t count);

#define log_write(level, event, ...)                                                               \
    log_write_fields((level), (event), (const struct log_field[]){__VA_ARGS__},                    \
                     ARRAY_LEN(((const struct log_field[]){__VA_ARGS__})))

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/utf8.h"

enum { LOG_LINE_BYTES_MAX = 16384, LOG_TEXT_BYTES_MAX = 1024 };

/* Atomic only because threads read it; it is set before they start. */
static _Atomic(enum log_level) log_level_min = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&log_level_min, level, memory_order_relaxed);
}

/* A library's message may be cut or in another encoding; the line must stay JSON. */
static struct str log_printable(struct str text)
{
    if (text.data == NULL)
        return text;
    if (text.len > LOG_TEXT_BYTES_MAX) {
        text.len = LOG_TEXT_BYTES_MAX;
        while (text.len > LOG_TEXT_BYTES_MAX - 4 && !utf8_is_valid(text))
            text.len--;
    }
    return utf8_is_valid(text) ? text : STR_LITERAL("(not UTF-8)");
}

static void log_write_field(struct json_writer *json, const struct log_field *field)
{
    json_key(json, field->name);
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        json_str(json, log_printable(field->text));
        break;
    case LOG_FIELD_INT:
        json_int(json, field->integer);
        break;
    case LOG_FIELD_REAL:
        json_double(json, field->real);
        break;
    }
}

/* Nobody is left to tell when standard error is gone, so failures end here. */
static void log_emit(struct str line)
{
    while (line.len > 0) {
        ssize_t written = write(STDERR_FILENO, line.data, line.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        line.data += written;
        line.len -= (size_t)written;
    }
}

void log_write_fields(enum log_level level, const char *event, const struct log_field *fields,
                      size_t count)
{
    static const char *const names[LOG_LEVEL_COUNT_] = {
        [LOG_DEBUG] = "debug",
        [LOG_INFO] = "info",
        [LOG_WARN] = "warn",
        [LOG_ERROR] = "error",
    };
    assert((unsigned)level < LOG_LEVEL_COUNT_);
    if (level < atomic_load_explicit(&log_level_min, memory_order_relaxed))
        return;
    CLEANUP(buf_done) struct buf buf;
    struct json_writer json;
    buf_init(&buf, LOG_LINE_BYTES_MAX);
    json_writer_init(&json, &buf);
    json_object_begin(&json);
    JSON_FIELD(&json, "at", json_time, clock_wall_us());
    JSON_FIELD(&json, "level", json_text, names[level]);
    JSON_FIELD(&json, "event", json_text, event);
    for (size_t i = 0; i < count; i++)
        log_write_field(&json, &fields[i]);
    json_object_end(&json);
    buf_append_char(&buf, '\n');
    if (buf.failed)
        log_emit(STR_LITERAL("{\"level\":\"error\",\"event\":\"log_line_lost\"}\n"));
    else
        log_emit(buf_str(&buf));
}

/*
 * Writes JSON into a buf without building a tree. Commas and nesting are kept by the writer;
 * strings must be valid UTF-8 and are escaped; numbers are the shortest text that reads back the
 * same double. Failure is the buf's (sticky). Nesting at most JSON_WRITE_DEPTH_MAX: deeper is a
 * programmer error.
 */
#pragma once

#include "base/buf.h"
#include "base/uuid.h"

enum { JSON_WRITE_DEPTH_MAX = 48 };

struct json_writer {
    struct buf *buf;
    unsigned depth;
    bool has_items[JSON_WRITE_DEPTH_MAX + 1];
    bool after_key;
};

void json_writer_init(struct json_writer *json, struct buf *buf);

void json_object_begin(struct json_writer *json);
void json_object_end(struct json_writer *json);
void json_array_begin(struct json_writer *json);
void json_array_end(struct json_writer *json);

/* Inside an object, before each value. */
void json_key_str(struct json_writer *json, struct str name);
static inline void json_key(struct json_writer *json, const char *name)
{
    json_key_str(json, str_from(name));
}

void json_str(struct json_writer *json, struct str text);   /* an absent slice writes null */
void json_text(struct json_writer *json, const char *text); /* NULL writes null */
void json_int(struct json_writer *json, int64_t value);
void json_double(struct json_writer *json, double value); /* not finite: null */
/* To the nearest millionth: for what is measured, where further digits would only cost. */
void json_rounded(struct json_writer *json, double value); /* not finite: null */
void json_bool(struct json_writer *json, bool value);
void json_nil(struct json_writer *json);
void json_time(struct json_writer *json, int64_t at_us);    /* TIME_NONE: null */
void json_uuid(struct json_writer *json, struct uuid uuid); /* nil: null */
/* Text that is JSON already (a jsonb column); absent or empty writes null. */
void json_raw(struct json_writer *json, struct str text);

/* key + value in one call */
#define JSON_FIELD(json, name, write, value) (json_key((json), (name)), write((json), (value)))

/* The shortest decimal text of a finite double that parses back to it; returns its length. (Of the
 * powers of two, one in 50 could do with 16 digits and gets 17.) Both zeros give "0". */
size_t json_format_real(double value, char out[static 32]);

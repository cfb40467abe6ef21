/*
 * Query strings: percent-decoding that refuses what is not text, and typed parameters from a static
 * table, like schema.h for JSON.
 *
 *     struct lead_query { uint64_t stages; int order; int64_t limit; struct str cursor; … };
 *     static const struct query_param lead_params[] = {
 *         QUERY_PARAM("stage", ENUMS, struct lead_query, stages, .choices = stage_names),
 *         QUERY_CHOICE("order", struct lead_query, order, order_names, QUERY_FALLBACK(0)),
 *         QUERY_PARAM("limit", INT, struct lead_query, limit, .min = 1, .max = 1000,
 *                     QUERY_UNBOUND_FALLBACK(50)),
 *         QUERY_PARAM("cursor", STRING, struct lead_query, cursor, .max = 200,
 *                     .flags = QUERY_UNBOUND),
 *     };
 *     static const struct query lead_query = QUERY(struct lead_query, lead_params);
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/sha256.h"
#include "base/str.h"
#include "schema/schema.h"

enum {
    QUERY_PARAMS_MAX = 64,
    QUERY_BYTES_MAX = 16384,
    QUERY_LIST_MAX = 64, /* items in a comma list */
};

/* A point in time or a bare date, whose midnight only the organisation's zone can tell. */
struct query_time {
    int64_t at_us; /* TIME_NONE when absent or a date */
    int32_t days;  /* since 1970; DATE_NONE unless it is a date */
};

/* A comma list of slugs; in the arena. */
struct query_slugs {
    const struct str *items;
    size_t count;
};

/* Kind, type of the member, value when absent: */
enum query_kind {
    QUERY_STRING, /* struct str; min, max in code points, max mandatory; data NULL */
    QUERY_SLUG,   /* struct str; data NULL */
    QUERY_SLUGS,  /* struct query_slugs; 0 items */
    QUERY_ENUM,   /* int or an enum; index into choices; ENUM_NONE */
    QUERY_ENUMS,  /* uint64_t; comma list; bit i is choice i (at most 64 choices); 0 */
    QUERY_INT,    /* int64_t; min, max; INT_NONE */
    QUERY_REAL,   /* double; min, max; NaN */
    QUERY_TIME,   /* struct query_time: RFC 3339 or a bare date; neither */
    QUERY_DATE,   /* int32_t days; DATE_NONE */
    QUERY_UUID,   /* struct uuid; nil, which itself is refused */
    QUERY_BOOL,   /* bool; "true" or "false"; false */
    QUERY_KIND_COUNT_
};

enum query_flags {
    QUERY_REQUIRED = 1 << 0,
    QUERY_DEFAULT = 1 << 1, /* absent gives `fallback`; INT, REAL, BOOL, ENUM, ENUMS */
    QUERY_UNBOUND = 1 << 2, /* not part of what a cursor is bound to: limit, cursor, wait */
};

struct query_param {
    const char *name;
    enum query_kind kind;
    unsigned flags;
    size_t offset;
    size_t presence; /* as in struct field */
    double min;      /* both 0: no limit */
    double max;
    double fallback;
    const char *const *choices; /* NULL-terminated */
};

struct query {
    const struct query_param *params;
    size_t count; /* at most QUERY_PARAMS_MAX */
    size_t size;  /* of the struct; may be 0 without params */
};

#define QUERY_TYPE_STRING struct str
#define QUERY_TYPE_SLUG   struct str
#define QUERY_TYPE_SLUGS  struct query_slugs
#define QUERY_TYPE_ENUMS  uint64_t
#define QUERY_TYPE_INT    int64_t
#define QUERY_TYPE_REAL   double
#define QUERY_TYPE_TIME   struct query_time
#define QUERY_TYPE_DATE   int32_t
#define QUERY_TYPE_UUID   struct uuid
#define QUERY_TYPE_BOOL   bool

#define QUERY_PARAM(param_name, kind_, type, member, ...)                                          \
    {                                                                                              \
        .name = (param_name), .kind = QUERY_##kind_,                                               \
        .offset = FIELD_OFFSET(type, member, QUERY_TYPE_##kind_), __VA_ARGS__                      \
    }
#define QUERY_CHOICE(param_name, type, member, names, ...)                                         \
    {                                                                                              \
        .name = (param_name), .kind = QUERY_ENUM,                                                  \
        .offset = offsetof(type, member) +                                                         \
                  _Generic(((type *)NULL)->member, int : 0U, unsigned : 0U),                       \
        .choices = (names), __VA_ARGS__                                                            \
    }
#define QUERY_FALLBACK(value)         .flags = QUERY_DEFAULT, .fallback = (value)
#define QUERY_UNBOUND_FALLBACK(value) .flags = QUERY_DEFAULT | QUERY_UNBOUND, .fallback = (value)
#define QUERY(type, table)                                                                         \
    {                                                                                              \
        .params = (table), .count = ARRAY_LEN(table), .size = sizeof(type)                         \
    }

/*
 * Decodes `text`, what stands behind the "?" (absent or "" when there is none), into `ret_struct`
 * (query->size bytes, all set). Strings and lists live in the arena.
 *
 * `ret_binding` (may be NULL) gets a fingerprint of the parameters given, without the unbound ones:
 * what cursor.h binds a cursor to.
 *
 * Faults have the pointer "?name" and the codes unknown, duplicate, required, format, choice,
 * range, too_long, too_short, too_many, memory. True when this call added none.
 */
bool query_decode(const struct query *query, struct str text, struct arena *arena, void *ret_struct,
                  struct sha256 *ret_binding, struct faults *faults) MUSTCHECK;

enum percent_mode {
    PERCENT_PATH,  /* "+" is a plus */
    PERCENT_QUERY, /* "+" is a space */
};
/* Percent-decodes into the arena. False when an escape is malformed, the result is not UTF-8 or
 * holds U+0000, or without memory. */
bool percent_decode(struct str text, enum percent_mode mode, struct arena *arena,
                    struct str *ret_text) MUSTCHECK;

/* Whether a table follows the rules above. For tests. */
bool query_is_sound(const struct query *query);

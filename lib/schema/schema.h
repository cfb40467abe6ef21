/*
 * Field descriptors: a static table per kind of input says what a JSON object may hold, and one
 * function turns such an object into a struct, collecting every fault with its JSON pointer.
 *
 *     struct offer_input {
 *         struct str slug;
 *         struct str title;
 *         bool has_title;
 *         int kind;                 (index into offer_kind_names, ENUM_NONE when absent)
 *         bool is_public;
 *         const struct uuid *owners;
 *         size_t owner_count;
 *         const json_t *properties;
 *     };
 *     static const struct field offer_fields[] = {
 *         FIELD("slug", SLUG, struct offer_input, slug, .flags = FIELD_REQUIRED),
 *         FIELD("title", STRING, struct offer_input, title, .min = 1, .max = 200,
 *               FIELD_PRESENCE(struct offer_input, has_title)),
 *         FIELD_CHOICE("kind", struct offer_input, kind, offer_kind_names),
 *         FIELD("public", BOOL, struct offer_input, is_public, FIELD_FALLBACK(true)),
 *         FIELD_ARRAY("owners", struct offer_input, owners, owner_count, &FIELD_ELEMENT(UUID),
 *                     .max = 20),
 *         FIELD("properties", MAP, struct offer_input, properties, .max = 100),
 *     };
 *     static const struct schema offer_schema = SCHEMA(struct offer_input, offer_fields);
 *
 * The macros check at compile time that a member has the type its kind fills.
 *
 * Rules that tie fields together ("email" or "contact_id"), and meaning (an e-mail address, a known
 * slug), are the caller's: this module knows shapes.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/str.h"
#include "base/uuid.h"
#include "schema/json.h"

/*
 * Kind, type of the member, what `min` and `max` limit, value when absent or null ("none"):
 */
enum field_kind {
    FIELD_STRING,   /* struct str; code points, max mandatory; data NULL */
    FIELD_SLUG,     /* struct str; [a-z0-9_-]{1,64}; data NULL */
    FIELD_INT,      /* int64_t; value; INT_NONE. 3.0 and 3e0 are taken as 3 */
    FIELD_REAL,     /* double; value; NaN. Takes integers too */
    FIELD_BOOL,     /* bool; false */
    FIELD_UUID,     /* struct uuid; nil. The nil UUID itself is refused */
    FIELD_TIME,     /* int64_t µs since 1970; RFC 3339 text; TIME_NONE */
    FIELD_DATE,     /* int32_t days since 1970; "2026-11-21"; DATE_NONE */
    FIELD_DURATION, /* int64_t µs; ISO 8601 text (duration_parse); value in seconds; INT_NONE */
    FIELD_ENUM,     /* int or an enum; index into `choices`; ENUM_NONE */
    FIELD_OBJECT,   /* the struct of `schema`, in place; all its members none */
    FIELD_LIST, /* pointer to elements in the arena + size_t count; count, max mandatory; NULL, 0 */
    FIELD_JSON, /* const json_t *, borrowed; any value but null; NULL */
    FIELD_MAP,  /* const json_t *, borrowed; an object with any names, values as they are; number of
                   names, max mandatory; NULL */
    FIELD_KIND_COUNT_
};

#define INT_NONE  INT64_MIN
#define DATE_NONE INT32_MIN
enum { ENUM_NONE = -1, SLUG_BYTES_MAX = 64 };

enum field_flags {
    FIELD_REQUIRED = 1 << 0, /* the name must be there */
    FIELD_NULLABLE = 1 << 1, /* null is allowed and gives none */
    FIELD_LINE = 1 << 2,     /* STRING: no control characters, so no line breaks */
    FIELD_DEFAULT = 1 << 3,  /* absent gives `fallback` instead of none; see FIELD_FALLBACK */
};

struct schema;

struct field {
    const char *name; /* NULL for a list's element */
    enum field_kind kind;
    unsigned flags;
    size_t offset;              /* of the member in its struct */
    size_t count_offset;        /* LIST: of its size_t count */
    size_t presence;            /* 1 + offset of a bool member that tells whether the name was there
                                   (also with null); 0: none. The 1 makes "none" the zero value */
    double min;                 /* both 0: no limit, where a limit is not mandatory */
    double max;                 /* inclusive */
    double fallback;            /* INT, REAL, BOOL, DURATION (seconds), ENUM (index) */
    const char *const *choices; /* ENUM: NULL-terminated */
    const struct schema *schema; /* OBJECT */
    const struct field *element; /* LIST: name, offset and presence unused */
};

enum schema_flags {
    SCHEMA_CLOSED = 0,
    SCHEMA_OPEN = 1 << 0, /* unknown names are ignored instead of being faults */
};

struct schema {
    const struct field *fields;
    size_t count;
    size_t size; /* of the struct */
    unsigned flags;
};

/* The type of a member that each kind fills. */
#define FIELD_TYPE_STRING   struct str
#define FIELD_TYPE_SLUG     struct str
#define FIELD_TYPE_INT      int64_t
#define FIELD_TYPE_REAL     double
#define FIELD_TYPE_BOOL     bool
#define FIELD_TYPE_UUID     struct uuid
#define FIELD_TYPE_TIME     int64_t
#define FIELD_TYPE_DATE     int32_t
#define FIELD_TYPE_DURATION int64_t
#define FIELD_TYPE_JSON     const json_t *
#define FIELD_TYPE_MAP      const json_t *

/* offsetof, but compiles only if the member has this type. */
#define FIELD_OFFSET(type, member, member_type)                                                    \
    (offsetof(type, member) + _Generic(((type *)NULL)->member, member_type : 0U))

/* FIELD("name", KIND, struct x, member, .flags = …, .min = …, …) */
#define FIELD(field_name, field_kind_, type, member, ...)                                          \
    {                                                                                              \
        .name = (field_name), .kind = FIELD_##field_kind_,                                         \
        .offset = FIELD_OFFSET(type, member, FIELD_TYPE_##field_kind_), __VA_ARGS__                \
    }
/* GCC's and clang's enums without negative values are unsigned. */
#define FIELD_CHOICE(field_name, type, member, names, ...)                                         \
    {                                                                                              \
        .name = (field_name), .kind = FIELD_ENUM,                                                  \
        .offset = offsetof(type, member) +                                                         \
                  _Generic(((type *)NULL)->member, int : 0U, unsigned : 0U),                       \
        .choices = (names), __VA_ARGS__                                                            \
    }
#define FIELD_NESTED(field_name, type, member, nested_schema, ...)                                 \
    {                                                                                              \
        .name = (field_name), .kind = FIELD_OBJECT, .offset = offsetof(type, member),              \
        .schema = (nested_schema), __VA_ARGS__                                                     \
    }
#define FIELD_ARRAY(field_name, type, member, count_member, element_field, ...)                    \
    {                                                                                              \
        .name = (field_name), .kind = FIELD_LIST, .offset = offsetof(type, member),                \
        .count_offset = FIELD_OFFSET(type, count_member, size_t), .element = (element_field),      \
        __VA_ARGS__                                                                                \
    }
/* What a list holds: &FIELD_ELEMENT(UUID), &FIELD_ELEMENT(STRING, .min = 1, .max = 80),
 * &FIELD_ELEMENT(OBJECT, .schema = &x). */
#define FIELD_ELEMENT(field_kind_, ...)                                                            \
    ((const struct field){.kind = FIELD_##field_kind_, __VA_ARGS__})

#define FIELD_PRESENCE(type, member) .presence = 1 + FIELD_OFFSET(type, member, bool)
/* Replaces `.flags`: an optional field with a default. */
#define FIELD_FALLBACK(value) .flags = FIELD_DEFAULT, .fallback = (value)

#define SCHEMA(type, table)                                                                        \
    {                                                                                              \
        .fields = (table), .count = ARRAY_LEN(table), .size = sizeof(type)                         \
    }
#define SCHEMA_WITH(type, table, schema_flags_)                                                    \
    {                                                                                              \
        .fields = (table), .count = ARRAY_LEN(table), .size = sizeof(type),                        \
        .flags = (schema_flags_)                                                                   \
    }

/*
 * Checks `value` against the schema and fills `ret_struct` (schema->size bytes; NULL: check only).
 * Members are first set to none or their default, so no initialisation is needed; after a fault the
 * struct is safe to read but means nothing.
 *
 * Strings, JSON and MAP members point into `value`: keep a reference to it for as long as the
 * struct is used. Lists live in the arena.
 *
 * Faults (code): required, unknown, type, too_short, too_long, range, too_few, too_many, choice,
 * format, memory. True when this call added none.
 */
bool schema_decode(const struct schema *schema, const json_t *value, struct arena *arena,
                   void *ret_struct, struct faults *faults) MUSTCHECK;
/* The same with pointers that start with `base_pointer` ("/contacts/12"). */
bool schema_decode_at(const struct schema *schema, const json_t *value, const char *base_pointer,
                      struct arena *arena, void *ret_struct, struct faults *faults) MUSTCHECK;
/* One value against one field, into `ret_member` (NULL: check only); the field's name, offset and
 * presence are not used. Not for LIST. `value` is not NULL; `pointer` is the value's own. */
bool schema_decode_value(const struct field *field, const json_t *value, const char *pointer,
                         struct arena *arena, void *ret_member, struct faults *faults) MUSTCHECK;

/* [a-z0-9_-]{1,64} */
bool slug_is_valid(struct str text);

/* "a, b, c" from a NULL-terminated list, cut with " …" where it would not fit: the longest of ours,
 * the types of events, does. */
enum { CHOICES_TEXT_BYTES = 704 };
void choices_format(const char *const *choices, char out[static CHOICES_TEXT_BYTES]);

/* NULL: none has this name. */
const struct field *schema_field(const struct schema *schema, const char *name);

/* Whether a table follows the rules above (names unique, mandatory limits, choices and nested
 * tables there). For tests. */
bool schema_is_sound(const struct schema *schema);

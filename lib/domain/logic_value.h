/*
 * The values JsonLogic computes with: JSON plus "missing" (what JavaScript calls undefined).
 *
 * A value is 24 bytes, passed by copy, and borrows everything it points at: the caller's JSON
 * document and texts, the compiled rule, or the scratch arena. A document is read in place, never
 * copied: an array or object of it is a view (LOGIC_JSON_ARRAY, LOGIC_JSON_OBJECT), and facts of
 * the program's own need no document at all:
 *
 *     const struct logic_member facts[] = {
 *         {STR_LITERAL("kind"), logic_text(activity->kind)},
 *         {STR_LITERAL("journey_step"), logic_null()},
 *         {STR_LITERAL("properties"), logic_json(activity->properties)},
 *     };
 *     const struct logic_value data = logic_object(facts, ARRAY_LEN(facts));
 *
 * Coercions are those of ECMAScript (ECMA-262, sections 7.1 and 7.2); strings are valid UTF-8 and
 * are measured and ordered in UTF-16 code units, as there.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/json_write.h"
#include "base/str.h"

enum logic_kind {
    LOGIC_MISSING, /* not there at all; as a member it hides the name */
    LOGIC_NULL,
    LOGIC_BOOLEAN,
    LOGIC_NUMBER,
    LOGIC_TEXT,
    LOGIC_ARRAY,
    LOGIC_OBJECT,
    LOGIC_JSON_ARRAY,  /* an array of a document, read in place */
    LOGIC_JSON_OBJECT, /* an object of a document, read in place */
};

struct logic_member;

struct logic_value {
    enum logic_kind kind;
    union {
        bool boolean;
        double number; /* may be infinite, never NaN: NaN is an error */
        struct str text;
        struct {
            const struct logic_value *items; /* not NULL: arrays are compared by this address */
            size_t count;
        } array;
        struct {
            const struct logic_member *members; /* not NULL: objects are compared by this address */
            size_t count;
        } object;
        const json_t *json;
    };
};

struct logic_member {
    struct str name;
    struct logic_value value;
};

static inline struct logic_value logic_missing(void)
{
    return (struct logic_value){.kind = LOGIC_MISSING};
}

static inline struct logic_value logic_null(void)
{
    return (struct logic_value){.kind = LOGIC_NULL};
}

static inline struct logic_value logic_boolean(bool value)
{
    return (struct logic_value){.kind = LOGIC_BOOLEAN, .boolean = value};
}

static inline struct logic_value logic_number(double value)
{
    return (struct logic_value){.kind = LOGIC_NUMBER, .number = value};
}

/* An absent slice is null. */
static inline struct logic_value logic_text(struct str text)
{
    if (text.data == NULL)
        return logic_null();
    return (struct logic_value){.kind = LOGIC_TEXT, .text = text};
}

/* Names are unique. A member whose value is LOGIC_MISSING counts as not there. */
static inline struct logic_value logic_object(const struct logic_member *members, size_t count)
{
    return (struct logic_value){
        .kind = LOGIC_OBJECT, .object = {.members = members, .count = count}
    };
}

static inline struct logic_value logic_array(const struct logic_value *items, size_t count)
{
    return (struct logic_value){
        .kind = LOGIC_ARRAY, .array = {.items = items, .count = count}
    };
}

/* A view of a document, which must outlive the value and not change meanwhile. NULL is missing. */
struct logic_value logic_json(const json_t *json);

bool logic_is_array(const struct logic_value *value);
bool logic_is_object(const struct logic_value *value);
/* null or missing */
bool logic_is_nothing(const struct logic_value *value);

/* Items of an array or members of an object; 0 for anything else. */
size_t logic_count(const struct logic_value *value);
/* The item of an array; missing when beyond its end or not an array. */
struct logic_value logic_item(const struct logic_value *array, size_t index);
/* The member of an object; missing when it has none of that name or is not an object. */
struct logic_value logic_member(const struct logic_value *object, struct str name);

/* Walks the members of an object in its order, those that count as not there left out. Anything but
 * an object has none. */
struct logic_members {
    struct logic_value object;
    json_t *document;
    void *at;
    size_t index;
};

struct logic_members logic_members(const struct logic_value *object);
bool logic_members_next(struct logic_members *members, struct logic_member *ret_member);

/* Whether arrays and objects are nested at most `levels` deep: 0 for a plain value, 1 for []. */
bool logic_fits(const struct logic_value *value, unsigned levels);

/* False are: missing, null, false, 0, "", []. Everything else, {} too, is true. */
bool logic_truthy(const struct logic_value *value);

/* Writes the value as JSON; missing and infinite numbers are written as null. ERR_TOO_LARGE when it
 * is nested deeper than the writer allows (then nothing is written); lack of memory shows in the
 * buf. */
enum err_code logic_write(const struct logic_value *value, struct json_writer *json) MUSTCHECK;

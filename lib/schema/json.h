/*
 * JSON as this program takes it: text to a jansson tree with limits, a tree to text, merge patch,
 * and pointers for faults. jansson does the parsing; what it would let through is refused here.
 *
 * Trees are reference-counted (json_incref, json_decref; `json_auto_t *` releases at the end of a
 * scope) and count as immutable once parsed: results may share parts with arguments.
 */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json_write.h"

enum {
    JSON_DEPTH_MAX = 32,         /* arrays and objects inside each other */
    JSON_POINTER_BYTES_MAX = 512 /* a longer pointer is cut at a name's end */
};

/*
 * Parses any JSON value (RFC 8259). Refused with ERR_MALFORMED and a sentence with line and column,
 * which never quotes the input: what is not JSON or not UTF-8, a name twice in an object, U+0000,
 * nesting deeper than JSON_DEPTH_MAX, integers outside int64, reals outside double. The size is the
 * caller's to limit. ERR_NOMEM when out of memory. `*ret_root` is a new reference.
 */
enum err_code json_parse(struct str text, json_t **ret_root, struct err *reterr) MUSTCHECK;

/* The same for what the database gives back: jsonb writes a large real as a long integer, so here
 * integers are read as reals. For rules, which compute with reals anyway; not for what is shown. */
enum err_code json_parse_stored(struct str text, json_t **ret_root, struct err *reterr) MUSTCHECK;

/* Appends the value without white space, the order of names kept, numbers in their shortest form.
 * Fails as the buf does. Nesting at most JSON_WRITE_DEPTH_MAX. */
void json_serialize(struct buf *buf, const json_t *value);
/* The same as one value of a larger text. */
void json_write_value(struct json_writer *json, const json_t *value);

/* What RFC 7396 makes of `target` (NULL: absent) and `patch`: a new reference that may share parts
 * with both; neither is changed. NULL when out of memory. */
json_t *json_merge_patch(const json_t *target, const json_t *patch) MUSTCHECK;

/* The same tree for those of jansson's functions that change nothing but take no const: iterators,
 * json_incref. */
static inline json_t *json_unconst(const json_t *value)
{
    json_t *same;
    memcpy(&same, &value, sizeof(void *));
    return same;
}

/* One more reference to the same tree. */
static inline json_t *json_share(const json_t *value)
{
    return json_incref(json_unconst(value));
}

/* A string's bytes, valid as long as the string; absent when `value` is NULL or no string. */
struct str json_str_of(const json_t *value);

/* An RFC 6901 pointer that grows and shrinks while one walks a tree. `text` is always
 * NUL-terminated. Once full it stays as it is and names an ancestor. */
struct json_pointer {
    char text[JSON_POINTER_BYTES_MAX];
    size_t len;
    bool is_full;
};

/* `base` is a pointer itself ("" is the root). */
void json_pointer_init(struct json_pointer *pointer, const char *base);
/* Both append one step ("~" and "/" escaped) and return what json_pointer_pop takes to undo it. */
size_t json_pointer_push(struct json_pointer *pointer, struct str name);
size_t json_pointer_push_index(struct json_pointer *pointer, size_t index);
void json_pointer_pop(struct json_pointer *pointer, size_t mark);

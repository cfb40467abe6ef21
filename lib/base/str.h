/*
 * Slices: a pointer and a length into memory somebody else owns. They may hold any byte.
 */
#pragma once

#include <string.h>

#include "base/base.h"

struct str {
    const char *data; /* NULL means "absent", which is not the same as "" */
    size_t len;
};

/* printf("%.*s", STR_ARGS(s)) */
#define STR_ARGS(s)       (int)(s).len, (s).data != NULL ? (s).data : ""
#define STR_LITERAL(text) ((struct str){.data = (text), .len = sizeof(text) - 1})

static inline struct str str_from(const char *text)
{
    return (struct str){.data = text, .len = text != NULL ? strlen(text) : 0};
}

static inline struct str str_slice(const char *data, size_t len)
{
    return (struct str){.data = data, .len = len};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool str_is(struct str a, const char *text)
{
    return str_eq(a, str_from(text));
}

/* Order by bytes; a prefix sorts first. <0, 0, >0 like memcmp. */
int str_compare(struct str a, struct str b);
bool str_starts_with(struct str text, const char *prefix);
/* ASCII case ignored. */
bool str_eq_nocase(struct str a, struct str b);
/* Without leading and trailing ASCII white space. */
struct str str_trim(struct str text);
/* Splits at the first `separator`: returns what is before it and moves `rest` behind it; the last
 * piece leaves `rest` absent (data NULL). Use: while (rest.data) piece = str_cut(&rest, ','); */
struct str str_cut(struct str *rest, char separator);
/* A decimal integer, the whole slice, optional '-'. False when empty, malformed or out of range. */
bool str_to_int64(struct str text, int64_t *ret_value) MUSTCHECK;
/* A JSON-shaped decimal number, the whole slice; finite only. */
bool str_to_double(struct str text, double *ret_value) MUSTCHECK;
/*
 * "Did you mean …?": offer every known name; `best` is the first of those nearest to `wanted`, at
 * most two single letters inserted, dropped or changed away (ASCII case ignored), or NULL. struct
 * str_guess guess = {.wanted = name}; for (…) str_guess(&guess, known[i]);
 */
struct str_guess {
    struct str wanted;
    const char *best;
    size_t best_distance; /* meaningless without best */
};
void str_guess(struct str_guess *guess, const char *candidate);

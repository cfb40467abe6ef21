/*
 * Content-Type (RFC 9110 section 8.3): which kind of body a request carries, and the parameters
 * that tell how to read it. Content-Disposition in a multipart part has the same parameters and
 * shares their parser.
 *
 * Strict where two parsers could disagree: a repeated parameter, white space around '=', anything
 * after the closing quotation mark is malformed. In a quoted string a backslash escapes only '"'
 * and
 * '\': browsers send other backslashes (of Windows paths) as they are.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum {
    MEDIA_TYPE_BYTES_MAX = 1024, /* a header value */
    MEDIA_PARAMETERS_MAX = 8,
};

struct media_parameter {
    struct str name;  /* lower case */
    struct str value; /* without quotation marks and escapes; any byte ≥ 0x20 */
};

struct media_parameters {
    struct media_parameter items[MEDIA_PARAMETERS_MAX];
    size_t count;
};

struct media_type {
    struct str type;    /* lower case, "application" */
    struct str subtype; /* lower case, "json" */
    struct media_parameters parameters;
};

enum media_kind {
    MEDIA_KIND_OTHER,
    MEDIA_KIND_JSON,       /* application/json and application/…+json */
    MEDIA_KIND_URLENCODED, /* application/x-www-form-urlencoded */
    MEDIA_KIND_MULTIPART,  /* multipart/form-data */
    MEDIA_KIND_COUNT_
};

/* Reads a Content-Type header value; the result's texts live in the arena. ERR_UNSUPPORTED when the
 * header is absent or empty, ERR_MALFORMED, ERR_NOMEM. */
enum err_code media_type_parse(struct str header, struct arena *arena, struct media_type *ret_type,
                               struct err *reterr) MUSTCHECK;

/* What the service can do with such a body. */
enum media_kind media_type_kind(const struct media_type *type);

/* Reads `; name=value; name="value"` up to the end of the text, texts in the arena. ERR_MALFORMED,
 * ERR_NOMEM. */
enum err_code media_parameters_parse(struct str text, struct arena *arena,
                                     struct media_parameters *ret_parameters,
                                     struct err *reterr) MUSTCHECK;

/* A parameter's value by its lower-case name; absent (data NULL) when it is not there. */
struct str media_parameter(const struct media_parameters *parameters, const char *name);

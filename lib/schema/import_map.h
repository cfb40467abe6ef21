/*
 * The import map: which of our fields a CSV file's columns fill.
 *
 * A map is a JSON object from our field to a template over the file's columns:
 * `{"email": "{mql_id}@example.com", "kind": "form_submission"}`. Text outside braces is constant,
 * `{column}` is replaced by the row's value, `{{` and `}}` stand for a brace. A result that is
 * empty (or only white space) leaves the field out, and so does an attribute's template over a
 * column that this file does not have and that is not nearly the name of one it has: one map serves
 * several files. Without a map, columns that are named as our fields are used as they are. A map is
 * compiled once against the header and applied to each row; what a value means (a date, a slug, an
 * amount) is not this module's business.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"

enum {
    IMPORT_MAP_BYTES_MAX = 64 * 1024, /* of the JSON text */
    IMPORT_FIELDS_MAX = 500,          /* keys in a map; as many as a file may have columns */
    IMPORT_TEMPLATE_BYTES_MAX = 4096,
    IMPORT_NAME_BYTES_MAX = 64, /* of NAME in attributes.NAME, consents.NAME, properties.NAME */
    IMPORT_VALUE_BYTES_MAX = 64 * 1024,
};

enum import_kind { IMPORT_CONTACTS, IMPORT_ACTIVITIES, IMPORT_DEALS, IMPORT_KIND_COUNT_ };

enum import_field {
    IMPORT_EMAIL,
    IMPORT_OCCURRED_AT,
    IMPORT_KIND,
    IMPORT_FORM,
    IMPORT_OFFER,
    IMPORT_CAMPAIGN,
    IMPORT_CHANNEL,
    IMPORT_ID,
    IMPORT_WON_AT,
    IMPORT_AMOUNT,
    IMPORT_CURRENCY,
    IMPORT_ASSIGNEE,
    IMPORT_QUALIFIED_BY,
    IMPORT_ATTRIBUTE, /* attributes.NAME */
    IMPORT_CONSENT,   /* consents.PURPOSE */
    IMPORT_PROPERTY,  /* properties.NAME */
    IMPORT_FIELD_COUNT_
};

struct import_value {
    enum import_field field;
    struct str name;  /* NAME or PURPOSE; absent for fields without one */
    struct str value; /* not empty, without surrounding white space */
    size_t column;    /* whose value it is; IMPORT_NO_COLUMN: made of several pieces, or constant */
};
#define IMPORT_NO_COLUMN SIZE_MAX

struct import_row {
    const struct import_value *values; /* in the map's order, each field (and name) at most once */
    size_t count;
};

/* An attribute without a column in this file. */
struct import_left_out {
    struct str key; /* "attributes.NAME" */
    struct str column;
};

struct import_map; /* lives in the arena it was compiled in; read-only afterwards */

/* "email", "attributes" …: the field's name in a map. Static. */
const char *import_field_name(enum import_field field);

/* Compiles the JSON text `json` against the file's columns into `arena`, which must outlive the
 * map, as must the columns' texts. Names of columns are compared exactly; white space next to the
 * braces is ignored. Every fault goes to `faults` (which comes empty), with the map's key as
 * pointer and one of the codes unknown (no such field), unknown_column, ambiguous_column (the file
 * has it twice), required, type, format, too_long; then ERR_INVALID with their number.
 * ERR_MALFORMED when the text is not JSON, ERR_TOO_LARGE, ERR_NOMEM. */
enum err_code import_map_compile(enum import_kind kind, struct str json, const struct str *columns,
                                 size_t column_count, struct arena *arena, struct faults *faults,
                                 struct import_map **ret_map, struct err *reterr) MUSTCHECK;
/* The map of a file that comes without one: each column named as one of our fields fills it. Fails
 * as import_map_compile does when a required field has no column or a field has two. */
enum err_code import_map_from_columns(enum import_kind kind, const struct str *columns,
                                      size_t column_count, struct arena *arena,
                                      struct faults *faults, struct import_map **ret_map,
                                      struct err *reterr) MUSTCHECK;

/* Whether the map fills `field` at all (for a field with names: any of them). */
bool import_map_has(const struct import_map *map, enum import_field field);
/* The columns that no template reads, in file order: worth telling the user. */
const struct str *import_map_unused_columns(const struct import_map *map, size_t *ret_count);
/* The attributes that are left out of every row, in the map's order: worth telling too. */
const struct import_left_out *import_map_left_out(const struct import_map *map, size_t *ret_count);

/* Applies the map to one row (as many fields as there were columns). Values point into `fields`,
 * the map or `arena`. ERR_TOO_LARGE when a result is longer than IMPORT_VALUE_BYTES_MAX, ERR_NOMEM
 * when the arena's limit is reached. Thread-safe for different arenas. */
enum err_code import_map_apply(const struct import_map *map, const struct str *fields,
                               struct arena *arena, struct import_row *ret_row,
                               struct err *reterr) MUSTCHECK;

/*
 * One row of an import: from the file's columns, through the map, to what the store is asked to do.
 * The same rules as the API's; everything that is wrong with a row is told at once, in one line of
 * text.
 *
 * In two steps, since the second depends on the set-up, which may change while an import runs: a
 * record is what the row says, an input is what that means now.
 */
#pragma once

#include "domain/change.h"
#include "domain/email_address.h"
#include "schema/import_map.h"
#include "schema/local_time.h"
#include "schema/ndjson.h"

enum { MEMBER_NAME_CHARS_MAX = 200 };

/* How a row is read; the same for all of a file. */
struct import_rules {
    enum import_kind kind;
    const struct import_map *map;
    enum date_order date_order;
    bool is_historical;
};

struct import_record {
    struct import_row row;         /* as mapped */
    const enum ndjson_kind *kinds; /* of row.values; NULL: all texts */
    struct email_address address;
    struct str kind; /* of the activity; absent: an upsert. Of a deal: new, upsell, renewal */
    struct str form;
    struct str offer;
    struct str campaign;
    struct str channel;
    struct uuid id; /* nil: made from the content */
    bool has_time;
    struct local_time time; /* occurred_at or won_at */
    bool has_amount;
    int64_t amount;
    struct str currency;
    struct str assignee; /* a member's id, e-mail or name */
    struct str qualified_by;
    const char *reason; /* why the row is rejected; NULL: it is fine so far */
};

/* What the record's names stand for, worked out by the caller. */
struct import_resolved {
    int64_t at_us; /* TIME_NONE: the row has no time */
    struct uuid assignee;
    struct uuid qualified_by;
};

/* Maps and checks one row; `kinds` NULL: the fields are all texts. Texts point into `fields` or the
 * arena. OK (also when record->reason is set), or ERR_NOMEM. */
enum err_code import_record_read(const struct import_rules *rules, const struct str *fields,
                                 const enum ndjson_kind *kinds, struct arena *arena,
                                 struct import_record *record, struct err *reterr) MUSTCHECK;

/* The record as an input, checked against the set-up; record->reason is set when it is refused.
 * ERR_NOMEM. */
enum err_code import_record_input(const struct import_rules *rules, struct import_record *record,
                                  const struct import_resolved *resolved, struct catalog *catalog,
                                  struct arena *arena, struct input *input) MUSTCHECK;

/* Adds "field: detail" to the record's reason. */
void import_record_refuse(struct import_record *record, struct arena *arena, struct str field,
                          const char *detail);

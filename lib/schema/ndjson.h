/*
 * NDJSON in, for imports: a JSON object on each line, read as a row of named fields.
 *
 * What is nested gets a name with a dot: {"attributes": {"city": "Lyon"}} is the field
 * "attributes.city". A list `consents` of {"purpose", "granted"} becomes fields "consents.PURPOSE";
 * any other list stays as it is written. Null is no field. The names `_reason`, `_line` and `_text`
 * are those of a file of rejects and are passed over.
 *
 * The reader streams: it holds one line, whatever the file's size. Objects need not have the same
 * names; which there are is found out by reading the file once (ndjson_learn), so that a row has
 * its fields in a fixed order. Blank lines are skipped. A line that is no JSON object, or breaks
 * the limits, is handed out as rejected and reading goes on with the next.
 */
#pragma once

#include "schema/csv.h"
#include "schema/json.h"

enum {
    NDJSON_LINE_BYTES_MAX = CSV_ROW_BYTES_MAX, /* without its line end */
    NDJSON_COLUMNS_MAX = CSV_COLUMNS_MAX,
    NDJSON_NAME_BYTES_MAX = 256,
    NDJSON_COLUMN_SLOTS = 2048,
};

/* What a field's text was in JSON. */
enum ndjson_kind { NDJSON_TEXT, NDJSON_NUMBER, NDJSON_BOOLEAN, NDJSON_LIST };

/* The names in a file, in the order of their first occurrence. */
struct ndjson_columns {
    struct arena *arena; /* owns the names */
    struct str names[NDJSON_COLUMNS_MAX];
    size_t count;
    uint16_t slots[NDJSON_COLUMN_SLOTS]; /* open addressing: place in names + 1; 0: free */
};

/* Private. */
struct ndjson_reader {
    struct csv_source source;
    struct ndjson_columns *columns;
    bool is_learning;
    struct buf window;
    size_t start;            /* of the next line in window */
    uint64_t consumed_bytes; /* of the file, before window's first byte */
    uint64_t line;
    uint64_t rows;
    bool is_at_end;
    bool is_skipping; /* the rest of a line that was too long */
    struct arena arena;
    json_t *object; /* the row's; owned */
    struct str fields[NDJSON_COLUMNS_MAX];
    enum ndjson_kind kinds[NDJSON_COLUMNS_MAX];
    const char *fault;
    struct err reason;
};

struct ndjson_row {
    uint64_t number;          /* from 1; rejected rows count, blank lines do not */
    uint64_t line;            /* in the file, from 1 */
    const struct str *fields; /* by column, "" where there is none; NULL in a rejected row */
    const enum ndjson_kind *kinds;
    struct str text;    /* as it stands in the file, at most NDJSON_LINE_BYTES_MAX */
    const char *reason; /* rejected: a sentence that names the line; else NULL */
};

void ndjson_columns_init(struct ndjson_columns *columns, struct arena *arena);

/* `columns` must outlive the reader. With `is_learning` it takes new names from the rows, else a
 * row with a new one fails the reading: the file was changed since it was learnt from. */
void ndjson_reader_init(struct ndjson_reader *reader, struct csv_source source,
                        struct ndjson_columns *columns, bool is_learning);
/* The next row; what it points to is valid until the next call. Results and errors are those of
 * csv_reader_next; ERR_TOO_LARGE when there are more than NDJSON_COLUMNS_MAX different names. */
enum csv_result ndjson_reader_next(struct ndjson_reader *reader, struct ndjson_row *ret_row,
                                   struct err *reterr) MUSTCHECK;
uint64_t ndjson_reader_bytes(const struct ndjson_reader *reader);
/* Takes NULL and a zeroed reader. */
void ndjson_reader_done(struct ndjson_reader *reader);

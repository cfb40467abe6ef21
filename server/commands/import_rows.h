/*
 * The file of an import as rows of columns: CSV, or NDJSON when its name ends in .ndjson or .jsonl.
 * It may be read more than once, always from its first row.
 */
#pragma once

#include "schema/csv.h"
#include "schema/ndjson.h"

struct import_rows {
    const char *path; /* not owned */
    int file;
    uint64_t file_bytes;
    struct arena *arena; /* owns the columns */
    const struct str *columns;
    size_t column_count;
    bool is_ndjson;
    struct csv_reader csv;
    struct ndjson_columns *names; /* NDJSON's columns; in the arena */
    struct ndjson_reader ndjson;
};

struct import_source_row {
    uint64_t number;          /* from 1; rejected rows count */
    const struct str *fields; /* as many as there are columns; NULL: the row breaks the format */
    const enum ndjson_kind *kinds; /* what the fields were; NULL: all texts */
    struct str text;               /* as it stands in the file; of a right row of CSV absent */
    const char *reason;
};

/* Opens the file and reads its columns: of CSV the header, of NDJSON all of it. In place; needs
 * import_rows_done whatever this returns. ERR_INVALID, ERR_TOO_LARGE, ERR_NOMEM. */
enum err_code import_rows_open(struct import_rows *rows, const char *path, struct arena *arena,
                               struct err *reterr) MUSTCHECK;
/* From the first row on, again. Needed before the first import_rows_next, too. */
enum err_code import_rows_rewind(struct import_rows *rows, struct err *reterr) MUSTCHECK;
/* As csv_reader_next. */
enum csv_result import_rows_next(struct import_rows *rows, struct import_source_row *ret_row,
                                 struct err *reterr) MUSTCHECK;
/* Of the file, up to the end of the last row. */
uint64_t import_rows_bytes(const struct import_rows *rows);
/* Takes a zeroed one. */
void import_rows_done(struct import_rows *rows);

/*
 * CSV in and out (RFC 4180), for imports, their rejects and exports.
 *
 * The reader streams: it holds one row and one read's worth of the file, whatever the file's size.
 * It takes what real files have: a UTF-8 byte order mark; CRLF, LF or CR as line ends; quoted
 * fields with delimiters, line ends and doubled quotes in them; blank lines (skipped); `,` `;` or
 * tab as delimiter, told from the header. A row that breaks the rules is handed out as rejected,
 * with its line, and reading goes on: after the row where it is well formed but wrong (not as many
 * fields as the header, not UTF-8), else at the line after the one it began on, so that an unclosed
 * quote costs one row and not the rest of the file. Nothing is repaired by guessing.
 *
 * The writer quotes what needs it. It never puts a `'` or a space before `=`, `+`, `-` or `@` to
 * disarm a spreadsheet's formulas: these files are data that programs read back, and such a prefix
 * would corrupt telephone and negative numbers. Whoever opens one in a spreadsheet imports the
 * columns as text.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    CSV_FIELD_BYTES_MAX = 64 * 1024, /* of a field's value */
    CSV_ROW_BYTES_MAX = 1024 * 1024, /* as written in the file, with its line end */
    CSV_COLUMNS_MAX = 500,
    CSV_READ_BYTES = 64 * 1024, /* asked of the source at a time */
};

/* Where the bytes come from. `read` puts up to `size` bytes at `out` and their number into
 * *ret_len; 0 is the end. It fails with err_set, which is handed on. */
struct csv_source {
    enum err_code (*read)(void *context, char *out, size_t size, size_t *ret_len,
                          struct err *reterr);
    void *context;
};

struct csv_row {
    uint64_t number;          /* from 1 after the header; rejected rows count, blank lines do not */
    uint64_t line;            /* where the row begins in the file; the first line is 1 */
    const struct str *fields; /* as many as the header has columns; NULL in a rejected row */
    size_t count;
    struct str text;    /* rejected: what stands in the file and is passed over, without its line
                           end; any bytes, at most CSV_ROW_BYTES_MAX; otherwise absent */
    const char *reason; /* rejected: a sentence that names the line; otherwise NULL */
};

enum csv_result {
    CSV_ROW,      /* a row; every field is valid UTF-8 without NUL */
    CSV_REJECTED, /* a row that breaks the rules; go on calling */
    CSV_END,
    CSV_FAILED, /* the source failed or memory ran out; call no more */
};

/* Private but for delimiter, columns and column_count. */
struct csv_reader {
    struct csv_source source;
    char delimiter;            /* ',' ';' or '\t' */
    const struct str *columns; /* names without surrounding white space; may be empty or repeated */
    size_t column_count;
    struct arena arena;      /* owns the columns */
    struct buf window;       /* the file's bytes that were read and not yet dropped */
    size_t start;            /* of the next row in window */
    uint64_t consumed_bytes; /* of the file, before window's first byte */
    uint64_t line;           /* of the next row */
    uint64_t rows;           /* handed out or rejected */
    bool is_at_end;          /* the source has no more */
    bool is_skipping; /* what follows is the rest of a line that was longer than a row may be */
    struct str fields[CSV_COLUMNS_MAX];
    size_t doubled_quotes[CSV_COLUMNS_MAX]; /* by field, in the row being read */
    struct err reason;
};

/* In place: reads the header. `delimiter` 0 tells it from the header: the most frequent of , ; and
 * tab outside quotes, the comma if none occurs. ERR_INVALID when the file is empty or not UTF-8
 * text or the header breaks the rules, ERR_NOMEM, or what the source failed with. The reader needs
 * csv_reader_done whatever this returns. */
enum err_code csv_reader_open(struct csv_reader *reader, struct csv_source source, char delimiter,
                              struct err *reterr) MUSTCHECK;
/* The next row into *ret_row; what that points to is valid until the next call. `reterr` is set
 * with CSV_FAILED only. */
enum csv_result csv_reader_next(struct csv_reader *reader, struct csv_row *ret_row,
                                struct err *reterr) MUSTCHECK;
/* Bytes of the file up to the end of the last row, for a progress bar. */
uint64_t csv_reader_bytes(const struct csv_reader *reader);
/* Takes NULL and a zeroed reader. The source stays the caller's. */
void csv_reader_done(struct csv_reader *reader);

struct csv_writer {
    struct buf *buf;   /* not owned; its failure is sticky, so look at it at the end */
    char delimiter;    /* ',' ';' or '\t' */
    size_t row_fields; /* written in this row */
    size_t row_start;  /* where it begins in buf */
};

void csv_writer_init(struct csv_writer *csv, struct buf *buf, char delimiter);
/* Absent and empty are both written as nothing. Any bytes. */
void csv_write_field(struct csv_writer *csv, struct str value);
/* CRLF, as RFC 4180 has it. A row of one empty field is written as "": a blank line is no row. */
void csv_write_row_end(struct csv_writer *csv);

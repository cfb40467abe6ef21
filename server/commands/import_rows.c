#include "commands/import_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err_code cannot_read(const struct import_rows *rows, struct err *reterr)
{
    return err_set(reterr, ERR_INVALID, "%s cannot be read: %s.", rows->path, strerror(errno));
}

static enum err_code read_file(void *context, char *out, size_t size, size_t *ret_len,
                               struct err *reterr)
{
    const struct import_rows *rows = context;
    ssize_t len;
    do {
        len = read(rows->file, out, size);
    } while (len < 0 && errno == EINTR);
    if (len < 0) {
        return cannot_read(rows, reterr);
    }
    *ret_len = (size_t)len;
    return OK;
}

static enum err_code open_file(struct import_rows *rows, struct err *reterr)
{
    struct stat status;
    rows->file = open(rows->path, O_RDONLY | O_CLOEXEC);
    if (rows->file < 0 || fstat(rows->file, &status) != 0) {
        return cannot_read(rows, reterr);
    }
    if (!S_ISREG(status.st_mode)) {
        return err_set(reterr, ERR_INVALID, "%s is no file. An import reads its file twice.",
                       rows->path);
    }
    rows->file_bytes = (uint64_t)status.st_size;
    return OK;
}

static bool has_ending(struct str path, const char *ending)
{
    const struct str wanted = str_from(ending);
    return path.len > wanted.len &&
           str_eq_nocase(str_slice(path.data + path.len - wanted.len, wanted.len), wanted);
}

/* The map points at the columns' names, and the reader that they came from is gone before the map
 * is. */
static enum err_code keep_header(struct import_rows *rows, struct err *reterr)
{
    rows->column_count = rows->csv.column_count;
    struct str *columns = arena_array(rows->arena, rows->column_count, sizeof *columns);
    bool is_kept = columns != NULL;
    for (size_t i = 0; i < rows->column_count && is_kept; i++) {
        columns[i] = arena_str(rows->arena, rows->csv.columns[i]);
        is_kept = columns[i].data != NULL;
    }
    rows->columns = columns;
    return is_kept ? OK : err_set(reterr, ERR_NOMEM, "Out of memory for an import.");
}

/* A row of another header would be read through a map that does not fit it. */
static enum err_code check_header(const struct import_rows *rows, struct err *reterr)
{
    bool is_same = rows->csv.column_count == rows->column_count;
    for (size_t i = 0; i < rows->column_count && is_same; i++) {
        is_same = str_eq(rows->csv.columns[i], rows->columns[i]);
    }
    return is_same ? OK
                   : err_set(reterr, ERR_INVALID, "%s was changed while it was being read.",
                             rows->path);
}

static enum err_code rewind_csv(struct import_rows *rows, struct err *reterr)
{
    csv_reader_done(&rows->csv);
    rows->csv = (struct csv_reader){0};
    const enum err_code code =
        csv_reader_open(&rows->csv, (struct csv_source){read_file, rows}, 0, reterr);
    if (code != OK) {
        return code;
    }
    return rows->columns == NULL ? keep_header(rows, reterr) : check_header(rows, reterr);
}

static void rewind_ndjson(struct import_rows *rows)
{
    ndjson_reader_done(&rows->ndjson);
    ndjson_reader_init(&rows->ndjson, (struct csv_source){read_file, rows}, rows->names,
                       /* is_learning= */ rows->columns == NULL);
}

enum err_code import_rows_rewind(struct import_rows *rows, struct err *reterr)
{
    if (lseek(rows->file, 0, SEEK_SET) != 0) {
        return cannot_read(rows, reterr);
    }
    if (!rows->is_ndjson) {
        return rewind_csv(rows, reterr);
    }
    rewind_ndjson(rows);
    return OK;
}

/* Reads all of it once for the names that its objects have. */
static enum err_code learn_names(struct import_rows *rows, struct err *reterr)
{
    rows->names = arena_alloc(rows->arena, sizeof *rows->names);
    if (rows->names == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for an import.");
    }
    ndjson_columns_init(rows->names, rows->arena);
    rewind_ndjson(rows);
    struct ndjson_row row;
    enum csv_result result;
    do {
        result = ndjson_reader_next(&rows->ndjson, &row, reterr);
    } while (result == CSV_ROW || result == CSV_REJECTED);
    if (result == CSV_FAILED) {
        return reterr->code;
    }
    rows->columns = rows->names->names;
    rows->column_count = rows->names->count;
    return rows->column_count > 0
               ? OK
               : err_set(reterr, ERR_INVALID, "%s has no line with a JSON object.", rows->path);
}

enum err_code import_rows_open(struct import_rows *rows, const char *path, struct arena *arena,
                               struct err *reterr)
{
    const struct str name = str_from(path);
    *rows = (struct import_rows){
        .path = path,
        .file = -1,
        .arena = arena,
        .is_ndjson = has_ending(name, ".ndjson") || has_ending(name, ".jsonl"),
    };
    const enum err_code code = open_file(rows, reterr);
    if (code != OK) {
        return code;
    }
    return rows->is_ndjson ? learn_names(rows, reterr) : import_rows_rewind(rows, reterr);
}

enum csv_result import_rows_next(struct import_rows *rows, struct import_source_row *ret_row,
                                 struct err *reterr)
{
    enum csv_result result;
    if (rows->is_ndjson) {
        struct ndjson_row row;
        result = ndjson_reader_next(&rows->ndjson, &row, reterr);
        if (result == CSV_ROW || result == CSV_REJECTED) {
            *ret_row = (struct import_source_row){.number = row.number,
                                                  .fields = row.fields,
                                                  .kinds = row.kinds,
                                                  .text = row.text,
                                                  .reason = row.reason};
        }
        return result;
    }
    struct csv_row row;
    result = csv_reader_next(&rows->csv, &row, reterr);
    if (result == CSV_ROW || result == CSV_REJECTED) {
        *ret_row = (struct import_source_row){
            .number = row.number, .fields = row.fields, .text = row.text, .reason = row.reason};
    }
    return result;
}

uint64_t import_rows_bytes(const struct import_rows *rows)
{
    return rows->is_ndjson ? ndjson_reader_bytes(&rows->ndjson) : csv_reader_bytes(&rows->csv);
}

void import_rows_done(struct import_rows *rows)
{
    if (rows->path == NULL) {
        return;
    }
    csv_reader_done(&rows->csv);
    ndjson_reader_done(&rows->ndjson);
    if (rows->file >= 0) {
        (void)close(rows->file);
        rows->file = -1;
    }
}

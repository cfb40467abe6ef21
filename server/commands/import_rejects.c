#include "commands/import_rejects.h"

#include <errno.h>

enum { REJECT_BYTES_MAX = 3 * CSV_ROW_BYTES_MAX }; /* quoting may double what stands in the file */

void import_rejects_init(struct import_rejects *rejects, const char *path)
{
    *rejects = (struct import_rejects){.path = path};
    buf_init(&rejects->row, REJECT_BYTES_MAX);
}

static enum err_code fail(const struct import_rejects *rejects, struct err *reterr)
{
    return err_set(reterr, ERR_INVALID, "The file of rejects %s cannot be written: %s.",
                   rejects->path, strerror(errno));
}

static enum err_code write_row(struct import_rejects *rejects, struct err *reterr)
{
    if (rejects->row.failed) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for a rejected row.");
    }
    return fwrite(rejects->row.data, 1, rejects->row.len, rejects->file) == rejects->row.len
               ? OK
               : fail(rejects, reterr);
}

static enum err_code open_file(struct import_rejects *rejects, const struct csv_reader *reader,
                               struct err *reterr)
{
    rejects->file = fopen(rejects->path, "we");
    if (rejects->file == NULL) {
        return fail(rejects, reterr);
    }
    struct csv_writer csv;
    buf_clear(&rejects->row);
    csv_writer_init(&csv, &rejects->row, reader->delimiter);
    for (size_t i = 0; i < reader->column_count; i++) {
        csv_write_field(&csv, reader->columns[i]);
    }
    csv_write_field(&csv, STR_LITERAL("reason"));
    csv_write_row_end(&csv);
    return write_row(rejects, reterr);
}

enum err_code import_rejects_add(struct import_rejects *rejects, const struct csv_reader *reader,
                                 const struct import_line *line, struct err *reterr)
{
    const enum err_code code = rejects->file == NULL ? open_file(rejects, reader, reterr) : OK;
    if (code != OK) {
        return code;
    }
    struct csv_writer csv;
    buf_clear(&rejects->row);
    csv_writer_init(&csv, &rejects->row, reader->delimiter);
    for (size_t i = 0; i < reader->column_count; i++) {
        const struct str text = i == 0 ? line->text : (struct str){0};
        csv_write_field(&csv, line->fields != NULL ? line->fields[i] : text);
    }
    csv_write_field(&csv, str_from(line->record.reason));
    csv_write_row_end(&csv);
    rejects->count++;
    return write_row(rejects, reterr);
}

enum err_code import_rejects_close(struct import_rejects *rejects, struct err *reterr)
{
    FILE *file = TAKE(rejects->file);
    return file == NULL || fclose(file) == 0 ? OK : fail(rejects, reterr);
}

void import_rejects_done(struct import_rejects *rejects)
{
    buf_done(&rejects->row);
    if (rejects->file != NULL) {
        (void)fclose(rejects->file);
        rejects->file = NULL;
    }
}

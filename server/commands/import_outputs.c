#include "commands/import_outputs.h"

#include <errno.h>

#include "base/utf8.h"

enum { ROW_BYTES_MAX = 7 * CSV_ROW_BYTES_MAX }; /* JSON writes some bytes as six */

const char *const import_outcome_names[] = {
    [IMPORT_REJECTED] = "rejected",
    [IMPORT_KNOWN] = "known",
    [IMPORT_TAKEN] = "imported",
    [IMPORT_MADE] = "made",
};

void import_output_init(struct import_output *output, const char *path)
{
    *output = (struct import_output){.path = path};
    buf_init(&output->row, ROW_BYTES_MAX);
}

static enum err_code fail(const struct import_output *output, struct err *reterr)
{
    return err_set(reterr, ERR_INVALID, "The file %s cannot be written: %s.", output->path,
                   strerror(errno));
}

static enum err_code open_file(struct import_output *output, struct err *reterr)
{
    output->file = output->file != NULL ? output->file : fopen(output->path, "we");
    return output->file != NULL ? OK : fail(output, reterr);
}

static enum err_code write_row(struct import_output *output, struct err *reterr)
{
    if (output->row.failed) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for a row of %s.", output->path);
    }
    return fwrite(output->row.data, 1, output->row.len, output->file) == output->row.len
               ? OK
               : fail(output, reterr);
}

enum err_code import_output_close(struct import_output *output, struct err *reterr)
{
    FILE *file = TAKE(output->file);
    return file == NULL || fclose(file) == 0 ? OK : fail(output, reterr);
}

void import_output_done(struct import_output *output)
{
    buf_done(&output->row);
    if (output->file != NULL) {
        (void)fclose(output->file);
        output->file = NULL;
    }
}

/* ---- rejects ---- */

static enum err_code write_header(struct import_output *rejects, const struct import_rows *rows,
                                  struct err *reterr)
{
    struct csv_writer csv;
    buf_clear(&rejects->row);
    csv_writer_init(&csv, &rejects->row, rows->csv.delimiter);
    for (size_t i = 0; i < rows->column_count; i++) {
        csv_write_field(&csv, rows->columns[i]);
    }
    csv_write_field(&csv, STR_LITERAL("reason"));
    csv_write_row_end(&csv);
    return write_row(rejects, reterr);
}

static void write_csv(struct buf *row, const struct import_rows *rows,
                      const struct import_line *line)
{
    struct csv_writer csv;
    csv_writer_init(&csv, row, rows->csv.delimiter);
    for (size_t i = 0; i < rows->column_count; i++) {
        const struct str text = i == 0 ? line->text : (struct str){0};
        csv_write_field(&csv, line->fields != NULL ? line->fields[i] : text);
    }
    csv_write_field(&csv, str_from(line->record.reason));
    csv_write_row_end(&csv);
}

/* Out of memory shows as an object without what it was. */
static void write_ndjson(struct buf *row, const struct import_line *line)
{
    struct err ignored;
    json_auto_t *object = NULL;
    if (json_parse(line->text, &object, &ignored) != OK || !json_is_object(object)) {
        json_decref(object);
        object = json_object();
        if (utf8_is_valid(line->text)) {
            (void)json_object_set_new(object, "_text",
                                      json_stringn(line->text.data, line->text.len));
        }
    }
    row->failed = object == NULL ||
                  json_object_set_new(object, "_reason", json_string(line->record.reason)) != 0;
    if (!row->failed) {
        json_serialize(row, object);
        buf_append_char(row, '\n');
    }
}

enum err_code import_rejects_add(struct import_output *rejects, const struct import_rows *rows,
                                 const struct import_line *line, struct err *reterr)
{
    const bool is_first = rejects->file == NULL;
    enum err_code code = open_file(rejects, reterr);
    if (code == OK && is_first && !rows->is_ndjson) {
        code = write_header(rejects, rows, reterr);
    }
    if (code != OK) {
        return code;
    }
    buf_clear(&rejects->row);
    if (rows->is_ndjson) {
        write_ndjson(&rejects->row, line);
    } else {
        write_csv(&rejects->row, rows, line);
    }
    rejects->count++;
    return write_row(rejects, reterr);
}

/* ---- results ---- */

enum err_code import_results_add(struct import_output *results, const struct import_line *line,
                                 struct err *reterr)
{
    const bool is_first = results->file == NULL;
    const enum err_code code = open_file(results, reterr);
    if (code != OK) {
        return code;
    }
    struct csv_writer csv;
    buf_clear(&results->row);
    csv_writer_init(&csv, &results->row, ',');
    if (is_first) {
        static const char *const names[] = {"row", "result", "contact_id", "reason"};
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            csv_write_field(&csv, str_from(names[i]));
        }
        csv_write_row_end(&csv);
    }
    char number[24];
    char id[UUID_TEXT_BYTES];
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)line->number);
    csv_write_field(&csv, str_from(number));
    csv_write_field(&csv, str_from(import_outcome_names[line->outcome]));
    csv_write_field(&csv, uuid_is_nil(line->contact_id)
                              ? (struct str){0}
                              : str_from(uuid_format(line->contact_id, id)));
    csv_write_field(&csv,
                    line->record.reason != NULL ? str_from(line->record.reason) : (struct str){0});
    csv_write_row_end(&csv);
    results->count++;
    return write_row(results, reterr);
}

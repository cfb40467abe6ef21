/*
 * Everything that is held about a person, for the person: access and portability. As one JSON
 * document, or as CSV with a line for each value, which a spreadsheet opens.
 */
#include "handlers/contact_answers.h"
#include "handlers/handlers.h"
#include "handlers/touches.h"
#include "schema/json.h"
#include "table.h"

/* In the order in which contact_export.sql gives them; each is there, if only empty. */
static const char *const parts[] = {
    "addresses",  "sources",         "merged",   "consents",    "submissions",
    "activities", "stage_changes",   "handoffs", "attempts",    "feedback",
    "clocks",     "handoff_history", "deals",    "quarantined", NULL};

enum { COLUMN_PART, COLUMN_ITEM };
enum { CONTACT_BYTES_MAX = 1 << 20, NAME_BYTES_MAX = 4096 };

enum request_step contact_export_start(struct request *request)
{
    struct uuid contact_id;
    struct read_op *read = request_uuid_param(request, 0, &contact_id) ? request_read(request)
                                                                       : NULL;
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    contact_ask(request, read, contact_id);
    param_uuid(read_op_query(read, STATEMENT_CONTACT_EXPORT), contact_id);
    return REQUEST_RUN;
}

/* The contact as GET shows it, as JSON text in `buf`. */
static enum err_code show_contact(struct request *request, struct buf *buf,
                                  struct uuid *ret_contact_id, struct err *reterr)
{
    const struct read_query *queries = request->read->queries;
    struct contact_reader reader;
    struct json_writer json;
    contact_reader_init(&reader, request);
    json_writer_init(&json, buf);
    enum err_code code = contact_reader_take(&reader, queries[0].rows, 0, reterr);
    code = code != OK ? code
                      : touches_take(queries[1].rows, &reader.arena, &reader.contact, reterr);
    code = code != OK ? code : contact_reader_write(&reader, &json, reterr);
    *ret_contact_id = reader.contact.contact_id;
    contact_reader_done(&reader);
    if (code == OK && buf->failed) {
        code = err_set(reterr, ERR_NOMEM, "Out of memory for a contact. Try again.");
    }
    return code;
}

/* ---- JSON ---- */

static enum request_step as_json(struct request *request, struct str contact,
                                 const struct rows *rows)
{
    struct json_writer json;
    size_t row = 0;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    JSON_FIELD(&json, "exported_at", json_time, request->read->op.now_us);
    JSON_FIELD(&json, "contact", json_raw, contact);
    for (size_t i = 0; parts[i] != NULL; i++) {
        json_key(&json, parts[i]);
        json_array_begin(&json);
        for (; row < rows_count(rows) && str_is(row_text(rows, row, COLUMN_PART), parts[i]);
             row++) {
            json_raw(&json, row_text(rows, row, COLUMN_ITEM));
        }
        json_array_end(&json);
    }
    json_object_end(&json);
    return reply_end(request);
}

/* ---- CSV ---- */

/* Which value is being written: the part, how-manieth of it, and the way to it with dots. */
struct cell {
    struct table *table;
    const char *part;
    int64_t number;
    struct buf name;
};

static void write_cell(struct cell *cell, const json_t *value)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, REPLY_BYTES_MAX);
    if (!json_is_string(value) && !json_is_null(value)) {
        json_serialize(&text, value);
    }
    table_row(cell->table);
    table_text(cell->table, cell->part);
    table_int(cell->table, cell->number);
    table_str(cell->table, buf_str(&cell->name));
    table_str(cell->table, json_is_string(value) ? json_str_of(value)
                           : json_is_null(value) ? (struct str){.data = NULL}
                                                 : buf_str(&text));
}

/* What is within an object gets lines of its own; a list stays as it is. Depth is bounded: it is
 * that of JSON which was taken in. */
static void flatten(struct cell *cell, const json_t *object)
{
    const char *name;
    const json_t *value;
    const size_t mark = cell->name.len;
    json_object_foreach(json_unconst(object), name, value)
    {
        buf_printf(&cell->name, "%s%s", mark > 0 ? "." : "", name);
        if (json_is_object(value)) {
            flatten(cell, value);
        } else {
            write_cell(cell, value);
        }
        cell->name.len = mark;
    }
}

static enum err_code flatten_text(struct cell *cell, struct str text, struct err *reterr)
{
    json_auto_t *root = NULL;
    const enum err_code code = json_parse_stored(text, &root, reterr);
    if (code == OK) {
        flatten(cell, root);
    }
    return code != OK || !cell->name.failed
               ? code
               : err_set(reterr, ERR_NOMEM, "Out of memory for an export. Try again.");
}

static enum request_step as_csv(struct request *request, struct str contact,
                                const struct rows *rows)
{
    static const char *const columns[] = {"part", "number", "field", "value"};
    struct table table;
    struct err err;
    struct cell cell = {.table = &table, .part = "contact", .number = 1};
    table_begin(&table, request, columns, ARRAY_LEN(columns));
    buf_init(&cell.name, NAME_BYTES_MAX);
    enum err_code code = flatten_text(&cell, contact, &err);
    for (size_t row = 0; row < rows_count(rows) && code == OK; row++) {
        const int part = name_index(parts, row_text(rows, row, COLUMN_PART));
        const bool is_same = part >= 0 && strcmp(parts[part], cell.part) == 0;
        cell.number = is_same ? cell.number + 1 : 1;
        cell.part = part >= 0 ? parts[part] : "";
        code = flatten_text(&cell, row_text(rows, row, COLUMN_ITEM), &err);
    }
    buf_done(&cell.name);
    return code == OK ? table_end(&table) : problem_err(request, &err);
}

enum request_step contact_export_finish(struct request *request)
{
    const struct rows *rows = request->read->queries[2].rows;
    if (contact_is_missing(request, request->read->queries[0].rows)) {
        return REQUEST_REPLY;
    }
    CLEANUP(buf_done) struct buf shown;
    buf_init(&shown, CONTACT_BYTES_MAX);
    struct err err;
    struct uuid contact_id;
    if (show_contact(request, &shown, &contact_id, &err) != OK) {
        return problem_err(request, &err);
    }
    contact_say_where(request, contact_id, "/export");
    const struct str accept = http_header(request->message, "Accept");
    return table_format_accepted(accept) == TABLE_CSV ? as_csv(request, buf_str(&shown), rows)
                                                      : as_json(request, buf_str(&shown), rows);
}

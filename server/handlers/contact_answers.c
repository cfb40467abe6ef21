#include "handlers/contact_answers.h"

#include "handlers/handlers.h"
#include "handlers/touches.h"
#include "store/contact_rows.h"

enum { ROW_BYTES_MAX = 16 * 1024 * 1024 };

/* ---- rows ---- */

void contact_reader_init(struct contact_reader *reader, struct request *request)
{
    *reader = (struct contact_reader){.request = request};
    reader->model = catalog_active_model(request->catalog, &reader->model_version);
    arena_init(&reader->arena, ROW_BYTES_MAX);
    arena_init(&reader->scratch, MODEL_SCRATCH_BYTES);
}

void contact_reader_done(struct contact_reader *reader)
{
    arena_done(&reader->arena);
    arena_done(&reader->scratch);
}

enum err_code contact_reader_take(struct contact_reader *reader, const struct rows *rows,
                                  size_t row, struct err *reterr)
{
    struct contact *contact = &reader->contact;
    arena_clear(&reader->arena);
    *contact = (struct contact){.contact_id = {{0}}};
    const enum err_code code = contact_from_row(rows, row, reader->model, reader->model_version,
                                                &reader->arena, contact, reterr);
    if (code == OK && !row_is_null(rows, row, CONTACT_COLUMN_DUE_AT)) {
        contact->clocks[contact->clock_count++] = (struct clock_record){
            .handoff_id = contact->handoff.handoff_id,
            .kind = STR_LITERAL("first_contact"),
            .due_at_us = row_time(rows, row, CONTACT_COLUMN_DUE_AT),
            .breached_at_us = row_time(rows, row, CONTACT_COLUMN_BREACHED_AT),
        };
    }
    return code;
}

enum err_code contact_reader_write(struct contact_reader *reader, struct json_writer *json,
                                   struct err *reterr)
{
    const struct request *request = reader->request;
    const enum err_code code = contact_write(json, &reader->contact, request->catalog,
                                             &reader->arena, &reader->scratch,
                                             request->read->op.now_us);
    return code == OK ? OK : err_set(reterr, code, "Out of memory for a contact. Try again.");
}

enum err_code contact_reader_write_all(struct contact_reader *reader, struct json_writer *json,
                                       const struct rows *rows, size_t count, struct err *reterr)
{
    enum err_code code = OK;
    for (size_t row = 0; row < count && code == OK; row++) {
        code = contact_reader_take(reader, rows, row, reterr);
        code = code != OK ? code : contact_reader_write(reader, json, reterr);
    }
    return code;
}

/* ---- one contact ---- */

void contact_say_where(struct request *request, struct uuid contact_id, const char *rest)
{
    struct uuid asked_id;
    if (request->params[0].data == NULL || !uuid_parse(request->params[0], &asked_id) ||
        uuid_eq(asked_id, contact_id)) {
        return;
    }
    char id[UUID_TEXT_BYTES];
    const char *path =
        arena_printf(request->arena, "/v1/contacts/%s%s", uuid_format(contact_id, id), rest);
    reply_header_url(request, "Content-Location", path);
}

/* The body, or what went wrong. */
static enum err_code write_only(struct request *request, struct contact_reader *reader,
                                unsigned status, struct err *reterr)
{
    const struct read_query *queries = request->read->queries;
    enum err_code code = contact_reader_take(reader, queries[0].rows, 0, reterr);
    code = code != OK ? code
                      : touches_take(queries[1].rows, &reader->arena, &reader->contact, reterr);
    if (code != OK) {
        return code;
    }
    char etag[16];
    contact_etag(&reader->contact, etag);
    contact_say_where(request, reader->contact.contact_id, "");
    /* For If-Match. Never 304: grade, decision and the handoff's summary change without a new
     * version of the record. */
    http_reply_header(request->message, "ETag", str_from(etag));
    struct json_writer json;
    reply_json(request, status, &json);
    return contact_reader_write(reader, &json, reterr);
}

void contact_ask(struct request *request, struct read_op *read, struct uuid contact_id)
{
    int32_t model_version;
    (void)catalog_active_model(request->catalog, &model_version);
    struct params *params = read_op_query(read, STATEMENT_CONTACT_ONE);
    param_uuid(params, contact_id);
    param_int(params, model_version);
    param_uuid(read_op_query(read, STATEMENT_CONTACT_TOUCH_ENDS), contact_id);
}

/* An erased contact has no address, everybody else has. */
bool contact_is_missing(struct request *request, const struct rows *rows)
{
    if (rows_count(rows) == 0) {
        (void)problem(request, ERR_NOT_FOUND, "There is no such contact.");
        return true;
    }
    if (row_is_null(rows, 0, CONTACT_COLUMN_EMAIL)) {
        (void)problem(request, ERR_GONE, "This contact was erased.");
        return true;
    }
    return false;
}

enum request_step contact_answer(struct request *request, unsigned status)
{
    if (contact_is_missing(request, request->read->queries[0].rows)) {
        return REQUEST_REPLY;
    }
    struct err err;
    struct contact_reader reader;
    contact_reader_init(&reader, request);
    const enum err_code code = write_only(request, &reader, status, &err);
    contact_reader_done(&reader);
    return code == OK ? reply_end(request) : problem_err(request, &err);
}

/* ---- after a write ---- */

struct written {
    struct uuid contact_id;
    unsigned status;
};

static enum request_step finish_written(struct request *request)
{
    const struct written *written = request->data;
    if (written->status == 201) {
        char id[UUID_TEXT_BYTES];
        const char *path =
            arena_printf(request->arena, "/v1/contacts/%s", uuid_format(written->contact_id, id));
        reply_header_url(request, "Location", path);
    }
    return contact_answer(request, written->status);
}

enum request_step contact_read_again(struct request *request, struct uuid contact_id,
                                     unsigned status)
{
    struct written *written = arena_alloc(request->arena, sizeof *written);
    struct read_op *read = written != NULL ? request_read(request) : NULL;
    if (read == NULL) {
        return problem(request, ERR_NOMEM,
                       "Out of memory. What was asked for is done; read it again.");
    }
    *written = (struct written){.contact_id = contact_id, .status = status};
    contact_ask(request, read, contact_id);
    read->op.catalog = NULL;
    request->data = written;
    request->finish = finish_written;
    return REQUEST_RUN;
}

/* ---- who says it ---- */

enum attribute_source contact_claim_source(const struct request *request)
{
    return uuid_is_nil(request->principal.member_id) ? SOURCE_CRM : SOURCE_PERSON;
}

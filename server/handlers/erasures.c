/*
 * Erasure on request: a contact, and everybody merged into it, is forgotten; the figures stay. The
 * answer and the list say what was erased, never whom, so that it can be done again on a backup of
 * before (relais erasures replay).
 */
#include "handlers/contact_answers.h"
#include "handlers/handlers.h"
#include "handlers/handoff_refusal.h"
#include "privacy_key_file.h"

/* In the order of erasure_one.sql and erasure_page.sql. */
enum column { COLUMN_CONTACT_ID, COLUMN_ERASED_AT, COLUMN_LINE };

/* ---- one ---- */

enum request_step contact_erase_start(struct request *request)
{
    /* What waits may be of this person, and would bring back what is erased now. */
    if (!spool_is_empty(request->app->spool)) {
        return problem(request, ERR_BUSY,
                       "Form posts that came while the database was away are still being taken in. "
                       "Try again in a moment.");
    }
    struct input *input = arena_alloc(request->arena, sizeof *input);
    if (input == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    request_input_init(request, input, INPUT_ERASE);
    request->data = input;
    if (!request_uuid_param(request, 0, &input->contact_id)) {
        return REQUEST_REPLY;
    }
    if (!request_if_match(request, &input->if_version)) {
        return problem(request, ERR_STALE,
                       "If-Match names no version of this contact. Read it again.");
    }
    return request_change(request, input, 1, LANE_WRITE) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

/* The line is in the database; without it in the file, too, an older backup would not know of it.
 */
static void keep_line(const struct request *request, struct str line)
{
    struct err err;
    if (erasure_list_append(request->app->config->data_dir, line, &err) != OK) {
        log_write(LOG_ERROR, "erasure_list", LOG_TEXT("request_id", request->message->request_id),
                  LOG_TEXT("error", err.detail));
    }
}

static enum request_step finish_erased(struct request *request)
{
    const struct input *input = request->data;
    const struct rows *rows = request->read->queries[0].rows;
    if (rows_count(rows) == 0) {
        return problem(request, ERR_BUG, "The erasure is not in its list.");
    }
    const struct str line = row_text(rows, 0, COLUMN_LINE);
    if (input->result.changed) {
        keep_line(request, line);
    }
    return reply_document(request, 200, line);
}

enum request_step contact_erase_finish(struct request *request)
{
    const struct input *input = request->data;
    if (input->result.code != OK) {
        return handoff_refuse(request, input);
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    read->op.catalog = NULL;
    param_uuid(read_op_query(read, STATEMENT_ERASURE_ONE), input->contact_id);
    request->finish = finish_erased;
    return REQUEST_RUN;
}

/* ---- the list ---- */

struct erasure_query {
    struct list_query list;
};
static const struct query_param erasure_params[] = {LIST_PARAMS(struct erasure_query)};
const struct query erasure_query = QUERY(struct erasure_query, erasure_params);

enum request_step erasures_start(struct request *request)
{
    const struct erasure_query *query = request->query;
    struct list_place place;
    if (!list_place(request, &query->list, &place)) {
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, STATEMENT_ERASURE_PAGE);
    param_time(params, place.at_us);
    param_uuid(params, place.id);
    param_int(params, (int32_t)query->list.limit + 1);
    return REQUEST_RUN;
}

enum request_step erasures_finish(struct request *request)
{
    const struct erasure_query *query = request->query;
    const struct rows *rows = request->read->queries[0].rows;
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    list_begin(request, &json);
    for (size_t row = 0; row < page.count; row++) {
        json_raw(&json, row_text(rows, row, COLUMN_LINE));
    }
    return list_end_behind(request, &json, &page, COLUMN_ERASED_AT, COLUMN_CONTACT_ID);
}

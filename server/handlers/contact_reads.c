/*
 * Reading contacts: one, lists of them, and why one has its score.
 */
#include "domain/email_address.h"
#include "domain/search_pattern.h"
#include "handlers/contact_answers.h"
#include "handlers/handlers.h"
#include "handlers/score_document.h"

static int32_t model_version(const struct request *request)
{
    int32_t version;
    (void)catalog_active_model(request->catalog, &version);
    return version;
}

/* ---- one ---- */

enum request_step contact_get_start(struct request *request)
{
    struct uuid contact_id;
    struct read_op *read = request_uuid_param(request, 0, &contact_id) ? request_read(request)
                                                                       : NULL;
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    contact_ask(request, read, contact_id);
    return REQUEST_RUN;
}

enum request_step contact_get_finish(struct request *request)
{
    return contact_answer(request, 200);
}

/* ---- lists ---- */

struct contact_list_query {
    struct list_query list;
    struct str email;
    struct str search;
};

static const struct query_param contact_list_params[] = {
    QUERY_PARAM("email", STRING, struct contact_list_query, email, .min = 1,
                .max = EMAIL_INPUT_BYTES_MAX),
    QUERY_PARAM("q", STRING, struct contact_list_query, search, .min = 1,
                .max = SEARCH_WORD_CHARS_MAX),
    LIST_PARAMS(struct contact_list_query),
};
const struct query contact_list_query = QUERY(struct contact_list_query, contact_list_params);

/* Each word has to be found. */
static void add_patterns(struct params *params, struct str search)
{
    struct param *patterns = param_array(params, ITEM_TEXT);
    CLEANUP(buf_done) struct buf pattern;
    buf_init(&pattern, SEARCH_PATTERN_BYTES_MAX);
    while (search.data != NULL) {
        const struct str word = str_trim(str_cut(&search, ' '));
        if (word.len > 0) {
            buf_clear(&pattern);
            search_pattern(&pattern, word);
            item_text(patterns, buf_str(&pattern));
        }
    }
}

static enum request_step find_by_email(struct request *request,
                                       const struct contact_list_query *query)
{
    struct email_address address;
    struct err err;
    const enum err_code code = email_address_parse(query->email, request->arena, &address, &err);
    if (code == ERR_NOMEM) {
        return problem_err(request, &err);
    }
    if (code != OK) {
        faults_add(&request->faults, "?email", "format", "%s", err.detail);
        return problem_faults(request);
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, STATEMENT_CONTACT_BY_EMAIL);
    param_int(params, model_version(request));
    param_text(params, address.key);
    add_patterns(params, query->search);
    return REQUEST_RUN;
}

enum request_step contact_list_start(struct request *request)
{
    const struct contact_list_query *query = request->query;
    struct uuid after;
    if (!list_place_by_id(request, &query->list, &after)) {
        return REQUEST_REPLY;
    }
    if (query->email.data != NULL) {
        return find_by_email(request, query);
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, STATEMENT_CONTACT_PAGE);
    param_int(params, model_version(request));
    param_uuid(params, after);
    add_patterns(params, query->search);
    param_int(params, (int32_t)query->list.limit + 1);
    return REQUEST_RUN;
}

enum request_step contact_list_finish(struct request *request)
{
    const struct contact_list_query *query = request->query;
    const struct rows *rows = request->read->queries[0].rows;
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    struct err err;
    struct contact_reader reader;
    contact_reader_init(&reader, request);
    list_begin(request, &json);
    const enum err_code code = contact_reader_write_all(&reader, &json, rows, page.count, &err);
    contact_reader_done(&reader);
    if (code != OK) {
        return problem_err(request, &err);
    }
    return list_end_behind_id(request, &json, &page, 0);
}

/* ---- why a score ---- */

enum request_step contact_score_start(struct request *request)
{
    struct uuid contact_id;
    struct read_op *read = request_uuid_param(request, 0, &contact_id) ? request_read(request)
                                                                       : NULL;
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, STATEMENT_CONTACT_ONE);
    param_uuid(params, contact_id);
    param_int(params, model_version(request));
    param_uuid(read_op_query(read, STATEMENT_CONTACT_HISTORY), contact_id);
    return REQUEST_RUN;
}

enum { EXPLANATION_BYTES_MAX = 128 * 1024 * 1024 };

static enum err_code read_history(const struct rows *rows, struct history *history,
                                  struct arena *arena, struct err *reterr)
{
    for (size_t row = 0; row < rows_count(rows); row++) {
        const struct activity_facts facts = {
            .id = row_uuid(rows, row, 1),
            .occurred_at_us = row_time(rows, row, 2),
            .kind = row_text(rows, row, 3),
            .form = row_text(rows, row, 4),
            .offer = row_text(rows, row, 5),
            .offer_kind = row_text(rows, row, 6),
            .journey_step = row_text(rows, row, 7),
            .campaign = row_text(rows, row, 8),
            .channel = row_text(rows, row, 9),
        };
        const enum err_code code = history_add(history, &facts, row_text(rows, row, 10), arena);
        if (code != OK) {
            return err_set(reterr, code, "A contact's activities cannot be read.");
        }
    }
    return OK;
}

static enum err_code write_explanation(struct request *request, struct contact_reader *reader,
                                       const struct history *history, struct arena *arena,
                                       struct err *reterr)
{
    struct json_writer json;
    reply_json(request, 200, &json);
    const struct score_document document = {
        .contact = &reader->contact,
        .activities = history->activities,
        .activity_count = history->count,
        .catalog = request->catalog,
        .model = reader->model_version,
        .has_decision = reader->contact.score.exists,
        .decision = reader->contact.score.decision,
        .now_us = request->read->op.now_us,
    };
    const enum err_code code = score_document_write(&json, &document, arena);
    return code == OK ? OK : err_set(reterr, code, "Out of memory for the explanation. Try again.");
}

enum request_step contact_score_finish(struct request *request)
{
    const struct rows *rows = request->read->queries[0].rows;
    if (contact_is_missing(request, rows)) {
        return REQUEST_REPLY;
    }
    struct err err;
    struct contact_reader reader;
    struct history history = {.is_loaded = true};
    CLEANUP(arena_done) struct arena arena; /* a history may be long */
    arena_init(&arena, EXPLANATION_BYTES_MAX);
    contact_reader_init(&reader, request);
    enum err_code code = contact_reader_take(&reader, rows, 0, &err);
    code = code != OK ? code : read_history(request->read->queries[1].rows, &history, &arena, &err);
    code = code != OK ? code : write_explanation(request, &reader, &history, &arena, &err);
    const struct uuid contact_id = reader.contact.contact_id;
    history_done(&history);
    contact_reader_done(&reader);
    if (code != OK) {
        return problem_err(request, &err);
    }
    contact_say_where(request, contact_id, "/score");
    return reply_end(request);
}

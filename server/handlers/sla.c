/* Are the promises kept? The status for dashboards, and the clocks behind it. */
#include "handlers/handlers.h"
#include "handlers/handoff_assignee.h"
#include "handlers/sla_clock.h"

/* ---- status ---- */

struct status_wait {
    void (*done)(struct op *op); /* the request's own */
    bool is_over;
};

static void give_back_document(void *document)
{
    sla_document_unref(document);
}

/* False: there is none that is young enough. */
static bool reply_status(struct request *request, bool is_any_age)
{
    struct http_reply *reply = &request->message->reply;
    struct sla_document *document = sla_status_document(&request->app->sla_status, is_any_age);
    if (document == NULL) {
        return false;
    }
    if (reply_etag(request, document->etag)) {
        sla_document_unref(document);
        return true;
    }
    reply->status = 200;
    reply->content_type = "application/json";
    reply->static_body = buf_str(&document->text);
    reply->release = give_back_document;
    reply->shared = document;
    return true;
}

enum request_step sla_status_start(struct request *request)
{
    if (reply_status(request, /* is_any_age= */ false)) {
        return REQUEST_REPLY;
    }
    /* An empty operation: it checks the key's set-up against the database and brings the request to
     * a place from where it can wait. */
    return request_read(request) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

/* The store has let go of the operation: now it may wait elsewhere. */
static void wait_for_status(struct op *op)
{
    struct request *request = op->context;
    const struct status_wait *wait = request->data;
    op->done = wait->done;
    sla_status_wait(&request->app->sla_status, op);
}

enum request_step sla_status_finish(struct request *request)
{
    struct status_wait *wait = request->data;
    if (reply_status(request, /* is_any_age= */ wait != NULL)) {
        return REQUEST_REPLY;
    }
    if (wait != NULL) {
        return problem(request, ERR_BUG, "The status was read and is not there.");
    }
    wait = arena_alloc(request->arena, sizeof *wait);
    if (wait == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    wait->done = request->op->done;
    request->data = wait;
    request->op->done = wait_for_status;
    return REQUEST_REPLY;
}

/* ---- clocks ---- */

static const char *const clock_kind_names[] = {"first_contact", "acceptance", "qualification",
                                               "attempts", NULL};

struct clock_query {
    uint64_t states; /* bit = state; none: all */
    uint64_t kinds;
    struct str assignee;
    struct list_query list;
};

static const struct query_param clock_params[] = {
    QUERY_PARAM("state", ENUMS, struct clock_query, states, .choices = clock_state_names),
    QUERY_PARAM("kind", ENUMS, struct clock_query, kinds, .choices = clock_kind_names),
    QUERY_PARAM("assignee", STRING, struct clock_query, assignee, .min = 1,
                .max = ASSIGNEE_CHARS_MAX),
    LIST_PARAMS(struct clock_query),
};
const struct query sla_clock_query = QUERY(struct clock_query, clock_params);

enum request_step sla_clocks_start(struct request *request)
{
    static const uint64_t live_states = 1U << CLOCK_RUNNING | 1U << CLOCK_PAUSED;
    const struct clock_query *query = request->query;
    struct assignee_filter filter;
    struct list_place place;
    if (!assignee_filter_parse(request, query->assignee, &filter)) {
        return problem_faults(request);
    }
    if (!list_place(request, &query->list, &place)) {
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    const bool is_live = query->states != 0 && (query->states & ~live_states) == 0;
    struct params *params =
        read_op_query(read, is_live ? STATEMENT_SLA_CLOCK_PAGE_LIVE : STATEMENT_SLA_CLOCK_PAGE);
    param_time(params, place.at_us);
    param_uuid(params, place.id);
    param_names(params, clock_state_names, query->states);
    param_names(params, clock_kind_names, query->kinds);
    assignee_filter_params(params, &filter);
    param_int(params, (int32_t)query->list.limit + 1);
    return REQUEST_RUN;
}

enum request_step sla_clocks_finish(struct request *request)
{
    const struct clock_query *query = request->query;
    const struct rows *rows = request->read->queries[0].rows;
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    list_begin(request, &json);
    for (size_t i = 0; i < page.count; i++) {
        sla_clock_write(&json, rows, i, 0, request->read->op.now_us);
    }
    return list_end_behind(request, &json, &page, SLA_CLOCK_DUE_AT, SLA_CLOCK_ID);
}

/* ---- one, with its pauses ---- */

enum { QUERY_CLOCK, QUERY_PAUSES };

enum request_step sla_clock_start(struct request *request)
{
    struct uuid clock_id;
    struct read_op *read = request_uuid_param(request, 0, &clock_id) ? request_read(request) : NULL;
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    param_uuid(read_op_query(read, STATEMENT_SLA_CLOCK_ONE), clock_id);
    param_uuid(read_op_query(read, STATEMENT_SLA_CLOCK_PAUSES), clock_id);
    return REQUEST_RUN;
}

enum request_step sla_clock_finish(struct request *request)
{
    const struct rows *clock = request->read->queries[QUERY_CLOCK].rows;
    if (rows_count(clock) == 0) {
        return problem(request, ERR_NOT_FOUND, "There is no such clock.");
    }
    struct json_writer json;
    reply_json(request, 200, &json);
    sla_clock_write_whole(&json, clock, request->read->queries[QUERY_PAUSES].rows,
                          request->read->op.now_us);
    return reply_end(request);
}

/* Submissions that are not trusted, for people to look at: what was sent, and why it is here. */
#include "handlers/quarantine.h"

#include "base/utf8.h"
#include "handlers/handlers.h"

/* ---- an entry ---- */

/* A body as it came, where it is text. */
static struct str readable(struct str body)
{
    const bool is_text = body.data != NULL && utf8_is_valid(body) &&
                         memchr(body.data, '\0', body.len) == NULL;
    return is_text ? body : (struct str){0};
}

static void write_entry(struct json_writer *json, const struct rows *rows, size_t row)
{
    static const struct {
        const char *name;
        enum quarantine_column column;
    } documents[] = {
        {"attributes", QUARANTINE_ATTRIBUTES},
        {"ignored",    QUARANTINE_IGNORED   },
        {"consents",   QUARANTINE_CONSENTS  },
        {"context",    QUARANTINE_CONTEXT   },
    };
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, row_uuid(rows, row, QUARANTINE_ID));
    JSON_FIELD(json, "submission_id", json_uuid, row_uuid(rows, row, QUARANTINE_SUBMISSION_ID));
    JSON_FIELD(json, "form", json_str, row_text(rows, row, QUARANTINE_FORM));
    JSON_FIELD(json, "state", json_str, row_text(rows, row, QUARANTINE_STATE));
    JSON_FIELD(json, "reasons", json_raw, row_text(rows, row, QUARANTINE_REASONS));
    JSON_FIELD(json, "email", json_str, row_text(rows, row, QUARANTINE_EMAIL));
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        JSON_FIELD(json, documents[i].name, json_raw, row_text(rows, row, documents[i].column));
    }
    JSON_FIELD(json, "channel", json_str, row_text(rows, row, QUARANTINE_CHANNEL));
    JSON_FIELD(json, "body", json_str, readable(row_text(rows, row, QUARANTINE_RAW)));
    JSON_FIELD(json, "content_type", json_str, row_text(rows, row, QUARANTINE_RAW_TYPE));
    JSON_FIELD(json, "occurred_at", json_time, row_time(rows, row, QUARANTINE_OCCURRED_AT));
    JSON_FIELD(json, "received_at", json_time, row_time(rows, row, QUARANTINE_RECEIVED_AT));
    JSON_FIELD(json, "settled_at", json_time, row_time(rows, row, QUARANTINE_SETTLED_AT));
    JSON_FIELD(json, "settled_by", json_str, row_text(rows, row, QUARANTINE_SETTLED_BY));
    JSON_FIELD(json, "contact_id", json_uuid, row_uuid(rows, row, QUARANTINE_CONTACT_ID));
    json_object_end(json);
}

enum request_step quarantine_get_start(struct request *request)
{
    struct uuid id;
    struct read_op *read = request_uuid_param(request, 0, &id) ? request_read(request) : NULL;
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    param_uuid(read_op_query(read, STATEMENT_QUARANTINE_ONE), id);
    return REQUEST_RUN;
}

enum request_step quarantine_get_finish(struct request *request)
{
    const struct rows *rows = request->read->queries[0].rows;
    if (rows_count(rows) == 0) {
        return problem(request, ERR_NOT_FOUND, "There is no such entry in the quarantine.");
    }
    struct json_writer json;
    reply_json(request, 200, &json);
    write_entry(&json, rows, 0);
    return reply_end(request);
}

/* ---- lists ---- */

struct quarantine_query_values {
    struct list_query list;
    struct str form;
    uint64_t reasons;
    uint64_t states;
};

static const struct query_param quarantine_params[] = {
    QUERY_PARAM("form", SLUG, struct quarantine_query_values, form),
    QUERY_PARAM("reason", ENUMS, struct quarantine_query_values, reasons,
                .choices = suspicion_names),
    QUERY_PARAM("state", ENUMS, struct quarantine_query_values, states,
                .choices = quarantine_state_names),
    LIST_PARAMS(struct quarantine_query_values),
};
const struct query quarantine_query = QUERY(struct quarantine_query_values, quarantine_params);

/* A form by its slug or id; one that there is not has no entries. */
static struct str slug_of(const struct request *request, struct str slug_or_id)
{
    const struct form *form = slug_or_id.data != NULL ? catalog_form(request->catalog, slug_or_id)
                                                      : NULL;
    return form != NULL ? form->slug : slug_or_id;
}

enum request_step quarantine_list_start(struct request *request)
{
    const struct quarantine_query_values *query = request->query;
    struct uuid before;
    if (!list_place_by_id(request, &query->list, &before)) {
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, STATEMENT_QUARANTINE_PAGE);
    param_uuid(params, before);
    param_text(params, slug_of(request, query->form));
    param_names(params, quarantine_state_names, query->states);
    if (query->reasons != 0) {
        param_names(params, suspicion_names, query->reasons);
    } else {
        param_null(params);
    }
    param_int(params, (int32_t)query->list.limit + 1);
    return REQUEST_RUN;
}

enum request_step quarantine_list_finish(struct request *request)
{
    const struct quarantine_query_values *query = request->query;
    const struct rows *rows = request->read->queries[0].rows;
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    list_begin(request, &json);
    for (size_t row = 0; row < page.count; row++) {
        write_entry(&json, rows, row);
    }
    return list_end_behind_id(request, &json, &page, QUARANTINE_ID);
}

/* ---- counts ---- */

struct counts_query_values {
    struct str form;
};
static const struct query_param counts_params[] = {
    QUERY_PARAM("form", SLUG, struct counts_query_values, form),
};
const struct query quarantine_counts_query = QUERY(struct counts_query_values, counts_params);

enum request_step quarantine_counts_start(struct request *request)
{
    const struct counts_query_values *query = request->query;
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    param_text(read_op_query(read, STATEMENT_QUARANTINE_COUNTS), slug_of(request, query->form));
    return REQUEST_RUN;
}

/* Those with a reason (absent: all of them) by their state. */
static void write_counts(struct json_writer *json, const struct rows *rows, struct str reason)
{
    for (size_t s = 0; quarantine_state_names[s] != NULL; s++) {
        int64_t count = 0;
        for (size_t row = 0; row < rows_count(rows); row++) {
            const bool is_same = row_is_null(rows, row, 0) ? reason.data == NULL
                                                           : str_eq(row_text(rows, row, 0), reason);
            if (is_same && str_is(row_text(rows, row, 1), quarantine_state_names[s])) {
                count += row_bigint(rows, row, 2);
            }
        }
        JSON_FIELD(json, quarantine_state_names[s], json_int, count);
    }
}

enum request_step quarantine_counts_finish(struct request *request)
{
    const struct rows *rows = request->read->queries[0].rows;
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    write_counts(&json, rows, (struct str){0});
    json_key(&json, "reasons");
    json_array_begin(&json);
    for (size_t i = 0; suspicion_names[i] != NULL; i++) {
        json_object_begin(&json);
        JSON_FIELD(&json, "reason", json_text, suspicion_names[i]);
        write_counts(&json, rows, str_from(suspicion_names[i]));
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    return reply_end(request);
}

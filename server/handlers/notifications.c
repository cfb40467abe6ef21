/* What people were told, or have yet to be: the outbox, for who wants to know why somebody heard
 * nothing. Ids only. */
#include "handlers/handlers.h"

/* Columns of notification_page.sql and notification_one.sql. */
enum column {
    COLUMN_ID,
    COLUMN_KIND,
    COLUMN_CHANNEL,
    COLUMN_RECIPIENT,
    COLUMN_MODE,
    COLUMN_SUBJECT,
    COLUMN_CONTACT_ID,
    COLUMN_HANDOFF_ID,
    COLUMN_STATE,
    COLUMN_REASON,
    COLUMN_ERROR,
    COLUMN_ATTEMPTS,
    COLUMN_MESSAGE_ID,
    COLUMN_EVENT_AT,
    COLUMN_CREATED_AT,
    COLUMN_DUE_AT,
    COLUMN_SETTLED_AT,
};

static void write_notification(struct json_writer *json, const struct rows *rows, size_t row)
{
    const struct str none = {.data = NULL};
    const struct str recipient = row_text(rows, row, COLUMN_RECIPIENT);
    const struct str channel = row_text(rows, row, COLUMN_CHANNEL);
    const bool is_mail = str_is(channel, notification_channel_names[NOTIFY_BY_MAIL]);
    const bool is_pending = str_is(row_text(rows, row, COLUMN_STATE), "pending");
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, row_uuid(rows, row, COLUMN_ID));
    JSON_FIELD(json, "kind", json_str, row_text(rows, row, COLUMN_KIND));
    JSON_FIELD(json, "channel", json_str, channel);
    JSON_FIELD(json, "member", json_str, is_mail ? recipient : none);
    JSON_FIELD(json, "team", json_str, is_mail ? none : recipient);
    JSON_FIELD(json, "mode", json_str, row_text(rows, row, COLUMN_MODE));
    JSON_FIELD(json, "subject", json_str, row_text(rows, row, COLUMN_SUBJECT));
    JSON_FIELD(json, "contact_id", json_uuid, row_uuid(rows, row, COLUMN_CONTACT_ID));
    JSON_FIELD(json, "handoff_id", json_uuid, row_uuid(rows, row, COLUMN_HANDOFF_ID));
    JSON_FIELD(json, "state", json_str, row_text(rows, row, COLUMN_STATE));
    JSON_FIELD(json, "reason", json_str, row_text(rows, row, COLUMN_REASON));
    JSON_FIELD(json, "error", json_str, row_text(rows, row, COLUMN_ERROR));
    JSON_FIELD(json, "attempts", json_int, row_int(rows, row, COLUMN_ATTEMPTS));
    JSON_FIELD(json, "message_id", json_uuid, row_uuid(rows, row, COLUMN_MESSAGE_ID));
    JSON_FIELD(json, "event_at", json_time, row_time(rows, row, COLUMN_EVENT_AT));
    JSON_FIELD(json, "created_at", json_time, row_time(rows, row, COLUMN_CREATED_AT));
    JSON_FIELD(json, "due_at", json_time,
               is_pending ? row_time(rows, row, COLUMN_DUE_AT) : TIME_NONE);
    JSON_FIELD(json, "settled_at", json_time, row_time(rows, row, COLUMN_SETTLED_AT));
    json_object_end(json);
}

/* ---- one ---- */

enum request_step notification_start(struct request *request)
{
    struct uuid id;
    struct read_op *read = request_uuid_param(request, 0, &id) ? request_read(request) : NULL;
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    param_uuid(read_op_query(read, STATEMENT_NOTIFICATION_ONE), id);
    return REQUEST_RUN;
}

enum request_step notification_finish(struct request *request)
{
    const struct rows *rows = request->read->queries[0].rows;
    if (rows_count(rows) == 0) {
        return problem(request, ERR_NOT_FOUND, "There is no such notification.");
    }
    struct json_writer json;
    reply_json(request, 200, &json);
    write_notification(&json, rows, 0);
    return reply_end(request);
}

/* ---- again ---- */

static bool is_tried_again(const struct read_op *again)
{
    const struct rows *rows = again->queries[0].rows;
    return rows_count(rows) == 1 && row_bool(rows, 0, 0);
}

/* One statement that changes what failed and nothing else: run twice it does no more than once. */
enum request_step notification_retry_start(struct request *request)
{
    struct uuid id;
    struct read_op *again = request_uuid_param(request, 0, &id) ? request_upsert(request) : NULL;
    if (again == NULL) {
        return REQUEST_REPLY;
    }
    again->has_changed = is_tried_again;
    param_uuid(read_op_query(again, STATEMENT_NOTIFICATION_RETRY), id);
    return REQUEST_RUN;
}

enum request_step notification_retry_finish(struct request *request)
{
    struct uuid id;
    const struct rows *rows = request->read->queries[0].rows;
    if (!request->is_replay && rows_count(rows) == 1 && !row_bool(rows, 0, 0)) {
        return problem(request, ERR_CONFLICT,
                       arena_printf(request->arena,
                                    "It is %.*s: only what failed can be tried again.",
                                    STR_ARGS(row_text(rows, 0, 1))));
    }
    struct read_op *read = request_uuid_param(request, 0, &id) ? request_read(request) : NULL;
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    param_uuid(read_op_query(read, STATEMENT_NOTIFICATION_ONE), id);
    request->finish = notification_finish;
    return REQUEST_RUN;
}

/* ---- the list ---- */

struct notification_query_values {
    struct list_query list;
    uint64_t states;
    uint64_t kinds;
    uint64_t channels;
    struct uuid member;
};

static const struct query_param notification_params[] = {
    QUERY_PARAM("state", ENUMS, struct notification_query_values, states,
                .choices = notification_state_names),
    QUERY_PARAM("kind", ENUMS, struct notification_query_values, kinds,
                .choices = notification_kind_names),
    QUERY_PARAM("channel", ENUMS, struct notification_query_values, channels,
                .choices = notification_channel_names),
    QUERY_PARAM("member", UUID, struct notification_query_values, member),
    LIST_PARAMS(struct notification_query_values),
};
const struct query notification_query =
    QUERY(struct notification_query_values, notification_params);

enum request_step notifications_start(struct request *request)
{
    const struct notification_query_values *query = request->query;
    struct list_place place;
    char member[UUID_TEXT_BYTES];
    if (!list_place(request, &query->list, &place)) {
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, STATEMENT_NOTIFICATION_PAGE);
    param_time(params, place.at_us);
    param_uuid(params, place.id);
    param_names(params, notification_state_names, query->states);
    param_names(params, notification_kind_names, query->kinds);
    param_names(params, notification_channel_names, query->channels);
    param_text(params, uuid_is_nil(query->member) ? (struct str){.data = NULL}
                                                  : str_from(uuid_format(query->member, member)));
    param_int(params, (int32_t)query->list.limit + 1);
    return REQUEST_RUN;
}

enum request_step notifications_finish(struct request *request)
{
    const struct notification_query_values *query = request->query;
    const struct rows *rows = request->read->queries[0].rows;
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    list_begin(request, &json);
    for (size_t row = 0; row < page.count; row++) {
        write_notification(&json, rows, row);
    }
    return list_end_behind(request, &json, &page, COLUMN_CREATED_AT, COLUMN_ID);
}

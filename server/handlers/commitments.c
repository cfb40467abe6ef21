/* Commitments by period: how each stands or stood, and the contacts behind its numbers. */
#include "commitment_standing.h"
#include "handlers/handlers.h"

struct periods_query {
    struct query_time from;
    struct query_time to;
    struct list_query list;
};

static const struct query_param periods_params[] = {
    QUERY_PARAM("from", TIME, struct periods_query, from),
    QUERY_PARAM("to", TIME, struct periods_query, to),
    LIST_PARAMS(struct periods_query),
};
const struct query commitment_periods_query = QUERY(struct periods_query, periods_params);

/* The commitment that the path names; NULL: a 404 is in the reply. */
static const struct commitment *find_commitment(struct request *request)
{
    const struct commitment *commitment = catalog_commitment(request->catalog, request->params[0]);
    if (commitment == NULL) {
        (void)problem(request, ERR_NOT_FOUND, "There is no such commitment.");
    }
    return commitment;
}

/* ---- a period ---- */

/* Found for ever, whatever is learnt later; what would be counted now stands beside it. */
static void write_frozen(struct json_writer *json, const struct standing *standing)
{
    const struct rows *rows = standing->rows;
    const size_t row = standing->row;
    json_key(json, "actual");
    standing_write_value(json, standing, row_real(rows, row, FROZEN_ACTUAL));
    standing_write_parts(
        json, row_bigint(rows, row, FROZEN_NUMERATOR), !row_is_null(rows, row, FROZEN_DENOMINATOR),
        row_bigint(rows, row, FROZEN_DENOMINATOR), row_bigint(rows, row, FROZEN_PENDING));
    JSON_FIELD(json, "state", json_str, row_text(rows, row, FROZEN_STATE));
    JSON_FIELD(json, "version", json_int, row_int(rows, row, FROZEN_VERSION));
    JSON_FIELD(json, "frozen_at", json_time, row_time(rows, row, FROZEN_AT));
}

static void write_restated(struct json_writer *json, const struct standing *standing)
{
    const struct rows *rows = standing->rows;
    const size_t row = standing->row;
    json_key(json, "restated");
    if (!standing_is_restated(standing)) {
        json_nil(json);
        return;
    }
    json_object_begin(json);
    json_key(json, "actual");
    standing_write_value(json, standing, standing->verdict.actual);
    standing_write_parts(json, row_bigint(rows, row, STANDING_NUMERATOR),
                         !row_is_null(rows, row, FROZEN_DENOMINATOR),
                         row_bigint(rows, row, STANDING_DENOMINATOR),
                         row_bigint(rows, row, STANDING_PENDING));
    JSON_FIELD(json, "at", json_time, row_time(rows, row, STANDING_NOW));
    json_object_end(json);
}

static void write_period_members(struct json_writer *json, const struct rows *rows, size_t row)
{
    const struct standing standing = standing_read(rows, row);
    standing_write_promise(json, &standing);
    if (!standing_is_frozen(&standing)) {
        standing_write_verdict(json, &standing);
        JSON_FIELD(json, "version", json_int, row_int(rows, row, STANDING_VERSION));
        JSON_FIELD(json, "frozen_at", json_time, TIME_NONE);
    } else {
        write_frozen(json, &standing);
    }
    write_restated(json, &standing);
}

/* ---- the list ---- */

static void param_days(struct params *params, int32_t days)
{
    if (days == DATE_NONE) {
        param_null(params);
    } else {
        param_int(params, days);
    }
}

enum request_step commitment_periods_start(struct request *request)
{
    const struct periods_query *query = request->query;
    const struct commitment *commitment = find_commitment(request);
    struct cursor cursor;
    int64_t before_us = TIME_NONE;
    if (commitment == NULL || !list_cursor(request, &query->list, &cursor)) {
        return REQUEST_REPLY;
    }
    if (cursor.len > 0 && (!cursor_take_int(&cursor, &before_us) || !cursor_is_spent(&cursor))) {
        (void)list_cursor_foreign(request);
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, STATEMENT_COMMITMENT_PERIODS);
    param_uuid(params, commitment->id);
    param_time(params, query->from.at_us);
    param_time(params, query->to.at_us);
    param_days(params, query->from.days);
    param_days(params, query->to.days);
    param_time(params, before_us);
    param_int(params, (int32_t)query->list.limit + 1);
    return REQUEST_RUN;
}

enum request_step commitment_periods_finish(struct request *request)
{
    const struct periods_query *query = request->query;
    const struct rows *rows = request->read->queries[0].rows;
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    list_begin(request, &json);
    for (size_t row = 0; row < page.count; row++) {
        json_object_begin(&json);
        write_period_members(&json, rows, row);
        json_object_end(&json);
    }
    struct cursor next = {0};
    if (page.has_more) {
        cursor_put_int(&next, row_time(rows, page.count - 1, STANDING_SINCE));
    }
    return list_end(request, &json, page.has_more ? &next : NULL);
}

/* ---- one, with its composition ---- */

enum { QUERY_PERIOD, QUERY_COMPOSITION };

/* In the order of commitment_composition.sql. */
enum composition_column {
    COMPOSITION_PART,
    COMPOSITION_KEY,
    COMPOSITION_COUNT,
    COMPOSITION_OF_THEM,
};

/* A moment, or the day that a bare date is. False: a fault at `pointer` was added. */
static bool take_moment(struct request *request, struct str text, const char *pointer,
                        struct query_time *ret_time)
{
    *ret_time = (struct query_time){.at_us = TIME_NONE, .days = DATE_NONE};
    if (date_parse(text, &ret_time->days) || time_parse(text, &ret_time->at_us)) {
        return true;
    }
    faults_add(&request->faults, pointer, "format",
               "A period is named by a day or a moment in it, such as 2026-11-16.");
    return false;
}

enum request_step commitment_period_start(struct request *request)
{
    const struct commitment *commitment = find_commitment(request);
    struct query_time time;
    if (commitment == NULL) {
        return REQUEST_REPLY;
    }
    if (!take_moment(request, request->params[1], "?start", &time)) {
        return problem_faults(request);
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    /* The last period that begins before the day is over, or the moment has passed. */
    struct params *params = read_op_query(read, STATEMENT_COMMITMENT_PERIODS);
    param_uuid(params, commitment->id);
    param_time(params, time.at_us);
    param_time(params, time.at_us == TIME_NONE ? TIME_NONE : time.at_us + US_PER_MS);
    param_days(params, time.days);
    param_days(params, time.days == DATE_NONE ? DATE_NONE : time.days + 1);
    param_time(params, TIME_NONE);
    param_int(params, 1);
    params = read_op_query(read, STATEMENT_COMMITMENT_COMPOSITION);
    param_uuid(params, commitment->id);
    param_time(params, time.at_us);
    param_days(params, time.days);
    return REQUEST_RUN;
}

static void write_composition(struct json_writer *json, const struct rows *rows)
{
    static const char *const parts[] = {"channel", "offer", "fit", "grade", "outcome"};
    json_key(json, "composition");
    json_object_begin(json);
    for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
        json_key(json, parts[p]);
        json_array_begin(json);
        for (size_t row = 0; row < rows_count(rows); row++) {
            if (str_is(row_text(rows, row, COMPOSITION_PART), parts[p])) {
                json_object_begin(json);
                JSON_FIELD(json, "key", json_str, row_text(rows, row, COMPOSITION_KEY));
                JSON_FIELD(json, "count", json_int, row_bigint(rows, row, COMPOSITION_COUNT));
                json_object_end(json);
            }
        }
        json_array_end(json);
    }
    json_object_end(json);
}

/* The measure that both teams have in common; null without handoffs. */
static void write_mql_to_sql(struct json_writer *json, const struct rows *rows)
{
    json_key(json, "mql_to_sql");
    for (size_t row = 0; row < rows_count(rows); row++) {
        const int64_t mqls = row_bigint(rows, row, COMPOSITION_COUNT);
        const int64_t sqls = row_bigint(rows, row, COMPOSITION_OF_THEM);
        if (str_is(row_text(rows, row, COMPOSITION_PART), "sql") && mqls > 0) {
            json_object_begin(json);
            JSON_FIELD(json, "mqls", json_int, mqls);
            JSON_FIELD(json, "sqls", json_int, sqls);
            JSON_FIELD(json, "rate", json_double, (double)sqls / (double)mqls);
            json_object_end(json);
            return;
        }
    }
    json_nil(json);
}

enum request_step commitment_period_finish(struct request *request)
{
    const struct rows *period = request->read->queries[QUERY_PERIOD].rows;
    const struct rows *composition = request->read->queries[QUERY_COMPOSITION].rows;
    if (rows_count(period) == 0) {
        return problem(request, ERR_NOT_FOUND, "This period has not begun yet.");
    }
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    write_period_members(&json, period, 0);
    write_composition(&json, composition);
    write_mql_to_sql(&json, composition);
    json_object_end(&json);
    return reply_end(request);
}

/* ---- the contacts behind the numbers ---- */

/* In the order of commitment_contacts.sql. */
enum contacts_column {
    CONTACTS_SUBJECT_ID,
    CONTACTS_AT,
    CONTACTS_CONTACT_ID,
    CONTACTS_EMAIL,
    CONTACTS_STAGE,
    CONTACTS_HANDOFF_ID,
    CONTACTS_DEAL_ID,
    CONTACTS_MEMBER,
    CONTACTS_NUMERATOR,
    CONTACTS_DENOMINATOR,
    CONTACTS_PENDING,
};

struct contacts_query {
    struct query_time period;
    struct list_query list;
};

static const struct query_param contacts_params[] = {
    QUERY_PARAM("period", TIME, struct contacts_query, period, .flags = QUERY_REQUIRED),
    LIST_PARAMS(struct contacts_query),
};
const struct query commitment_contacts_query = QUERY(struct contacts_query, contacts_params);

enum request_step commitment_contacts_start(struct request *request)
{
    const struct contacts_query *query = request->query;
    const struct commitment *commitment = find_commitment(request);
    struct list_place place;
    if (commitment == NULL || !list_place(request, &query->list, &place)) {
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, STATEMENT_COMMITMENT_CONTACTS);
    param_uuid(params, commitment->id);
    param_time(params, query->period.at_us);
    param_days(params, query->period.days);
    param_time(params, place.at_us);
    param_uuid(params, place.id);
    param_int(params, (int32_t)query->list.limit + 1);
    return REQUEST_RUN;
}

static void write_contact(struct json_writer *json, const struct rows *rows, size_t row)
{
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, row_uuid(rows, row, CONTACTS_CONTACT_ID));
    JSON_FIELD(json, "email", json_str, row_text(rows, row, CONTACTS_EMAIL));
    JSON_FIELD(json, "stage", json_str, row_text(rows, row, CONTACTS_STAGE));
    JSON_FIELD(json, "at", json_time, row_time(rows, row, CONTACTS_AT));
    JSON_FIELD(json, "handoff_id", json_uuid, row_uuid(rows, row, CONTACTS_HANDOFF_ID));
    JSON_FIELD(json, "deal_id", json_uuid, row_uuid(rows, row, CONTACTS_DEAL_ID));
    JSON_FIELD(json, "member", json_uuid, row_uuid(rows, row, CONTACTS_MEMBER));
    standing_write_parts(json, row_bigint(rows, row, CONTACTS_NUMERATOR),
                         !row_is_null(rows, row, CONTACTS_DENOMINATOR),
                         row_bigint(rows, row, CONTACTS_DENOMINATOR),
                         row_bigint(rows, row, CONTACTS_PENDING));
    json_object_end(json);
}

enum request_step commitment_contacts_finish(struct request *request)
{
    const struct contacts_query *query = request->query;
    const struct rows *rows = request->read->queries[0].rows;
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    list_begin(request, &json);
    for (size_t row = 0; row < page.count; row++) {
        write_contact(&json, rows, row);
    }
    return list_end_behind(request, &json, &page, CONTACTS_AT, CONTACTS_SUBJECT_ID);
}

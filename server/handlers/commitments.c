/* Commitments by period: how each stands or stood, and the contacts behind its numbers. */
#include "commitment_standing.h"
#include "handlers/handlers.h"

/* Behind the columns of a standing: what was found when the period closed. */
enum frozen_column {
    FROZEN_AT = STANDING_COLUMNS_,
    FROZEN_VERSION,
    FROZEN_TARGET,
    FROZEN_NUMERATOR,
    FROZEN_DENOMINATOR,
    FROZEN_PENDING,
    FROZEN_ACTUAL,
    FROZEN_STATE,
};

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

static bool is_restated(const struct rows *rows, size_t row)
{
    return row_bigint(rows, row, FROZEN_NUMERATOR) != row_bigint(rows, row, STANDING_NUMERATOR) ||
           row_bigint(rows, row, FROZEN_DENOMINATOR) != row_bigint(rows, row, STANDING_DENOMINATOR);
}

static void write_restated(struct json_writer *json, const struct standing *standing)
{
    const struct rows *rows = standing->rows;
    const size_t row = standing->row;
    json_key(json, "restated");
    if (row_is_null(rows, row, FROZEN_AT) || !is_restated(rows, row)) {
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

static void write_period(struct json_writer *json, const struct rows *rows, size_t row)
{
    const struct standing standing = standing_read(rows, row);
    json_object_begin(json);
    standing_write_promise(json, &standing);
    if (row_is_null(rows, row, FROZEN_AT)) {
        standing_write_verdict(json, &standing);
        JSON_FIELD(json, "version", json_int, row_int(rows, row, STANDING_VERSION));
        JSON_FIELD(json, "frozen_at", json_time, TIME_NONE);
    } else {
        write_frozen(json, &standing);
    }
    write_restated(json, &standing);
    json_object_end(json);
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
        faults_add(&request->faults, "?cursor", "format",
                   "This is no cursor of this list. Begin again without it.");
        return problem_faults(request);
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
    const size_t limit = (size_t)query->list.limit;
    const bool has_more = rows_count(rows) > limit;
    const size_t count = has_more ? limit : rows_count(rows);
    struct json_writer json;
    list_begin(request, &json);
    for (size_t row = 0; row < count; row++) {
        write_period(&json, rows, row);
    }
    struct cursor next = {0};
    if (has_more) {
        cursor_put_int(&next, row_time(rows, count - 1, STANDING_SINCE));
    }
    return list_end(request, &json, has_more ? &next : NULL);
}

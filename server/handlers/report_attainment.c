/*
 * What became of the promises, by team and member: what pay that depends on shared goals is worked
 * out from. Every row is whole in itself: the promise, what was found for the team, and of it the
 * member's own part. What was frozen stays; what would be counted now stands beside it.
 */
#include <math.h>

#include "commitment_standing.h"
#include "handlers/handlers.h"
#include "handlers/report_period.h"

enum { PERIODS_MAX = 1000, ROWS_MAX = 20000 };

struct attainment_query {
    struct report_period period;
};

static const struct query_param attainment_params[] = {
    REPORT_PERIOD_PARAMS(struct attainment_query, period),
};
const struct query report_attainment_query = QUERY(struct attainment_query, attainment_params);

/* In the order of report_attainment.sql, behind the frozen ones. */
enum attainment_column {
    ATTAINMENT_LEVEL = FROZEN_COLUMNS_,
    ATTAINMENT_MEMBER,
    ATTAINMENT_MEMBER_NAME,
    ATTAINMENT_MEMBER_TEAM,
    ATTAINMENT_KEPT, /* of the member, when it was frozen: numerator, denominator, pending */
    ATTAINMENT_LIVE = ATTAINMENT_KEPT + 3, /* and as it would be counted now */
    ATTAINMENT_SINCE = ATTAINMENT_LIVE + 3,
    ATTAINMENT_UNTIL,
    ATTAINMENT_PERIODS,
};

static const char *const attainment_columns[] = {
    "commitment",
    "name",
    "team",
    "metric",
    "direction",
    "target",
    "period",
    "period_start",
    "period_end",
    "level",
    "member",
    "member_name",
    "member_team",
    "actual",
    "numerator",
    "denominator",
    "pending",
    "attainment",
    "state",
    "version",
    "frozen_at",
    "restated_actual",
    "restated_numerator",
    "restated_denominator",
    "restated_attainment",
    "own_actual",
    "own_numerator",
    "own_denominator",
    "own_pending",
    "own_attainment",
    "own_share",
    "own_restated_actual",
    "own_restated_numerator",
    "own_restated_denominator",
};

enum request_step report_attainment_start(struct request *request)
{
    const struct attainment_query *query = request->query;
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, STATEMENT_REPORT_ATTAINMENT);
    report_period_params(request, &query->period, params);
    param_text(params, catalog_organisation(request->catalog)->currency);
    struct param *metrics = param_array(params, ITEM_TEXT);
    for (size_t i = 0; i < METRIC_COUNT_; i++) {
        if (metric_rules[i].has_parts) {
            item_text(metrics, str_from(commitment_metric_names[i]));
        }
    }
    param_int(params, PERIODS_MAX);
    param_int(params, ROWS_MAX + 1);
    return REQUEST_RUN;
}

/* ---- numbers ---- */

/* What was counted, of a team or a member. */
struct count {
    bool is_known;
    double actual; /* NaN: there was nothing to measure */
    int64_t numerator;
    int64_t denominator;
    int64_t pending;
};

static struct count count_at(const struct standing *standing, size_t column)
{
    const struct rows *rows = standing->rows;
    const size_t row = standing->row;
    struct count count = {
        .is_known = !row_is_null(rows, row, column),
        .numerator = row_bigint(rows, row, column),
        .denominator = row_bigint(rows, row, column + 1),
        .pending = row_bigint(rows, row, column + 2),
    };
    count.actual = count.is_known
                       ? commitment_actual(standing->facts.metric, (double)count.numerator,
                                           (double)count.denominator)
                       : (double)NAN;
    return count;
}

static bool is_same(const struct count *a, const struct count *b)
{
    return a->numerator == b->numerator && a->denominator == b->denominator;
}

static void write_count(struct table *table, const struct standing *standing,
                        const struct count *count, bool is_shown)
{
    is_shown = is_shown && count->is_known;
    table_real(table, is_shown ? count->actual : (double)NAN);
    if (is_shown) {
        table_int(table, count->numerator);
    } else {
        table_text(table, NULL);
    }
    if (is_shown && !commitment_is_whole(standing->facts.metric)) {
        table_int(table, count->denominator);
    } else {
        table_text(table, NULL);
    }
}

static void write_attainment(struct table *table, const struct standing *standing, double actual)
{
    table_real(table,
               commitment_attainment(actual, standing->facts.target, standing->facts.is_at_most));
}

/* ---- a row ---- */

static void write_uuid(struct table *table, struct uuid uuid)
{
    char text[UUID_TEXT_BYTES];
    table_text(table, !uuid_is_nil(uuid) ? uuid_format(uuid, text) : NULL);
}

static void write_time(struct table *table, int64_t at_us)
{
    char text[TIME_TEXT_BYTES];
    table_text(table, at_us != TIME_NONE ? time_format(at_us, text) : NULL);
}

static void write_promise(struct table *table, const struct standing *standing)
{
    const struct rows *rows = standing->rows;
    const size_t row = standing->row;
    write_uuid(table, row_uuid(rows, row, STANDING_ID));
    table_typed(table, row_text(rows, row, STANDING_NAME));
    table_str(table, row_text(rows, row, STANDING_TEAM));
    table_str(table, row_text(rows, row, STANDING_METRIC));
    table_text(table, standing->facts.is_at_most ? "at_most" : "at_least");
    table_real(table, standing->facts.target);
    table_str(table, row_text(rows, row, STANDING_PERIOD));
    write_time(table, row_time(rows, row, STANDING_SINCE));
    write_time(table, row_time(rows, row, STANDING_UNTIL));
    table_str(table, row_text(rows, row, ATTAINMENT_LEVEL));
    write_uuid(table, row_uuid(rows, row, ATTAINMENT_MEMBER));
    table_typed(table, row_text(rows, row, ATTAINMENT_MEMBER_NAME));
    table_str(table, row_text(rows, row, ATTAINMENT_MEMBER_TEAM));
}

static void write_found(struct table *table, const struct standing *standing,
                        const struct count *found)
{
    const struct rows *rows = standing->rows;
    const size_t row = standing->row;
    const bool is_frozen = standing_is_frozen(standing);
    const struct count now = count_at(standing, STANDING_NUMERATOR);
    const bool is_restated = standing_is_restated(standing);
    write_count(table, standing, found, /* is_shown= */ true);
    table_int(table, found->pending);
    write_attainment(table, standing, found->actual);
    if (is_frozen) {
        table_str(table, row_text(rows, row, FROZEN_STATE));
    } else {
        table_text(table, commitment_state_names[standing->verdict.state]);
    }
    table_int(table,
              row_int(rows, row, is_frozen ? (size_t)FROZEN_VERSION : (size_t)STANDING_VERSION));
    write_time(table, row_time(rows, row, FROZEN_AT));
    write_count(table, standing, &now, is_restated);
    write_attainment(table, standing, is_restated ? now.actual : (double)NAN);
}

/* The share is that of what the team did; of a ratio it is the member's cases. */
static void write_own(struct table *table, const struct standing *standing,
                      const struct count *whole)
{
    const bool is_frozen = standing_is_frozen(standing);
    const struct count own =
        count_at(standing, is_frozen ? (size_t)ATTAINMENT_KEPT : (size_t)ATTAINMENT_LIVE);
    const struct count now = count_at(standing, ATTAINMENT_LIVE);
    const bool is_sum = commitment_is_whole(standing->facts.metric);
    write_count(table, standing, &own, /* is_shown= */ true);
    if (own.is_known) {
        table_int(table, own.pending);
    } else {
        table_text(table, NULL);
    }
    write_attainment(table, standing, is_sum ? (double)NAN : own.actual);
    table_real(table, !own.is_known ? (double)NAN
                      : is_sum      ? report_ratio(own.numerator, whole->numerator)
                                    : report_ratio(own.denominator, whole->denominator));
    write_count(table, standing, &now, is_frozen && !is_same(&own, &now));
}

static void write_row(struct table *table, const struct rows *rows, size_t row)
{
    struct standing standing = standing_read(rows, row);
    if (standing_is_frozen(&standing)) {
        standing.facts.target = row_real(rows, row, FROZEN_TARGET);
    }
    const struct count found = count_at(&standing, standing_is_frozen(&standing)
                                                       ? (size_t)FROZEN_NUMERATOR
                                                       : (size_t)STANDING_NUMERATOR);
    table_row(table);
    write_promise(table, &standing);
    write_found(table, &standing, &found);
    write_own(table, &standing, &found);
}

enum request_step report_attainment_finish(struct request *request)
{
    const struct rows *rows = request->read->queries[0].rows;
    const int64_t from_us = row_time(rows, 0, ATTAINMENT_SINCE);
    const int64_t to_us = row_time(rows, 0, ATTAINMENT_UNTIL);
    if (!report_period_is_sound(request, from_us, to_us)) {
        return problem_faults(request);
    }
    if (rows_count(rows) > ROWS_MAX || row_bigint(rows, 0, ATTAINMENT_PERIODS) > PERIODS_MAX) {
        faults_add(&request->faults, "?to", "range",
                   "These are more than %d periods or %d rows. Ask for a shorter time.",
                   PERIODS_MAX, ROWS_MAX);
        return problem_faults(request);
    }
    struct table table;
    table_begin(&table, request, attainment_columns, ARRAY_LEN(attainment_columns));
    if (table.format == TABLE_JSON) {
        report_begin_document(&table.json, from_us, to_us);
        json_key(&table.json, "data");
        json_array_begin(&table.json);
    }
    for (size_t row = 0; row < rows_count(rows); row++) {
        if (!row_is_null(rows, row, ATTAINMENT_LEVEL)) {
            write_row(&table, rows, row);
        }
    }
    table_rows_end(&table);
    if (table.format == TABLE_JSON) {
        json_array_end(&table.json);
        json_object_end(&table.json);
    }
    return table_end(&table);
}

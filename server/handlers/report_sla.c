/*
 * Reports on speed and promises: how fast handoffs are taken, contacted and judged, and where
 * promises are broken. As the other reports they are whole, as a document, CSV or lines of JSON.
 */
#include "handlers/handlers.h"
#include "handlers/report_period.h"

#include "schema/json.h"

/* ---- response times ---- */

static const char *const response_groups[] = {"all",  "rep",     "channel", "campaign",
                                              "form", "purpose", NULL};

struct response_query {
    struct report_period period;
    int by;
    struct str calendar;
};

static const struct query_param response_params[] = {
    REPORT_PERIOD_PARAMS(struct response_query, period),
    QUERY_CHOICE("by", struct response_query, by, response_groups, QUERY_FALLBACK(0)),
    QUERY_PARAM("calendar", STRING, struct response_query, calendar, .min = 1,
                .max = UUID_TEXT_BYTES - 1),
};
const struct query report_response_times_query = QUERY(struct response_query, response_params);

/* In the order of report_response_times.sql. */
enum response_column {
    RESPONSE_SPEED,
    RESPONSE_GROUP,
    RESPONSE_HANDOFFS,
    RESPONSE_WITHIN_1H,
    RESPONSE_WITHIN_24H,
    RESPONSE_LATER,
    RESPONSE_NEVER,
    RESPONSE_OUT_OF_ORDER,
    RESPONSE_MEDIAN,
    RESPONSE_SINCE,
    RESPONSE_UNTIL,
    RESPONSE_OPEN_MEDIAN,
};

static const char *const response_columns[] = {
    "speed", "group",        "handoffs",       "within_1h",           "within_24h",     "later",
    "never", "out_of_order", "median_seconds", "median_open_seconds", "within_1h_rate",
};

/* In whose open time it is measured when nobody says: that of sales, else that of the first policy
 * which counts by a calendar; NULL: in none. */
static const struct calendar *usual_calendar(const struct catalog *catalog)
{
    const struct uuid sales = catalog_organisation(catalog)->calendar_ids[TEAM_SALES];
    const struct calendar *calendar = uuid_is_nil(sales) ? NULL : catalog_calendar(catalog, sales);
    size_t count;
    const struct policy *const *policies = catalog_policies(catalog, &count);
    for (size_t i = 0; calendar == NULL && i < count; i++) {
        calendar = policies[i]->calendar;
    }
    return calendar;
}

/* False: there is no such calendar, and the faults say so. */
static bool take_calendar(struct request *request, struct str asked,
                          const struct calendar **ret_calendar)
{
    struct uuid id;
    if (asked.data == NULL) {
        *ret_calendar = usual_calendar(request->catalog);
        return true;
    }
    *ret_calendar = uuid_parse(asked, &id) ? catalog_calendar(request->catalog, id) : NULL;
    if (*ret_calendar == NULL) {
        faults_add(&request->faults, "?calendar", "reference",
                   "There is no such calendar. GET /v1/sla/calendars lists them.");
    }
    return *ret_calendar != NULL;
}

enum request_step report_response_times_start(struct request *request)
{
    const struct response_query *query = request->query;
    const struct calendar *calendar;
    if (!take_calendar(request, query->calendar, &calendar)) {
        return problem_faults(request);
    }
    const struct calendar **measured = arena_alloc(request->arena, sizeof(struct calendar *));
    if (measured == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    *measured = calendar;
    request->data = measured;
    struct params *params = read_op_query(read, STATEMENT_REPORT_RESPONSE_TIMES);
    report_period_params(request, &query->period, params);
    param_text(params, str_from(response_groups[query->by]));
    param_uuid(params, calendar != NULL ? calendar->id : (struct uuid){{0}});
    param_int(params, calendar != NULL ? calendar->version : 0);
    return REQUEST_RUN;
}

/* In whose open time it was measured. */
static void write_calendar(struct json_writer *json, const struct request *request,
                           const struct calendar *calendar)
{
    char id[UUID_TEXT_BYTES];
    json_key(json, "calendar");
    const struct catalog_entry *entry = calendar == NULL
                                            ? NULL
                                            : catalog_find(request->catalog, CATALOG_CALENDAR,
                                                           str_from(uuid_format(calendar->id, id)));
    if (entry == NULL) {
        json_nil(json);
        return;
    }
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, calendar->id);
    JSON_FIELD(json, "name", json_str, json_str_of(json_object_get(entry->body, "name")));
    JSON_FIELD(json, "version", json_int, calendar->version);
    JSON_FIELD(json, "known_from", json_time, calendar->starts_at_us);
    JSON_FIELD(json, "known_to", json_time, calendar->zone.ends_at_us);
    json_object_end(json);
}

static void write_speed(struct table *table, const struct rows *rows, size_t row)
{
    static const enum response_column counts[] = {
        RESPONSE_HANDOFFS, RESPONSE_WITHIN_1H, RESPONSE_WITHIN_24H,
        RESPONSE_LATER,    RESPONSE_NEVER,     RESPONSE_OUT_OF_ORDER,
    };
    table_row(table);
    table_str(table, row_text(rows, row, RESPONSE_SPEED));
    table_str(table, row_text(rows, row, RESPONSE_GROUP));
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        table_int(table, row_bigint(rows, row, counts[i]));
    }
    table_real(table, row_real(rows, row, RESPONSE_MEDIAN));
    table_real(table, row_real(rows, row, RESPONSE_OPEN_MEDIAN));
    table_real(table, report_ratio(row_bigint(rows, row, RESPONSE_WITHIN_1H),
                                   row_bigint(rows, row, RESPONSE_HANDOFFS)));
}

/* What the articles measure themselves against (their figures for one hour and for a day), and how
 * the companies of the same study did. */
static void write_study(struct json_writer *json)
{
    json_key(json, "study");
    json_object_begin(json);
    JSON_FIELD(json, "source", json_text,
               "J. B. Oldroyd, K. McElheran, D. Elkington: The Short Life of Online Sales Leads, "
               "Harvard Business Review, March 2011");
    JSON_FIELD(json, "within_1h", json_double, 0.37);
    JSON_FIELD(json, "within_24h", json_double, 0.16);
    JSON_FIELD(json, "later", json_double, 0.24);
    JSON_FIELD(json, "never", json_double, 0.23);
    JSON_FIELD(json, "qualify_factor_within_1h", json_int, 7);
    JSON_FIELD(json, "qualify_factor_within_1h_to_after_24h", json_int, 60);
    json_object_end(json);
}

enum request_step report_response_times_finish(struct request *request)
{
    const struct response_query *query = request->query;
    const struct calendar *const *measured = request->data;
    const struct rows *rows = request->read->queries[0].rows;
    const int64_t from_us = row_time(rows, 0, RESPONSE_SINCE);
    const int64_t to_us = row_time(rows, 0, RESPONSE_UNTIL);
    if (!report_period_is_sound(request, from_us, to_us)) {
        return problem_faults(request);
    }
    struct table table;
    table_begin(&table, request, response_columns, ARRAY_LEN(response_columns));
    if (table.format == TABLE_JSON) {
        report_begin_document(&table.json, from_us, to_us);
        JSON_FIELD(&table.json, "by", json_text, response_groups[query->by]);
        write_calendar(&table.json, request, *measured);
        write_study(&table.json);
        json_key(&table.json, "data");
        json_array_begin(&table.json);
    }
    for (size_t row = 1; row < rows_count(rows); row++) {
        write_speed(&table, rows, row);
    }
    table_rows_end(&table);
    if (table.format == TABLE_JSON) {
        json_array_end(&table.json);
        json_object_end(&table.json);
    }
    return table_end(&table);
}

/* ---- breaches ---- */

static const char *const breach_groups[] = {"weekday_hour", "rep", NULL};
static const char *const clock_kinds[] = {"first_contact", "acceptance", "qualification",
                                          "attempts", NULL};
static const char *const weekdays[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};

struct breaches_query {
    struct report_period period;
    int by;
    uint64_t kinds; /* bit = kind; none: all */
};

static const struct query_param breaches_params[] = {
    REPORT_PERIOD_PARAMS(struct breaches_query, period),
    QUERY_CHOICE("by", struct breaches_query, by, breach_groups, QUERY_FALLBACK(0)),
    QUERY_PARAM("kind", ENUMS, struct breaches_query, kinds, .choices = clock_kinds),
};
const struct query report_breaches_query = QUERY(struct breaches_query, breaches_params);

/* In the order of report_breaches.sql. */
enum breaches_column {
    BREACHES_PART,
    BREACHES_DAY,
    BREACHES_HOUR,
    BREACHES_REP,
    BREACHES_MET,
    BREACHES_BREACHED,
    BREACHES_SINCE,
    BREACHES_UNTIL,
};

static const char *const breaches_columns[] = {
    "weekday", "hour", "rep", "met", "breached", "breach_rate", "ci_low", "ci_high",
};

enum request_step report_breaches_start(struct request *request)
{
    const struct breaches_query *query = request->query;
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, STATEMENT_REPORT_BREACHES);
    report_period_params(request, &query->period, params);
    struct param *kinds = param_array(params, ITEM_TEXT);
    for (size_t i = 0; clock_kinds[i] != NULL; i++) {
        if (query->kinds == 0 || (query->kinds >> i & 1) != 0) {
            item_text(kinds, str_from(clock_kinds[i]));
        }
    }
    param_text(params, str_from(breach_groups[query->by]));
    return REQUEST_RUN;
}

static void write_cell(struct table *table, const struct rows *rows, size_t row)
{
    char rep[UUID_TEXT_BYTES];
    const int64_t met = row_bigint(rows, row, BREACHES_MET);
    const int64_t breached = row_bigint(rows, row, BREACHES_BREACHED);
    const struct interval interval = report_interval(breached, met + breached);
    const bool has_day = !row_is_null(rows, row, BREACHES_DAY);
    const struct uuid member = row_uuid(rows, row, BREACHES_REP);
    table_row(table);
    if (has_day) {
        table_text(table, weekdays[row_int(rows, row, BREACHES_DAY) - 1]);
        table_int(table, row_int(rows, row, BREACHES_HOUR));
    } else {
        table_text(table, NULL);
        table_text(table, NULL);
    }
    table_text(table, uuid_is_nil(member) ? NULL : uuid_format(member, rep));
    table_int(table, met);
    table_int(table, breached);
    table_real(table, report_ratio(breached, met + breached));
    table_real(table, interval.low);
    table_real(table, interval.high);
}

enum request_step report_breaches_finish(struct request *request)
{
    const struct breaches_query *query = request->query;
    const struct rows *rows = request->read->queries[0].rows;
    const int64_t from_us = row_time(rows, 0, BREACHES_SINCE);
    const int64_t to_us = row_time(rows, 0, BREACHES_UNTIL);
    if (!report_period_is_sound(request, from_us, to_us)) {
        return problem_faults(request);
    }
    struct table table;
    table_begin(&table, request, breaches_columns, ARRAY_LEN(breaches_columns));
    if (table.format == TABLE_JSON) {
        report_begin_document(&table.json, from_us, to_us);
        JSON_FIELD(&table.json, "by", json_text, breach_groups[query->by]);
        json_key(&table.json, "data");
        json_array_begin(&table.json);
    }
    for (size_t row = 1; row < rows_count(rows); row++) {
        write_cell(&table, rows, row);
    }
    table_rows_end(&table);
    if (table.format == TABLE_JSON) {
        json_array_end(&table.json);
        json_object_end(&table.json);
    }
    return table_end(&table);
}

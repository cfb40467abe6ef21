/*
 * Reports: whole answers, never paged, as a document, as CSV or as one JSON object a line.
 *
 * The database counts and takes medians (lib/store/sql/report_*.sql); rates, intervals and ranks
 * are worked out here, so that there is one place for each formula.
 */
#include "handlers/handlers.h"

#include <math.h>
#include <stdlib.h>

#include "handlers/report_period.h"

enum {
    SMALL_SAMPLE_BELOW = 10,
    WARNINGS_MAX = 1000,
    SECONDS_PER_DAY = 86400,
    REACHABLE = STAGE_CUSTOMER + 1
};

/* Without the side exit: nobody "reaches" disqualified. */
static const char *const reachable_stages[REACHABLE + 1] = {
    "contact", "prospect", "lead", "mql", "sal", "sql", "opportunity", "customer", NULL,
};

struct report_query {
    struct report_period period;
    int from_stage;
    int to_stage;
};

#define PERIOD_PARAMS REPORT_PERIOD_PARAMS(struct report_query, period)

static const struct query_param channels_params[] = {
    PERIOD_PARAMS,
    QUERY_CHOICE("from_stage", struct report_query, from_stage, reachable_stages,
                 QUERY_FALLBACK(STAGE_LEAD)),
    QUERY_CHOICE("to_stage", struct report_query, to_stage, reachable_stages,
                 QUERY_FALLBACK(STAGE_CUSTOMER)),
};
const struct query report_channels_query = QUERY(struct report_query, channels_params);

static const struct query_param funnel_params[] = {PERIOD_PARAMS};
const struct query report_funnel_query = QUERY(struct report_query, funnel_params);

/* "There is none": null in JSON, empty in CSV. */
static const double no_number = (double)NAN;

/* ---- channels ---- */

/* In the order of report_channels.sql. */
enum channels_column {
    CHANNELS_PART,
    CHANNELS_CHANNEL,
    CHANNELS_LEADS,
    CHANNELS_MQLS,
    CHANNELS_SQLS,
    CHANNELS_CUSTOMERS,
    CHANNELS_CONVERTED,
    CHANNELS_MEDIAN_SECONDS,
    CHANNELS_REVENUE,
    CHANNELS_CONTACT_ID,
    CHANNELS_SINCE,
    CHANNELS_UNTIL,
    CHANNELS_VISITS,
    CHANNELS_SPEND,
    CHANNELS_COST,
};

static const char *const channels_columns[] = {
    "channel",
    "leads",
    "mqls",
    "sqls",
    "customers",
    "rate",
    "ci_low",
    "ci_high",
    "rank",
    "volume_rank",
    "small_sample",
    "revenue",
    "median_days_to_close",
    "visits",
    "visit_lead_rate",
    "spend",
    "cost_per_lead",
    "cost_per_customer",
};

struct channel_row {
    size_t row; /* of the result */
    struct str channel;
    int64_t leads;
    double rate;
    struct interval interval;
    size_t volume_rank;
};

struct channels {
    const struct rows *rows;
    struct channel_row *items;
    size_t count;
};

enum request_step report_channels_start(struct request *request)
{
    const struct report_query *query = request->query;
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, STATEMENT_REPORT_CHANNELS);
    report_period_params(request, &query->period, params);
    param_text(params, str_from(reachable_stages[query->from_stage]));
    param_text(params, str_from(reachable_stages[query->to_stage]));
    param_text(params, catalog_organisation(request->catalog)->currency);
    param_int(params, WARNINGS_MAX);
    return REQUEST_RUN;
}

static bool is_part(const struct rows *rows, size_t row, const char *part)
{
    return str_is(row_text(rows, row, CHANNELS_PART), part);
}

/* Equal ones: more contacts first, then by name, what has none last. */
static int compare_volume(const void *left, const void *right)
{
    const struct channel_row *a = left;
    const struct channel_row *b = right;
    if (a->leads != b->leads) {
        return a->leads > b->leads ? -1 : 1;
    }
    if ((a->channel.data == NULL) != (b->channel.data == NULL)) {
        return a->channel.data == NULL ? 1 : -1;
    }
    return str_compare(a->channel, b->channel);
}

/* Those that brought nobody come last. */
static int compare_rank(const void *left, const void *right)
{
    const struct channel_row *items[] = {left, right};
    const double a = items[0]->leads > 0 ? items[0]->interval.low : -1;
    const double b = items[1]->leads > 0 ? items[1]->interval.low : -1;
    return a > b ? -1 : a < b ? 1 : compare_volume(left, right);
}

static bool collect_channels(const struct rows *rows, struct arena *arena,
                             struct channels *channels)
{
    *channels = (struct channels){.rows = rows};
    channels->items = arena_array(arena, rows_count(rows), sizeof *channels->items);
    if (channels->items == NULL) {
        return false;
    }
    for (size_t row = 0; row < rows_count(rows); row++) {
        if (!is_part(rows, row, "channel")) {
            continue;
        }
        const int64_t leads = row_bigint(rows, row, CHANNELS_LEADS);
        const int64_t converted = row_bigint(rows, row, CHANNELS_CONVERTED);
        channels->items[channels->count++] = (struct channel_row){
            .row = row,
            .channel = row_text(rows, row, CHANNELS_CHANNEL),
            .leads = leads,
            .rate = report_ratio(converted, leads),
            .interval = report_interval(converted, leads),
        };
    }
    qsort(channels->items, channels->count, sizeof *channels->items, compare_volume);
    for (size_t i = 0; i < channels->count; i++) {
        channels->items[i].volume_rank = i + 1;
    }
    qsort(channels->items, channels->count, sizeof *channels->items, compare_rank);
    return true;
}

/* "46500000 EUR; 1200 USD" as a list of its parts. Amounts are any size, so they stay text. */
static void write_amounts(struct json_writer *json, struct str amounts)
{
    json_array_begin(json);
    while (amounts.data != NULL) {
        struct str currency = str_trim(str_cut(&amounts, ';'));
        const struct str amount = str_cut(&currency, ' ');
        json_object_begin(json);
        JSON_FIELD(json, "amount", json_raw, amount);
        JSON_FIELD(json, "currency", json_str, currency);
        json_object_end(json);
    }
    json_array_end(json);
}

/* In CSV as it is. */
static void write_amounts_cell(struct table *table, struct str amounts, struct arena *arena)
{
    if (table->format == TABLE_CSV) {
        table_str(table, amounts);
        return;
    }
    CLEANUP(buf_done) struct buf list;
    buf_init(&list, REPLY_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &list);
    write_amounts(&json, amounts);
    table_raw(table, arena_str(arena, buf_str(&list)));
}

/* What went in, by what came of it. What is not known is NaN and stays it. */
static double cost_of_each(const struct rows *rows, size_t row, int64_t count)
{
    return count > 0 ? row_real(rows, row, CHANNELS_COST) / (double)count : no_number;
}

static void write_channel(struct table *table, const struct channels *channels, size_t index,
                          struct arena *arena)
{
    const struct rows *rows = channels->rows;
    const struct channel_row *item = &channels->items[index];
    table_row(table);
    table_str(table, item->channel);
    table_int(table, item->leads);
    table_int(table, row_bigint(rows, item->row, CHANNELS_MQLS));
    table_int(table, row_bigint(rows, item->row, CHANNELS_SQLS));
    table_int(table, row_bigint(rows, item->row, CHANNELS_CUSTOMERS));
    table_real(table, item->rate);
    table_real(table, item->interval.low);
    table_real(table, item->interval.high);
    table_int(table, (int64_t)index + 1);
    table_int(table, (int64_t)item->volume_rank);
    table_bool(table, item->leads < SMALL_SAMPLE_BELOW);
    write_amounts_cell(table, row_text(rows, item->row, CHANNELS_REVENUE), arena);
    table_real(table, row_real(rows, item->row, CHANNELS_MEDIAN_SECONDS) / SECONDS_PER_DAY);
    if (row_is_null(rows, item->row, CHANNELS_VISITS)) {
        table_text(table, NULL);
    } else {
        table_int(table, row_bigint(rows, item->row, CHANNELS_VISITS));
    }
    table_real(table, report_ratio(item->leads, row_bigint(rows, item->row, CHANNELS_VISITS)));
    write_amounts_cell(table, row_text(rows, item->row, CHANNELS_SPEND), arena);
    table_real(table, cost_of_each(rows, item->row, item->leads));
    table_real(table,
               cost_of_each(rows, item->row, row_bigint(rows, item->row, CHANNELS_CUSTOMERS)));
}

static void write_total(struct json_writer *json, const struct rows *rows)
{
    size_t row = 0;
    while (!is_part(rows, row, "total")) {
        row++;
    }
    const int64_t leads = row_bigint(rows, row, CHANNELS_LEADS);
    const int64_t customers = row_bigint(rows, row, CHANNELS_CUSTOMERS);
    const int64_t visits = row_bigint(rows, row, CHANNELS_VISITS);
    json_key(json, "total");
    json_object_begin(json);
    JSON_FIELD(json, "leads", json_int, leads);
    JSON_FIELD(json, "customers", json_int, customers);
    json_key(json, "visits");
    if (row_is_null(rows, row, CHANNELS_VISITS)) {
        json_nil(json);
    } else {
        json_int(json, visits);
    }
    JSON_FIELD(json, "visit_lead_rate", json_double, report_ratio(leads, visits));
    json_key(json, "spend");
    write_amounts(json, row_text(rows, row, CHANNELS_SPEND));
    JSON_FIELD(json, "cost_per_lead", json_double, cost_of_each(rows, row, leads));
    JSON_FIELD(json, "cost_per_customer", json_double, cost_of_each(rows, row, customers));
    json_object_end(json);
}

static void write_warning(struct json_writer *json, const char *code, const char *detail,
                          struct uuid contact_id)
{
    json_object_begin(json);
    JSON_FIELD(json, "code", json_text, code);
    JSON_FIELD(json, "detail", json_text, detail);
    if (!uuid_is_nil(contact_id)) {
        JSON_FIELD(json, "contact_id", json_uuid, contact_id);
    }
    json_object_end(json);
}

/* Pairs that came the wrong way round: the first WARNINGS_MAX, and how many more there are. */
static void write_warnings(struct json_writer *json, const struct rows *rows,
                           const struct report_query *query, struct arena *arena)
{
    const char *detail = arena_printf(
        arena, "The stage %s was recorded before %s, so this pair counts in no duration.",
        reachable_stages[query->to_stage], reachable_stages[query->from_stage]);
    int64_t total = 0;
    int64_t listed = 0;
    json_key(json, "warnings");
    json_array_begin(json);
    for (size_t row = 0; row < rows_count(rows); row++) {
        if (is_part(rows, row, "backwards")) {
            write_warning(json, "out_of_order", detail, row_uuid(rows, row, CHANNELS_CONTACT_ID));
            total = row_bigint(rows, row, CHANNELS_LEADS);
            listed++;
        }
    }
    if (total > listed) {
        write_warning(json, "not_all_listed",
                      arena_printf(arena, "%lld more pairs were recorded out of order.",
                                   (long long)(total - listed)),
                      (struct uuid){{0}});
    }
    json_array_end(json);
}

enum request_step report_channels_finish(struct request *request)
{
    const struct rows *rows = request->read->queries[0].rows;
    struct channels channels;
    const int64_t from_us = row_time(rows, 0, CHANNELS_SINCE);
    const int64_t to_us = row_time(rows, 0, CHANNELS_UNTIL);
    if (!report_period_is_sound(request, from_us, to_us)) {
        return problem_faults(request);
    }
    if (!collect_channels(rows, request->arena, &channels)) {
        return problem(request, ERR_NOMEM, "The answer is too large. Ask for a shorter period.");
    }
    struct table table;
    table_begin(&table, request, channels_columns, ARRAY_LEN(channels_columns));
    if (table.format == TABLE_JSON) {
        report_begin_document(&table.json, from_us, to_us);
        json_key(&table.json, "data");
        json_array_begin(&table.json);
    }
    for (size_t i = 0; i < channels.count; i++) {
        write_channel(&table, &channels, i, request->arena);
    }
    table_rows_end(&table);
    if (table.format == TABLE_JSON) {
        json_array_end(&table.json);
        write_total(&table.json, rows);
        write_warnings(&table.json, rows, request->query, request->arena);
        json_object_end(&table.json);
    }
    return table_end(&table);
}

/* ---- funnel ---- */

/* In the order of report_funnel.sql. */
enum funnel_column {
    FUNNEL_SINCE,
    FUNNEL_UNTIL,
    FUNNEL_REACHED,                                     /* one a stage */
    FUNNEL_MEDIAN_SECONDS = FUNNEL_REACHED + REACHABLE, /* one a stage but the last */
};

static const char *const funnel_columns[] = {
    "stage",  "reached", "rate_from_previous",     "rate_from_first",
    "ci_low", "ci_high", "median_seconds_to_next",
};

enum request_step report_funnel_start(struct request *request)
{
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    const struct report_query *query = request->query;
    report_period_params(request, &query->period, read_op_query(read, STATEMENT_REPORT_FUNNEL));
    return REQUEST_RUN;
}

/* The first stage has no previous one, the last no next one. */
static void write_stage(struct table *table, const struct rows *rows, size_t stage)
{
    const int64_t reached = row_bigint(rows, 0, FUNNEL_REACHED + stage);
    const int64_t previous = stage > 0 ? row_bigint(rows, 0, FUNNEL_REACHED + stage - 1) : 0;
    const struct interval interval = report_interval(stage > 0 ? reached : 0, previous);
    const bool has_next = stage + 1 < REACHABLE;
    table_row(table);
    table_text(table, reachable_stages[stage]);
    table_int(table, reached);
    table_real(table, report_ratio(reached, previous));
    table_real(table, report_ratio(reached, row_bigint(rows, 0, FUNNEL_REACHED)));
    table_real(table, interval.low);
    table_real(table, interval.high);
    table_real(table, has_next ? row_real(rows, 0, FUNNEL_MEDIAN_SECONDS + stage) : no_number);
}

enum request_step report_funnel_finish(struct request *request)
{
    const struct rows *rows = request->read->queries[0].rows;
    const int64_t from_us = row_time(rows, 0, FUNNEL_SINCE);
    const int64_t to_us = row_time(rows, 0, FUNNEL_UNTIL);
    if (!report_period_is_sound(request, from_us, to_us)) {
        return problem_faults(request);
    }
    struct table table;
    table_begin(&table, request, funnel_columns, ARRAY_LEN(funnel_columns));
    if (table.format == TABLE_JSON) {
        report_begin_document(&table.json, from_us, to_us);
        json_key(&table.json, "stages");
        json_array_begin(&table.json);
    }
    for (size_t stage = 0; stage < REACHABLE; stage++) {
        write_stage(&table, rows, stage);
    }
    table_rows_end(&table);
    if (table.format == TABLE_JSON) {
        json_array_end(&table.json);
        json_object_end(&table.json);
    }
    return table_end(&table);
}

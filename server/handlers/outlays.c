/*
 * What went in: visits and clicks by day, money by month, each by channel and campaign. Recorded by
 * key, one or up to a thousand at a time: all or none, and the same again changes nothing.
 */
#include "domain/deal.h"
#include "handlers/handlers.h"

enum { ITEMS_MAX = 1000, MONTH_CHARS = 7 };

struct traffic_item {
    int32_t days;
    struct str channel;
    struct str campaign;
    int64_t visits;
    int64_t clicks;
};

static const struct field traffic_fields[] = {
    FIELD("date", DATE, struct traffic_item, days, .flags = FIELD_REQUIRED),
    FIELD("channel", SLUG, struct traffic_item, channel, .flags = FIELD_REQUIRED),
    FIELD("campaign", STRING, struct traffic_item, campaign, .min = 1, .max = 64,
          .flags = FIELD_NULLABLE | FIELD_LINE),
    FIELD("visits", INT, struct traffic_item, visits, .min = 0, .max = AMOUNT_MAX,
          .flags = FIELD_REQUIRED),
    FIELD("clicks", INT, struct traffic_item, clicks, .min = 0, .max = AMOUNT_MAX,
          .flags = FIELD_NULLABLE),
};
static const struct schema traffic_schema = SCHEMA(struct traffic_item, traffic_fields);

struct spend_item {
    struct str month;
    int32_t days; /* of its first day, worked out */
    struct str channel;
    struct str campaign;
    int64_t amount;
    struct str currency;
};

static const struct field spend_fields[] = {
    FIELD("month", STRING, struct spend_item, month, .min = MONTH_CHARS, .max = MONTH_CHARS,
          .flags = FIELD_REQUIRED | FIELD_LINE),
    FIELD("channel", SLUG, struct spend_item, channel, .flags = FIELD_NULLABLE),
    FIELD("campaign", STRING, struct spend_item, campaign, .min = 1, .max = 64,
          .flags = FIELD_NULLABLE | FIELD_LINE),
    FIELD("amount", INT, struct spend_item, amount, .min = 0, .max = AMOUNT_MAX,
          .flags = FIELD_REQUIRED),
    FIELD("currency", STRING, struct spend_item, currency, .min = 3, .max = 3,
          .flags = FIELD_REQUIRED | FIELD_LINE),
};
static const struct schema spend_schema = SCHEMA(struct spend_item, spend_fields);

/* ---- recording ---- */

/* The items of a body: those of the list `name`, or the body itself. NULL: faults were added. */
static const json_t *items_of(struct request *request, const char *name, size_t *ret_count)
{
    const json_t *list = json_object_get(request->body, name);
    *ret_count = 1;
    if (list == NULL) {
        return request->body;
    }
    const char *pointer = arena_printf(request->arena, "/%s", name);
    *ret_count = json_array_size(list);
    if (!json_is_array(list)) {
        faults_add(&request->faults, pointer, "type", "A list of up to %d is expected.", ITEMS_MAX);
    } else if (*ret_count == 0 || *ret_count > ITEMS_MAX) {
        faults_add(&request->faults, pointer, *ret_count == 0 ? "too_few" : "too_many",
                   "From 1 to %d at a time.", ITEMS_MAX);
    } else if (json_object_size(request->body) > 1) {
        faults_add(&request->faults, "", "unknown", "Beside a list there is nothing else.");
    }
    return request->faults.count == 0 ? list : NULL;
}

/* The campaign by its slug, '' for none. */
static struct str campaign_of(struct request *request, struct str campaign, const char *base)
{
    if (campaign.data == NULL) {
        return STR_LITERAL("");
    }
    const struct catalog_entry *entry = catalog_find(request->catalog, CATALOG_CAMPAIGN, campaign);
    if (entry == NULL) {
        faults_add(&request->faults, arena_printf(request->arena, "%s/campaign", base),
                   "unknown_reference", "There is no such campaign.");
    }
    return entry != NULL ? entry->slug : campaign;
}

static void take_traffic(struct request *request, const json_t *value, const char *base,
                         struct traffic_item *item)
{
    if (schema_decode_at(&traffic_schema, value, base, request->arena, item, &request->faults)) {
        item->campaign = campaign_of(request, item->campaign, base);
    }
}

static void take_spend(struct request *request, const json_t *value, const char *base,
                       struct spend_item *item)
{
    if (!schema_decode_at(&spend_schema, value, base, request->arena, item, &request->faults)) {
        return;
    }
    const char *first = arena_printf(request->arena, "%.*s-01", STR_ARGS(item->month));
    if (first == NULL || !date_parse(str_from(first), &item->days)) {
        faults_add(&request->faults, arena_printf(request->arena, "%s/month", base), "format",
                   "A month is a year and a month, such as 2026-11.");
    }
    if ((item->channel.data == NULL) == (item->campaign.data == NULL)) {
        faults_add(&request->faults, arena_printf(request->arena, "%s/channel", base), "required",
                   "What it was spent on: a channel or a campaign, one of them.");
    }
    for (size_t i = 0; i < item->currency.len; i++) {
        if (item->currency.data[i] < 'A' || item->currency.data[i] > 'Z') {
            faults_add(&request->faults, arena_printf(request->arena, "%s/currency", base),
                       "format",
                       "A currency is an ISO 4217 code of three upper-case letters, such as EUR.");
            break;
        }
    }
    item->channel = item->channel.data != NULL ? item->channel : STR_LITERAL("");
    item->campaign = campaign_of(request, item->campaign, base);
}

static const char *base_of(struct request *request, const char *name, const json_t *items,
                           size_t index)
{
    return items == request->body ? "" : arena_printf(request->arena, "/%s/%zu", name, index);
}

static const json_t *item_at(const struct request *request, const json_t *items, size_t index)
{
    return items == request->body ? items : json_array_get(items, index);
}

/* How many there were, for the answer. */
static enum request_step run_record(struct request *request, size_t count)
{
    size_t *kept = arena_alloc(request->arena, sizeof *kept);
    if (kept == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    *kept = count;
    request->data = kept;
    return REQUEST_RUN;
}

enum request_step traffic_record_start(struct request *request)
{
    size_t count = 0;
    const json_t *items = items_of(request, "traffic", &count);
    struct traffic_item *traffic = arena_array(request->arena, count, sizeof *traffic);
    if (items != NULL && traffic == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    for (size_t i = 0; items != NULL && i < count; i++) {
        take_traffic(request, item_at(request, items, i), base_of(request, "traffic", items, i),
                     &traffic[i]);
    }
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    struct read_op *upsert = request_upsert(request);
    if (upsert == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(upsert, STATEMENT_TRAFFIC_UPSERT);
    struct param *ids = param_array(params, ITEM_UUID);
    struct param *days = param_array(params, ITEM_INT);
    struct param *channels = param_array(params, ITEM_TEXT);
    struct param *campaigns = param_array(params, ITEM_TEXT);
    struct param *visits = param_array(params, ITEM_BIGINT);
    struct param *clicks = param_array(params, ITEM_BIGINT);
    for (size_t i = 0; i < count; i++) {
        item_uuid(ids, uuid_new(clock_wall_us()));
        item_int(days, traffic[i].days);
        item_text(channels, traffic[i].channel);
        item_text(campaigns, traffic[i].campaign);
        item_bigint(visits, traffic[i].visits);
        item_bigint(clicks, traffic[i].clicks == INT_NONE ? -1 : traffic[i].clicks);
    }
    return run_record(request, count);
}

enum request_step spend_record_start(struct request *request)
{
    size_t count = 0;
    const json_t *items = items_of(request, "spend", &count);
    struct spend_item *spend = arena_array(request->arena, count, sizeof *spend);
    if (items != NULL && spend == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    for (size_t i = 0; items != NULL && i < count; i++) {
        take_spend(request, item_at(request, items, i), base_of(request, "spend", items, i),
                   &spend[i]);
    }
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    struct read_op *upsert = request_upsert(request);
    if (upsert == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(upsert, STATEMENT_SPEND_UPSERT);
    struct param *ids = param_array(params, ITEM_UUID);
    struct param *months = param_array(params, ITEM_INT);
    struct param *channels = param_array(params, ITEM_TEXT);
    struct param *campaigns = param_array(params, ITEM_TEXT);
    struct param *currencies = param_array(params, ITEM_TEXT);
    struct param *amounts = param_array(params, ITEM_BIGINT);
    for (size_t i = 0; i < count; i++) {
        item_uuid(ids, uuid_new(clock_wall_us()));
        item_int(months, spend[i].days);
        item_text(channels, spend[i].channel);
        item_text(campaigns, spend[i].campaign);
        item_text(currencies, spend[i].currency);
        item_bigint(amounts, spend[i].amount);
    }
    return run_record(request, count);
}

enum request_step outlay_record_finish(struct request *request)
{
    const size_t *count = request->data;
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    JSON_FIELD(&json, "stored", json_int, (int64_t)*count);
    json_object_end(&json);
    return reply_end(request);
}

/* ---- lists ---- */

struct outlay_query {
    int32_t from_days;
    int32_t to_days;
    struct str channel;
    struct str campaign;
    struct list_query list;
};

static const struct query_param outlay_params[] = {
    QUERY_PARAM("from", DATE, struct outlay_query, from_days),
    QUERY_PARAM("to", DATE, struct outlay_query, to_days),
    QUERY_PARAM("channel", SLUG, struct outlay_query, channel),
    QUERY_PARAM("campaign", SLUG, struct outlay_query, campaign),
    LIST_PARAMS(struct outlay_query),
};
const struct query traffic_query = QUERY(struct outlay_query, outlay_params);
const struct query spend_query = QUERY(struct outlay_query, outlay_params);

/* What both pages begin with. */
enum outlay_column { OUTLAY_ID, OUTLAY_DAYS, OUTLAY_WHEN, OUTLAY_CHANNEL, OUTLAY_CAMPAIGN };
enum traffic_column { TRAFFIC_VISITS = OUTLAY_CAMPAIGN + 1, TRAFFIC_CLICKS, TRAFFIC_UPDATED_AT };
enum spend_column { SPEND_AMOUNT = OUTLAY_CAMPAIGN + 1, SPEND_CURRENCY, SPEND_UPDATED_AT };

static void param_days(struct params *params, int32_t days)
{
    if (days == DATE_NONE) {
        param_null(params);
    } else {
        param_int(params, days);
    }
}

static enum request_step list_start(struct request *request, enum statement statement)
{
    const struct outlay_query *query = request->query;
    struct cursor cursor;
    int64_t before_days = DATE_NONE;
    struct uuid before = {{0}};
    if (!list_cursor(request, &query->list, &cursor)) {
        return REQUEST_REPLY;
    }
    if (cursor.len > 0 && !(cursor_take_int(&cursor, &before_days) &&
                            cursor_take_uuid(&cursor, &before) && cursor_is_spent(&cursor) &&
                            before_days >= INT32_MIN / 2 && before_days <= INT32_MAX / 2)) {
        (void)list_cursor_foreign(request);
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    struct params *params = read_op_query(read, statement);
    param_days(params, query->from_days);
    param_days(params, query->to_days);
    param_text(params, query->channel);
    param_text(params, query->campaign);
    param_days(params, (int32_t)before_days);
    param_uuid(params, before);
    param_int(params, (int32_t)query->list.limit + 1);
    return REQUEST_RUN;
}

enum request_step traffic_list_start(struct request *request)
{
    return list_start(request, STATEMENT_TRAFFIC_PAGE);
}

enum request_step spend_list_start(struct request *request)
{
    return list_start(request, STATEMENT_SPEND_PAGE);
}

static void write_traffic(struct json_writer *json, const struct rows *rows, size_t row)
{
    JSON_FIELD(json, "date", json_str, row_text(rows, row, OUTLAY_WHEN));
    JSON_FIELD(json, "channel", json_str, row_text(rows, row, OUTLAY_CHANNEL));
    JSON_FIELD(json, "campaign", json_str, row_text(rows, row, OUTLAY_CAMPAIGN));
    JSON_FIELD(json, "visits", json_int, row_bigint(rows, row, TRAFFIC_VISITS));
    json_key(json, "clicks");
    if (row_is_null(rows, row, TRAFFIC_CLICKS)) {
        json_nil(json);
    } else {
        json_int(json, row_bigint(rows, row, TRAFFIC_CLICKS));
    }
    JSON_FIELD(json, "updated_at", json_time, row_time(rows, row, TRAFFIC_UPDATED_AT));
}

static void write_spend(struct json_writer *json, const struct rows *rows, size_t row)
{
    JSON_FIELD(json, "month", json_str, row_text(rows, row, OUTLAY_WHEN));
    JSON_FIELD(json, "channel", json_str, row_text(rows, row, OUTLAY_CHANNEL));
    JSON_FIELD(json, "campaign", json_str, row_text(rows, row, OUTLAY_CAMPAIGN));
    JSON_FIELD(json, "amount", json_int, row_bigint(rows, row, SPEND_AMOUNT));
    JSON_FIELD(json, "currency", json_str, row_text(rows, row, SPEND_CURRENCY));
    JSON_FIELD(json, "updated_at", json_time, row_time(rows, row, SPEND_UPDATED_AT));
}

static enum request_step list_finish(struct request *request,
                                     void (*write)(struct json_writer *json,
                                                   const struct rows *rows, size_t row))
{
    const struct outlay_query *query = request->query;
    const struct rows *rows = request->read->queries[0].rows;
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    list_begin(request, &json);
    for (size_t row = 0; row < page.count; row++) {
        json_object_begin(&json);
        write(&json, rows, row);
        json_object_end(&json);
    }
    struct cursor next = {0};
    if (page.has_more) {
        cursor_put_int(&next, row_int(rows, page.count - 1, OUTLAY_DAYS));
        cursor_put_uuid(&next, row_uuid(rows, page.count - 1, OUTLAY_ID));
    }
    return list_end(request, &json, page.has_more ? &next : NULL);
}

enum request_step traffic_list_finish(struct request *request)
{
    return list_finish(request, write_traffic);
}

enum request_step spend_list_finish(struct request *request)
{
    return list_finish(request, write_spend);
}

/*
 * GET /v1/leads: contacts from stage lead on, for CRMs and queues, in three orders. Each order has
 * statements of its own with the same filters; a page goes on where the one before ended (keyset).
 *
 * hottest and due put those without heat or clock last; their cursors say which of the two parts
 * the page ended in.
 */
#include "handlers/leads.h"

#include <math.h>

#include "handlers/contact_answers.h"
#include "handlers/handlers.h"
#include "handlers/handoff_assignee.h"

enum order { ORDER_HOTTEST, ORDER_NEWEST, ORDER_DUE };
static const char *const order_names[] = {"hottest", "newest", "due", NULL};

struct lead_query_values {
    struct list_query list;
    uint64_t stages;
    uint64_t reached;
    uint64_t decisions;
    struct str min_grade;
    struct str channel;
    struct str campaign;
    struct str assignee;
    int order;
};

static const struct query_param lead_params[] = {
    QUERY_PARAM("stage", ENUMS, struct lead_query_values, stages, .choices = stage_names),
    QUERY_PARAM("reached", ENUMS, struct lead_query_values, reached, .choices = stage_names),
    QUERY_PARAM("decision", ENUMS, struct lead_query_values, decisions, .choices = decision_names),
    QUERY_PARAM("min_grade", STRING, struct lead_query_values, min_grade, .min = 2, .max = 2),
    QUERY_PARAM("channel", SLUG, struct lead_query_values, channel),
    QUERY_PARAM("campaign", SLUG, struct lead_query_values, campaign),
    QUERY_PARAM("assignee", STRING, struct lead_query_values, assignee, .min = 1,
                .max = ASSIGNEE_CHARS_MAX),
    QUERY_CHOICE("order", struct lead_query_values, order, order_names,
                 QUERY_FALLBACK(ORDER_NEWEST)),
    LIST_PARAMS(struct lead_query_values),
};
const struct query lead_query = QUERY(struct lead_query_values, lead_params);

#define STAGE_BIT(stage) (UINT64_C(1) << (stage))
#define STAGES_OF_LEADS  (STAGE_BIT(STAGE_DISQUALIFIED) - STAGE_BIT(STAGE_LEAD))
#define STAGES_WORKING   (STAGE_BIT(STAGE_COUNT_) - STAGE_BIT(STAGE_MQL))
#define FAR_AWAY_US      (INT64_C(253402300799) * US_PER_SECOND) /* the last second of the year 9999 */

/* ---- filters ---- */

struct lead_filters {
    uint64_t stages;
    const char *reached; /* the earliest of them; NULL: any */
    bool was_disqualified;
    const char *fit_grade; /* NULL: any */
    double interest;       /* NaN: any */
    struct str campaign;
    struct assignee_filter assignee;
};

static void read_min_grade(struct request *request, struct str text, struct lead_filters *filters)
{
    static const char *const letters[] = {"A", "B", "C", NULL}; /* D is everybody */
    enum fit_grade fit;
    enum interest_grade interest;
    filters->interest = (double)NAN;
    if (text.data == NULL) {
        return;
    }
    if (!grade_parse(text, &fit, &interest)) {
        faults_add(&request->faults, "?min_grade", "format",
                   "A grade is a letter A to D and a digit 1 to 4, such as B2.");
        return;
    }
    filters->fit_grade = letters[fit];
    if (interest != INTEREST_4) {
        int32_t version;
        const struct model *model = catalog_active_model(request->catalog, &version);
        filters->interest = log2(model->interest_bounds[interest - INTEREST_1]);
    }
}

static void read_filters(struct request *request, struct lead_filters *filters)
{
    const struct lead_query_values *query = request->query;
    *filters = (struct lead_filters){.stages = STAGES_OF_LEADS};
    if (query->stages != 0) {
        filters->stages = query->stages & (STAGES_OF_LEADS | STAGE_BIT(STAGE_DISQUALIFIED));
    }
    for (int stage = STAGE_CONTACT; stage < STAGE_DISQUALIFIED && filters->reached == NULL;
         stage++) {
        if ((query->reached & STAGE_BIT(stage)) != 0) {
            filters->reached = stage_names[stage];
        }
    }
    filters->was_disqualified = (query->reached & STAGE_BIT(STAGE_DISQUALIFIED)) != 0;
    read_min_grade(request, query->min_grade, filters);
    (void)assignee_filter_parse(request, query->assignee, &filters->assignee);
    filters->campaign = query->campaign;
    if (query->campaign.data != NULL) {
        const struct catalog_entry *campaign =
            catalog_find(request->catalog, CATALOG_CAMPAIGN, query->campaign);
        /* One that was never declared is known by what visitors came with. */
        filters->campaign = campaign != NULL ? campaign->slug : query->campaign;
    }
}

static void add_names(struct params *params, uint64_t set, const char *const names[])
{
    struct param *array = param_array(params, ITEM_TEXT);
    for (size_t i = 0; names[i] != NULL; i++) {
        if ((set & (UINT64_C(1) << i)) != 0) {
            item_text(array, str_from(names[i]));
        }
    }
}

/* $1 to $13 of all lead statements. */
static void add_filters(const struct request *request, const struct lead_filters *filters,
                        struct params *params)
{
    const struct lead_query_values *query = request->query;
    int32_t version;
    const struct model *model = catalog_active_model(request->catalog, &version);
    param_int(params, version);
    add_names(params, filters->stages, stage_names);
    param_text(params, str_from(filters->reached));
    param_bool(params, filters->was_disqualified);
    if (query->decisions != 0) {
        add_names(params, query->decisions, decision_names);
    } else {
        param_null(params);
    }
    param_text(params, str_from(filters->fit_grade));
    param_real(params, filters->interest);
    param_real(params, (double)model->half_life_us);
    param_text(params, query->channel);
    param_text(params, filters->campaign);
    assignee_filter_params(params, &filters->assignee);
    param_int(params, (int32_t)query->list.limit + 1);
}

/* ---- where a page begins ---- */

/* The part of the list that the page before ended in; the second is that of those without heat or
 * clock. */
enum part { PART_START, PART_FIRST, PART_SECOND };

struct place {
    int64_t part;
    double heat;
    int64_t due_at_us;
    struct uuid id; /* of the contact; with due, in the first part, of the clock */
};

static bool take_place(struct cursor *cursor, enum order order, struct place *place)
{
    if (!cursor_take_int(cursor, &place->part) ||
        (place->part != PART_FIRST && place->part != PART_SECOND)) {
        return false;
    }
    const bool is_first = place->part == PART_FIRST;
    if ((is_first && order == ORDER_HOTTEST && !cursor_take_real(cursor, &place->heat)) ||
        (is_first && order == ORDER_DUE && !cursor_take_int(cursor, &place->due_at_us))) {
        return false;
    }
    return cursor_take_uuid(cursor, &place->id) && cursor_is_spent(cursor);
}

static bool read_place(struct request *request, struct place *ret_place)
{
    const struct lead_query_values *query = request->query;
    struct cursor cursor;
    *ret_place = (struct place){.part = PART_START};
    if (!list_cursor(request, &query->list, &cursor)) {
        return false;
    }
    if (cursor.len > 0 && !take_place(&cursor, (enum order)query->order, ret_place)) {
        return list_cursor_foreign(request);
    }
    return true;
}

/* $14 … of the order's statement. */
static void add_place(struct params *params, enum order order, const struct place *place)
{
    const struct uuid nobody = {{0}};
    const bool is_first = place->part == PART_FIRST;
    const bool is_second = place->part == PART_SECOND;
    if (order == ORDER_HOTTEST) {
        param_real(params, is_first ? place->heat : is_second ? -(double)INFINITY : (double)NAN);
    } else if (order == ORDER_DUE) {
        param_time(params, is_first ? place->due_at_us : is_second ? FAR_AWAY_US : TIME_NONE);
    }
    if (order != ORDER_NEWEST) {
        param_uuid(params, is_first ? place->id : nobody);
        param_uuid(params, is_second ? place->id : nobody);
    } else {
        param_uuid(params, place->id);
    }
}

static void put_place(struct cursor *cursor, enum order order, const struct rows *rows, size_t row)
{
    const bool is_second = order != ORDER_NEWEST && row_is_null(rows, row, CONTACT_COLUMN_OWN);
    cursor_put_int(cursor, is_second ? PART_SECOND : PART_FIRST);
    if (!is_second && order == ORDER_HOTTEST) {
        cursor_put_real(cursor, row_real(rows, row, CONTACT_COLUMN_OWN));
    } else if (!is_second && order == ORDER_DUE) {
        cursor_put_int(cursor, row_time(rows, row, CONTACT_COLUMN_OWN));
        cursor_put_uuid(cursor, row_uuid(rows, row, CONTACT_COLUMN_OWN + 1));
        return;
    }
    cursor_put_uuid(cursor, row_uuid(rows, row, 0));
}

/* ---- the route ---- */

static enum statement statement_of(enum order order, uint64_t stages)
{
    switch (order) {
    case ORDER_HOTTEST:
        return STATEMENT_LEAD_HOTTEST;
    case ORDER_DUE:
        return STATEMENT_LEAD_DUE;
    case ORDER_NEWEST:
        break;
    }
    return (stages & ~STAGES_WORKING) == 0 ? STATEMENT_LEAD_WORKING : STATEMENT_LEAD_NEWEST;
}

enum request_step lead_list_start(struct request *request)
{
    const struct lead_query_values *query = request->query;
    const enum order order = (enum order)query->order;
    struct lead_filters filters;
    struct place place;
    read_filters(request, &filters);
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    struct read_op *read = read_place(request, &place) ? request_read(request) : NULL;
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    /* Before the snapshot, so that no event is missed between the two. */
    (void)read_op_query(read, STATEMENT_FEED_LAST);
    struct params *params = read_op_query(read, statement_of(order, filters.stages));
    add_filters(request, &filters, params);
    add_place(params, order, &place);
    return REQUEST_RUN;
}

enum request_step lead_list_finish(struct request *request)
{
    const struct lead_query_values *query = request->query;
    const struct rows *feed = request->read->queries[0].rows;
    const struct rows *rows = request->read->queries[1].rows;
    const struct list_page page = list_page(&query->list, rows);
    const char *last = arena_printf(request->arena, "%lld", (long long)row_bigint(feed, 0, 0));
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
    http_reply_header(request->message, "X-Relais-Events-After", str_from(last));
    struct cursor next = {0};
    if (page.has_more) {
        put_place(&next, (enum order)query->order, rows, page.count - 1);
    }
    (void)list_end(request, &json, page.has_more ? &next : NULL);
    return leads_as_table(request, table_format_accepted(http_header(request->message, "Accept")));
}

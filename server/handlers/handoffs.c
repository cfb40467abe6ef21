/*
 * Handoffs: the queue of sales, a single one, and opening by hand. Moves are in handoff_moves.c.
 *
 * A list is read in two steps: a page of ids in its order, then those handoffs with everything that
 * belongs to them.
 */
#include "handlers/handoff_assignee.h"
#include "handlers/handoff_document.h"
#include "handlers/handoff_refusal.h"

enum handoff_order { ORDER_DUE, ORDER_NEWEST };
static const char *const order_names[] = {"due", "newest", NULL};

struct handoff_query {
    uint64_t states; /* bit = state; none: all */
    struct str assignee;
    enum handoff_order order;
    struct list_query list;
};

static const struct query_param handoff_params[] = {
    QUERY_PARAM("state", ENUMS, struct handoff_query, states, .choices = handoff_state_names),
    QUERY_PARAM("assignee", STRING, struct handoff_query, assignee, .min = 1,
                .max = ASSIGNEE_CHARS_MAX),
    QUERY_CHOICE("order", struct handoff_query, order, order_names, QUERY_FALLBACK(ORDER_NEWEST)),
    LIST_PARAMS(struct handoff_query),
};
const struct query handoff_query = QUERY(struct handoff_query, handoff_params);

/* ---- where a page begins ---- */

/* Behind which handoff: in the order by due one with a promise (deadline and clock), later one
 * without; none and nil: from the beginning. */
struct handoff_place {
    int64_t due_at_us;
    struct uuid clock_id;
    struct uuid handoff_id;
};

/* The end of year 9999: behind all that have a promise. */
static const int64_t due_us_max = INT64_C(253402300799999000);

static void put_place(struct cursor *cursor, const struct handoff_place *place)
{
    cursor_put_int(cursor, place->due_at_us);
    cursor_put_uuid(cursor, place->clock_id);
    cursor_put_uuid(cursor, place->handoff_id);
}

/* False: a 422 is in the reply. */
static bool take_place(struct request *request, const struct list_query *list,
                       struct handoff_place *ret_place)
{
    struct cursor cursor;
    if (!list_cursor(request, list, &cursor)) {
        return false;
    }
    *ret_place = (struct handoff_place){.due_at_us = TIME_NONE};
    if (cursor.len == 0) {
        return true;
    }
    const int64_t *due_at_us = &ret_place->due_at_us;
    const bool is_whole =
        cursor_take_int(&cursor, &ret_place->due_at_us) &&
        cursor_take_uuid(&cursor, &ret_place->clock_id) &&
        cursor_take_uuid(&cursor, &ret_place->handoff_id) && cursor_is_spent(&cursor) &&
        (*due_at_us == TIME_NONE || (*due_at_us >= 0 && *due_at_us <= due_us_max));
    if (!is_whole) {
        (void)list_cursor_foreign(request);
    }
    return is_whole;
}

/* ---- the list ---- */

enum due_column { DUE_HANDOFF_ID, DUE_AT, DUE_CLOCK_ID };

struct handoff_list {
    bool is_by_due;
    bool has_next;
    struct cursor next;
};

static const uint64_t open_states = (UINT64_C(1) << HANDOFF_WON) - 1;

static void state_params(struct params *params, uint64_t states)
{
    struct param *array = param_array(params, ITEM_TEXT);
    for (size_t i = 0; i < HANDOFF_STATE_COUNT_; i++) {
        if (states == 0 || (states >> i & 1) != 0) {
            item_text(array, str_from(handoff_state_names[i]));
        }
    }
}

static void due_page_params(struct params *params, const struct handoff_query *query,
                            const struct assignee_filter *filter, const struct handoff_place *place,
                            bool is_open_only)
{
    state_params(params, query->states);
    assignee_filter_params(params, filter);
    param_int(params, (int32_t)query->list.limit + 1);
    param_time(params, place->due_at_us);
    param_uuid(params, place->clock_id);
    param_uuid(params, place->handoff_id);
    param_bool(params, is_open_only);
}

/* Each way through the table has its statement: the open ones are few, a member's and all have an
 * index. */
static void page_params(struct read_op *read, const struct handoff_query *query,
                        const struct assignee_filter *filter, const struct handoff_place *place,
                        bool is_by_due)
{
    const bool is_open_only = query->states != 0 && (query->states & ~open_states) == 0;
    const bool is_members = !is_open_only && !uuid_is_nil(filter->member_id);
    if (is_by_due) {
        struct params *params = read_op_query(read, STATEMENT_HANDOFF_PAGE_DUE);
        due_page_params(params, query, filter, place, is_open_only);
        return;
    }
    struct params *params = read_op_query(read, is_open_only ? STATEMENT_HANDOFF_PAGE_OPEN
                                                : is_members ? STATEMENT_HANDOFF_PAGE_MEMBER
                                                             : STATEMENT_HANDOFF_PAGE);
    param_uuid(params, place->handoff_id);
    if (is_members) {
        param_uuid(params, filter->member_id);
        state_params(params, query->states);
    } else {
        state_params(params, query->states);
        assignee_filter_params(params, filter);
    }
    param_int(params, (int32_t)query->list.limit + 1);
}

enum request_step handoffs_start(struct request *request)
{
    const struct handoff_query *query = request->query;
    struct assignee_filter filter;
    struct handoff_place place;
    if (!assignee_filter_parse(request, query->assignee, &filter)) {
        return problem_faults(request);
    }
    if (!take_place(request, &query->list, &place)) {
        return REQUEST_REPLY;
    }
    struct handoff_list *list = arena_alloc(request->arena, sizeof *list);
    if (list == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    request->data = list;
    /* Closed ones have no promise that runs. */
    list->is_by_due = query->order == ORDER_DUE &&
                      (query->states == 0 || (query->states & open_states) != 0);
    page_params(read, query, &filter, &place, list->is_by_due);
    return REQUEST_RUN;
}

/* Behind the last row that is shown. */
static void keep_place(struct handoff_list *list, const struct rows *rows, size_t row)
{
    struct handoff_place place = {.due_at_us = due_us_max};
    if (list->is_by_due && !row_is_null(rows, row, DUE_AT)) {
        place.due_at_us = row_time(rows, row, DUE_AT);
        place.clock_id = row_uuid(rows, row, DUE_CLOCK_ID);
    } else {
        place.handoff_id = row_uuid(rows, row, DUE_HANDOFF_ID);
    }
    put_place(&list->next, &place);
}

static enum request_step list_finish(struct request *request)
{
    const struct handoff_list *list = request->data;
    struct handoff_documents documents;
    handoff_documents_init(&documents, request->read);
    struct json_writer json;
    list_begin(request, &json);
    while (handoff_document_write(&json, &documents)) {
    }
    return list_end(request, &json, list->has_next ? &list->next : NULL);
}

enum request_step handoffs_finish(struct request *request)
{
    const struct handoff_query *query = request->query;
    struct handoff_list *list = request->data;
    const struct rows *rows = request->read->queries[0].rows;
    const size_t limit = (size_t)query->list.limit;
    const size_t count = rows_count(rows) < limit ? rows_count(rows) : limit;
    list->has_next = rows_count(rows) > limit;
    if (list->has_next) {
        keep_place(list, rows, count - 1);
    }
    if (count == 0) {
        struct json_writer json;
        list_begin(request, &json);
        return list_end(request, &json, NULL);
    }
    struct uuid *ids = arena_array(request->arena, count, sizeof *ids);
    if (ids == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    for (size_t i = 0; i < count; i++) {
        ids[i] = row_uuid(rows, i, DUE_HANDOFF_ID);
    }
    request->finish = list_finish;
    return handoff_documents_request(request, ids, count) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

/* ---- a single one ---- */

enum request_step handoff_start(struct request *request)
{
    struct uuid id;
    if (!request_uuid_param(request, 0, &id)) {
        return REQUEST_REPLY;
    }
    return handoff_documents_request(request, &id, 1) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

/* ---- opening by hand ---- */

enum { REASON_CHARS_MAX = 2000 };

struct open_body {
    struct uuid contact_id;
    int purpose;
    struct str reason;
    struct uuid member;
};

static const struct field open_fields[] = {
    FIELD("contact_id", UUID, struct open_body, contact_id, .flags = FIELD_REQUIRED),
    FIELD_CHOICE("purpose", struct open_body, purpose, purpose_names, .flags = FIELD_NULLABLE),
    FIELD("reason", STRING, struct open_body, reason, .flags = FIELD_REQUIRED, .min = 1,
          .max = REASON_CHARS_MAX),
    FIELD("member", UUID, struct open_body, member, .flags = FIELD_NULLABLE),
};
const struct schema handoff_open_schema = SCHEMA(struct open_body, open_fields);

enum request_step handoff_open_start(struct request *request)
{
    struct open_body body;
    struct input *input = arena_alloc(request->arena, sizeof *input);
    if (input == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    request_input_init(request, input, INPUT_HANDOFF);
    if (schema_decode(&handoff_open_schema, request->body, request->arena, &body,
                      &request->faults)) {
        handoff_require_text(request, body.reason, "/reason");
        handoff_take_actor(request, body.member, input);
    }
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    input->contact_id = body.contact_id;
    input->purpose = body.purpose == ENUM_NONE ? PURPOSE_CLOSE : (enum purpose)body.purpose;
    input->reason = body.reason;
    return request_change(request, input, 1, LANE_WRITE) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

enum request_step handoff_open_finish(struct request *request)
{
    const struct input *input = &request->change->inputs[0];
    if (input->result.code == ERR_NOT_FOUND) {
        faults_add(&request->faults, "/contact_id", "reference", "There is no such contact.");
        return problem_faults(request);
    }
    if (input->result.code != OK) {
        return handoff_refuse(request, input);
    }
    request->finish = handoff_created_finish;
    return handoff_documents_request(request, &input->result.id, 1) != NULL ? REQUEST_RUN
                                                                            : REQUEST_REPLY;
}

/*
 * What happened to a contact, newest first: one list from nine tables, whose rows come with the
 * same columns (contact_timeline.sql); what they are called in each kind of item is the table
 * below.
 */
#include "handlers/contact_answers.h"
#include "handlers/handlers.h"

enum column {
    COLUMN_RANK,
    COLUMN_AT,
    COLUMN_ID,
    COLUMN_OTHER,
    COLUMN_A,
    COLUMN_B,
    COLUMN_C,
    COLUMN_D,
    COLUMN_E,
    COLUMN_NUMBER,
    COLUMN_FLAG,
    COLUMN_UNTIL,
    COLUMN_DOCUMENT,
};

enum { ITEM_FIELDS_MAX = 9 };

/* By the rank less one; fields in the order they are shown. */
static const struct item_kind {
    const char *type;
    struct {
        const char *name;
        enum column column;
    } fields[ITEM_FIELDS_MAX];
} item_kinds[] = {
    {"submission",
     {{"id", COLUMN_ID},
      {"form", COLUMN_A},
      {"offer", COLUMN_B},
      {"campaign", COLUMN_C},
      {"channel", COLUMN_D}}                                                                    },
    {"activity",
     {{"id", COLUMN_ID},
      {"kind", COLUMN_A},
      {"offer", COLUMN_B},
      {"campaign", COLUMN_C},
      {"channel", COLUMN_D},
      {"properties", COLUMN_DOCUMENT}}                                                          },
    {"consent",
     {{"purpose", COLUMN_A}, {"granted", COLUMN_FLAG}, {"text", COLUMN_B}, {"source", COLUMN_C}}},
    {"stage_change",
     {{"from", COLUMN_A},
      {"to", COLUMN_B},
      {"actor", COLUMN_C},
      {"reason", COLUMN_D},
      {"note", COLUMN_E},
      {"handoff_id", COLUMN_OTHER},
      {"implied", COLUMN_FLAG}}                                                                 },
    {"handoff",
     {{"id", COLUMN_ID},
      {"state", COLUMN_A},
      {"purpose", COLUMN_B},
      {"assignee", COLUMN_OTHER},
      {"cycle", COLUMN_NUMBER},
      {"reason", COLUMN_C},
      {"closed_at", COLUMN_UNTIL}}                                                              },
    {"attempt",
     {{"id", COLUMN_ID},
      {"handoff_id", COLUMN_OTHER},
      {"channel", COLUMN_A},
      {"outcome", COLUMN_B},
      {"actor", COLUMN_C},
      {"note", COLUMN_D}}                                                                       },
    {"feedback",
     {{"id", COLUMN_ID},
      {"handoff_id", COLUMN_OTHER},
      {"offer", COLUMN_A},
      {"found_useful", COLUMN_B},
      {"helped_the_call", COLUMN_FLAG},
      {"actor", COLUMN_C},
      {"note", COLUMN_D}}                                                                       },
    {"deal",
     {{"id", COLUMN_ID},
      {"kind", COLUMN_A},
      {"amount", COLUMN_NUMBER},
      {"currency", COLUMN_B},
      {"handoff_id", COLUMN_OTHER},
      {"actor", COLUMN_C}}                                                                      },
    {"assignment",
     {{"id", COLUMN_ID},
      {"handoff_id", COLUMN_OTHER},
      {"member", COLUMN_A},
      {"previous", COLUMN_B},
      {"actor", COLUMN_C},
      {"reason", COLUMN_D}}                                                                     },
    {"pause",
     {{"id", COLUMN_ID},
      {"handoff_id", COLUMN_OTHER},
      {"until", COLUMN_UNTIL},
      {"ended_at", COLUMN_A},
      {"actor", COLUMN_C},
      {"reason", COLUMN_D}}                                                                     },
    {"escalation",
     {{"id", COLUMN_ID},
      {"handoff_id", COLUMN_OTHER},
      {"member", COLUMN_A},
      {"clock_id", COLUMN_B},
      {"actor", COLUMN_C},
      {"reason", COLUMN_D}}                                                                     },
    {"waiting",
     {{"id", COLUMN_ID},
      {"handoff_id", COLUMN_OTHER},
      {"member", COLUMN_A},
      {"actor", COLUMN_C},
      {"reason", COLUMN_D}}                                                                     },
};

struct timeline_query {
    struct list_query list;
};

static const struct query_param timeline_params[] = {
    LIST_PARAMS(struct timeline_query),
};
const struct query timeline_query = QUERY(struct timeline_query, timeline_params);

/* Where the page before ended. */
struct timeline_place {
    int64_t at_us;
    int64_t rank;
    struct uuid id;
};

static bool read_place(struct request *request, struct timeline_place *ret_place)
{
    const struct timeline_query *query = request->query;
    struct cursor cursor;
    struct timeline_place place = {.at_us = TIME_NONE};
    if (!list_cursor(request, &query->list, &cursor)) {
        return false;
    }
    const bool is_valid = cursor.len == 0 ||
                          (cursor_take_int(&cursor, &place.at_us) &&
                           cursor_take_int(&cursor, &place.rank) &&
                           cursor_take_uuid(&cursor, &place.id) && cursor_is_spent(&cursor));
    *ret_place = place;
    if (!is_valid) {
        (void)list_cursor_foreign(request);
    }
    return is_valid;
}

enum request_step timeline_start(struct request *request)
{
    const struct timeline_query *query = request->query;
    struct uuid contact_id;
    struct timeline_place place;
    if (!request_uuid_param(request, 0, &contact_id) || !read_place(request, &place)) {
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    param_uuid(read_op_query(read, STATEMENT_CONTACT_ROOT), contact_id);
    struct params *params = read_op_query(read, STATEMENT_CONTACT_TIMELINE);
    param_uuid(params, contact_id);
    param_time(params, place.at_us);
    if (place.at_us == TIME_NONE) {
        param_null(params);
    } else {
        param_int(params, (int32_t)place.rank);
    }
    param_uuid(params, place.id);
    param_int(params, (int32_t)query->list.limit + 1);
    return REQUEST_RUN;
}

static void write_cell(struct json_writer *json, const struct rows *rows, size_t row,
                       enum column column)
{
    switch (column) {
    case COLUMN_ID:
    case COLUMN_OTHER:
        json_uuid(json, row_uuid(rows, row, column));
        break;
    case COLUMN_A:
    case COLUMN_B:
    case COLUMN_C:
    case COLUMN_D:
    case COLUMN_E:
        json_str(json, row_text(rows, row, column));
        break;
    case COLUMN_NUMBER:
        if (row_is_null(rows, row, column)) {
            json_nil(json);
        } else {
            json_int(json, row_bigint(rows, row, column));
        }
        break;
    case COLUMN_FLAG:
        if (row_is_null(rows, row, column)) {
            json_nil(json);
        } else {
            json_bool(json, row_bool(rows, row, column));
        }
        break;
    case COLUMN_AT:
    case COLUMN_UNTIL:
        json_time(json, row_time(rows, row, column));
        break;
    case COLUMN_DOCUMENT:
        json_raw(json, row_text(rows, row, column));
        break;
    case COLUMN_RANK:
        json_int(json, row_int(rows, row, column));
        break;
    }
}

static void write_item(struct json_writer *json, const struct rows *rows, size_t row)
{
    const struct item_kind *kind = &item_kinds[row_int(rows, row, COLUMN_RANK) - 1];
    json_object_begin(json);
    JSON_FIELD(json, "type", json_text, kind->type);
    JSON_FIELD(json, "at", json_time, row_time(rows, row, COLUMN_AT));
    for (size_t i = 0; i < ITEM_FIELDS_MAX && kind->fields[i].name != NULL; i++) {
        json_key(json, kind->fields[i].name);
        write_cell(json, rows, row, kind->fields[i].column);
    }
    json_object_end(json);
}

enum request_step timeline_finish(struct request *request)
{
    const struct timeline_query *query = request->query;
    const struct rows *root = request->read->queries[0].rows;
    const struct rows *rows = request->read->queries[1].rows;
    if (contact_is_missing(request, root)) {
        return REQUEST_REPLY;
    }
    contact_say_where(request, row_uuid(root, 0, 0), "/timeline");
    const struct list_page page = list_page(&query->list, rows);
    struct json_writer json;
    list_begin(request, &json);
    for (size_t row = 0; row < page.count; row++) {
        write_item(&json, rows, row);
    }
    struct cursor next = {0};
    if (page.has_more) {
        cursor_put_int(&next, row_time(rows, page.count - 1, COLUMN_AT));
        cursor_put_int(&next, row_int(rows, page.count - 1, COLUMN_RANK));
        cursor_put_uuid(&next, row_uuid(rows, page.count - 1, COLUMN_ID));
    }
    return list_end(request, &json, page.has_more ? &next : NULL);
}

#include "feed_page.h"

/* By one statement, with types: it looks at many positions for few events. */
enum { LOOK_POSITIONS = 20000 };

const char *const feed_type_names[] = {
    "submission.received",
    "contact.created",
    "contact.updated",
    "contact.stage_changed",
    "contact.merged",
    "contact.erased",
    "contact.decision_changed",
    "score.grade_changed",
    "handoff.opened",
    "handoff.assigned",
    "handoff.accepted",
    "handoff.contacted",
    "handoff.qualified",
    "handoff.opportunity",
    "handoff.won",
    "handoff.lost",
    "handoff.recycled",
    "handoff.rejected",
    "handoff.activity",
    "sla.warning",
    "sla.met",
    "sla.breached",
    "sla.cancelled",
    "sla.escalated",
    "sla.changed",
    "commitment.at_risk",
    "commitment.met",
    "commitment.missed",
    "agreement.signed",
    "agreement.in_force",
    NULL,
};
_Static_assert(ARRAY_LEN(feed_type_names) <= 65, "they fit in a set of bits");

/* In the order of feed_page.sql. */
enum feed_column {
    COLUMN_EPOCH,
    COLUMN_FIRST,
    COLUMN_LAST,
    COLUMN_POSITION,
    COLUMN_TYPE,
    COLUMN_AT,
    COLUMN_CONTACT_ID,
    COLUMN_DATA,
};

static int64_t positions_of(const struct feed_look *look)
{
    return look->types == 0 ? look->limit : LOOK_POSITIONS;
}

void feed_look_params(struct params *params, const struct feed_look *look)
{
    params_clear(params);
    param_bigint(params, look->after);
    param_bigint(params, positions_of(look));
    if (look->types == 0) {
        param_null(params);
    } else {
        struct param *types = param_array(params, ITEM_TEXT);
        for (size_t i = 0; feed_type_names[i] != NULL; i++) {
            if ((look->types >> i & 1) != 0) {
                item_text(types, str_from(feed_type_names[i]));
            }
        }
    }
    param_int(params, (int32_t)look->limit);
}

static const char *gone_because(const struct feed_look *look, const struct feed_bounds *bounds)
{
    if (!uuid_is_nil(look->epoch) && !uuid_eq(look->epoch, bounds->epoch)) {
        return "The feed has another epoch.";
    }
    if (look->after > bounds->last) {
        return "The feed has no such position yet.";
    }
    if (look->after < bounds->first - 1) {
        return "This position is no longer kept.";
    }
    return NULL;
}

enum err_code feed_look_found(const struct rows *rows, const struct feed_look *look,
                              struct feed_found *ret_found, struct err *reterr)
{
    if (rows_count(rows) == 0) {
        return err_set(reterr, ERR_STORE, "Table feed_head is empty. Restore it from a backup.");
    }
    struct feed_found *found = ret_found;
    *found = (struct feed_found){
        .bounds = {.epoch = row_uuid(rows, 0, COLUMN_EPOCH),
                   .first = row_bigint(rows, 0, COLUMN_FIRST),
                   .last = row_bigint(rows, 0, COLUMN_LAST)},
        .count = row_is_null(rows, 0, COLUMN_POSITION) ? 0 : rows_count(rows),
    };
    found->gone = gone_because(look, &found->bounds);
    const int64_t window = look->after + positions_of(look);
    found->looked = found->count == (size_t)look->limit
                        ? row_bigint(rows, found->count - 1, COLUMN_POSITION)
                    : window < found->bounds.last ? window
                                                  : found->bounds.last;
    return OK;
}

void feed_write_bounds(struct json_writer *json, const struct feed_bounds *bounds)
{
    JSON_FIELD(json, "epoch", json_uuid, bounds->epoch);
    JSON_FIELD(json, "first", json_int, bounds->first);
    JSON_FIELD(json, "last", json_int, bounds->last);
}

int64_t feed_event_position(const struct rows *rows, size_t row)
{
    return row_bigint(rows, row, COLUMN_POSITION);
}

struct str feed_event_type(const struct rows *rows, size_t row)
{
    return row_text(rows, row, COLUMN_TYPE);
}

void feed_write_event(struct json_writer *json, const struct rows *rows, size_t row)
{
    json_object_begin(json);
    JSON_FIELD(json, "position", json_int, row_bigint(rows, row, COLUMN_POSITION));
    JSON_FIELD(json, "type", json_str, row_text(rows, row, COLUMN_TYPE));
    JSON_FIELD(json, "at", json_time, row_time(rows, row, COLUMN_AT));
    JSON_FIELD(json, "contact_id", json_uuid, row_uuid(rows, row, COLUMN_CONTACT_ID));
    JSON_FIELD(json, "data", json_raw, row_text(rows, row, COLUMN_DATA));
    json_object_end(json);
}

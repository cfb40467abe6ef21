/*
 * The change feed: a page of events behind a position, at once or when there are some.
 *
 * Waiting holds no thread: the read operation itself waits in the store and comes back when the
 * feed has grown (or the time is over), and is answered or waits again. It goes away only after the
 * store has let go of it, in its `done`; by then an empty answer stands ready in the reply, for the
 * case that it cannot wait.
 *
 * With `types` a page may have to look at many positions for few events. One statement looks at a
 * bounded number of them; while it finds nothing and there is more, the operation goes round again.
 */
#include "handlers/handlers.h"

enum {
    LOOK_POSITIONS = 20000, /* by one statement, with types */
    LOOKS_MAX = 50,         /* one after the other, by one request */
    WAIT_SECONDS_MAX = 30,
};

/* Who waits for a rare type is not woken by every other event. */
static const int64_t fruitless_pause_us = 100 * US_PER_MS;

static const char *const event_type_names[] = {
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
    "commitment.met",
    "commitment.missed",
    NULL,
};
_Static_assert(ARRAY_LEN(event_type_names) <= 65, "they fit in a set of bits");

struct event_query {
    int64_t after;
    struct uuid epoch;
    uint64_t types;
    int64_t limit;
    int64_t wait_seconds;
};

static const struct query_param event_params[] = {
    QUERY_PARAM("after", INT, struct event_query, after, .max = 9007199254740991.0,
                QUERY_FALLBACK(0)),
    QUERY_PARAM("epoch", UUID, struct event_query, epoch),
    QUERY_PARAM("types", ENUMS, struct event_query, types, .choices = event_type_names),
    QUERY_PARAM("limit", INT, struct event_query, limit, .min = 1, .max = 1000, QUERY_FALLBACK(50)),
    QUERY_PARAM("wait", INT, struct event_query, wait_seconds, .max = WAIT_SECONDS_MAX,
                QUERY_FALLBACK(0)),
};
const struct query event_query = QUERY(struct event_query, event_params);

/* In the order of feed_page.sql. */
enum event_column {
    COLUMN_EPOCH,
    COLUMN_FIRST,
    COLUMN_LAST,
    COLUMN_POSITION,
    COLUMN_TYPE,
    COLUMN_AT,
    COLUMN_CONTACT_ID,
    COLUMN_DATA,
};

struct feed_reader {
    int64_t looked;    /* the last position looked at */
    struct uuid epoch; /* nil: not known yet */
    int64_t until_us;  /* clock_monotonic_us: no longer */
    unsigned looks;
    void (*done)(struct op *op); /* the request's own */
    int64_t wait_after;          /* wait for positions beyond this; WAIT_NOT: go round at once */
    int64_t wait_until_us;
};
enum { WAIT_NOT = -1 };

static int64_t positions_per_look(const struct event_query *query)
{
    return query->types == 0 ? query->limit : LOOK_POSITIONS;
}

static void fill_params(struct params *params, const struct event_query *query, int64_t after)
{
    params_clear(params);
    param_bigint(params, after);
    param_bigint(params, positions_per_look(query));
    if (query->types == 0) {
        param_null(params);
    } else {
        struct param *types = param_array(params, ITEM_TEXT);
        for (size_t i = 0; event_type_names[i] != NULL; i++) {
            if ((query->types >> i & 1) != 0) {
                item_text(types, str_from(event_type_names[i]));
            }
        }
    }
    param_int(params, (int32_t)query->limit);
}

enum request_step events_start(struct request *request)
{
    const struct event_query *query = request->query;
    struct feed_reader *reader = arena_alloc(request->arena, sizeof *reader);
    if (reader == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    *reader = (struct feed_reader){
        .looked = query->after,
        .epoch = query->epoch,
        .until_us = request->message->received_at_us + query->wait_seconds * US_PER_SECOND,
    };
    request->data = reader;
    fill_params(read_op_query(read, STATEMENT_FEED_PAGE), query, query->after);
    return REQUEST_RUN;
}

/* ---- answers ---- */

static void write_bounds(struct json_writer *json, const struct rows *rows)
{
    JSON_FIELD(json, "epoch", json_uuid, row_uuid(rows, 0, COLUMN_EPOCH));
    JSON_FIELD(json, "first", json_int, row_bigint(rows, 0, COLUMN_FIRST));
    JSON_FIELD(json, "last", json_int, row_bigint(rows, 0, COLUMN_LAST));
}

static enum request_step reply_gone(struct request *request, const struct rows *rows,
                                    const char *detail)
{
    struct json_writer json;
    problem_begin(request, &json, ERR_GONE, detail);
    write_bounds(&json, rows);
    problem_end(request, &json);
    return REQUEST_REPLY;
}

static enum request_step reply_page(struct request *request, const struct rows *rows, size_t count,
                                    int64_t next_after)
{
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    write_bounds(&json, rows);
    json_key(&json, "data");
    json_array_begin(&json);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(&json);
        JSON_FIELD(&json, "position", json_int, row_bigint(rows, i, COLUMN_POSITION));
        JSON_FIELD(&json, "type", json_str, row_text(rows, i, COLUMN_TYPE));
        JSON_FIELD(&json, "at", json_time, row_time(rows, i, COLUMN_AT));
        JSON_FIELD(&json, "contact_id", json_uuid, row_uuid(rows, i, COLUMN_CONTACT_ID));
        JSON_FIELD(&json, "data", json_raw, row_text(rows, i, COLUMN_DATA));
        json_object_end(&json);
    }
    json_array_end(&json);
    JSON_FIELD(&json, "next_after", json_int, next_after);
    json_object_end(&json);
    return reply_end(request);
}

/* ---- again ---- */

/* The store has let go of the operation: it waits for the feed, or goes round at once. What cannot
 * be done is answered with what stands in the reply. */
static void go_round(struct op *op)
{
    struct request *request = op->context;
    struct store *store = request->app->store;
    const struct feed_reader *reader = request->data;
    op->done = reader->done;
    op->deadline_us = 0;
    const bool is_given_away =
        reader->wait_after == WAIT_NOT
            ? store_submit(store, op)
            : store_wait_for_feed(store, op, reader->wait_after, reader->wait_until_us);
    if (!is_given_away) {
        op->done(op);
    }
}

/* The same operation, on from where it has looked. */
static void look_again(struct request *request)
{
    struct feed_reader *reader = request->data;
    struct read_op *read = request->read;
    fill_params(&read->queries[0].params, request->query, reader->looked);
    reader->done = read->op.done;
    read->op.done = go_round;
    read->op.catalog =
        NULL; /* the key is good; a change of the set-up shall not make the wait begin anew */
}

/* Nothing was found up to `looked`: whether and how it goes on. */
static void go_on(struct request *request, int64_t looked, int64_t last)
{
    struct feed_reader *reader = request->data;
    const bool is_fruitless = looked > reader->looked;
    const int64_t now_us = clock_monotonic_us();
    reader->looked = looked;
    if (looked < last) {
        reader->wait_after = WAIT_NOT;
        if (++reader->looks < LOOKS_MAX) {
            look_again(request);
        }
        return;
    }
    if (now_us >= reader->until_us) {
        return;
    }
    const int64_t pause_until_us = now_us + fruitless_pause_us;
    reader->looks = 0;
    reader->wait_after = is_fruitless ? INT64_MAX : looked;
    reader->wait_until_us = is_fruitless && pause_until_us < reader->until_us ? pause_until_us
                                                                              : reader->until_us;
    look_again(request);
}

/* Why the feed cannot be read on from here; NULL: it can. */
static const char *gone_because(const struct feed_reader *reader, const struct rows *rows)
{
    if (!uuid_is_nil(reader->epoch) && !uuid_eq(reader->epoch, row_uuid(rows, 0, COLUMN_EPOCH))) {
        return "The feed has another epoch.";
    }
    if (reader->looked > row_bigint(rows, 0, COLUMN_LAST)) {
        return "The feed has no such position yet.";
    }
    if (reader->looked < row_bigint(rows, 0, COLUMN_FIRST) - 1) {
        return "This position is no longer kept.";
    }
    return NULL;
}

enum request_step events_finish(struct request *request)
{
    const struct event_query *query = request->query;
    struct feed_reader *reader = request->data;
    const struct rows *rows = request->read->queries[0].rows;
    if (rows_count(rows) == 0) {
        return problem(request, ERR_STORE, "Table feed_head is empty. Restore it from a backup.");
    }
    const char *gone = gone_because(reader, rows);
    if (gone != NULL) {
        return reply_gone(request, rows, gone);
    }
    const int64_t last = row_bigint(rows, 0, COLUMN_LAST);
    const bool is_empty = row_is_null(rows, 0, COLUMN_POSITION);
    const size_t count = is_empty ? 0 : rows_count(rows);
    const int64_t window = reader->looked + positions_per_look(query);
    const int64_t looked = count == (size_t)query->limit
                               ? row_bigint(rows, count - 1, COLUMN_POSITION)
                           : window < last ? window
                                           : last;
    reader->epoch = row_uuid(rows, 0, COLUMN_EPOCH);
    const enum request_step step = reply_page(request, rows, count, looked);
    if (count == 0) {
        go_on(request, looked, last);
    }
    return step;
}

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
#include "handlers/events.h"

#include "handlers/handlers.h"

enum {
    LOOKS_MAX = 50, /* one after the other, by one request */
    WAIT_SECONDS_MAX = 30,
};

/* Who waits for a rare type is not woken by every other event. */
static const int64_t fruitless_pause_us = 100 * US_PER_MS;

struct event_query {
    struct feed_query feed;
    int64_t limit;
    int64_t wait_seconds;
};

static const struct query_param event_params[] = {
    FEED_PARAMS(struct event_query),
    QUERY_PARAM("limit", INT, struct event_query, limit, .min = 1, .max = 1000, QUERY_FALLBACK(50)),
    QUERY_PARAM("wait", INT, struct event_query, wait_seconds, .max = WAIT_SECONDS_MAX,
                QUERY_FALLBACK(0)),
};
const struct query event_query = QUERY(struct event_query, event_params);

struct feed_reader {
    struct feed_look look; /* its place moves on, its epoch is learned */
    int64_t until_us;      /* clock_monotonic_us: no longer */
    unsigned looks;
    void (*done)(struct op *op); /* the request's own */
    int64_t wait_after;          /* wait for positions beyond this; WAIT_NOT: go round at once */
    int64_t wait_until_us;
};
enum { WAIT_NOT = -1 };

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
        .look = {.epoch = query->feed.epoch,
                 .after = query->feed.after,
                 .types = query->feed.types,
                 .limit = query->limit},
        .until_us = request->message->received_at_us + query->wait_seconds * US_PER_SECOND,
    };
    request->data = reader;
    feed_look_params(read_op_query(read, STATEMENT_FEED_PAGE), &reader->look);
    return REQUEST_RUN;
}

/* ---- answers ---- */

enum request_step reply_feed_gone(struct request *request, const struct feed_found *found)
{
    struct json_writer json;
    problem_begin(request, &json, ERR_GONE, found->gone);
    feed_write_bounds(&json, &found->bounds);
    problem_end(request, &json);
    return REQUEST_REPLY;
}

static enum request_step reply_page(struct request *request, const struct rows *rows,
                                    const struct feed_found *found)
{
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    feed_write_bounds(&json, &found->bounds);
    json_key(&json, "data");
    json_array_begin(&json);
    for (size_t i = 0; i < found->count; i++) {
        feed_write_event(&json, rows, i);
    }
    json_array_end(&json);
    JSON_FIELD(&json, "next_after", json_int, found->looked);
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
    feed_look_params(&read->queries[0].params, &reader->look);
    reader->done = read->op.done;
    read->op.done = go_round;
    read->op.catalog =
        NULL; /* the key is good; a change of the set-up shall not make the wait begin anew */
}

/* Nothing was found up to `looked`: whether and how it goes on. */
static void go_on(struct request *request, int64_t looked, int64_t last)
{
    struct feed_reader *reader = request->data;
    const bool is_fruitless = looked > reader->look.after;
    const int64_t now_us = clock_monotonic_us();
    reader->look.after = looked;
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

enum request_step events_finish(struct request *request)
{
    struct feed_reader *reader = request->data;
    const struct rows *rows = request->read->queries[0].rows;
    struct feed_found found;
    struct err err;
    if (feed_look_found(rows, &reader->look, &found, &err) != OK) {
        return problem_err(request, &err);
    }
    if (found.gone != NULL) {
        return reply_feed_gone(request, &found);
    }
    reader->look.epoch = found.bounds.epoch;
    const enum request_step step = reply_page(request, rows, &found);
    if (found.count == 0) {
        go_on(request, found.looked, found.bounds.last);
    }
    return step;
}

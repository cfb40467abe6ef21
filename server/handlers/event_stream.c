/*
 * The change feed as server-sent events. A look at the feed decides whether it can be read on from
 * where the client is; then the stream begins, and event_streams.h goes on with it.
 */
#include "event_streams.h"

#include "handlers/events.h"
#include "handlers/handlers.h"

struct event_stream_query {
    struct feed_query feed;
};

static const struct query_param event_stream_params[] = {FEED_PARAMS(struct event_stream_query)};
const struct query event_stream_query = QUERY(struct event_stream_query, event_stream_params);

/* Where the client is: a Last-Event-ID counts more than the query, which is as old as the page that
 * asks. False: a fault was added. */
static bool take_place(struct request *request, struct feed_look *ret_look)
{
    const struct event_stream_query *query = request->query;
    *ret_look = (struct feed_look){
        .epoch = query->feed.epoch,
        .after = query->feed.after,
        .types = query->feed.types,
        .limit = 1 /* only whether it can be read on from there */
    };
    const struct str header = http_header(request->message, "Last-Event-ID");
    if (header.data == NULL || header.len == 0) {
        return true;
    }
    struct event_id id;
    if (!event_id_parse(header, &id)) {
        faults_add(&request->faults, "Last-Event-ID", "format",
                   "Not an id of this stream: {epoch}:{position}.");
        return false;
    }
    ret_look->epoch = id.epoch;
    ret_look->after = id.position;
    return true;
}

enum request_step event_stream_start(struct request *request)
{
    struct feed_look *look = arena_alloc(request->arena, sizeof *look);
    struct event_stream *stream = arena_alloc(request->arena, sizeof *stream);
    if (look == NULL || stream == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    if (!take_place(request, look)) {
        return problem_faults(request);
    }
    if (!stream_open(request, &stream->stream, &event_stream_source)) {
        return REQUEST_REPLY;
    }
    struct read_op *read = request_read(request);
    if (read == NULL) {
        return REQUEST_REPLY;
    }
    stream->streams = &request->app->event_streams;
    request->data = look;
    struct feed_look bounds_only = *look;
    bounds_only.types = 0;
    feed_look_params(read_op_query(read, STATEMENT_FEED_PAGE), &bounds_only);
    return REQUEST_RUN;
}

enum request_step event_stream_finish(struct request *request)
{
    const struct feed_look *look = request->data;
    struct event_stream *stream = CONTAINER_OF(request->stream, struct event_stream, stream);
    struct feed_found found;
    struct err err;
    if (feed_look_found(request->read->queries[0].rows, look, &found, &err) != OK) {
        return problem_err(request, &err);
    }
    if (found.gone != NULL) {
        return reply_feed_gone(request, &found);
    }
    stream->epoch = found.bounds.epoch;
    stream->position = stream->told_position = look->after;
    stream->types = look->types;
    stream->last = found.bounds.last;
    event_stream_join(stream);
    const struct event_id id = {.epoch = stream->epoch, .position = stream->position};
    char text[EVENT_ID_BYTES];
    stream_begin(&stream->stream, event_id_format(id, text));
    return REQUEST_REPLY;
}

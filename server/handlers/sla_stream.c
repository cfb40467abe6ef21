/* The SLA status as server-sent events: each document that differs from the one before. */
#include "handlers/handlers.h"
#include "status_streams.h"

/* A client that comes back with the document it has, by its ETag, is told the next one. */
static void take_known(const struct request *request, char etag[static SLA_STATUS_ETAG_BYTES])
{
    const struct str header = http_header(request->message, "Last-Event-ID");
    if (header.len > 0 && header.len < SLA_STATUS_ETAG_BYTES) {
        memcpy(etag, header.data, header.len);
    }
}

enum request_step sla_stream_start(struct request *request)
{
    struct status_stream *stream = arena_alloc(request->arena, sizeof *stream);
    if (stream == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    if (!stream_open(request, &stream->stream, &status_stream_source)) {
        return REQUEST_REPLY;
    }
    stream->streams = &request->app->status_streams;
    take_known(request, stream->etag);
    /* An empty operation: the database is there, and the key's set-up is the newest. */
    return request_read(request) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

enum request_step sla_stream_finish(struct request *request)
{
    struct status_stream *stream = CONTAINER_OF(request->stream, struct status_stream, stream);
    status_stream_join(stream);
    stream_begin(&stream->stream, /* id= */ NULL);
    return REQUEST_REPLY;
}

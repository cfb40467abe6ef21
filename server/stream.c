#include "stream.h"

#include "auth.h"
#include "base/clock.h"
#include "problem.h"

static const int64_t beat_us = STREAM_BEAT_SECONDS * US_PER_SECOND;
/* Looking who has hung up costs a system call for each. */
static const int64_t leavers_pause_us = US_PER_SECOND;

void streams_init(struct streams *streams, size_t count_max)
{
    *streams = (struct streams){.count_max = count_max};
}

void streams_close(struct streams *streams)
{
    atomic_store(&streams->is_closing, true);
}

/* ---- the beginning ---- */

static bool take_place(struct streams *streams)
{
    if (atomic_fetch_add(&streams->count, 1) < streams->count_max) {
        return true;
    }
    atomic_fetch_sub(&streams->count, 1);
    atomic_fetch_add_explicit(&streams->refused_count, 1, memory_order_relaxed);
    return false;
}

bool stream_open(struct request *request, struct stream *stream, const struct stream_source *source)
{
    struct streams *streams = &request->app->streams;
    if (atomic_load(&streams->is_closing)) {
        (void)problem(request, ERR_BUSY, "The service is stopping. Try again in a moment.");
        return false;
    }
    if (request->stream == NULL && !take_place(streams)) {
        (void)problem(request, ERR_BUSY,
                      "As many streams are open as this instance may have "
                      "(RELAIS_STREAMS_MAX). Try again later, or ask another instance.");
        return false;
    }
    *stream = (struct stream){.request = request, .source = source};
    request->stream = stream;
    return true;
}

void stream_begin(struct stream *stream, const char *id)
{
    struct request *request = stream->request;
    struct http_message *message = request->message;
    message->reply.status = 200;
    message->reply.content_type = "text/event-stream";
    message->reply.is_stream = true;
    http_reply_header(message, "Cache-Control", STR_LITERAL("no-store"));
    /* nginx and those who learned from it: pass on each piece as it comes. */
    http_reply_header(message, "X-Accel-Buffering", STR_LITERAL("no"));
    stream->began_at_us = clock_monotonic_us();
    stream->beat_at_us = stream->began_at_us + beat_us;
    stream->catalog_version = catalog_version(request->catalog);
    if (message->method != HTTP_HEAD) {
        buf_printf(&message->reply.body, "retry: %d\n", (int)STREAM_RETRY_MS);
        if (id != NULL) {
            buf_printf(&message->reply.body, "id: %s\n", id);
        }
        buf_append_char(&message->reply.body, '\n');
    }
}

/* ---- piece by piece ---- */

bool stream_beat_is_due(const struct stream *stream)
{
    return clock_monotonic_us() >= stream->beat_at_us;
}

static int64_t newest_version(struct store *store)
{
    struct catalog *newest = store_catalog(store);
    const int64_t version = catalog_version(newest);
    catalog_unref(newest);
    return version;
}

static bool is_due(const struct stream *stream, int64_t version)
{
    return stream_beat_is_due(stream) || stream->catalog_version != version ||
           atomic_load(&stream->request->app->streams.is_closing);
}

bool stream_is_due(const struct stream *stream)
{
    return is_due(stream, newest_version(stream->request->app->store));
}

void stream_list_add(struct stream_list *list, struct stream *stream)
{
    stream->next_waiting = NULL;
    if (list->last != NULL) {
        list->last->next_waiting = stream;
    } else {
        list->first = stream;
    }
    list->last = stream;
}

struct stream *stream_list_take(struct stream_list *list, struct store *store,
                                bool (*has_news)(struct stream *stream))
{
    const int64_t now_us = clock_monotonic_us();
    const int64_t version = newest_version(store);
    const bool seeks_leavers = now_us >= list->leavers_at_us;
    if (seeks_leavers) {
        list->leavers_at_us = now_us + leavers_pause_us;
    }
    struct stream *taken = NULL;
    struct stream **link = &list->first;
    list->last = NULL;
    while (*link != NULL) {
        struct stream *stream = *link;
        stream->is_over = seeks_leavers && http_client_has_left(stream->request->message);
        if (stream->is_over || is_due(stream, version) || has_news(stream)) {
            *link = stream->next_waiting;
            stream->next_waiting = taken;
            taken = stream;
        } else {
            list->last = stream;
            link = &stream->next_waiting;
        }
    }
    return taken;
}

void stream_resume_all(struct stream *chain)
{
    while (chain != NULL) {
        struct stream *next = chain->next_waiting;
        http_resume(chain->request->message);
        chain = next;
    }
}

/* Its key may have been deleted, rotated away or run out since. */
static bool is_still_allowed(struct stream *stream)
{
    struct request *request = stream->request;
    catalog_unref(request->catalog);
    request->catalog = store_catalog(request->app->store);
    stream->catalog_version = catalog_version(request->catalog);
    return auth_still_holds(request);
}

enum http_step stream_next(struct stream *stream)
{
    struct buf *out = &stream->request->message->reply.body;
    if (stream->is_over || atomic_load(&stream->request->app->streams.is_closing) ||
        !is_still_allowed(stream)) {
        return HTTP_END;
    }
    const enum http_step step = stream->source->next(stream, out);
    if (step == HTTP_REPLY) {
        stream->beat_at_us = clock_monotonic_us() + beat_us;
    } else {
        buf_done(out); /* who waits holds no memory for what it said */
    }
    return step;
}

void stream_wait(struct stream *stream)
{
    stream->source->wait(stream);
}

void stream_end(struct stream *stream)
{
    if (stream != NULL) {
        stream->source->end(stream);
        atomic_fetch_sub(&stream->request->app->streams.count, 1);
    }
}

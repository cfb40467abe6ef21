#include "status_streams.h"

#include "base/clock.h"
#include "request.h"

/* From one look at the status to the next. The store looks at its clock five times a second, and a
 * read takes its time: together less than a second. */
static const int64_t round_us = 500 * US_PER_MS;

static struct status_stream *of_stream(struct stream *stream)
{
    return CONTAINER_OF(stream, struct status_stream, stream);
}

static bool has_news(struct stream *one)
{
    const struct status_stream *stream = of_stream(one);
    return sla_status_is_news(stream->streams->status, stream->etag);
}

/* ---- rounds: wait, read the set-up's version, read the document, and again ---- */

static void on_head_read(struct op *op);

/* The document is there, or cannot be read now. */
static void on_status(struct op *op)
{
    struct status_streams *streams = op->context;
    (void)pthread_mutex_lock(&streams->lock);
    struct stream *ready = stream_list_take(&streams->waiting, streams->store, has_news);
    op->done = on_head_read;
    op->deadline_us = 0;
    streams->is_going_round =
        streams->open_count > 0 &&
        store_follow_feed(streams->store, op, INT64_MAX, clock_monotonic_us() + round_us);
    (void)pthread_mutex_unlock(&streams->lock);
    stream_resume_all(ready);
}

/* The store has let go of the operation, which has looked whether the set-up is still the same. */
static void on_head_read(struct op *op)
{
    struct status_streams *streams = op->context;
    op->done = on_status;
    sla_status_renew(streams->status, op);
}

static void ignore(struct op *op)
{
    (void)op;
}

/* The first one comes at once. */
static void go_round(struct status_streams *streams)
{
    streams->is_going_round = true;
    read_op_init(&streams->round);
    streams->round.op.context = streams;
    streams->round.op.finish = ignore;
    streams->round.op.done = on_head_read;
    if (!store_submit(streams->store, &streams->round.op)) {
        streams->is_going_round = store_follow_feed(streams->store, &streams->round.op, INT64_MAX,
                                                    clock_monotonic_us() + round_us);
    }
}

/* ---- a stream ---- */

static enum http_step next_piece(struct stream *one, struct buf *out)
{
    struct status_stream *stream = of_stream(one);
    struct sla_document *document =
        sla_status_document(stream->streams->status, /* is_any_age= */ false);
    if (document != NULL && strcmp(document->etag, stream->etag) != 0) {
        memcpy(stream->etag, document->etag, sizeof stream->etag);
        buf_printf(out, "id: %s\nevent: status\ndata: ", document->etag);
        buf_append_str(out, buf_str(&document->text));
        buf_append_text(out, "\n\n");
    } else if (stream_beat_is_due(one)) {
        buf_append_text(out, STREAM_BEAT "\n");
    }
    sla_document_unref(document);
    return out->len > 0 || out->failed ? HTTP_REPLY : HTTP_WAIT;
}

static void wait_for_status(struct stream *one)
{
    struct status_streams *streams = of_stream(one)->streams;
    (void)pthread_mutex_lock(&streams->lock);
    const bool must_go_on = stream_is_due(one) || has_news(one);
    if (!must_go_on) {
        stream_list_add(&streams->waiting, one);
        if (!streams->is_going_round) {
            go_round(streams);
        }
    }
    (void)pthread_mutex_unlock(&streams->lock);
    if (must_go_on) {
        http_resume(one->request->message);
    }
}

static void leave(struct stream *one)
{
    struct status_stream *stream = of_stream(one);
    if (stream->is_open) {
        (void)pthread_mutex_lock(&stream->streams->lock);
        stream->streams->open_count--;
        (void)pthread_mutex_unlock(&stream->streams->lock);
    }
}

const struct stream_source status_stream_source = {
    .next = next_piece, .wait = wait_for_status, .end = leave};

void status_stream_join(struct status_stream *stream)
{
    struct status_streams *streams = stream->streams;
    (void)pthread_mutex_lock(&streams->lock);
    streams->open_count++;
    (void)pthread_mutex_unlock(&streams->lock);
    stream->is_open = true;
}

/* ---- all of them ---- */

void status_streams_init(struct status_streams *streams, struct sla_status *status,
                         struct store *store)
{
    streams->status = status;
    streams->store = store;
    (void)pthread_mutex_init(&streams->lock, NULL);
}

void status_streams_done(struct status_streams *streams)
{
    if (streams->store != NULL) {
        (void)pthread_mutex_destroy(&streams->lock);
        streams->store = NULL;
    }
}

void status_streams_wake(struct status_streams *streams)
{
    (void)pthread_mutex_lock(&streams->lock);
    struct stream *ready = stream_list_take(&streams->waiting, streams->store, has_news);
    (void)pthread_mutex_unlock(&streams->lock);
    stream_resume_all(ready);
}

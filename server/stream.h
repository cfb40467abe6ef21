/*
 * Streams: answers without an end, as server-sent events (WHATWG HTML, "Server-sent events").
 *
 * A stream is a request whose reply is asked for piece by piece, as fast as its client takes them
 * (http.h). It holds no thread: between two pieces the connection is suspended, and the stream
 * waits in a list of its source, which resumes it when there is something to say, when a sign of
 * life is due, when the set-up has changed (its key may be gone) or when the service stops.
 *
 * What all streams share is here: their number, the key that is looked at before each piece, signs
 * of life, the end. What they say is their source's.
 */
#pragma once

#include <stdatomic.h>

#include "base/buf.h"
#include "http.h"

struct app;
struct store;
struct request;
struct stream;

enum {
    STREAM_PIECE_BYTES = 16384, /* about as much a stream holds at once, while its client reads */
    STREAM_BEAT_SECONDS = 15,   /* of silence before a sign of life: proxies hang up after 30 s */
    STREAM_RETRY_MS = 2000,     /* before a client comes back that has lost its stream */
};

/* A sign of life; the line behind it ends the block. */
#define STREAM_BEAT ": still here\n"

struct stream_source {
    /* On an HTTP thread: appends something to `out` and returns HTTP_REPLY; or nothing, and returns
     * HTTP_WAIT or HTTP_END. */
    enum http_step (*next)(struct stream *stream, struct buf *out);
    /* After HTTP_WAIT, with the connection suspended: keeps the stream until there is something to
     * say (see stream_is_due), then http_resume(). */
    void (*wait)(struct stream *stream);
    /* The stream has ended, or never began. */
    void (*end)(struct stream *stream);
};

/* Embedded in the source's own, in the request's arena. The fields are stream.c's but for those
 * that say otherwise. */
struct stream {
    struct request *request;
    const struct stream_source *source;
    struct stream *next_waiting;
    bool is_over;            /* the source's: it has said its last, or there is nobody left */
    int64_t began_at_us;     /* clock_monotonic_us; 0: not yet */
    int64_t beat_at_us;      /* the same; when a sign of life is due */
    int64_t catalog_version; /* when its key was looked at last */
};

/* The open streams of the process. */
struct streams {
    size_t count_max;
    _Atomic size_t count;
    _Atomic bool is_closing;
    _Atomic uint64_t refused_count;
};

void streams_init(struct streams *streams, size_t count_max);
/* From now on streams end, and none begins; their sources then have to wake them. Any thread. */
void streams_close(struct streams *streams);

/* ---- for handlers ---- */

/* Takes a place for this request's stream, until the request ends. Call it as soon as it is known
 * that the request is for a stream; twice is once. False: there is none, and a 503 is in the reply.
 */
bool stream_open(struct request *request, struct stream *stream,
                 const struct stream_source *source);
/* Begins the reply. `id`: where the client is before the first event; NULL: nowhere. */
void stream_begin(struct stream *stream, const char *id);

/* ---- for sources ---- */

/* Those that wait, first come, first served. The source's lock guards it. */
struct stream_list {
    struct stream *first;
    struct stream *last;
    int64_t leavers_at_us; /* clock_monotonic_us: no earlier look who has hung up */
};

/* Whether a stream has to be resumed whatever its source has to say. */
bool stream_is_due(const struct stream *stream);
void stream_list_add(struct stream_list *list, struct stream *stream);
/* Takes those out that are due, whose clients have hung up, or for which `has_news` is true: a
 * chain for stream_resume_all(), without the lock. Call it once a second at least. */
struct stream *stream_list_take(struct stream_list *list, struct store *store,
                                bool (*has_news)(struct stream *stream)) MUSTCHECK;
void stream_resume_all(struct stream *chain);
/* Whether a sign of life is due, on an HTTP thread. */
bool stream_beat_is_due(const struct stream *stream);

/* ---- for request.c: what http.h asks, for a request with a stream ---- */

enum http_step stream_next(struct stream *stream);
void stream_wait(struct stream *stream);
/* Takes NULL. */
void stream_end(struct stream *stream);

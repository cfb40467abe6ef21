/*
 * The SLA status for all screens that listen to it (sla_status.h has the document).
 *
 * As long as a stream is open, the document is read again twice a second and compared with what
 * each stream has sent: one read and one document for all of them. Who listens so hears of a change
 * within a second, and of nothing else.
 *
 * All functions are thread-safe.
 */
#pragma once

#include <pthread.h>

#include "sla_status.h"
#include "stream.h"

struct status_streams {
    struct store *store;
    struct sla_status *status;
    pthread_mutex_t lock; /* guards the rest, but for the operation that is under way */
    struct read_op round; /* it waits for its time, then for the document */
    struct stream_list waiting;
    size_t open_count;
    bool is_going_round;
};

/* A stream of documents, in the request's arena. */
struct status_stream {
    struct stream stream;
    struct status_streams *streams;
    char etag[SLA_STATUS_ETAG_BYTES]; /* of the document its client has; "": none */
    bool is_open;
};

/* Of a zeroed one; the others are borrowed. */
void status_streams_init(struct status_streams *streams, struct sla_status *status,
                         struct store *store);
/* The store has stopped. Takes a zeroed one. */
void status_streams_done(struct status_streams *streams);
/* After streams_close(): wakes those that wait, so that they end. */
void status_streams_wake(struct status_streams *streams);

extern const struct stream_source status_stream_source;
/* The stream may begin. Before stream_begin(); once. */
void status_stream_join(struct status_stream *stream);

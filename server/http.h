/*
 * HTTP/1.1: the only part of Relais that knows libmicrohttpd.
 *
 * It accepts connections, refuses what the library frames loosely (http_gate.h), reads bodies
 * within limits, cuts off slow senders (http_reaper.h), and hands each request to the application
 * as one struct http_message. It is not a router: it knows neither paths, keys nor JSON.
 *
 * A message is a baton: it has one owner at a time, so nothing in it is locked. The HTTP threads
 * own it except between on_suspended() and http_resume(). It lives, with everything in its arena,
 * until on_done() returns.
 *
 *     on_head ── body ── on_request ───────────────────────────────── reply ── on_done
 *                           │ HTTP_WAIT                               │ HTTP_REPLY
 *                           └─ on_suspended … http_resume ─ on_resume ┴─ (HTTP_WAIT: again)
 *
 * A reply may also be a stream: then on_stream() is asked for its next bytes, as fast as the client
 * takes them, and may wait in the same way.
 */
#pragma once

#include <sys/socket.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

enum {
    HTTP_HEAD_BYTES_MAX = 8192, /* request line and headers together; more is 431 or 414 */
    HTTP_HEADERS_MAX = 100,
    HTTP_REPLY_HEADERS_MAX = 24,
    HTTP_REPLY_HEADER_BYTES_MAX = 2048, /* one value */
    HTTP_CLIENT_REQUEST_ID_BYTES_MAX = 64,
    HTTP_THREADS_MAX = 64,
};

enum http_method {
    HTTP_GET,
    HTTP_HEAD, /* handle as GET: the body is not sent, its length is */
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHOD_OTHER,
    HTTP_METHOD_COUNT_
};

/* What the application says when it is asked for a reply, or for more of a stream. */
enum http_step {
    HTTP_REPLY, /* message->reply is filled: send it */
    HTTP_WAIT,  /* not yet: suspend, then call on_suspended() */
    HTTP_END,   /* of a stream */
};

struct http_field {
    struct str name;
    struct str value; /* without white space around it */
};

/* The answer. All zero means "none yet": `status` != 0 makes it one. */
struct http_reply {
    unsigned status;
    const char *content_type; /* static or in the arena; NULL for no body */
    struct buf body;          /* initialised without content; http takes the memory when it sends */
    struct str static_body;   /* instead of `body`: bytes that live as long as the process, or */
    void (*release)(void *shared); /* until they are given back by this, on any thread, */
    void *shared;                  /* of this; both NULL: they need not be */
    struct http_field headers[HTTP_REPLY_HEADERS_MAX]; /* by http_reply_header() */
    size_t header_count;
    bool is_stream; /* after `body`, if it is not empty, on_stream() is asked for more */
    bool close;     /* end the connection after this reply */
    bool failed;    /* a header did not fit: on_refused(500) is sent instead */
};

struct http;
struct http_connection;

struct http_message {
    /* Freed after on_done(). A route that needs more may raise limit_bytes in on_head(). */
    struct arena arena;

    /* The request, read-only for the application. Slices live as long as the message. */
    enum http_method method;
    struct str method_text; /* "GET"; for logs when method is HTTP_METHOD_OTHER */
    struct str path;        /* as sent, percent-encoded, begins with '/'; has no control bytes, no
                               %00, no "." or ".." segments, and every %XX is well-formed */
    struct str query;       /* as sent, without '?'; absent (data NULL) when there is no '?' */
    struct http_field *headers; /* in the order they came */
    size_t header_count;
    struct str content_type;      /* as sent; absent if missing */
    struct str body;              /* complete in on_request(); "" before and when there is none */
    struct str client_request_id; /* their X-Request-Id if 1…64 visible ASCII, else absent */
    struct str traceparent;       /* if well-formed (W3C Trace Context), else absent */
    struct address peer;          /* who is at the other end of the connection */
    char request_id[UUID_TEXT_BYTES]; /* made here, a UUIDv7; sent back as X-Request-Id */
    int64_t received_at_us;           /* CLOCK_MONOTONIC when the request line was complete */

    /* The application's. */
    size_t body_bytes_max; /* set in on_head(); 0 at first: any body is 413 */
    void *user;

    struct http_reply reply;
    bool is_sent;            /* in on_done(): the whole reply went into the socket */
    size_t reply_body_bytes; /* in on_done(): length of the body that was queued, or streamed */

    /* http.c only. */
    struct http *http;
    struct http_connection *connection;
    struct str target;
    const char *target_begin; /* where the library holds it */
    struct buf body_buf;
    size_t discarded_bytes;
    unsigned state;          /* enum message_state */
    unsigned refused_status; /* 0, or what to answer when the body is over */
    const char *refused_detail;
    size_t streamed_bytes; /* of what is in reply.body now */
    bool is_known;         /* the application has seen it: on_done() is owed */
};

/*
 * What the application does. All callbacks but on_suspended's aftermath run on an HTTP thread and
 * must not block. For one message they never run at the same time.
 */
struct http_handler {
    void *context;

    /* The head is complete and passed the gate. Routes, authenticates, sets body_bytes_max; or
     * fills the reply at once (status != 0): then the body is read and thrown away up to a bound,
     * beyond it the connection ends; on_request() is not called. */
    void (*on_head)(void *context, struct http_message *message);

    /* The body is complete. */
    enum http_step (*on_request)(void *context, struct http_message *message);

    /* After HTTP_WAIT, when the connection is suspended: hand the message to another thread (or
     * resume it right here). It is not the caller's any more once it is handed over: touch nothing
     * of it afterwards. Whoever has it calls http_resume() exactly once. */
    void (*on_suspended)(void *context, struct http_message *message);

    /* After http_resume(), on an HTTP thread again. */
    enum http_step (*on_resume)(void *context, struct http_message *message);

    /* After a reply with is_stream, on an HTTP thread whenever the client can take more: append
     * some bytes to reply.body (what was there is out) and return HTTP_REPLY; or append nothing and
     * return HTTP_WAIT or HTTP_END. A failed body ends the connection. A client that vanished shows
     * only when something is sent: send a sign of life now and then (and see
     * http_client_has_left()). While it takes bytes the reply
     * time counts from the last ones produced. NULL if no reply is a stream. */
    enum http_step (*on_stream)(void *context, struct http_message *message);

    /* This module refuses the request: fill message->reply with a problem document of this status
     * (400, 413, 417, 431, 500, 503, 505). `detail` is a static English sentence. May come before
     * on_head (path, query, headers may then be absent) or after it, then user is as on_head left
     * it. Retry-After of a 503 is added here. What it leaves unfilled is sent as a bare status. */
    void (*on_refused)(void *context, struct http_message *message, unsigned status,
                       const char *detail);

    /* The last call for each message that on_head() or on_refused() saw: the reply is sent or the
     * client is gone. Release what `user` owns; count and log. */
    void (*on_done)(void *context, struct http_message *message);
};

struct http_config {
    const struct sockaddr *address; /* AF_INET or AF_INET6; port 0: any free one, see http_port();
                                       "::" takes IPv4 too */
    socklen_t address_bytes;
    unsigned threads;         /* 1…HTTP_THREADS_MAX */
    unsigned connections_max; /* over all threads; needs as many descriptors. When there are so many
                                 and another one wants in, an idle or slow one is ended for it */
    /* From the accept (later: from the request line) to the end of the head. */
    int64_t header_timeout_us;
    int64_t body_timeout_us;           /* from the end of the head to the end of the body */
    int64_t idle_timeout_us;           /* between requests, and before the first byte */
    int64_t reply_timeout_us;          /* to take the whole reply */
    size_t arena_bytes_max;            /* of one message, the body not counted */
    size_t reply_bytes_max;            /* cap of reply.body, unless the application sets another */
    size_t bodies_in_flight_bytes_max; /* over all messages; above it 503 */
    size_t discard_bytes_max; /* of a body nobody wants: read so that the client sees the answer */
};

/* Listens and starts the threads. *ret_http is owned by the caller: http_stop(). It is set before
 * the first request can come, and NULL after a failure of starting. `config` is copied but for
 * nothing it points to; `handler` must outlive it. Errors: ERR_INVALID (address, limits),
 * ERR_CONFLICT (port taken, or not ours to take), ERR_NOMEM, ERR_BUG. */
enum err_code http_start(const struct http_config *config, const struct http_handler *handler,
                         struct http **ret_http, struct err *reterr) MUSTCHECK;

/* The port it listens on. */
uint16_t http_port(const struct http *http);

/* Stops accepting; what is connected is still served, each reply with `Connection: close`. What
 * waited to be accepted is accepted first. May be called twice. */
void http_quiesce(struct http *http);

/* From now on every request is answered 503 without on_request() or another HTTP_WAIT, so that the
 * suspended ones can be counted down to none before http_stop(). Streams end. */
void http_refuse_new(struct http *http);

/* Messages between on_suspended() and http_resume(); any thread. */
size_t http_suspended_count(const struct http *http);
/* Messages from their request line to the end of on_done(), suspended ones included; any thread.
 * When it is 0 after http_quiesce(), every reply is out. */
size_t http_message_count(const struct http *http);
/* Connections open now, and bytes of bodies held; for metrics, any thread. */
size_t http_connection_count(const struct http *http);
size_t http_bodies_in_flight_bytes(const struct http *http);
/* Connections that were cut off for being too slow, since the start. */
uint64_t http_reaped_count(const struct http *http);
/* Connections that were ended, since the start, because the table was full and others waited: those
 * that were idle for a second, or else kept us waiting for longer than is fair then
 * (http_reaper.h). */
uint64_t http_shed_count(const struct http *http);

/* Ends all connections and threads, frees everything. Nothing may be suspended (assert). The order:
 * http_quiesce(), wait (bounded) for the messages to become none; http_refuse_new(), answer the
 * suspended ones 503 and resume them, wait for the counts again; http_stop(). Calls on_done() for
 * what is still under way. Takes NULL. */
void http_stop(struct http *http);

/* Gives a suspended message back; any thread, exactly once per on_suspended(). The caller touches
 * nothing of the message afterwards. */
void http_resume(struct http_message *message);

/* Whether the client of a suspended message has hung up, or shut its side down, which who listens
 * to a stream has no reason to. A system call; by whoever may resume the message, before that. The
 * library tells nothing of it until something is sent. */
bool http_client_has_left(const struct http_message *message);

/* The value of a header, name in any case; the last one if there are several (framing headers,
 * Host, Authorization, Content-Type and the like are never repeated: the gate refuses that). Absent
 * if missing. */
struct str http_header(const struct http_message *message, const char *name);

/* Adds a reply header. `name` is static; the value is copied into the arena. A value with control
 * bytes or too long, or too many headers: reply.failed. Not for Content-Length, Content-Type,
 * Connection, Date, X-Request-Id, Transfer-Encoding: those are made here. */
void http_reply_header(struct http_message *message, const char *name, struct str value);

/* Forgets what was filled so far, memory of the body included. */
void http_reply_clear(struct http_message *message);

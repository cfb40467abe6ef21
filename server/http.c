#include "http.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "http_gate.h"
#include "http_inbox.h"
#include "http_listener.h"
#include "http_reaper.h"

/*
 * How the library is used, and why so (0.9.75).
 *
 * Each HTTP thread is ours and drives a daemon of its own: take what others put into the inbox (new
 * connections, resumed messages), let the library run without blocking, cut off who is late, sleep.
 * So everything of one connection happens on one thread, with no lock but the inbox's. The
 * library's own threads are not used: with epoll they block for good when exactly 128 events come
 * at once (the second epoll_wait has the first one's timeout), one of them may take all
 * connections, and stopping to accept under load can abort the process.
 *
 * The library calls on_access() for a request: once when the head is complete, once for each piece
 * of the body, once when the body is complete, and once more after each resume. A reply may be
 * queued in the first call (then the connection ends afterwards, whatever the headers say: the body
 * is never read) or in a call after the body, never in between. So whoever refuses a body reads on
 * and throws away (MESSAGE_DISCARDING) and answers at the end, and the connection lives on.
 *
 *     MESSAGE_HEAD ─► MESSAGE_BODY ─► MESSAGE_ASKED ◄─► MESSAGE_SUSPENDED
 *         │               │  │            │
 *         │               ▼  └────────────┤ (refused: no room for the body, shutting down)
 *         ├───► MESSAGE_DISCARDING ───────┤
 *         └───────────────────────────────┴─► MESSAGE_REPLIED
 *
 * Suspended first, published second: on_suspended() is called when the connection is suspended
 * already, so a resume by another thread, however early, finds something to resume. It puts the
 * connection into the inbox of its thread, which comes back to on_access().
 *
 * The message is made in the library's "log the URI" callback, the only place that sees the target
 * before the library cuts it up, and freed in its "completed" callback. One path of the library (a
 * second failure while a first error page is built) forgets the latter; the "connection closed"
 * callback makes up for it. That the reply's memory is released after "completed" is why the
 * reply's body is not in the message's arena. (A stream's bytes are copied out of it piece by
 * piece; after "completed" nobody asks for more.)
 *
 * Counting down to a stop: the number of suspended messages and the flag that forbids more are one
 * atomic word, so that after http_refuse_new() the number can only fall.
 *
 * What the library does not tell: that a client is gone while its connection is suspended, and that
 * it is gone when its last bytes came together with the end. The reaper's limits end those.
 */

enum {
    /* The library reads into half of a connection's pool, so this half holds a head of the allowed
     * size, with a read-ahead of 1 KiB (its fixed increment) and a little more so that a head
     * slightly too long gets our answer; the other half holds what it notes about headers and the
     * reply's head. It is zeroed after every request and then resident: not larger than needed. */
    HTTP_POOL_BYTES = 2 * (HTTP_HEAD_BYTES_MAX + 1024 + 1024),
    HTTP_STREAM_BLOCK_BYTES = 4096, /* the library's buffer for a stream without chunks */
    HTTP_LIBRARY_LOG_BYTES = 256,
    HTTP_CONNECTIONS_MAX = 1000000,
    HTTP_SHED_AT_ONCE_MAX = 4, /* connections that a thread ends in one go to make room */
};

enum message_state {
    MESSAGE_HEAD,
    MESSAGE_BODY,
    MESSAGE_DISCARDING,
    MESSAGE_ASKED,
    MESSAGE_SUSPENDED,
    MESSAGE_REPLIED,
};

#define HTTP_REFUSING (SIZE_MAX / 2 + 1)

/* A thread and its daemon. */
struct http_worker {
    struct http *http;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int epoll_fd;            /* the daemon's */
    struct http_inbox inbox; /* of struct http_connection; each at most once */
    struct http_reaper reaper;
    struct http_connection *arriving; /* while the library is being given it */
    _Atomic size_t connection_count;
};

/* A slot. Those not in use form the free list; one in use is in its worker's inbox when it is new
 * and when its message was resumed. */
struct http_connection {
    struct queue_node node;
    struct http_connection *next_free;
    struct http_worker *worker;
    struct MHD_Connection *library_connection; /* NULL: not given to the library yet */
    struct http_message *message;              /* under way, or NULL */
    struct http_reaper_entry timer;
    int fd;
    bool has_had_request;
    socklen_t address_bytes;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
};

struct http {
    struct http_config config;
    struct http_handler handler;
    struct http_listener listener;
    bool is_listener_started;
    unsigned workers_started;
    struct http_worker workers[HTTP_THREADS_MAX];

    pthread_mutex_t slots_mutex;
    struct http_connection *slots; /* connections_max of them; memory only for those once used */
    size_t slots_used;             /* ever */
    struct http_connection *free_slots;
    _Atomic size_t connection_count;

    _Atomic size_t message_count;
    _Atomic size_t suspended; /* a count, and HTTP_REFUSING */
    _Atomic size_t bodies_bytes;
    _Atomic bool is_crowded; /* somebody waits to be accepted, and there is no room */
    _Atomic bool is_quiescing;
    _Atomic bool is_stopping;
};

/* --- Connections ---------------------------------------------------------------------------- */

/* There is one: no more connections are accepted than there are slots. */
static struct http_connection *slot_take(struct http *http)
{
    pthread_mutex_lock(&http->slots_mutex);
    struct http_connection *slot = http->free_slots;
    if (slot != NULL) {
        http->free_slots = slot->next_free;
    } else {
        assert(http->slots_used < http->config.connections_max);
        slot = &http->slots[http->slots_used++];
    }
    pthread_mutex_unlock(&http->slots_mutex);
    *slot = (struct http_connection){0};
    return slot;
}

static void slot_give_back(struct http_connection *slot)
{
    struct http_worker *worker = slot->worker;
    struct http *http = worker->http;
    pthread_mutex_lock(&http->slots_mutex);
    slot->next_free = http->free_slots;
    http->free_slots = slot;
    pthread_mutex_unlock(&http->slots_mutex);
    atomic_fetch_sub(&worker->connection_count, 1);
    atomic_fetch_sub(&http->connection_count, 1);
    http_listener_wake(&http->listener);
}

static void message_end(struct http_message *message, bool is_sent);

/* The library has freed its buffer, to which these point. */
static void forget_head(struct http_message *message)
{
    const struct str absent = {.data = NULL};
    message->headers = NULL;
    message->header_count = 0;
    message->method_text = message->content_type = absent;
    message->client_request_id = message->traceparent = absent;
}

static void connection_end(struct http_connection *slot)
{
    http_reaper_remove(&slot->worker->reaper, &slot->timer);
    if (slot->message != NULL) {
        forget_head(slot->message);
        message_end(slot->message, /* is_sent= */ false);
    }
    slot_give_back(slot);
}

/* MHD_OPTION_NOTIFY_CONNECTION: in MHD_add_connection(), and before the descriptor is closed. */
static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_worker *worker = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        connection_end(TAKE(*socket_context));
        return;
    }
    struct http_connection *slot = TAKE(worker->arriving);
    slot->library_connection = connection;
    http_reaper_add(&worker->reaper, &slot->timer, slot->fd, clock_monotonic_us());
    *socket_context = slot;
}

static void enter_stage(struct http_message *message, enum http_stage stage)
{
    struct http_connection *slot = message->connection;
    http_reaper_enter(&slot->worker->reaper, &slot->timer, stage, clock_monotonic_us());
}

/* --- Listener: its thread ------------------------------------------------------------------- */

static bool has_room(void *context)
{
    struct http *http = context;
    return atomic_load(&http->connection_count) < http->config.connections_max;
}

/* The threads make it (make_room), for the connections are theirs. */
static void on_crowd(void *context)
{
    struct http *http = context;
    atomic_store(&http->is_crowded, true);
    for (unsigned i = 0; i < http->workers_started; i++)
        http_inbox_ring(&http->workers[i].inbox);
}

/* To the thread that has the fewest. */
static void on_accept(void *context, int fd, const struct sockaddr *address,
                      socklen_t address_bytes)
{
    struct http *http = context;
    struct http_worker *chosen = &http->workers[0];
    for (unsigned i = 1; i < http->workers_started; i++)
        if (atomic_load(&http->workers[i].connection_count) <
            atomic_load(&chosen->connection_count))
            chosen = &http->workers[i];
    atomic_fetch_add(&chosen->connection_count, 1);
    atomic_fetch_add(&http->connection_count, 1);
    struct http_connection *slot = slot_take(http);
    slot->worker = chosen;
    slot->fd = fd;
    slot->address_bytes = address_bytes;
    assert(address_bytes <= sizeof slot->address);
    memcpy(&slot->address, address, address_bytes);
    http_inbox_put(&chosen->inbox, &slot->node);
}

/* --- Replies -------------------------------------------------------------------------------- */

/* What was lent and never went into a response. */
static void give_back_shared(struct http_reply *reply)
{
    if (reply->shared != NULL)
        reply->release(TAKE(reply->shared));
}

void http_reply_clear(struct http_message *message)
{
    give_back_shared(&message->reply);
    buf_done(&message->reply.body);
    size_t body_bytes_max = message->reply.body.max_bytes;
    message->reply = (struct http_reply){0};
    buf_init(&message->reply.body, body_bytes_max);
}

/* RFC 9110 section 5.5, without the tab. */
static bool is_field_value(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if (byte < ' ' || byte == 0x7F)
            return false;
    }
    return value.len > 0 && value.len <= HTTP_REPLY_HEADER_BYTES_MAX;
}

void http_reply_header(struct http_message *message, const char *name, struct str value)
{
    struct http_reply *reply = &message->reply;
    if (reply->failed)
        return;
    reply->failed = true;
    if (reply->header_count == ARRAY_LEN(reply->headers) || !is_field_value(value))
        return;
    struct str copy = arena_str(&message->arena, value);
    if (copy.data == NULL)
        return;
    reply->headers[reply->header_count++] =
        (struct http_field){.name = str_from(name), .value = copy};
    reply->failed = false;
}

/* Asks the application for a problem document. What it cannot make is sent as a bare status. */
static void fill_refusal(struct http_message *message, unsigned status, const char *detail)
{
    bool must_close = message->reply.close;
    http_reply_clear(message);
    message->is_known = true;
    const struct http_handler *handler = &message->http->handler;
    handler->on_refused(handler->context, message, status, detail);
    if (message->reply.failed || message->reply.body.failed || message->reply.status == 0) {
        http_reply_clear(message);
        message->reply.status = status;
    }
    message->reply.close = message->reply.close || must_close;
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        http_reply_header(message, MHD_HTTP_HEADER_RETRY_AFTER, STR_LITERAL("1"));
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t out_bytes);

/* Without headers. NULL when out of memory, else the memory of the body goes with it. */
static struct MHD_Response *make_body(struct http_message *message)
{
    struct http_reply *reply = &message->reply;
    if (reply->is_stream && message->method != HTTP_HEAD)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HTTP_STREAM_BLOCK_BYTES,
                                                 read_stream, message, /* crfc= */ NULL);
    bool is_owned = reply->body.len > 0;
    struct str body = is_owned ? buf_str(&reply->body) : reply->static_body;
    /* The library's prototype lacks a const: it does not write there. */
    const union {
        const char *is_read;
        void *is_passed;
    } data = {.is_read = body.data != NULL ? body.data : ""};
    const bool is_lent = !is_owned && reply->shared != NULL;
    struct MHD_Response *response =
        is_lent ? MHD_create_response_from_buffer_with_free_callback_cls(
                      body.len, data.is_passed, reply->release, reply->shared)
                : MHD_create_response_from_buffer(body.len, data.is_passed,
                                                  is_owned ? MHD_RESPMEM_MUST_FREE
                                                           : MHD_RESPMEM_PERSISTENT);
    if (response != NULL && is_lent)
        reply->shared = NULL;
    if (response != NULL && is_owned)
        reply->body = (struct buf){.max_bytes = reply->body.max_bytes};
    message->reply_body_bytes = body.len;
    return response;
}

/* The library's copy of a reply. NULL when out of memory. */
static struct MHD_Response *make_response(struct http_message *message)
{
    struct http_reply *reply = &message->reply;
    struct MHD_Response *response = make_body(message);
    if (response == NULL)
        return NULL;
    enum MHD_Result added = MHD_add_response_header(response, "X-Request-Id", message->request_id);
    if (reply->content_type != NULL)
        added &=
            MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
    if (reply->close || atomic_load_explicit(&message->http->is_quiescing, memory_order_relaxed))
        added &= MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    for (size_t i = 0; i < reply->header_count; i++)
        added &= MHD_add_response_header(response, reply->headers[i].name.data,
                                         reply->headers[i].value.data);
    if (added == MHD_YES)
        return response;
    MHD_destroy_response(response);
    return NULL;
}

/* MHD_NO ends the connection without a reply. */
static enum MHD_Result send_reply(struct http_message *message)
{
    if (message->reply.failed || message->reply.body.failed)
        fill_refusal(message, MHD_HTTP_INTERNAL_SERVER_ERROR, "The reply could not be written.");
    assert(message->reply.status >= 200 && message->reply.status <= 599);
    assert(message->state != MESSAGE_REPLIED);
    struct MHD_Response *response = make_response(message);
    if (response == NULL)
        return MHD_NO;
    message->state = MESSAGE_REPLIED;
    enter_stage(message, HTTP_STAGE_REPLY);
    enum MHD_Result queued = MHD_queue_response(message->connection->library_connection,
                                                message->reply.status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result refuse_now(struct http_message *message, unsigned status, const char *detail)
{
    fill_refusal(message, status, detail);
    return send_reply(message);
}

/* --- The head ------------------------------------------------------------------------------- */

struct collector {
    struct http_field *fields;
    size_t count;
    size_t capacity;
};

static enum MHD_Result collect_field(void *context, enum MHD_ValueKind kind, const char *name,
                                     size_t name_bytes, const char *value, size_t value_bytes)
{
    (void)kind;
    struct collector *collector = context;
    if (collector->count == collector->capacity)
        return MHD_NO;
    collector->fields[collector->count++] = (struct http_field){
        .name = str_slice(name, name_bytes),
        .value = str_slice(value != NULL ? value : "", value_bytes),
    };
    return MHD_YES;
}

/* As they came, untrimmed; one more than allowed at most. False when out of memory. */
static bool collect_fields(struct http_message *message)
{
    struct MHD_Connection *connection = message->connection->library_connection;
    int count = MHD_get_connection_values_n(connection, MHD_HEADER_KIND, NULL, NULL);
    struct collector collector = {.capacity = HTTP_HEADERS_MAX + 1};
    if (count >= 0 && (size_t)count < collector.capacity)
        collector.capacity = (size_t)count;
    collector.fields = arena_array(&message->arena, collector.capacity, sizeof *collector.fields);
    if (collector.fields == NULL)
        return false;
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, collect_field, &collector);
    message->headers = collector.fields;
    message->header_count = collector.count;
    return true;
}

static enum http_method method_of(struct str text)
{
    static const char *const names[HTTP_METHOD_OTHER] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
        [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
        [HTTP_OPTIONS] = "OPTIONS",
    };
    for (unsigned method = 0; method < HTTP_METHOD_OTHER; method++)
        if (str_is(text, names[method]))
            return (enum http_method)method;
    return HTTP_METHOD_OTHER;
}

/* What the gate let through becomes readable for the application. */
static void admit(struct http_message *message, const struct http_gate_verdict *verdict)
{
    message->method = method_of(message->method_text);
    message->path = verdict->path;
    message->query = verdict->query;
    for (size_t i = 0; i < message->header_count; i++)
        message->headers[i].value = str_trim(message->headers[i].value);
    message->content_type = http_header(message, MHD_HTTP_HEADER_CONTENT_TYPE);
    struct str request_id = http_header(message, "X-Request-Id");
    if (http_request_id_is_valid(request_id))
        message->client_request_id = request_id;
    struct str traceparent = http_header(message, "traceparent");
    if (http_traceparent_is_valid(traceparent))
        message->traceparent = traceparent;
}

static struct http_gate_verdict check_head(struct http_message *message, const char *method,
                                           const char *version)
{
    message->method_text = str_from(method);
    if (!collect_fields(message))
        return (struct http_gate_verdict){.status = MHD_HTTP_SERVICE_UNAVAILABLE,
                                          .detail = "Out of memory."};
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        message->connection->library_connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct http_gate_head head = {
        .method = message->method_text,
        .target = message->target,
        .version = str_from(version),
        .fields = message->headers,
        .field_count = message->header_count,
        .raw = str_slice(method, info != NULL ? info->header_size : 0),
        .target_begin = message->target_begin,
        .target_end = message->target_begin + message->target.len,
    };
    return http_gate_check(&head);
}

/* Whether a reply that is known before the body should go out at once, although that ends the
 * connection: the client waits for leave to send, or would send more than we care to read. */
static bool should_answer_early(const struct http_message *message,
                                const struct http_gate_verdict *verdict)
{
    return verdict->expects_continue ||
           (verdict->body == HTTP_GATE_BODY_LENGTH &&
            verdict->content_length > message->http->config.discard_bytes_max);
}

static void discard_and_refuse(struct http_message *message, unsigned status, const char *detail)
{
    atomic_fetch_sub(&message->http->bodies_bytes, message->body_buf.len);
    buf_done(&message->body_buf);
    message->refused_status = status;
    message->refused_detail = detail;
    message->reply.close = status == MHD_HTTP_CONTENT_TOO_LARGE;
    message->state = MESSAGE_DISCARDING;
}

static const char *const body_too_large = "The body is larger than this resource takes.";

static enum MHD_Result take_head(struct http_message *message, const char *method,
                                 const char *version)
{
    struct http *http = message->http;
    struct http_gate_verdict verdict = check_head(message, method, version);
    if (verdict.status != 0) {
        message->reply.close = true;
        message->headers = NULL;
        message->header_count = 0;
        return refuse_now(message, verdict.status, verdict.detail);
    }
    admit(message, &verdict);
    message->is_known = true;
    http->handler.on_head(http->handler.context, message);
    buf_init(&message->body_buf, message->body_bytes_max);

    message->state = MESSAGE_BODY;
    if (message->reply.status != 0)
        message->state = MESSAGE_DISCARDING;
    else if (verdict.content_length > message->body_bytes_max)
        discard_and_refuse(message, MHD_HTTP_CONTENT_TOO_LARGE, body_too_large);
    if (verdict.body == HTTP_GATE_BODY_NONE)
        return MHD_YES;
    if (message->state == MESSAGE_DISCARDING && should_answer_early(message, &verdict))
        return message->refused_status == 0
                   ? send_reply(message)
                   : refuse_now(message, message->refused_status, message->refused_detail);
    enter_stage(message, HTTP_STAGE_BODY);
    return MHD_YES;
}

/* --- The body ------------------------------------------------------------------------------- */

static bool reserve_body_bytes(struct http *http, size_t len)
{
    size_t before = atomic_fetch_add(&http->bodies_bytes, len);
    if (before + len <= http->config.bodies_in_flight_bytes_max)
        return true;
    atomic_fetch_sub(&http->bodies_bytes, len);
    return false;
}

static enum MHD_Result take_body(struct http_message *message, const char *data, size_t len)
{
    struct http *http = message->http;
    struct buf *body = &message->body_buf;
    if (message->state == MESSAGE_BODY) {
        if (len > message->body_bytes_max - body->len) {
            discard_and_refuse(message, MHD_HTTP_CONTENT_TOO_LARGE, body_too_large);
        } else if (!reserve_body_bytes(http, len)) {
            discard_and_refuse(message, MHD_HTTP_SERVICE_UNAVAILABLE,
                               "Too many bytes of bodies are being received.");
        } else {
            buf_append(body, data, len);
            if (!body->failed)
                return MHD_YES;
            atomic_fetch_sub(&http->bodies_bytes, len);
            discard_and_refuse(message, MHD_HTTP_SERVICE_UNAVAILABLE, "Out of memory.");
        }
    }
    assert(message->state == MESSAGE_DISCARDING);
    message->discarded_bytes += len;
    return message->discarded_bytes <= http->config.discard_bytes_max ? MHD_YES : MHD_NO;
}

/* --- The question and the answer ------------------------------------------------------------ */

static const char *const shutting_down = "The service is shutting down.";

static bool is_refusing(const struct http *http)
{
    return (atomic_load(&http->suspended) & HTTP_REFUSING) != 0;
}

static bool count_suspended(struct http *http)
{
    size_t seen = atomic_load(&http->suspended);
    do {
        if ((seen & HTTP_REFUSING) != 0)
            return false;
    } while (!atomic_compare_exchange_weak(&http->suspended, &seen, seen + 1));
    return true;
}

/* False when it is forbidden; else the message is somebody else's, perhaps. */
static bool suspend(struct http_message *message)
{
    struct http *http = message->http;
    if (!count_suspended(http))
        return false;
    enter_stage(message, HTTP_STAGE_WORK);
    MHD_suspend_connection(message->connection->library_connection);
    http->handler.on_suspended(http->handler.context, message);
    return true;
}

static enum MHD_Result wait_for_reply(struct http_message *message)
{
    message->state = MESSAGE_SUSPENDED;
    return suspend(message) ? MHD_YES
                            : refuse_now(message, MHD_HTTP_SERVICE_UNAVAILABLE, shutting_down);
}

void http_resume(struct http_message *message)
{
    struct http *http = message->http;
    struct http_connection *slot = message->connection;
    http_inbox_put(&slot->worker->inbox, &slot->node);
    /* Last: http_stop() may free `http` when it sees none. The message may be gone already. */
    atomic_fetch_sub(&http->suspended, 1);
}

bool http_client_has_left(const struct http_message *message)
{
    char byte;
    ssize_t got = recv(message->connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* The body is complete, or somebody resumed. */
static enum MHD_Result proceed(struct http_message *message)
{
    const struct http_handler *handler = &message->http->handler;
    enum http_step step = HTTP_REPLY;
    switch ((enum message_state)message->state) {
    case MESSAGE_DISCARDING:
        if (message->refused_status != 0)
            return refuse_now(message, message->refused_status, message->refused_detail);
        break;
    case MESSAGE_BODY:
        if (is_refusing(message->http))
            return refuse_now(message, MHD_HTTP_SERVICE_UNAVAILABLE, shutting_down);
        message->state = MESSAGE_ASKED;
        message->body = buf_str(&message->body_buf);
        step = handler->on_request(handler->context, message);
        break;
    case MESSAGE_SUSPENDED:
        message->state = MESSAGE_ASKED;
        step = handler->on_resume(handler->context, message);
        break;
    case MESSAGE_HEAD:
    case MESSAGE_ASKED:
    case MESSAGE_REPLIED:
        assert(false); /* the library asks at no other time */
    }
    return step == HTTP_WAIT ? wait_for_reply(message) : send_reply(message);
}

/* MHD_ContentReaderCallback of a stream. 0, with the connection suspended: not yet. */
static ssize_t read_stream(void *context, uint64_t position, char *out, size_t out_bytes)
{
    (void)position;
    struct http_message *message = context;
    struct buf *body = &message->reply.body;
    if (message->streamed_bytes == body->len) {
        const struct http_handler *handler = &message->http->handler;
        buf_clear(body);
        message->streamed_bytes = 0;
        enum http_step step = handler->on_stream(handler->context, message);
        if (body->failed)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        assert((step == HTTP_REPLY) == (body->len > 0));
        if (step == HTTP_END || (step == HTTP_WAIT && !suspend(message)))
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (step == HTTP_WAIT)
            return 0;
        enter_stage(message, HTTP_STAGE_REPLY);
    }
    size_t left_bytes = body->len - message->streamed_bytes;
    size_t len = left_bytes < out_bytes ? left_bytes : out_bytes;
    memcpy(out, body->data + message->streamed_bytes, len);
    message->streamed_bytes += len;
    message->reply_body_bytes += len;
    return (ssize_t)len;
}

/* MHD_AccessHandlerCallback. */
static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_bytes, void **request_context)
{
    (void)context;
    (void)connection;
    (void)url;
    struct http_message *message = *request_context;
    if (message == NULL) /* there was no memory for it */
        return MHD_NO;
    if (message->state == MESSAGE_HEAD)
        return take_head(message, method, version);
    if (*data_bytes == 0)
        return proceed(message);
    enum MHD_Result result = take_body(message, data, *data_bytes);
    *data_bytes = 0; /* all of it, always: the library does not come back for the rest */
    return result;
}

/* --- A message's life ----------------------------------------------------------------------- */

/* In an arena that it then holds itself. */
static struct http_message *message_new(struct http *http, const char *target)
{
    struct arena arena;
    arena_init(&arena, sizeof(struct http_message) + http->config.arena_bytes_max);
    struct http_message *message = arena_alloc(&arena, sizeof *message);
    if (message == NULL)
        return NULL;
    message->target = arena_str(&arena, str_from(target));
    message->arena = arena;
    if (message->target.data == NULL) {
        arena_done(&arena);
        return NULL;
    }
    atomic_fetch_add(&http->message_count, 1);
    message->http = http;
    message->target_begin = target;
    message->received_at_us = clock_monotonic_us();
    uuid_format(uuid_new(clock_wall_us()), message->request_id);
    buf_init(&message->reply.body, http->config.reply_bytes_max);
    return message;
}

/* MHD_OPTION_URI_LOG_CALLBACK: the request line is complete. */
static void *on_request_line(void *context, const char *target, struct MHD_Connection *connection)
{
    struct http_worker *worker = context;
    struct http *http = worker->http;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_connection *slot = info->socket_context;
    struct http_message *message = message_new(http, target);
    if (message == NULL)
        return NULL;
    message->connection = slot;
    bool has_address = address_from_socket(&slot->address.any, &message->peer);
    assert(has_address);
    slot->message = message;
    /* The time of a connection's first head counts from the accept. */
    if (slot->has_had_request)
        enter_stage(message, HTTP_STAGE_HEADER);
    slot->has_had_request = true;
    return message;
}

static void message_end(struct http_message *message, bool is_sent)
{
    struct http *http = message->http;
    message->is_sent = is_sent && message->state == MESSAGE_REPLIED;
    message->connection->message = NULL;
    if (message->is_known)
        http->handler.on_done(http->handler.context, message);
    atomic_fetch_sub(&http->bodies_bytes, message->body_buf.len);
    buf_done(&message->body_buf);
    buf_done(&message->reply.body);
    give_back_shared(&message->reply);
    struct arena arena = message->arena;
    arena_done(&arena);
    atomic_fetch_sub(&http->message_count, 1);
}

/* MHD_OPTION_NOTIFY_COMPLETED. */
static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    struct http_message *message = *request_context;
    *request_context = NULL;
    if (message == NULL)
        return;
    enter_stage(message, HTTP_STAGE_IDLE);
    message_end(message, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

struct str http_header(const struct http_message *message, const char *name)
{
    for (size_t i = message->header_count; i-- > 0;)
        if (str_eq_nocase(message->headers[i].name, str_from(name)))
            return message->headers[i].value;
    return (struct str){.data = NULL};
}

/* --- Start and stop ------------------------------------------------------------------------- */

/* MHD_OPTION_UNESCAPE_CALLBACK: percent-decoding is the application's, after splitting. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static void on_library_log(void *context, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* MHD_OPTION_EXTERNAL_LOGGER: it reports each client that sends nonsense. */
static void on_library_log(void *context, const char *format, va_list args)
{
    (void)context;
    char text[HTTP_LIBRARY_LOG_BYTES];
    (void)vsnprintf(text, sizeof text, format, args);
    log_write(LOG_DEBUG, "http_library", LOG_STR("message", str_trim(str_from(text))));
}

/* What others left: a new connection, or one whose message was resumed. */
static void take_from_inbox(struct http_worker *worker, struct http_connection *slot)
{
    if (slot->library_connection != NULL) {
        MHD_resume_connection(slot->library_connection);
        return;
    }
    worker->arriving = slot;
    enum MHD_Result added =
        MHD_add_connection(worker->daemon, slot->fd, &slot->address.any, slot->address_bytes);
    /* When it fails it closes the descriptor; on_connection() hears of the end only if it heard of
     * the beginning. */
    if (added != MHD_YES && worker->arriving != NULL)
        slot_give_back(TAKE(worker->arriving));
}

static void empty_inbox(struct http_worker *worker)
{
    struct queue_node *node = http_inbox_take_all(&worker->inbox);
    while (node != NULL) {
        struct queue_node *next = node->next;
        take_from_inbox(worker, CONTAINER_OF(node, struct http_connection, node));
        node = next;
    }
}

/* Ends those of ours that hold a place for nothing. Returns when to look again. */
static int64_t make_room(struct http_worker *worker)
{
    struct http *http = worker->http;
    if (!atomic_load(&http->is_crowded))
        return INT64_MAX;
    if (has_room(http)) {
        atomic_store(&http->is_crowded, false);
        return INT64_MAX;
    }
    return http_reaper_shed(&worker->reaper, HTTP_SHED_AT_ONCE_MAX, clock_monotonic_us());
}

static void *worker_run(void *argument)
{
    struct http_worker *worker = argument;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    while (!atomic_load(&worker->http->is_stopping)) {
        empty_inbox(worker);
        MHD_run(worker->daemon);
        int64_t until_us = http_reaper_run(&worker->reaper, clock_monotonic_us());
        int64_t room_at_us = make_room(worker);
        if (room_at_us < until_us)
            until_us = room_at_us;
        MHD_UNSIGNED_LONG_LONG timeout_ms;
        if (MHD_get_timeout(worker->daemon, &timeout_ms) == MHD_YES)
            continue; /* it has no timeouts of its own: this means "run me again" */
        http_inbox_sleep(&worker->inbox, worker->epoll_fd, until_us);
    }
    empty_inbox(worker); /* nobody puts anything there any more */
    MHD_stop_daemon(worker->daemon);
    return NULL;
}

static struct MHD_Daemon *start_daemon(struct http_worker *worker)
{
    const unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                           MHD_USE_ERROR_LOG;
    /* clang-format off */
    return MHD_start_daemon(
        flags, /* port= */ 0, /* apc= */ NULL, /* apc_cls= */ NULL, on_access, worker,
        MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, /* first: else it writes to stderr */
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, /* blocked in worker_run() */
        MHD_OPTION_CONNECTION_LIMIT, worker->http->config.connections_max + 1, /* ours is lower */
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, /* never: the reaper's */
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_POOL_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 0, /* "strict" hangs up without a word; the gate answers */
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, worker,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, worker,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, worker,
        MHD_OPTION_END);
    /* clang-format on */
}

static enum err_code worker_start(struct http_worker *worker, struct http *http, struct err *reterr)
{
    const struct http_config *config = &http->config;
    const int64_t timeouts_us[HTTP_STAGE_COUNT_] = {
        [HTTP_STAGE_HEADER] = config->header_timeout_us,
        [HTTP_STAGE_BODY] = config->body_timeout_us,
        [HTTP_STAGE_REPLY] = config->reply_timeout_us,
        [HTTP_STAGE_IDLE] = config->idle_timeout_us,
    };
    worker->http = http;
    http_reaper_init(&worker->reaper, timeouts_us);
    bool has_inbox = http_inbox_init(&worker->inbox, config->connections_max);
    worker->daemon = has_inbox ? start_daemon(worker) : NULL;
    if (worker->daemon != NULL) {
        worker->epoll_fd = MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
        if (pthread_create(&worker->thread, NULL, worker_run, worker) == 0) {
            http->workers_started++;
            return OK;
        }
        MHD_stop_daemon(worker->daemon);
    }
    if (has_inbox)
        http_inbox_done(&worker->inbox);
    return err_set(reterr, ERR_NOMEM, "An HTTP thread could not be started.");
}

static void workers_stop(struct http *http)
{
    atomic_store(&http->is_stopping, true);
    for (unsigned i = 0; i < http->workers_started; i++)
        http_inbox_ring(&http->workers[i].inbox);
    for (unsigned i = 0; i < http->workers_started; i++) {
        pthread_join(http->workers[i].thread, NULL);
        http_inbox_done(&http->workers[i].inbox);
    }
}

static enum err_code check_config(const struct http_config *config, struct err *reterr)
{
    if (config->threads < 1 || config->threads > HTTP_THREADS_MAX)
        return err_set(reterr, ERR_INVALID, "There must be 1 to %d HTTP threads.",
                       (int)HTTP_THREADS_MAX);
    if (config->connections_max < 1 || config->connections_max > HTTP_CONNECTIONS_MAX)
        return err_set(reterr, ERR_INVALID, "There must be 1 to %d connections.",
                       (int)HTTP_CONNECTIONS_MAX);
    if (config->header_timeout_us <= 0 || config->body_timeout_us <= 0 ||
        config->idle_timeout_us <= 0 || config->reply_timeout_us <= 0)
        return err_set(reterr, ERR_INVALID, "The HTTP timeouts must be positive.");
    return OK;
}

static enum err_code start_parts(struct http *http, const struct http_config *config,
                                 struct err *reterr)
{
    http->slots = mem_alloc(config->connections_max * sizeof *http->slots);
    if (http->slots == NULL)
        return err_set(reterr, ERR_NOMEM, "Out of memory for connections.");
    enum err_code code = OK;
    for (unsigned i = 0; code == OK && i < config->threads; i++)
        code = worker_start(&http->workers[i], http, reterr);
    if (code != OK)
        return code;
    const struct http_listener_handler listener_handler = {
        .context = http, .has_room = has_room, .on_crowd = on_crowd, .on_accept = on_accept};
    code = http_listener_start(&http->listener, config->address, config->address_bytes,
                               &listener_handler, reterr);
    http->is_listener_started = code == OK;
    return code;
}

enum err_code http_start(const struct http_config *config, const struct http_handler *handler,
                         struct http **ret_http, struct err *reterr)
{
    enum err_code code = check_config(config, reterr);
    if (code != OK)
        return code;
    struct http *http = mem_alloc(sizeof *http);
    if (http == NULL)
        return err_set(reterr, ERR_NOMEM, "Out of memory for the HTTP server.");
    http->config = *config;
    http->handler = *handler;
    pthread_mutex_init(&http->slots_mutex, NULL);
    http->config.address = NULL; /* the caller's, only valid until we return */
    *ret_http = http;            /* before the first request: it may ask for it */
    code = start_parts(http, config, reterr);
    if (code != OK)
        http_stop(TAKE(*ret_http));
    return code;
}

void http_quiesce(struct http *http)
{
    atomic_store(&http->is_quiescing, true);
    http_listener_stop(&http->listener);
}

void http_refuse_new(struct http *http)
{
    atomic_fetch_or(&http->suspended, HTTP_REFUSING);
}

void http_stop(struct http *http)
{
    if (http == NULL)
        return;
    atomic_store(&http->is_quiescing, true);
    http_refuse_new(http);
    if (http->is_listener_started)
        http_listener_stop(&http->listener);
    assert(http_suspended_count(http) == 0);
    workers_stop(http);
    if (http->is_listener_started)
        http_listener_done(&http->listener);
    pthread_mutex_destroy(&http->slots_mutex);
    mem_free(http->slots);
    mem_free(http);
}

uint16_t http_port(const struct http *http)
{
    return http->listener.port;
}

size_t http_suspended_count(const struct http *http)
{
    return atomic_load(&http->suspended) & ~HTTP_REFUSING;
}

size_t http_message_count(const struct http *http)
{
    return atomic_load(&http->message_count);
}

size_t http_connection_count(const struct http *http)
{
    return atomic_load(&http->connection_count);
}

size_t http_bodies_in_flight_bytes(const struct http *http)
{
    return atomic_load(&http->bodies_bytes);
}

uint64_t http_shed_count(const struct http *http)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < http->workers_started; i++)
        count += atomic_load_explicit(&http->workers[i].reaper.shed_count, memory_order_relaxed);
    return count;
}

uint64_t http_reaped_count(const struct http *http)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < http->workers_started; i++)
        count += atomic_load_explicit(&http->workers[i].reaper.reaped_count, memory_order_relaxed);
    return count;
}

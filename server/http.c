#include <assert.h>
#include <errno.h>

#include "base/clock.h"
#include "http_gate.h"
#include "http_internal.h"

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
 * The library calls http_on_access() for a request: once when the head is complete, once for each
 * piece of the body, once when the body is complete, and once more after each resume. A reply may
 * be queued in the first call (then the connection ends afterwards, whatever the headers say: the
 * body is never read) or in a call after the body, never in between. So whoever refuses a body
 * reads on and throws away (MESSAGE_DISCARDING) and answers at the end, and the connection lives
 * on.
 *
 *     MESSAGE_HEAD ─► MESSAGE_BODY ─► MESSAGE_ASKED ◄─► MESSAGE_SUSPENDED
 *         │               │  │            │
 *         │               ▼  └────────────┤ (refused: no room for the body, shutting down)
 *         ├───► MESSAGE_DISCARDING ───────┤
 *         └───────────────────────────────┴─► MESSAGE_REPLIED
 *
 * Suspended first, published second: on_suspended() is called when the connection is suspended
 * already, so a resume by another thread, however early, finds something to resume. It puts the
 * connection into the inbox of its thread, which comes back to http_on_access().
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
        return http_refuse(message, verdict.status, verdict.detail);
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
                   ? http_send_reply(message)
                   : http_refuse(message, message->refused_status, message->refused_detail);
    http_enter_stage(message, HTTP_STAGE_BODY);
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
    http_enter_stage(message, HTTP_STAGE_WORK);
    MHD_suspend_connection(message->connection->library_connection);
    http->handler.on_suspended(http->handler.context, message);
    return true;
}

static enum MHD_Result wait_for_reply(struct http_message *message)
{
    message->state = MESSAGE_SUSPENDED;
    return suspend(message) ? MHD_YES
                            : http_refuse(message, MHD_HTTP_SERVICE_UNAVAILABLE, shutting_down);
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
            return http_refuse(message, message->refused_status, message->refused_detail);
        break;
    case MESSAGE_BODY:
        if (is_refusing(message->http))
            return http_refuse(message, MHD_HTTP_SERVICE_UNAVAILABLE, shutting_down);
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
    return step == HTTP_WAIT ? wait_for_reply(message) : http_send_reply(message);
}

/* MHD_ContentReaderCallback of a stream. 0, with the connection suspended: not yet. */
ssize_t http_read_stream(void *context, uint64_t position, char *out, size_t out_bytes)
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
        http_enter_stage(message, HTTP_STAGE_REPLY);
    }
    size_t left_bytes = body->len - message->streamed_bytes;
    size_t len = left_bytes < out_bytes ? left_bytes : out_bytes;
    memcpy(out, body->data + message->streamed_bytes, len);
    message->streamed_bytes += len;
    message->reply_body_bytes += len;
    return (ssize_t)len;
}

/* MHD_AccessHandlerCallback. */
enum MHD_Result http_on_access(void *context, struct MHD_Connection *connection, const char *url,
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
void *http_on_request_line(void *context, const char *target, struct MHD_Connection *connection)
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
        http_enter_stage(message, HTTP_STAGE_HEADER);
    slot->has_had_request = true;
    return message;
}

void http_message_end(struct http_message *message, bool is_sent)
{
    struct http *http = message->http;
    message->is_sent = is_sent && message->state == MESSAGE_REPLIED;
    message->connection->message = NULL;
    if (message->is_known)
        http->handler.on_done(http->handler.context, message);
    atomic_fetch_sub(&http->bodies_bytes, message->body_buf.len);
    buf_done(&message->body_buf);
    buf_done(&message->reply.body);
    http_give_back_shared(&message->reply);
    struct arena arena = message->arena;
    arena_done(&arena);
    atomic_fetch_sub(&http->message_count, 1);
}

/* MHD_OPTION_NOTIFY_COMPLETED. */
void http_on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                       enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    struct http_message *message = *request_context;
    *request_context = NULL;
    if (message == NULL)
        return;
    http_enter_stage(message, HTTP_STAGE_IDLE);
    http_message_end(message, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

struct str http_header(const struct http_message *message, const char *name)
{
    for (size_t i = message->header_count; i-- > 0;)
        if (str_eq_nocase(message->headers[i].name, str_from(name)))
            return message->headers[i].value;
    return (struct str){.data = NULL};
}

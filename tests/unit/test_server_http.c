/*
 * A real server on a free port, spoken to through raw sockets: what goes in and out byte by byte,
 * what is refused, who is cut off and when, and that suspending, resuming, disconnecting and
 * stopping never race. Waiting is always for a condition, with a time limit that only a failure
 * reaches.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http.h"

enum {
    PATIENCE_MS = 20000,
    REPLY_BYTES_MAX = 16 * 1024 * 1024,
    BODY_BYTES_MAX = 100000,
    HELD_MAX = 512,
    RACES = 10000,
    RACE_CONNECTIONS = 8,
    STREAM_BYTES = 100000,
};

/* --- The application under the server --------------------------------------------------------- */

/* Messages that wait for the test or for the resuming thread. */
struct held {
    pthread_mutex_t mutex;
    pthread_cond_t change;
    struct http_message *items[HELD_MAX];
    size_t count;
    bool is_ending;
};

struct app {
    struct http *http;
    struct held held;     /* until the test releases them */
    struct held resuming; /* until the thread gets to them */
    pthread_t resumer;
    _Atomic size_t seen_count; /* messages that on_head() or, before it, on_refused() saw */
    _Atomic size_t done_count;
    _Atomic size_t sent_count;
    _Atomic size_t refused_count;
    _Atomic size_t smuggled_count;
    _Atomic size_t blocked_count;
    _Atomic size_t body_count; /* bodies that reached on_request */
    _Atomic size_t lent_count; /* of "/shared": bodies out on loan */
    pthread_mutex_t block;     /* held by the test: /block waits for it on an HTTP thread */
    char *large;
};

/* What the application keeps of one message. */
struct visit {
    unsigned resumes;
    unsigned stream_steps;
};

static void held_init(struct held *held)
{
    memset(held, 0, sizeof *held);
    pthread_mutex_init(&held->mutex, NULL);
    pthread_cond_init(&held->change, NULL);
}

static void held_done(struct held *held)
{
    pthread_cond_destroy(&held->change);
    pthread_mutex_destroy(&held->mutex);
}

static void held_push(struct held *held, struct http_message *message)
{
    pthread_mutex_lock(&held->mutex);
    assert(held->count < HELD_MAX);
    held->items[held->count++] = message;
    pthread_cond_signal(&held->change);
    pthread_mutex_unlock(&held->mutex);
}

static struct http_message *held_pop(struct held *held)
{
    pthread_mutex_lock(&held->mutex);
    while (held->count == 0 && !held->is_ending)
        pthread_cond_wait(&held->change, &held->mutex);
    struct http_message *message = held->count > 0 ? held->items[--held->count] : NULL;
    pthread_mutex_unlock(&held->mutex);
    return message;
}

static void held_end(struct held *held)
{
    pthread_mutex_lock(&held->mutex);
    held->is_ending = true;
    pthread_cond_signal(&held->change);
    pthread_mutex_unlock(&held->mutex);
}

static void *resume_all(void *argument)
{
    struct app *app = argument;
    struct http_message *message;
    while ((message = held_pop(&app->resuming)) != NULL) {
        struct visit *visit = message->user;
        visit->resumes++; /* written by this thread, read by the HTTP thread */
        http_resume(message);
    }
    return NULL;
}

static void reply_text(struct http_message *message, unsigned status, const char *text)
{
    message->reply.status = status;
    message->reply.content_type = "text/plain";
    message->reply.static_body = str_from(text);
}

static void on_head(void *context, struct http_message *message)
{
    struct app *app = context;
    atomic_fetch_add(&app->seen_count, 1);
    if (str_starts_with(message->path, "/smuggled"))
        atomic_fetch_add(&app->smuggled_count, 1);
    message->body_bytes_max = BODY_BYTES_MAX;
    message->user = arena_alloc(&message->arena, sizeof(struct visit));
    assert_non_null(message->user);
    if (str_is(message->path, "/small"))
        message->body_bytes_max = 10;
    if (str_is(message->path, "/closed"))
        reply_text(message, 401, "no key");
    if (str_starts_with(message->path, "/fail/"))
        mem_fail_after(message->path.data[6] - '0');
}

static void reply_echo(struct http_message *message)
{
    struct buf *out = &message->reply.body;
    message->reply.status = 200;
    message->reply.content_type = "text/plain";
    buf_printf(out, "%.*s %.*s ", STR_ARGS(message->method_text), STR_ARGS(message->path));
    buf_append_str(out, message->body);
}

static void reply_head(struct http_message *message)
{
    struct buf *out = &message->reply.body;
    message->reply.status = 200;
    message->reply.content_type = "text/plain";
    char peer[ADDRESS_TEXT_BYTES];
    buf_printf(out, "method=%d query=%.*s peer=%s", (int)message->method, STR_ARGS(message->query),
               address_format(&message->peer, peer));
    buf_printf(out, " their_id=%.*s trace=%.*s type=%.*s x=%.*s count=%zu",
               STR_ARGS(message->client_request_id), STR_ARGS(message->traceparent),
               STR_ARGS(message->content_type), STR_ARGS(http_header(message, "X-TEST")),
               message->header_count);
}

static void reply_headers(struct http_message *message)
{
    reply_text(message, 200, "ok");
    char large[HTTP_REPLY_HEADER_BYTES_MAX + 2];
    memset(large, 'x', sizeof large);
    http_reply_header(message, "X-One", STR_LITERAL("1"));
    if (str_is(message->query, "split"))
        http_reply_header(message, "X-Two", STR_LITERAL("a\r\nSet-Cookie: b"));
    if (str_is(message->query, "empty"))
        http_reply_header(message, "X-Two", STR_LITERAL(""));
    if (str_is(message->query, "large"))
        http_reply_header(message, "X-Two", str_slice(large, sizeof large - 1));
    if (str_is(message->query, "many"))
        for (unsigned i = 0; i < HTTP_REPLY_HEADERS_MAX; i++)
            http_reply_header(message, "X-Two", STR_LITERAL("2"));
}

static void give_back(void *shared)
{
    struct app *app = shared;
    atomic_fetch_sub(&app->lent_count, 1);
}

/* ?fail: a header does not fit, and another reply goes out. */
static void reply_shared(struct app *app, struct http_message *message)
{
    reply_text(message, 200, "shared by all");
    message->reply.release = give_back;
    message->reply.shared = app;
    atomic_fetch_add(&app->lent_count, 1);
    if (str_is(message->query, "fail"))
        http_reply_header(message, "X-Two", STR_LITERAL("a\r\nb"));
}

static void reply_stream(struct http_message *message)
{
    message->reply.status = 200;
    message->reply.content_type = "text/event-stream";
    message->reply.is_stream = true;
    buf_append_text(&message->reply.body, "begin ");
}

static void reply_when_unblocked(struct app *app, struct http_message *message)
{
    atomic_fetch_add(&app->blocked_count, 1);
    pthread_mutex_lock(&app->block);
    pthread_mutex_unlock(&app->block);
    reply_text(message, 200, "unblocked");
}

static enum http_step on_request(void *context, struct http_message *message)
{
    struct app *app = context;
    if (message->body.len > 0)
        atomic_fetch_add(&app->body_count, 1);
    if (str_is(message->path, "/head"))
        reply_head(message);
    else if (str_is(message->path, "/headers"))
        reply_headers(message);
    else if (str_is(message->path, "/stream"))
        reply_stream(message);
    else if (str_is(message->path, "/shared"))
        reply_shared(app, message);
    else if (str_is(message->path, "/large"))
        reply_text(message, 200, app->large);
    else if (str_is(message->path, "/block"))
        reply_when_unblocked(app, message);
    else if (str_is(message->path, "/nothing"))
        message->reply.status = 204;
    else if (str_is(message->path, "/hold") || str_is(message->path, "/later") ||
             str_is(message->path, "/now") || str_is(message->path, "/twice"))
        return HTTP_WAIT;
    else
        reply_echo(message);
    return HTTP_REPLY;
}

static void on_suspended(void *context, struct http_message *message)
{
    struct app *app = context;
    if (str_is(message->path, "/now"))
        http_resume(message);
    else if (str_is(message->path, "/hold") || str_is(message->query, "hold"))
        held_push(&app->held, message);
    else
        held_push(&app->resuming, message);
}

static enum http_step on_resume(void *context, struct http_message *message)
{
    (void)context;
    const struct visit *visit = message->user;
    if (str_is(message->path, "/twice") && visit->resumes < 2)
        return HTTP_WAIT;
    reply_echo(message);
    return HTTP_REPLY;
}

/* "begin ", "one ", a wait, many x, a wait, the end. With ?endless never an end; with ?hold it is
 * the test that resumes. */
static enum http_step on_stream(void *context, struct http_message *message)
{
    (void)context;
    struct visit *visit = message->user;
    struct buf *out = &message->reply.body;
    assert(out->len == 0);
    switch (visit->stream_steps++) {
    case 0:
        buf_append_text(out, "one ");
        return HTTP_REPLY;
    case 1:
        return HTTP_WAIT;
    case 2:
        for (unsigned i = 0; i < STREAM_BYTES; i++)
            buf_append_char(out, 'x');
        if (str_is(message->query, "endless"))
            visit->stream_steps = 2;
        return HTTP_REPLY;
    case 3:
        return HTTP_WAIT;
    default:
        return HTTP_END;
    }
}

static void on_refused(void *context, struct http_message *message, unsigned status,
                       const char *detail)
{
    struct app *app = context;
    atomic_fetch_add(&app->refused_count, 1);
    if (message->path.data == NULL)
        atomic_fetch_add(&app->seen_count, 1);
    message->reply.status = status;
    message->reply.content_type = "application/problem+json";
    buf_printf(&message->reply.body, "{\"detail\":\"%s\"}", detail);
}

static void on_done(void *context, struct http_message *message)
{
    struct app *app = context;
    mem_fail_after(-1);
    atomic_fetch_add(&app->done_count, 1);
    if (message->is_sent)
        atomic_fetch_add(&app->sent_count, 1);
}

static struct http_config default_config(void)
{
    static const struct sockaddr_in any_port = {.sin_family = AF_INET,
                                                .sin_addr.s_addr = 0x0100007F};
    return (struct http_config){
        .address = (const struct sockaddr *)&any_port,
        .address_bytes = sizeof any_port,
        .threads = 2,
        .connections_max = 600,
        .header_timeout_us = 60 * US_PER_SECOND,
        .body_timeout_us = 60 * US_PER_SECOND,
        .idle_timeout_us = 60 * US_PER_SECOND,
        .reply_timeout_us = 60 * US_PER_SECOND,
        .arena_bytes_max = 65536,
        .reply_bytes_max = REPLY_BYTES_MAX,
        .bodies_in_flight_bytes_max = 1 << 20,
        .discard_bytes_max = 200000,
    };
}

static void app_start(struct app *app, const struct http_config *config)
{
    memset(app, 0, sizeof *app);
    pthread_mutex_init(&app->block, NULL);
    held_init(&app->held);
    held_init(&app->resuming);
    app->large = mem_alloc(REPLY_BYTES_MAX);
    assert_non_null(app->large);
    memset(app->large, 'x', REPLY_BYTES_MAX - 1);
    const struct http_handler handler = {
        .context = app,
        .on_head = on_head,
        .on_request = on_request,
        .on_suspended = on_suspended,
        .on_resume = on_resume,
        .on_stream = on_stream,
        .on_refused = on_refused,
        .on_done = on_done,
    };
    struct err err = {0};
    if (http_start(config, &handler, &app->http, &err) != OK)
        fail_msg("%s", err.detail);
    assert_int_equal(pthread_create(&app->resumer, NULL, resume_all, app), 0);
}

/* Does nothing when it is stopped already. */
static void app_stop(struct app *app)
{
    if (app->http == NULL)
        return;
    http_refuse_new(app->http);
    held_end(&app->held);
    held_end(&app->resuming);
    pthread_join(app->resumer, NULL);
    struct http_message *message;
    while ((message = held_pop(&app->held)) != NULL)
        http_resume(message);
    http_stop(TAKE(app->http));
    assert_int_equal(app->seen_count, app->done_count);
    assert_int_equal(app->smuggled_count, 0);
    mem_free(app->large);
    pthread_mutex_destroy(&app->block);
    held_done(&app->held);
    held_done(&app->resuming);
}

/* --- The client --------------------------------------------------------------------------------
 */

static struct sockaddr_in server_address(const struct app *app)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons(http_port(app->http))};
}

static int client_connect(const struct app *app)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct sockaddr_in address = server_address(app);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void client_send(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        data += sent;
        len -= (size_t)sent;
    }
}

static void client_say(int fd, const char *text)
{
    client_send(fd, text, strlen(text));
}

/* False when the peer has closed already. */
static bool client_try_say(int fd, const char *text)
{
    return send(fd, text, strlen(text), MSG_NOSIGNAL) > 0;
}

struct response {
    char *text; /* head and body */
    size_t len;
    unsigned status;
    struct str body;
};

static struct buf client_buf(void)
{
    struct buf buf;
    buf_init(&buf, 2 * REPLY_BYTES_MAX);
    return buf;
}

/* Appends what comes next. False at the end of the connection. */
static bool client_read(int fd, struct buf *buf, size_t len_max)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    if (poll(&item, 1, PATIENCE_MS) <= 0)
        fail_msg("the server says nothing");
    char data[65536];
    ssize_t got = recv(fd, data, len_max < sizeof data ? len_max : sizeof data, 0);
    if (got <= 0)
        return false;
    buf_append(buf, data, (size_t)got);
    assert_false(buf->failed);
    return true;
}

/* Reads exactly one response: not a byte of the next. */
static struct response client_response_to(int fd, bool has_body)
{
    struct buf buf = client_buf();
    while (buf.len < 4 || memcmp(buf.data + buf.len - 4, "\r\n\r\n", 4) != 0)
        if (!client_read(fd, &buf, 1))
            fail_msg("closed instead of a response; got: %s", buf.data != NULL ? buf.data : "");
    size_t head_len = buf.len;
    const char *length = strcasestr(buf.data, "\r\nContent-Length: ");
    size_t body_len = has_body && length != NULL ? strtoul(length + 18, NULL, 10) : 0;
    while (buf.len < head_len + body_len)
        if (!client_read(fd, &buf, head_len + body_len - buf.len))
            fail_msg("closed within a response");
    return (struct response){
        .text = buf.data,
        .len = buf.len,
        .status = (unsigned)strtoul(buf.data + 9, NULL, 10),
        .body = str_slice(buf.data + head_len, body_len),
    };
}

static struct response client_response(int fd)
{
    return client_response_to(fd, /* has_body= */ true);
}

static bool response_has(const struct response *response, const char *text)
{
    return strcasestr(response->text, text) != NULL;
}

static void response_done(struct response *response)
{
    mem_free(response->text);
}

static void expect_response(int fd, unsigned status, const char *body)
{
    struct response response = client_response(fd);
    if (response.status != status || (body != NULL && !str_is(response.body, body)))
        fail_msg("not %u %s but:\n%s", status, body != NULL ? body : "", response.text);
    response_done(&response);
}

static void drain_to_end(int fd)
{
    struct buf buf = client_buf();
    while (client_read(fd, &buf, SIZE_MAX))
        ;
    buf_done(&buf);
    close(fd);
}

static void expect_end(int fd)
{
    struct buf buf = client_buf();
    while (client_read(fd, &buf, SIZE_MAX))
        ;
    if (buf.len > 0)
        fail_msg("more before the end: %s", buf.data);
    buf_done(&buf);
    close(fd);
}

static void ask(struct app *app, const char *request, unsigned status, const char *body)
{
    int fd = client_connect(app);
    client_say(fd, request);
    expect_response(fd, status, body);
    close(fd);
}

#define WAIT_UNTIL(condition)                                                                      \
    do {                                                                                           \
        int64_t give_up_us_ = clock_monotonic_us() + PATIENCE_MS * US_PER_MS;                      \
        while (!(condition)) {                                                                     \
            if (clock_monotonic_us() > give_up_us_)                                                \
                fail_msg("waited in vain for " #condition);                                        \
            poll(NULL, 0, 1);                                                                      \
        }                                                                                          \
    } while (0)

/* --- Plain service -----------------------------------------------------------------------------
 */

static void answers_requests(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    struct response first = client_response(fd);
    assert_int_equal(first.status, 200);
    assert_true(str_is(first.body, "GET /a "));
    assert_true(response_has(&first, "\r\nContent-Type: text/plain\r\n"));
    const char *id = strcasestr(first.text, "\r\nX-Request-Id: ");
    assert_non_null(id);
    struct uuid uuid;
    assert_true(uuid_parse(str_slice(id + 16, 36), &uuid));
    response_done(&first);

    /* the same connection again, and HEAD like GET without the body */
    client_say(fd, "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
    struct response head = client_response_to(fd, /* has_body= */ false);
    assert_int_equal(head.status, 200);
    assert_true(response_has(&head, "\r\nContent-Length: 8\r\n"));
    response_done(&head);
    client_say(fd, "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(fd, 204, "");
    client_say(fd, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    expect_response(fd, 200, "POST /b hello");
    client_say(fd, "POST /b HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(fd, 200, "POST /b ");
    client_say(fd, "GET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect_response(fd, 200, "GET /c ");
    expect_end(fd);

    fd = client_connect(app);
    client_say(fd, "GET /c HTTP/1.0\r\n\r\n");
    expect_response(fd, 200, "GET /c ");
    expect_end(fd);
    WAIT_UNTIL(app->done_count == 7);
    assert_int_equal(app->sent_count, 7);
    assert_int_equal(app->seen_count, 7);
}

static void shows_the_head(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    ask(app,
        "PATCH /head?a=%20b&c=d+e HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine-1\r\nX-Test: 1\r\n"
        "Content-Type: application/json; charset=utf-8\r\nx-test:  2 \t\r\n"
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n",
        200,
        "method=4 query=a=%20b&c=d+e peer=127.0.0.1 "
        "their_id=mine-1 "
        "trace=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 "
        "type=application/json; charset=utf-8 x=2 count=6");
    ask(app, "GET /head HTTP/1.1\r\nHost: h\r\nX-Request-Id: no good\r\ntraceparent: x\r\n\r\n",
        200,
        "method=0 query= peer=127.0.0.1 "
        "their_id= trace= type= x= count=3");
}

static void takes_requests_byte_by_byte(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    static const char request[] =
        "\r\nPOST /b HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello"
        "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
    int fd = client_connect(app);
    for (size_t i = 0; i < sizeof request - 1; i++)
        client_send(fd, request + i, 1);
    expect_response(fd, 200, "POST /b hello");
    expect_response(fd, 200, "POST /c abcde");
    close(fd);
}

static void answers_pipelined_requests_in_order(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n"
                   "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                   "GET /now HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(fd, 200, "GET /later ");
    expect_response(fd, 200, "POST /b abc");
    expect_response(fd, 200, "GET /now ");
    close(fd);
}

static void takes_large_bodies(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    struct buf request = client_buf();
    buf_printf(&request, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n",
               (int)BODY_BYTES_MAX);
    size_t head_len = request.len;
    char *body = buf_extend(&request, BODY_BYTES_MAX);
    for (size_t i = 0; i < BODY_BYTES_MAX; i++)
        body[i] = (char)('a' + i % 26);
    int fd = client_connect(app);
    client_send(fd, request.data, request.len);
    struct response response = client_response(fd);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.body.len, 8 + BODY_BYTES_MAX);
    assert_memory_equal(response.body.data + 8, request.data + head_len, BODY_BYTES_MAX);
    response_done(&response);
    close(fd);
    buf_done(&request);
    WAIT_UNTIL(http_bodies_in_flight_bytes(app->http) == 0);
}

static void sends_large_replies(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    struct response response = client_response(fd);
    assert_int_equal(response.body.len, REPLY_BYTES_MAX - 1);
    response_done(&response);
    WAIT_UNTIL(app->sent_count == 1);
    close(fd);
}

static void sends_100_continue_only_when_it_wants_the_body(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd,
               "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    expect_response(fd, 100, "");
    client_say(fd, "hi");
    expect_response(fd, 200, "POST /b hi");
    close(fd);

    fd = client_connect(app);
    client_say(fd, "POST /closed HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n"
                   "Expect: 100-continue\r\n\r\n");
    expect_response(fd, 401, "no key");
    expect_end(fd);

    fd = client_connect(app);
    client_say(fd, "POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n"
                   "Expect: 100-continue\r\n\r\n");
    expect_response(fd, 413, NULL);
    expect_end(fd);
}

/* --- Limits ------------------------------------------------------------------------------------
 */

static void refuses_bodies_that_are_too_large(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app); /* declared: told once it is read */
    client_say(fd, "POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n0123456789");
    assert_int_equal(app->refused_count, 0);
    client_say(fd, "x");
    expect_response(fd, 413, NULL);
    expect_end(fd);

    fd = client_connect(app); /* counted */
    client_say(fd, "POST /small HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "6\r\n012345\r\n5\r\n6789x\r\n0\r\n\r\n");
    expect_response(fd, 413, NULL);
    expect_end(fd);

    fd = client_connect(app); /* just fits */
    client_say(fd, "POST /small HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n");
    expect_response(fd, 200, "POST /small 0123456789");
    close(fd);

    fd = client_connect(app); /* declared larger than we care to read */
    client_say(fd, "POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n");
    expect_response(fd, 413, NULL);
    expect_end(fd);
    assert_int_equal(app->body_count, 1);
}

static void ends_connections_that_send_bodies_for_ever(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd, "POST /closed HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    size_t chunks = 0;
    while (client_try_say(fd, "10\r\n0123456789abcdef\r\n") && chunks < 1000000)
        chunks++;
    assert_true(chunks < 1000000);
    expect_end(fd);
    WAIT_UNTIL(app->done_count == 1);
    assert_int_equal(app->sent_count, 0);
}

static void answers_before_the_body_and_lives_on(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd, "POST /closed HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    expect_response(fd, 401, "no key");
    client_say(fd, "GET /closed HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(fd, 401, "no key");
    client_say(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(fd, 200, "GET /a ");
    close(fd);
    assert_int_equal(app->body_count, 0);
}

static void limits_the_bytes_of_bodies_in_flight(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    config.bodies_in_flight_bytes_max = 50;
    app_start(app, &config);
    int holder = client_connect(app);
    client_say(holder, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\n"
                       "0123456789012345678901234567890123456789");
    WAIT_UNTIL(http_bodies_in_flight_bytes(app->http) == 40);
    int other = client_connect(app);
    client_say(other, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n0123456789x");
    struct response response = client_response(other);
    assert_int_equal(response.status, 503);
    assert_true(response_has(&response, "\r\nRetry-After: 1\r\n"));
    response_done(&response);
    /* the refused one gave back what it had; ten bytes are left, and its connection lives on */
    client_say(other, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789");
    expect_response(other, 200, "POST /b 0123456789");
    client_say(holder, "0123456789");
    expect_response(holder, 200, NULL);
    WAIT_UNTIL(http_bodies_in_flight_bytes(app->http) == 0);
    close(holder);
    close(other);
}

static void refuses_reply_headers_that_do_not_fit(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd, "GET /headers HTTP/1.1\r\nHost: h\r\n\r\n");
    struct response response = client_response(fd);
    assert_int_equal(response.status, 200);
    assert_true(response_has(&response, "\r\nX-One: 1\r\n"));
    response_done(&response);
    static const char *const faults[] = {"split", "empty", "large", "many"};
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        char request[128];
        snprintf(request, sizeof request, "GET /headers?%s HTTP/1.1\r\nHost: h\r\n\r\n", faults[i]);
        client_say(fd, request);
        response = client_response(fd);
        assert_int_equal(response.status, 500);
        assert_false(response_has(&response, "X-One"));
        assert_false(response_has(&response, "Set-Cookie"));
        response_done(&response);
    }
    close(fd);
}

static void limits_heads(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    static const struct {
        size_t len;
        unsigned status;
    } cases[] = {
        {HTTP_HEAD_BYTES_MAX,     200},
        {HTTP_HEAD_BYTES_MAX + 1, 431},
        {HTTP_HEAD_BYTES_MAX * 4, 431}
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf request = client_buf();
        buf_append_text(&request, "GET /a HTTP/1.1\r\nHost: h\r\nX: ");
        while (request.len < cases[i].len - 4)
            buf_append_char(&request, 'x');
        buf_append_text(&request, "\r\n\r\n");
        int fd = client_connect(app);
        (void)client_try_say(fd, request.data);
        expect_response(fd, cases[i].status, NULL);
        close(fd);
        buf_done(&request);
    }
}

static void lets_connections_wait_above_the_limit(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    config.connections_max = 3;
    app_start(app, &config);
    int fds[6];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = client_connect(app); /* the backlog takes it */
        client_say(fds[i], i < 3 ? "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n"
                                 : "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    WAIT_UNTIL(http_suspended_count(app->http) == 3);
    assert_int_equal(http_connection_count(app->http), 3);
    struct pollfd item = {.fd = fds[3], .events = POLLIN};
    assert_int_equal(poll(&item, 1, 0), 0);
    for (size_t i = 0; i < 3; i++)
        http_resume(held_pop(&app->held));
    for (size_t i = 0; i < 3; i++) {
        expect_response(fds[i], 200, "GET /hold ");
        close(fds[i]);
    }
    for (size_t i = 3; i < 6; i++) {
        expect_response(fds[i], 200, "GET /a ");
        close(fds[i]);
    }
    WAIT_UNTIL(http_connection_count(app->http) == 0);
}

/* The table is full of one that works, one that is idle and one that drips: who wants in, gets in,
 * and who works stays. */
static void makes_room_for_those_who_wait(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    config.connections_max = 3;
    app_start(app, &config);
    int working = client_connect(app);
    int idle = client_connect(app);
    int dripping = client_connect(app);
    client_say(working, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    client_say(idle, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(idle, 200, "GET /a ");
    client_say(dripping, "GET /a HTT");
    WAIT_UNTIL(http_connection_count(app->http) == 3 && http_suspended_count(app->http) == 1);
    int fds[2];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = client_connect(app);
        client_say(fds[i], "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        expect_response(fds[i], 200, "GET /b ");
    expect_end(idle);
    assert_true(http_shed_count(app->http) >= 2);
    assert_int_equal(http_reaped_count(app->http), 0);
    http_resume(held_pop(&app->held));
    expect_response(working, 200, "GET /hold ");
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        close(fds[i]);
    close(working);
    close(dripping);
    WAIT_UNTIL(http_connection_count(app->http) == 0);
}

static void makes_room_among_slow_senders(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    config.threads = 1; /* each thread has an order of its own */
    config.connections_max = 4;
    app_start(app, &config);
    int slow[4];
    for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
        slow[i] = client_connect(app);
        client_say(slow[i], i < 2 ? "GET /a HTT"
                                  : "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n12");
    }
    WAIT_UNTIL(http_connection_count(app->http) == 4);
    for (unsigned i = 0; i < 4; i++) {
        int fd = client_connect(app);
        client_say(fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
        WAIT_UNTIL(http_suspended_count(app->http) == i + 1);
        expect_end(slow[i]); /* heads before bodies, the longest first */
        slow[i] = fd;
    }
    assert_int_equal(http_shed_count(app->http), 4);
    for (size_t i = 0; i < ARRAY_LEN(slow); i++)
        http_resume(held_pop(&app->held));
    for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
        expect_response(slow[i], 200, "GET /hold ");
        close(slow[i]);
    }
}

/* --- The gate, over the wire -------------------------------------------------------------------
 */

struct attack {
    const char *text;
    size_t len; /* some contain NUL */
    unsigned status;
    bool has_broken_answer;
};

/* clang-format off */
#define ATTACK(status_, text_) \
    {.text = (text_), .len = sizeof(text_) - 1, .status = (status_)}
/* A malformed Content-Length the library refuses itself, before anybody is asked, and writes the
 * head of its answer twice. It does end the connection. */
#define ATTACK_REFUSED_TWICE(status_, text_) \
    {.text = (text_), .len = sizeof(text_) - 1, .status = (status_), .has_broken_answer = true}
#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

static const struct attack attacks[] = {
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 37\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 37\r\nContent-Length: 0\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 42\r\n"
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                "Content-Length: 42\r\n\r\n0\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length : 37\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 42\r\nTransfer-Encoding:\r\n"
                " chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n"
                "0\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                "Transfer-Encoding: x\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked \r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
    ATTACK_REFUSED_TWICE(400, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: +37\r\n\r\n" SMUGGLED),
    ATTACK_REFUSED_TWICE(400, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 0x25\r\n\r\n" SMUGGLED),
    ATTACK_REFUSED_TWICE(400, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 37 \r\n\r\n" SMUGGLED),
    ATTACK_REFUSED_TWICE(400, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 0, 37\r\n\r\n" SMUGGLED),
    ATTACK_REFUSED_TWICE(413, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /b HTTP/1.1\r\nHost: h\r\nContent-Length: 37\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nX: a\0Content-Length: 37\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nX: a\nContent-Length: 37\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nX: a\r Content-Length: 37\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nX: a\r\n Content-Length: 37\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 37\n\r\n" SMUGGLED),
    ATTACK(400, "GET /b HTTP/1.1\r\nHost: h\r\n\n" SMUGGLED),
    ATTACK(400, "GET /b HTTP/1.1\nHost: h\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /b HTTP/1.1\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /b HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /b HTTP/1.1\r\nHost : h\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /b\0c HTTP/1.1\r\nHost: h\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /b%00 HTTP/1.1\r\nHost: h\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /a/%2e%2e/b HTTP/1.1\r\nHost: h\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET http://h/b HTTP/1.1\r\nHost: h\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /b c HTTP/1.1\r\nHost: h\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET  /b HTTP/1.1\r\nHost: h\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /b\r\nHost: h\r\n\r\n" SMUGGLED),
    ATTACK(400, "GET /b HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n" SMUGGLED),
    ATTACK(400, "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n" SMUGGLED),
    ATTACK(505, "GET /b HTTP/1.2\r\nHost: h\r\n\r\n" SMUGGLED),
    ATTACK(505, "GET /b HTTP/2.0\r\nHost: h\r\n\r\n" SMUGGLED),
    ATTACK(417, "POST /b HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n" SMUGGLED),
};
/* clang-format on */

static void attack(const struct app *app, const struct attack *attack, bool is_slow)
{
    int fd = client_connect(app);
    size_t head_len = attack->len - (sizeof SMUGGLED - 1);
    size_t sent = 0;
    while (is_slow && sent < head_len && send(fd, attack->text + sent, 1, MSG_NOSIGNAL) == 1)
        sent++;
    /* it may have been sent away before the end of the head */
    (void)send(fd, attack->text + sent, attack->len - sent, MSG_NOSIGNAL);
    struct response response = client_response(fd);
    if (response.status != attack->status)
        fail_msg("%u instead of %u for\n%s", response.status, attack->status, attack->text);
    assert_true(response_has(&response, "\r\nConnection: close\r\n"));
    response_done(&response);
    if (attack->has_broken_answer)
        drain_to_end(fd);
    else
        expect_end(fd);
}

static void refuses_smuggling(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
        attack(app, &attacks[i], /* is_slow= */ false);
        attack(app, &attacks[i], /* is_slow= */ true);
    }
    WAIT_UNTIL(http_connection_count(app->http) == 0);
    assert_int_equal(app->smuggled_count, 0);
}

/* --- The reaper --------------------------------------------------------------------------------
 */

enum { SHORT_MS = 300 };

static struct http_config impatient_config(void)
{
    struct http_config config = default_config();
    config.header_timeout_us = SHORT_MS * US_PER_MS;
    config.body_timeout_us = SHORT_MS * US_PER_MS;
    config.reply_timeout_us = SHORT_MS * US_PER_MS;
    return config;
}

/* Sends a byte every 10 ms until the server has had enough. Returns how long that took. */
static int64_t drip(int fd, const char *first, int64_t began_us)
{
    client_say(fd, first);
    struct pollfd item = {.fd = fd, .events = POLLIN | POLLRDHUP};
    while (poll(&item, 1, 10) == 0) {
        (void)client_try_say(fd, "x");
        if (clock_monotonic_us() - began_us > PATIENCE_MS * US_PER_MS)
            fail_msg("a dripping client is never cut off");
    }
    return clock_monotonic_us() - began_us;
}

static void cuts_off_dripping_clients(void **state)
{
    struct app *app = *state;
    struct http_config config = impatient_config();
    app_start(app, &config);
    static const char *const starts[] = {
        "GE",
        "GET /a HTTP/1.1\r\nHost: h\r\nX-A: ",
        "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n",
        "POST /closed HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        int64_t began_us = clock_monotonic_us();
        int fd = client_connect(app);
        assert_true(drip(fd, starts[i], began_us) >= SHORT_MS * US_PER_MS);
        expect_end(fd);
    }
    WAIT_UNTIL(http_reaped_count(app->http) == 4);
    WAIT_UNTIL(app->done_count == 2);
    assert_int_equal(app->sent_count, 0);

    /* the time of a later head counts from its first line */
    int fd = client_connect(app);
    client_say(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(fd, 200, "GET /a ");
    assert_true(drip(fd, starts[1], clock_monotonic_us()) >= SHORT_MS * US_PER_MS);
    expect_end(fd);
}

static void cuts_off_many_dripping_clients_at_once(void **state)
{
    struct app *app = *state;
    struct http_config config = impatient_config();
    app_start(app, &config);
    enum { CLIENTS = 400 };
    int fds[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++) {
        fds[i] = client_connect(app);
        client_say(fds[i], "GET /a HTTP/1.1\r\nHo");
    }
    int good = client_connect(app);
    client_say(good, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    for (size_t i = 0; i < CLIENTS; i++)
        expect_end(fds[i]);
    WAIT_UNTIL(http_reaped_count(app->http) == CLIENTS);
    expect_response(good, 200, "GET /a ");
    close(good);
}

static void cuts_off_idle_connections_later(void **state)
{
    struct app *app = *state;
    struct http_config config = impatient_config();
    config.idle_timeout_us = 6 * SHORT_MS * US_PER_MS;
    app_start(app, &config);
    int silent = client_connect(app);
    int idle = client_connect(app);
    client_say(idle, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(idle, 200, "GET /a ");
    int64_t began_us = clock_monotonic_us();
    int slow = client_connect(app);
    client_say(slow, "GET");
    expect_end(slow);
    /* those two outlived the one that had begun to speak */
    struct pollfd items[] = {
        {.fd = silent, .events = POLLIN},
        {.fd = idle,   .events = POLLIN}
    };
    assert_int_equal(poll(items, 2, 0), 0);
    expect_end(idle);
    assert_true(clock_monotonic_us() - began_us >= config.idle_timeout_us - 50 * US_PER_MS);
    expect_end(silent);
    WAIT_UNTIL(http_reaped_count(app->http) == 3);
}

static void cuts_off_clients_that_do_not_read(void **state)
{
    struct app *app = *state;
    struct http_config config = impatient_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    WAIT_UNTIL(http_reaped_count(app->http) == 1);
    WAIT_UNTIL(app->done_count == 1);
    assert_int_equal(app->sent_count, 0);
    close(fd);
}

static void never_cuts_off_who_waits_for_us(void **state)
{
    struct app *app = *state;
    struct http_config config = impatient_config();
    config.idle_timeout_us = SHORT_MS * US_PER_MS;
    app_start(app, &config);
    int waiting = client_connect(app);
    client_say(waiting, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    WAIT_UNTIL(http_suspended_count(app->http) == 1);
    for (unsigned i = 0; i < 3; i++) {
        int other = client_connect(app);
        client_say(other, "GET");
        expect_end(other); /* every limit has passed by then */
    }
    http_resume(held_pop(&app->held));
    expect_response(waiting, 200, "GET /hold ");
    expect_end(waiting); /* idle now */
}

/* --- Suspending --------------------------------------------------------------------------------
 */

static void resumes_from_other_threads(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd, "POST /later HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
    expect_response(fd, 200, "POST /later hi");
    client_say(fd, "GET /twice HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(fd, 200, "GET /twice ");
    client_say(fd, "GET /now HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(fd, 200, "GET /now ");
    client_say(fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    WAIT_UNTIL(http_suspended_count(app->http) == 1);
    http_resume(held_pop(&app->held));
    expect_response(fd, 200, "GET /hold ");
    WAIT_UNTIL(http_suspended_count(app->http) == 0);
    close(fd);
}

struct racer {
    struct app *app;
    unsigned requests;
    unsigned answered;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    static const char *const requests[] = {"GET /later HTTP/1.1\r\nHost: h\r\n\r\n",
                                           "GET /now HTTP/1.1\r\nHost: h\r\n\r\n"};
    int fd = client_connect(racer->app);
    for (unsigned i = 0; i < racer->requests; i++) {
        client_say(fd, requests[i % 2]);
        struct response response = client_response(fd);
        racer->answered += response.status == 200;
        response_done(&response);
    }
    close(fd);
    return NULL;
}

static void survives_resume_races(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    struct racer racers[RACE_CONNECTIONS];
    pthread_t threads[RACE_CONNECTIONS];
    for (size_t i = 0; i < RACE_CONNECTIONS; i++) {
        racers[i] = (struct racer){.app = app, .requests = RACES / RACE_CONNECTIONS};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    unsigned answered = 0;
    for (size_t i = 0; i < RACE_CONNECTIONS; i++) {
        pthread_join(threads[i], NULL);
        answered += racers[i].answered;
    }
    assert_int_equal(answered, RACES);
    WAIT_UNTIL(app->done_count == RACES);
    assert_int_equal(app->sent_count, RACES);
}

/* The library reads 128 events at a time, and with its own threads it stalled when that was all. */
static void serves_any_number_of_events_at_once(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    config.threads = 1;
    app_start(app, &config);
    enum { EVENTS_MAX = 257 };
    int fds[EVENTS_MAX];
    for (size_t i = 0; i < EVENTS_MAX; i++) {
        fds[i] = client_connect(app);
        client_say(fds[i], "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
        expect_response(fds[i], 200, "GET /later ");
    }
    int blocker = client_connect(app);
    static const size_t counts[] = {126, 127, 128, 129, 255, 256, 257};
    for (size_t round = 0; round < ARRAY_LEN(counts); round++) {
        pthread_mutex_lock(&app->block);
        client_say(blocker, "GET /block HTTP/1.1\r\nHost: h\r\n\r\n");
        WAIT_UNTIL(app->blocked_count == round + 1);
        for (size_t i = 0; i < counts[round]; i++)
            client_say(fds[i], "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
        pthread_mutex_unlock(&app->block);
        expect_response(blocker, 200, "unblocked");
        for (size_t i = 0; i < counts[round]; i++)
            expect_response(fds[i], 200, "GET /later ");
    }
    for (size_t i = 0; i < EVENTS_MAX; i++)
        close(fds[i]);
    close(blocker);
}

static void survives_clients_that_leave(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    enum { LEAVERS = 40 };
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < LEAVERS; i++) {
            int fd = client_connect(app);
            client_say(fd, "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
            WAIT_UNTIL(http_suspended_count(app->http) == i + 1);
            if (i % 2 == 0) { /* with a reset */
                struct linger linger = {.l_onoff = 1};
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
            }
            close(fd);
        }
        assert_int_equal(app->done_count, round * LEAVERS);
        for (unsigned i = 0; i < LEAVERS; i++)
            http_resume(held_pop(&app->held));
        WAIT_UNTIL(app->done_count == (round + 1) * LEAVERS);
        WAIT_UNTIL(http_connection_count(app->http) == 0);
    }
    assert_int_equal(http_bodies_in_flight_bytes(app->http), 0);
}

static void forgets_clients_that_leave_in_the_middle(void **state)
{
    struct app *app = *state;
    struct http_config config = impatient_config();
    app_start(app, &config);
    /* An end that comes with the data is not seen by the library: the reaper sees to it. */
    int fd = client_connect(app);
    client_say(fd, "POST /b HTTP/1.1\r\nHost: h\r\nConte");
    close(fd);
    WAIT_UNTIL(http_connection_count(app->http) == 0);
    fd = client_connect(app);
    client_say(fd, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\nhi");
    WAIT_UNTIL(http_bodies_in_flight_bytes(app->http) == 2);
    close(fd);
    WAIT_UNTIL(http_bodies_in_flight_bytes(app->http) == 0);
    WAIT_UNTIL(http_connection_count(app->http) == 0);
}

/* --- Streams -----------------------------------------------------------------------------------
 */

/* Reads chunks until `len` bytes of content are there, or the last chunk. Returns the content. */
static struct buf client_chunks(int fd, size_t len)
{
    struct buf content = client_buf();
    while (content.len < len) {
        struct buf line = client_buf();
        while (line.len < 2 || line.data[line.len - 1] != '\n')
            if (!client_read(fd, &line, 1))
                fail_msg("closed within a stream");
        size_t left = strtoul(line.data, NULL, 16);
        bool is_last = left == 0;
        buf_done(&line);
        for (size_t end = content.len + left; content.len < end;)
            if (!client_read(fd, &content, end - content.len))
                fail_msg("closed within a chunk");
        struct buf end = client_buf();
        while (end.len < 2)
            assert_true(client_read(fd, &end, 2 - end.len));
        assert_memory_equal(end.data, "\r\n", 2);
        buf_done(&end);
        if (is_last)
            break;
    }
    return content;
}

static void gives_back_what_was_lent(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd, "GET /shared HTTP/1.1\r\nHost: h\r\n\r\n");
    struct response response = client_response(fd);
    assert_int_equal(response.status, 200);
    assert_true(str_is(response.body, "shared by all"));
    response_done(&response);
    client_say(fd, "HEAD /shared HTTP/1.1\r\nHost: h\r\n\r\n");
    response = client_response_to(fd, /* has_body= */ false);
    assert_true(response_has(&response, "\r\nContent-Length: 13\r\n"));
    response_done(&response);
    client_say(fd, "GET /shared?fail HTTP/1.1\r\nHost: h\r\n\r\n");
    response = client_response(fd);
    assert_int_equal(response.status, 500);
    response_done(&response);
    close(fd);
    WAIT_UNTIL(app->done_count == 3 && app->lent_count == 0);
}

static void expect_stream_head(int fd)
{
    struct response response = client_response(fd);
    assert_int_equal(response.status, 200);
    assert_true(response_has(&response, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_true(response_has(&response, "\r\nContent-Type: text/event-stream\r\n"));
    response_done(&response);
}

static void streams(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    for (unsigned round = 0; round < 3; round++) { /* on one connection */
        client_say(fd, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
        expect_stream_head(fd);
        struct buf content = client_chunks(fd, SIZE_MAX);
        assert_int_equal(content.len, 10 + STREAM_BYTES);
        assert_memory_equal(content.data, "begin one xxx", 13);
        buf_done(&content);
    }
    client_say(fd, "HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    struct response response = client_response_to(fd, /* has_body= */ false);
    assert_int_equal(response.status, 200);
    response_done(&response);
    client_say(fd, "GET /stream HTTP/1.0\r\n\r\n"); /* no chunks: until the end */
    response = client_response(fd);
    assert_false(response_has(&response, "chunked"));
    response_done(&response);
    struct buf content = client_buf();
    while (client_read(fd, &content, SIZE_MAX))
        ;
    assert_int_equal(content.len, 10 + STREAM_BYTES);
    buf_done(&content);
    close(fd);
    WAIT_UNTIL(app->sent_count == 5);
}

static void sends_what_a_stream_has_before_it_waits(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd, "GET /stream?hold HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_stream_head(fd);
    struct buf content = client_chunks(fd, 10);
    assert_true(str_is(buf_str(&content), "begin one "));
    buf_done(&content);
    WAIT_UNTIL(http_suspended_count(app->http) == 1);
    http_resume(held_pop(&app->held));
    content = client_chunks(fd, STREAM_BYTES);
    assert_int_equal(content.len, STREAM_BYTES);
    buf_done(&content);
    WAIT_UNTIL(http_suspended_count(app->http) == 1);
    /* shutting down ends it in order */
    http_refuse_new(app->http);
    http_resume(held_pop(&app->held));
    content = client_chunks(fd, SIZE_MAX);
    assert_int_equal(content.len, 0);
    buf_done(&content);
    WAIT_UNTIL(http_message_count(app->http) == 0);
    assert_int_equal(app->sent_count, 1);
    close(fd);
}

static void ends_streams_that_nobody_reads(void **state)
{
    struct app *app = *state;
    struct http_config config = impatient_config();
    app_start(app, &config);
    int stuck = client_connect(app);
    int gone = client_connect(app);
    client_say(stuck, "GET /stream?endless HTTP/1.1\r\nHost: h\r\n\r\n");
    client_say(gone, "GET /stream?endless HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_stream_head(gone);
    close(gone);
    WAIT_UNTIL(app->done_count == 2);
    assert_int_equal(app->sent_count, 0);
    assert_int_equal(http_reaped_count(app->http), 1);
    WAIT_UNTIL(http_connection_count(app->http) == 0);
    close(stuck);
}

/* --- Stopping ----------------------------------------------------------------------------------
 */

static void stops_with_connections_open(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    enum { IDLE = 50 };
    int fds[IDLE];
    for (size_t i = 0; i < IDLE; i++) {
        fds[i] = client_connect(app);
        if (i % 2 == 0) {
            client_say(fds[i], "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
            expect_response(fds[i], 200, "GET /a ");
        }
    }
    int half = client_connect(app);
    client_say(half, "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\nhi");
    WAIT_UNTIL(http_bodies_in_flight_bytes(app->http) == 2);
    app_stop(app);
    assert_int_equal(app->seen_count, IDLE / 2 + 1);
    assert_int_equal(app->done_count, IDLE / 2 + 1);
    for (size_t i = 0; i < IDLE; i++)
        expect_end(fds[i]);
    expect_end(half);
}

static void drains_in_order(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int waiting = client_connect(app);
    int living = client_connect(app);
    client_say(waiting, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    client_say(living, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(living, 200, "GET /a ");
    WAIT_UNTIL(http_suspended_count(app->http) == 1);

    http_quiesce(app->http);
    http_quiesce(app->http);
    int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = server_address(app);
    assert_int_equal(connect(late, (struct sockaddr *)&address, sizeof address), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(late);

    /* who is connected is served once more and then sent away */
    int leaving = living;
    client_say(leaving, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    struct response response = client_response(leaving);
    assert_int_equal(response.status, 200);
    assert_true(response_has(&response, "\r\nConnection: close\r\n"));
    response_done(&response);
    expect_end(leaving);

    http_refuse_new(app->http);
    assert_int_equal(http_suspended_count(app->http), 1);
    http_resume(held_pop(&app->held));
    expect_response(waiting, 200, "GET /hold ");
    WAIT_UNTIL(http_suspended_count(app->http) == 0);
    expect_end(waiting);
}

static void answers_503_when_it_refuses_new_requests(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    int fd = client_connect(app);
    client_say(fd, "GET /twice HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_response(fd, 200, "GET /twice ");
    http_refuse_new(app->http);
    client_say(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    struct response response = client_response(fd);
    assert_int_equal(response.status, 503);
    assert_true(response_has(&response, "\r\nRetry-After: 1\r\n"));
    response_done(&response);
    close(fd);
}

static void accepts_what_waited_when_it_quiesces(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    enum { CLIENTS = 200 };
    int fds[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++)
        fds[i] = client_connect(app);
    http_quiesce(app->http);
    for (size_t i = 0; i < CLIENTS; i++) {
        client_say(fds[i], "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
        expect_response(fds[i], 200, "GET /a ");
        expect_end(fds[i]);
    }
}

static void reports_why_it_does_not_start(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    app_start(app, &config);
    const struct http_handler handler = {.context = app};
    struct http *second = NULL;
    struct err err = {0};
    struct sockaddr_in address = server_address(app);
    config.address = (const struct sockaddr *)&address;
    assert_int_equal(http_start(&config, &handler, &second, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.detail, "listens on that address already"));
    address.sin_addr.s_addr = htonl(0xC0000201); /* 192.0.2.1, nobody's */
    assert_int_equal(http_start(&config, &handler, &second, &err), ERR_CONFLICT);
    address.sin_family = AF_UNIX;
    assert_int_equal(http_start(&config, &handler, &second, &err), ERR_INVALID);
    config = default_config();
    config.threads = 0;
    assert_int_equal(http_start(&config, &handler, &second, &err), ERR_INVALID);
    config = default_config();
    config.connections_max = 0;
    assert_int_equal(http_start(&config, &handler, &second, &err), ERR_INVALID);
    config = default_config();
    config.body_timeout_us = 0;
    assert_int_equal(http_start(&config, &handler, &second, &err), ERR_INVALID);
    assert_null(second);
    http_stop(NULL);

    config = default_config();
    for (int64_t allocations = 0; allocations < 2; allocations++) {
        mem_fail_after(allocations);
        assert_int_equal(http_start(&config, &handler, &second, &err), ERR_NOMEM);
        mem_fail_after(-1);
    }
}

/* An answer or the end of the connection, and no leak: which of the two depends on what failed. */
static void survives_failing_allocations(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    config.threads = 1;
    app_start(app, &config);
    for (unsigned i = 0; i < 8; i++) {
        int fd = client_connect(app);
        struct buf text = client_buf();
        buf_printf(&text, "POST /fail/%u HTTP/1.1\r\nHost: h\r\nContent-Length: 400\r\n\r\n%0400d",
                   i, 0);
        client_send(fd, text.data, text.len);
        buf_done(&text);
        struct buf answer = client_buf();
        client_read(fd, &answer, SIZE_MAX);
        if (answer.len > 0) {
            unsigned long status = strtoul(answer.data + 9, NULL, 10);
            assert_true(status == 200 || status == 500 || status == 503);
        }
        buf_done(&answer);
        close(fd);
    }
    WAIT_UNTIL(app->done_count == 8);
    assert_int_equal(http_bodies_in_flight_bytes(app->http), 0);
    ask(app, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 200, "GET /a ");
}

static void listens_on_ipv6_for_both(void **state)
{
    struct app *app = *state;
    struct http_config config = default_config();
    const struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    config.address = (const struct sockaddr *)&any;
    config.address_bytes = sizeof any;
    int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0 || bind(probe, (const struct sockaddr *)&any, sizeof any) != 0) {
        if (probe >= 0)
            close(probe);
        print_message("skipped: this machine has no IPv6\n");
        skip();
    }
    close(probe);
    app_start(app, &config);
    ask(app, "GET /head HTTP/1.1\r\nHost: h\r\n\r\n", 200,
        "method=0 query= peer=127.0.0.1 "
        "their_id= trace= type= x= count=1");
}

/* Each test starts the server as it needs it; whatever happened, it is stopped in the end. */
static int tear_down(void **state)
{
    app_stop(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_prestate_setup_teardown(name, NULL, tear_down, &app)

int main(void)
{
    static struct app app;
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        TEST(answers_requests),
        TEST(shows_the_head),
        TEST(takes_requests_byte_by_byte),
        TEST(answers_pipelined_requests_in_order),
        TEST(takes_large_bodies),
        TEST(sends_large_replies),
        TEST(sends_100_continue_only_when_it_wants_the_body),
        TEST(refuses_bodies_that_are_too_large),
        TEST(ends_connections_that_send_bodies_for_ever),
        TEST(answers_before_the_body_and_lives_on),
        TEST(limits_the_bytes_of_bodies_in_flight),
        TEST(refuses_reply_headers_that_do_not_fit),
        TEST(limits_heads),
        TEST(lets_connections_wait_above_the_limit),
        TEST(makes_room_for_those_who_wait),
        TEST(makes_room_among_slow_senders),
        TEST(refuses_smuggling),
        TEST(cuts_off_dripping_clients),
        TEST(cuts_off_many_dripping_clients_at_once),
        TEST(cuts_off_idle_connections_later),
        TEST(cuts_off_clients_that_do_not_read),
        TEST(never_cuts_off_who_waits_for_us),
        TEST(resumes_from_other_threads),
        TEST(survives_resume_races),
        TEST(serves_any_number_of_events_at_once),
        TEST(survives_clients_that_leave),
        TEST(forgets_clients_that_leave_in_the_middle),
        TEST(gives_back_what_was_lent),
        TEST(streams),
        TEST(sends_what_a_stream_has_before_it_waits),
        TEST(ends_streams_that_nobody_reads),
        TEST(stops_with_connections_open),
        TEST(drains_in_order),
        TEST(answers_503_when_it_refuses_new_requests),
        TEST(accepts_what_waited_when_it_quiesces),
        TEST(reports_why_it_does_not_start),
        TEST(survives_failing_allocations),
        TEST(listens_on_ipv6_for_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The HTTP threads and their connections: accepted, given to a thread, ended; start and stop. Why
 * it is so, see http.c.
 */
#include <assert.h>
#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "http_internal.h"

enum {
    /* The library reads into half of a connection's pool, so this half holds a head of the allowed
     * size, with a read-ahead of 1 KiB (its fixed increment) and a little more so that a head
     * slightly too long gets our answer; the other half holds what it notes about headers and the
     * reply's head. It is zeroed after every request and then resident: not larger than needed. */
    HTTP_POOL_BYTES = 2 * (HTTP_HEAD_BYTES_MAX + 1024 + 1024),
    HTTP_LIBRARY_LOG_BYTES = 256,
    HTTP_CONNECTIONS_MAX = 1000000,
    HTTP_SHED_AT_ONCE_MAX = 4, /* connections that a thread ends in one go to make room */
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
        http_message_end(slot->message, /* is_sent= */ false);
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

void http_enter_stage(struct http_message *message, enum http_stage stage)
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
        flags, /* port= */ 0, /* apc= */ NULL, /* apc_cls= */ NULL, http_on_access, worker,
        MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, /* first: else it writes to stderr */
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, /* blocked in worker_run() */
        MHD_OPTION_CONNECTION_LIMIT, worker->http->config.connections_max + 1, /* ours is lower */
        MHD_OPTION_CONNECTION_TIMEOUT, 0U, /* never: the reaper's */
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_POOL_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 0, /* "strict" hangs up without a word; the gate answers */
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, worker,
        MHD_OPTION_URI_LOG_CALLBACK, http_on_request_line, worker,
        MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, worker,
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

#include "http_listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    LISTENER_BACKLOG = 4096,   /* the kernel cuts it to net.core.somaxconn */
    LISTENER_ACCEPTS_MAX = 64, /* before it looks whether it should stop */
    LISTENER_PAUSE_MS = 100,   /* without room, or a descriptor or memory of the system */
};

enum accept_result { ACCEPTED, NOTHING_WAITS, NO_RESOURCES };

static enum accept_result accept_one(struct http_listener *listener)
{
    struct sockaddr_storage address;
    socklen_t address_bytes = sizeof address;
    int fd = accept4(listener->fd, (struct sockaddr *)&address, &address_bytes,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        listener->handler.on_accept(listener->handler.context, fd, (struct sockaddr *)&address,
                                    address_bytes);
        return ACCEPTED;
    }
    switch (errno) {
    case EAGAIN:
        return NOTHING_WAITS;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return NO_RESOURCES;
    default: /* that one connection is gone already (accept(2): "Error handling") */
        return ACCEPTED;
    }
}

static bool has_room(struct http_listener *listener)
{
    return listener->handler.has_room(listener->handler.context);
}

static enum accept_result accept_some(struct http_listener *listener)
{
    enum accept_result result = ACCEPTED;
    for (unsigned i = 0; i < LISTENER_ACCEPTS_MAX && result == ACCEPTED; i++) {
        if (!has_room(listener))
            return NOTHING_WAITS;
        result = accept_one(listener);
    }
    return result;
}

/* Whether somebody waits, for whom there is no room: then some is asked for. */
static bool is_crowded(struct http_listener *listener)
{
    struct pollfd item = {.fd = listener->fd, .events = POLLIN};
    if (poll(&item, 1, 0) != 1)
        return false;
    listener->handler.on_crowd(listener->handler.context);
    return true;
}

/* Blocks until somebody wants in, or http_listener_wake/stop, or it is time to ask again. */
static void wait_for_work(struct http_listener *listener, enum accept_result last)
{
    if (last == ACCEPTED)
        return;
    bool must_pause = last == NO_RESOURCES;
    if (!must_pause && !has_room(listener)) {
        /* The flag goes up before the last look, and wake() comes after room was made: one of both
         * sees the other. */
        atomic_store(&listener->is_waiting_for_room, true);
        must_pause = !has_room(listener) && is_crowded(listener);
    }
    struct pollfd items[] = {
        {.fd = listener->wake_fd,              .events = POLLIN},
        {.fd = must_pause ? -1 : listener->fd, .events = POLLIN},
    };
    poll(items, ARRAY_LEN(items), must_pause ? LISTENER_PAUSE_MS : -1);
    atomic_store(&listener->is_waiting_for_room, false);
    uint64_t count;
    ssize_t got = read(listener->wake_fd, &count, sizeof count);
    (void)got; /* nothing there: that is fine too */
}

static void *listener_run(void *argument)
{
    struct http_listener *listener = argument;
    enum accept_result last = NOTHING_WAITS;
    while (!atomic_load(&listener->is_stopping)) {
        wait_for_work(listener, last);
        last = accept_some(listener);
    }
    /* Who came between the last look and the word to stop is let in too. */
    do {
        last = accept_some(listener);
    } while (last == ACCEPTED);
    return NULL;
}

static enum err_code bind_error(struct err *reterr)
{
    switch (errno) {
    case EADDRINUSE:
        return err_set(reterr, ERR_CONFLICT, "Another program listens on that address already.");
    case EADDRNOTAVAIL:
        return err_set(reterr, ERR_CONFLICT, "This machine does not have that address.");
    case EACCES:
        return err_set(reterr, ERR_CONFLICT, "Ports below 1024 need a privilege.");
    default:
        return err_set(reterr, ERR_CONFLICT, "Cannot listen there: %s.", strerrordesc_np(errno));
    }
}

/* The kernel's choice, if it was asked to choose. False: see errno. */
static bool find_port(struct http_listener *listener)
{
    struct sockaddr_in6 v6 = {0}; /* the larger one; both begin with family and port */
    struct sockaddr_in v4;
    socklen_t bytes = sizeof v6;
    if (getsockname(listener->fd, (struct sockaddr *)&v6, &bytes) != 0)
        return false;
    memcpy(&v4, &v6, sizeof v4);
    listener->port = ntohs(v6.sin6_family == AF_INET6 ? v6.sin6_port : v4.sin_port);
    return true;
}

/*
 * Accepted connections inherit this. A machine that lost its power or its network says no goodbye:
 * without it the kernel would wait a quarter of an hour for what it sent to be confirmed, and for
 * ever when nothing is under way (a long poll, a stream between its events).
 */
static void notice_vanished_peers(int fd)
{
    static const struct {
        int level;
        int name;
        int value;
    } options[] = {
        {SOL_SOCKET,  SO_KEEPALIVE,     1    },
        {IPPROTO_TCP, TCP_KEEPIDLE,     60   }, /* s of silence until it is asked for */
        {IPPROTO_TCP, TCP_KEEPINTVL,    10   }, /* s between questions */
        {IPPROTO_TCP, TCP_KEEPCNT,      3    }, /* unanswered */
        {IPPROTO_TCP, TCP_USER_TIMEOUT, 30000}, /* ms that sent bytes may stay unconfirmed */
    };
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                   sizeof options[i].value);
}

static enum err_code open_socket(struct http_listener *listener, const struct sockaddr *address,
                                 socklen_t address_bytes, struct err *reterr)
{
    listener->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    listener->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (listener->fd < 0 || listener->wake_fd < 0)
        return err_set(reterr, ERR_NOMEM, "No socket to listen with: %s.", strerrordesc_np(errno));
    /* A restart must not wait for old connections in TIME_WAIT. */
    const int on = 1;
    const int off = 0;
    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->sa_family == AF_INET6)
        setsockopt(listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    notice_vanished_peers(listener->fd);
    bool is_listening = bind(listener->fd, address, address_bytes) == 0 &&
                        listen(listener->fd, LISTENER_BACKLOG) == 0 && find_port(listener);
    return is_listening ? OK : bind_error(reterr);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

enum err_code http_listener_start(struct http_listener *listener, const struct sockaddr *address,
                                  socklen_t address_bytes,
                                  const struct http_listener_handler *handler, struct err *reterr)
{
    memset(listener, 0, sizeof *listener);
    listener->fd = listener->wake_fd = -1;
    listener->handler = *handler;
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
        return err_set(reterr, ERR_INVALID, "The address to listen on is neither IPv4 nor IPv6.");
    enum err_code code = open_socket(listener, address, address_bytes, reterr);
    if (code == OK && pthread_create(&listener->thread, NULL, listener_run, listener) != 0)
        code = err_set(reterr, ERR_NOMEM, "The accepting thread could not be started.");
    listener->is_started = code == OK;
    if (code != OK)
        http_listener_done(listener);
    return code;
}

static void ring(struct http_listener *listener)
{
    const uint64_t one = 1;
    ssize_t written = write(listener->wake_fd, &one, sizeof one);
    (void)written; /* full: then it is awake anyway */
}

void http_listener_wake(struct http_listener *listener)
{
    if (atomic_exchange(&listener->is_waiting_for_room, false))
        ring(listener);
}

void http_listener_stop(struct http_listener *listener)
{
    if (!listener->is_started)
        return;
    listener->is_started = false;
    atomic_store(&listener->is_stopping, true);
    ring(listener);
    pthread_join(listener->thread, NULL);
    close_fd(&listener->fd);
}

void http_listener_done(struct http_listener *listener)
{
    http_listener_stop(listener);
    close_fd(&listener->fd);
    close_fd(&listener->wake_fd);
}

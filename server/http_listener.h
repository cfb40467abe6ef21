/*
 * The listening socket and the thread that accepts.
 *
 * Relais accepts itself, because the library's own way lets one thread take all connections while
 * others idle and drops what waits in the backlog when it stops. Knows nothing of HTTP.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/err.h"

struct http_listener_handler {
    void *context;
    /* Whether one more connection may be accepted. If not, clients wait in the backlog until
     * http_listener_wake(). */
    bool (*has_room)(void *context);
    /* There is none, and somebody waits: make some. Again every now and then as long as it is so.
     */
    void (*on_crowd)(void *context);
    /* A non-blocking connection; the descriptor is the callee's. */
    void (*on_accept)(void *context, int fd, const struct sockaddr *address,
                      socklen_t address_bytes);
};

struct http_listener {
    struct http_listener_handler handler;
    pthread_t thread;
    int fd;
    int wake_fd; /* eventfd */
    uint16_t port;
    bool is_started;
    _Atomic bool is_stopping;
    _Atomic bool is_waiting_for_room;
};

/* Binds, listens and starts the thread; both callbacks run on it. `listener` must not move
 * afterwards. After a failure nothing is to be freed.
 * ERR_CONFLICT when the address is taken, foreign or needs a privilege; ERR_INVALID when
 * it is neither IPv4 nor IPv6; ERR_NOMEM. */
enum err_code http_listener_start(struct http_listener *listener, const struct sockaddr *address,
                                  socklen_t address_bytes,
                                  const struct http_listener_handler *handler,
                                  struct err *reterr) MUSTCHECK;

/* There is room again; any thread. Costs nothing when nobody waits. */
void http_listener_wake(struct http_listener *listener);

/* Accepts what waits already, as long as there is room, then closes the socket and ends the thread.
 * May be called twice. http_listener_wake() may still be called. */
void http_listener_stop(struct http_listener *listener);
/* Stops and frees the rest: nobody calls http_listener_wake() any more. */
void http_listener_done(struct http_listener *listener);

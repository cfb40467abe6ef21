/*
 * What the files of the HTTP adapter share: http.c (a message's life, and the essay), http_reply.c
 * (its answer), http_worker.c (threads and connections). Nobody else includes this.
 */
#pragma once

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http.h"
#include "http_inbox.h"
#include "http_listener.h"
#include "http_reaper.h"

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

/* ---- http.c ---- */

/* The message is over, and freed. */
void http_message_end(struct http_message *message, bool is_sent);
/* The library's callbacks. */
enum MHD_Result http_on_access(void *context, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *data_bytes, void **request_context);
void *http_on_request_line(void *context, const char *target, struct MHD_Connection *connection);
void http_on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                       enum MHD_RequestTerminationCode code);
ssize_t http_read_stream(void *context, uint64_t position, char *out, size_t out_bytes);

/* ---- http_reply.c ---- */

/* Gives the reply to the library. MHD_NO ends the connection without one. */
enum MHD_Result http_send_reply(struct http_message *message);
/* The same with a refusal instead. */
enum MHD_Result http_refuse(struct http_message *message, unsigned status, const char *detail);

/* Lets go of a body that is shared with others. */
void http_give_back_shared(struct http_reply *reply);

/* ---- http_worker.c ---- */

/* Another limit on time counts for the connection from now on. */
void http_enter_stage(struct http_message *message, enum http_stage stage);

/*
 * Cuts off connections that take too long: a thread of its own, because the library measures only
 * silence and a client that sends a byte a second is never silent.
 *
 * Each connection is in one stage, each stage has one time limit for the whole of it. So the
 * connections of a stage are a queue in order of their deadlines, and every operation is O(1): ten
 * thousand idle connections cost one look at the head of a list.
 *
 * It shuts a socket down (the library sees the end and closes it) and never closes one. A
 * descriptor is known here only while it is open: http_reaper_remove() comes before close() and
 * waits for a shutdown under way, so a number that was used again is never shut. All functions are
 * thread-safe.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"
#include "base/err.h"

enum http_stage {
    HTTP_STAGE_HEADER, /* from accept or the request line to the end of the head */
    HTTP_STAGE_BODY,
    HTTP_STAGE_REPLY, /* the client has to take it */
    HTTP_STAGE_IDLE,  /* between two requests */
    HTTP_STAGE_WORK,  /* ours to finish: no limit here */
    HTTP_STAGE_COUNT_
};

/* Embedded in the owner's connection; the fields are the reaper's. */
struct http_reaper_entry {
    struct http_reaper_entry *previous;
    struct http_reaper_entry *next;
    int64_t deadline_us;
    enum http_stage stage;
    int fd;      /* -1: not added */
    bool is_new; /* nothing but the accept has happened */
};

struct http_reaper_list {
    struct http_reaper_entry *first; /* the earliest deadline */
    struct http_reaper_entry *last;
};

struct http_reaper {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    pthread_t thread;
    struct http_reaper_list lists[HTTP_STAGE_COUNT_];
    int64_t timeouts_us[HTTP_STAGE_COUNT_]; /* 0: no limit */
    int64_t planned_us;                     /* when the thread wakes by itself; INT64_MAX: never */
    bool is_stopping;
    _Atomic uint64_t reaped_count;
};

/* Starts the thread. `timeouts_us` by stage; 0: no limit. `reaper` must not move afterwards.
 * ERR_NOMEM. */
enum err_code http_reaper_start(struct http_reaper *reaper,
                                const int64_t timeouts_us[static HTTP_STAGE_COUNT_],
                                struct err *reterr) MUSTCHECK;
/* Ends the thread; entries still added are forgotten. */
void http_reaper_stop(struct http_reaper *reaper);

/* A connection was accepted: HTTP_STAGE_HEADER from now on. If it stays wholly silent it is idle
 * rather than slow, and gets the idle time after that. */
void http_reaper_add(struct http_reaper *reaper, struct http_reaper_entry *entry, int fd);
/* It enters a stage; its time starts now, also when it is there already. */
void http_reaper_enter(struct http_reaper *reaper, struct http_reaper_entry *entry,
                       enum http_stage stage);
/* Before its descriptor is closed. */
void http_reaper_remove(struct http_reaper *reaper, struct http_reaper_entry *entry);

/* Connections shut down since the start. */
uint64_t http_reaper_count(const struct http_reaper *reaper);

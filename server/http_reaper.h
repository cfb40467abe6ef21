/*
 * Cuts off connections that take too long. The library measures only silence, and a client that
 * sends a byte a second is never silent.
 *
 * Each connection is in one stage, each stage has one time limit for the whole of it. So the
 * connections of a stage are a queue in order of their deadlines, and every operation is O(1): ten
 * thousand idle connections cost one look at the head of a list.
 *
 * When the table of connections is full and somebody wants in, there is less patience: see
 * http_reaper_shed().
 *
 * It shuts a socket down (the library sees the end and closes it) and never closes one. Everything
 * of one reaper happens on one thread, the one that also closes its connections, after
 * http_reaper_remove(): so a descriptor that was used again for somebody else is never shut.
 *
 * Times are CLOCK_MONOTONIC in µs, given by the caller, and never go back.
 */
#pragma once

#include <stdatomic.h>

#include "base/base.h"

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
    int64_t entered_at_us; /* its stage */
    int64_t deadline_us;
    enum http_stage stage;
    int fd;
    bool is_new; /* nothing but the accept has happened */
};

struct http_reaper_list {
    struct http_reaper_entry *first; /* the earliest deadline */
    struct http_reaper_entry *last;
};

struct http_reaper {
    struct http_reaper_list lists[HTTP_STAGE_COUNT_];
    int64_t timeouts_us[HTTP_STAGE_COUNT_]; /* 0: no limit */
    _Atomic uint64_t
        reaped_count;            /* connections shut down for being late; any thread may read it */
    _Atomic uint64_t shed_count; /* connections shut down to make room; any thread may read it */
};

/* `timeouts_us` by stage; 0: no limit. There is nothing to free. */
void http_reaper_init(struct http_reaper *reaper,
                      const int64_t timeouts_us[static HTTP_STAGE_COUNT_]);

/* A connection was accepted: HTTP_STAGE_HEADER from now on. If it stays wholly silent it is idle
 * rather than slow, and gets the idle time after that. */
void http_reaper_add(struct http_reaper *reaper, struct http_reaper_entry *entry, int fd,
                     int64_t now_us);
/* It enters a stage; its time starts now, also when it is there already. */
void http_reaper_enter(struct http_reaper *reaper, struct http_reaper_entry *entry,
                       enum http_stage stage, int64_t now_us);
/* Before its descriptor is closed. */
void http_reaper_remove(struct http_reaper *reaper, struct http_reaper_entry *entry);

/* Shuts down all whose time is over. Returns when the next one is due; INT64_MAX: never. */
int64_t http_reaper_run(struct http_reaper *reaper, int64_t now_us);

/* Makes room for others: shuts down up to `count_max` connections that hold a place without a
 * request in work, the idle ones first, then those that keep us waiting for a head, a body, or to
 * take a reply. Only such as have been in their stage for longer than is fair when others wait
 * (below), the longest first. Returns when the next one will have been; INT64_MAX: there is none.
 */
int64_t http_reaper_shed(struct http_reaper *reaper, unsigned count_max, int64_t now_us);

/* Of http_reaper_shed(). An idle second is more than a page needs between its requests; a head is a
 * packet or two; a form's 64 KiB take 3 s at 175 kbit/s. */
enum {
    HTTP_FAIR_IDLE_MS = 1000,
    HTTP_FAIR_HEADER_MS = 1000,
    HTTP_FAIR_BODY_MS = 3000,
    HTTP_FAIR_REPLY_MS = 10000,
};

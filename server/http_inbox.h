/*
 * How other threads hand something to an HTTP thread, which sleeps on sockets and not on a
 * condition variable: a queue and a descriptor to wake it by.
 *
 * Putting something there costs a system call only when the thread sleeps: a store worker that
 * resumes a whole batch wakes it once.
 */
#pragma once

#include <stdatomic.h>

#include "base/queue.h"

struct http_inbox {
    struct queue queue;
    int wake_fd;            /* eventfd */
    _Atomic bool is_asleep; /* the owner is in, or about to enter, poll(2) */
};

/* Place for `max_items`; putting more there is a programmer error. False: no descriptor left, then
 * nothing is to be freed. */
bool http_inbox_init(struct http_inbox *inbox, size_t max_items) MUSTCHECK;
/* Empty by now. */
void http_inbox_done(struct http_inbox *inbox);

/* Any thread. The node is the owner's afterwards. */
void http_inbox_put(struct http_inbox *inbox, struct queue_node *node);
/* Any thread: ends the sleep of now, or the next one. */
void http_inbox_ring(struct http_inbox *inbox);

/* The owner: all that is there, a chain in order of arrival; NULL when nothing is. */
struct queue_node *http_inbox_take_all(struct http_inbox *inbox) MUSTCHECK;
/* The owner: sleeps until `fd` is readable, something is in the inbox, it rings, or the monotonic
 * clock passes `until_us` (INT64_MAX: never). May return early. */
void http_inbox_sleep(struct http_inbox *inbox, int fd, int64_t until_us);

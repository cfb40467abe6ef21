/*
 * A bounded first-in first-out queue between threads, whose consumer takes everything that waits.
 *
 * Intrusive: the queue links nodes that live in the caller's objects and allocates nothing. A
 * pushed node belongs to the queue until it is drained, then to who drained it. Every function may
 * be called from any thread, except _init and _done.
 */
#pragma once

#include <pthread.h>

#include "base/base.h"

struct queue_node {
    struct queue_node *next; /* the queue's while queued; the chain's after a drain */
    size_t bytes; /* the weight that queue_drain's byte bound counts; set by the caller */
};

struct queue {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t filled;
    struct queue_node *first;
    struct queue_node *last;
    size_t length;
    size_t max_items;
    bool is_closed;
};

void queue_init(struct queue *queue, size_t max_items);
/* Nobody may wait in it any more; nodes still queued are forgotten, not freed: drain first. */
void queue_done(struct queue *queue);

/* False, and the node stays the caller's, when the queue is full or closed. */
bool queue_push(struct queue *queue, struct queue_node *node) MUSTCHECK;
/* Takes what waits, in order, as long as it is at most `max_items` (≥ 1) nodes and `max_bytes` in
 * sum; the first is taken whatever its weight. Waits up to `timeout_us` for a first one (0: not at
 * all; negative: without end). Returns the first node of a chain that ends with NULL; NULL on
 * timeout, and at once when closed and empty (see queue_is_closed). */
struct queue_node *queue_drain(struct queue *queue, size_t max_items, size_t max_bytes,
                               int64_t timeout_us) MUSTCHECK;
/* From now on every push fails and nobody waits; what is queued can still be drained. */
void queue_close(struct queue *queue);
bool queue_is_closed(struct queue *queue);
size_t queue_length(struct queue *queue);

#include "base/queue.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

#include "base/clock.h"

/* Locks and conditions fail only when misused. */
static void must(int rc)
{
    assert(rc == 0);
    (void)rc;
}

void queue_init(struct queue *queue, size_t max_items)
{
    assert(max_items > 0);
    *queue = (struct queue){.max_items = max_items};
    pthread_condattr_t attributes;
    must(pthread_condattr_init(&attributes));
    /* A step of the wall clock must not stretch a wait. */
    must(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    must(pthread_cond_init(&queue->filled, &attributes));
    must(pthread_condattr_destroy(&attributes));
    must(pthread_mutex_init(&queue->lock, /* attr= */ NULL));
}

void queue_done(struct queue *queue)
{
    if (queue == NULL)
        return;
    must(pthread_cond_destroy(&queue->filled));
    must(pthread_mutex_destroy(&queue->lock));
}

bool queue_push(struct queue *queue, struct queue_node *node)
{
    must(pthread_mutex_lock(&queue->lock));
    bool is_taken = !queue->is_closed && queue->length < queue->max_items;
    if (is_taken) {
        node->next = NULL;
        if (queue->last != NULL)
            queue->last->next = node;
        else
            queue->first = node;
        queue->last = node;
        queue->length++;
        must(pthread_cond_signal(&queue->filled));
    }
    must(pthread_mutex_unlock(&queue->lock));
    return is_taken;
}

/* Lock held. False when there is nothing and there will be nothing before the deadline. */
static bool queue_wait(struct queue *queue, int64_t timeout_us)
{
    if (queue->first != NULL || timeout_us == 0)
        return queue->first != NULL;
    struct timespec deadline = {0};
    if (timeout_us > 0) {
        int64_t now_us = clock_monotonic_us();
        int64_t at_us = timeout_us < INT64_MAX - now_us ? now_us + timeout_us : INT64_MAX;
        deadline.tv_sec = at_us / US_PER_SECOND;
        deadline.tv_nsec = at_us % US_PER_SECOND * 1000;
    }
    int rc = 0;
    while (queue->first == NULL && !queue->is_closed && rc != ETIMEDOUT)
        rc = timeout_us > 0 ? pthread_cond_timedwait(&queue->filled, &queue->lock, &deadline)
                            : pthread_cond_wait(&queue->filled, &queue->lock);
    return queue->first != NULL;
}

/* Lock held, not empty. */
static struct queue_node *queue_take(struct queue *queue, size_t max_items, size_t max_bytes)
{
    struct queue_node *first = queue->first;
    struct queue_node *last = first;
    size_t taken = 1;
    size_t bytes = first->bytes;
    while (last->next != NULL && taken < max_items && bytes <= max_bytes &&
           last->next->bytes <= max_bytes - bytes) {
        last = last->next;
        bytes += last->bytes;
        taken++;
    }
    queue->first = last->next;
    if (queue->first == NULL)
        queue->last = NULL;
    last->next = NULL;
    queue->length -= taken;
    return first;
}

struct queue_node *queue_drain(struct queue *queue, size_t max_items, size_t max_bytes,
                               int64_t timeout_us)
{
    assert(max_items > 0);
    struct queue_node *chain = NULL;
    must(pthread_mutex_lock(&queue->lock));
    if (queue_wait(queue, timeout_us)) {
        chain = queue_take(queue, max_items, max_bytes);
        /* The signal for what stays may have gone to this thread. */
        if (queue->first != NULL)
            must(pthread_cond_signal(&queue->filled));
    }
    must(pthread_mutex_unlock(&queue->lock));
    return chain;
}

void queue_close(struct queue *queue)
{
    must(pthread_mutex_lock(&queue->lock));
    queue->is_closed = true;
    must(pthread_cond_broadcast(&queue->filled));
    must(pthread_mutex_unlock(&queue->lock));
}

bool queue_is_closed(struct queue *queue)
{
    must(pthread_mutex_lock(&queue->lock));
    bool is_closed = queue->is_closed;
    must(pthread_mutex_unlock(&queue->lock));
    return is_closed;
}

size_t queue_length(struct queue *queue)
{
    must(pthread_mutex_lock(&queue->lock));
    size_t length = queue->length;
    must(pthread_mutex_unlock(&queue->lock));
    return length;
}

#include "http_inbox.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

bool http_inbox_init(struct http_inbox *inbox, size_t max_items)
{
    inbox->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (inbox->wake_fd < 0)
        return false;
    atomic_init(&inbox->is_asleep, false);
    queue_init(&inbox->queue, max_items);
    return true;
}

void http_inbox_done(struct http_inbox *inbox)
{
    close(inbox->wake_fd);
    queue_done(&inbox->queue);
}

/* is_asleep goes up before the owner's last look at the queue, and is looked at after something was
 * put there: one of both sees the other. */
void http_inbox_put(struct http_inbox *inbox, struct queue_node *node)
{
    bool is_queued = queue_push(&inbox->queue, node);
    assert(is_queued);
    if (atomic_exchange(&inbox->is_asleep, false))
        http_inbox_ring(inbox);
}

void http_inbox_ring(struct http_inbox *inbox)
{
    const uint64_t one = 1;
    ssize_t written = write(inbox->wake_fd, &one, sizeof one);
    (void)written; /* full: then it rings already */
}

struct queue_node *http_inbox_take_all(struct http_inbox *inbox)
{
    return queue_drain(&inbox->queue, SIZE_MAX, SIZE_MAX, /* timeout_us= */ 0);
}

static int timeout_ms_until(int64_t at_us)
{
    if (at_us == INT64_MAX)
        return -1;
    int64_t left_us = at_us - clock_monotonic_us();
    int64_t left_ms = left_us > 0 ? (left_us + US_PER_MS - 1) / US_PER_MS : 0;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

void http_inbox_sleep(struct http_inbox *inbox, int fd, int64_t until_us)
{
    struct pollfd items[] = {
        {.fd = inbox->wake_fd, .events = POLLIN},
        {.fd = fd,             .events = POLLIN},
    };
    atomic_store(&inbox->is_asleep, true);
    bool has_work = queue_length(&inbox->queue) > 0;
    poll(items, ARRAY_LEN(items), has_work ? 0 : timeout_ms_until(until_us));
    atomic_store(&inbox->is_asleep, false);
    if (items[0].revents == 0)
        return;
    uint64_t count;
    ssize_t got = read(inbox->wake_fd, &count, sizeof count);
    (void)got;
}

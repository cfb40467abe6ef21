#include "http_reaper.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/clock.h"

static void list_append(struct http_reaper_list *list, struct http_reaper_entry *entry)
{
    entry->next = NULL;
    entry->previous = list->last;
    if (list->last != NULL)
        list->last->next = entry;
    else
        list->first = entry;
    list->last = entry;
}

static void list_remove(struct http_reaper_list *list, struct http_reaper_entry *entry)
{
    if (entry->previous != NULL)
        entry->previous->next = entry->next;
    else
        list->first = entry->next;
    if (entry->next != NULL)
        entry->next->previous = entry->previous;
    else
        list->last = entry->previous;
    entry->next = entry->previous = NULL;
}

void http_reaper_init(struct http_reaper *reaper,
                      const int64_t timeouts_us[static HTTP_STAGE_COUNT_])
{
    *reaper = (struct http_reaper){0};
    for (size_t stage = 0; stage < HTTP_STAGE_COUNT_; stage++)
        reaper->timeouts_us[stage] = timeouts_us[stage];
}

static void append(struct http_reaper *reaper, struct http_reaper_entry *entry,
                   enum http_stage stage, int64_t now_us)
{
    int64_t timeout_us = reaper->timeouts_us[stage];
    entry->stage = stage;
    entry->entered_at_us = now_us;
    entry->deadline_us = timeout_us > 0 ? now_us + timeout_us : INT64_MAX;
    list_append(&reaper->lists[stage], entry);
}

void http_reaper_add(struct http_reaper *reaper, struct http_reaper_entry *entry, int fd,
                     int64_t now_us)
{
    *entry = (struct http_reaper_entry){.fd = fd, .is_new = true};
    append(reaper, entry, HTTP_STAGE_HEADER, now_us);
}

void http_reaper_enter(struct http_reaper *reaper, struct http_reaper_entry *entry,
                       enum http_stage stage, int64_t now_us)
{
    list_remove(&reaper->lists[entry->stage], entry);
    entry->is_new = false;
    append(reaper, entry, stage, now_us);
}

void http_reaper_remove(struct http_reaper *reaper, struct http_reaper_entry *entry)
{
    list_remove(&reaper->lists[entry->stage], entry);
}

/* Whether the peer has sent nothing at all since it connected, not even a part of a line. */
static bool is_silent(int fd)
{
    struct tcp_info info = {0};
    socklen_t info_bytes = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) == 0 &&
           info_bytes >=
               offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received &&
           info.tcpi_bytes_received == 0;
}

/* What is shut stays known until the library closes it, without a deadline. */
static void shut(struct http_reaper *reaper, struct http_reaper_entry *entry, int64_t now_us)
{
    shutdown(entry->fd, SHUT_RDWR);
    http_reaper_enter(reaper, entry, HTTP_STAGE_WORK, now_us);
}

static void expire(struct http_reaper *reaper, struct http_reaper_entry *entry, int64_t now_us)
{
    if (entry->is_new && is_silent(entry->fd)) {
        http_reaper_enter(reaper, entry, HTTP_STAGE_IDLE, now_us);
        return;
    }
    shut(reaper, entry, now_us);
    atomic_fetch_add_explicit(&reaper->reaped_count, 1, memory_order_relaxed);
}

int64_t http_reaper_run(struct http_reaper *reaper, int64_t now_us)
{
    int64_t next_us = INT64_MAX;
    for (size_t stage = 0; stage < HTTP_STAGE_COUNT_; stage++) {
        if (reaper->timeouts_us[stage] == 0)
            continue;
        struct http_reaper_entry *entry = reaper->lists[stage].first;
        for (; entry != NULL && entry->deadline_us <= now_us; entry = reaper->lists[stage].first)
            expire(reaper, entry, now_us);
        if (entry != NULL && entry->deadline_us < next_us)
            next_us = entry->deadline_us;
    }
    return next_us;
}

int64_t http_reaper_shed(struct http_reaper *reaper, unsigned count_max, int64_t now_us)
{
    static const struct {
        enum http_stage stage;
        int64_t fair_us;
    } order[] = {
        {HTTP_STAGE_IDLE,   HTTP_FAIR_IDLE_MS * US_PER_MS  },
        {HTTP_STAGE_HEADER, HTTP_FAIR_HEADER_MS * US_PER_MS},
        {HTTP_STAGE_BODY,   HTTP_FAIR_BODY_MS * US_PER_MS  },
        {HTTP_STAGE_REPLY,  HTTP_FAIR_REPLY_MS * US_PER_MS },
    };
    int64_t next_us = INT64_MAX;
    unsigned count = 0;
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        const int64_t fair_us = order[i].fair_us;
        struct http_reaper_entry *entry = reaper->lists[order[i].stage].first;
        for (; entry != NULL && count < count_max && entry->entered_at_us + fair_us <= now_us;
             entry = reaper->lists[order[i].stage].first) {
            shut(reaper, entry, now_us);
            count++;
        }
        if (entry != NULL && entry->entered_at_us + fair_us < next_us)
            next_us = entry->entered_at_us + fair_us;
    }
    atomic_fetch_add_explicit(&reaper->shed_count, count, memory_order_relaxed);
    return next_us;
}

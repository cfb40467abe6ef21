#include "http_reaper.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

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
static void expire(struct http_reaper *reaper, struct http_reaper_entry *entry, int64_t now_us)
{
    if (entry->is_new && is_silent(entry->fd)) {
        http_reaper_enter(reaper, entry, HTTP_STAGE_IDLE, now_us);
        return;
    }
    shutdown(entry->fd, SHUT_RDWR);
    atomic_fetch_add_explicit(&reaper->reaped_count, 1, memory_order_relaxed);
    http_reaper_enter(reaper, entry, HTTP_STAGE_WORK, now_us);
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

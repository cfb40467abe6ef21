#include "http_reaper.h"

#include <assert.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

/* How many sockets are shut before the mutex is given to others for a moment. */
enum { REAPER_BATCH_MAX = 64 };

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

/* The functions named …_locked want the mutex held. */

static void enter_locked(struct http_reaper *reaper, struct http_reaper_entry *entry,
                         enum http_stage stage)
{
    int64_t timeout_us = reaper->timeouts_us[stage];
    entry->stage = stage;
    entry->deadline_us = timeout_us > 0 ? clock_monotonic_us() + timeout_us : INT64_MAX;
    list_append(&reaper->lists[stage], entry);
    if (entry->deadline_us < reaper->planned_us) {
        reaper->planned_us = entry->deadline_us;
        pthread_cond_signal(&reaper->wake);
    }
}

void http_reaper_add(struct http_reaper *reaper, struct http_reaper_entry *entry, int fd)
{
    assert(fd >= 0);
    *entry = (struct http_reaper_entry){.fd = fd, .is_new = true};
    pthread_mutex_lock(&reaper->mutex);
    enter_locked(reaper, entry, HTTP_STAGE_HEADER);
    pthread_mutex_unlock(&reaper->mutex);
}

void http_reaper_enter(struct http_reaper *reaper, struct http_reaper_entry *entry,
                       enum http_stage stage)
{
    pthread_mutex_lock(&reaper->mutex);
    assert(entry->fd >= 0);
    list_remove(&reaper->lists[entry->stage], entry);
    entry->is_new = false;
    enter_locked(reaper, entry, stage);
    pthread_mutex_unlock(&reaper->mutex);
}

void http_reaper_remove(struct http_reaper *reaper, struct http_reaper_entry *entry)
{
    pthread_mutex_lock(&reaper->mutex);
    assert(entry->fd >= 0);
    list_remove(&reaper->lists[entry->stage], entry);
    entry->fd = -1;
    pthread_mutex_unlock(&reaper->mutex);
}

/* Whether the peer has sent nothing at all since it connected, not even a part of a line. */
static bool is_silent(int fd)
{
    struct tcp_info info;
    socklen_t info_bytes = sizeof info;
    memset(&info, 0, sizeof info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) == 0 &&
           info_bytes >=
               offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received &&
           info.tcpi_bytes_received == 0;
}

/* The entry's time is over. It stays known until the library closes it, without a deadline. */
static void expire_locked(struct http_reaper *reaper, struct http_reaper_entry *entry)
{
    list_remove(&reaper->lists[entry->stage], entry);
    if (entry->is_new && is_silent(entry->fd)) {
        entry->is_new = false;
        enter_locked(reaper, entry, HTTP_STAGE_IDLE);
        return;
    }
    shutdown(entry->fd, SHUT_RDWR);
    atomic_fetch_add_explicit(&reaper->reaped_count, 1, memory_order_relaxed);
    enter_locked(reaper, entry, HTTP_STAGE_WORK);
}

/* Expires what is due, at most a batch; returns when the next one is due (in the past if the batch
 * was full). */
static int64_t expire_due_locked(struct http_reaper *reaper)
{
    int64_t now_us = clock_monotonic_us();
    int64_t next_us = INT64_MAX;
    unsigned expired = 0;
    for (size_t stage = 0; stage < HTTP_STAGE_COUNT_; stage++) {
        struct http_reaper_entry *entry = reaper->lists[stage].first;
        while (entry != NULL && entry->deadline_us <= now_us && expired < REAPER_BATCH_MAX) {
            expire_locked(reaper, entry);
            expired++;
            entry = reaper->lists[stage].first;
        }
        if (entry != NULL && entry->deadline_us < next_us)
            next_us = entry->deadline_us;
    }
    return next_us;
}

static void wait_locked(struct http_reaper *reaper, int64_t until_us)
{
    if (until_us == INT64_MAX) {
        pthread_cond_wait(&reaper->wake, &reaper->mutex);
        return;
    }
    struct timespec until = {
        .tv_sec = (time_t)(until_us / US_PER_SECOND),
        .tv_nsec = (long)(until_us % US_PER_SECOND) * 1000,
    };
    pthread_cond_timedwait(&reaper->wake, &reaper->mutex, &until);
}

static void *reaper_run(void *argument)
{
    struct http_reaper *reaper = argument;
    pthread_mutex_lock(&reaper->mutex);
    while (!reaper->is_stopping) {
        int64_t next_us = expire_due_locked(reaper);
        reaper->planned_us = next_us;
        if (next_us > clock_monotonic_us()) {
            wait_locked(reaper, next_us);
        } else {
            pthread_mutex_unlock(&reaper->mutex);
            sched_yield();
            pthread_mutex_lock(&reaper->mutex);
        }
    }
    pthread_mutex_unlock(&reaper->mutex);
    return NULL;
}

enum err_code http_reaper_start(struct http_reaper *reaper,
                                const int64_t timeouts_us[static HTTP_STAGE_COUNT_],
                                struct err *reterr)
{
    memset(reaper, 0, sizeof *reaper);
    memcpy(reaper->timeouts_us, timeouts_us, sizeof reaper->timeouts_us);
    reaper->planned_us = INT64_MAX;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&reaper->mutex, NULL);
    pthread_cond_init(&reaper->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&reaper->thread, NULL, reaper_run, reaper) == 0)
        return OK;
    pthread_cond_destroy(&reaper->wake);
    pthread_mutex_destroy(&reaper->mutex);
    return err_set(reterr, ERR_NOMEM,
                   "The thread that ends slow connections could not be started.");
}

void http_reaper_stop(struct http_reaper *reaper)
{
    pthread_mutex_lock(&reaper->mutex);
    reaper->is_stopping = true;
    pthread_cond_signal(&reaper->wake);
    pthread_mutex_unlock(&reaper->mutex);
    pthread_join(reaper->thread, NULL);
    pthread_cond_destroy(&reaper->wake);
    pthread_mutex_destroy(&reaper->mutex);
}

uint64_t http_reaper_count(const struct http_reaper *reaper)
{
    return atomic_load_explicit(&reaper->reaped_count, memory_order_relaxed);
}

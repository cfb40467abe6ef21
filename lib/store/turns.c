#include "store/turns.h"

#include <assert.h>

void turns_init(struct turns *turns, size_t workers)
{
    *turns = (struct turns){.ingesting_max = workers > 1 ? workers / 2 : 1};
    (void)pthread_mutex_init(&turns->lock, NULL);
    (void)pthread_cond_init(&turns->changed, NULL);
}

void turns_done(struct turns *turns)
{
    (void)pthread_cond_destroy(&turns->changed);
    (void)pthread_mutex_destroy(&turns->lock);
}

void turns_read_begin(struct turns *turns)
{
    (void)pthread_mutex_lock(&turns->lock);
    turns->reading++;
    (void)pthread_mutex_unlock(&turns->lock);
}

void turns_read_end(struct turns *turns)
{
    (void)pthread_mutex_lock(&turns->lock);
    assert(turns->reading > 0);
    if (--turns->reading == 0) {
        (void)pthread_cond_broadcast(&turns->changed);
    }
    (void)pthread_mutex_unlock(&turns->lock);
}

void turns_ingest_begin(struct turns *turns)
{
    (void)pthread_mutex_lock(&turns->lock);
    while (turns->reading > 0 && turns->ingesting >= turns->ingesting_max) {
        (void)pthread_cond_wait(&turns->changed, &turns->lock);
    }
    turns->ingesting++;
    (void)pthread_mutex_unlock(&turns->lock);
}

void turns_ingest_end(struct turns *turns)
{
    (void)pthread_mutex_lock(&turns->lock);
    assert(turns->ingesting > 0);
    turns->ingesting--;
    (void)pthread_cond_signal(&turns->changed);
    (void)pthread_mutex_unlock(&turns->lock);
}

/*
 * Notes of which API keys were used when, between the threads that serve requests and the one that
 * writes them (store/key_use.c). Times are clock_monotonic_us.
 */
#pragma once

#include <pthread.h>

#include "base/uuid.h"

enum { KEY_NOTES = 1024, KEY_PLACES = 8, KEY_NOTES_AT_ONCE = 256 };

struct key_note {
    struct uuid key_id; /* nil: nobody's */
    int64_t used_us;
    int64_t written_us; /* the last use that is in the database; 0: none yet */
};

struct key_use {
    pthread_mutex_t lock; /* guards notes */
    struct key_note notes[KEY_NOTES];
    int64_t next_look_us; /* the writing thread's own */
};

void key_use_init(struct key_use *use);
void key_use_done(struct key_use *use);
/* Any thread. */
void key_use_note(struct key_use *use, struct uuid key_id, int64_t now_us);
/* Copies the notes that are to be written now, of no key within a minute of its last one; returns
 * how many. They stay due until key_use_written. */
size_t key_use_take(struct key_use *use, int64_t now_us, struct key_note taken[], size_t count_max);
void key_use_written(struct key_use *use, const struct key_note taken[], size_t count);

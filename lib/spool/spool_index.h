/*
 * What waits in the spool, by its keys: is there something of this contact, was this id spooled,
 * and what was answered then. A hash table that grows with the spool and is as bounded as that.
 *
 * Nothing is ever removed one by one: what has been drained has a sequence below the oldest that
 * waits, is not found any more, and goes when the table is made anew.
 *
 * Not thread-safe: the spool's lock guards it.
 */
#pragma once

#include "spool/spool_record.h"

struct spool_slot {
    uint64_t sequence; /* 0: free */
    struct spool_digest key;
    struct spool_digest content; /* what a repeat has to match */
    struct uuid id;
    int64_t received_at_us;
};

struct spool_index {
    struct spool_slot *slots; /* a power of two of them; NULL at first */
    size_t capacity;
    size_t used;
};

/* Zeroed is empty. Takes NULL. */
void spool_index_done(struct spool_index *index);
/* Room for so many more records, so that adding them cannot fail. `drained`: up to there nothing
 * waits. False: out of memory. */
bool spool_index_reserve(struct spool_index *index, size_t records, uint64_t drained) MUSTCHECK;
/* All keys of a record; room is reserved. */
void spool_index_add(struct spool_index *index, const struct spool_record *record);
/* What waits under this key, the newest; NULL: nothing. Valid until the next change. */
const struct spool_slot *spool_index_find(const struct spool_index *index,
                                          const struct spool_digest *key, uint64_t drained);

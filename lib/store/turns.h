/*
 * Half of the ingest lane's workers stand back while somebody reads.
 *
 * A batch of submissions keeps a processor busy for many milliseconds, in this process and in
 * PostgreSQL. With one under way on every processor a list that takes two milliseconds alone waits
 * for fifty. What stands back is not slower for long: the batches that go on grow, and a submission
 * costs less in a larger batch.
 *
 * All functions are thread-safe.
 */
#pragma once

#include <pthread.h>

#include "base/base.h"

struct turns {
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t changed;
    size_t reading; /* workers with a batch */
    size_t ingesting;
    size_t ingesting_max; /* while somebody reads */
};

/* `workers`: of the ingest lane. */
void turns_init(struct turns *turns, size_t workers);
void turns_done(struct turns *turns);

void turns_read_begin(struct turns *turns);
void turns_read_end(struct turns *turns);
/* Blocks as long as it is not this worker's turn: until another one ends its batch, or nobody reads
 * any more. */
void turns_ingest_begin(struct turns *turns);
void turns_ingest_end(struct turns *turns);

/*
 * Up to which record the spool is drained: a file of two slots, written in turn with a checksum, so
 * that a write that was torn leaves the one before it. One thread at a time.
 */
#pragma once

#include "base/err.h"

struct spool_progress {
    int fd; /* -1: not open */
    unsigned slot;
};

/* Opens the file, and makes it where needed; *ret_sequence: 0, nothing is drained yet. Errors as
 * file_fail. */
enum err_code spool_progress_open(struct spool_progress *progress, int directory_fd,
                                  uint64_t *ret_sequence, struct err *reterr) MUSTCHECK;
/* The same for a look: without a file it is 0. Nothing stays open. */
uint64_t spool_progress_look(int directory_fd);
/* Durable when it returns. */
enum err_code spool_progress_write(struct spool_progress *progress, uint64_t sequence,
                                   struct err *reterr) MUSTCHECK;
void spool_progress_close(struct spool_progress *progress);

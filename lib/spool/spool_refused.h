/*
 * The part of the spool for what could not be taken in: one file "refused" beside the segments,
 * records with a reason. At the next start all of it waits again: what stood in the way may be
 * gone.
 *
 * Used by the thread that drains; bytes and count may be read by any.
 */
#pragma once

#include <stdatomic.h>

#include "spool/spool_files.h"

struct spool_refused {
    int fd; /* -1: no file yet */
    _Atomic int64_t bytes;
    _Atomic uint64_t count;
};

void spool_refused_init(struct spool_refused *refused);
void spool_refused_close(struct spool_refused *refused);

/* Visits what an earlier process left here and then removes the file: the visitor has made each
 * durable elsewhere. A file with a damaged part is kept beside. False from the visitor: ERR_BUSY,
 * and everything stays. */
enum err_code spool_refused_take(struct spool_refused *refused, int directory_fd,
                                 const struct spool_visitor *visitor, struct spool_found *found,
                                 struct err *reterr) MUSTCHECK;
/* Durable when it returns. */
enum err_code spool_refused_add(struct spool_refused *refused, int directory_fd,
                                const struct spool_salt *salt, const struct spool_record *record,
                                struct err *reterr) MUSTCHECK;
int64_t spool_refused_bytes(const struct spool_refused *refused);
uint64_t spool_refused_count(const struct spool_refused *refused);

/* The same for a look only; no file, nothing is visited. */
enum err_code spool_refused_inspect(int parent_fd, const char *folder,
                                    const struct spool_visitor *visitor, int64_t *ret_bytes,
                                    struct err *reterr) MUSTCHECK;

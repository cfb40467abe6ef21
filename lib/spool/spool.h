/*
 * The spool: form posts that were acknowledged while the database was away, on disk until it is
 * back. It keeps and hands out; what a post means, and taking it into the database, is its user's
 * business (server/outage.c, server/spool_drain.c).
 *
 * Posts that wait together share one fsync: a thread takes everything that waits in its queue,
 * appends it, syncs once and completes all. A repeat of what waits already is answered like the
 * first one and not written again. How much it holds is bounded in bytes, and so is the memory for
 * its keys.
 *
 * Beside what waits there is a second, small part: records that the database refused when they were
 * drained. They are kept, and wait again after the next start.
 *
 * A data directory that is lost with its disk loses what its spool held.
 *
 * All functions are thread-safe unless they say otherwise.
 */
#pragma once

#include "base/queue.h"
#include "spool/spool_files.h"

struct spool;

struct spool_config {
    const char *directory; /* the data directory: exists; the spool is a folder in it. Copied */
    int64_t bytes_max;
    int64_t segment_bytes_max;
    size_t queue_items;
};

enum spool_outcome {
    SPOOL_KEPT,     /* on disk */
    SPOOL_REPEATED, /* it was on disk before: id and received_at_us are those of the first one */
    SPOOL_DIFFERS,  /* its id, or its idempotency key, stands for something else that waits */
    SPOOL_FULL,
    SPOOL_FAILED, /* the disk did not take it, or out of memory */
};

/* A post on its way into the spool; belongs to the spool from spool_submit until `done`. */
struct spool_entry {
    struct queue_node node;
    struct spool_record
        record; /* its texts are borrowed until done; the sequence is ours to give */
    enum spool_outcome outcome;              /* out */
    enum spool_key key;                      /* out, REPEATED and DIFFERS: by which key */
    void (*done)(struct spool_entry *entry); /* on the spool's thread, last of all */
    void *context;
};

struct spool_stats {
    bool is_open;
    uint64_t waiting;
    uint64_t refused;
    int64_t bytes; /* of both parts */
    int64_t bytes_max;
    int64_t oldest_at_us;   /* received_at_us of the oldest that waits; TIME_NONE: none */
    uint64_t kept_total;    /* since the start */
    uint64_t drained_total; /* the same; refused ones are not among them */
    uint64_t refused_total;
};

/* Not open yet. NULL: out of memory. */
struct spool *spool_new(const struct spool_config *config) MUSTCHECK;
/*
 * Takes the spool of the data directory and starts its thread. One thread at a time. May be tried
 * again: ERR_CONFLICT, another process has it (or a newer release wrote it); ERR_INVALID, ERR_BUSY,
 * the file system does not let us; ERR_NOMEM. `ret_found`: what a crash left.
 */
enum err_code spool_open(struct spool *spool, struct spool_found *ret_found,
                         struct err *reterr) MUSTCHECK;
bool spool_is_open(const struct spool *spool);
/* Finishes what is queued, ends the thread. What waits stays for the next one. May be called
 * twice, takes NULL. */
void spool_close(struct spool *spool);
/* spool_close, and frees. Takes NULL. */
void spool_free(struct spool *spool);

/* False: the spool is not open, or its queue is full; the entry is still the caller's. */
bool spool_submit(struct spool *spool, struct spool_entry *entry) MUSTCHECK;
/* Whether something waits that has a key of this record's: then it has to go the same way, behind
 * it. Costs one load when nothing waits. */
bool spool_concerns(struct spool *spool, const struct spool_record *record);
/* Whether anything waits. One load. */
bool spool_is_empty(const struct spool *spool);
void spool_stats(struct spool *spool, struct spool_stats *ret_stats);

/* ---- for the one thread that drains ---- */

/* The oldest that wait, in order, at most SPOOL_READ_RECORDS_MAX; their texts point into `buf`. */
enum err_code spool_read(struct spool *spool, struct buf *buf,
                         struct spool_record records[static SPOOL_READ_RECORDS_MAX],
                         size_t *ret_count, struct err *reterr) MUSTCHECK;
/* The first `count` of what was read are taken in, or refused: they do not come again. */
enum err_code spool_drained(struct spool *spool, const struct spool_record *records, size_t count,
                            struct err *reterr) MUSTCHECK;
/* Keeps a record aside, durably; the caller goes on with spool_drained. `reason` is a code. */
enum err_code spool_refuse(struct spool *spool, const struct spool_record *record,
                           const char *reason, struct err *reterr) MUSTCHECK;

/* ---- for a look from outside ---- */

/* What lies in a data directory's spool, without opening it: counts, bytes, oldest. A process that
 * has it open may go on meanwhile. */
enum err_code spool_inspect(const char *directory, struct spool_stats *ret_stats,
                            struct spool_found *ret_found, struct err *reterr) MUSTCHECK;

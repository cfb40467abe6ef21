/*
 * The spool's files, in a directory of their own (0700, each file 0600: they hold personal data):
 *
 *     00000000000000000001.spool   a segment: a head with its salt, then records one behind the
 *                                  other; named by the first
 *     progress                     up to which sequence everything is drained
 *     *.spool.damaged             a segment of which a part could not be read, kept for a person
 *
 * An append is durable when it returns. Segments are only ever appended to by the process that made
 * them; after a restart a new one is begun. A segment goes when all of it is drained. Progress is
 * written before anybody acts on it, so that what was drained once, and perhaps erased since, does
 * not come back.
 *
 * The directory is locked (flock) as long as it is open: one process writes, and the lock dies with
 * it.
 *
 * Two threads may use it at once: one that appends, one that reads and drains.
 */
#pragma once

#include <pthread.h>

#include "spool/spool_progress.h"
#include "spool/spool_record.h"

enum {
    SPOOL_HEAD_BYTES = 8 + SPOOL_DIGEST_BYTES, /* of a file */
    SPOOL_READ_RECORDS_MAX = 256,
    SPOOL_READ_BYTES_MAX = 4 << 20,
};

struct spool_segment {
    uint64_t first; /* sequence in its name */
    uint64_t last;  /* of its last record; below first: none */
    int64_t bytes;  /* that are durable */
    struct spool_salt salt;
    bool is_damaged;
};

struct spool_files {
    int directory_fd; /* carries the lock; -1: not open */
    struct spool_progress progress;
    int64_t segment_bytes_max;
    struct spool_salt salt; /* of the segments this process makes */
    pthread_mutex_t lock;   /* guards the rest */
    struct spool_segment *segments;
    size_t segment_count;
    size_t segment_capacity;
    int active_fd; /* the last segment, when this process appends to it; else -1 */
    bool is_writing;
    int64_t bytes; /* of all segments */
    uint64_t last; /* the last sequence that was ever given out, as far as is known */
    uint64_t drained;
    int64_t cursor_bytes; /* where reading goes on in the segment of cursor_first */
    uint64_t cursor_first;
};

/* Told each record that waits, in order, while the files are opened. False: it cannot go on. */
struct spool_visitor {
    bool (*visit)(void *context, const struct spool_record *record);
    void *context;
};

/* What opening found that was not as it should be. */
struct spool_found {
    int64_t torn_bytes;    /* cut off: half-written when a process died, never acknowledged */
    int64_t damaged_bytes; /* in the middle: could not be read, set aside */
    size_t damaged_files;  /* set aside so, now or earlier: for a person to look at and remove */
};

/*
 * Opens, and makes where needed, `name` in the directory `parent_fd`. ERR_CONFLICT: another process
 * has it, or a newer release wrote it; ERR_INVALID, ERR_BUSY: the file system does not let us;
 * ERR_NOMEM. The caller ends it with spool_files_close, also after a failure.
 */
enum err_code spool_files_open(struct spool_files *files, int parent_fd, const char *name,
                               int64_t segment_bytes_max, const struct spool_visitor *visitor,
                               struct spool_found *ret_found, struct err *reterr) MUSTCHECK;
void spool_files_close(struct spool_files *files);

/* Appends records that were written with files->salt and the sequences from `first` to `last`, and
 * syncs. After a failure nothing of them is there. */
enum err_code spool_files_append(struct spool_files *files, struct str records, uint64_t first,
                                 uint64_t last, struct err *reterr) MUSTCHECK;

/* The next records that are not drained, at most SPOOL_READ_RECORDS_MAX; their texts point into
 * `buf`. None: *ret_count is 0. ERR_STORE: what was readable once is not any more. */
enum err_code spool_files_read(struct spool_files *files, struct buf *buf,
                               struct spool_record records[static SPOOL_READ_RECORDS_MAX],
                               size_t *ret_count, struct err *reterr) MUSTCHECK;
/* Everything up to `last`, as read, is drained: durably noted, then what holds nothing else goes.
 */
enum err_code spool_files_drained(struct spool_files *files, const struct spool_record *last,
                                  struct err *reterr) MUSTCHECK;

int64_t spool_files_bytes(struct spool_files *files);

/* Looks without opening: nothing is locked, cut or removed. No such folder: nothing is visited. */
enum err_code spool_files_inspect(int parent_fd, const char *name,
                                  const struct spool_visitor *visitor, int64_t *ret_bytes,
                                  struct spool_found *ret_found, struct err *reterr) MUSTCHECK;

/* ---- for the spool's other file ---- */

/* A file's head, at the descriptor's place. False: errno says why. */
bool spool_head_write(int fd, const struct spool_salt *salt) MUSTCHECK;
/* Visits the records of a whole file. What stands behind the last one counts as torn, what stands
 * between them as damaged. ERR_CONFLICT: of a newer release; ERR_BUSY: the visitor gave up. */
enum err_code spool_text_visit(struct str text, const struct spool_visitor *visitor,
                               struct spool_found *found, struct err *reterr) MUSTCHECK;

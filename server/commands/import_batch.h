/*
 * Some rows of an import on their way: read from the file, checked, given to the store as one
 * operation, answered.
 *
 * A few batches are under way at once, so that the file is read while the store writes; they are
 * started and ended in the order of the file. The store has one thread for them, so their order is
 * the file's too. Everything a batch needs lives in its arena until it has been answered: should
 * the set-up change meanwhile, its inputs are built again.
 */
#pragma once

#include <pthread.h>

#include "commands/import_names.h"
#include "commands/import_record.h"
#include "schema/csv.h"
#include "store/store.h"

enum {
    IMPORT_BATCH_ROWS = 500,
    IMPORT_BATCH_BYTES = 4 << 20, /* of rows as read: a batch ends with the row that reaches it */
    IMPORT_BATCH_ARENA_BYTES = 256 << 20,
    IMPORT_RESTARTS_MAX = 100,
};
_Static_assert(IMPORT_BATCH_ROWS <= (int)CHANGE_INPUTS_MAX, "a batch is one operation");

/* What all batches of an import share. */
struct import_run {
    struct store *store;
    const struct import_rules *rules;
    const struct import_names *names;
    pthread_mutex_t lock; /* guards import_batch.is_done */
    pthread_cond_t is_over;
};

struct import_line {
    const struct str
        *fields; /* NULL: the row breaks the rules of CSV, and `text` is what stands there */
    struct str text;
    struct import_record record; /* its reason is the line's: not NULL, the row is rejected */
    int64_t at_us;
    bool is_checked;     /* against the set-up */
    bool is_known;       /* nothing changed: it was in already */
    struct input *input; /* NULL: rejected */
};

struct import_batch {
    struct import_run *run;
    struct arena arena;
    struct import_line *lines; /* IMPORT_BATCH_ROWS, in the arena */
    size_t count;
    uint64_t bytes_read; /* of the file, up to its last row */
    struct input *inputs;
    struct change_op change;
    struct catalog *catalog; /* what the inputs were built with; owned while under way */
    bool is_under_way;
    bool is_done;
};

void import_batch_init(struct import_batch *batch, struct import_run *run);
/* Must not be under way. */
void import_batch_done(struct import_batch *batch);

/* Forgets what it held and reads the next rows; none at the end of the file (count 0). Each is
 * mapped and checked as far as that goes without database. */
enum err_code import_batch_fill(struct import_batch *batch, struct csv_reader *reader,
                                struct err *reterr) MUSTCHECK;
/* Asks the database what local times mean and, with `asks_for_contacts`, whether deals have a
 * contact. */
enum err_code import_batch_ask(struct import_batch *batch, bool asks_for_contacts,
                               struct err *reterr) MUSTCHECK;
/* Builds the inputs against the newest set-up; rejects rows that do not fit it. */
enum err_code import_batch_build(struct import_batch *batch, struct err *reterr) MUSTCHECK;
/* Gives the inputs to the store. Afterwards import_batch_wait has to be called. */
enum err_code import_batch_start(struct import_batch *batch, struct err *reterr) MUSTCHECK;
/* Waits for the answer and notes it on the lines. */
enum err_code import_batch_wait(struct import_batch *batch, struct err *reterr) MUSTCHECK;

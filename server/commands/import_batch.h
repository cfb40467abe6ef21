/*
 * Some rows of an import on their way: read from the file, checked, given to the store, answered.
 *
 * The rows of a batch go on two tracks, each with a connection of its own, and all rows of one
 * address on the same one: so what is said about a contact keeps the file's order, and the tracks
 * never wait for each other's locks. Three, so that both processors of a small machine work while
 * one track waits for its commit to reach the disk. A few batches are under way at once, so that
 * the file is read while the store writes; they are started and ended in the order of the file.
 * Everything a batch needs lives in its arenas until it has been answered: should the set-up change
 * meanwhile, its inputs are built again.
 */
#pragma once

#include <pthread.h>

#include "commands/import_names.h"
#include "commands/import_record.h"
#include "commands/import_rows.h"
#include "store/store.h"

enum {
    IMPORT_TRACKS = 3,
    IMPORT_TRACK_ROWS = CHANGE_INPUTS_MAX, /* of one batch: one operation of the store */
    IMPORT_BATCH_ROWS = IMPORT_TRACKS * IMPORT_TRACK_ROWS,
    IMPORT_BATCH_BYTES = 4 << 20, /* of rows as read: a batch ends with the row that reaches it */
    IMPORT_BATCH_ARENA_BYTES = 256 << 20,
    IMPORT_RESTARTS_MAX = 100,
};

/* What all batches of an import share. */
struct import_run {
    struct store *store;
    const struct import_rules *rules;
    const struct import_names *names;
    bool is_dry_run;
    pthread_mutex_t lock; /* guards import_track.is_done */
    pthread_cond_t is_over;
};

enum import_outcome {
    IMPORT_REJECTED,
    IMPORT_KNOWN, /* nothing changed: it was in already */
    IMPORT_TAKEN,
    IMPORT_MADE, /* taken, and the contact is new */
};
/* "rejected", "known", "imported", "made" */
extern const char *const import_outcome_names[];

struct import_line {
    uint64_t number;          /* of the row, from 1 */
    const struct str *fields; /* NULL: the row breaks the format, and `text` is what stands there */
    struct str text;          /* of NDJSON always there */
    struct import_record record; /* its reason is the line's: not NULL, the row is rejected */
    int64_t at_us;
    size_t track;
    bool is_checked;     /* against the set-up */
    struct input *input; /* NULL: rejected */
    enum import_outcome outcome;
    struct uuid contact_id; /* nil: none */
};

/* The rows of one connection. */
struct import_track {
    struct import_run *run;
    enum lane lane;
    struct arena arena; /* what the inputs' answers need: the store's thread fills it */
    size_t row_count;   /* of the batch that go this way */
    struct input *inputs;
    size_t input_count; /* those that are not rejected */
    struct change_op change;
    bool must_run; /* its rows are not answered yet */
    bool is_under_way;
    bool is_done;
};

struct import_batch {
    struct import_run *run;
    struct arena arena;
    struct import_line *lines; /* IMPORT_BATCH_ROWS, in the arena */
    size_t count;
    uint64_t bytes_read; /* of the file, up to its last row */
    struct import_track tracks[IMPORT_TRACKS];
    struct catalog *catalog; /* what the inputs were built with; owned while under way */
};

void import_batch_init(struct import_batch *batch, struct import_run *run);
/* Must not be under way. */
void import_batch_done(struct import_batch *batch);

/* Forgets what it held and reads the next rows; none at the end of the file (count 0). Each is
 * mapped and checked as far as that goes without database. */
enum err_code import_batch_fill(struct import_batch *batch, struct import_rows *rows,
                                struct err *reterr) MUSTCHECK;
/* Asks the database what local times mean. */
enum err_code import_batch_ask(struct import_batch *batch, struct err *reterr) MUSTCHECK;
/* Builds the inputs against the newest set-up; rejects rows that do not fit it. */
enum err_code import_batch_build(struct import_batch *batch, struct err *reterr) MUSTCHECK;
/* Gives the inputs to the store. Afterwards import_batch_wait has to be called, also when this
 * fails. */
enum err_code import_batch_start(struct import_batch *batch, struct err *reterr) MUSTCHECK;
/* Waits for the answer and notes it on the lines. */
enum err_code import_batch_wait(struct import_batch *batch, struct err *reterr) MUSTCHECK;

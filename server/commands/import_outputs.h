/*
 * What an import writes beside the database.
 *
 * Rejects: a file like the one imported, with the reason, made with the first reject, so that it
 * can be mended and imported. Of CSV it has the original columns and `reason`, and a row that is no
 * row stands as it is in the first column; of NDJSON each object has `_reason`, and of a line that
 * is no object only `_text` shows what it was.
 *
 * Results: on demand, a CSV file that tells of each row what became of it.
 */
#pragma once

#include <stdio.h>

#include "commands/import_batch.h"

struct import_output {
    const char *path; /* not owned; NULL: not wanted */
    FILE *file;       /* NULL: nothing written yet */
    struct buf row;
    uint64_t count;
};

/* Allocates nothing yet. */
void import_output_init(struct import_output *output, const char *path);
/* Ends the file: only now is it certain that all of it was written. Without a file nothing is done.
 * ERR_INVALID. */
enum err_code import_output_close(struct import_output *output, struct err *reterr) MUSTCHECK;
/* Frees; a file still open is closed. Takes one that was never begun. */
void import_output_done(struct import_output *output);

/* ERR_INVALID when the file cannot be written. */
enum err_code import_rejects_add(struct import_output *rejects, const struct import_rows *rows,
                                 const struct import_line *line, struct err *reterr) MUSTCHECK;
enum err_code import_results_add(struct import_output *results, const struct import_line *line,
                                 struct err *reterr) MUSTCHECK;

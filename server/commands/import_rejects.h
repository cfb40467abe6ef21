/* The rejects of an import: a CSV file with the original columns and the reason, made with the
 * first reject, so that it can be mended and imported. A row that is no row stands as it is in the
 * first column. */
#pragma once

#include <stdio.h>

#include "commands/import_batch.h"

struct import_rejects {
    const char *path; /* not owned */
    FILE *file;       /* NULL: no reject yet */
    struct buf row;
    uint64_t count;
};

void import_rejects_init(struct import_rejects *rejects, const char *path);
/* `reader` for the columns and the delimiter. ERR_INVALID when the file cannot be written. */
enum err_code import_rejects_add(struct import_rejects *rejects, const struct csv_reader *reader,
                                 const struct import_line *line, struct err *reterr) MUSTCHECK;
/* Ends the file: only now is it certain that all of it was written. Without rejects nothing is
 * done. */
enum err_code import_rejects_close(struct import_rejects *rejects, struct err *reterr) MUSTCHECK;
/* Frees; a file still open is closed. Takes one that was never begun. */
void import_rejects_done(struct import_rejects *rejects);

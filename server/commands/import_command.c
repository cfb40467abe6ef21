/*
 * The file is read twice. First to see which forms and members it names and to make those that do
 * not exist: a change of the set-up sends everything under way back. Then row by row into the
 * store, a few batches at once.
 */
#include "commands/import_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/import_batch.h"
#include "commands/import_rejects.h"
#include "progress.h"

static const char usage[] =
    "import contacts|activities|deals FILE.csv [--map MAP.json] [--historical] [--dry-run] "
    "[--rejects FILE] [--dates day-first|month-first]";

enum { BATCHES_UNDER_WAY = 2, ARENA_BYTES_MAX = 64 << 20 };

enum { FLAG_MAP, FLAG_HISTORICAL, FLAG_DRY_RUN, FLAG_REJECTS, FLAG_DATES, FLAG_COUNT };

static const char *const kind_names[] = {"contacts", "activities", "deals", NULL};
static const char *const date_order_names[] = {"day-first", "month-first", NULL};

struct import {
    const char *path;
    int file;
    uint64_t file_bytes;
    struct arena arena;  /* the columns, the map, the names */
    struct str *columns; /* of the file as it was first read */
    size_t column_count;
    struct csv_reader reader;
    bool has_reader;
    struct import_rules rules;
    struct import_names names;
    struct import_run run;
    bool is_dry_run;
    struct import_rejects rejects;
    struct import_names_made made;
    struct progress progress;
    uint64_t rows;
    uint64_t known;
};

/* ---- the file ---- */

static enum err_code read_file(void *context, char *out, size_t size, size_t *ret_len,
                               struct err *reterr)
{
    const struct import *import = context;
    ssize_t len;
    do {
        len = read(import->file, out, size);
    } while (len < 0 && errno == EINTR);
    if (len < 0) {
        return err_set(reterr, ERR_INVALID, "%s cannot be read: %s.", import->path,
                       strerror(errno));
    }
    *ret_len = (size_t)len;
    return OK;
}

static enum err_code open_file(struct import *import, struct err *reterr)
{
    struct stat status;
    import->file = open(import->path, O_RDONLY | O_CLOEXEC);
    if (import->file < 0 || fstat(import->file, &status) != 0) {
        return err_set(reterr, ERR_INVALID, "%s cannot be read: %s.", import->path,
                       strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return err_set(reterr, ERR_INVALID, "%s is no file. An import reads its file twice.",
                       import->path);
    }
    import->file_bytes = (uint64_t)status.st_size;
    return OK;
}

/* The map points at the columns' names, and the reader that they came from is gone before the map
 * is. */
static enum err_code keep_columns(struct import *import, struct err *reterr)
{
    import->column_count = import->reader.column_count;
    import->columns = arena_array(&import->arena, import->column_count, sizeof *import->columns);
    for (size_t i = 0; i < import->column_count && import->columns != NULL; i++) {
        import->columns[i] = arena_str(&import->arena, import->reader.columns[i]);
        if (import->columns[i].data == NULL) {
            import->columns = NULL;
        }
    }
    return import->columns != NULL ? OK
                                   : err_set(reterr, ERR_NOMEM, "Out of memory for an import.");
}

/* A row of another header would be read through a map that does not fit it. */
static enum err_code check_columns(const struct import *import, struct err *reterr)
{
    bool is_same = import->reader.column_count == import->column_count;
    for (size_t i = 0; i < import->column_count && is_same; i++) {
        is_same = str_eq(import->reader.columns[i], import->columns[i]);
    }
    return is_same ? OK
                   : err_set(reterr, ERR_INVALID, "%s was changed while it was being read.",
                             import->path);
}

/* From the first row on, again. */
static enum err_code rewind_file(struct import *import, struct err *reterr)
{
    if (import->has_reader) {
        csv_reader_done(&import->reader);
    }
    import->has_reader = true;
    import->reader = (struct csv_reader){0};
    if (lseek(import->file, 0, SEEK_SET) != 0) {
        return err_set(reterr, ERR_INVALID, "%s cannot be read: %s.", import->path,
                       strerror(errno));
    }
    const enum err_code code =
        csv_reader_open(&import->reader, (struct csv_source){read_file, import}, 0, reterr);
    if (code != OK) {
        return code;
    }
    return import->columns == NULL ? keep_columns(import, reterr) : check_columns(import, reterr);
}

static enum err_code load_map(const char *path, struct arena *arena, struct str *ret_json,
                              struct err *reterr)
{
    FILE *file = fopen(path, "re");
    char *text = arena_alloc(arena, IMPORT_MAP_BYTES_MAX + 1);
    if (file == NULL || text == NULL) {
        if (file != NULL) {
            (void)fclose(file);
        }
        return err_set(reterr, ERR_INVALID, "The map %s cannot be read: %s.", path,
                       strerror(errno));
    }
    const size_t len = fread(text, 1, IMPORT_MAP_BYTES_MAX + 1, file);
    const bool has_failed = ferror(file) != 0;
    (void)fclose(file);
    if (has_failed || len > IMPORT_MAP_BYTES_MAX) {
        return err_set(reterr, ERR_INVALID, "The map %s cannot be read or is longer than %d bytes.",
                       path, IMPORT_MAP_BYTES_MAX);
    }
    *ret_json = str_slice(text, len);
    return OK;
}

/* Columns that nobody reads are worth a word: perhaps the map has forgotten one. */
static void tell_unused(const struct import_map *map)
{
    size_t count;
    const struct str *unused = import_map_unused_columns(map, &count);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(stderr, "%s%.*s", i == 0 ? "Columns that are not imported: " : ", ",
                      STR_ARGS(unused[i]));
    }
    if (count > 0) {
        (void)fputs(".\n", stderr);
    }
}

/* ERR_INVALID, ERR_MALFORMED, ERR_TOO_LARGE: the map's faults are on stderr. */
static enum err_code compile_map(struct import *import, const char *map_path, struct err *reterr)
{
    struct import_map *map = NULL;
    struct faults faults;
    faults_init(&faults, &import->arena);
    enum err_code code;
    if (map_path != NULL) {
        struct str json = {0};
        code = load_map(map_path, &import->arena, &json, reterr);
        code = code != OK ? code
                          : import_map_compile(import->rules.kind, json, import->columns,
                                               import->column_count, &import->arena, &faults, &map,
                                               reterr);
    } else {
        code = import_map_from_columns(import->rules.kind, import->columns, import->column_count,
                                       &import->arena, &faults, &map, reterr);
    }
    for (size_t i = 0; i < faults.count; i++) {
        (void)fprintf(stderr, "%s: %s\n", faults.items[i].pointer, faults.items[i].detail);
    }
    if (code == OK) {
        import->rules.map = map;
        tell_unused(map);
    }
    return code;
}

/* ---- first pass: names ---- */

static enum err_code look_through(struct import *import, struct err *reterr)
{
    struct import_batch batch;
    import_batch_init(&batch, &import->run);
    progress_init(&import->progress, STDERR_FILENO, "looking through", import->file_bytes,
                  clock_monotonic_us());
    uint64_t rows = 0;
    enum err_code code;
    do {
        code = import_batch_fill(&batch, &import->reader, reterr);
        for (size_t i = 0; i < batch.count && code == OK; i++) {
            if (batch.lines[i].record.reason == NULL) {
                code = import_names_add(&import->names, &batch.lines[i].record, reterr);
            }
        }
        rows += batch.count;
        progress_update(&import->progress, rows, 0, batch.bytes_read, clock_monotonic_us());
    } while (code == OK && batch.count > 0);
    progress_clear(&import->progress);
    import_batch_done(&batch);
    return code;
}

/* ---- second pass: rows ---- */

static enum err_code account(struct import *import, const struct import_batch *batch,
                             struct err *reterr)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct import_line *line = &batch->lines[i];
        if (line->record.reason != NULL) {
            const enum err_code code =
                import_rejects_add(&import->rejects, &import->reader, line, reterr);
            if (code != OK) {
                return code;
            }
        } else if (line->is_known) {
            import->known++;
        }
    }
    import->rows += batch->count;
    progress_update(&import->progress, import->rows, import->rejects.count, batch->bytes_read,
                    clock_monotonic_us());
    return OK;
}

static enum err_code finish(struct import *import, struct import_batch *batch, struct err *reterr)
{
    const enum err_code code = import_batch_wait(batch, reterr);
    return code != OK ? code : account(import, batch, reterr);
}

/* Reads and checks; starts it unless nothing shall be written. *ret_is_end: there are no more rows.
 */
static enum err_code begin(struct import *import, struct import_batch *batch, bool *ret_is_end,
                           struct err *reterr)
{
    enum err_code code = import_batch_fill(batch, &import->reader, reterr);
    *ret_is_end = code == OK && batch->count == 0;
    code = code != OK ? code : import_batch_ask(batch, reterr);
    code = code != OK ? code : import_batch_build(batch, reterr);
    if (code != OK) {
        return code;
    }
    return import->is_dry_run ? account(import, batch, reterr) : import_batch_start(batch, reterr);
}

/* A ring: what was started first is finished first, when its place is needed again or the file
 * ends. */
static enum err_code import_rows(struct import *import, struct err *reterr)
{
    struct import_batch batches[BATCHES_UNDER_WAY];
    for (size_t i = 0; i < BATCHES_UNDER_WAY; i++) {
        import_batch_init(&batches[i], &import->run);
    }
    progress_init(&import->progress, STDERR_FILENO, kind_names[import->rules.kind],
                  import->file_bytes, clock_monotonic_us());
    size_t started = 0;
    size_t finished = 0;
    bool is_end = false;
    enum err_code code = OK;
    while (code == OK && !is_end) {
        struct import_batch *batch = &batches[started % BATCHES_UNDER_WAY];
        if (started - finished == BATCHES_UNDER_WAY) {
            code = finish(import, &batches[finished++ % BATCHES_UNDER_WAY], reterr);
        }
        if (code == OK) {
            code = begin(import, batch, &is_end, reterr);
            started++;
            finished += import->is_dry_run ? 1 : 0;
        }
    }
    /* Also after a failure: the store still has what is under way. */
    struct err later;
    for (; finished < started; finished++) {
        struct import_batch *batch = &batches[finished % BATCHES_UNDER_WAY];
        const enum err_code end = code == OK ? finish(import, batch, &later)
                                             : import_batch_wait(batch, &later);
        if (code == OK && end != OK) {
            *reterr = later;
            code = end;
        }
    }
    for (size_t i = 0; i < BATCHES_UNDER_WAY; i++) {
        import_batch_done(&batches[i]);
    }
    progress_finish(&import->progress, import->rows, import->rejects.count, clock_monotonic_us());
    return code;
}

/* ---- all of it ---- */

static void print_summary(const struct import *import)
{
    const char *verb = import->is_dry_run ? "would be " : "";
    const uint64_t taken = import->rows - import->rejects.count - import->known;
    (void)printf("%s: %llu rows: %llu %simported, ", kind_names[import->rules.kind],
                 (unsigned long long)import->rows, (unsigned long long)taken, verb);
    if (!import->is_dry_run) {
        (void)printf("%llu known already, ", (unsigned long long)import->known);
    }
    (void)printf("%llu rejected", (unsigned long long)import->rejects.count);
    if (import->made.forms + import->made.members > 0) {
        (void)printf("; %zu forms and %zu members %smade", import->made.forms, import->made.members,
                     verb);
    }
    if (import->rejects.count > 0) {
        (void)printf("; see %s", import->rejects.path);
    }
    (void)printf("\n");
}

static int import_with_store(struct import *import)
{
    struct err err;
    enum err_code code = look_through(import, &err);
    code = code != OK ? code
                      : import_names_make(&import->names, import->run.store, import->is_dry_run,
                                          &import->made, &err);
    code = code != OK ? code : rewind_file(import, &err);
    code = code != OK ? code : import_rows(import, &err);
    code = code != OK ? code : import_rejects_close(&import->rejects, &err);
    if (code != OK) {
        (void)fprintf(stderr, "relais import: %s\n", err.detail);
        (void)fprintf(stderr,
                      "%llu rows are done. Import the file again: what is in is known then.\n",
                      (unsigned long long)import->rows);
        const bool is_database = code == ERR_BUSY || code == ERR_TIMEOUT || code == ERR_STORE;
        return is_database ? EXIT_DATABASE : EXIT_FAILED;
    }
    print_summary(import);
    return import->rejects.count > 0 ? EXIT_SOME_REJECTED : EXIT_OK;
}

static int import_with_database(struct import *import, const struct config *config)
{
    struct err err;
    struct embedded *embedded = NULL;
    const char *url = NULL;
    int status = EXIT_DATABASE;
    enum err_code code = command_database(config, &embedded, &url, &err);
    code = code != OK ? code : command_store(config, url, &import->run.store, &err);
    if (code != OK) {
        status = command_fail("import", &err, EXIT_DATABASE);
    } else if (command_privacy(config, import->run.store, &err) != OK) {
        status = command_fail("import", &err, EXIT_CONFIGURATION);
        store_stop(import->run.store);
    } else {
        status = import_with_store(import);
        store_stop(import->run.store);
    }
    embedded_free(embedded);
    return status;
}

static int import_file(struct import *import, const struct config *config,
                       const struct config_flag *flags)
{
    struct err err;
    enum err_code code = open_file(import, &err);
    code = code != OK ? code : rewind_file(import, &err);
    if (code != OK) {
        return command_fail("import", &err, EXIT_FAILED);
    }
    code = compile_map(import, flags[FLAG_MAP].value, &err);
    if (code != OK) {
        return command_fail("import", &err, code == ERR_NOMEM ? EXIT_FAILED : EXIT_USAGE);
    }
    import->run = (struct import_run){
        .rules = &import->rules,
        .names = &import->names,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .is_over = PTHREAD_COND_INITIALIZER,
    };
    const char *rejects = flags[FLAG_REJECTS].value;
    rejects = rejects != NULL ? rejects
                              : arena_printf(&import->arena, "%s.rejects.csv", import->path);
    import_rejects_init(&import->rejects, rejects);
    code = rejects != NULL ? import_names_init(&import->names, &import->arena, &err)
                           : err_set(&err, ERR_NOMEM, "Out of memory for an import.");
    if (code != OK) {
        return command_fail("import", &err, EXIT_FAILED);
    }
    return import_with_database(import, config);
}

static int wrong_usage(struct config *config)
{
    (void)fprintf(stderr, "Usage: relais %s\n", usage);
    config_done(config);
    return EXIT_USAGE;
}

int command_import(int argc, char **argv)
{
    struct config config = {0};
    struct config_flag flags[FLAG_COUNT] = {
        [FLAG_MAP] = {"map",        "MAP.json",
                      "our fields from the file's columns; without it columns have our names",          NULL},
        [FLAG_HISTORICAL] = {"historical", NULL,
                      "times come from the file; nothing is handed over, no clock runs",                NULL},
        [FLAG_DRY_RUN] = {"dry-run",    NULL,       "checks everything and writes nothing but the rejects",
                      NULL                                                                                  },
        [FLAG_REJECTS] = {"rejects",    "FILE",
                      "where rejected rows go, with the reason; at first FILE.csv.rejects.csv",         NULL},
        [FLAG_DATES] = {"dates",      "ORDER",
                      "how 03/04/2026 is read: day-first (at first) or month-first",                    NULL},
    };
    int status;
    if (!command_config(&config, CONFIG_DATABASE, flags, FLAG_COUNT, argc, argv, usage, &status)) {
        return status;
    }
    const char *dates = flags[FLAG_DATES].value;
    const int order = dates != NULL ? name_index(date_order_names, str_from(dates))
                                    : DATE_ORDER_DAY_FIRST;
    const int kind =
        config.argument_count == 2 ? name_index(kind_names, str_from(config.arguments[0])) : -1;
    if (kind < 0 || order < 0) {
        return wrong_usage(&config);
    }
    struct import import = {
        .path = config.arguments[1],
        .file = -1,
        .rules = {.kind = (enum import_kind)kind,
                  .date_order = (enum date_order)order,
                  .is_historical = flags[FLAG_HISTORICAL].value != NULL},
        .is_dry_run = flags[FLAG_DRY_RUN].value != NULL,
    };
    arena_init(&import.arena, ARENA_BYTES_MAX);
    status = import_file(&import, &config, flags);
    import_rejects_done(&import.rejects);
    csv_reader_done(&import.reader);
    arena_done(&import.arena);
    if (import.file >= 0) {
        (void)close(import.file);
    }
    config_done(&config);
    return status;
}

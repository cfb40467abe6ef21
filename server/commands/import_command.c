/*
 * A file that names forms or members is read twice. First to see which and to make those that do
 * not exist: a change of the set-up sends everything under way back. Then row by row into the
 * store, a few batches at once.
 */
#include "commands/import_command.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/import_batch.h"
#include "commands/import_outputs.h"
#include "commands/import_seen.h"
#include "progress.h"

static const char usage[] =
    "import contacts|activities|deals FILE [--map MAP.json] [--historical] [--dry-run] "
    "[--rejects FILE] [--results FILE] [--dates day-first|month-first]";

enum { BATCHES_UNDER_WAY = 2, ARENA_BYTES_MAX = 64 << 20 };

enum {
    FLAG_MAP,
    FLAG_HISTORICAL,
    FLAG_DRY_RUN,
    FLAG_REJECTS,
    FLAG_RESULTS,
    FLAG_DATES,
    FLAG_COUNT
};

static const char *const kind_names[] = {"contacts", "activities", "deals", NULL};
static const char *const date_order_names[] = {"day-first", "month-first", NULL};

struct import {
    const char *path;
    struct arena arena; /* the columns, the map, the names */
    struct import_rows rows;
    struct import_rules rules;
    struct import_names names;
    struct import_run run;
    struct import_output rejects;
    struct import_output results;
    struct import_seen seen; /* of a dry run: addresses, activities and deals it would have made */
    struct import_names_made made;
    struct progress progress;
    uint64_t row_count;
    uint64_t outcomes[IMPORT_MADE + 1];
};

/* ---- the map ---- */

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

/* What the map expects and this file does not have. */
static void tell_left_out(const struct import_map *map)
{
    size_t count;
    const struct import_left_out *left_out = import_map_left_out(map, &count);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(stderr, "%.*s is left out: this file has no column \"%.*s\".\n",
                      STR_ARGS(left_out[i].key), STR_ARGS(left_out[i].column));
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
                          : import_map_compile(import->rules.kind, json, import->rows.columns,
                                               import->rows.column_count, &import->arena, &faults,
                                               &map, reterr);
    } else {
        code = import_map_from_columns(import->rules.kind, import->rows.columns,
                                       import->rows.column_count, &import->arena, &faults, &map,
                                       reterr);
    }
    for (size_t i = 0; i < faults.count; i++) {
        (void)fprintf(stderr, "%s: %s\n", faults.items[i].pointer, faults.items[i].detail);
    }
    if (code == OK) {
        import->rules.map = map;
        tell_left_out(map);
        tell_unused(map);
    }
    return code;
}

/* ---- first pass: names ---- */

static bool names_anything(const struct import *import)
{
    const struct import_map *map = import->rules.map;
    return import_map_has(map, IMPORT_FORM) || import_map_has(map, IMPORT_ASSIGNEE) ||
           import_map_has(map, IMPORT_QUALIFIED_BY);
}

static enum err_code look_through(struct import *import, struct err *reterr)
{
    if (!names_anything(import)) {
        return OK;
    }
    struct import_batch batch;
    import_batch_init(&batch, &import->run);
    progress_init(&import->progress, STDERR_FILENO, "looking through", import->rows.file_bytes,
                  clock_monotonic_us());
    uint64_t rows = 0;
    enum err_code code = import_rows_rewind(&import->rows, reterr);
    while (code == OK) {
        code = import_batch_fill(&batch, &import->rows, reterr);
        if (batch.count == 0) {
            break;
        }
        for (size_t i = 0; i < batch.count && code == OK; i++) {
            if (batch.lines[i].record.reason == NULL) {
                code = import_names_add(&import->names, &batch.lines[i].record, reterr);
            }
        }
        rows += batch.count;
        progress_update(&import->progress, rows, 0, batch.bytes_read, clock_monotonic_us());
    }
    progress_clear(&import->progress);
    import_batch_done(&batch);
    return code;
}

/* ---- second pass: rows ---- */

/* A dry run stores nothing, so a row does not find what one before it would have made. */
static enum err_code remember(struct import *import, struct import_line *line, struct err *reterr)
{
    bool is_new = true;
    enum err_code code = OK;
    if (line->input->kind != INPUT_UPSERT && line->outcome != IMPORT_KNOWN) {
        const struct uuid *id = line->input->kind == INPUT_DEAL ? &line->input->deal.deal_id
                                                                : &line->input->activity.id;
        code = import_seen_add(&import->seen, str_slice((const char *)id->bytes, sizeof id->bytes),
                               &is_new, reterr);
    }
    if (!is_new) {
        line->outcome = IMPORT_KNOWN;
    } else if (code == OK && line->outcome == IMPORT_MADE) {
        code = import_seen_add(&import->seen, line->record.address.key, &is_new, reterr);
        line->outcome = is_new ? IMPORT_MADE : IMPORT_TAKEN;
    }
    return code;
}

static enum err_code account_line(struct import *import, struct import_line *line,
                                  struct err *reterr)
{
    enum err_code code = OK;
    if (line->record.reason != NULL) {
        line->outcome = IMPORT_REJECTED;
        code = import_rejects_add(&import->rejects, &import->rows, line, reterr);
    } else if (import->run.is_dry_run) {
        code = remember(import, line, reterr);
    }
    import->outcomes[line->outcome]++;
    return code == OK && import->results.path != NULL
               ? import_results_add(&import->results, line, reterr)
               : code;
}

static enum err_code account(struct import *import, const struct import_batch *batch,
                             struct err *reterr)
{
    for (size_t i = 0; i < batch->count; i++) {
        const enum err_code code = account_line(import, &batch->lines[i], reterr);
        if (code != OK) {
            return code;
        }
    }
    import->row_count += batch->count;
    progress_update(&import->progress, import->row_count, import->rejects.count, batch->bytes_read,
                    clock_monotonic_us());
    return OK;
}

static enum err_code finish(struct import *import, struct import_batch *batch, struct err *reterr)
{
    const enum err_code code = import_batch_wait(batch, reterr);
    return code != OK ? code : account(import, batch, reterr);
}

/* *ret_is_end: there are no more rows. */
static enum err_code begin(struct import *import, struct import_batch *batch, bool *ret_is_end,
                           struct err *reterr)
{
    enum err_code code = import_batch_fill(batch, &import->rows, reterr);
    *ret_is_end = code == OK && batch->count == 0;
    code = code != OK ? code : import_batch_ask(batch, reterr);
    code = code != OK ? code : import_batch_build(batch, reterr);
    return code != OK ? code : import_batch_start(batch, reterr);
}

/* A ring: what was started first is finished first, when its place is needed again or the file
 * ends. */
static enum err_code import_all(struct import *import, struct err *reterr)
{
    struct import_batch batches[BATCHES_UNDER_WAY];
    for (size_t i = 0; i < BATCHES_UNDER_WAY; i++) {
        import_batch_init(&batches[i], &import->run);
    }
    progress_init(&import->progress, STDERR_FILENO, kind_names[import->rules.kind],
                  import->rows.file_bytes, clock_monotonic_us());
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
    progress_finish(&import->progress, import->row_count, import->rejects.count,
                    clock_monotonic_us());
    return code;
}

/* ---- all of it ---- */

static void print_made(size_t count, const char *what, const char *verb)
{
    if (count > 0) {
        (void)printf("; %zu %s%s %smade", count, what, count == 1 ? "" : "s", verb);
    }
}

static void print_summary(const struct import *import)
{
    const char *verb = import->run.is_dry_run ? "would be " : "";
    const uint64_t *outcomes = import->outcomes;
    const unsigned long long imported = outcomes[IMPORT_TAKEN] + outcomes[IMPORT_MADE];
    (void)printf("%s: %llu rows: %llu %simported (%llu new contact%s), %llu known already, "
                 "%llu rejected",
                 kind_names[import->rules.kind], (unsigned long long)import->row_count, imported,
                 verb, (unsigned long long)outcomes[IMPORT_MADE],
                 outcomes[IMPORT_MADE] == 1 ? "" : "s", (unsigned long long)outcomes[IMPORT_KNOWN],
                 (unsigned long long)outcomes[IMPORT_REJECTED]);
    print_made(import->made.forms, "form", verb);
    print_made(import->made.members, "member", verb);
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
                      : import_names_make(&import->names, import->run.store, import->run.is_dry_run,
                                          &import->made, &err);
    code = code != OK ? code : import_rows_rewind(&import->rows, &err);
    code = code != OK ? code : import_all(import, &err);
    code = code != OK ? code : import_output_close(&import->rejects, &err);
    code = code != OK ? code : import_output_close(&import->results, &err);
    if (code != OK) {
        (void)fprintf(stderr, "relais import: %s\n", err.detail);
        if (!import->run.is_dry_run) {
            (void)fprintf(stderr,
                          "%llu rows are done. Import the file again: what is in is known then.\n",
                          (unsigned long long)import->row_count);
        }
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
    enum err_code code = import_rows_open(&import->rows, import->path, &import->arena, &err);
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
        .is_dry_run = flags[FLAG_DRY_RUN].value != NULL,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .is_over = PTHREAD_COND_INITIALIZER,
    };
    const char *rejects = flags[FLAG_REJECTS].value;
    rejects = rejects != NULL ? rejects
                              : arena_printf(&import->arena, "%s.rejects.%s", import->path,
                                             import->rows.is_ndjson ? "ndjson" : "csv");
    import_output_init(&import->rejects, rejects);
    import_output_init(&import->results, flags[FLAG_RESULTS].value);
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
                      "our fields from the file's columns; without it columns have our names", NULL},
        [FLAG_HISTORICAL] = {"historical", NULL,
                      "times come from the file; nothing is handed over, no clock runs",       NULL},
        [FLAG_DRY_RUN] = {"dry-run",    NULL,       "says what would happen and changes nothing",  NULL},
        [FLAG_REJECTS] = {"rejects",    "FILE",
                      "where rejected rows go, with the reason; at first FILE.rejects.csv",    NULL},
        [FLAG_RESULTS] = {"results",    "FILE",     "where is written what became of each row",    NULL},
        [FLAG_DATES] = {"dates",      "ORDER",
                      "how 03/04/2026 is read: day-first (at first) or month-first",           NULL},
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
        .rules = {.kind = (enum import_kind)kind,
                  .date_order = (enum date_order)order,
                  .is_historical = flags[FLAG_HISTORICAL].value != NULL},
    };
    arena_init(&import.arena, ARENA_BYTES_MAX);
    status = import_file(&import, &config, flags);
    import_output_done(&import.rejects);
    import_output_done(&import.results);
    import_seen_done(&import.seen);
    import_rows_done(&import.rows);
    arena_done(&import.arena);
    config_done(&config);
    return status;
}

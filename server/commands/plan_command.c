/* relais plan: POST /v1/plan without a server. The body comes from a file or standard input, the
 * answer goes to standard output. */
#include <errno.h>
#include <stdio.h>

#include "commands/command.h"
#include "commands/input.h"
#include "planner.h"
#include "schema/json.h"

static const char usage[] = "plan [FILE.json | -] [--database-url URL | --data-dir DIR]";

enum { ARENA_BYTES_MAX = 64 << 20, ANSWER_BYTES_MAX = 16 << 20 };

struct plan_run {
    struct read_op op;
    struct planner planner;
    struct arena *arena;
    struct faults *faults;
    struct buf answer;
    enum err_code code;
};

/* "-" and NULL: standard input. */
static enum err_code read_body(const char *path, struct buf *text, struct err *reterr)
{
    const bool is_standard = path == NULL || str_is(str_from(path), "-");
    FILE *file = is_standard ? stdin : fopen(path, "re");
    if (file == NULL) {
        return err_set(reterr, ERR_NOT_FOUND, "%s cannot be read: %s", path,
                       errno == ENOENT ? "there is no such file" : "the system refused");
    }
    const bool is_read = input_read(file, text);
    if (!is_standard) {
        (void)fclose(file);
    }
    return is_read ? OK
                   : err_set(reterr, ERR_TOO_LARGE,
                             "The plan cannot be read, or is longer than %d bytes.",
                             PLANNER_BODY_BYTES_MAX);
}

/* On the store's thread, while the rows are at hand. */
static void work(struct op *op)
{
    struct plan_run *run = CONTAINER_OF(CONTAINER_OF(op, struct read_op, op), struct plan_run, op);
    if (op->err.code != OK) {
        return;
    }
    struct planner_plan plan;
    run->code = planner_work(&run->planner, &run->op, run->arena, run->faults, &plan);
    if (run->code == OK) {
        struct json_writer json;
        json_writer_init(&json, &run->answer);
        planner_write(&json, &run->planner, &plan, run->arena);
    }
}

static enum err_code make_plan(struct plan_run *run, struct store *store, struct err *reterr)
{
    read_op_init(&run->op);
    planner_ask(&run->planner, &run->op);
    run->op.op.finish = work;
    enum err_code code = store_run(store, &run->op.op, reterr);
    read_op_done(&run->op);
    if (code == OK && run->code != OK && run->code != ERR_INVALID) {
        code = err_set(reterr, run->code, "Out of memory for a plan.");
    }
    return code;
}

static int tell_faults(const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        (void)fprintf(stderr, "relais plan: %s: %s\n", faults->items[i].pointer,
                      faults->items[i].detail);
    }
    return EXIT_FAILED;
}

static int plan_with_store(const json_t *body, struct store *store)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    struct faults faults;
    faults_init(&faults, &arena);
    struct catalog *catalog = store_catalog(store);
    struct plan_run run = {.arena = &arena, .faults = &faults, .code = OK};
    buf_init(&run.answer, ANSWER_BYTES_MAX);
    struct err err = {.code = OK};
    int status = EXIT_OK;
    enum err_code code = OK;
    if (planner_read(body, catalog, &arena, &faults, &run.planner)) {
        code = make_plan(&run, store, &err);
    }
    if (faults.count > 0) {
        status = tell_faults(&faults);
    } else if (code != OK) {
        status = command_fail("plan", &err, EXIT_DATABASE);
    } else if (run.answer.failed) {
        status = EXIT_FAILED;
        (void)fputs("relais plan: out of memory for the answer\n", stderr);
    } else {
        (void)printf("%.*s\n", STR_ARGS(buf_str(&run.answer)));
    }
    buf_done(&run.answer);
    catalog_unref(catalog);
    return status;
}

static int plan_with_database(const json_t *body, const struct config *config)
{
    struct err err;
    struct embedded *embedded = NULL;
    const char *url = NULL;
    struct store *store = NULL;
    enum err_code code = command_database(config, &embedded, &url, &err);
    code = code != OK ? code : command_store(config, url, &store, &err);
    const int status = code == OK ? plan_with_store(body, store)
                                  : command_fail("plan", &err, EXIT_DATABASE);
    store_stop(store);
    embedded_free(embedded);
    return status;
}

int command_plan(int argc, char **argv)
{
    struct config config = {0};
    int status;
    if (!command_config(&config, CONFIG_DATABASE, NULL, 0, argc, argv, usage, &status)) {
        return status;
    }
    if (config.argument_count > 1) {
        (void)fprintf(stderr, "Usage: relais %s\n", usage);
        config_done(&config);
        return EXIT_USAGE;
    }
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, PLANNER_BODY_BYTES_MAX);
    json_auto_t *body = NULL;
    struct err err;
    enum err_code code =
        read_body(config.argument_count == 1 ? config.arguments[0] : NULL, &text, &err);
    code = code != OK ? code : json_parse(buf_str(&text), &body, &err);
    status = code == OK ? plan_with_database(body, &config)
                        : command_fail("plan", &err, EXIT_FAILED);
    config_done(&config);
    return status;
}

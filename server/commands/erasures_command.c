/*
 * relais erasures: the list of those who were erased, and doing it again on a backup of before.
 *
 * A line of the list names a contact by its id and its addresses by keyed hashes, so it may be kept
 * where backups are. The service appends each to erasures.ndjson in its data directory.
 */
#include <errno.h>
#include <stdio.h>

#include "commands/command.h"
#include "privacy_key_file.h"
#include "schema/json.h"

static const char usage[] =
    "erasures export | erasures replay FILE [--database-url URL | --data-dir DIR]";

enum {
    LINE_BYTES_MAX = 1 << 20,
    CONTACTS_MAX = CHANGE_INPUTS_MAX, /* of one line: a contact and those merged into it */
    HASHES_MAX = 10000,
    PAGE_ROWS = 1000,
};

/* ---- export ---- */

struct page {
    struct read_op op;
    int64_t at_us; /* of the last one printed */
    struct uuid contact_id;
    size_t count;
};

static void print_page(struct op *op)
{
    struct page *page = CONTAINER_OF(CONTAINER_OF(op, struct read_op, op), struct page, op);
    if (op->err.code != OK) {
        return;
    }
    const struct rows *rows = page->op.queries[0].rows;
    page->count = rows_count(rows);
    for (size_t row = 0; row < page->count; row++) {
        (void)printf("%.*s\n", STR_ARGS(row_text(rows, row, 2)));
        page->contact_id = row_uuid(rows, row, 0);
        page->at_us = row_time(rows, row, 1);
    }
}

static enum err_code export_all(struct store *store, struct err *reterr)
{
    struct page page = {.at_us = TIME_NONE, .count = PAGE_ROWS};
    enum err_code code = OK;
    while (code == OK && page.count == PAGE_ROWS) {
        read_op_init(&page.op);
        page.op.op.finish = print_page;
        struct params *params = read_op_query(&page.op, STATEMENT_ERASURE_PAGE);
        param_time(params, page.at_us);
        param_uuid(params, page.contact_id);
        param_int(params, PAGE_ROWS);
        code = store_run(store, &page.op.op, reterr);
        read_op_done(&page.op);
    }
    return code;
}

/* ---- replay ---- */

struct replay {
    struct store *store;
    struct arena arena; /* of a line */
    char fingerprint[PRIVACY_FINGERPRINT_BYTES];
    size_t line;
    size_t erased; /* lines of which somebody was still there */
    size_t absent; /* lines of which nobody was */
};

static enum err_code bad_line(const struct replay *replay, const char *why, struct err *reterr)
{
    return err_set(reterr, ERR_INVALID, "Line %zu: %s", replay->line, why);
}

static enum err_code read_hashes(struct replay *replay, const json_t *array,
                                 struct erasure_input *ret, struct err *reterr)
{
    const size_t count = json_array_size(array);
    if (!json_is_array(array) || count == 0 || count > HASHES_MAX) {
        return bad_line(replay, "`hashes` is a list of at least one keyed hash.", reterr);
    }
    struct sha256 *hashes = arena_array(&replay->arena, count, sizeof *hashes);
    if (hashes == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory.");
    }
    for (size_t i = 0; i < count; i++) {
        if (!sha256_parse(json_str_of(json_array_get(array, i)), &hashes[i])) {
            return bad_line(replay, "A hash has 64 hexadecimal digits.", reterr);
        }
    }
    *ret = (struct erasure_input){.hashes = hashes, .hash_count = count};
    return OK;
}

/* One input for each contact of the line: in an older backup they may not have been merged yet. */
static enum err_code read_contacts(struct replay *replay, const json_t *array,
                                   const struct erasure_input *erasure, struct input **ret_inputs,
                                   size_t *ret_count, struct err *reterr)
{
    const size_t count = json_array_size(array);
    if (!json_is_array(array) || count == 0 || count > CONTACTS_MAX) {
        return bad_line(replay, "`contact_ids` is a list of at least one id.", reterr);
    }
    struct input *inputs = arena_array(&replay->arena, count, sizeof *inputs);
    if (inputs == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory.");
    }
    for (size_t i = 0; i < count; i++) {
        inputs[i] = (struct input){
            .kind = INPUT_ERASE,
            .actor = {.text = STR_LITERAL("replay")},
            .activity = {.occurred_at_us = TIME_NONE},
            .erasure = *erasure,
            .arena = &replay->arena,
        };
        if (!uuid_parse(json_str_of(json_array_get(array, i)), &inputs[i].contact_id)) {
            return bad_line(replay, "An id in `contact_ids` is not a UUID.", reterr);
        }
    }
    *ret_inputs = inputs;
    *ret_count = count;
    return OK;
}

static enum err_code read_line(struct replay *replay, struct str line, struct input **ret_inputs,
                               size_t *ret_count, struct err *reterr)
{
    json_auto_t *root = NULL;
    struct erasure_input erasure = {.hash_count = 0};
    if (json_parse(line, &root, reterr) != OK) {
        return bad_line(replay, "This is not JSON.", reterr);
    }
    if (!str_is(json_str_of(json_object_get(root, "key")), replay->fingerprint)) {
        return bad_line(replay,
                        "`key` is another privacy key's than the one given. Give the one that the "
                        "list was made with in RELAIS_PRIVACY_KEY_FILE.",
                        reterr);
    }
    const enum err_code code =
        read_hashes(replay, json_object_get(root, "hashes"), &erasure, reterr);
    return code != OK ? code
                      : read_contacts(replay, json_object_get(root, "contact_ids"), &erasure,
                                      ret_inputs, ret_count, reterr);
}

static enum err_code replay_line(struct replay *replay, struct str line, struct err *reterr)
{
    struct input *inputs = NULL;
    size_t count = 0;
    struct change_op op;
    replay->line++;
    arena_clear(&replay->arena);
    if (str_trim(line).len == 0) {
        return OK;
    }
    enum err_code code = read_line(replay, line, &inputs, &count, reterr);
    if (code != OK) {
        return code;
    }
    change_op_init(&op, inputs, count, LANE_WRITE);
    code = store_run(replay->store, &op.op, reterr);
    bool has_erased = false;
    for (size_t i = 0; i < count && code == OK; i++) {
        const struct input_result *result = &inputs[i].result;
        if (result->code != OK) {
            return bad_line(replay, result->detail, reterr);
        }
        has_erased = has_erased || (result->changed && inputs[i].erasure.found_count > 0);
    }
    replay->erased += has_erased;
    replay->absent += !has_erased;
    return code;
}

static enum err_code replay_file(struct replay *replay, FILE *file, struct err *reterr)
{
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena, LINE_BYTES_MAX + 4096);
    char *line = arena_alloc(&arena, LINE_BYTES_MAX);
    enum err_code code = line != NULL ? OK : err_set(reterr, ERR_NOMEM, "Out of memory.");
    while (code == OK && fgets(line, LINE_BYTES_MAX, file) != NULL) {
        const struct str text = str_from(line);
        const bool is_whole = text.len > 0 && (text.data[text.len - 1] == '\n' || feof(file) != 0);
        code = is_whole ? replay_line(replay, text, reterr)
                        : bad_line(replay, "A line has at most 1 MiB, and no NUL.", reterr);
    }
    return code;
}

/* The key that the list has to be of; the fingerprint into replay. */
static enum err_code find_key(struct replay *replay, const struct config *config,
                              struct err *reterr)
{
    struct privacy_key key;
    bool is_found = false;
    enum err_code code = command_privacy(config, replay->store, reterr);
    code = code != OK ? code : privacy_key_find(config, &key, &is_found, reterr);
    if (code == OK && !is_found) {
        code = err_set(reterr, ERR_INVALID,
                       "There is no privacy key. Name the one that the list was made with in "
                       "RELAIS_PRIVACY_KEY_FILE.");
    }
    if (code == OK) {
        (void)privacy_fingerprint(&key, replay->fingerprint);
    }
    return code;
}

static int replay_all(struct store *store, const struct config *config, const char *path)
{
    struct err err;
    struct replay replay = {.store = store};
    if (find_key(&replay, config, &err) != OK) {
        return command_fail("erasures", &err, EXIT_CONFIGURATION);
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        (void)err_set(&err, ERR_INVALID, "%.200s cannot be read: %s", path, strerrordesc_np(errno));
        return command_fail("erasures", &err, EXIT_FAILED);
    }
    arena_init(&replay.arena, 16 * LINE_BYTES_MAX);
    const enum err_code code = replay_file(&replay, file, &err);
    arena_done(&replay.arena);
    (void)fclose(file);
    (void)printf("%zu erased again, %zu not there\n", replay.erased, replay.absent);
    if (code == OK) {
        return EXIT_OK;
    }
    return command_fail("erasures", &err, code == ERR_INVALID ? EXIT_FAILED : EXIT_DATABASE);
}

/* ---- the command ---- */

static int run(const struct config *config, const char *path)
{
    struct err err;
    struct embedded *embedded = NULL;
    const char *url = NULL;
    struct store *store = NULL;
    int status = EXIT_OK;
    enum err_code code = command_database(config, &embedded, &url, &err);
    code = code != OK ? code : command_store(config, url, &store, &err);
    if (code == OK && path != NULL) {
        status = replay_all(store, config, path);
    } else if (code == OK) {
        code = export_all(store, &err);
    }
    if (code != OK) {
        status = command_fail("erasures", &err, EXIT_DATABASE);
    }
    store_stop(store);
    embedded_free(embedded);
    return status;
}

int command_erasures(int argc, char **argv)
{
    struct config config = {0};
    int status;
    if (!command_config(&config, CONFIG_DATABASE, NULL, 0, argc, argv, usage, &status)) {
        return status;
    }
    const struct str word = str_from(config.argument_count > 0 ? config.arguments[0] : NULL);
    const bool is_export = config.argument_count == 1 && str_is(word, "export");
    const bool is_replay = config.argument_count == 2 && str_is(word, "replay");
    if (is_export || is_replay) {
        status = run(&config, is_replay ? config.arguments[1] : NULL);
    } else {
        (void)fprintf(stderr, "Usage: relais %s\n", usage);
        status = EXIT_USAGE;
    }
    config_done(&config);
    return status;
}

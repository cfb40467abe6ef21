#include "commands/command.h"

#include <stdio.h>

#include "app.h"
#include "privacy_key_file.h"
#include "store/migrate.h"

extern char **environ;

static void print_buf(FILE *stream, const struct buf *buf)
{
    (void)fwrite(buf_str(buf).data, 1, buf->len, stream);
}

bool command_config(struct config *config, enum config_command kind, struct config_flag *flags,
                    size_t flag_count, int argc, char **argv, const char *usage, int *ret_status)
{
    struct err err;
    const enum err_code code =
        config_load(config, kind, flags, flag_count, (size_t)(argc - 1), argv + 1, environ, &err);
    if (code != OK) {
        (void)fprintf(stderr, "relais %s: %s\n", argv[0], err.detail);
        if (code == ERR_MALFORMED) {
            (void)fprintf(stderr, "Usage: relais %s\nSee relais %s --help.\n", usage, argv[0]);
        }
        *ret_status = code == ERR_MALFORMED ? EXIT_USAGE : EXIT_CONFIGURATION;
        config_done(config);
        return false;
    }
    if (config->is_help_asked) {
        CLEANUP(buf_done) struct buf help;
        buf_init(&help, CONFIG_OUTPUT_BYTES_MAX);
        config_write_help(&help, kind, flags, flag_count);
        (void)printf("Usage: relais %s\n\n", usage);
        print_buf(stdout, &help);
        *ret_status = EXIT_OK;
        config_done(config);
        return false;
    }
    log_set_level(config->log_level);
    return true;
}

bool command_takes_no_words(struct config *config, char **argv, const char *usage, int *ret_status)
{
    if (config->argument_count == 0) {
        return true;
    }
    (void)fprintf(stderr, "relais %s: \"%s\" is one word too many\nUsage: relais %s\n", argv[0],
                  config->arguments[0], usage);
    config_done(config);
    *ret_status = EXIT_USAGE;
    return false;
}

enum err_code command_database(const struct config *config, struct embedded **ret_embedded,
                               const char **ret_url, struct err *reterr)
{
    *ret_embedded = NULL;
    if (config->database_url != NULL) {
        *ret_url = config->database_url;
        return OK;
    }
    const enum err_code code =
        embedded_open(config->data_dir, config->pg_bin, ret_embedded, reterr);
    if (code == OK) {
        *ret_url = embedded_url(*ret_embedded);
    }
    return code;
}

int command_fail(const char *name, const struct err *err, enum exit_status status)
{
    (void)fprintf(stderr, "relais %s: %s\n", name, err->detail);
    return (int)status;
}

struct store_config command_store_config(const struct config *config, const char *url)
{
    struct store_config store = app_store_config(config, url);
    /* Commands that need the key say what is wrong with it: command_privacy. */
    struct err ignored;
    if (privacy_key_find(config, &store.privacy_key, &store.has_privacy_key, &ignored) != OK) {
        store.has_privacy_key = false;
    }
    store.background = false;
    for (size_t lane = 0; lane < LANE_COUNT_; lane++) {
        store.writers[lane] = 1;
    }
    return store;
}

enum err_code command_store(const struct config *config, const char *url, struct store **ret_store,
                            struct err *reterr)
{
    const enum err_code code = migrate(url, /* ret_report= */ NULL, reterr);
    if (code != OK) {
        return code;
    }
    const struct store_config store = command_store_config(config, url);
    return store_start(&store, ret_store, reterr);
}

enum err_code command_privacy(const struct config *config, const struct store *store,
                              struct err *reterr)
{
    struct privacy_key key;
    bool is_found;
    const enum err_code code = privacy_key_find(config, &key, &is_found, reterr);
    const enum privacy_state state = store_privacy(store);
    if (code != OK || state == PRIVACY_UNUSED || state == PRIVACY_READY) {
        return code;
    }
    return err_set(reterr, ERR_INVALID,
                   "%s. Name the service's own in RELAIS_PRIVACY_KEY_FILE, or its --data-dir: "
                   "without it nobody could tell who was erased.",
                   state == PRIVACY_NO_KEY ? "There is no privacy key"
                                           : "This privacy key is not the one of this database");
}

/* What the command line's words share. Each command gets its own argv (argv[0] is its name) and
 * returns the exit status. */
#pragma once

#include "config.h"
#include "embedded.h"
#include "store/store.h"

enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_CONFIGURATION = 3,
    EXIT_DATABASE = 4,
    EXIT_SOME_REJECTED = 5,
};

struct command {
    const char *name;
    const char *help;
    int (*run)(int argc, char **argv);
};

/* Reads options and environment; prints help or the error itself. True: go on; false: return
 * *ret_status. */
bool command_config(struct config *config, enum config_command kind, struct config_flag *flags,
                    size_t flag_count, int argc, char **argv, const char *usage, int *ret_status);
/* For commands that take options only: false, with the usage printed, when another word stands
 * there. */
bool command_takes_no_words(struct config *config, char **argv, const char *usage, int *ret_status);
/* The database a command works on: --database-url, or the embedded one in --data-dir (started for
 * as long as the command runs). *ret_embedded is NULL with a URL; end it with embedded_free. */
enum err_code command_database(const struct config *config, struct embedded **ret_embedded,
                               const char **ret_url, struct err *reterr);
/* Prints the error on stderr and gives the exit status for it. */
int command_fail(const char *name, const struct err *err, enum exit_status status);
/* What command_store starts: few threads, no background thread; the privacy key where one is found.
 */
struct store_config command_store_config(const struct config *config, const char *url);
/* A store for a command, migrated. */
enum err_code command_store(const struct config *config, const char *url, struct store **ret_store,
                            struct err *reterr);
/* Whether a command may bring in addresses and erase persons. ERR_INVALID: the privacy key is not
 * right, the detail says what to do. */
enum err_code command_privacy(const struct config *config, const struct store *store,
                              struct err *reterr);

int command_serve(int argc, char **argv);
int command_migrate(int argc, char **argv);
int command_key(int argc, char **argv);
int command_routes(int argc, char **argv);
int command_config_show(int argc, char **argv);
int command_healthcheck(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_erasures(int argc, char **argv);
int command_epoch(int argc, char **argv);
int command_plan(int argc, char **argv);
int command_version(int argc, char **argv);

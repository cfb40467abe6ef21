/* relais serve: the whole service in one process. */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "app.h"
#include "base/memory.h"
#include "commands/command.h"
#include "store/migrate.h"

static const char usage[] = "serve [--listen 127.0.0.1:8080] [--data-dir DIR | --database-url URL]";

struct service {
    struct config config;
    struct embedded *embedded;
    const char *database_url;
    struct catalog *last_setup; /* to begin with when the database is away */
    bool is_announced;
    struct app app;
};

/* Signals are taken by this thread alone, between its rounds; set before any other thread starts.
 */
static void block_signals(sigset_t *ret_signals)
{
    (void)sigemptyset(ret_signals);
    (void)sigaddset(ret_signals, SIGINT);
    (void)sigaddset(ret_signals, SIGTERM);
    (void)sigaddset(ret_signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static enum err_code open_database(struct service *service, struct err *reterr)
{
    if (service->config.database_url != NULL) {
        service->database_url = service->config.database_url;
        return OK;
    }
    (void)fprintf(stderr, "relais: starting the embedded PostgreSQL in %s\n",
                  service->config.data_dir);
    const enum err_code code = embedded_start(service->config.data_dir, service->config.pg_bin,
                                              &service->embedded, reterr);
    if (code == OK) {
        service->database_url = embedded_url(service->embedded);
    }
    return code;
}

static enum err_code migrate_database(const struct service *service, struct err *reterr)
{
    struct migrate_report report;
    const enum err_code code = migrate(service->database_url, &report, reterr);
    if (code == OK && report.from_version != report.to_version) {
        (void)fprintf(stderr, "relais: database schema %d -> %d\n", report.from_version,
                      report.to_version);
    }
    return code;
}

/* The database cannot be reached. Form posts can be kept all the same, by the set-up that was last
 * known; without one there is nothing to serve. */
static enum err_code begin_without(struct service *service, struct err *reterr)
{
    const struct err cause = *reterr;
    struct err err;
    if (service->config.spool_bytes_max == 0) {
        return cause.code;
    }
    const enum err_code code =
        outage_last_setup(service->config.data_dir, &service->last_setup, &err);
    if (code == OK) {
        log_write(LOG_WARN, "database_away", LOG_TEXT("error", cause.detail));
        return OK;
    }
    if (code == ERR_STORE) {
        log_write(LOG_WARN, "setup_unusable", LOG_TEXT("error", err.detail));
    }
    return err_set(reterr, cause.code,
                   "%.200s (The database is needed: no earlier run left its set-up in the data "
                   "directory.)",
                   cause.detail);
}

static void print_state(const struct service *service, const char *state, const char *remark)
{
    const struct config *config = &service->config;
    struct str host = str_from(config->listen.text);
    size_t colon = host.len;
    while (colon > 0 && host.data[colon - 1] != ':') {
        colon--;
    }
    (void)fprintf(stderr, "relais %s on http://%.*s%u%s%s%s\n", state, (int)colon, host.data,
                  (unsigned)http_port(service->app.http), config->base_url != NULL ? " as " : "",
                  config->base_url != NULL ? config->base_url : "", remark);
}

/* Once: when all of it is there. */
static void announce(struct service *service)
{
    if (!service->is_announced && !store_is_away(service->app.store)) {
        log_write(LOG_INFO, "ready", LOG_TEXT("version", RELAIS_VERSION),
                  LOG_INT("port", http_port(service->app.http)));
        print_state(service, "ready", "");
        service->is_announced = true;
    }
}

/* Until a signal asks to stop. Once a second the embedded PostgreSQL is looked after; a service
 * that began without its database says when it is whole. */
static void wait_for_signal(struct service *service, const sigset_t *signals)
{
    for (;;) {
        announce(service);
        const struct timespec second = {.tv_sec = 1};
        const int signal_number = sigtimedwait(signals, NULL, &second);
        if (signal_number == SIGINT || signal_number == SIGTERM) {
            log_write(LOG_INFO, "stopping", LOG_INT("signal", signal_number));
            return;
        }
        struct err err;
        if (service->embedded != NULL && embedded_revive(service->embedded, &err) != OK) {
            log_write(LOG_ERROR, "embedded_postgresql_down", LOG_TEXT("error", err.detail));
        }
    }
}

static int run(struct service *service, const sigset_t *signals)
{
    struct err err;
    enum err_code code = open_database(service, &err);
    if (code != OK) {
        return command_fail("serve", &err,
                            code == ERR_INVALID ? EXIT_CONFIGURATION : EXIT_DATABASE);
    }
    code = migrate_database(service, &err);
    if (code == ERR_BUSY) {
        code = begin_without(service, &err);
    }
    if (code != OK) {
        return command_fail("serve", &err, EXIT_DATABASE);
    }
    code = app_start(&service->app, &service->config, service->database_url, service->last_setup,
                     &err);
    catalog_unref(service->last_setup);
    if (code != OK) {
        return command_fail("serve", &err,
                            code == ERR_INVALID || code == ERR_CONFLICT ? EXIT_CONFIGURATION
                                                                        : EXIT_DATABASE);
    }
    if (service->last_setup != NULL) {
        print_state(service, "spooling",
                    ": the database is away, form posts are kept until it is back");
    }
    wait_for_signal(service, signals);
    app_stop(&service->app);
    log_write(LOG_INFO, "stopped", LOG_TEXT("version", RELAIS_VERSION));
    return EXIT_OK;
}

int command_serve(int argc, char **argv)
{
    mem_keep_small();
    struct service *service = mem_alloc(sizeof *service);
    if (service == NULL) {
        (void)fprintf(stderr, "relais serve: out of memory\n");
        return EXIT_FAILED;
    }
    int status;
    if (command_config(&service->config, CONFIG_SERVE, NULL, 0, argc, argv, usage, &status) &&
        command_takes_no_words(&service->config, argv, usage, &status)) {
        sigset_t signals;
        block_signals(&signals);
        status = run(service, &signals);
        embedded_free(service->embedded);
        config_done(&service->config);
    }
    mem_free(service);
    return status;
}

/*
 * One thread, one loop. In each round, as far as it is called for:
 *
 *   1. take the spool, if another process had it until now;
 *   2. reach the database: migrate and attach a store that began without (once), or give the ingest
 *      lane something to do, so that it notices when the database goes or comes back, and that this
 *      process knows the newest set-up when that happens;
 *   3. keep the set-up on disk when it has changed;
 *   4. drain, a piece at a time.
 *
 * It sleeps until somebody has news, at most a second; a fraction of that while the database is
 * away. Without an outage it asks for the set-up's version once a second, and that is all.
 */
#include "outage.h"

#include <errno.h>
#include <unistd.h>

#include "app.h"
#include "base/file.h"
#include "setup_file.h"
#include "spool_drain.h"
#include "store/migrate.h"

static const int64_t idle_us = US_PER_SECOND; /* also: between two looks at the set-up's version */
static const int64_t away_us = 150 * US_PER_MS;
static const int64_t pause_us_min = 100 * US_PER_MS;
static const int64_t pause_us_max = 5 * US_PER_SECOND;

/* ---- the spool ---- */

static void tell_found(const struct spool_found *found)
{
    if (found->torn_bytes > 0) {
        log_write(LOG_WARN, "spool_cut", LOG_INT("bytes", found->torn_bytes));
    }
    if (found->damaged_bytes > 0) {
        log_write(LOG_ERROR, "spool_damaged", LOG_INT("bytes", found->damaged_bytes));
    }
}

static void open_spool(struct outage *outage)
{
    struct app *app = outage->app;
    if (app->config->spool_bytes_max == 0 || outage->directory_fd < 0 ||
        spool_is_open(app->spool)) {
        return;
    }
    struct err err;
    struct spool_found found;
    if (spool_open(app->spool, &found, &err) == OK) {
        struct spool_stats stats;
        spool_stats(app->spool, &stats);
        tell_found(&found);
        log_write(LOG_INFO, "spool_open", LOG_INT("waiting", stats.waiting));
        outage->is_spool_failing = false;
    } else if (!outage->is_spool_failing) {
        log_write(LOG_WARN, "spool_unavailable", LOG_TEXT("error", err.detail));
        outage->is_spool_failing = true;
    }
}

/* ---- reaching the database ---- */

/* A reason is told once in an outage, not each time it is met. */
static void complain(struct outage *outage, const char *event, const struct err *err)
{
    const bool is_new = strcmp(outage->complaint, err->detail) != 0;
    const bool is_known_kind = outage->complained == err->code && err->code == ERR_BUSY;
    if (is_new && !is_known_kind) {
        memcpy(outage->complaint, err->detail, sizeof outage->complaint);
        outage->complained = err->code;
        log_write(LOG_WARN, event, LOG_TEXT("error", err->detail));
    }
}

static void become_whole(struct outage *outage)
{
    struct err err;
    struct migrate_report report;
    enum err_code code = migrate(outage->database_url, &report, &err);
    if (code == OK && report.from_version != report.to_version) {
        log_write(LOG_INFO, "migrated", LOG_INT("from", report.from_version),
                  LOG_INT("to", report.to_version));
    }
    code = code != OK ? code : store_prepare(outage->app->store, &err);
    code = code != OK ? code : app_settle_privacy_key(outage->app, &err);
    outage->is_whole = code == OK;
    if (code == OK) {
        store_attach(outage->app->store);
    } else {
        complain(outage, "database_unusable", &err);
    }
}

/* A read of nothing: the lane connects for it, and sees whether the set-up is a newer one. */
static void probe(struct outage *outage)
{
    outage->probed_at_us = clock_monotonic_us();
    struct read_op op;
    struct err err;
    read_op_init(&op);
    op.op.lane = LANE_INGEST;
    const enum err_code code = store_run(outage->app->store, &op.op, &err);
    if (code != OK && code != ERR_BUSY) { /* that it is away is told when that begins */
        complain(outage, "database_unusable", &err);
    }
    read_op_done(&op);
}

static void tell_change(struct outage *outage, bool is_away)
{
    if (outage->was_away == is_away) {
        return;
    }
    outage->was_away = is_away;
    struct spool_stats stats;
    spool_stats(outage->app->spool, &stats);
    if (is_away) {
        char cause[ERR_DETAIL_BYTES_MAX];
        store_away_cause(outage->app->store, cause);
        log_write(LOG_WARN, "database_away", LOG_TEXT("cause", cause),
                  LOG_TEXT("spool", stats.is_open ? "open" : "closed"));
    } else {
        outage->complaint[0] = '\0';
        outage->complained = OK;
        outage->next_try_us = 0;
        log_write(LOG_INFO, "database_back", LOG_INT("waiting", stats.waiting));
    }
}

/* ---- the set-up ---- */

static void save_setup(struct outage *outage)
{
    struct catalog *catalog = store_catalog(outage->app->store);
    const int64_t version = catalog_version(catalog);
    if (outage->is_whole && version != outage->saved_version && outage->directory_fd >= 0) {
        struct err err;
        if (setup_file_write(outage->directory_fd, catalog, &err) != OK) {
            log_write(LOG_WARN, "setup_not_saved", LOG_TEXT("error", err.detail));
        }
        outage->saved_version = version; /* a failure is not tried again until there is a newer */
    }
    catalog_unref(catalog);
}

/* ---- draining ---- */

static void drain(struct outage *outage)
{
    size_t count = 0;
    struct err err;
    const enum err_code code = spool_drain_round(outage->drain, &count, &err);
    outage->drained += count;
    if (code == OK || count > 0) {
        outage->pause_us = pause_us_min;
    }
    if (code != OK) {
        complain(outage, "spool_stuck", &err);
        outage->next_try_us = clock_monotonic_us() + outage->pause_us;
        outage->pause_us = 2 * outage->pause_us < pause_us_max ? 2 * outage->pause_us
                                                               : pause_us_max;
    } else if (spool_is_empty(outage->app->spool) && outage->drained > 0) {
        log_write(LOG_INFO, "spool_drained", LOG_INT("count", outage->drained));
        outage->drained = 0;
    }
}

/* ---- the thread ---- */

static bool has_work(const struct outage *outage)
{
    return !store_is_away(outage->app->store) && !spool_is_empty(outage->app->spool);
}

/* How long nothing is to be done, unless there are news. */
static int64_t sleep_us(const struct outage *outage)
{
    if (has_work(outage)) {
        const int64_t left_us = outage->next_try_us - clock_monotonic_us();
        return left_us > 0 ? left_us : 0;
    }
    return store_is_away(outage->app->store) ? away_us : idle_us;
}

/* False: the end. */
static bool wait_for_work(struct outage *outage)
{
    const int64_t pause_us = sleep_us(outage);
    const int64_t until_us = clock_monotonic_us() + pause_us;
    const struct timespec until = {.tv_sec = (time_t)(until_us / US_PER_SECOND),
                                   .tv_nsec = (long)(until_us % US_PER_SECOND * 1000)};
    (void)pthread_mutex_lock(&outage->lock);
    while (pause_us > 0 && !outage->must_stop && !outage->has_news) {
        if (pthread_cond_timedwait(&outage->wake, &outage->lock, &until) == ETIMEDOUT) {
            break;
        }
    }
    outage->has_news = false;
    const bool goes_on = !outage->must_stop;
    (void)pthread_mutex_unlock(&outage->lock);
    return goes_on;
}

static void *outage_main(void *argument)
{
    struct outage *outage = argument;
    struct store *store = outage->app->store;
    while (wait_for_work(outage)) {
        open_spool(outage);
        tell_change(outage, store_is_away(store));
        if (!outage->is_whole) {
            become_whole(outage);
        } else if (store_is_away(store) || clock_monotonic_us() - outage->probed_at_us >= idle_us) {
            probe(outage);
        }
        tell_change(outage, store_is_away(store));
        save_setup(outage);
        if (has_work(outage) && clock_monotonic_us() >= outage->next_try_us) {
            drain(outage);
        }
    }
    return NULL;
}

void outage_look(void *context)
{
    struct outage *outage = context;
    (void)pthread_mutex_lock(&outage->lock);
    outage->has_news = true;
    (void)pthread_cond_signal(&outage->wake);
    (void)pthread_mutex_unlock(&outage->lock);
}

/* ---- beginning and end ---- */

static void open_data_directory(struct outage *outage)
{
    const char *path = outage->app->config->data_dir;
    struct err err;
    if (file_make_directories(path, &err) != OK ||
        file_open_directory(path, &outage->directory_fd, &err) != OK) {
        outage->directory_fd = -1;
        outage->is_spool_failing = true;
        log_write(LOG_WARN, "spool_unavailable", LOG_TEXT("error", err.detail));
    }
}

enum err_code outage_init(struct outage *outage, struct app *app, const char *database_url,
                          bool is_whole, struct err *reterr)
{
    *outage = (struct outage){
        .app = app,
        .database_url = database_url,
        .directory_fd = -1,
        .is_whole = is_whole,
        .was_away = !is_whole,
        .saved_version = INT64_MIN,
        .pause_us = pause_us_min,
    };
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&outage->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&outage->lock, NULL);
    outage->drain = spool_drain_new(app);
    if (outage->drain == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for the spool.");
    }
    open_data_directory(outage);
    open_spool(outage);
    return OK;
}

enum err_code outage_start(struct outage *outage, struct err *reterr)
{
    outage->has_news = true; /* what an earlier process left, and the set-up */
    if (pthread_create(&outage->thread, NULL, outage_main, outage) != 0) {
        return err_set(reterr, ERR_NOMEM, "Cannot start a thread.");
    }
    outage->is_started = true;
    return OK;
}

void outage_stop(struct outage *outage)
{
    if (!outage->is_started) {
        return;
    }
    (void)pthread_mutex_lock(&outage->lock);
    outage->must_stop = true;
    (void)pthread_cond_signal(&outage->wake);
    (void)pthread_mutex_unlock(&outage->lock);
    (void)pthread_join(outage->thread, NULL);
    outage->is_started = false;
}

void outage_done(struct outage *outage)
{
    if (outage->app == NULL) {
        return;
    }
    outage_stop(outage);
    spool_drain_free(outage->drain);
    if (outage->directory_fd >= 0) {
        (void)close(outage->directory_fd);
    }
    (void)pthread_cond_destroy(&outage->wake);
    (void)pthread_mutex_destroy(&outage->lock);
    outage->app = NULL;
}

enum err_code outage_last_setup(const char *data_dir, struct catalog **ret_catalog,
                                struct err *reterr)
{
    int fd;
    enum err_code code = file_open_directory(data_dir, &fd, reterr);
    if (code == OK) {
        code = setup_file_read(fd, ret_catalog, reterr);
        (void)close(fd);
    }
    return code;
}

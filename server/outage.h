/*
 * While the database is away: a thread that notices, keeps the last known set-up on disk, asks
 * again until the database is back, and then takes in what waits in the spool.
 *
 * It also makes a service whole that was started without its database: migrates it, attaches the
 * store. And it takes over the spool of another process on the same data directory when that one
 * ends.
 */
#pragma once

#include <pthread.h>

#include "base/err.h"
#include "domain/catalog.h"

struct app;
struct spool_drain;

struct outage {
    struct app *app;
    const char *database_url; /* borrowed */
    int directory_fd;         /* the data directory; -1: it cannot be used */
    struct spool_drain *drain;
    pthread_t thread;
    bool is_started;
    pthread_mutex_t lock; /* guards the next two */
    bool must_stop;
    bool has_news;
    pthread_cond_t wake;

    /* the thread's own */
    bool is_whole; /* the store has, or had, its database */
    bool was_away;
    bool is_spool_failing; /* as was last told in the log */
    int64_t saved_version; /* of the set-up that is on disk */
    int64_t probed_at_us;  /* clock_monotonic_us, as the next */
    int64_t next_try_us;   /* to drain */
    int64_t pause_us;      /* between two tries that fail */
    uint64_t drained;      /* since the database is back */
    enum err_code complained;
    char complaint[ERR_DETAIL_BYTES_MAX]; /* why the database cannot be used, as last logged */
};

/* Before the store starts: makes the data directory, opens the spool, both as far as that works:
 * what does not is logged, and posts are refused while the database is away. app->config and
 * app->spool are there. ERR_NOMEM. `is_whole`: the store will be started with its database. */
enum err_code outage_init(struct outage *outage, struct app *app, const char *database_url,
                          bool is_whole, struct err *reterr) MUSTCHECK;
/* When store and HTTP are there. */
enum err_code outage_start(struct outage *outage, struct err *reterr) MUSTCHECK;
/* Ends the thread; the store must take no more operations, or it may wait for one. */
void outage_stop(struct outage *outage);
/* outage_stop, and frees. Takes a zeroed one. */
void outage_done(struct outage *outage);

/* There may be something to do. Any thread; does not block. Fits store_config.on_change. */
void outage_look(void *outage);

/* The last known set-up of a data directory, to begin with while the database is away: a reference.
 * ERR_NOT_FOUND: there never was one; and the errors of setup_file_read. */
enum err_code outage_last_setup(const char *data_dir, struct catalog **ret_catalog,
                                struct err *reterr) MUSTCHECK;

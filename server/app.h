/*
 * The running service: its parts and the order in which they start, drain and stop.
 */
#pragma once

#include <stdatomic.h>

#include "assets.h"
#include "config.h"
#include "event_streams.h"
#include "http.h"
#include "metrics.h"
#include "notifier.h"
#include "outage.h"
#include "sla_status.h"
#include "spool/spool.h"
#include "status_streams.h"
#include "store/store.h"
#include "throttle.h"

struct app {
    const struct config *config;
    struct store *store;
    struct spool *spool; /* form posts that wait for the database; may not be open */
    struct outage outage;
    bool has_privacy_key; /* one was found at the start */
    /* The privacy key as it was then; without one a key of this process. Who posted a form goes
     * into its id only under this key. */
    struct privacy_key visitor_key;
    bool is_visitor_key_kept;     /* it is the privacy key: the next start has the same */
    struct sla_status sla_status; /* one read for all screens */
    struct streams streams;
    struct event_streams event_streams;
    struct status_streams status_streams;
    struct notifier *notifier;
    struct http *http;
    size_t connections_max; /* as configured, or fewer if the system does not let us open so many */
    struct http_handler handler;
    struct metrics metrics;
    struct throttle throttle;
    struct assets assets;
    _Atomic bool is_draining;
};

/* Starts spool, store and HTTP. With `last_setup` (a reference of the caller's) it begins without
 * the database and becomes whole when that is there. ERR codes of store_start and http_start. */
enum err_code app_start(struct app *app, const struct config *config, const char *database_url,
                        struct catalog *last_setup, struct err *reterr) MUSTCHECK;
/* Once the database is known and before anything is changed in it: makes a privacy key as long as
 * any will do. ERR_INVALID: the configured one is wrong. */
enum err_code app_settle_privacy_key(struct app *app, struct err *reterr) MUSTCHECK;
/* Stops accepting, answers what is under way until `drain_timeout`, then ends. */
void app_stop(struct app *app);

/* The store's configuration from ours. */
struct store_config app_store_config(const struct config *config, const char *database_url);

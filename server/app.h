/*
 * The running service: its parts and the order in which they start, drain and stop.
 */
#pragma once

#include <stdatomic.h>

#include "assets.h"
#include "config.h"
#include "http.h"
#include "metrics.h"
#include "sla_status.h"
#include "store/store.h"
#include "throttle.h"

struct app {
    const struct config *config;
    struct store *store;
    struct sla_status sla_status; /* one read for all screens */
    struct http *http;
    size_t connections_max; /* as configured, or fewer if the system does not let us open so many */
    struct http_handler handler;
    struct metrics metrics;
    struct throttle throttle;
    struct assets assets;
    _Atomic bool is_draining;
};

/* Starts store and HTTP. ERR codes of store_start and http_start. */
enum err_code app_start(struct app *app, const struct config *config, const char *database_url,
                        struct err *reterr) MUSTCHECK;
/* Stops accepting, answers what is under way until `drain_timeout`, then ends. */
void app_stop(struct app *app);

/* The store's configuration from ours. */
struct store_config app_store_config(const struct config *config, const char *database_url);

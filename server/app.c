#include "app.h"

#include <poll.h>
#include <sys/resource.h>

#include "privacy_key_file.h"
#include "reply.h"
#include "request.h"

static const int64_t idle_timeout_us = 60 * US_PER_SECOND;
static const int64_t reply_timeout_us = 30 * US_PER_SECOND;
static const int64_t last_answers_us = 2 * US_PER_SECOND;
static const int64_t quiet_us = 500 * US_PER_MS;
enum {
    MESSAGE_ARENA_BYTES_MAX = 1 << 20,
    DISCARD_BYTES_MAX = 1 << 20,
    SPOOL_SEGMENT_BYTES_MAX = 16 << 20,
};

struct store_config app_store_config(const struct config *config, const char *database_url)
{
    struct store_config store = {
        .database_url = database_url,
        .queue_items = (size_t)config->queue_items,
        .batch_items = (size_t)config->batch_items,
        .operation_timeout_us = config->operation_timeout_us,
        .event_retention_us = config->event_retention_us,
        .quarantine_retention_us = config->quarantine_retention_us,
        .background = true,
    };
    store.writers[LANE_INGEST] = (size_t)config->ingest_writers;
    store.writers[LANE_BULK] = (size_t)config->bulk_writers;
    store.writers[LANE_WRITE] = (size_t)config->write_writers;
    store.writers[LANE_READ] = (size_t)config->readers;
    return store;
}

static struct http_config http_config_of(const struct config *config, size_t connections_max)
{
    return (struct http_config){
        .address = (const struct sockaddr *)&config->listen.storage,
        .address_bytes = config->listen.length,
        .threads = (unsigned)config->http_threads,
        .connections_max = (unsigned)connections_max,
        .header_timeout_us = config->header_timeout_us,
        .body_timeout_us = config->body_timeout_us,
        .idle_timeout_us = idle_timeout_us,
        .reply_timeout_us = reply_timeout_us,
        .arena_bytes_max = MESSAGE_ARENA_BYTES_MAX,
        .bodies_in_flight_bytes_max = (size_t)config->bodies_in_flight_bytes_max,
        .discard_bytes_max = DISCARD_BYTES_MAX,
        .reply_bytes_max = REPLY_BYTES_MAX,
    };
}

/*
 * Makes room for as many descriptors as connections, and a few: the usual soft limit of 1,024 is
 * below that, the hard one above. Where it is not, there are fewer connections: the table must be
 * full before the descriptors are, or nobody is ended to let others in. Returns how many.
 */
static size_t raise_descriptor_limit(size_t connections_max)
{
    enum { OTHER_DESCRIPTORS = 256, CONNECTIONS_MIN = 8 };
    struct rlimit limit;
    const rlim_t wanted = connections_max + OTHER_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return connections_max;
    }
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    const rlim_t allowed = setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
    if (allowed >= wanted) {
        return connections_max;
    }
    const size_t possible = allowed > OTHER_DESCRIPTORS + CONNECTIONS_MIN
                                ? (size_t)allowed - OTHER_DESCRIPTORS
                                : CONNECTIONS_MIN;
    log_write(LOG_WARN, "fewer_connections", LOG_INT("connections_max", possible),
              LOG_INT("connections_wanted", connections_max),
              LOG_INT("descriptors_allowed", allowed), LOG_INT("descriptors_wanted", wanted),
              LOG_TEXT("help",
                       "Raise the hard limit of open files (LimitNOFILE= in a systemd unit, "
                       "ulimits in compose, ulimit -Hn), or lower RELAIS_CONNECTIONS_MAX."));
    return possible;
}

/* A key is made as long as any will do; afterwards only the one that was used so far is right. */
enum err_code app_settle_privacy_key(struct app *app, struct err *reterr)
{
    const struct config *config = app->config;
    const enum privacy_state state = store_privacy(app->store);
    struct privacy_key key;
    struct err err = {
        .detail = "Its file has to be restored, or named in RELAIS_PRIVACY_KEY_FILE."};
    if (state == PRIVACY_READY || (state == PRIVACY_UNUSED && app->has_privacy_key)) {
        return OK;
    }
    if (state == PRIVACY_UNUSED && privacy_key_make(config->data_dir, &key, &err) == OK) {
        store_use_privacy_key(app->store, &key);
        return OK;
    }
    if (state == PRIVACY_MISMATCH && config->privacy_key != NULL) {
        return err_set(reterr, ERR_INVALID,
                       "RELAIS_PRIVACY_KEY is not the key that the erasures in this database were "
                       "made with. All instances need the same one.");
    }
    log_write(LOG_WARN, "no_privacy_key",
              LOG_TEXT("effect", "nobody can be erased, and imports bring in no new address"),
              LOG_TEXT("error", err.detail));
    return OK;
}

/* All instances on a database have the same privacy key, so that a double click is recognised
 * whichever two of them it reaches. */
static void settle_visitor_key(struct app *app)
{
    const struct privacy_key *key = store_privacy_key(app->store);
    app->is_visitor_key_kept = key != NULL;
    if (key != NULL) {
        app->visitor_key = *key;
    } else {
        random_bytes(app->visitor_key.bytes, sizeof app->visitor_key.bytes);
    }
}

static enum err_code start_store(struct app *app, const char *database_url,
                                 struct catalog *last_setup, struct err *reterr)
{
    const struct config *config = app->config;
    const struct spool_config spool = {
        .directory = config->data_dir,
        .bytes_max = config->spool_bytes_max,
        .segment_bytes_max = SPOOL_SEGMENT_BYTES_MAX,
        .queue_items = (size_t)config->queue_items,
    };
    app->spool = spool_new(&spool);
    if (app->spool == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory for the spool.");
    }
    enum err_code code =
        outage_init(&app->outage, app, database_url, /* is_whole= */ last_setup == NULL, reterr);
    if (code != OK) {
        return code;
    }
    struct store_config store = app_store_config(config, database_url);
    store.last_setup = last_setup;
    store.on_change = outage_look;
    store.context = &app->outage;
    code = privacy_key_find(config, &store.privacy_key, &store.has_privacy_key, reterr);
    app->has_privacy_key = code == OK && store.has_privacy_key;
    code = code != OK ? code : store_start(&store, &app->store, reterr);
    code = code != OK || last_setup != NULL ? code : app_settle_privacy_key(app, reterr);
    if (code == OK) {
        settle_visitor_key(app);
    }
    return code;
}

static void end_store(struct app *app)
{
    notifier_stop(app->notifier);
    outage_stop(&app->outage);
    spool_close(app->spool);
    store_stop(app->store);
    outage_done(&app->outage);
    spool_free(app->spool);
    app->notifier = NULL;
    app->store = NULL;
    app->spool = NULL;
}

enum err_code app_start(struct app *app, const struct config *config, const char *database_url,
                        struct catalog *last_setup, struct err *reterr)
{
    app->config = config;
    metrics_init(&app->metrics);
    assets_init(&app->assets);
    enum err_code code = throttle_init(&app->throttle, config, reterr);
    code = code != OK ? code : start_store(app, database_url, last_setup, reterr);
    code = code != OK ? code : notifier_start(config, app->store, &app->notifier, reterr);
    if (code != OK) {
        end_store(app);
        throttle_done(&app->throttle);
        return code;
    }
    sla_status_init(&app->sla_status, app->store);
    streams_init(&app->streams, (size_t)config->streams_max);
    event_streams_init(&app->event_streams, app->store);
    status_streams_init(&app->status_streams, &app->sla_status, app->store);
    app->connections_max = raise_descriptor_limit((size_t)config->connections_max);
    request_handler_init(&app->handler, app);
    const struct http_config http = http_config_of(config, app->connections_max);
    struct err cause;
    code = http_start(&http, &app->handler, &app->http, &cause);
    if (code != OK) {
        (void)err_set(reterr, code, "Cannot listen on %s: %s", config->listen.text, cause.detail);
    } else {
        code = outage_start(&app->outage, reterr);
        if (code != OK) {
            http_stop(app->http);
        }
    }
    if (code != OK) {
        end_store(app);
        event_streams_done(&app->event_streams);
        status_streams_done(&app->status_streams);
        sla_status_done(&app->sla_status);
        throttle_done(&app->throttle);
    }
    return code;
}

/*
 * Until every connection has had its say: each answer now ends its connection, so a busy client is
 * gone after one more request. A connection that stays silent for a moment has nothing under way.
 */
static void drain(struct app *app)
{
    const int64_t deadline_us = clock_monotonic_us() + app->config->drain_timeout_us;
    int64_t quiet_since_us = clock_monotonic_us();
    while (http_connection_count(app->http) > 0 && clock_monotonic_us() < deadline_us) {
        const int64_t now_us = clock_monotonic_us();
        if (http_message_count(app->http) > 0) {
            quiet_since_us = now_us;
        } else if (now_us - quiet_since_us > quiet_us) {
            return;
        }
        (void)poll(NULL, 0, 2);
    }
}

/*
 * Not ready (the proxy looks away) → no new connections → streams end, what is under way ends,
 * until the deadline → the rest gets 503 → the store finishes what it has and gives everything
 * back, the spool writes what it has → only then the HTTP threads end, for a suspended connection
 * must not be there any more. What waits in the spool stays there for the next start.
 */
void app_stop(struct app *app)
{
    atomic_store(&app->is_draining, true);
    http_quiesce(app->http);
    streams_close(&app->streams);
    event_streams_wake(&app->event_streams);
    status_streams_wake(&app->status_streams);
    store_release_waiters(app->store);
    drain(app);
    http_refuse_new(app->http);
    store_quiesce(app->store);
    while (http_suspended_count(app->http) > 0) {
        (void)poll(NULL, 0, 5);
    }
    /* The last answers leave; a client that does not take its own is not waited for. */
    const int64_t last_us = clock_monotonic_us() + last_answers_us;
    while (http_message_count(app->http) > 0 && clock_monotonic_us() < last_us) {
        (void)poll(NULL, 0, 5);
    }
    http_stop(app->http);
    end_store(app);
    event_streams_done(&app->event_streams);
    status_streams_done(&app->status_streams);
    sla_status_done(&app->sla_status);
    throttle_done(&app->throttle);
    app->http = NULL;
}

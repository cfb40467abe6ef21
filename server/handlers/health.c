/* What an operator, a load balancer and a monitoring system ask. */
#include "handlers/handlers.h"

enum {
    METRICS_BYTES_MAX = 1 << 20,
    SPOOL_ROOM_BYTES_MIN = 256 * 1024 /* with less of it left, the next post may be refused */
};

/* The background thread misses at most a few rounds of half a second while the database is well. */
static const int64_t background_lag_us_max = 10 * US_PER_SECOND;

enum request_step health_start(struct request *request)
{
    return reply_document(request, 200, STR_LITERAL("{\"status\":\"ok\"}"));
}

static enum request_step reply_state(struct request *request, const char *status,
                                     const struct spool_stats *spool)
{
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    JSON_FIELD(&json, "status", json_text, status);
    JSON_FIELD(&json, "spooled", json_int, (int64_t)spool->waiting);
    json_object_end(&json);
    return reply_end(request);
}

/* Without the database form posts are still taken: traffic may come, as long as there is room. */
static enum request_step ready_while_away(struct request *request)
{
    struct spool_stats spool;
    spool_stats(request->app->spool, &spool);
    if (!spool.is_open) {
        return problem(request, ERR_BUSY, "The database is away.");
    }
    if (spool.bytes_max - spool.bytes < SPOOL_ROOM_BYTES_MIN) {
        return problem(request, ERR_BUSY, "The database is away, and the spool is full.");
    }
    return reply_state(request, "spooling", &spool);
}

enum request_step ready_start(struct request *request)
{
    if (atomic_load(&request->app->is_draining)) {
        return problem(request, ERR_BUSY, "The service is stopping.");
    }
    if (store_is_away(request->app->store)) {
        return ready_while_away(request);
    }
    request->away = ready_while_away;
    return request_read(request) != NULL ? REQUEST_RUN : REQUEST_REPLY;
}

/* The read itself proves that the database answers and its schema fits. */
enum request_step ready_finish(struct request *request)
{
    struct store_stats stats;
    store_stats(request->app->store, &stats);
    const int64_t lag_us = clock_monotonic_us() - stats.background_at_us;
    if (stats.background_at_us != 0 && lag_us > background_lag_us_max) {
        return problem(request, ERR_BUSY, "The background thread has fallen behind.");
    }
    struct spool_stats spool;
    spool_stats(request->app->spool, &spool);
    return reply_state(request, "ready", &spool);
}

enum request_step metrics_start(struct request *request)
{
    struct http_reply *reply = &request->message->reply;
    reply->status = 200;
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    buf_init(&reply->body, METRICS_BYTES_MAX);
    metrics_write(&reply->body, request->app);
    return reply_end(request);
}

enum request_step openapi_start(struct request *request)
{
    struct http_reply *reply = &request->message->reply;
    reply->status = 200;
    reply->content_type = "application/yaml";
    reply->static_body = request->app->assets.openapi;
    http_reply_header(request->message, "Cache-Control", STR_LITERAL("no-cache"));
    return REQUEST_REPLY;
}

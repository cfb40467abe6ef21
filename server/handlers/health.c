/* What an operator, a load balancer and a monitoring system ask. */
#include "handlers/handlers.h"

enum { METRICS_BYTES_MAX = 1 << 20, PAGE_BYTES_MAX = 64 * 1024 };

/* The background thread misses at most a few rounds of half a second while the database is well. */
static const int64_t background_lag_us_max = 10 * US_PER_SECOND;

enum request_step health_start(struct request *request)
{
    return reply_document(request, 200, STR_LITERAL("{\"status\":\"ok\"}"));
}

enum request_step ready_start(struct request *request)
{
    if (atomic_load(&request->app->is_draining)) {
        return problem(request, ERR_BUSY, "The service is stopping.");
    }
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
    return reply_document(request, 200, STR_LITERAL("{\"status\":\"ready\"}"));
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

enum request_step error_types_start(struct request *request)
{
    struct http_reply *reply = &request->message->reply;
    reply->status = 200;
    reply->content_type = "text/html; charset=utf-8";
    buf_init(&reply->body, PAGE_BYTES_MAX);
    buf_append_text(&reply->body, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
                                  "<title>Relais: errors</title><h1>Errors</h1>");
    for (size_t i = 0; i < problem_types_count; i++) {
        const struct problem_type *type = &problem_types[i];
        buf_printf(&reply->body, "<h2 id=\"%s\">%u %s</h2><p>%s. %s</p>", type->slug, type->status,
                   type->slug, type->title, type->help);
    }
    buf_append_text(&reply->body, "</html>\n");
    return reply_end(request);
}

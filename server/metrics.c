#include "metrics.h"

#include <stdio.h>

#include "app.h"
#include "router.h"

static const double bucket_bounds[METRICS_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                      0.1,   0.25,   0.5,   1,    5};
static const char *const lane_names[LANE_COUNT_] = {"ingest", "bulk", "write", "read"};

/* Those we send; the last column takes what should not happen. */
static const unsigned statuses[METRICS_STATUSES - 1] = {200, 201, 202, 204, 303, 304, 400, 401,
                                                        403, 404, 405, 409, 410, 412, 413, 415,
                                                        417, 422, 429, 431, 500, 503, 505};

static size_t status_column(unsigned status)
{
    size_t column = 0;
    while (column < METRICS_STATUSES - 1 && statuses[column] != status) {
        column++;
    }
    return column;
}

void metrics_init(struct metrics *metrics)
{
    metrics->started_at_us = clock_wall_us();
}

void metrics_count_request(struct metrics *metrics, const struct route *route, unsigned status,
                           int64_t duration_us)
{
    const size_t row = route != NULL ? (size_t)(route - routes) : METRICS_ROUTES_MAX;
    atomic_fetch_add_explicit(&metrics->requests[row][status_column(status)], 1,
                              memory_order_relaxed);
    size_t bucket = 0;
    while (bucket < METRICS_BUCKETS && (double)duration_us / 1e6 > bucket_bounds[bucket]) {
        bucket++;
    }
    atomic_fetch_add_explicit(&metrics->duration_buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metrics->duration_sum_us, (uint64_t)duration_us,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&metrics->duration_count, 1, memory_order_relaxed);
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP relais_%s %s\n# TYPE relais_%s %s\n", name, help, name, type);
}

static void value(struct buf *out, const char *name, const char *type, const char *help,
                  double number)
{
    head(out, name, type, help);
    buf_printf(out, "relais_%s %.17g\n", name, number);
}

static void write_requests(struct buf *out, struct metrics *metrics)
{
    head(out, "http_requests_total", "counter", "Answered requests by operation and status.");
    for (size_t row = 0; row <= METRICS_ROUTES_MAX; row++) {
        const char *operation = row < routes_count          ? routes[row].operation_id
                                : row == METRICS_ROUTES_MAX ? "none"
                                                            : NULL;
        for (size_t column = 0; operation != NULL && column < METRICS_STATUSES; column++) {
            const uint64_t count =
                atomic_load_explicit(&metrics->requests[row][column], memory_order_relaxed);
            if (count > 0) {
                buf_printf(out, "relais_http_requests_total{operation=\"%s\",status=\"%u\"} %llu\n",
                           operation, column < METRICS_STATUSES - 1 ? statuses[column] : 0,
                           (unsigned long long)count);
            }
        }
    }
    head(out, "http_request_duration_seconds", "histogram",
         "From the request line to the reply being sent.");
    uint64_t sum = 0;
    for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
        sum += atomic_load_explicit(&metrics->duration_buckets[i], memory_order_relaxed);
        char bound[32] = "+Inf";
        if (i < METRICS_BUCKETS) {
            (void)snprintf(bound, sizeof bound, "%g", bucket_bounds[i]);
        }
        buf_printf(out, "relais_http_request_duration_seconds_bucket{le=\"%s\"} %llu\n", bound,
                   (unsigned long long)sum);
    }
    buf_printf(out, "relais_http_request_duration_seconds_sum %.6f\n",
               (double)atomic_load(&metrics->duration_sum_us) / 1e6);
    buf_printf(out, "relais_http_request_duration_seconds_count %llu\n", (unsigned long long)sum);
}

static void write_lanes(struct buf *out, const struct store_stats *stats)
{
    head(out, "store_batches_total", "counter", "Transactions by lane.");
    for (size_t i = 0; i < LANE_COUNT_; i++) {
        buf_printf(out, "relais_store_batches_total{lane=\"%s\"} %llu\n", lane_names[i],
                   (unsigned long long)stats->batches[i]);
    }
    head(out, "store_operations_total", "counter", "Operations by lane.");
    for (size_t i = 0; i < LANE_COUNT_; i++) {
        buf_printf(out, "relais_store_operations_total{lane=\"%s\"} %llu\n", lane_names[i],
                   (unsigned long long)stats->operations[i]);
    }
    head(out, "store_queued", "gauge", "Operations that wait, by lane.");
    for (size_t i = 0; i < LANE_COUNT_; i++) {
        buf_printf(out, "relais_store_queued{lane=\"%s\"} %zu\n", lane_names[i], stats->queued[i]);
    }
}

static void write_quarantine(struct buf *out, const struct store_stats *stats)
{
    value(out, "submissions_quarantined_total", "counter",
          "Submissions that this instance put into quarantine.", (double)stats->set_aside);
    head(out, "submission_suspicions_total", "counter",
         "Why they were put there; a submission may have several reasons.");
    for (size_t i = 0; i < SUSPICION_COUNT_; i++) {
        buf_printf(out, "relais_submission_suspicions_total{reason=\"%s\"} %llu\n",
                   suspicion_names[i], (unsigned long long)stats->suspicions[i]);
    }
}

static void write_limits(struct buf *out, struct throttle *throttle)
{
    head(out, "rate_limited_total", "counter", "Requests over a rate limit, by whose it was.");
    for (size_t i = 0; i < THROTTLE_PARTY_COUNT_; i++) {
        buf_printf(
            out, "relais_rate_limited_total{limit=\"%s\"} %llu\n",
            throttle_party_name((enum throttle_party)i),
            (unsigned long long)atomic_load_explicit(&throttle->refused[i], memory_order_relaxed));
    }
}

static void write_spool(struct buf *out, struct app *app)
{
    struct spool_stats spool;
    spool_stats(app->spool, &spool);
    value(out, "spooling", "gauge", "1 while the database is away, as the ingest lane last saw it.",
          store_is_away(app->store) ? 1 : 0);
    value(out, "spool_open", "gauge", "1 when this process has the data directory's spool.",
          spool.is_open ? 1 : 0);
    value(out, "spool_waiting", "gauge", "Form posts that wait in the spool for the database.",
          (double)spool.waiting);
    value(out, "spool_oldest_seconds", "gauge", "How long the oldest of them waits.",
          spool.oldest_at_us == TIME_NONE
              ? 0
              : (double)(clock_wall_us() - spool.oldest_at_us) / (double)US_PER_SECOND);
    value(out, "spool_refused", "gauge", "Form posts that the database refused, kept in the spool.",
          (double)spool.refused);
    value(out, "spool_bytes", "gauge", "Bytes of the spool.", (double)spool.bytes);
    value(out, "spool_bytes_max", "gauge", "Bytes it may have.", (double)spool.bytes_max);
    value(out, "spool_kept_total", "counter", "Form posts put into the spool.",
          (double)spool.kept_total);
    value(out, "spool_drained_total", "counter", "Form posts taken into the database from there.",
          (double)spool.drained_total);
    value(out, "spool_refused_total", "counter", "Form posts from there that the database refused.",
          (double)spool.refused_total);
}

static void write_notified(struct buf *out, const char *name, const char *help,
                           const uint64_t counts[NOTIFY_CHANNEL_COUNT_])
{
    head(out, name, "counter", help);
    for (size_t i = 0; i < NOTIFY_CHANNEL_COUNT_; i++) {
        buf_printf(out, "relais_%s{channel=\"%s\"} %llu\n", name, notification_channel_names[i],
                   (unsigned long long)counts[i]);
    }
}

static void write_notifications(struct buf *out, const struct notifier *notifier)
{
    struct notifier_stats stats;
    notifier_stats(notifier, &stats);
    write_notified(out, "notification_messages_sent_total", "Mails and chat messages sent.",
                   stats.sent);
    write_notified(out, "notification_messages_retried_total",
                   "Attempts after which a message is tried again.", stats.retried);
    write_notified(out, "notification_messages_failed_total",
                   "Messages refused, or given up after the last attempt.", stats.failed);
    write_notified(out, "notifications_skipped_total",
                   "Notifications that were over before they went out.", stats.skipped);
}

void metrics_write(struct buf *out, struct app *app)
{
    struct store_stats stats;
    store_stats(app->store, &stats);
    head(out, "build_info", "gauge", "The running release.");
    buf_printf(out, "relais_build_info{version=\"%s\"} 1\n", RELAIS_VERSION);
    value(out, "process_start_time_seconds", "gauge",
          "When the process started, seconds since 1970.",
          (double)app->metrics.started_at_us / 1e6);
    write_requests(out, &app->metrics);
    write_limits(out, &app->throttle);
    write_lanes(out, &stats);
    write_quarantine(out, &stats);
    write_notifications(out, app->notifier);
    value(out, "store_retries_total", "counter",
          "Batches that lost a race or their connection and ran again.", (double)stats.retries);
    value(out, "store_connects_total", "counter", "Connections made to the database.",
          (double)stats.reconnects);
    value(out, "sla_breaches_flagged_total", "counter", "Breaches flagged by this instance.",
          (double)stats.breaches_flagged);
    value(out, "feed_transactions_numbered_total", "counter",
          "Feed transactions numbered by this instance.", (double)stats.events_numbered);
    value(out, "feed_last_position", "gauge", "The last position of the change feed.",
          (double)stats.feed_last);
    value(out, "feed_pending_oldest_seconds", "gauge",
          "How long the oldest unnumbered event of this instance waits.",
          stats.feed_pending_oldest_seconds);
    write_spool(out, app);
    value(out, "http_connections", "gauge", "Open connections.",
          (double)http_connection_count(app->http));
    value(out, "http_requests_under_way", "gauge",
          "Requests between their first line and the end of their answer, this one included.",
          (double)http_message_count(app->http));
    value(out, "http_suspended_requests", "gauge", "Requests that wait for the database.",
          (double)http_suspended_count(app->http));
    value(out, "http_bodies_in_flight_bytes", "gauge", "Bytes of request bodies held.",
          (double)http_bodies_in_flight_bytes(app->http));
    value(out, "http_connections_max", "gauge", "As many connections as there may be.",
          (double)app->connections_max);
    value(out, "streams", "gauge", "Open streams of server-sent events.",
          (double)atomic_load(&app->streams.count));
    value(out, "streams_refused_total", "counter", "Streams refused because there were too many.",
          (double)atomic_load(&app->streams.refused_count));
    value(out, "http_shed_total", "counter",
          "Idle or slow connections ended to make room for others.",
          (double)http_shed_count(app->http));
    value(out, "http_slow_senders_total", "counter", "Connections ended for being too slow.",
          (double)http_reaped_count(app->http));
}

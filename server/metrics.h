/* Counters of the process, shown at /metrics in Prometheus' text format. Thread-safe; no personal
 * data. */
#pragma once

#include <stdatomic.h>

#include "base/buf.h"

struct app;
struct route;

enum { METRICS_ROUTES_MAX = 160, METRICS_STATUSES = 24, METRICS_BUCKETS = 11 };

struct metrics {
    /* By place in the route table, the last row is "no route", and by status (see metrics.c). */
    _Atomic uint64_t requests[METRICS_ROUTES_MAX + 1][METRICS_STATUSES];
    _Atomic uint64_t duration_buckets[METRICS_BUCKETS + 1];
    _Atomic uint64_t duration_sum_us;
    _Atomic uint64_t duration_count;
    int64_t started_at_us; /* clock_wall_us */
};

void metrics_init(struct metrics *metrics);
/* One answered request. `route` NULL: it never had one. */
void metrics_count_request(struct metrics *metrics, const struct route *route, unsigned status,
                           int64_t duration_us);
/* The whole document. */
void metrics_write(struct buf *out, struct app *app);

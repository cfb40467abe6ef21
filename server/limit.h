/*
 * Rate limits: how many requests each of many parties may make. Who the parties are, and what a
 * party over its limit is told, is throttle.h's; this knows neither HTTP nor a clock.
 *
 * Each party has a token bucket: it holds `burst` tokens at most, `requests` of them flow in per
 * `window`, evenly, and a request takes one. A bucket is kept as one number, the time at which it
 * will be full again (the generic cell rate algorithm: ITU-T I.371, virtual scheduling).
 *
 * Memory is fixed, and forgetting cannot be forced. A bucket that is full again is the same as
 * none, so its place is free. When every place that a newcomer may take holds a bucket not full, it
 * takes the place of the one that will be full first and goes on with what is in that bucket. So a
 * party never has more tokens than it would have with unlimited memory: whoever was pushed out
 * comes back to a bucket no fuller than the one it lost. Places are found by a hash keyed with a
 * secret of the process, so nobody can choose whom to push out.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
    LIMIT_REQUESTS_MAX = 1000000, /* also of a burst */
    LIMIT_FILL_SECONDS_MAX = 86400,
    LIMIT_TEXT_BYTES = 64,
};

/* `requests` 0: no limit. */
struct limit_rate {
    int64_t requests;
    int64_t window_us; /* whole seconds */
    int64_t burst;
};

/* "100/1s", "600/1m", "10/1m burst 30" (s, m, h, d); without a burst it is the requests. False when
 * malformed, a number is 0 or above LIMIT_REQUESTS_MAX, or filling takes longer than a day. */
bool limit_rate_parse(struct str text, struct limit_rate *ret_rate) MUSTCHECK;
/* The same text again; nothing for no limit. */
void limit_rate_write(struct buf *out, const struct limit_rate *rate);

struct limit;

/* What became of a request. */
struct limit_verdict {
    bool is_allowed;
    int64_t left;    /* whole tokens, after this request */
    int64_t wait_us; /* until there is a whole token; 0: there is one */
};

/* Room for about `parties` (at least; rounded up) whose buckets are not full, 16 bytes each.
 * `rate` has requests > 0. NULL: out of memory. The caller's: limit_free(). */
struct limit *limit_new(const struct limit_rate *rate, size_t parties) MUSTCHECK;
/* Takes NULL. */
void limit_free(struct limit *limit);

const struct limit_rate *limit_rate_of(const struct limit *limit);

/* A request of `party` (any bytes) at `now_us` (CLOCK_MONOTONIC). A refused one takes nothing. Any
 * thread. */
struct limit_verdict limit_take(struct limit *limit, struct str party, int64_t now_us);

/*
 * What an operator may ask of the change feed, outside of any request: is it whole, and may its
 * consumers go on after a restore? Each call connects by itself; for commands, not for the service.
 */
#pragma once

#include "base/err.h"
#include "base/uuid.h"

struct feed_health {
    struct uuid epoch;
    int64_t first;   /* the first position kept; last + 1 when none is */
    int64_t last;    /* the last position given out */
    int64_t gaps;    /* places where positions do not follow one another, or do not reach `last` */
    int64_t torn;    /* numbered transactions whose events are not all there */
    int64_t pending; /* transactions that wait for their number; a service that runs keeps this near
                        0 */
};

/* Reads the whole feed: seconds for millions of events. Errors as conn_open and conn_run. */
enum err_code feed_check(const char *database_url, struct feed_health *ret_health,
                         struct err *reterr) MUSTCHECK;

/* A new epoch: every consumer is told (410) to read a snapshot and go on from there. For a database
 * that gave out positions which it no longer knows of: after a restore, or a failover that lost
 * data. */
enum err_code feed_bump_epoch(const char *database_url, struct uuid *ret_epoch,
                              struct err *reterr) MUSTCHECK;

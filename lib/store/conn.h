/*
 * One connection to PostgreSQL in pipeline mode, used by one thread. For lib/store only.
 *
 * A segment is: any number of conn_send, then conn_sync (which flushes); results are fetched with
 * conn_result in the order of sending. conn_flush asks the server for what it has so far, inside a
 * segment. After an error the rest of the segment is skipped by the server; conn_drain reads up to
 * its end. Every wait has a deadline; a connection that missed one is closed, since nobody knows
 * what it would answer next.
 */
#pragma once

#include "base/err.h"
#include "store/param.h"
#include "store/rows_internal.h"
#include "store/statement.h"

struct conn;

enum conn_use {
    CONN_READS,  /* lists and reports: the planner is free */
    CONN_WRITES, /* batches: everything is found by key, so plans are made once and are index scans
                  */
    CONN_BOOKS, /* what reads much and rarely: planned anew each time, for the tables as they are */
};

/* A closed connection for `url` (borrowed). NULL: out of memory. */
struct conn *conn_new(const char *url, enum conn_use use) MUSTCHECK;
/* Takes NULL. */
void conn_free(struct conn *conn);

bool conn_is_open(const struct conn *conn);
/* Connects within `timeout_us`, sets the session, checks the server and prepares all statements.
 * ERR_BUSY: not reachable; ERR_STORE: reachable but not fit, the detail says why. */
enum err_code conn_open(struct conn *conn, int64_t timeout_us, struct err *reterr) MUSTCHECK;
void conn_close(struct conn *conn);

/* All waits until the next call end at this time (clock_monotonic_us). */
void conn_set_deadline(struct conn *conn, int64_t deadline_us);

enum err_code conn_send(struct conn *conn, enum statement statement, const struct params *params,
                        struct err *reterr) MUSTCHECK;
enum err_code conn_flush(struct conn *conn, struct err *reterr) MUSTCHECK;
enum err_code conn_sync(struct conn *conn, struct err *reterr) MUSTCHECK;
/*
 * The result of the next statement sent. ret_rows may be NULL; else it is the caller's to free.
 * ERR_BUSY: the connection is lost (and closed): what was committed is unknown. ERR_CONFLICT: a
 * serialization failure, a deadlock or a key that somebody else has just inserted: run it again.
 * Other errors: the statement was refused.
 */
enum err_code conn_result(struct conn *conn, struct rows **ret_rows, struct err *reterr) MUSTCHECK;
/* Gives up on this segment: whatever was sent is read to its end, an open transaction is rolled
 * back. With `is_synced` the segment's conn_sync was sent already. Afterwards the connection is
 * idle, or closed. */
void conn_abandon(struct conn *conn, bool is_synced);
/* Reads to the end of the segment, whatever is still to come; after a failure ends the transaction.
 */
enum err_code conn_end(struct conn *conn, struct err *reterr) MUSTCHECK;

/* One statement in a segment of its own: send, sync, result, end. */
enum err_code conn_run(struct conn *conn, enum statement statement, const struct params *params,
                       struct rows **ret_rows, struct err *reterr) MUSTCHECK;

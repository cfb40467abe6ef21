#include "store/feed_admin.h"

#include "store/conn.h"

static const int64_t connect_timeout_us = 5 * US_PER_SECOND;
static const int64_t statement_timeout_us = 300 * US_PER_SECOND;

/* One statement on a connection of its own; it returns one row. */
static enum err_code run(const char *database_url, enum statement statement,
                         const struct params *params, struct rows **ret_rows, struct err *reterr)
{
    struct conn *conn = conn_new(database_url, CONN_READS);
    if (conn == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory.");
    }
    struct rows *rows = NULL;
    enum err_code code = conn_open(conn, connect_timeout_us, reterr);
    if (code == OK) {
        conn_set_deadline(conn, clock_monotonic_us() + statement_timeout_us);
        code = conn_run(conn, statement, params, &rows, reterr);
    }
    if (code == OK && rows_count(rows) != 1) {
        code = err_set(reterr, ERR_STORE, "Table feed_head is empty. Restore it from a backup.");
    }
    conn_free(conn);
    if (code == OK) {
        *ret_rows = rows;
    } else {
        rows_free(rows);
    }
    return code;
}

enum err_code feed_check(const char *database_url, struct feed_health *ret_health,
                         struct err *reterr)
{
    struct rows *rows = NULL;
    const enum err_code code = run(database_url, STATEMENT_FEED_CHECK, NULL, &rows, reterr);
    if (code == OK) {
        *ret_health = (struct feed_health){
            .epoch = row_uuid(rows, 0, 0),
            .first = row_bigint(rows, 0, 1),
            .last = row_bigint(rows, 0, 2),
            .gaps = row_bigint(rows, 0, 3),
            .torn = row_bigint(rows, 0, 4),
            .pending = row_bigint(rows, 0, 5),
        };
        rows_free(rows);
    }
    return code;
}

enum err_code feed_bump_epoch(const char *database_url, struct uuid *ret_epoch, struct err *reterr)
{
    const struct uuid epoch = uuid_new(clock_wall_us());
    struct params params;
    params_init(&params);
    param_uuid(&params, epoch);
    struct rows *rows = NULL;
    const enum err_code code = run(database_url, STATEMENT_FEED_BUMP, &params, &rows, reterr);
    params_done(&params);
    if (code == OK) {
        rows_free(rows);
        *ret_epoch = epoch;
    }
    return code;
}

/*
 * libpq 15 in pipeline mode. What must be kept in mind here:
 *   - non-blocking mode is mandatory: a blocking client may deadlock with a server that is also
 * sending;
 *   - an error aborts to the next sync, and an explicit BEGIN before it stays open: the next
 * segment begins with a ROLLBACK (conn_end sends it), else 25P02 would hit the next batch;
 *   - the SQLSTATE is copied from the result, never from the connection.
 */
#include "store/conn.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/memory.h"
#include "store/sqlstate.h"

/* What every session of ours looks like, whatever the server's or the role's defaults are. */
static const char session_options[] =
    "-c TimeZone=UTC -c DateStyle=ISO -c client_min_messages=warning"
    " -c synchronous_commit=on -c jit=off -c lock_timeout=0"
    " -c idle_in_transaction_session_timeout=60s";

/*
 * The first batches after a start are small, and a plan made for one key looks cheaper than the
 * general one for ever after: PostgreSQL would plan these statements anew each time, which costs
 * more than running them. General plans made on tables that are still empty must not be sequential
 * scans.
 */
static const char write_options[] =
    " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off"
    " -c enable_mergejoin=off";

static const char book_options[] = " -c plan_cache_mode=force_custom_plan";

struct conn {
    const char *url;
    char options[sizeof session_options + sizeof write_options];
    PGconn *pg; /* NULL: closed */
    int64_t deadline_us;
    bool in_segment;
    bool has_failed; /* a statement of this segment failed */
};

struct conn *conn_new(const char *url, enum conn_use use)
{
    struct conn *conn = mem_alloc(sizeof *conn);
    if (conn != NULL) {
        *conn = (struct conn){.url = url};
        (void)snprintf(conn->options, sizeof conn->options, "%s%s", session_options,
                       use == CONN_WRITES  ? write_options
                       : use == CONN_BOOKS ? book_options
                                           : "");
    }
    return conn;
}

void conn_free(struct conn *conn)
{
    if (conn != NULL) {
        conn_close(conn);
        mem_free(conn);
    }
}

bool conn_is_open(const struct conn *conn)
{
    return conn->pg != NULL;
}

void conn_close(struct conn *conn)
{
    PQfinish(conn->pg);
    conn->pg = NULL;
    conn->in_segment = false;
    conn->has_failed = false;
}

void conn_set_deadline(struct conn *conn, int64_t deadline_us)
{
    conn->deadline_us = deadline_us;
}

static enum err_code lost(struct conn *conn, struct err *reterr, const char *what)
{
    conn_close(conn);
    return err_set(reterr, ERR_BUSY, "The database %s. Try again in a moment.", what);
}

/* Waits until the socket is readable (or writable, if asked). False: deadline or error. */
static bool wait_socket(const struct conn *conn, short events)
{
    for (;;) {
        const int64_t left_us = conn->deadline_us - clock_monotonic_us();
        if (left_us <= 0) {
            return false;
        }
        struct pollfd fd = {.fd = PQsocket(conn->pg), .events = events};
        const int64_t left_ms = left_us / 1000 + 1;
        const int ready = poll(&fd, 1, left_ms > 60000 ? 60000 : (int)left_ms);
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

static enum err_code flush_output(struct conn *conn, struct err *reterr)
{
    for (;;) {
        const int left = PQflush(conn->pg);
        if (left == 0) {
            return OK;
        }
        if (left < 0 || !wait_socket(conn, POLLIN | POLLOUT)) {
            return lost(conn, reterr, "did not take the request in time");
        }
        if (PQconsumeInput(conn->pg) == 0) {
            return lost(conn, reterr, "closed the connection");
        }
    }
}

static bool connect_socket(struct conn *conn)
{
    for (;;) {
        switch (PQconnectPoll(conn->pg)) {
        case PGRES_POLLING_OK:
            return true;
        case PGRES_POLLING_READING:
            if (!wait_socket(conn, POLLIN)) {
                return false;
            }
            break;
        case PGRES_POLLING_WRITING:
            if (!wait_socket(conn, POLLOUT)) {
                return false;
            }
            break;
        case PGRES_POLLING_FAILED:
        case PGRES_POLLING_ACTIVE:
        default:
            return false;
        }
    }
}

/* The server's message without its line break; it may name hosts and roles, never data. */
static void describe_failure(const struct conn *conn, struct err *reterr)
{
    const struct str message = str_trim(str_from(PQerrorMessage(conn->pg)));
    (void)err_set(reterr, ERR_BUSY, "Cannot reach the database: %.*s", STR_ARGS(message));
    for (char *c = reterr != NULL ? reterr->detail : NULL; c != NULL && *c != '\0'; c++) {
        *c = *c == '\n' ? ' ' : *c;
    }
}

static enum err_code prepare_statements(struct conn *conn, struct err *reterr)
{
    for (int i = 0; i < STATEMENT_COUNT_; i++) {
        const char *name = statement_name((enum statement)i);
        if (PQsendPrepare(conn->pg, name, statement_text((enum statement)i), 0, NULL) == 0) {
            return lost(conn, reterr, "closed the connection");
        }
    }
    conn->in_segment = true;
    enum err_code code = conn_sync(conn, reterr);
    for (int i = 0; code == OK && i < STATEMENT_COUNT_; i++) {
        code = conn_result(conn, /* ret_rows= */ NULL, reterr);
        if (code != OK && code != ERR_BUSY) {
            struct err cause = *reterr;
            (void)err_set(reterr, ERR_STORE,
                          "The database does not know statement %s (%s). Run `relais migrate`.",
                          statement_name((enum statement)i), cause.detail);
            return ERR_STORE;
        }
    }
    return code == OK ? conn_end(conn, reterr) : code;
}

static enum err_code check_server(const struct conn *conn, struct err *reterr)
{
    const int version = PQserverVersion(conn->pg);
    if (version < 150000) {
        return err_set(reterr, ERR_STORE,
                       "PostgreSQL %d is too old: 15 or newer is needed. Upgrade it, or unset "
                       "DATABASE_URL to use the embedded one.",
                       version / 10000);
    }
    return OK;
}

enum err_code conn_open(struct conn *conn, int64_t timeout_us, struct err *reterr)
{
    struct err scratch = {.code = OK};
    reterr = reterr != NULL ? reterr : &scratch;
    assert(conn->pg == NULL);
    conn->deadline_us = clock_monotonic_us() + timeout_us;
    const char *const keywords[] = {
        "dbname",           "options",         "application_name", "client_encoding",
        "tcp_user_timeout", "keepalives_idle", "connect_timeout",  NULL};
    const char *const values[] = {conn->url, conn->options, "relais", "UTF8",
                                  "10000",   "30",          "5",      NULL};
    conn->pg = PQconnectStartParams(keywords, values, /* expand_dbname= */ 1);
    if (conn->pg == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory.");
    }
    if (PQstatus(conn->pg) == CONNECTION_BAD || !connect_socket(conn)) {
        describe_failure(conn, reterr);
        conn_close(conn);
        return ERR_BUSY;
    }
    enum err_code code = check_server(conn, reterr);
    if (code == OK && (PQsetnonblocking(conn->pg, 1) != 0 || PQenterPipelineMode(conn->pg) == 0)) {
        code = err_set(reterr, ERR_STORE, "The database connection cannot be put to work.");
    }
    if (code == OK) {
        code = prepare_statements(conn, reterr);
    }
    if (code != OK) {
        conn_close(conn);
    }
    return code;
}

enum err_code conn_send(struct conn *conn, enum statement statement, const struct params *params,
                        struct err *reterr)
{
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX];
    int formats[PARAMS_MAX];
    const size_t count = params != NULL ? params->count : 0;
    if (params != NULL && !params_are_ok(params)) {
        return err_set(reterr, ERR_NOMEM, "Out of memory while building a statement.");
    }
    for (size_t i = 0; i < count; i++) {
        const struct param *param = &params->items[i];
        values[i] = param->is_null ? NULL : (param->bytes.data != NULL ? param->bytes.data : "");
        lengths[i] = (int)param->bytes.len;
        formats[i] = 1;
    }
    if (conn->pg == NULL) {
        return err_set(reterr, ERR_BUSY, "The database is away.");
    }
    if (PQsendQueryPrepared(conn->pg, statement_name(statement), (int)count, values, lengths,
                            formats,
                            /* resultFormat= */ 1) == 0) {
        return lost(conn, reterr, "closed the connection");
    }
    conn->in_segment = true;
    return OK;
}

enum err_code conn_flush(struct conn *conn, struct err *reterr)
{
    if (conn->pg == NULL || PQsendFlushRequest(conn->pg) == 0) {
        return lost(conn, reterr, "closed the connection");
    }
    return flush_output(conn, reterr);
}

enum err_code conn_sync(struct conn *conn, struct err *reterr)
{
    if (conn->pg == NULL || PQpipelineSync(conn->pg) == 0) {
        return lost(conn, reterr, "closed the connection");
    }
    return flush_output(conn, reterr);
}

/* The next PGresult, waiting for it; NULL is the separator between statements. */
static enum err_code next_result(struct conn *conn, PGresult **ret_result, struct err *reterr)
{
    if (conn->pg == NULL) {
        return err_set(reterr, ERR_BUSY, "The database is away.");
    }
    while (PQisBusy(conn->pg) != 0) {
        const enum err_code code = flush_output(conn, reterr);
        if (code != OK) {
            return code;
        }
        if (PQisBusy(conn->pg) == 0) {
            break;
        }
        if (!wait_socket(conn, POLLIN)) {
            return lost(conn, reterr, "did not answer in time");
        }
        if (PQconsumeInput(conn->pg) == 0) {
            return lost(conn, reterr, "closed the connection");
        }
    }
    *ret_result = PQgetResult(conn->pg);
    return OK;
}

static enum err_code take_result(struct conn *conn, PGresult *result, struct rows **ret_rows,
                                 struct err *reterr)
{
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        if (ret_rows != NULL) {
            *ret_rows = rows_from_result(result);
        } else {
            PQclear(result);
        }
        return OK;
    }
    enum err_code code = ERR_STORE;
    if (status == PGRES_PIPELINE_ABORTED) {
        code = err_set(reterr, ERR_STORE, "An earlier statement of the batch failed.");
    } else {
        code = sqlstate_to_err(PQresultErrorField(result, PG_DIAG_SQLSTATE), reterr);
    }
    PQclear(result);
    conn->has_failed = true;
    if (PQstatus(conn->pg) == CONNECTION_BAD || code == ERR_BUSY) {
        return lost(conn, reterr, "closed the connection");
    }
    return code;
}

enum err_code conn_result(struct conn *conn, struct rows **ret_rows, struct err *reterr)
{
    PGresult *result = NULL;
    enum err_code code = next_result(conn, &result, reterr);
    if (code != OK) {
        return code;
    }
    if (result == NULL) {
        return lost(conn, reterr, "gave fewer answers than it was asked");
    }
    struct rows *rows = NULL;
    code = take_result(conn, result, &rows, reterr);
    PGresult *separator = NULL;
    if (conn->pg != NULL) {
        const enum err_code end = next_result(conn, &separator, reterr);
        code = code == OK ? end : code;
    }
    if (code == OK && separator != NULL) {
        PQclear(separator);
        code = lost(conn, reterr, "gave more answers than it was asked");
    }
    if (code == OK && ret_rows != NULL) {
        *ret_rows = rows;
    } else {
        rows_free(rows);
    }
    return code;
}

/* Reads until the sync's own result. */
static enum err_code read_to_sync(struct conn *conn, struct err *reterr)
{
    unsigned separators = 0;
    for (;;) {
        PGresult *result = NULL;
        const enum err_code code = next_result(conn, &result, reterr);
        if (code != OK) {
            return code;
        }
        if (result == NULL) {
            if (++separators > 1) { /* two in a row: nothing was pending */
                return lost(conn, reterr, "lost count of its answers");
            }
            continue;
        }
        separators = 0;
        const ExecStatusType status = PQresultStatus(result);
        PQclear(result);
        if (status == PGRES_PIPELINE_SYNC) {
            return OK;
        }
    }
}

enum err_code conn_end(struct conn *conn, struct err *reterr)
{
    enum err_code code = conn->in_segment ? read_to_sync(conn, reterr) : OK;
    conn->in_segment = false;
    if (code == OK && conn->has_failed) {
        conn->has_failed = false;
        if (PQtransactionStatus(conn->pg) != PQTRANS_IDLE) {
            code = conn_run(conn, STATEMENT_ROLLBACK, /* params= */ NULL, /* ret_rows= */ NULL,
                            reterr);
        }
    }
    return code;
}

void conn_abandon(struct conn *conn, bool is_synced)
{
    if (!conn_is_open(conn)) {
        return;
    }
    struct err ignored;
    if (!is_synced && conn_sync(conn, &ignored) != OK) {
        return; /* closed */
    }
    conn->has_failed = true;
    if (conn_end(conn, &ignored) != OK && conn_is_open(conn)) {
        conn_close(conn);
    }
}

enum err_code conn_run(struct conn *conn, enum statement statement, const struct params *params,
                       struct rows **ret_rows, struct err *reterr)
{
    enum err_code code = conn_send(conn, statement, params, reterr);
    if (code == OK) {
        code = conn_sync(conn, reterr);
    }
    if (code != OK) {
        return code;
    }
    struct rows *rows = NULL;
    code = conn_result(conn, &rows, reterr);
    if (code != ERR_BUSY) {
        const enum err_code end = conn_end(conn, code == OK ? reterr : NULL);
        code = code == OK ? end : code;
    }
    if (code == OK && ret_rows != NULL) {
        *ret_rows = rows;
    } else {
        rows_free(rows);
    }
    return code;
}

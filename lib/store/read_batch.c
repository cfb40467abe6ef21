/*
 * Reads that wait together share one round trip: the head (set-up version and time), then every
 * operation's statements, one sync. There is no transaction around them, each statement has its own
 * snapshot. Each is answered as soon as its rows are there.
 */
#include "store/store_internal.h"

/*
 * How a statement is planned. The lists of leads are written so that every plan of theirs is one
 * lookup a row. PostgreSQL, which takes a general plan for dear because it cannot know how few rows
 * are wanted, would make a new one each time: that costs more than to carry it out. Where the
 * commitments stand is the opposite: it reads much, and a plan of an hour ago may be one for tables
 * that were empty.
 */
enum plan_mode { PLAN_AUTO, PLAN_ONCE, PLAN_ANEW };
static const char *const plan_mode_names[] = {
    [PLAN_AUTO] = "auto",
    [PLAN_ONCE] = "force_generic_plan",
    [PLAN_ANEW] = "force_custom_plan",
};

static enum plan_mode plan_mode_of(const struct read_query *query)
{
    if (query->statement == STATEMENT_COMMITMENT_STATUS) {
        return PLAN_ANEW;
    }
    const bool is_leads = query->statement == STATEMENT_LEAD_NEWEST ||
                          query->statement == STATEMENT_LEAD_WORKING ||
                          query->statement == STATEMENT_LEAD_HOTTEST ||
                          query->statement == STATEMENT_LEAD_DUE;
    return is_leads ? PLAN_ONCE : PLAN_AUTO;
}

static enum err_code send_plan_mode(struct conn *conn, enum plan_mode mode, struct err *reterr)
{
    struct params params;
    params_init(&params);
    param_text(&params, str_from(plan_mode_names[mode]));
    const enum err_code code = conn_send(conn, STATEMENT_PLAN_MODE, &params, reterr);
    params_done(&params);
    return code;
}

/* Whether the plan mode has to change before `query`; *mode is what it is then. Each round trip
 * begins with PLAN_AUTO. */
static bool is_switching(const struct read_query *query, enum plan_mode *mode)
{
    const enum plan_mode wanted = plan_mode_of(query);
    const bool is_switched = wanted != *mode;
    *mode = wanted;
    return is_switched;
}

static enum err_code send_op(struct conn *conn, const struct read_op *op, enum plan_mode *mode,
                             struct err *reterr)
{
    enum err_code code = OK;
    for (size_t q = 0; q < op->query_count && code == OK; q++) {
        const struct read_query *query = &op->queries[q];
        code = is_switching(query, mode) ? send_plan_mode(conn, *mode, reterr) : OK;
        code = code == OK ? conn_send(conn, query->statement, &query->params, reterr) : code;
    }
    /* Else what is small would stay in the server's buffer until the last one's rows are there. */
    return code == OK ? conn_flush(conn, reterr) : code;
}

static enum err_code send_all(struct conn *conn, struct read_op *const ops[], size_t count,
                              struct err *reterr)
{
    enum err_code code = conn_send(conn, STATEMENT_HEAD, /* params= */ NULL, reterr);
    enum plan_mode mode = PLAN_AUTO;
    for (size_t i = 0; i < count && code == OK; i++) {
        code = send_op(conn, ops[i], &mode, reterr);
    }
    return code == OK ? conn_sync(conn, reterr) : code;
}

struct head {
    int64_t version; /* of the set-up */
    int64_t now_us;
};

static enum err_code receive_head(struct conn *conn, struct head *ret_head, struct err *reterr)
{
    struct rows *rows = NULL;
    enum err_code code = conn_result(conn, &rows, reterr);
    code = code != OK ? code : catalog_head_check(rows, reterr);
    if (code == OK) {
        *ret_head =
            (struct head){.version = row_bigint(rows, 0, 0), .now_us = row_time(rows, 0, 1)};
    }
    rows_free(rows);
    return code;
}

static enum err_code receive_op(struct conn *conn, struct read_op *op, enum plan_mode *mode,
                                struct err *reterr)
{
    enum err_code code = OK;
    for (size_t q = 0; q < op->query_count && code == OK; q++) {
        struct read_query *query = &op->queries[q];
        code = is_switching(query, mode) ? conn_result(conn, /* ret_rows= */ NULL, reterr) : OK;
        code = code == OK ? conn_result(conn, &query->rows, reterr) : code;
    }
    return code;
}

void read_op_free_rows(struct read_op *op)
{
    for (size_t q = 0; q < op->query_count; q++) {
        rows_free(op->queries[q].rows);
        op->queries[q].rows = NULL;
    }
}

void read_op_complete(struct read_op *op, const struct err *err)
{
    op->op.err = *err;
    if (op->op.finish != NULL) {
        op->op.finish(&op->op);
    }
    read_op_free_rows(op);
    op->op.done(&op->op);
}

static void complete(struct read_op *op, const struct head *head)
{
    const struct catalog *catalog = op->op.catalog;
    op->op.must_restart = catalog != NULL && catalog_version(catalog) < head->version;
    read_op_complete(op, &(struct err){.code = OK});
}

/* Reads an operation's rows and answers it while the database is at the next one's. When the set-up
 * has changed they all wait: who has to begin again must find the new one. */
static enum err_code receive_all(struct worker *worker, struct read_op *const ops[], size_t count,
                                 const struct head *head, size_t *ret_completed, struct err *reterr)
{
    const bool is_current = catalog_is_current(worker->store, head->version);
    enum plan_mode mode = PLAN_AUTO;
    enum err_code code = OK;
    for (size_t i = 0; i < count && code == OK; i++) {
        ops[i]->op.now_us = head->now_us;
        code = receive_op(worker->conn, ops[i], &mode, reterr);
        if (code == OK && is_current) {
            complete(ops[i], head);
            *ret_completed = i + 1;
        }
    }
    return code;
}

enum err_code read_batch_run(struct worker *worker, struct read_op *const ops[], size_t count,
                             struct attempt_state *state, struct err *reterr)
{
    struct conn *conn = worker->conn;
    struct head head;
    size_t completed = 0;
    enum err_code code = send_all(conn, ops, count, reterr);
    code = code == OK ? receive_head(conn, &head, reterr) : code;
    code = code == OK ? receive_all(worker, ops, count, &head, &completed, reterr) : code;
    state->done += completed;
    if (conn_is_open(conn)) {
        const enum err_code end = conn_end(conn, code == OK ? reterr : NULL);
        code = code == OK ? end : code;
    }
    if (completed == count) {
        return OK; /* what went wrong behind the last answer is the next batch's to find */
    }
    if (code == OK) {
        code = catalog_reload(worker->store, conn, reterr);
    }
    for (size_t i = completed; i < count; i++) {
        if (code == OK) {
            complete(ops[i], &head);
        } else {
            read_op_free_rows(ops[i]);
        }
    }
    return code;
}

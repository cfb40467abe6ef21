/*
 * Reads that wait together share one round trip: the head (set-up version and time), then every
 * operation's statements, one sync. There is no transaction around them, each statement has its own
 * snapshot.
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

/* A round trip's statements, in the order in which they are sent and answered. */
struct sequence {
    struct read_op *const *ops;
    size_t count;
    size_t op;
    size_t query;
    enum plan_mode mode; /* each round trip begins with PLAN_AUTO */
};

/* The next query; NULL at the end. *ret_is_switched: the plan mode has to change before it. */
static struct read_query *sequence_next(struct sequence *sequence, bool *ret_is_switched)
{
    while (sequence->op < sequence->count &&
           sequence->query == sequence->ops[sequence->op]->query_count) {
        sequence->op++;
        sequence->query = 0;
    }
    if (sequence->op == sequence->count) {
        return NULL;
    }
    struct read_query *query = &sequence->ops[sequence->op]->queries[sequence->query++];
    *ret_is_switched = plan_mode_of(query) != sequence->mode;
    sequence->mode = plan_mode_of(query);
    return query;
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

static enum err_code send_all(struct conn *conn, struct read_op *const ops[], size_t count,
                              struct err *reterr)
{
    enum err_code code = conn_send(conn, STATEMENT_HEAD, /* params= */ NULL, reterr);
    struct sequence sequence = {.ops = ops, .count = count};
    bool is_switched = false;
    struct read_query *query;
    while (code == OK && (query = sequence_next(&sequence, &is_switched)) != NULL) {
        code = is_switched ? send_plan_mode(conn, sequence.mode, reterr) : OK;
        code = code == OK ? conn_send(conn, query->statement, &query->params, reterr) : code;
    }
    return code == OK ? conn_sync(conn, reterr) : code;
}

static enum err_code receive_all(struct conn *conn, struct read_op *const ops[], size_t count,
                                 int64_t *ret_version, struct err *reterr)
{
    struct rows *head = NULL;
    enum err_code code = conn_result(conn, &head, reterr);
    code = code != OK ? code : catalog_head_check(head, reterr);
    int64_t now_us = 0;
    if (code == OK) {
        *ret_version = row_bigint(head, 0, 0);
        now_us = row_time(head, 0, 1);
    }
    rows_free(head);
    for (size_t i = 0; i < count; i++) {
        ops[i]->op.now_us = now_us;
    }
    struct sequence sequence = {.ops = ops, .count = count};
    bool is_switched = false;
    struct read_query *query;
    while (code == OK && (query = sequence_next(&sequence, &is_switched)) != NULL) {
        code = is_switched ? conn_result(conn, /* ret_rows= */ NULL, reterr) : OK;
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

enum err_code read_batch_run(struct worker *worker, struct read_op *const ops[], size_t count,
                             struct err *reterr)
{
    struct conn *conn = worker->conn;
    int64_t version = 0;
    enum err_code code = send_all(conn, ops, count, reterr);
    if (code == OK) {
        code = receive_all(conn, ops, count, &version, reterr);
    }
    if (conn_is_open(conn)) {
        const enum err_code end = conn_end(conn, code == OK ? reterr : NULL);
        code = code == OK ? end : code;
    }
    if (code == OK && !catalog_is_current(worker->store, version)) {
        code = catalog_reload(worker->store, conn, reterr);
    }
    if (code != OK) {
        for (size_t i = 0; i < count; i++) {
            read_op_free_rows(ops[i]);
        }
        return code;
    }
    const struct err ok = {.code = OK};
    for (size_t i = 0; i < count; i++) {
        const struct catalog *catalog = ops[i]->op.catalog;
        ops[i]->op.must_restart = catalog != NULL && catalog_version(catalog) < version;
        read_op_complete(ops[i], &ok);
    }
    return OK;
}

/*
 * Rows written by their keys, in one transaction that doing again changes nothing. With an
 * Idempotency-Key the first answer counts: it is looked up before and kept with the rows.
 */
#include "store/idempotency.h"
#include "store/store_internal.h"

struct upsert {
    struct worker *worker;
    struct read_op *op;
    struct input_result *results[1];
    struct idempotent answer;
    int64_t now_us;
};

static enum err_code begin(struct upsert *upsert, struct err *reterr)
{
    struct rows *head = NULL;
    enum err_code code =
        transaction_begin(upsert->worker->conn, STATEMENT_HEAD, /* params= */ NULL, &head, reterr);
    code = code != OK ? code : catalog_head_check(head, reterr);
    if (code == OK) {
        upsert->now_us = row_time(head, 0, 1);
    }
    rows_free(head);
    return code;
}

static enum err_code look_up_answer(struct upsert *upsert, struct err *reterr)
{
    struct params *params = &upsert->worker->params;
    struct rows *rows = NULL;
    (void)idempotency_lookup_params(params, &upsert->answer, 1);
    enum err_code code = transaction_go_on(upsert->worker->conn, STATEMENT_IDEMPOTENCY_EXISTING,
                                           params, &rows, reterr);
    code = code != OK ? code : idempotency_take(rows, &upsert->answer, 1, reterr);
    rows_free(rows);
    return code;
}

static enum err_code store_answer(struct upsert *upsert, struct err *reterr)
{
    struct params *params = &upsert->worker->params;
    const struct read_op *op = upsert->op;
    if (op->has_changed != NULL && !op->has_changed(op)) {
        return OK; /* a refusal: it may be asked for again */
    }
    return idempotency_insert_params(params, &upsert->answer, 1, upsert->now_us) == 0
               ? OK
               : transaction_go_on(upsert->worker->conn, STATEMENT_IDEMPOTENCY_INSERT, params,
                                   /* ret_rows= */ NULL, reterr);
}

static enum err_code write_rows(struct upsert *upsert, struct err *reterr)
{
    struct read_op *op = upsert->op;
    enum err_code code = OK;
    for (size_t q = 0; q < op->query_count && code == OK; q++) {
        code = transaction_go_on(upsert->worker->conn, op->queries[q].statement,
                                 &op->queries[q].params, &op->queries[q].rows, reterr);
    }
    return code;
}

enum err_code upsert_run(struct worker *worker, struct read_op *op, struct err *reterr)
{
    struct upsert upsert = {
        .worker = worker,
        .op = op,
        .results = {&op->result       },
        .answer = { .idempotency = op->idempotency, .result_count = 1},
    };
    upsert.answer.results = upsert.results;
    op->result = (struct input_result){.code = OK};
    const bool has_key = op->idempotency != NULL;
    enum err_code code = begin(&upsert, reterr);
    code = code != OK || !has_key ? code : look_up_answer(&upsert, reterr);
    if (code == OK && !(has_key && op->idempotency->is_replay)) {
        code = write_rows(&upsert, reterr);
        code = code != OK || !has_key ? code : store_answer(&upsert, reterr);
    }
    code = transaction_end(worker->conn, code, /* keep= */ true, reterr);
    if (code != OK) {
        read_op_free_rows(op);
        return code;
    }
    op->op.now_us = upsert.now_us;
    read_op_complete(op, &(struct err){.code = OK});
    return OK;
}

/* A transaction of few statements on one connection: begun with the first, ended either way. */
#include "store/store_internal.h"

enum err_code transaction_begin(struct conn *conn, enum statement statement,
                                const struct params *params, struct rows **ret_rows,
                                struct err *reterr)
{
    enum err_code code = conn_send(conn, STATEMENT_BEGIN, NULL, reterr);
    code = code != OK ? code : conn_send(conn, statement, params, reterr);
    code = code != OK ? code : conn_flush(conn, reterr);
    code = code != OK ? code : conn_result(conn, NULL, reterr);
    return code != OK ? code : conn_result(conn, ret_rows, reterr);
}

enum err_code transaction_go_on(struct conn *conn, enum statement statement,
                                const struct params *params, struct rows **ret_rows,
                                struct err *reterr)
{
    enum err_code code = conn_send(conn, statement, params, reterr);
    code = code != OK ? code : conn_flush(conn, reterr);
    return code != OK ? code : conn_result(conn, ret_rows, reterr);
}

enum err_code transaction_end(struct conn *conn, enum err_code code, bool keep, struct err *reterr)
{
    if (!conn_is_open(conn)) {
        return code;
    }
    if (code == OK) {
        code = conn_send(conn, keep ? STATEMENT_COMMIT : STATEMENT_ROLLBACK, NULL, reterr);
        code = code != OK ? code : conn_sync(conn, reterr);
        code = code != OK ? code : conn_result(conn, NULL, reterr);
    } else {
        conn_abandon(conn, /* is_synced= */ false);
        return code;
    }
    const enum err_code end = conn_is_open(conn) ? conn_end(conn, code == OK ? reterr : NULL)
                                                 : ERR_BUSY;
    return code == OK ? end : code;
}

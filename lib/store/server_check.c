/* Whether the database is one to trust with leads: its settings, its clock, its schema. */
#include "store/migrate.h"
#include "store/store_internal.h"

static enum err_code check_settings(const struct rows *rows, struct err *reterr)
{
    static const char *const settings[] = {"fsync", "synchronous_commit", "full_page_writes"};
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        const struct str value = row_text(rows, 0, i);
        if (str_is(value, "off") || str_is(value, "local")) {
            return err_set(
                reterr, ERR_STORE,
                "PostgreSQL runs with %s = %.*s: an acknowledged lead could be lost. Switch it "
                "on in postgresql.conf and restart PostgreSQL.",
                settings[i], STR_ARGS(value));
        }
    }
    return OK;
}

enum err_code store_check_server(struct conn *conn, struct err *reterr)
{
    struct rows *rows = NULL;
    enum err_code code = conn_run(conn, STATEMENT_SERVER_CHECK, NULL, &rows, reterr);
    if (code == OK) {
        code = check_settings(rows, reterr);
    }
#ifndef RELAIS_TEST_BUILD
    if (code == OK && row_bool(rows, 0, 3)) {
        code = err_set(
            reterr, ERR_STORE,
            "This database belongs to a test build: its clock can be moved. Use another one.");
    }
#endif
    if (code == OK && row_int(rows, 0, 4) != migrate_version()) {
        code = err_set(reterr, ERR_CONFLICT,
                       "The database's schema is version %d, this program needs %d. %s",
                       row_int(rows, 0, 4), migrate_version(),
                       row_int(rows, 0, 4) < migrate_version() ? "Run `relais migrate`."
                                                               : "Start the newer release.");
    }
    rows_free(rows);
    return code;
}

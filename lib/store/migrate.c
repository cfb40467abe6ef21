/*
 * The runner: one plain connection (the statements of the other connections do not exist yet), the
 * lock, then each missing file in a transaction of its own. A file is never changed once it was
 * released: its checksum in schema_migration tells.
 */
#include "store/migrate.h"

#include <libpq-fe.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/embedded_file.h"
#include "base/sha256.h"

extern const struct embedded_file migration_files[];
extern const size_t migration_files_count;

/* Any number, the same in every instance: "relais" in ASCII. */
static const char lock_statement[] = "SELECT pg_advisory_lock(126879270463859)";

static const char table_statement[] = "CREATE TABLE IF NOT EXISTS schema_migration ("
                                      "version integer PRIMARY KEY, name text NOT NULL, checksum "
                                      "text NOT NULL, applied_at timestamptz NOT NULL)";

#ifdef RELAIS_TEST_BUILD
/* Tests move the clock: every reader of the time sees the offset. A release refuses such a
 * database. */
static const char test_clock_statement[] =
    "CREATE TABLE IF NOT EXISTS test_clock (ahead interval NOT NULL);"
    "CREATE OR REPLACE FUNCTION relais_now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL "
    "SAFE AS "
    "$$ SELECT date_trunc('milliseconds', clock_timestamp() + coalesce((SELECT max(ahead) FROM "
    "test_clock), '0')) $$";
#endif

int migrate_version(void)
{
    return (int)migration_files_count;
}

static enum err_code failed(PGconn *conn, const char *doing, struct err *reterr)
{
    const struct str message = str_trim(str_from(PQerrorMessage(conn)));
    const struct str line = str_cut(&(struct str){message.data, message.len}, '\n');
    return err_set(reterr, ERR_STORE, "%s failed: %.*s", doing, STR_ARGS(line));
}

static enum err_code execute(PGconn *conn, const char *statement, const char *doing,
                             struct err *reterr)
{
    PGresult *result = PQexec(conn, statement);
    const ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? OK
                                                                   : failed(conn, doing, reterr);
}

static void checksum_of(const struct embedded_file *file, char out[static 2 * SHA256_BYTES + 1])
{
    const struct sha256 hash = sha256_of(embedded_file_text(file));
    (void)sha256_format(&hash, out);
}

static enum err_code apply(PGconn *conn, size_t index, struct err *reterr)
{
    const struct embedded_file *file = &migration_files[index];
    char checksum[2 * SHA256_BYTES + 1];
    checksum_of(file, checksum);
    char version[16];
    (void)snprintf(version, sizeof version, "%zu", index + 1);
    enum err_code code = execute(conn, "BEGIN", "Starting a transaction", reterr);
    code = code != OK ? code : execute(conn, file->data, file->name, reterr);
    if (code == OK) {
        const char *const values[] = {version, file->name, checksum};
        PGresult *result =
            PQexecParams(conn, "INSERT INTO schema_migration VALUES ($1, $2, $3, relais_now())", 3,
                         NULL, values, NULL, NULL, 0);
        code = PQresultStatus(result) == PGRES_COMMAND_OK ? OK : failed(conn, file->name, reterr);
        PQclear(result);
    }
    if (code == OK) {
        return execute(conn, "COMMIT", file->name, reterr);
    }
    struct err ignored;
    (void)execute(conn, "ROLLBACK", "Rolling back", &ignored);
    return code;
}

/* What is applied already must be ours, in order, and not more than we know. */
static enum err_code check_applied(PGconn *conn, int *ret_version, struct err *reterr)
{
    PGresult *result =
        PQexec(conn, "SELECT version, name, checksum FROM schema_migration ORDER BY version");
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        PQclear(result);
        return failed(conn, "Reading schema_migration", reterr);
    }
    const int count = PQntuples(result);
    enum err_code code = OK;
    if (count > migrate_version()) {
        code =
            err_set(reterr, ERR_CONFLICT,
                    "The database's schema (%d) is newer than this program's (%d). Start the newer "
                    "release again, or restore the backup made before its upgrade.",
                    count, migrate_version());
    }
    for (int i = 0; i < count && code == OK; i++) {
        char checksum[2 * SHA256_BYTES + 1];
        checksum_of(&migration_files[i], checksum);
        if (!str_is(str_from(PQgetvalue(result, i, 2)), checksum)) {
            code = err_set(
                reterr, ERR_CONFLICT,
                "Migration %s of the database is not the one of this program: it comes from "
                "another build. Use the release that made this database, or a new one.",
                PQgetvalue(result, i, 1));
        }
    }
    PQclear(result);
    *ret_version = count;
    return code;
}

static enum err_code migrate_locked(PGconn *conn, struct migrate_report *report, struct err *reterr)
{
    enum err_code code = execute(conn, table_statement, "Creating schema_migration", reterr);
    code = code != OK ? code : check_applied(conn, &report->from_version, reterr);
    report->to_version = report->from_version;
    for (int i = report->from_version; i < migrate_version() && code == OK; i++) {
        code = apply(conn, (size_t)i, reterr);
        report->to_version = code == OK ? i + 1 : i;
    }
#ifdef RELAIS_TEST_BUILD
    code = code != OK ? code
                      : execute(conn, test_clock_statement, "Installing the tests' clock", reterr);
#endif
    return code;
}

enum err_code migrate(const char *database_url, struct migrate_report *ret_report,
                      struct err *reterr)
{
    struct migrate_report report = {0};
    const char *const keywords[] = {"dbname", "options", "application_name", "connect_timeout",
                                    NULL};
    const char *const values[] = {database_url, "-c TimeZone=UTC -c client_min_messages=warning",
                                  "relais migrate", "10", NULL};
    PGconn *conn = PQconnectdbParams(keywords, values, /* expand_dbname= */ 1);
    if (PQstatus(conn) != CONNECTION_OK) {
        const struct str message = str_trim(str_from(PQerrorMessage(conn)));
        (void)err_set(reterr, ERR_BUSY, "Cannot reach the database: %.*s", STR_ARGS(message));
        PQfinish(conn);
        return ERR_BUSY;
    }
    enum err_code code = execute(conn, lock_statement, "Waiting for other migrations", reterr);
    code = code != OK ? code : migrate_locked(conn, &report, reterr);
    PQfinish(conn); /* gives the lock back */
    if (ret_report != NULL) {
        *ret_report = report;
    }
    return code;
}

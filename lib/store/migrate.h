/*
 * Migrations: the files 0001_….sql … built into the program, applied in order, one transaction
 * each, under an advisory lock, with a checksum of each kept in schema_migration. Forward only.
 */
#pragma once

#include "base/err.h"

struct migrate_report {
    int from_version;
    int to_version;
};

/*
 * Brings the database to this program's version; safe when several instances do it at once.
 * ERR_CONFLICT: the database is newer than the program, or a migration applied there differs from
 * ours; nothing changed. `ret_report` may be NULL.
 */
enum err_code migrate(const char *database_url, struct migrate_report *ret_report,
                      struct err *reterr) MUSTCHECK;

/* The version this program brings. */
int migrate_version(void);

#include "store/sqlstate.h"

#include "base/str.h"

/* First match wins; a two-letter entry is a whole class (PostgreSQL manual, appendix A). */
static const struct {
    const char *sqlstate;
    enum err_code code;
    const char *detail;
} table[] = {
    {"40001", ERR_CONFLICT, "Serialization failure."                                                },
    {"40P01", ERR_CONFLICT, "Deadlock."                                                             },
    {"23505", ERR_CONFLICT, "Somebody else inserted this first."                                    },
    {"57P",   ERR_BUSY,     "The database is shutting down."                                        },
    {"57014", ERR_TIMEOUT,  "The statement took too long."                                          },
    {"55P03", ERR_BUSY,     "A lock was not to be had in time."                                     },
    {"25006", ERR_BUSY,     "The database is read-only now."                                        },
    {"08",    ERR_BUSY,     "The connection failed."                                                },
    {"53200", ERR_BUSY,     "The database is out of memory, or of room for locks (`relais doctor`)."},
    {"53",    ERR_BUSY,     "The database is out of resources."                                     },
    {"58",    ERR_BUSY,     "The database's system failed."                                         },
    {"42P01", ERR_STORE,    "A table is missing."                                                   },
    {"22",    ERR_REFUSED,  "The database refused a value."                                         },
    {"23",    ERR_REFUSED,  "A constraint does not hold."                                           },
    {"42",    ERR_STORE,    "The database refused a statement."                                     },
    {"54",    ERR_REFUSED,  "A value is too large for the database."                                },
    {"P0001", ERR_REFUSED,  "A trigger of the database refused it."                                 },
};

enum err_code sqlstate_to_err(const char *sqlstate, struct err *reterr)
{
    if (sqlstate == NULL) {
        return err_set(reterr, ERR_BUSY, "The connection to the database was lost.");
    }
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (str_starts_with(str_from(sqlstate), table[i].sqlstate)) {
            return err_set(reterr, table[i].code, "%s (SQLSTATE %s)", table[i].detail, sqlstate);
        }
    }
    return err_set(reterr, ERR_STORE, "The database failed (SQLSTATE %s).", sqlstate);
}

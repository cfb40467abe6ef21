/*
 * How a failure of the world travels: a code for the program and a sentence for the user.
 *
 * Programmer errors are asserts; everything that can happen in a correct program is one of these
 * codes. Two tables translate them, and only two: SQLSTATE to err (lib/store/sqlstate.c) and err to
 * an HTTP status (server/problem.c).
 */
#pragma once

#include "base/base.h"

enum err_code {
    OK = 0,
    ERR_INVALID,         /* the input breaks a rule; the detail says which */
    ERR_MALFORMED,       /* the input is not even what it claims to be (not JSON, bad framing) */
    ERR_UNAUTHENTICATED, /* no key, or an unknown one */
    ERR_FORBIDDEN,       /* the key lacks the scope */
    ERR_NOT_FOUND,
    ERR_METHOD,      /* the path exists, the method on it does not */
    ERR_CONFLICT,    /* the present state does not allow it */
    ERR_GONE,        /* it was there once (feed positions) */
    ERR_STALE,       /* If-Match names an older version */
    ERR_TOO_LARGE,   /* a limit on size */
    ERR_UNSUPPORTED, /* media type */
    ERR_LIMITED,     /* rate limit */
    ERR_BUSY,        /* a queue is full or the database is away: try again */
    ERR_TIMEOUT,     /* our own deadline passed */
    ERR_STORE,       /* the database refused something that it should have taken */
    ERR_REFUSED,     /* the same of a row: a value, or a constraint; others may be fine */
    ERR_NOMEM,
    ERR_BUG, /* an invariant of ours does not hold */
    ERR_COUNT_
};

enum { ERR_DETAIL_BYTES_MAX = 320 };

struct err {
    enum err_code code;
    char
        detail[ERR_DETAIL_BYTES_MAX]; /* one English sentence; never SQL, never an e-mail address */
};

/* The code's name in lower case ("not_found"). Static. */
const char *err_name(enum err_code code);

/* Fills `reterr` (which may be NULL) and returns `code`, so that `return err_set(…)` reads well. */
enum err_code err_set(struct err *reterr, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

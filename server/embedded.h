/*
 * The private PostgreSQL of a `relais` that was given no DATABASE_URL.
 *
 * It lives below the data directory DIR and is reached over a Unix socket there and nowhere else:
 *
 *     DIR/postgres.log        what PostgreSQL writes
 *     DIR/postgres/           0700, the account that runs PostgreSQL; also holds the socket
 *     DIR/postgres/data/      the cluster
 *     DIR/postgres/…conf      written anew at each start; DIR/postgres/local.conf is yours:
 * settings in it win
 *
 * PostgreSQL never runs as root: started by root it runs as the account that owns DIR/postgres, at
 * first `relais` if there is such an account, else `postgres`. It has its own session, so that
 * Ctrl-C reaches only us, and it outlives us when we are killed: the next process finds it and goes
 * on with it. Several processes may use one data directory (a second server, `relais key create`
 * beside a running one): each holds a shared lock, and whoever lets go last stops PostgreSQL. A
 * lock dies with its process, so a killed process never keeps PostgreSQL from being stopped, and
 * nobody stops it under another's feet.
 *
 * Not here: connecting. This module runs the programs that come with PostgreSQL and knows no SQL
 * but the two statements that make the role and the database.
 *
 * Linux only (/proc, pidfd). Not thread-safe: one thread at a time uses a struct embedded.
 */
#pragma once

#include "base/base.h"
#include "base/err.h"

struct embedded;

/*
 * Uses the PostgreSQL of `data_dir`: makes directory and cluster when there are none (about 2 s),
 * goes on with a running one, starts it when it is down, and returns when it takes connections.
 * `pg_bin` is the folder of initdb and postgres; NULL: the version that made the cluster, else the
 * newest, in /usr/lib/postgresql, else what PATH gives.
 *
 * ERR_INVALID: something the user can put right (directory, permissions, missing programs, disk
 * full); the detail says how. ERR_TIMEOUT: it does not come up, or another process has been
 * starting it for too long. ERR_STORE: PostgreSQL refused; the detail quotes its last word and
 * names the log. Also ERR_NOMEM. The caller ends it with embedded_free.
 */
enum err_code embedded_start(const char *data_dir, const char *pg_bin, struct embedded **ret,
                             struct err *reterr) MUSTCHECK;
/* The same for a command that must not make a database by mistyping a directory: without a cluster
 * ERR_NOT_FOUND, and nothing is written. */
enum err_code embedded_open(const char *data_dir, const char *pg_bin, struct embedded **ret,
                            struct err *reterr) MUSTCHECK;

/*
 * A libpq URL of the database, valid until embedded_free, and only in this process: where the data
 * directory's path is too long for a socket address, it leads through an open descriptor
 * (/proc/self/fd/…). The role owns the database and is no superuser.
 */
const char *embedded_url(const struct embedded *embedded);

/* Starts PostgreSQL again if it is gone (killed, crashed); cheap when it is not: two system calls.
 * For a server that lost its connections. Errors as embedded_start. */
enum err_code embedded_revive(struct embedded *embedded, struct err *reterr) MUSTCHECK;

/* Lets go of it: stops PostgreSQL (fast shutdown) and waits at most 30 s, unless another process
 * uses it. Close all connections first. May be called twice, takes NULL; the URL stays readable. */
void embedded_stop(struct embedded *embedded);
/* embedded_stop, and frees. Takes NULL. */
void embedded_free(struct embedded *embedded);

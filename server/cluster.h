/*
 * The mechanics of one private PostgreSQL cluster: its programs, its files, its server process. Who
 * may start and stop it, and when, is embedded.c's business: everything here that changes something
 * is called behind embedded's turnstile.
 *
 * Programs run through program.h as the account `runs`. They reach DIR/postgres as
 * PROGRAM_GIVEN_PATH.
 */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "program.h"

enum {
    CLUSTER_ACCOUNT_BYTES_MAX = 64, /* Linux: 32 */
    CLUSTER_PATH_BYTES_MAX = 4096,
};

#define CLUSTER_SOCKET_NAME      ".s.PGSQL.5432"
#define CLUSTER_START_TIMEOUT_US INT64_C(180000000) /* a crash recovery reads up to 1 GB of WAL */

struct account {
    uid_t uid;
    gid_t gid;
    char name[CLUSTER_ACCOUNT_BYTES_MAX];
};

struct cluster {
    struct arena *arena;
    const char *dir;     /* DIR, absolute */
    const char *bin_dir; /* initdb, postgres, pg_isready: after cluster_find_programs */
    struct account self; /* who we are */
    struct account runs; /* who runs PostgreSQL; never root */
    int dir_fd;          /* DIR */
    int home_fd;         /* DIR/postgres */
    pid_t child;         /* the postmaster, if we started it and it has not been reaped; else 0 */
};

enum cluster_state { CLUSTER_GONE, CLUSTER_STARTING, CLUSTER_READY, CLUSTER_STOPPING };

struct postmaster {
    enum cluster_state state;
    pid_t pid;            /* what postmaster.pid says, also when gone; 0: no such file */
    bool pid_is_stranger; /* gone, but its number now belongs to a process that is not PostgreSQL */
};

/* ---- cluster_make.c ---- */

bool cluster_exists(const struct cluster *cluster);
/* Sets bin_dir. `pg_bin` as in embedded.h. */
enum err_code cluster_find_programs(struct cluster *cluster, const char *pg_bin,
                                    struct err *reterr) MUSTCHECK;
/* initdb, the role and the database, all or nothing. */
enum err_code cluster_make(struct cluster *cluster, struct err *reterr) MUSTCHECK;
/* postgresql.conf, pg_hba.conf, pg_ident.conf. */
enum err_code cluster_write_confs(const struct cluster *cluster, struct err *reterr) MUSTCHECK;

/* ---- cluster.c ---- */

/* Which postmaster runs in this cluster, as far as this machine can tell? Reaps our own. */
struct postmaster cluster_postmaster(struct cluster *cluster);
/* Does a PostgreSQL take connections on the cluster's socket? */
bool cluster_answers(struct cluster *cluster);
/* Starts a postmaster where none is and returns when it takes connections. ERR_TIMEOUT leaves it
 * running. ERR_BUSY: processes of a postmaster that was killed have not ended yet, try again. */
enum err_code cluster_launch(struct cluster *cluster, int64_t deadline_us,
                             struct err *reterr) MUSTCHECK;
/* Fast shutdown; returns when it is gone or the deadline has passed. */
void cluster_stop(struct cluster *cluster, int64_t deadline_us);

/* DIR/postgres.log to append to. Too long a log is put aside first. */
enum err_code cluster_open_log(const struct cluster *cluster, int *ret_fd,
                               struct err *reterr) MUSTCHECK;
off_t cluster_log_end(int log_fd);
/* The first complaint logged since `from`, with what to do about it, in `reterr`; its code, or OK
 * when there is none. */
enum err_code cluster_quote_log(const struct cluster *cluster, int log_fd, off_t from,
                                struct err *reterr);

/* ---- both ---- */

/* A program of ours, by name, as `runs`, with DIR/postgres given. `output_fd` -1: nowhere. */
struct program cluster_program(const struct cluster *cluster, const char *const *argv,
                               int output_fd, int given_fd);
/* "bin_dir/name" into `out`. Returns out. */
const char *cluster_program_path(const struct cluster *cluster, const char *name,
                                 char out[static CLUSTER_PATH_BYTES_MAX]);
/* An open description of DIR/postgres of its own: a program that outlives us must not keep the lock
 * that lies on home_fd's. */
enum err_code cluster_open_given(const struct cluster *cluster, int *ret_fd,
                                 struct err *reterr) MUSTCHECK;
/* "cannot WHAT PATH: …" from errno, with what the user can do about it. ERR_INVALID. */
enum err_code cluster_fail_errno(struct err *reterr, const char *what, const char *path);
/* Closes unless -1, leaves -1, keeps errno. */
void cluster_close(int *fd);

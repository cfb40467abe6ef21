/*
 * Runs another program: fork and exec without a shell, in a session of its own, with an environment
 * and descriptors that are spelled out. For the programs that come with PostgreSQL (embedded.c).
 *
 * Between fork and exec only async-signal-safe calls are made, so a process with threads may use
 * it.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"
#include "base/err.h"

/* Descriptors are -1 where there is none: /dev/null, or nothing for `given_fd`. */
struct program {
    const char *const *argv; /* argv[0] is an absolute path; ends with NULL */
    bool changes_account;    /* drop root for uid and gid, with no other groups */
    uid_t uid;
    gid_t gid;
    int input_fd;
    int output_fd;     /* standard output and standard error */
    int given_fd;      /* the program finds it as PROGRAM_GIVEN_FD */
    bool dies_with_us; /* killed when the thread that started it ends */
};

/* PROGRAM_GIVEN_PATH leads to the directory behind given_fd even where the program's account may
 * not enter the directories above it. */
enum { PROGRAM_GIVEN_FD = 3 };
#define PROGRAM_GIVEN_PATH "/proc/self/fd/3"

/* Returns when the program runs, or ERR_INVALID with what kept it from running. */
enum err_code program_start(const struct program *program, pid_t *ret_pid,
                            struct err *reterr) MUSTCHECK;

/* Has the child ended? Reaps it; a child that somebody else reaped has ended with status -1. The
 * status is waitpid's. */
bool program_has_ended(pid_t pid, int *ret_status);

/* Runs a program to its end: OK only when it exits with 0. ERR_TIMEOUT (killed then) after
 * `timeout_us`; ERR_STORE when it fails, the detail says how. */
enum err_code program_run(const struct program *program, int64_t timeout_us,
                          struct err *reterr) MUSTCHECK;

#include "cluster.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum {
    PID_FILE_BYTES_MAX = 4096,
    LOG_BYTES_MAX = 16 * 1024 * 1024, /* at start a longer log becomes postgres.log.1 */
    LOG_TAIL_BYTES_MAX = 16 * 1024,   /* how much of it is searched for the complaint */
    COMPLAINT_BYTES_MAX = 160,
    POLL_MS = 10,
    PID_FILE_STATUS_LINE = 8, /* of postmaster.pid, from 1: starting, stopping, ready */
};

#define ANSWER_TIMEOUT_US (5 * US_PER_SECOND)

/* ---- for both files ---- */

enum err_code cluster_fail_errno(struct err *reterr, const char *what, const char *path)
{
    int error = errno;
    const char *advice = "";
    if (error == ENOSPC || error == EDQUOT) {
        advice = "; free some space there";
    } else if (error == EACCES || error == EPERM) {
        advice = "; choose another --data-dir or run as the account that owns it";
    } else if (error == EROFS) {
        advice = "; choose a --data-dir that can be written";
    }
    return err_set(reterr, ERR_INVALID, "cannot %s %s: %s%s", what, path, strerrordesc_np(error),
                   advice);
}

void cluster_close(int *fd)
{
    int error = errno;
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
    errno = error;
}

struct program cluster_program(const struct cluster *cluster, const char *const *argv,
                               int output_fd, int given_fd)
{
    return (struct program){
        .argv = argv,
        .changes_account = cluster->runs.uid != geteuid(),
        .uid = cluster->runs.uid,
        .gid = cluster->runs.gid,
        .input_fd = -1,
        .output_fd = output_fd,
        .given_fd = given_fd,
    };
}

const char *cluster_program_path(const struct cluster *cluster, const char *name,
                                 char out[static CLUSTER_PATH_BYTES_MAX])
{
    int len = snprintf(out, CLUSTER_PATH_BYTES_MAX, "%s/%s", cluster->bin_dir, name);
    assert(len > 0 && len < CLUSTER_PATH_BYTES_MAX); /* it was found there */
    return out;
}

/* Another open description of DIR/postgres: a program that outlives us must not hold our lock. */
enum err_code cluster_open_given(const struct cluster *cluster, int *ret_fd, struct err *reterr)
{
    *ret_fd = openat(cluster->home_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd >= 0
               ? OK
               : cluster_fail_errno(reterr, "open the directory postgres in", cluster->dir);
}

/* ---- the log ---- */

/* Opened by us, since PostgreSQL's account need not be able to write in DIR, but owned by that
 * account, which may be the one that starts us next. A log that has grown long is put aside, so
 * that two of them bound the space. */
enum err_code cluster_open_log(const struct cluster *cluster, int *ret_fd, struct err *reterr)
{
    int flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    struct stat old;
    if (fstatat(cluster->dir_fd, "postgres.log", &old, AT_SYMLINK_NOFOLLOW) == 0 &&
        old.st_size > LOG_BYTES_MAX &&
        renameat(cluster->dir_fd, "postgres.log", cluster->dir_fd, "postgres.log.1") != 0) {
        return cluster_fail_errno(reterr, "put aside postgres.log in", cluster->dir);
    }
    int fd = openat(cluster->dir_fd, "postgres.log", flags, 0600);
    struct stat log;
    if (fd < 0 || fstat(fd, &log) != 0) {
        cluster_close(&fd);
        return cluster_fail_errno(reterr, "open postgres.log in", cluster->dir);
    }
    if (!S_ISREG(log.st_mode) || log.st_nlink > 1) {
        cluster_close(&fd);
        return err_set(reterr, ERR_INVALID, "%s/postgres.log is not a file of its own",
                       cluster->dir);
    }
    if (log.st_uid != cluster->runs.uid && geteuid() == 0 &&
        fchown(fd, cluster->runs.uid, cluster->runs.gid) != 0) {
        cluster_close(&fd);
        return cluster_fail_errno(reterr, "give away postgres.log in", cluster->dir);
    }
    *ret_fd = fd;
    return OK;
}

off_t cluster_log_end(int log_fd)
{
    struct stat log;
    return fstat(log_fd, &log) == 0 ? log.st_size : 0;
}

static bool is_complaint(struct str line)
{
    static const char *const marks[] = {"FATAL:", "PANIC:", "ERROR:", "error:"};
    for (size_t i = 0; line.len > 0 && i < ARRAY_LEN(marks); i++) {
        if (memmem(line.data, line.len, marks[i], strlen(marks[i])) != NULL) {
            return true;
        }
    }
    return false;
}

/* The first line since `from` that says what is wrong (what follows it is its consequence), without
 * time stamp and process number. False: no such line. */
static bool find_complaint(int log_fd, off_t from, char ret[static COMPLAINT_BYTES_MAX])
{
    char tail[LOG_TAIL_BYTES_MAX];
    ssize_t len = pread(log_fd, tail, sizeof tail, from);
    struct str rest = len > 0 ? str_slice(tail, (size_t)len) : (struct str){.data = NULL};
    while (rest.data != NULL) {
        struct str line = str_cut(&rest, '\n');
        if (!is_complaint(line)) {
            continue;
        }
        const char *bracket = memmem(line.data, line.len, "] ", 2);
        struct str text = bracket != NULL
                              ? str_slice(bracket + 2, line.len - (size_t)(bracket + 2 - line.data))
                              : line;
        snprintf(ret, COMPLAINT_BYTES_MAX, "%.*s", STR_ARGS(text));
        return true;
    }
    return false;
}

struct advice {
    const char *mark;
    enum err_code code;
    const char *text;
};

/* What a complaint means and what the user can do about it. */
static const struct advice *advice_for(const char *complaint)
{
    static const struct advice advices[] = {
        {"No space left on device",    ERR_INVALID, "free some space on its file system"             },
        {"wrote only",                 ERR_INVALID, "free some space on its file system"             },
        {"Disk quota exceeded",        ERR_INVALID, "free some space on its file system"             },
        {"Permission denied",          ERR_INVALID, "the account that runs it must own DIR/postgres" },
        {"wrong ownership",            ERR_INVALID, "the account that runs it must own DIR/postgres" },
        {"Cannot allocate memory",     ERR_INVALID, "lower shared_buffers in DIR/postgres/local.conf"},
        {"could not map anonymous",    ERR_INVALID, "lower shared_buffers in DIR/postgres/local.conf"},
        {"could not resize shared",    ERR_INVALID, "give /dev/shm more room"                        },
        {"not compatible with",        ERR_INVALID, "install the PostgreSQL that made the cluster"   },
        {"invalid locale name",        ERR_INVALID, "the system lacks the locale C.UTF-8"            },
        {"configuration",              ERR_INVALID, "correct DIR/postgres/local.conf"                },
        {"pre-existing shared memory", ERR_BUSY,    "processes of a killed server still end"         },
        {"",                           ERR_STORE,   "see the log"                                    },
    };
    size_t i = 0;
    while (strstr(complaint, advices[i].mark) == NULL) {
        i++; /* the last one matches everything */
    }
    return &advices[i];
}

enum err_code cluster_quote_log(const struct cluster *cluster, int log_fd, off_t from,
                                struct err *reterr)
{
    char complaint[COMPLAINT_BYTES_MAX];
    if (!find_complaint(log_fd, from, complaint)) {
        return OK;
    }
    const struct advice *advice = advice_for(complaint);
    return err_set(reterr, advice->code, "PostgreSQL: %s (%s; %s/postgres.log)", complaint,
                   advice->text, cluster->dir);
}

/* ---- the postmaster ---- */

/* Reads postmaster.pid: its first line into pid, and what its status line says. */
static enum cluster_state read_pid_file(const struct cluster *cluster, pid_t *ret_pid)
{
    char text[PID_FILE_BYTES_MAX];
    *ret_pid = 0;
    int fd = openat(cluster->home_fd, "data/postmaster.pid",
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return CLUSTER_GONE;
    }
    ssize_t len = read(fd, text, sizeof text);
    close(fd);
    struct str rest = str_slice(text, len > 0 ? (size_t)len : 0);
    int64_t pid = 0;
    struct str status = STR_LITERAL("");
    for (int line = 1; rest.data != NULL && line <= PID_FILE_STATUS_LINE; line++) {
        struct str words = str_trim(str_cut(&rest, '\n'));
        if (line == 1 && (!str_to_int64(words, &pid) || pid < 0 || pid > INT32_MAX)) {
            return CLUSTER_GONE;
        }
        if (line == PID_FILE_STATUS_LINE) {
            status = words;
        }
    }
    *ret_pid = (pid_t)pid;
    if (str_is(status, "ready")) {
        return CLUSTER_READY;
    }
    return str_is(status, "stopping") ? CLUSTER_STOPPING : CLUSTER_STARTING;
}

/* postgres enters its data directory at start and never leaves it. False for a process that is
 * gone, dead but not reaped, or not ours to look at. */
static bool is_at_home(const struct cluster *cluster, pid_t pid)
{
    char path[64];
    struct stat stands_in;
    struct stat data;
    snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
    return stat(path, &stands_in) == 0 &&
           fstatat(cluster->home_fd, "data", &data, AT_SYMLINK_NOFOLLOW) == 0 &&
           data.st_dev == stands_in.st_dev && data.st_ino == stands_in.st_ino;
}

struct postmaster cluster_postmaster(struct cluster *cluster)
{
    int status = 0;
    if (cluster->child != 0 && program_has_ended(cluster->child, &status)) {
        cluster->child = 0;
    }
    struct postmaster found = {.state = CLUSTER_GONE};
    enum cluster_state says = read_pid_file(cluster, &found.pid);
    if (found.pid == 0) {
        return found;
    }
    if (is_at_home(cluster, found.pid)) {
        found.state = says;
    } else {
        /* EPERM, somebody else's process, does not mislead postgres: it is not of its account. */
        found.pid_is_stranger = kill(found.pid, 0) == 0;
    }
    return found;
}

/* Does a PostgreSQL take connections on our socket? */
bool cluster_answers(struct cluster *cluster)
{
    if (faccessat(cluster->home_fd, CLUSTER_SOCKET_NAME, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    char path[CLUSTER_PATH_BYTES_MAX];
    const char *argv[] = {cluster_program_path(cluster, "pg_isready", path),
                          "--quiet",
                          "--timeout=3",
                          "--host=" PROGRAM_GIVEN_PATH,
                          "--port=5432",
                          "--dbname=relais",
                          "--username=relais",
                          NULL};
    struct err ignored;
    int given_fd = -1;
    if (cluster_open_given(cluster, &given_fd, &ignored) != OK) {
        return false;
    }
    struct program pg_isready = cluster_program(cluster, argv, /* output_fd= */ -1, given_fd);
    bool is_ready = program_run(&pg_isready, ANSWER_TIMEOUT_US, &ignored) == OK;
    cluster_close(&given_fd);
    return is_ready;
}

static enum err_code launch(struct cluster *cluster, int log_fd, struct err *reterr)
{
    char path[CLUSTER_PATH_BYTES_MAX];
    const char *argv[] = {cluster_program_path(cluster, "postgres", path),
                          "-D",
                          PROGRAM_GIVEN_PATH "/data",
                          "-c",
                          "config_file=" PROGRAM_GIVEN_PATH "/postgresql.conf",
                          NULL};
    int given_fd = -1;
    enum err_code code = cluster_write_confs(cluster, reterr);
    if (code == OK) {
        code = cluster_open_given(cluster, &given_fd, reterr);
    }
    if (code == OK) {
        struct program postgres = cluster_program(cluster, argv, log_fd, given_fd);
        code = program_start(&postgres, &cluster->child, reterr);
    }
    cluster_close(&given_fd);
    return code;
}

/* Waits for the postmaster we launched. */
static enum err_code await_launched(struct cluster *cluster, int log_fd, off_t from,
                                    int64_t deadline_us, struct err *reterr)
{
    while (clock_monotonic_us() < deadline_us) {
        struct postmaster found = cluster_postmaster(cluster);
        if (cluster->child == 0) {
            enum err_code code = cluster_quote_log(cluster, log_fd, from, reterr);
            return code != OK ? code
                              : err_set(reterr, ERR_STORE,
                                        "PostgreSQL ended while starting, see %s/postgres.log",
                                        cluster->dir);
        }
        if (found.state == CLUSTER_READY && cluster_answers(cluster)) {
            return OK;
        }
        poll(NULL, 0, POLL_MS);
    }
    return err_set(
        reterr, ERR_TIMEOUT,
        "PostgreSQL does not come up within %d s (it may be recovering; it goes on), see "
        "%s/postgres.log",
        (int)(CLUSTER_START_TIMEOUT_US / US_PER_SECOND), cluster->dir);
}

enum err_code cluster_launch(struct cluster *cluster, int64_t deadline_us, struct err *reterr)
{
    int log_fd = -1;
    enum err_code code = cluster_open_log(cluster, &log_fd, reterr);
    if (code != OK) {
        return code;
    }
    off_t from = cluster_log_end(log_fd);
    code = launch(cluster, log_fd, reterr);
    if (code == OK) {
        code = await_launched(cluster, log_fd, from, deadline_us, reterr);
    }
    cluster_close(&log_fd);
    return code;
}

/* SIGINT is PostgreSQL's fast shutdown: it ends its connections and writes a checkpoint. */
void cluster_stop(struct cluster *cluster, int64_t deadline_us)
{
    struct postmaster found = cluster_postmaster(cluster);
    if (found.state == CLUSTER_GONE) {
        return;
    }
    kill(found.pid, SIGINT);
    /* Not only until postmaster.pid is gone: the process goes a moment later. */
    while (clock_monotonic_us() < deadline_us &&
           (cluster_postmaster(cluster).state != CLUSTER_GONE || is_at_home(cluster, found.pid))) {
        poll(NULL, 0, POLL_MS);
    }
}

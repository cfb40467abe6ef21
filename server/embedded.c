/*
 * Who may do what, and why nothing goes wrong in between.
 *
 * Two advisory locks (flock) lie on two directories, so there are no lock files to own or to
 * forget:
 *
 *   DIR            the turnstile, exclusive, held only while the state changes: while somebody
 * makes the cluster, starts PostgreSQL, joins or leaves. DIR/postgres   shared, held by every
 * process that uses PostgreSQL for as long as it does.
 *
 * Joining: through the turnstile, see that PostgreSQL runs, take the shared lock. Leaving: through
 * the turnstile, try for the exclusive lock; who gets it is alone and stops PostgreSQL. Because
 * both happen behind the turnstile, nobody joins a PostgreSQL that is being stopped. The kernel
 * drops the locks of a killed process, whatever else happens.
 *
 * Is PostgreSQL running? Its postmaster.pid names a process; it is ours only if that process stands
 * in our data directory (/proc/PID/cwd, which postgres enters at start and never leaves), so a
 * number that was given to another process since does not mislead us. From another pid namespace
 * (a container beside us on the same volume) the process cannot be seen, so an answer on the socket
 * comes first.
 *
 * The server's socket directory is given as "..", relative to its data directory, because a
 * socket's address holds only 107 bytes. Clients with a longer path go through /proc/self/fd. The
 * same detour lets an account work in a directory whose parents it may not enter (root's own, say).
 *
 * The cluster is made beside its place (data.new) and renamed when it is whole: a crash halfway
 * leaves something that the next start removes, never half a cluster.
 */
#include "embedded.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"
#include "cluster.h"

#define JOIN_TIMEOUT_US (CLUSTER_START_TIMEOUT_US + INT64_C(60) * US_PER_SECOND)
#define STOP_TIMEOUT_US (INT64_C(30) * US_PER_SECOND)

enum {
    ARENA_BYTES_MAX = 256 * 1024,
    PASSWD_BYTES_MAX = 16 * 1024,
    URL_BYTES_MAX = 4 * CLUSTER_PATH_BYTES_MAX, /* percent-encoding makes three bytes of one */
    POLL_MS = 10,
};

/* cluster.dir_fd carries the turnstile, cluster.home_fd the shared lock; -1 after embedded_stop. */
struct embedded {
    struct arena arena;
    struct cluster cluster;
    const char *url;
};

static bool is_root(void)
{
    return geteuid() == 0;
}

/* Waits for the lock at most until the deadline. False when it passed. */
static bool lock_until(int fd, int64_t deadline_us)
{
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (clock_monotonic_us() >= deadline_us) {
            return false;
        }
        poll(NULL, 0, POLL_MS);
    }
    return true;
}

/* ---- accounts ---- */

/* By name, or by uid when `name` is NULL. */
static bool find_account(const char *name, uid_t uid, struct account *ret)
{
    char text[PASSWD_BYTES_MAX];
    struct passwd entry;
    struct passwd *found = NULL;
    int error = name != NULL ? getpwnam_r(name, &entry, text, sizeof text, &found)
                             : getpwuid_r(uid, &entry, text, sizeof text, &found);
    if (error != 0 || found == NULL || strlen(entry.pw_name) >= sizeof ret->name) {
        return false;
    }
    *ret = (struct account){.uid = entry.pw_uid, .gid = entry.pw_gid};
    memcpy(ret->name, entry.pw_name, strlen(entry.pw_name) + 1);
    return true;
}

static enum err_code require_account(uid_t uid, struct account *ret, struct err *reterr)
{
    if (find_account(/* name= */ NULL, uid, ret)) {
        return OK;
    }
    return err_set(reterr, ERR_INVALID,
                   "user id %u has no entry in /etc/passwd, which PostgreSQL needs; run as a user "
                   "that has one, or set DATABASE_URL",
                   (unsigned)uid);
}

/* The owner of what is there already goes on running it. */
static enum err_code choose_account(struct cluster *cluster, struct err *reterr)
{
    enum err_code code = require_account(geteuid(), &cluster->self, reterr);
    if (code != OK) {
        return code;
    }
    struct stat home;
    bool has_home = fstatat(cluster->dir_fd, "postgres", &home, AT_SYMLINK_NOFOLLOW) == 0;
    if (!is_root()) {
        cluster->runs = cluster->self;
        if (has_home && home.st_uid != cluster->self.uid) {
            return err_set(reterr, ERR_INVALID,
                           "%s/postgres belongs to user id %u; run as that user or as root, or "
                           "choose another --data-dir",
                           cluster->dir, (unsigned)home.st_uid);
        }
        return OK;
    }
    struct stat dir;
    if (has_home && home.st_uid != 0) {
        return require_account(home.st_uid, &cluster->runs, reterr);
    }
    if (fstat(cluster->dir_fd, &dir) == 0 && dir.st_uid != 0) {
        return require_account(dir.st_uid, &cluster->runs, reterr);
    }
    if (find_account("relais", 0, &cluster->runs) || find_account("postgres", 0, &cluster->runs)) {
        return OK;
    }
    return err_set(reterr, ERR_INVALID,
                   "PostgreSQL does not run as root and there is neither a user relais nor "
                   "postgres; make one with: adduser --system --group relais");
}

/* ---- directories ---- */

/* mkdir -p, mode 0700 for what is new. */
static enum err_code make_directories(const char *path, struct err *reterr)
{
    char part[CLUSTER_PATH_BYTES_MAX];
    size_t len = strlen(path);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return cluster_fail_errno(reterr, "make the directory", part);
        }
    }
    return OK;
}

static enum err_code open_dir(struct cluster *cluster, const char *path, struct err *reterr)
{
    cluster->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cluster->dir_fd < 0) {
        return cluster_fail_errno(reterr, "open the data directory", path);
    }
    char resolved[PATH_MAX];
    if (realpath(path, resolved) == NULL) {
        return cluster_fail_errno(reterr, "resolve the path of the data directory", path);
    }
    cluster->dir = arena_strdup(cluster->arena, resolved);
    return cluster->dir != NULL ? OK : err_set(reterr, ERR_NOMEM, "out of memory");
}

/* DIR/postgres. A symbolic link in its place is refused: root would follow it. */
static enum err_code open_home(struct cluster *cluster, struct err *reterr)
{
    const struct account *runs = &cluster->runs;
    if (mkdirat(cluster->dir_fd, "postgres", 0700) != 0 && errno != EEXIST) {
        return cluster_fail_errno(reterr, "make the directory postgres in", cluster->dir);
    }
    cluster->home_fd =
        openat(cluster->dir_fd, "postgres", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (cluster->home_fd < 0) {
        return cluster_fail_errno(reterr, "open the directory postgres in", cluster->dir);
    }
    struct stat home;
    if (fstat(cluster->home_fd, &home) != 0) {
        return cluster_fail_errno(reterr, "look at the directory postgres in", cluster->dir);
    }
    /* Not only when it is new: a crash between mkdir and fchown leaves it to root. */
    if (home.st_uid != runs->uid && fchown(cluster->home_fd, runs->uid, runs->gid) != 0) {
        return cluster_fail_errno(reterr, "give away the directory postgres in", cluster->dir);
    }
    return OK;
}

/* ---- running ---- */

/* postgres refuses to start while the number in an old postmaster.pid belongs to a process of its
 * account: after a reboot, in a new container, or where nobody reaps the dead one, it easily does.
 * We know better: that process does not stand in the data directory. The other guard of postgres,
 * the shared memory of orphaned backends, does not need the files. */
static enum err_code remove_stale_files(const struct cluster *cluster,
                                        const struct postmaster *found, struct err *reterr)
{
    if (!found->pid_is_stranger) {
        return OK;
    }
    bool is_alone = flock(cluster->home_fd, LOCK_EX | LOCK_NB) == 0;
    bool is_shared = flock(cluster->home_fd, LOCK_SH | LOCK_NB) == 0;
    if (!is_shared) {
        return cluster_fail_errno(reterr, "lock", cluster->dir);
    }
    static const char *const names[] = {"data/postmaster.pid", CLUSTER_SOCKET_NAME ".lock"};
    for (size_t i = 0; is_alone && i < ARRAY_LEN(names); i++) {
        if (unlinkat(cluster->home_fd, names[i], 0) != 0 && errno != ENOENT) {
            return cluster_fail_errno(reterr, "remove stale lock files in", cluster->dir);
        }
    }
    return OK; /* not alone: there may be more to know, let postgres decide */
}

/* Behind the turnstile: when it returns OK, PostgreSQL takes connections. */
static enum err_code ensure_running(struct cluster *cluster, struct err *reterr)
{
    int64_t deadline_us = clock_monotonic_us() + CLUSTER_START_TIMEOUT_US;
    while (clock_monotonic_us() < deadline_us) {
        struct postmaster found = cluster_postmaster(cluster);
        bool may_answer = found.state == CLUSTER_READY || found.state == CLUSTER_GONE;
        if (may_answer && cluster_answers(cluster)) {
            return OK;
        }
        if (found.state == CLUSTER_GONE) {
            enum err_code code = remove_stale_files(cluster, &found, reterr);
            if (code == OK) {
                code = cluster_launch(cluster, deadline_us, reterr);
            }
            if (code != ERR_BUSY) {
                return code;
            }
        }
        poll(NULL, 0, POLL_MS); /* somebody's, on its way up or down */
    }
    return err_set(reterr, ERR_TIMEOUT,
                   "the PostgreSQL that runs in %s takes no connections, see %s/postgres.log",
                   cluster->dir, cluster->dir);
}

/* ---- the public face ---- */

static void append_percent_encoded(struct buf *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
        if (is_plain) {
            buf_append_char(out, (char)byte);
        } else {
            buf_printf(out, "%%%02X", byte);
        }
    }
}

static enum err_code make_url(struct embedded *embedded, struct err *reterr)
{
    const struct cluster *cluster = &embedded->cluster;
    char host[CLUSTER_PATH_BYTES_MAX];
    int len = snprintf(host, sizeof host, "%s/postgres", cluster->dir);
    size_t room_bytes = sizeof((struct sockaddr_un *)0)->sun_path - sizeof "/" CLUSTER_SOCKET_NAME;
    if (len < 0 || (size_t)len > room_bytes) {
        snprintf(host, sizeof host, "/proc/self/fd/%d", cluster->home_fd);
    }
    CLEANUP(buf_done) struct buf url;
    buf_init(&url, URL_BYTES_MAX);
    buf_append_text(&url, "postgresql://relais@/relais?host=");
    append_percent_encoded(&url, host);
    buf_append_text(&url, "&port=5432&requirepeer=");
    append_percent_encoded(&url, cluster->runs.name);
    embedded->url = url.failed ? NULL : arena_strdup(&embedded->arena, buf_str(&url).data);
    return embedded->url != NULL ? OK : err_set(reterr, ERR_NOMEM, "out of memory");
}

static enum err_code pass_turnstile(const struct cluster *cluster, struct err *reterr)
{
    if (lock_until(cluster->dir_fd, clock_monotonic_us() + JOIN_TIMEOUT_US)) {
        return OK;
    }
    return err_set(reterr, ERR_TIMEOUT,
                   "another process has been starting the PostgreSQL of %s for %d s", cluster->dir,
                   (int)(JOIN_TIMEOUT_US / US_PER_SECOND));
}

static void leave_turnstile(const struct cluster *cluster)
{
    flock(cluster->dir_fd, LOCK_UN);
}

/* Behind the turnstile: from an open DIR to a PostgreSQL that we hold. */
static enum err_code join(struct cluster *cluster, const char *pg_bin, struct err *reterr)
{
    enum err_code code = choose_account(cluster, reterr);
    if (code == OK) {
        code = cluster_find_programs(cluster, pg_bin, reterr);
    }
    if (code == OK) {
        code = open_home(cluster, reterr);
    }
    if (code == OK && !cluster_exists(cluster)) {
        code = cluster_make(cluster, reterr);
    }
    if (code == OK && flock(cluster->home_fd, LOCK_SH | LOCK_NB) != 0) {
        code = cluster_fail_errno(reterr, "lock", cluster->dir); /* no file locks there? */
    }
    return code == OK ? ensure_running(cluster, reterr) : code;
}

/* For a command that must not make one. Where we may not look, opening DIR will say so. */
static enum err_code require_cluster(const char *data_dir, struct err *reterr)
{
    char path[CLUSTER_PATH_BYTES_MAX];
    int len = snprintf(path, sizeof path, "%s/postgres", data_dir);
    if ((len > 0 && (size_t)len < sizeof path && access(path, F_OK) == 0) || errno == EACCES) {
        return OK;
    }
    return err_set(reterr, ERR_NOT_FOUND,
                   "there is no database in %s; name its directory with --data-dir, or make one "
                   "with: relais serve --data-dir %s",
                   data_dir, data_dir);
}

static enum err_code open_at(const char *data_dir, bool may_create, const char *pg_bin,
                             struct embedded *embedded, struct err *reterr)
{
    struct cluster *cluster = &embedded->cluster;
    if (data_dir[0] == '\0' || strlen(data_dir) >= CLUSTER_PATH_BYTES_MAX) {
        return err_set(reterr, ERR_INVALID, "the data directory's path is empty or too long");
    }
    enum err_code code = may_create ? make_directories(data_dir, reterr)
                                    : require_cluster(data_dir, reterr);
    if (code == OK) {
        code = open_dir(cluster, data_dir, reterr);
    }
    if (code == OK) {
        code = pass_turnstile(cluster, reterr);
    }
    if (code == OK) {
        code = join(cluster, pg_bin, reterr);
        leave_turnstile(cluster);
    }
    return code == OK ? make_url(embedded, reterr) : code;
}

/* Closing drops the locks. */
static void let_go(struct cluster *cluster)
{
    cluster_close(&cluster->home_fd);
    cluster_close(&cluster->dir_fd);
}

static enum err_code open_embedded(const char *data_dir, bool may_create, const char *pg_bin,
                                   struct embedded **ret, struct err *reterr)
{
    struct embedded *embedded = mem_alloc(sizeof *embedded);
    if (embedded == NULL) {
        return err_set(reterr, ERR_NOMEM, "out of memory");
    }
    arena_init(&embedded->arena, ARENA_BYTES_MAX);
    embedded->cluster = (struct cluster){.arena = &embedded->arena, .dir_fd = -1, .home_fd = -1};
    enum err_code code = open_at(data_dir, may_create, pg_bin, embedded, reterr);
    if (code != OK) {
        let_go(&embedded->cluster); /* a PostgreSQL that is still recovering shall get on with it */
        embedded_free(embedded);
        return code;
    }
    *ret = embedded;
    return OK;
}

enum err_code embedded_start(const char *data_dir, const char *pg_bin, struct embedded **ret,
                             struct err *reterr)
{
    return open_embedded(data_dir, /* may_create= */ true, pg_bin, ret, reterr);
}

enum err_code embedded_open(const char *data_dir, const char *pg_bin, struct embedded **ret,
                            struct err *reterr)
{
    return open_embedded(data_dir, /* may_create= */ false, pg_bin, ret, reterr);
}

const char *embedded_url(const struct embedded *embedded)
{
    return embedded->url;
}

enum err_code embedded_revive(struct embedded *embedded, struct err *reterr)
{
    struct cluster *cluster = &embedded->cluster;
    assert(cluster->home_fd >= 0);
    if (cluster_postmaster(cluster).state == CLUSTER_READY) {
        return OK;
    }
    enum err_code code = pass_turnstile(cluster, reterr);
    if (code == OK) {
        code = ensure_running(cluster, reterr);
        leave_turnstile(cluster);
    }
    return code;
}

void embedded_stop(struct embedded *embedded)
{
    if (embedded == NULL || embedded->cluster.home_fd < 0) {
        return;
    }
    struct cluster *cluster = &embedded->cluster;
    int64_t deadline_us = clock_monotonic_us() + STOP_TIMEOUT_US;
    /* Whoever holds the turnstile for that long is on its way in and will stop it after us. */
    if (lock_until(cluster->dir_fd, deadline_us) &&
        flock(cluster->home_fd, LOCK_EX | LOCK_NB) == 0) {
        cluster_stop(cluster, deadline_us);
    }
    let_go(cluster);
}

void embedded_free(struct embedded *embedded)
{
    if (embedded == NULL) {
        return;
    }
    embedded_stop(embedded);
    arena_done(&embedded->arena);
    mem_free(embedded);
}

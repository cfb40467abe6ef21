/* Finding PostgreSQL's programs, making a cluster whole or not at all, and its settings. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "cluster.h"
#include "machine_memory.h"

enum {
    CONF_BYTES_MAX = 16 * 1024,
    VERSION_MIN = 15,
    /* Of the memory there is, PostgreSQL's own cache takes this part, within these bounds: the
     * file system's cache does the rest, and others live on the machine too. */
    CACHE_PART = 8,
    CACHE_MIB_MIN = 128,
    CACHE_MIB_MAX = 1024,
};

#define DEBIAN_FOLDER   "/usr/lib/postgresql"
#define TOOL_TIMEOUT_US (INT64_C(120) * US_PER_SECOND)

/* ---- the programs ---- */

static bool is_program(const char *folder, const char *name)
{
    char path[CLUSTER_PATH_BYTES_MAX];
    int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    return len > 0 && (size_t)len < sizeof path && access(path, X_OK) == 0;
}

static bool is_bin_dir(const char *folder)
{
    return is_program(folder, "initdb") && is_program(folder, "postgres") &&
           is_program(folder, "pg_isready");
}

bool cluster_exists(const struct cluster *cluster)
{
    return faccessat(cluster->home_fd, "data/PG_VERSION", F_OK, 0) == 0;
}

/* The major version that made the cluster, 0 when there is none. */
static int64_t cluster_version(const struct cluster *cluster)
{
    char text[32] = "";
    int fd = openat(cluster->dir_fd, "postgres/data/PG_VERSION", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return 0;
    }
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    int64_t version = 0;
    bool is_number = len > 0 && str_to_int64(str_trim(str_slice(text, (size_t)len)), &version);
    return is_number ? version : 0;
}

/* The folder of this version, or of the newest when it is 0. NULL: none. */
static const char *find_in_debian_folder(struct cluster *cluster, int64_t wanted)
{
    DIR *folder = opendir(DEBIAN_FOLDER);
    const char *best = NULL;
    int64_t best_version = VERSION_MIN - 1;
    struct dirent *entry = NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        int64_t version = 0;
        if (!str_to_int64(str_from(entry->d_name), &version) || version <= best_version ||
            (wanted != 0 && version != wanted)) {
            continue;
        }
        char path[CLUSTER_PATH_BYTES_MAX];
        snprintf(path, sizeof path, "%s/%s/bin", DEBIAN_FOLDER, entry->d_name);
        if (is_bin_dir(path)) {
            best = arena_strdup(cluster->arena, path);
            best_version = version;
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return best;
}

static const char *find_in_path(struct cluster *cluster)
{
    struct str rest = str_from(getenv("PATH"));
    while (rest.data != NULL) {
        struct str folder = str_cut(&rest, ':');
        if (folder.len == 0 || folder.data[0] != '/' || folder.len >= CLUSTER_PATH_BYTES_MAX) {
            continue;
        }
        struct str copy = arena_str(cluster->arena, folder);
        if (copy.data != NULL && is_bin_dir(copy.data)) {
            return copy.data;
        }
    }
    return NULL;
}

enum err_code cluster_find_programs(struct cluster *cluster, const char *pg_bin, struct err *reterr)
{
    if (pg_bin != NULL) {
        cluster->bin_dir = arena_strdup(cluster->arena, pg_bin);
        if (cluster->bin_dir != NULL && pg_bin[0] == '/' && is_bin_dir(pg_bin)) {
            return OK;
        }
        return err_set(reterr, ERR_INVALID,
                       "%s is not the absolute path of a folder with initdb, postgres and "
                       "pg_isready; correct RELAIS_PG_BIN",
                       pg_bin);
    }
    int64_t wanted = cluster_version(cluster);
    cluster->bin_dir = find_in_debian_folder(cluster, wanted);
    if (cluster->bin_dir == NULL) {
        cluster->bin_dir = find_in_path(cluster);
    }
    if (cluster->bin_dir != NULL) {
        return OK;
    }
    if (wanted != 0) {
        return err_set(reterr, ERR_INVALID,
                       "the cluster in %s was made by PostgreSQL %d, which is not installed: "
                       "apt install postgresql-%d",
                       cluster->dir, (int)wanted, (int)wanted);
    }
    return err_set(reterr, ERR_INVALID,
                   "PostgreSQL is not installed: apt install postgresql-15, or name its programs' "
                   "folder in RELAIS_PG_BIN, or an existing database in DATABASE_URL");
}

/* ---- making the cluster ---- */

static enum err_code run_initdb(struct cluster *cluster, int given_fd, int log_fd,
                                struct err *reterr)
{
    char path[CLUSTER_PATH_BYTES_MAX];
    const char *argv[] = {cluster_program_path(cluster, "initdb", path),
                          "--pgdata=" PROGRAM_GIVEN_PATH "/data.new",
                          "--encoding=UTF8",
                          "--locale=C.UTF-8",
                          "--username=postgres",
                          "--auth=peer",
                          "--data-checksums",
                          "--no-instructions",
                          NULL};
    struct program initdb = cluster_program(cluster, argv, log_fd, given_fd);
    initdb.dies_with_us = true;
    return program_run(&initdb, TOOL_TIMEOUT_US, reterr);
}

/* A server that is not there yet cannot be asked: postgres alone reads statements, one a line. */
static enum err_code make_database(struct cluster *cluster, int given_fd, int log_fd,
                                   struct err *reterr)
{
    static const char statements[] = "CREATE ROLE relais LOGIN;\n"
                                     "CREATE DATABASE relais OWNER relais;\n";
    char path[CLUSTER_PATH_BYTES_MAX];
    const char *argv[] = {cluster_program_path(cluster, "postgres", path),
                          "--single",
                          "-D",
                          PROGRAM_GIVEN_PATH "/data.new",
                          "-c",
                          "log_checkpoints=off",
                          "postgres",
                          NULL};
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return cluster_fail_errno(reterr, "make a pipe for", argv[0]);
    }
    /* It fits a pipe's buffer, so writing first does not block. */
    ssize_t written = write(pipe_fds[1], statements, sizeof statements - 1);
    close(pipe_fds[1]);
    struct program postgres = cluster_program(cluster, argv, log_fd, given_fd);
    postgres.input_fd = pipe_fds[0];
    postgres.dies_with_us = true;
    enum err_code code = written == (ssize_t)sizeof statements - 1
                             ? program_run(&postgres, TOOL_TIMEOUT_US, reterr)
                             : err_set(reterr, ERR_INVALID, "cannot write to a pipe");
    close(pipe_fds[0]);
    return code;
}

static enum err_code remove_unfinished(const struct cluster *cluster, int given_fd,
                                       struct err *reterr)
{
    if (faccessat(cluster->home_fd, "data.new", F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
        return OK;
    }
    static const char *const argv[] = {"/bin/rm", "-rf", "--", PROGRAM_GIVEN_PATH "/data.new",
                                       NULL};
    struct program rm = cluster_program(cluster, argv, /* output_fd= */ -1, given_fd);
    return program_run(&rm, TOOL_TIMEOUT_US, reterr);
}

enum err_code cluster_make(struct cluster *cluster, struct err *reterr)
{
    int log_fd = -1;
    int given_fd = -1;
    enum err_code code = cluster_open_log(cluster, &log_fd, reterr);
    if (code == OK) {
        code = cluster_open_given(cluster, &given_fd, reterr);
    }
    if (code == OK) {
        code = remove_unfinished(cluster, given_fd, reterr);
    }
    off_t from = cluster_log_end(log_fd);
    if (code == OK) {
        code = run_initdb(cluster, given_fd, log_fd, reterr);
    }
    if (code == OK) {
        code = make_database(cluster, given_fd, log_fd, reterr);
    }
    /* postgres --single exits with 0 whatever its statements did, so its words count too. */
    enum err_code said = log_fd >= 0 ? cluster_quote_log(cluster, log_fd, from, reterr) : OK;
    code = said != OK ? said : code;
    if (code == OK && (renameat(cluster->home_fd, "data.new", cluster->home_fd, "data") != 0 ||
                       fsync(cluster->home_fd) != 0)) {
        code = cluster_fail_errno(reterr, "put the new cluster into its place in", cluster->dir);
    }
    cluster_close(&given_fd);
    cluster_close(&log_fd);
    return code;
}

/* ---- configuration files ---- */

static const char main_conf[] =
    "# Written by relais at each start. Put your own settings into local.conf beside this file.\n"
    "listen_addresses = ''\n"
    "unix_socket_directories = '..'\n"
    "unix_socket_permissions = 0700\n"
    "port = 5432\n"
    "max_connections = 50\n"
    "superuser_reserved_connections = 3\n"
    "# Who changes contacts holds a lock for each, lists of a thousand a thousand.\n"
    "max_locks_per_transaction = 256\n"
    "\n"
    "# An acknowledged submission is on disk.\n"
    "fsync = on\n"
    "synchronous_commit = on\n"
    "full_page_writes = on\n"
    "\n"
    "work_mem = 8MB\n"
    "maintenance_work_mem = 64MB\n"
    "max_wal_size = 1GB\n"
    "checkpoint_timeout = 15min\n"
    "checkpoint_completion_target = 0.9\n"
    "random_page_cost = 1.1\n"
    "jit = off\n"
    "timezone = 'UTC'\n"
    "\n"
    "# No personal data in the log: neither statements nor the rows that a message would quote.\n"
    "log_timezone = 'UTC'\n"
    "log_line_prefix = '%m [%p] '\n"
    "log_statement = 'none'\n"
    "log_min_error_statement = panic\n"
    "log_error_verbosity = terse\n"
    "log_checkpoints = off\n"
    "log_autovacuum_min_duration = -1\n"
    "\n"
    "hba_file = '" PROGRAM_GIVEN_PATH "/pg_hba.conf'\n"
    "ident_file = '" PROGRAM_GIVEN_PATH "/pg_ident.conf'\n";

static const char hba_conf[] = "# Written by relais at each start.\n"
                               "local all         all peer map=relais\n"
                               "local replication all peer map=relais\n";

/* Replaces DIR/postgres/NAME at once, for the account that runs PostgreSQL to read. */
static enum err_code write_conf(const struct cluster *cluster, const char *name, struct str text,
                                struct err *reterr)
{
    char path[CLUSTER_PATH_BYTES_MAX];
    snprintf(path, sizeof path, "%s/postgres/%s", cluster->dir, name);
    unlinkat(cluster->home_fd, "conf.new", 0);
    int fd = openat(cluster->home_fd, "conf.new",
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return cluster_fail_errno(reterr, "write", path);
    }
    bool is_written = write(fd, text.data, text.len) == (ssize_t)text.len && fsync(fd) == 0 &&
                      (geteuid() != 0 || fchown(fd, cluster->runs.uid, cluster->runs.gid) == 0) &&
                      renameat(cluster->home_fd, "conf.new", cluster->home_fd, name) == 0;
    enum err_code code = is_written ? OK : cluster_fail_errno(reterr, "write", path);
    close(fd);
    return code;
}

/* Who may connect: we, the account that runs it and root, as the application or as superuser. */
static void write_ident_lines(struct buf *out, const struct cluster *cluster)
{
    const char *names[] = {"root", cluster->runs.name, cluster->self.name};
    buf_append_text(out, "# Written by relais at each start.\n");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        bool is_repeated = false;
        for (size_t before = 0; before < i; before++) {
            is_repeated = is_repeated || strcmp(names[before], names[i]) == 0;
        }
        if (!is_repeated) {
            buf_printf(out, "relais \"%s\" relais\nrelais \"%s\" postgres\n", names[i], names[i]);
        }
    }
}

/* Whether this PostgreSQL was built with LZ4: asked as it would be told. */
static bool has_lz4(const struct cluster *cluster)
{
    char path[CLUSTER_PATH_BYTES_MAX];
    const char *argv[] = {cluster_program_path(cluster, "postgres", path),
                          "-D",
                          PROGRAM_GIVEN_PATH "/data",
                          "-c",
                          "wal_compression=lz4",
                          "-C",
                          "wal_compression",
                          NULL};
    struct err ignored;
    int given_fd = -1;
    if (cluster_open_given(cluster, &given_fd, &ignored) != OK) {
        return false;
    }
    struct program postgres = cluster_program(cluster, argv, /* output_fd= */ -1, given_fd);
    const bool has_lz4 = program_run(&postgres, TOOL_TIMEOUT_US, &ignored) == OK;
    cluster_close(&given_fd);
    return has_lz4;
}

/* What depends on the machine and on how PostgreSQL was built. */
static void write_measured_settings(struct buf *out, const struct cluster *cluster)
{
    const uint64_t part_mib = machine_memory_bytes() / CACHE_PART / (1024 * 1024);
    const uint64_t least = part_mib > CACHE_MIB_MIN ? part_mib : CACHE_MIB_MIN;
    const unsigned cache_mib = (unsigned)(least < CACHE_MIB_MAX ? least : CACHE_MIB_MAX);
    buf_printf(out,
               "\n# By this machine's memory, and whether this PostgreSQL knows LZ4.\n"
               "shared_buffers = %uMB\n"
               "effective_cache_size = %uMB\n",
               cache_mib, 4 * cache_mib);
    /* After a checkpoint the first change of a page logs the whole page: with an import into many
     * contacts that is most of the log. */
    if (has_lz4(cluster)) {
        buf_append_text(out, "wal_compression = lz4\n");
    }
}

enum err_code cluster_write_confs(const struct cluster *cluster, struct err *reterr)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, CONF_BYTES_MAX);
    buf_append_text(&text, main_conf);
    write_measured_settings(&text, cluster);
    if (faccessat(cluster->home_fd, "local.conf", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        buf_append_text(&text, "include = 'local.conf'\n");
    }
    CLEANUP(buf_done) struct buf ident;
    buf_init(&ident, CONF_BYTES_MAX);
    write_ident_lines(&ident, cluster);
    if (text.failed || ident.failed) {
        return err_set(reterr, ERR_NOMEM, "out of memory");
    }
    enum err_code code = write_conf(cluster, "postgresql.conf", buf_str(&text), reterr);
    if (code == OK) {
        code = write_conf(cluster, "pg_hba.conf", str_from(hba_conf), reterr);
    }
    if (code == OK) {
        code = write_conf(cluster, "pg_ident.conf", buf_str(&ident), reterr);
    }
    return code;
}

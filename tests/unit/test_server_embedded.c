/*
 * The embedded PostgreSQL, with a real one: made once and whole, shared, stopped by the last user
 * only, found again after kill -9 of us or of it, and clear words when it cannot run. Skipped where
 * PostgreSQL is not installed.
 */
#include "testing_directory.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "embedded.h"
#include "program.h"

enum { PATH_BYTES = 512, WAIT_MS = 10 };

#define WAIT_US (INT64_C(20) * US_PER_SECOND)

/* A directory for all tests, and in it one cluster that most of them share. */
struct place {
    char root[TESTING_PATH_BYTES];
    char data_dir[PATH_BYTES / 2];
    char pid_file[PATH_BYTES];
};

static void remove_tree(const char *path)
{
    const char *argv[] = {"/bin/rm", "-rf", "--", path, NULL};
    struct program rm = {.argv = argv, .input_fd = -1, .output_fd = -1, .given_fd = -1};
    struct err err;
    assert_int_equal(program_run(&rm, WAIT_US, &err), OK);
}

static pid_t postmaster_pid(const struct place *place)
{
    FILE *file = fopen(place->pid_file, "r");
    int pid = 0;
    if (file != NULL) {
        assert_int_equal(fscanf(file, "%d", &pid), 1);
        fclose(file);
    }
    return pid;
}

/* Running, that is neither gone nor dead and waiting for somebody to notice. */
static bool is_running(pid_t pid)
{
    char path[64];
    char state = 'Z';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
    fclose(file);
    return state != 'Z';
}

static void await_end(pid_t pid)
{
    int64_t deadline_us = clock_monotonic_us() + WAIT_US;
    while (is_running(pid)) {
        assert_true(clock_monotonic_us() < deadline_us);
        poll(NULL, 0, WAIT_MS);
    }
}

static struct embedded *start(const char *data_dir)
{
    struct embedded *embedded = NULL;
    struct err err;
    enum err_code code = embedded_start(data_dir, /* pg_bin= */ NULL, &embedded, &err);
    if (code != OK) {
        fail_msg("%s: %s", err_name(code), err.detail);
    }
    return embedded;
}

static void assert_fails(const char *data_dir, const char *pg_bin, enum err_code expected,
                         const char *part)
{
    struct embedded *embedded = NULL;
    struct err err = {.detail = ""};
    enum err_code code = embedded_start(data_dir, pg_bin, &embedded, &err);
    assert_null(embedded);
    if (code != expected || strstr(err.detail, part) == NULL) {
        fail_msg("%s (%s), expected %s with \"%s\"", err_name(code), err.detail, err_name(expected),
                 part);
    }
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

/* Another process that uses the cluster until it is killed; returns when it does. */
static pid_t start_in_child(const char *data_dir)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct embedded *embedded = NULL;
        struct err err;
        bool is_ok = embedded_start(data_dir, /* pg_bin= */ NULL, &embedded, &err) == OK;
        if (write(fds[1], is_ok ? "y" : "n", 1) == 1) {
            for (;;) {
                pause();
            }
        }
        _exit(1);
    }
    char answer = '?';
    close(fds[1]);
    assert_int_equal(read(fds[0], &answer, 1), 1);
    assert_int_equal(answer, 'y');
    close(fds[0]);
    return pid;
}

static void kill_hard(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_open_makes_nothing(void **state)
{
    const struct place *place = *state;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/typo", place->root);
    struct embedded *embedded = NULL;
    struct err err;
    assert_int_equal(embedded_open(path, /* pg_bin= */ NULL, &embedded, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.detail, path));
    assert_int_equal(access(path, F_OK), -1);
}

static void test_first_start_and_stop(void **state)
{
    const struct place *place = *state;
    struct embedded *embedded = start(place->data_dir);
    pid_t pid = postmaster_pid(place);
    assert_true(is_running(pid));
    assert_int_equal(getsid(pid), pid); /* Ctrl-C in our terminal does not reach it */

    char path[PATH_BYTES];
    struct stat process;
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    assert_int_equal(stat(path, &process), 0);
    assert_int_not_equal(process.st_uid, 0);
    struct stat home;
    snprintf(path, sizeof path, "%s/postgres", place->data_dir);
    assert_int_equal(stat(path, &home), 0);
    assert_int_equal(home.st_mode & 0777, 0700);
    assert_int_equal(home.st_uid, process.st_uid);

    assert_true(strncmp(embedded_url(embedded), "postgresql://relais@/relais?host=%2F", 35) == 0);
    embedded_stop(embedded);
    await_end(pid); /* its file goes a moment before it does */
    assert_int_equal(postmaster_pid(place), 0);
    embedded_stop(embedded);
    assert_non_null(embedded_url(embedded));
    embedded_free(embedded);
    embedded_free(NULL);
    embedded_stop(NULL);
}

static void test_only_the_last_user_stops_it(void **state)
{
    const struct place *place = *state;
    pid_t child = start_in_child(place->data_dir);
    pid_t pid = postmaster_pid(place);
    struct embedded *embedded = start(place->data_dir);
    assert_int_equal(postmaster_pid(place), pid);
    embedded_free(embedded);
    assert_true(is_running(pid)); /* the child uses it */

    struct err err;
    assert_int_equal(embedded_open(place->data_dir, /* pg_bin= */ NULL, &embedded, &err), OK);
    kill_hard(child);
    assert_true(is_running(pid));
    embedded_free(embedded);
    await_end(pid);
}

static void test_it_outlives_a_killed_user(void **state)
{
    const struct place *place = *state;
    pid_t child = start_in_child(place->data_dir);
    pid_t pid = postmaster_pid(place);
    kill_hard(child);
    assert_true(is_running(pid));
    struct embedded *embedded = start(place->data_dir);
    assert_int_equal(postmaster_pid(place), pid);
    embedded_free(embedded);
    await_end(pid);
}

static void test_revive(void **state)
{
    const struct place *place = *state;
    struct embedded *embedded = start(place->data_dir);
    struct err err;
    pid_t pid = postmaster_pid(place);
    assert_int_equal(embedded_revive(embedded, &err), OK);
    assert_int_equal(postmaster_pid(place), pid);
    assert_int_equal(kill(pid, SIGKILL), 0);
    await_end(pid);
    if (embedded_revive(embedded, &err) != OK) {
        fail_msg("%s", err.detail);
    }
    assert_int_not_equal(postmaster_pid(place), pid);
    assert_true(is_running(postmaster_pid(place)));
    embedded_free(embedded);
}

/* After a reboot the number in an old postmaster.pid may belong to anybody, also to a process of
 * the same account, and postgres alone would refuse to start. */
static void test_a_strangers_pid(void **state)
{
    const struct place *place = *state;
    pid_t child = start_in_child(place->data_dir);
    pid_t pid = postmaster_pid(place);
    kill_hard(child);
    char text[4096] = "";
    FILE *file = fopen(place->pid_file, "r");
    assert_non_null(file);
    const char *line_end = NULL;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    assert_true(len > 0 && (line_end = strchr(text, '\n')) != NULL);
    assert_int_equal(kill(pid, SIGKILL), 0);
    await_end(pid);

    char changed[sizeof text + 32];
    snprintf(changed, sizeof changed, "%d%s", (int)getpid(), line_end);
    write_text(place->pid_file, changed);
    struct embedded *embedded = start(place->data_dir);
    assert_int_not_equal(postmaster_pid(place), getpid());
    embedded_free(embedded);
}

static void test_many_first_starts_at_once(void **state)
{
    const struct place *place = *state;
    char path[PATH_BYTES / 2];
    snprintf(path, sizeof path, "%s/many", place->root);
    enum { CHILDREN = 4 };
    pid_t children[CHILDREN];
    for (size_t i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            struct embedded *embedded = NULL;
            struct err err;
            enum err_code code = embedded_start(path, /* pg_bin= */ NULL, &embedded, &err);
            embedded_free(embedded);
            _exit(code == OK ? 0 : 1);
        }
    }
    for (size_t i = 0; i < CHILDREN; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    struct place many = *place;
    snprintf(many.pid_file, sizeof many.pid_file, "%s/postgres/data/postmaster.pid", path);
    assert_int_equal(postmaster_pid(&many), 0);
}

/* A socket's address holds 107 bytes; what an initdb that was cut short left is no hindrance. */
static void test_a_long_path_and_leftovers(void **state)
{
    const struct place *place = *state;
    char path[PATH_BYTES];
    char leftover[PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/%0100d/%050d", place->root, 1, 2);
    struct embedded *embedded = NULL;
    struct err err;
    assert_int_equal(embedded_open(path, /* pg_bin= */ NULL, &embedded, &err), ERR_NOT_FOUND);
    for (size_t i = strlen(place->root) + 1; i <= strlen(path); i++) {
        char part[PATH_BYTES];
        snprintf(part, sizeof part, "%.*s", (int)i, path);
        if (path[i] == '/' || path[i] == '\0') {
            assert_int_equal(mkdir(part, 0700), 0);
        }
    }
    snprintf(leftover, sizeof leftover, "%s/postgres", path);
    assert_int_equal(mkdir(leftover, 0700), 0);
    snprintf(leftover, sizeof leftover, "%s/postgres/data.new", path);
    assert_int_equal(mkdir(leftover, 0700), 0);
    if (geteuid() == 0) {
        struct passwd *account = getpwnam("relais");
        account = account != NULL ? account : getpwnam("postgres");
        assert_non_null(account);
        assert_int_equal(chown(leftover, account->pw_uid, account->pw_gid), 0);
    }
    snprintf(leftover, sizeof leftover, "%s/postgres/data.new/half", path);
    write_text(leftover, "half");
    embedded = start(path);
    assert_non_null(strstr(embedded_url(embedded), "host=%2Fproc%2Fself%2Ffd%2F"));
    embedded_free(embedded);
    snprintf(leftover, sizeof leftover, "%s/postgres/data.new", path);
    assert_int_equal(access(leftover, F_OK), -1);
}

/* Its cache follows the machine's memory, within bounds; what is set by hand wins. */
static void test_settings_of_this_machine(void **state)
{
    const struct place *place = *state;
    char path[PATH_BYTES];
    char text[16384];
    embedded_free(start(place->data_dir));
    snprintf(path, sizeof path, "%s/postgres/postgresql.conf", place->data_dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    const char *setting = strstr(text, "\nshared_buffers = ");
    assert_non_null(setting);
    unsigned cache_mib = 0;
    assert_int_equal(sscanf(setting, "\nshared_buffers = %uMB", &cache_mib), 1);
    assert_in_range(cache_mib, 128, 1024);
}

static void test_clear_words(void **state)
{
    const struct place *place = *state;
    char path[PATH_BYTES];
    assert_fails("", NULL, ERR_INVALID, "empty");
    assert_fails(place->data_dir, "/nowhere", ERR_INVALID, "correct RELAIS_PG_BIN");
    assert_fails(place->data_dir, "relative", ERR_INVALID, "absolute");
    assert_fails("/proc/nowhere", NULL, ERR_INVALID, "cannot make the directory /proc/nowhere");

    snprintf(path, sizeof path, "%s/postgres/local.conf", place->data_dir);
    write_text(path, "shared_bufers = 1\n");
    assert_fails(place->data_dir, NULL, ERR_INVALID, "local.conf");
    write_text(path, "max_connections = 20\n");
    embedded_free(start(place->data_dir));
    assert_int_equal(unlink(path), 0);

    snprintf(path, sizeof path, "%s/a-file", place->root);
    write_text(path, "");
    assert_fails(path, NULL, ERR_INVALID, "cannot open the data directory");
}

static int make_place(void **state)
{
    static struct place place;
    if (!testing_directory(place.root)) {
        return -1;
    }
    snprintf(place.data_dir, sizeof place.data_dir, "%s/data", place.root);
    snprintf(place.pid_file, sizeof place.pid_file, "%s/data/postgres/data/postmaster.pid",
             place.root);
    *state = &place;
    return 0;
}

static int remove_place(void **state)
{
    const struct place *place = *state;
    remove_tree(place->root);
    return 0;
}

static bool has_postgresql(void)
{
    struct embedded *embedded = NULL;
    struct err err;
    char path[TESTING_PATH_BYTES];
    if (!testing_directory(path)) {
        return true; /* so the tests run and fail, which "skipped" would hide */
    }
    enum err_code code = embedded_start(path, /* pg_bin= */ NULL, &embedded, &err);
    embedded_free(embedded);
    remove_tree(path);
    return code == OK || strstr(err.detail, "is not installed") == NULL;
}

int main(void)
{
    if (!has_postgresql()) {
        printf("skipped: PostgreSQL is not installed\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_makes_nothing),
        cmocka_unit_test(test_first_start_and_stop),
        cmocka_unit_test(test_only_the_last_user_stops_it),
        cmocka_unit_test(test_it_outlives_a_killed_user),
        cmocka_unit_test(test_revive),
        cmocka_unit_test(test_a_strangers_pid),
        cmocka_unit_test(test_many_first_starts_at_once),
        cmocka_unit_test(test_a_long_path_and_leftovers),
        cmocka_unit_test(test_settings_of_this_machine),
        cmocka_unit_test(test_clear_words),
    };
    return cmocka_run_group_tests(tests, make_place, remove_place);
}

/* Proves that small files are replaced as a whole, read as a whole, and that what cannot be done is
 * said. */
#include "testing_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char directory[TESTING_PATH_BYTES];
static int directory_fd;

static int make_directory(void **state)
{
    (void)state;
    struct err err;
    return testing_directory(directory) && file_open_directory(directory, &directory_fd, &err) == OK
               ? 0
               : 1;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)unlinkat(directory_fd, "one", 0);
    (void)unlinkat(directory_fd, "a/b", AT_REMOVEDIR);
    (void)unlinkat(directory_fd, "a", AT_REMOVEDIR);
    (void)close(directory_fd);
    return rmdir(directory);
}

static void assert_content(const char *name, const char *expected)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, 1 << 20);
    struct err err;
    assert_int_equal(file_read(directory_fd, name, &text, &err), OK);
    assert_str_is(buf_str(&text), expected);
}

static void test_replaced_and_read(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(file_replace(directory_fd, "one", STR_LITERAL("first"), &err), OK);
    assert_content("one", "first");
    assert_int_equal(file_replace(directory_fd, "one", STR_LITERAL("2"), &err), OK);
    assert_content("one", "2");
    struct stat status;
    assert_int_equal(fstatat(directory_fd, "one", &status, 0), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_not_equal(fstatat(directory_fd, "one.new", &status, 0), 0);
}

static void test_what_is_not_there_and_what_is_too_large(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text;
    struct err err;
    buf_init(&text, 1 << 20);
    assert_int_equal(file_read(directory_fd, "none", &text, &err), ERR_NOT_FOUND);
    assert_int_equal(file_replace(directory_fd, "one", STR_LITERAL("some text"), &err), OK);
    CLEANUP(buf_done) struct buf small;
    buf_init(&small, 4);
    assert_int_equal(file_read(directory_fd, "one", &small, &err), ERR_TOO_LARGE);
}

static void test_directories(void **state)
{
    (void)state;
    char path[2 * TESTING_PATH_BYTES];
    struct err err;
    struct stat status;
    (void)snprintf(path, sizeof path, "%s/a/b", directory);
    for (int i = 0; i < 2; i++) { /* the second time it is there */
        assert_int_equal(file_make_directories(path, &err), OK);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0700);
    }
    assert_int_equal(file_replace(directory_fd, "one", STR_LITERAL("x"), &err), OK);
    (void)snprintf(path, sizeof path, "%s/one/b", directory);
    assert_int_equal(file_make_directories(path, &err), ERR_INVALID);
    assert_non_null(strstr(err.detail, "one/b"));
    int fd;
    assert_int_equal(file_open_directory(path, &fd, &err), ERR_INVALID);
}

/* A full disk passes; what a wrong path is does not. */
static void test_what_failed(void **state)
{
    (void)state;
    struct err err;
    errno = ENOSPC;
    assert_int_equal(file_fail(&err, "write", "x"), ERR_BUSY);
    errno = EACCES;
    assert_int_equal(file_fail(&err, "write", "x"), ERR_INVALID);
    assert_string_equal(err.detail, "Cannot write x: Permission denied");
}

static void test_cut_back(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(file_replace(directory_fd, "one", STR_LITERAL("half-written"), &err), OK);
    const int fd = openat(directory_fd, "one", O_WRONLY);
    assert_true(fd >= 0);
    errno = ENOSPC;
    file_cut_back(fd, 4);
    assert_int_equal(errno, ENOSPC);
    (void)close(fd);
    assert_content("one", "half");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaced_and_read),
        cmocka_unit_test(test_what_is_not_there_and_what_is_too_large),
        cmocka_unit_test(test_directories),
        cmocka_unit_test(test_what_failed),
        cmocka_unit_test(test_cut_back),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

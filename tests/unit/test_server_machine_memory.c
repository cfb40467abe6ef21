/* What a process may count on of the machine's memory, with files as the kernel writes them. */
#include "testing_directory.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "machine_memory.h"

enum { PATH_BYTES = 256 };

static void write_file(const char *root, const char *name, const char *text)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_folder(const char *root, const char *name)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static uint64_t limit_in(const char *root)
{
    char membership[PATH_BYTES];
    snprintf(membership, sizeof membership, "%s/membership", root);
    return machine_memory_group_limit_bytes(membership, root);
}

static void remove_all(const char *root)
{
    static const char *const names[] = {"memory.max",
                                        "a.slice/memory.max",
                                        "a.slice/b.service/memory.max",
                                        "membership",
                                        "a.slice/b.service",
                                        "a.slice",
                                        ""};
    char path[PATH_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/%s", root, names[i]);
        assert_true(remove(path) == 0 || i == 0);
    }
}

static void test_the_smallest_limit_around_us_counts(void **state)
{
    (void)state;
    char root[TESTING_PATH_BYTES];
    assert_true(testing_directory(root));
    make_folder(root, "a.slice");
    make_folder(root, "a.slice/b.service");
    write_file(root, "membership", "1:name=systemd:/elsewhere\n0::/a.slice/b.service\n");
    write_file(root, "a.slice/memory.max", "max\n");
    write_file(root, "a.slice/b.service/memory.max", "max\n");
    assert_true(limit_in(root) == UINT64_MAX);
    write_file(root, "a.slice/b.service/memory.max", "1073741824\n");
    assert_true(limit_in(root) == 1073741824);
    write_file(root, "a.slice/memory.max", "536870912\n");
    assert_true(limit_in(root) == 536870912);
    /* A container sees its own group as the root. */
    write_file(root, "membership", "0::/\n");
    assert_true(limit_in(root) == UINT64_MAX);
    write_file(root, "memory.max", "268435456\n");
    assert_true(limit_in(root) == 268435456);
    write_file(root, "membership", "");
    assert_true(limit_in(root) == 268435456);
    remove_all(root);
}

static void test_what_cannot_be_read_limits_nothing(void **state)
{
    (void)state;
    assert_true(machine_memory_group_limit_bytes("/nowhere/membership", "/nowhere") == UINT64_MAX);
    assert_true(machine_memory_bytes() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_smallest_limit_around_us_counts),
        cmocka_unit_test(test_what_cannot_be_read_limits_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

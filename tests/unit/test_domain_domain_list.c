/*
 * Proves: every line of every list is found with its word, whatever its place, and nothing between
 * the lines is; the lists are sorted, without a key twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/embedded_file.h"
#include "domain/domain_list.h"

extern const struct embedded_file domain_lists[];
extern const size_t domain_lists_count;

static void assert_list(const char *name, struct str text)
{
    size_t lines = 0;
    struct str before = {.data = NULL};
    assert_true(text.len > 0 && text.data[text.len - 1] == '\n');
    struct str rest = str_slice(text.data, text.len - 1);
    while (rest.data != NULL) {
        struct str word = str_cut(&rest, '\n');
        const struct str key = str_cut(&word, ' ');
        assert_true(str_compare(before, key) < 0);
        const struct str found = domain_list_find(name, key);
        assert_non_null(found.data);
        assert_true(str_eq(found, word));
        /* A neighbour that no list has. */
        char other[300];
        const int len = snprintf(other, sizeof other, "%.*s!", STR_ARGS(key));
        assert_true(len > 0 && (size_t)len < sizeof other);
        assert_null(domain_list_find(name, str_slice(other, (size_t)len)).data);
        before = key;
        lines++;
    }
    print_message("%s: %zu\n", name, lines);
    assert_true(lines > 1000);
}

static void every_line_is_found(void **state)
{
    (void)state;
    assert_true(domain_lists_count >= 2);
    for (size_t i = 0; i < domain_lists_count; i++) {
        char name[64];
        struct str file = str_from(domain_lists[i].name);
        const struct str list = str_cut(&file, '.');
        (void)snprintf(name, sizeof name, "%.*s", STR_ARGS(list));
        assert_list(name, embedded_file_text(&domain_lists[i]));
    }
}

static void nothing_else_is(void **state)
{
    (void)state;
    static const char *const keys[] = {NULL,
                                       "",
                                       " ",
                                       "\n",
                                       "!",
                                       "~",
                                       "gmail.com\ngmail.de",
                                       "gmail.com ",
                                       "google.com search",
                                       "zzzzzzzzzz"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        assert_null(domain_list_find("free_mail", str_from(keys[i])).data);
        assert_null(domain_list_find("referrers", str_from(keys[i])).data);
    }
    assert_null(domain_list_find("free_mail", str_slice("gmail.com\0", 10)).data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_found),
        cmocka_unit_test(nothing_else_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

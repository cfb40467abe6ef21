/*
 * Proves: the registrable domain is what somebody registered below a public suffix, whatever the
 * suffix looks like and in both spellings of other scripts; registries' suffixes, addresses and
 * what is no name have none; one owner's hosts are told from those of others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/registrable_domain.h"

/* `wanted` NULL: none. */
static void assert_domain(const char *host, const char *wanted)
{
    const struct str text = str_from(host);
    const struct str domain = registrable_domain(text);
    if ((domain.data == NULL) != (wanted == NULL) || (wanted != NULL && !str_is(domain, wanted))) {
        fail_msg("%s: %.*s, not %s", host, STR_ARGS(domain), wanted != NULL ? wanted : "none");
    }
    if (domain.data != NULL) {
        assert_ptr_equal(domain.data + domain.len, text.data + text.len);
    }
}

static void below_a_public_suffix(void **state)
{
    (void)state;
    assert_domain("exemple.fr", "exemple.fr");
    assert_domain("mail.paris.exemple.fr", "exemple.fr");
    assert_domain("www.example.co.uk", "example.co.uk");
    assert_domain("ville.gouv.fr", "ville.gouv.fr");
    assert_domain("a.b.c.kobe.jp", "b.c.kobe.jp");     /* *.kobe.jp */
    assert_domain("www.city.kobe.jp", "city.kobe.jp"); /* its exception */
    assert_domain("x.example.unheardof", "example.unheardof");
}

static void below_a_private_suffix(void **state)
{
    (void)state;
    assert_domain("www.entreprise.blogspot.com", "entreprise.blogspot.com");
    assert_domain("entreprise.github.io", "entreprise.github.io");
    assert_domain("github.io", "github.io"); /* its owner's */
}

static void other_scripts(void **state)
{
    (void)state;
    assert_domain("mail.xn--bcher-kva.example", "xn--bcher-kva.example");
    assert_domain("mail.bücher.example", "bücher.example");
    assert_domain("www.xn--fsqu00a.xn--55qx5d.cn", "xn--fsqu00a.xn--55qx5d.cn"); /* 公司.cn */
    assert_domain("www.例子.公司.cn", "例子.公司.cn");
}

static void what_has_none(void **state)
{
    (void)state;
    char longest[HOST_BYTES_MAX + 2];
    memset(longest, 'a', sizeof longest);
    memcpy(longest + HOST_BYTES_MAX - 2, ".fr", 4);
    static const char *const hosts[] = {"",
                                        "fr",
                                        "co.uk",
                                        "gouv.fr",
                                        "localhost",
                                        "192.0.2.1",
                                        "[192.0.2.1]",
                                        "[ipv6:2001:db8::1]",
                                        "2001:db8::1",
                                        ".fr",
                                        ".exemple.fr",
                                        "exemple.fr.",
                                        "."};
    assert_domain(NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        assert_domain(hosts[i], NULL);
    }
    assert_domain(longest, NULL); /* one byte too many */
    assert_domain(longest + 1, longest + 1);
    assert_null(registrable_domain(str_slice("a\0b.fr", 6)).data);
}

static bool same(const char *host, const char *other)
{
    const bool is_same = is_same_owner(str_from(host), str_from(other));
    assert_int_equal(is_same, is_same_owner(str_from(other), str_from(host)));
    return is_same;
}

static void one_owner(void **state)
{
    (void)state;
    assert_true(same("www.exemple.fr", "blog.exemple.fr"));
    assert_true(same("exemple.fr", "exemple.fr"));
    assert_true(same("localhost", "localhost"));
    assert_true(same("192.0.2.1", "192.0.2.1"));
    assert_false(same("www.exemple.fr", "www.example.fr"));
    assert_false(same("a.github.io", "b.github.io"));
    assert_false(same("exemple.fr", "exemple.com"));
    assert_false(same("a.co.uk", "b.co.uk"));
    assert_false(same("co.uk", "a.co.uk"));
    assert_false(same("192.0.2.1", "198.51.100.1"));
    assert_false(same("", ""));
    assert_false(same(NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(below_a_public_suffix),
        cmocka_unit_test(below_a_private_suffix),
        cmocka_unit_test(other_scripts),
        cmocka_unit_test(what_has_none),
        cmocka_unit_test(one_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Proves: what browsers, apps and careless scripts report as an address is read, with its host in
 * lower case and its parameters undone; what is no address is told, and no byte of it does harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/page_url.h"

static void assert_url(const char *text, const char *host, const char *path, const char *query)
{
    struct page_url url;
    if (!page_url_read(str_from(text), &url)) {
        fail_msg("%s is not read", text);
    }
    assert_string_equal(url.host, host);
    assert_true(str_is(url.path, path));
    assert_true(str_is(url.query, query));
}

static void addresses(void **state)
{
    (void)state;
    assert_url("https://www.Exemple.FR/a/B?c=D#e", "www.exemple.fr", "/a/B", "c=D");
    assert_url("http://exemple.fr", "exemple.fr", "", "");
    assert_url("http://exemple.fr?a", "exemple.fr", "", "a");
    assert_url("http://exemple.fr#?a", "exemple.fr", "", "");
    assert_url("https://exemple.fr:8443/", "exemple.fr", "/", "");
    assert_url("https://a:b@c@exemple.fr/", "exemple.fr", "/", "");
    assert_url("http://[2001:db8::1]:80/x", "[2001:db8::1]", "/x", "");
    assert_url("http://localhost:8000/", "localhost", "/", "");
    assert_url("android-app://com.linkedin.android/", "com.linkedin.android", "/", "");
    assert_url(" https://exemple.fr./ ", "exemple.fr", "/", "");
    assert_url("exemple.fr/a", "exemple.fr", "/a", "");
    assert_url("https://bücher.example/é", "bücher.example", "/é", "");
}

static void what_is_none(void **state)
{
    (void)state;
    struct page_url url;
    static const char *const texts[] = {
        "",           " ",           "nonsense", "about:blank", "https://",
        "https:///a", "https://.fr", "://a.fr",  "a b.fr",      "https://a\tb.fr",
        "/a/b",       "?a.b=c",      "mailto:a", "#",           "https://:80/"};
    assert_false(page_url_read((struct str){.data = NULL}, &url));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (page_url_read(str_from(texts[i]), &url)) {
            fail_msg("\"%s\" is read as %s", texts[i], url.host);
        }
    }
    assert_false(page_url_read(str_slice("https://a\0b.fr", 14), &url));
    char longest[8 + PAGE_HOST_BYTES_MAX + 1];
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "https://", 8);
    assert_false(page_url_read(str_slice(longest, sizeof longest), &url));
    assert_true(page_url_read(str_slice(longest, sizeof longest - 1), &url));
}

static void parameters(void **state)
{
    (void)state;
    static const char *const wanted[][2] = {
        {"a",     "b c"    },
        {"empty", ""       },
        {"none",  ""       },
        {"e",     "é"     },
        {"bad",   "%zz+"   },
        {"",      "x"      },
        {"long",  "0123456"},
    };
    struct str rest = STR_LITERAL("a=b+c&&empty=&none&e=%C3%A9&bad=%zz+&=x&long=0123456789");
    struct str name;
    struct str value;
    char out[8];
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        assert_true(page_url_next_param(&rest, &name, &value, out, sizeof out));
        assert_true(str_is(name, wanted[i][0]) && str_is(value, wanted[i][1]));
        assert_ptr_equal(value.data, out);
        assert_int_equal(out[value.len], '\0');
    }
    assert_false(page_url_next_param(&rest, &name, &value, out, sizeof out));
    rest = (struct str){.data = NULL};
    assert_false(page_url_next_param(&rest, &name, &value, out, sizeof out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

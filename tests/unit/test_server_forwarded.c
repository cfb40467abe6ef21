/*
 * Whose request it is behind proxies: what trusted ones say counts, what anybody else wrote does
 * not.
 */
#include "testing.h"

#include <netinet/in.h>

#include "forwarded.h"

static struct address address_of(const char *text)
{
    struct address address;
    if (!address_parse(str_from(text), &address)) {
        fail_msg("%s is no address", text);
    }
    return address;
}

/* 10.0.0.0/8 and 2001:db8:1::/48 are trusted. `values` ends with NULL. */
static void expect_client(const char *expected, const char *peer, enum forwarded_header header,
                          const char *const *values)
{
    static const char *const trusted_texts[] = {"10.0.0.0/8", "2001:db8:1::/48"};
    struct address_network trusted[ARRAY_LEN(trusted_texts)];
    for (size_t i = 0; i < ARRAY_LEN(trusted); i++) {
        assert_true(address_network_parse(str_from(trusted_texts[i]), &trusted[i]));
    }
    static const char *const header_names[] = {"X-Forwarded-For", "Forwarded"};
    struct http_field fields[12] = {
        {STR_LITERAL("Host"),                STR_LITERAL("h")          },
 /* the header that is not the believed one */
        {str_from(header_names[header ^ 1]), STR_LITERAL("for=9.9.9.9")},
    };
    size_t count = 2;
    for (; values[count - 2] != NULL; count++) {
        assert_true(count < ARRAY_LEN(fields));
        fields[count] =
            (struct http_field){str_from(header_names[header]), str_from(values[count - 2])};
    }
    const struct address from = address_of(peer);
    const struct address client =
        forwarded_client(fields, count, header, trusted, ARRAY_LEN(trusted), &from);
    char text[ADDRESS_TEXT_BYTES];
    assert_string_equal(address_format(&client, text), expected);
}

#define X(expected, peer, ...)                                                                     \
    expect_client(expected, peer, FORWARDED_X_FORWARDED_FOR,                                       \
                  (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define F(expected, peer, ...)                                                                     \
    expect_client(expected, peer, FORWARDED_RFC7239,                                               \
                  (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void test_only_trusted_proxies_are_believed(void **state)
{
    (void)state;
    X("192.0.2.1", "192.0.2.1");
    X("192.0.2.1", "192.0.2.1", "198.51.100.7"); /* anybody may say so */
    X("10.0.0.1", "10.0.0.1");                   /* the proxy's own request */
    X("198.51.100.7", "10.0.0.1", "198.51.100.7");
    F("192.0.2.1", "192.0.2.1", "for=198.51.100.7");
    F("198.51.100.7", "10.0.0.1", "for=198.51.100.7");
    X("198.51.100.7", "::ffff:10.0.0.1", "198.51.100.7"); /* a dual-stack socket's peer */
    X("198.51.100.7", "2001:db8:1::1", "198.51.100.7");
}

static void test_the_rightmost_untrusted_address_wins(void **state)
{
    (void)state;
    X("198.51.100.7", "10.0.0.1", "6.6.6.6, 198.51.100.7");
    X("198.51.100.7", "10.0.0.1", "6.6.6.6,198.51.100.7 , 10.1.2.3,10.2.3.4");
    X("198.51.100.7", "10.0.0.1", "6.6.6.6", "198.51.100.7", "10.1.2.3");
    X("10.1.1.1", "10.0.0.1", "10.1.1.1, 10.2.2.2"); /* all ours: the farthest */
    F("198.51.100.7", "10.0.0.1", "for=6.6.6.6, for=198.51.100.7;by=10.0.0.1", "for=10.5.5.5");
}

static void test_forms_of_an_address(void **state)
{
    (void)state;
    X("198.51.100.7", "10.0.0.1", "198.51.100.7:4711");
    X("2001:db8::7", "10.0.0.1", "2001:db8::7");
    X("2001:db8::7", "10.0.0.1", "[2001:db8::7]");
    X("2001:db8::7", "10.0.0.1", "[2001:DB8:0::7]:4711");
    X("198.51.100.7", "10.0.0.1", "::ffff:198.51.100.7");
    F("198.51.100.7", "10.0.0.1", "For=\"198.51.100.7:80\"; proto=https");
    F("2001:db8::7", "10.0.0.1", "by=10.0.0.1; for=\"[2001:db8::7]:4711\"");
    F("198.51.100.7", "10.0.0.1", "for=6.6.6.6;host=\"a, for=5.5.5.5\", for=198.51.100.7");
}

/* The way ends at the proxy that reported it. */
static void test_what_is_no_address(void **state)
{
    (void)state;
    static const char *const junk[] = {"",     "unknown", "_hidden",           "198.51.100.",
                                       "[::1", "::1]",    "198.51.100.7:80:1", "fe80::1%eth0",
                                       "a\tb"};
    for (size_t i = 0; i < ARRAY_LEN(junk); i++) {
        char value[64];
        (void)snprintf(value, sizeof value, "6.6.6.6, %s", junk[i]);
        X("10.0.0.1", "10.0.0.1", value);
        (void)snprintf(value, sizeof value, "6.6.6.6, %s, 10.7.7.7", junk[i]);
        X("10.7.7.7", "10.0.0.1", value);
        (void)snprintf(value, sizeof value, "for=6.6.6.6, for=\"%s\"", junk[i]);
        F("10.0.0.1", "10.0.0.1", value);
    }
    F("10.0.0.1", "10.0.0.1", "6.6.6.6");
    F("10.0.0.1", "10.0.0.1", "for=6.6.6.6, proto=https");
    F("10.0.0.1", "10.0.0.1", "for=6.6.6.6, for");
    F("10.0.0.1", "10.0.0.1", "for=6.6.6.6, for=\"\\6.6.6.6\"");
}

/* A client opens a quote so that what its proxy appends becomes a part of it. */
static void test_a_quote_left_open_hides_nothing(void **state)
{
    (void)state;
    F("10.0.0.1", "10.0.0.1", "for=6.6.6.6;x=\", for=198.51.100.7");
    F("10.0.0.1", "10.0.0.1", "for=6.6.6.6;x=\", for=\"[2001:db8::7]\"");
    F("10.0.0.1", "10.0.0.1", "for=6.6.6.6;x=\", for=\"[2001:db8::7]\", for=10.3.3.3");
    F("10.0.0.1", "10.0.0.1", "for=6.6.6.6;x=\"\\, for=198.51.100.7");
    F("198.51.100.7", "10.0.0.1", "for=6.6.6.6;x=\"", "for=198.51.100.7"); /* a line of its own */
}

static void test_more_hops_than_are_followed(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf value;
    buf_init(&value, 4096);
    buf_append_text(&value, "198.51.100.7");
    for (int i = 1; i <= 100; i++) {
        buf_printf(&value, ",10.0.1.%d", i);
    }
    X("10.0.1.85", "10.0.0.1", value.data);
}

static void test_addresses(void **state)
{
    (void)state;
    struct address address = address_of("198.51.100.7");
    char text[ADDRESS_TEXT_BYTES];
    assert_true(address_is_v4(&address));
    assert_string_equal(address_format(&address, text), "198.51.100.7");
    address = address_of("2001:0DB8::1");
    assert_false(address_is_v4(&address));
    assert_string_equal(address_format(&address, text), "2001:db8::1");
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    assert_true(address_from_socket((const struct sockaddr *)(const void *)&v6, &address));
    assert_string_equal(address_format(&address, text), "::1");
    struct sockaddr other = {.sa_family = AF_UNIX};
    assert_false(address_from_socket(&other, &address));
    static const char *const bad[] = {
        "",         "1.2.3", "1.2.3.4.5", "x",
        "1.2.3.4 ", "[::1]", "::1/64",    "1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9:1:2:3:4:5"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(address_parse(str_from(bad[i]), &address));
    }
    assert_false(address_parse(str_slice("1.2.3.4\0", 8), &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_trusted_proxies_are_believed),
        cmocka_unit_test(test_the_rightmost_untrusted_address_wins),
        cmocka_unit_test(test_forms_of_an_address),
        cmocka_unit_test(test_what_is_no_address),
        cmocka_unit_test(test_a_quote_left_open_hides_nothing),
        cmocka_unit_test(test_more_hops_than_are_followed),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves that of an address only its network is kept. */
#include "testing.h"

#include "remote_network.h"

static void assert_network(const char *address, const char *expected)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct address remote;
    assert_true(address_parse(str_from(address), &remote));
    const struct str network = remote_network(&remote, &arena);
    assert_string_equal(network.data, expected);
    arena_done(&arena);
}

static void test_ipv4(void **state)
{
    (void)state;
    assert_network("::ffff:203.0.113.77", "203.0.113.0/24");
    assert_network("::ffff:255.255.255.255", "255.255.255.0/24");
    assert_network("::ffff:127.0.0.1", "127.0.0.0/24");
}

static void test_ipv6(void **state)
{
    (void)state;
    assert_network("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48");
    assert_network("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff::/48");
    assert_network("::1", "::/48");
    assert_network("::fffe:203.0.113.77", "::/48");
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1);
    const struct address remote = {
        .bytes = {0x20, 0x01}
    };
    assert_null(remote_network(&remote, &arena).data);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

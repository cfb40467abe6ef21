/* Proves: which addresses calls to the outside may go to, and which mail servers are this
 * machine's.
 */
#include "testing.h"

#include "delivery/mail.h"

static bool is_public(const char *text)
{
    struct address address;
    assert_true(address_parse(str_from(text), &address));
    return outgoing_is_public(&address);
}

static void test_public_addresses_are_public(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "1.1.1.1",        "9.255.255.255", "11.0.0.0",        "100.63.255.255",  "100.128.0.0",
        "172.15.255.255", "172.32.0.0",    "192.167.255.255", "223.255.255.255", "2606:4700::1111",
        "2a00:1450::1",   "2003::1",       "2400:cb00::1"};
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
        assert_true(is_public(addresses[i]));
}

static void test_private_and_special_ones_are_not(void **state)
{
    (void)state;
    static const char *const addresses[] = {"0.0.0.0",
                                            "10.0.0.1",
                                            "10.255.255.255",
                                            "100.64.0.1",
                                            "127.0.0.1",
                                            "127.255.255.254",
                                            "169.254.169.254",
                                            "172.16.0.1",
                                            "172.31.255.255",
                                            "192.0.0.8",
                                            "192.0.2.1",
                                            "192.168.1.1",
                                            "198.18.0.1",
                                            "198.51.100.1",
                                            "203.0.113.1",
                                            "224.0.0.1",
                                            "255.255.255.255",
                                            "::",
                                            "::1",
                                            "::7f00:1",
                                            "::ffff:127.0.0.1",
                                            "::ffff:10.0.0.1",
                                            "64:ff9b::7f00:1",
                                            "100::1",
                                            "2001::1",
                                            "2001:db8::1",
                                            "2002:7f00:1::",
                                            "3fff::1",
                                            "fc00::1",
                                            "fd12:3456::1",
                                            "fe80::1",
                                            "fec0::1",
                                            "ff02::1"};
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
        assert_false(is_public(addresses[i]));
}

static void test_this_machines_mail_server(void **state)
{
    (void)state;
    static const char *const local[] = {"smtp://localhost", "smtp://LOCALHOST:25",
                                        "smtp://127.0.0.1:2525", "smtps://127.9.9.9",
                                        "smtp://[::1]:25"};
    static const char *const remote[] = {"smtp://mail.example.com",
                                         "smtp://localhost.example.com",
                                         "smtp://128.0.0.1",
                                         "smtp://[::2]",
                                         "smtp://10.0.0.1:25",
                                         "smtp://mail.localhost",
                                         "smtp:",
                                         ""};
    for (size_t i = 0; i < ARRAY_LEN(local); i++)
        assert_true(mail_server_is_local(local[i]));
    for (size_t i = 0; i < ARRAY_LEN(remote); i++)
        assert_false(mail_server_is_local(remote[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public_addresses_are_public),
        cmocka_unit_test(test_private_and_special_ones_are_not),
        cmocka_unit_test(test_this_machines_mail_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

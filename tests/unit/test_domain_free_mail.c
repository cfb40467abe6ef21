/*
 * Proves: the large public mail services and French access providers are known as such, companies
 * and lookalikes are not; a company's domain is the registrable one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/free_mail.h"

static void test_public_mailboxes(void **state)
{
    (void)state;
    static const char *const domains[] = {
        "gmail.com",   "googlemail.com", "hotmail.com", "hotmail.fr",     "outlook.com",
        "outlook.fr",  "live.fr",        "msn.com",     "yahoo.com",      "yahoo.fr",
        "yahoo.co.uk", "ymail.com",      "aol.com",     "icloud.com",     "me.com",
        "proton.me",   "protonmail.com", "gmx.fr",      "gmx.de",         "web.de",
        "orange.fr",   "wanadoo.fr",     "free.fr",     "laposte.net",    "sfr.fr",
        "neuf.fr",     "bbox.fr",        "noos.fr",     "numericable.fr", "aliceadsl.fr",
        "skynet.be",   "bluewin.ch",     "mail.ru",     "yandex.ru",      "qq.com",
        "163.com",     "libero.it",      "uol.com.br",  "t-online.de",    "optusnet.com.au",
        "tuta.com",    "proximus.be",    "sunrise.ch",  "pt.lu",          "mail.free.fr",
    };
    for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
        if (!is_free_mail(str_from(domains[i]))) {
            fail_msg("%s is not known", domains[i]);
        }
    }
}

static void test_everything_else(void **state)
{
    (void)state;
    static const char *const domains[] = {
        NULL,
        "",
        "example.com",
        "gmail.co",
        "gmail.com.",
        "com",
        "gmail",
        "orange.com",
        "free.fr.example.com",
        "laposte.fr",
        "google.com",
        "gmail.com googlemail.com",
        " ",
        "[192.0.2.1]",
        "notgmail.com",
        "xn--gmil-6na.com",
        "facebook.com",
        "nus.edu.sg",
        "co.uk",
        "mail.example.co.uk",
    };
    for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
        assert_false(is_free_mail(str_from(domains[i])));
    }
}

static void test_company_domains(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"exemple-industrie.fr",       "exemple-industrie.fr"},
        {"paris.exemple-industrie.fr", "exemple-industrie.fr"},
        {"mail.example.co.uk",         "example.co.uk"       },
        {"mairie.ville.gouv.fr",       "ville.gouv.fr"       },
        {"gmail.com",                  NULL                  },
        {"mail.free.fr",               NULL                  },
        {"[192.0.2.1]",                NULL                  },
        {"[ipv6:2001:db8::1]",         NULL                  },
        {"co.uk",                      NULL                  },
        {"",                           NULL                  },
        {NULL,                         NULL                  },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct str domain = company_domain(str_from(cases[i][0]));
        const bool is_right = cases[i][1] == NULL ? domain.data == NULL
                                                  : str_is(domain, cases[i][1]);
        if (!is_right) {
            fail_msg("%s: %.*s", cases[i][0], STR_ARGS(domain));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public_mailboxes),
        cmocka_unit_test(test_everything_else),
        cmocka_unit_test(test_company_domains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Proves: a country is known by its ISO 3166-1 code in any case, and by what people call it in
 * several languages, however they write it; what is no country, or two, is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/embedded_file.h"
#include "domain/country.h"

extern const struct embedded_file domain_lists[];
extern const size_t domain_lists_count;

static void assert_country(struct str found, const char *said, const char *code)
{
    if (code == NULL ? found.data != NULL : !str_is(found, code)) {
        fail_msg("\"%s\" is %.*s instead of %s", said, STR_ARGS(found),
                 code != NULL ? code : "none");
    }
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        const char *code;
    } samples[] = {
        {"France",                   "FR"},
        {"fr",                       "FR"},
        {"FRA",                      "FR"},
        {" france ",                 "FR"},
        {"Allemagne",                "DE"},
        {"Germany",                  "DE"},
        {"Deutschland",              "DE"},
        {"Alemania",                 "DE"},
        {"Duitsland",                "DE"},
        {"Belgique",                 "BE"},
        {"België",                  "BE"},
        {"Schweiz",                  "CH"},
        {"SUISSE",                   "CH"},
        {"Côte d'Ivoire",           "CI"},
        {"CÔTE D’IVOIRE",         "CI"},
        {"ivory coast",              "CI"},
        {"États-Unis",              "US"},
        {"Etats Unis",               "US"},
        {"U.S.A.",                   "US"},
        {"United States of America", "US"},
        {"Royaume-Uni",              "GB"},
        {"UK",                       "GB"},
        {"England",                  "GB"},
        {"Pays-Bas",                 "NL"},
        {"The Netherlands",          "NL"},
        {"Holland",                  "NL"},
        {"República Checa",         "CZ"},
        {"Tchéquie",                "CZ"},
        {"Corée du Sud",            "KR"},
        {"La Réunion",              "RE"},
        {"Luxembourg",               "LU"},
        {"Maroc",                    "MA"},
        {"",                         NULL},
        {"-",                        NULL},
        {"Congo",                    NULL}, /* there are two */
        {"Atlantis",                 NULL},
        {"XX",                       NULL},
        {"Bretagne",                 NULL},
        {"France or Germany",        NULL},
        {"\xff\xfe",                 NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        assert_country(country_of_name(str_from(samples[i].said)), samples[i].said,
                       samples[i].code);
    }
    assert_country(country_of_name((struct str){.data = NULL}), "(nothing)", NULL);
}

static void test_codes(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        const char *code;
    } samples[] = {
        {"FR",     "FR"},
        {"fr",     "FR"},
        {"Gb",     "GB"},
        {"UK",     NULL}, /* Ukraine's language, no code
  */
        {"FRA",    NULL},
        {"France", NULL},
        {"XX",     NULL},
        {"F R",    NULL},
        {" fr",    NULL},
        {"",       NULL},
        {"é",     NULL},
        {"f-",     NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        assert_country(country_of_code(str_from(samples[i].said)), samples[i].said,
                       samples[i].code);
    }
}

/* Every line of the list can be found the way people's words are looked up. */
static void test_the_whole_list(void **state)
{
    (void)state;
    struct str text = {.data = NULL};
    for (size_t i = 0; i < domain_lists_count; i++) {
        if (strcmp(domain_lists[i].name, "countries.txt") == 0) {
            text = embedded_file_text(&domain_lists[i]);
        }
    }
    size_t names = 0;
    size_t codes = 0;
    while (text.len > 0) {
        struct str line = str_cut(&text, '\n');
        const struct str key = str_cut(&line, ' ');
        assert_int_equal(line.len, 2);
        assert_true(str_eq(country_of_name(key), line)); /* hyphens part words as spaces do */
        assert_true(str_eq(country_of_code(line), line));
        names++;
        codes += str_eq_nocase(key, line);
    }
    assert_int_equal(codes, 250); /* ISO's 249, and XK, which the European Union uses for Kosovo */
    assert_true(names > 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_the_whole_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

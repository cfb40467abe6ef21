/* Proves: a name in one field is split where English and French write it, and never loses a word.
 */
#include "testing.h"

#include "domain/person_name.h"

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *first;
        const char *last; /* NULL: one word */
    } cases[] = {
        {"Jane Doe",             "Jane",          "Doe"    },
        {"  Jane   van Doe ",    "Jane",          "van Doe"},
        {"DUPONT Jean",          "Jean",          "DUPONT" },
        {"LE GALL Anne-Marie",   "Anne-Marie",    "LE GALL"},
        {"ÑANDÚ Élodie",      "Élodie",       "ÑANDÚ"},
        {"Élodie Ñandú",      "Élodie",       "Ñandú"},
        {"JANE DOE",             "JANE",          "DOE"    },
        {"J Doe",                "J",             "Doe"    },
        {"O'NEIL Shaun Patrick", "Shaun Patrick", "O'NEIL" },
        {"Madonna",              "Madonna",       NULL     },
        {"太郎",               "太郎",        NULL     },
        {"",                     "",              NULL     },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct person_name name = person_name_split(str_from(cases[i].text));
        assert_str_is(name.first, cases[i].first);
        if (cases[i].last != NULL)
            assert_str_is(name.last, cases[i].last);
        else
            assert_null(name.last.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves: of a range of people the lower end is read, and nothing where only the upper one is told.
 */
#include "testing.h"

#include "domain/headcount.h"

static void test_lower_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t count; /* -1: nothing is certain */
    } cases[] = {
        {"250",                   250   },
        {"1-5",                   1     },
        {"1000+",                 1000  },
        {"1,000+",                1000  },
        {"1 000 et plus",         1000  },
        {"1\xc2\xa0"
         "000",          1000  },
        {"1\xe2\x80\xaf"
         "000+",         1000  },
        {"10.000 – 20.000",     10000 },
        {"50 - 100",              50    },
        {"Entre 50 et 249",       50    },
        {"de 10 à 49 salariés", 10    },
        {"10 à moins de 50",     10    },
        {"Plus de 200",           200   },
        {"more than 500 people",  500   },
        {"> 5000",                5000  },
        {"1,5",                   1     },
        {"100 200",               100200},
        {"1000 2000",             1000  },
        {"Moins de 10",           -1    },
        {"less than 10",          -1    },
        {"< 10",                  -1    },
        {"up to 50",              -1    },
        {"jusqu'à 50",           -1    },
        {"50 ou moins",           -1    },
        {"50 max",                -1    },
        {"beaucoup",              -1    },
        {"",                      -1    },
        {"99999999999999999999",  -1    },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t count = -1;
        if (!headcount_lower_end(str_from(cases[i].text), &count))
            count = -1;
        if (count != cases[i].count)
            fail_msg("%s: %lld", cases[i].text, (long long)count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lower_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Proves: what serialize() of PHP writes is read, whatever its depth, with lengths in bytes; what
 * is cut off, malformed, too deep or followed by something else is nothing; a failing allocation
 * is nothing. */
#include "testing.h"

#include "base/buf.h"
#include "schema/json.h"
#include "schema/php_value.h"

static const struct {
    const char *text;
    const char *json; /* NULL: it is no such value */
} cases[] = {
    {"a:2:{i:0;s:5:\"Cloud\";i:1;s:2:\"IA\";}",                                                "[\"Cloud\",\"IA\"]"          },
    {"a:1:{i:0;s:10:\"Sécurité\";}",                                                         "[\"Sécurité\"]"            },
    {"a:1:{i:0;s:5:\"a\";b:\";}",                                                              "[\"a\\\";b:\"]"              },
    {"a:2:{s:1:\"x\";i:-7;s:1:\"y\";d:1.5;}",                                                  "{\"x\":\"-7\",\"y\":\"1.5\"}"},
    {"a:3:{i:0;b:1;i:1;b:0;i:2;N;}",                                                           "[true,false,null]"           },
    {"a:2:{i:0;s:1:\"a\";s:1:\"k\";s:1:\"b\";}",                                               "{\"0\":\"a\",\"k\":\"b\"}"   },
    {"a:1:{i:0;a:1:{s:1:\"k\";a:0:{}}}",                                                       "[{\"k\":[]}]"                },
    {"a:0:{}",                                                                                 "[]"                          },
    {"s:0:\"\";",                                                                              "\"\""                        },
    {"i:5;",                                                                                   "\"5\""                       },
    {"",                                                                                       NULL                          },
    {"a",                                                                                      NULL                          },
    {"a:",                                                                                     NULL                          },
    {"a:1:{",                                                                                  NULL                          },
    {"a:1:{i:0;",                                                                              NULL                          },
    {"a:1:{i:0;s:5:\"Clo\";}",                                                                 NULL                          },
    {"a:1:{i:0;s:2:\"Cloud\";}",                                                               NULL                          },
    {"a:1:{i:0;s:999999999999:\"x\";}",                                                        NULL                          },
    {"a:1:{i:0;s:-1:\"x\";}",                                                                  NULL                          },
    {"a:1:{i:0;s:1:\"\xc3\";}",                                                                NULL                          }, /* half a letter */
    {"a:2:{i:0;i:1;}",                                                                         NULL                          },
    {"a:1:{i:0;i:1;i:1;i:2;}",                                                                 NULL                          },
    {"a:99999999:{}",                                                                          NULL                          },
    {"a:0:{} ",                                                                                NULL                          },
    {"a:1:{b:1;i:1;}",                                                                         NULL                          },
    {"i:x;",                                                                                   NULL                          },
    {"O:8:\"stdClass\":0:{}",                                                                  NULL                          },
    {"a:1:{i:0;a:1:{i:0;a:1:{i:0;a:1:{i:0;a:1:{i:0;a:1:{i:0;a:1:{i:0;a:1:{i:0;a:0:{}}}}}}}}}",
     NULL                                                                                                                    },
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_auto_t *value = php_value_read(str_from(cases[i].text));
        CLEANUP(buf_done) struct buf text;
        buf_init(&text, 4096);
        if (value != NULL)
            json_serialize(&text, value);
        if (cases[i].json == NULL ? value != NULL
                                  : value == NULL || strcmp(text.data, cases[i].json) != 0)
            fail_msg("%s is %s", cases[i].text, value != NULL ? text.data : "nothing");
    }
}

static bool read_one(void *context)
{
    (void)context;
    json_auto_t *value = php_value_read(str_from(cases[6].text));
    return value != NULL;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    assert_true(testing_fail_each_allocation(read_one, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_failing_allocations),
    };
    json_set_alloc_funcs(mem_alloc, mem_free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

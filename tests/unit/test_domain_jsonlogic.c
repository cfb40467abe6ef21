/* Proves what each JsonLogic operator gives, coerces and refuses, and the published compatibility
 * suite. */
#include "test_domain_jsonlogic_support.h"

#define INVALID       NULL, "Invalid Arguments"
#define NOT_A_NUMBER  NULL, "NaN"
#define GIVES(result) result, NULL
#define THROWS(error) NULL, error

#define EXPECT(cases) expect_cases((cases), ARRAY_LEN(cases))

static void test_constants(void **state)
{
    (void)state;
    static const struct logic_case cases[] = {
        {"true",                                   NULL,       GIVES("true")                    },
        {"null",                                   "5",        GIVES("null")                    },
        {"2.5",                                    NULL,       GIVES("2.5")                     },
        {"'text'",                                 NULL,       GIVES("'text'")                  },
        {"{}",                                     NULL,       GIVES("{}")                      },
        {"[]",                                     NULL,       GIVES("[]")                      },
        {"[1, [2, {}]]",                           NULL,       GIVES("[1, [2, {}]]")            },
        {"[1, {'var': 'x'}, [{'var': 'x'}]]",      "{'x': 7}", GIVES("[1, 7, [7]]")             },
        {"{'preserve': {'+': [1, {'var': 'x'}]}}", NULL,       GIVES("{'+': [1, {'var': 'x'}]}")},
        {"{'preserve': {'a': 1, 'b': {'c': []}}}", NULL,       GIVES("{'a': 1, 'b': {'c': []}}")},
        {"{'preserve': [{'var': 'x'}]}",           "{'x': 1}", GIVES("[{'var': 'x'}]")          },
    };
    EXPECT(cases);
}

static void test_unknown_operators(void **state)
{
    (void)state;
    static const struct logic_case cases[] = {
        {"{'nosuch': [1]}",                           NULL, THROWS("{'type': 'Unknown Operator', 'key': 'nosuch'}")},
        {"{'+': [1], '-': [1]}",                      NULL, THROWS("{'type': 'Unknown Operator', 'key': '+'}")     },
        {"{'log': 1}",                                NULL, THROWS("{'type': 'Unknown Operator', 'key': 'log'}")   },
        {"{'': 1}",                                   NULL, THROWS("{'type': 'Unknown Operator', 'key': ''}")      },
        {"{'if': [true, 1, {'nosuch': 1}]}",          NULL, GIVES("1")                                             },
        {"{'try': [{'nosuch': 1}, {'val': 'type'}]}", NULL, GIVES("'Unknown Operator'")                            },
    };
    EXPECT(cases);
}

static void test_var(void **state)
{
    (void)state;
    static const char data[] = "{'a': {'b': 2, 'n': null, 'z': 0}, 'list': [5, [6]], 's': 'hé😀',"
                               " 'a.b': 3, 'c/d': 4, '': {'': 8}, '0': 'zero', 'empty': ''}";
    static const struct logic_case cases[] = {
        {"{'var': 'a.b'}",                                             data,         GIVES("2")        },
        {"{'var': ['a.b']}",                                           data,         GIVES("2")        },
        {"{'var': 'a.q'}",                                             data,         GIVES("null")     },
        {"{'var': ['a.q', 9]}",                                        data,         GIVES("9")        },
        {"{'var': ['a.q', {'var': 'a.b'}]}",                           data,         GIVES("2")        },
        {"{'var': ['a.b', {'throw': 'x'}]}",                           data,         THROWS("x")       },
        {"{'var': ['a.n', 9]}",                                        data,         GIVES("null")     },
        {"{'var': ['a.n.m', 9]}",                                      data,         GIVES("9")        },
        {"{'var': 'a.z.y'}",                                           data,         GIVES("null")     },
        {"{'var': 'list.0'}",                                          data,         GIVES("5")        },
        {"{'var': 'list.1.0'}",                                        data,         GIVES("6")        },
        {"{'var': 'list.01'}",                                         data,         GIVES("null")     },
        {"{'var': 'list.-1'}",                                         data,         GIVES("null")     },
        {"{'var': 'list.length'}",                                     data,         GIVES("2")        },
        {"{'var': 's.length'}",                                        data,         GIVES("4")        },
        {"{'var': 's.1'}",                                             data,         GIVES("'é'")     },
        {"{'var': 's.2'}",                                             data,         GIVES("'\\ufffd'")},
        {"{'var': 's.9'}",                                             data,         GIVES("null")     },
        {"{'var': 'a\\\\.b'}",                                         data,         GIVES("3")        },
        {"{'var': 'c\\\\/d'}",                                         data,         GIVES("4")        },
        {"{'var': 'c/d'}",                                             data,         GIVES("4")        },
        {"{'var': '.'}",                                               data,         GIVES("{'': 8}")  },
        {"{'var': '..'}",                                              data,         GIVES("8")        },
        {"{'var': 0}",                                                 data,         GIVES("'zero'")   },
        {"{'var': 1}",                                                 "['x', 'y']", GIVES("'y'")      },
        {"{'var': 1.5}",                                               "['x', 'y']", GIVES("null")     },
        {"{'var': ''}",                                                "[1, 2]",     GIVES("[1, 2]")   },
        {"{'var': []}",                                                "7",          GIVES("7")        },
        {"{'var': [null, 1]}",                                         "7",          GIVES("7")        },
        {"{'var': {'cat': ['a', '.', 'b']}}",                          data,         GIVES("2")        },
        {"{'var': [{'cat': ['a', '.', 'q']}, 5]}",                     data,         GIVES("5")        },
        {"{'var': {'preserve': ['nothing', 6]}}",                      data,         GIVES("6")        },
        {"{'var': 'a'}",                                               "null",       GIVES("null")     },
        {"{'var': 'a'}",                                               "5",          GIVES("null")     },
        {"{'var': '../a'}",                                            data,         GIVES("null")     },
        {"{'map': [{'var': 'list'}, {'var': '../index'}]}",            data,         GIVES("[0, 1]")   },
        {"{'map': [[1], {'var': '../../a.b'}]}",                       data,         GIVES("[2]")      },
        {"{'map': [[1], {'map': [[2], {'var': '../../../../a.b'}]}]}", data,         GIVES("[[2]]")    },
        {"{'map': [[1], {'map': [[2], {'var': '../../'}]}]}",          data,         GIVES("[[1]]")    },
        {"{'map': [[1], {'var': '../../../a'}]}",                      data,         GIVES("[null]")   },
    };
    EXPECT(cases);
}

static void test_val_and_exists(void **state)
{
    (void)state;
    static const char data[] = "{'a': {'b': [1, 2], 'n': null}, 'a.b': 3, '': {'': 4}, 'null': 5}";
    static const struct logic_case cases[] = {
        {"{'val': 'a.b'}",                                       data,         GIVES("3")               },
        {"{'val': ['a', 'b', 1]}",                               data,         GIVES("2")               },
        {"{'val': ['a', 'q', 1]}",                               data,         GIVES("null")            },
        {"{'val': ['a', 'n', 'm']}",                             data,         GIVES("null")            },
        {"{'val': []}",                                          "[1]",        GIVES("[1]")             },
        {"{'val': ''}",                                          data,         GIVES("{'': 4}")         },
        {"{'val': ['', '']}",                                    data,         GIVES("4")               },
        {"{'val': null}",                                        data,         GIVES("5")               },
        {"{'val': 1}",                                           "['x', 'y']", GIVES("'y'")             },
        {"{'val': {'cat': ['a', '.b']}}",                        data,         GIVES("3")               },
        {"{'val': ['a', {'cat': ['b']}]}",                       data,         GIVES("[1, 2]")          },
        {"{'val': [[1], 'index']}",                              data,         GIVES("null")            },
        {"{'map': [[5, 6], {'val': [[1], 'index']}]}",           data,         GIVES("[0, 1]")          },
        {"{'map': [[5, 6], {'val': [[-1], 'iterator']}]}",       data,         GIVES("[[5, 6], [5, 6]]")},
        {"{'map': [[5], {'val': [[2], 'a.b']}]}",                data,         GIVES("[3]")             },
        {"{'filter': [[5, 6], {'val': [['1'], 'index']}]}",      data,         GIVES("[6]")             },
        {"{'some': [[5], {'===': [{'val': [[2], 'a.b']}, 3]}]}", data,         GIVES("true")            },
        {"{'reduce': [[5], {'val': [[2], 'a.b']}, 0]}",          data,         GIVES("3")               },
        {"{'map': [[5], {'val': [[99], 'a']}]}",                 data,         GIVES("[null]")          },
        {"{'exists': 'a.b'}",                                    data,         GIVES("true")            },
        {"{'exists': ['a', 'n']}",                               data,         GIVES("true")            },
        {"{'exists': ['a', 'n', 'm']}",                          data,         GIVES("false")           },
        {"{'exists': ['a', 'q']}",                               data,         GIVES("false")           },
        {"{'exists': ['a', 'b', 2]}",                            data,         GIVES("false")           },
        {"{'exists': [{'cat': 'a'}]}",                           data,         GIVES("true")            },
        {"{'exists': 'a'}",                                      "5",          GIVES("false")           },
    };
    EXPECT(cases);
}

static void test_missing(void **state)
{
    (void)state;
    static const char data[] = "{'a': 1, 'n': null, 'e': '', 'o': {'k': 0}}";
    static const struct logic_case cases[] = {
        {"{'missing': ['a', 'b', 'o.k', 'o.q']}",  data,         GIVES("['b', 'o.q']")},
        {"{'missing': 'b'}",                       data,         GIVES("['b']")       },
        {"{'missing': []}",                        data,         GIVES("[]")          },
        {"{'missing': ['n', 'e']}",                data,         GIVES("[]")          },
        {"{'missing': [['a', 'b']]}",              data,         GIVES("['b']")       },
        {"{'missing': {'merge': ['a', ['b']]}}",   data,         GIVES("['b']")       },
        {"{'missing': [1, 'x']}",                  "['p', 'q']", GIVES("['x']")       },
        {"{'missing': ['a']}",                     NULL,         GIVES("['a']")       },
        {"{'missing_some': [1, ['a', 'b']]}",      data,         GIVES("[]")          },
        {"{'missing_some': [2, ['a', 'b', 'c']]}", data,         GIVES("['b', 'c']")  },
        {"{'missing_some': [0, []]}",              data,         GIVES("[]")          },
        {"{'missing_some': ['1', ['b']]}",         data,         GIVES("['b']")       },
        {"{'missing_some': [1, 'a']}",             data,         INVALID              },
        {"{'missing_some': ['x', ['a']]}",         data,         NOT_A_NUMBER         },
    };
    EXPECT(cases);
}

static void test_truth(void **state)
{
    (void)state;
    static const struct logic_case cases[] = {
        {"{'map': [{'var': ''}, {'!!': [{'var': ''}]}]}",
         "[0, 1, -1, '', '0', ' ', null, true, false, [], [0], {}, {'a': 0}]", GIVES("[false, true, true, false, true, true, false, true, false, false, true, true, "
               "true]")},
        {"{'!': [[]]}",                                   NULL,                GIVES("true")         },
        {"{'!': []}",                                     NULL,                GIVES("true")         },
        {"{'!!': []}",                                    NULL,                GIVES("false")        },
        {"{'!': {'var': 'x'}}",                           "{'x': [0]}",        GIVES("false")        },
        {"{'!!': {'var': 'x'}}",                          "{'x': [0]}",        GIVES("true")         },
        {"{'!': [true, false]}",                          NULL,                GIVES("false")        },
        {"{'!!': {}}",                                    NULL,                GIVES("true")         },
        {"{'!': null}",                                   NULL,                GIVES("true")         },
    };
    EXPECT(cases);
}

static void test_if_and_or(void **state)
{
    (void)state;
    static const struct logic_case cases[] = {
        {"{'if': [true, 1, 2]}",                NULL,     GIVES("1")    },
        {"{'if': [[], 1, 2]}",                  NULL,     GIVES("2")    },
        {"{'?:': [{}, 1, 2]}",                  NULL,     GIVES("1")    },
        {"{'if': [false, 1]}",                  NULL,     GIVES("null") },
        {"{'if': [false, 1, 0, 2, 'a', 3, 4]}", NULL,     GIVES("3")    },
        {"{'if': [false, 1, 0, 2, '', 3, 4]}",  NULL,     GIVES("4")    },
        {"{'if': [7]}",                         NULL,     GIVES("7")    },
        {"{'if': []}",                          NULL,     GIVES("null") },
        {"{'if': [true, 1, {'throw': 'x'}]}",   NULL,     GIVES("1")    },
        {"{'if': [{'throw': 'x'}, 1, 2]}",      NULL,     THROWS("x")   },
        {"{'if': 5}",                           NULL,     INVALID       },
        {"{'if': {'preserve': [true, 1]}}",     NULL,     INVALID       },
        {"{'and': [1, 'a', 2]}",                NULL,     GIVES("2")    },
        {"{'and': [1, '', {'throw': 'x'}]}",    NULL,     GIVES("''")   },
        {"{'and': []}",                         NULL,     GIVES("false")},
        {"{'and': true}",                       NULL,     INVALID       },
        {"{'or': [0, '', 3, {'throw': 'x'}]}",  NULL,     GIVES("3")    },
        {"{'or': [false, 0, []]}",              NULL,     GIVES("[]")   },
        {"{'or': []}",                          NULL,     GIVES("false")},
        {"{'or': {'var': ''}}",                 "[true]", INVALID       },
        {"{'?\?': [null, {'var': 'x'}, 0, 1]}", "{}",     GIVES("0")    },
        {"{'?\?': [null, false]}",              NULL,     GIVES("false")},
        {"{'?\?': []}",                         NULL,     GIVES("null") },
        {"{'?\?': [1, {'throw': 'x'}]}",        NULL,     GIVES("1")    },
        {"{'?\?': 1}",                          NULL,     INVALID       },
    };
    EXPECT(cases);
}

static void test_equality(void **state)
{
    (void)state;
    static const char data[] = "{'l': [1], 'o': {}, 'm': [1]}";
    static const struct logic_case cases[] = {
        {"{'==': [1, '1']}",                        NULL, GIVES("true") },
        {"{'==': [1, ' 1e0 ']}",                    NULL, GIVES("true") },
        {"{'==': ['1', '1.0']}",                    NULL, GIVES("false")},
        {"{'==': [true, 1]}",                       NULL, GIVES("true") },
        {"{'==': [0, null]}",                       NULL, GIVES("true") },
        {"{'==': [null, null]}",                    NULL, GIVES("true") },
        {"{'==': [null, '']}",                      NULL, GIVES("false")},
        {"{'!=': [null, '']}",                      NULL, GIVES("true") },
        {"{'==': ['a', 1]}",                        NULL, NOT_A_NUMBER  },
        {"{'==': [1, [1]]}",                        NULL, NOT_A_NUMBER  },
        {"{'==': [{'var': 'l'}, {'var': 'l'}]}",    data, NOT_A_NUMBER  },
        {"{'!=': [1, {}]}",                         NULL, NOT_A_NUMBER  },
        {"{'==': [3, 3, '3', true]}",               NULL, GIVES("false")},
        {"{'!=': [1, 2, 1]}",                       NULL, GIVES("true") },
        {"{'!=': [1, 2, 2]}",                       NULL, GIVES("false")},
        {"{'==': [1, 2, {'throw': 'x'}]}",          NULL, GIVES("false")},
        {"{'===': [1, 1, 1, 1]}",                   NULL, GIVES("true") },
        {"{'===': [1, '1']}",                       NULL, GIVES("false")},
        {"{'===': [0, {'-': 0}]}",                  NULL, GIVES("true") },
        {"{'===': [null, null]}",                   NULL, GIVES("true") },
        {"{'===': [null, false]}",                  NULL, GIVES("false")},
        {"{'===': [[1], [1]]}",                     NULL, GIVES("false")},
        {"{'===': [[], []]}",                       NULL, GIVES("false")},
        {"{'===': [{'var': 'l'}, {'var': 'l'}]}",   data, GIVES("true") },
        {"{'===': [{'var': 'l'}, {'var': 'm'}]}",   data, GIVES("false")},
        {"{'===': [{'var': 'o'}, {'val': ['o']}]}", data, GIVES("true") },
        {"{'!==': [1, '1', 1]}",                    NULL, GIVES("true") },
        {"{'!==': [{}, {}]}",                       NULL, GIVES("true") },
        {"{'==': [1]}",                             NULL, INVALID       },
        {"{'===': []}",                             NULL, INVALID       },
        {"{'!==': 1}",                              NULL, INVALID       },
        {"{'!=': {'preserve': [1, 2]}}",            NULL, INVALID       },
    };
    EXPECT(cases);
}

static void test_order(void **state)
{
    (void)state;
    static const struct logic_case cases[] = {
        {"{'<': [1, 2]}",                 NULL, GIVES("true") },
        {"{'<': [1, '10']}",              NULL, GIVES("true") },
        {"{'<': ['2', '10']}",            NULL, GIVES("false")},
        {"{'<': ['b', 'ab']}",            NULL, GIVES("false")},
        {"{'<': ['a', 'ab']}",            NULL, GIVES("true") },
        {"{'<': ['Z', 'a']}",             NULL, GIVES("true") },
        {"{'<': ['z', 'é']}",            NULL, GIVES("true") },
        {"{'<': ['😀', '\\uffee']}",    NULL, GIVES("true") }, /* by code units, not code points */
        {"{'<': ['😀', '😁']}",       NULL, GIVES("true") },
        {"{'>': ['', null]}",             NULL, GIVES("false")},
        {"{'>=': ['', null]}",            NULL, GIVES("true") },
        {"{'<': [null, '5']}",            NULL, GIVES("true") },
        {"{'>': ['5', null]}",            NULL, GIVES("true") },
        {"{'<=': [null, 'a']}",           NULL, GIVES("false")},
        {"{'<=': [null, null]}",          NULL, GIVES("true") },
        {"{'<': [false, true]}",          NULL, GIVES("true") },
        {"{'<': [1, 2, 3, 4]}",           NULL, GIVES("true") },
        {"{'<': [1, 3, 2, 4]}",           NULL, GIVES("false")},
        {"{'<': ['a', 'b', 'c', 'd']}",   NULL, GIVES("true") },
        {"{'<=': [1, 1, 2]}",             NULL, GIVES("true") },
        {"{'>': [3, 2, 1]}",              NULL, GIVES("true") },
        {"{'>=': [3, 3, 4]}",             NULL, GIVES("false")},
        {"{'<': [3, 2, {'throw': 'x'}]}", NULL, GIVES("false")},
        {"{'<': [1, 'a']}",               NULL, NOT_A_NUMBER  },
        {"{'<': [[], 1]}",                NULL, NOT_A_NUMBER  },
        {"{'>': [1, {}]}",                NULL, NOT_A_NUMBER  },
        {"{'<': [1]}",                    NULL, INVALID       },
        {"{'>=': 1}",                     NULL, INVALID       },
    };
    EXPECT(cases);
}

static void test_arithmetic(void **state)
{
    (void)state;
    static const struct logic_case cases[] = {
        {"{'+': [1, '2', true, null, '', 0.5]}", NULL,            GIVES("4.5") },
        {"{'+': []}",                            NULL,            GIVES("0")   },
        {"{'+': '-1.5e1'}",                      NULL,            GIVES("-15") },
        {"{'+': '0x1F'}",                        NULL,            GIVES("31")  },
        {"{'+': ' 7\\u00a0\\n'}",                NULL,            GIVES("7")   },
        {"{'+': ['.5', '5.']}",                  NULL,            GIVES("5.5") },
        {"{'+': {'var': 'l'}}",                  "{'l': [1, 2]}", GIVES("3")   },
        {"{'+': [{'var': 'l'}]}",                "{'l': [1, 2]}", GIVES("3")   },
        {"{'+': [{'var': 'l'}, 1]}",             "{'l': [1, 2]}", NOT_A_NUMBER },
        {"{'+': [[1]]}",                         NULL,            NOT_A_NUMBER },
        {"{'+': ['1x']}",                        NULL,            NOT_A_NUMBER },
        {"{'+': '1e'}",                          NULL,            NOT_A_NUMBER },
        {"{'+': '--1'}",                         NULL,            NOT_A_NUMBER },
        {"{'+': '.'}",                           NULL,            NOT_A_NUMBER },
        {"{'+': '0x'}",                          NULL,            NOT_A_NUMBER },
        {"{'+': ['Infinity', '-Infinity']}",     NULL,            NOT_A_NUMBER },
        {"{'+': {}}",                            NULL,            NOT_A_NUMBER },
        {"{'-': 5}",                             NULL,            GIVES("-5")  },
        {"{'-': [5]}",                           NULL,            GIVES("-5")  },
        {"{'-': [5, 2, '1']}",                   NULL,            GIVES("2")   },
        {"{'-': 0}",                             NULL,            GIVES("0")   },
        {"{'-': []}",                            NULL,            INVALID      },
        {"{'-': ['a']}",                         NULL,            NOT_A_NUMBER },
        {"{'*': [2, '3', true]}",                NULL,            GIVES("6")   },
        {"{'*': []}",                            NULL,            GIVES("1")   },
        {"{'*': [2, [3]]}",                      NULL,            NOT_A_NUMBER },
        {"{'*': {'preserve': [4, 5]}}",          NULL,            GIVES("20")  },
        {"{'/': [8, 2, 2]}",                     NULL,            GIVES("2")   },
        {"{'/': 4}",                             NULL,            GIVES("0.25")},
        {"{'/': [1, 0]}",                        NULL,            NOT_A_NUMBER },
        {"{'/': [-1, '0']}",                     NULL,            NOT_A_NUMBER },
        {"{'/': [1, null]}",                     NULL,            NOT_A_NUMBER },
        {"{'/': [0, 5]}",                        NULL,            GIVES("0")   },
        {"{'/': []}",                            NULL,            INVALID      },
        {"{'%': [7, 3]}",                        NULL,            GIVES("1")   },
        {"{'%': [-7, 3]}",                       NULL,            GIVES("-1")  },
        {"{'%': [7.5, 2]}",                      NULL,            GIVES("1.5") },
        {"{'%': [29, 10, 4]}",                   NULL,            GIVES("1")   },
        {"{'%': [7, 0]}",                        NULL,            NOT_A_NUMBER },
        {"{'%': 7}",                             NULL,            INVALID      },
        {"{'%': [[7]]}",                         NULL,            NOT_A_NUMBER },
        {"{'max': [1, 3, 2]}",                   NULL,            GIVES("3")   },
        {"{'min': [1, -3, 2]}",                  NULL,            GIVES("-3")  },
        {"{'max': {'var': ''}}",                 "[4, 9]",        GIVES("9")   },
        {"{'min': 5}",                           NULL,            GIVES("5")   },
        {"{'max': [1, '3']}",                    NULL,            INVALID      },
        {"{'max': [true]}",                      NULL,            INVALID      },
        {"{'min': []}",                          NULL,            INVALID      },
        {"{'min': [{'var': ''}]}",               "[4, 9]",        INVALID      },
    };
    EXPECT(cases);
}

static void test_text(void **state)
{
    (void)state;
    static const struct logic_case cases[] = {
        {"{'cat': ['a', 1, true, null, 2.5]}",                                                   NULL,            GIVES("'a1true2.5'")                                         },
        {"{'cat': [[1, [2, null], 'b'], {}]}",                                                   NULL,            GIVES("'1,2,,b[object Object]'")                             },
        {"{'cat': []}",                                                                          NULL,            GIVES("''")                                                  },
        {"{'cat': null}",                                                                        NULL,            GIVES("''")                                                  },
        {"{'cat': 'x'}",                                                                         NULL,            GIVES("'x'")                                                 },
        {"{'cat': {'var': ''}}",                                                                 "['a', 'b', 1]", GIVES("'ab1'")                                               },
        {"{'cat': [1e21, ' ', 1e-7, ' ', 123456789012345680000, ' ', 0.000001, ' ', -1.5e-10]}",
         NULL,                                                                                                    GIVES("'1e+21 1e-7 123456789012345680000 0.000001 -1.5e-10'")},
        {"{'cat': [0.1, ' ', {'-': 0}, ' ', 1.7976931348623157e308, ' ', 5e-324]}",              NULL,
         GIVES("'0.1 0 1.7976931348623157e+308 5e-324'")                                                                                                                       },
        {"{'cat': [{'*': [1e308, 10]}, {'*': [1e308, -10]}]}",                                   NULL,            GIVES("'Infinity-Infinity'")                                 },
        {"{'substr': ['jsonlogic', 4]}",                                                         NULL,            GIVES("'logic'")                                             },
        {"{'substr': ['jsonlogic', -5, 3]}",                                                     NULL,            GIVES("'log'")                                               },
        {"{'substr': ['jsonlogic', 1, -5]}",                                                     NULL,            GIVES("'son'")                                               },
        {"{'substr': ['abc', -10, 2]}",                                                          NULL,            GIVES("'ab'")                                                },
        {"{'substr': ['abc', 5]}",                                                               NULL,            GIVES("''")                                                  },
        {"{'substr': ['abc', 1, -9]}",                                                           NULL,            GIVES("''")                                                  },
        {"{'substr': ['abc', '1', 1.9]}",                                                        NULL,            GIVES("'b'")                                                 },
        {"{'substr': ['abc', 1, null]}",                                                         NULL,            GIVES("''")                                                  },
        {"{'substr': 'abc'}",                                                                    NULL,            GIVES("'abc'")                                               },
        {"{'substr': [12345, 1, 2]}",                                                            NULL,            GIVES("'23'")                                                },
        {"{'substr': ['aé😀b', 1, 3]}",                                                       NULL,            GIVES("'é😀'")                                            },
        {"{'substr': ['aé😀b', 1, 2]}",                                                       NULL,            GIVES("'é\\ufffd'")                                         },
        {"{'substr': ['aé😀b', 3]}",                                                          NULL,            GIVES("'\\ufffdb'")                                          },
        {"{'substr': ['😀😀', 1, 2]}",                                                       NULL,            GIVES("'\\ufffd\\ufffd'")                                    },
        {"{'substr': [null, 1]}",                                                                NULL,            INVALID                                                      },
        {"{'substr': ['abc', 'x']}",                                                             NULL,            NOT_A_NUMBER                                                 },
        {"{'length': 'aé😀'}",                                                                NULL,            GIVES("4")                                                   },
        {"{'length': [[1, 2]]}",                                                                 NULL,            GIVES("2")                                                   },
        {"{'length': {'var': ''}}",                                                              "[1, 2, 3]",     GIVES("3")                                                   },
        {"{'length': {'var': ''}}",                                                              "{'a': 1}",      GIVES("1")                                                   },
        {"{'length': ['ab', {'throw': 'x'}]}",                                                   NULL,            THROWS("x")                                                  },
        {"{'length': []}",                                                                       NULL,            INVALID                                                      },
        {"{'length': 5}",                                                                        NULL,            INVALID                                                      },
        {"{'length': {'var': 'x'}}",                                                             "{}",            INVALID                                                      },
        {"{'in': ['b', 'abc']}",                                                                 NULL,            GIVES("true")                                                },
        {"{'in': [1, 'a1']}",                                                                    NULL,            GIVES("true")                                                },
        {"{'in': ['', 'a']}",                                                                    NULL,            GIVES("true")                                                },
        {"{'in': ['a', '']}",                                                                    NULL,            GIVES("false")                                               },
        {"{'in': ['B', 'abc']}",                                                                 NULL,            GIVES("false")                                               },
        {"{'in': [2, [1, 2]]}",                                                                  NULL,            GIVES("true")                                                },
        {"{'in': ['2', [1, 2]]}",                                                                NULL,            GIVES("false")                                               },
        {"{'in': [null, [null]]}",                                                               NULL,            GIVES("true")                                                },
        {"{'in': [[1], [[1]]]}",                                                                 NULL,            GIVES("false")                                               },
        {"{'in': [{'var': 'l'}, [{'var': 'l'}]]}",                                               "{'l': [1]}",    GIVES("true")                                                },
        {"{'in': ['a', {'var': 'x'}]}",                                                          "{}",            GIVES("false")                                               },
        {"{'in': ['a', {'var': ''}]}",                                                           "{'a': 1}",      INVALID                                                      },
        {"{'in': ['a', 5]}",                                                                     NULL,            INVALID                                                      },
        {"{'in': ['a']}",                                                                        NULL,            GIVES("false")                                               },
    };
    EXPECT(cases);
}

static void test_lists(void **state)
{
    (void)state;
    static const struct logic_case cases[] = {
        {"{'map': [{'var': 'x'}, {'*': [{'var': ''}, 2]}]}",                                  "{'x': [1, 2]}", GIVES("[2, 4]")                          },
        {"{'map': [{'var': 'x'}, 7]}",                                                        "{'x': [1, 2]}", GIVES("[7, 7]")                          },
        {"{'map': [{'var': 'x'}, 7]}",                                                        "{}",            GIVES("[]")                              },
        {"{'map': [null, 7]}",                                                                NULL,            INVALID                                  },
        {"{'map': [[1], null]}",                                                              NULL,            INVALID                                  },
        {"{'map': [[1]]}",                                                                    NULL,            INVALID                                  },
        {"{'map': ['abc', 7]}",                                                               NULL,            INVALID                                  },
        {"{'map': [{'preserve': {'a': 1}}, 7]}",                                              NULL,            INVALID                                  },
        {"{'map': 5}",                                                                        NULL,            INVALID                                  },
        {"{'map': [[1, 2], {'throw': {'var': ''}}]}",                                         NULL,            THROWS("{'type': 1}")                    },
        {"{'filter': [[1, 2, 3], {'>': [{'var': ''}, 1]}]}",                                  NULL,            GIVES("[2, 3]")                          },
        {"{'filter': [[0, [], {}, ''], {'var': ''}]}",                                        NULL,            GIVES("[{}]")                            },
        {"{'filter': [{'var': 'x'}, true]}",                                                  "{}",            GIVES("[]")                              },
        {"{'filter': [[1], null]}",                                                           NULL,            INVALID                                  },
        {"{'filter': [null, true]}",                                                          NULL,            INVALID                                  },
        {"{'reduce': [[1, 2, 3], {'+': [{'var': 'accumulator'}, {'var': 'current'}]}, 10]}",  NULL,
         GIVES("16")                                                                                                                                    },
        {"{'reduce': [[1, 2, 3], {'+': [{'var': 'accumulator'}, {'var': 'current'}]}]}",      NULL,
         GIVES("6")                                                                                                                                     },
        {"{'reduce': [{'var': 'x'}, {'var': 'current'}, 'first']}",                           "{}",            GIVES("'first'")                         },
        {"{'reduce': [null, 1, 2]}",                                                          NULL,            GIVES("2")                               },
        {"{'reduce': [[], 1]}",                                                               NULL,            INVALID                                  },
        {"{'reduce': [[1]]}",                                                                 NULL,            INVALID                                  },
        {"{'reduce': [[1, 2], {'merge': [{'var': 'accumulator'}, {'var': 'current'}]}, []]}", NULL,
         GIVES("[1, 2]")                                                                                                                                },
        {"{'reduce': [[1, 2], [{'var': 'accumulator'}], [[0]]]}",                             NULL,
         THROWS("Exceeded Allowed Depth")                                                                                                               },
        {"{'reduce': [[1, 2], [{'var': 'accumulator'}], 0]}",                                 NULL,
         THROWS("Exceeded Allowed Depth")                                                                                                               },
        {"{'reduce': [[1, 2], {'var': ''}, 0]}",                                              NULL,            THROWS("Exceeded Allowed Depth")         },
        {"{'reduce': [[1], {'var': ''}, 0]}",                                                 NULL,            GIVES("{'accumulator': 0, 'current': 1}")},
        {"{'all': [[1, 2], {'>': [{'var': ''}, 0]}]}",                                        NULL,            GIVES("true")                            },
        {"{'all': [[1, -2], {'>': [{'var': ''}, 0]}]}",                                       NULL,            GIVES("false")                           },
        {"{'all': [[], true]}",                                                               NULL,            GIVES("false")                           },
        {"{'all': [[1], null]}",                                                              NULL,            GIVES("false")                           },
        {"{'all': [[1]]}",                                                                    NULL,            GIVES("false")                           },
        {"{'all': [null, true]}",                                                             NULL,            INVALID                                  },
        {"{'all': [{'var': 'x'}, true]}",                                                     "{}",            INVALID                                  },
        {"{'all': [0, true]}",                                                                NULL,            GIVES("false")                           },
        {"{'all': []}",                                                                       NULL,            INVALID                                  },
        {"{'some': [[1, -2], {'<': [{'var': ''}, 0]}]}",                                      NULL,            GIVES("true")                            },
        {"{'some': [[-1, {'throw': 'x'}], true]}",                                            NULL,            THROWS("x")                              },
        {"{'some': [[-1, 1], {'if': [{'<': [{'var': ''}, 0]}, true, {'throw': 'x'}]}]}",      NULL,
         GIVES("true")                                                                                                                                  },
        {"{'some': [[], true]}",                                                              NULL,            GIVES("false")                           },
        {"{'some': [[1], null]}",                                                             NULL,            GIVES("false")                           },
        {"{'some': [null, true]}",                                                            NULL,            INVALID                                  },
        {"{'some': [{'val': 'x'}, true]}",                                                    "{}",            INVALID                                  },
        {"{'none': [[1, 2], {'<': [{'var': ''}, 0]}]}",                                       NULL,            GIVES("true")                            },
        {"{'none': [[], true]}",                                                              NULL,            GIVES("true")                            },
        {"{'none': [[1], null]}",                                                             NULL,            GIVES("true")                            },
        {"{'none': [null, true]}",                                                            NULL,            INVALID                                  },
        {"{'none': [{'var': 'x'}, true]}",                                                    "{}",            INVALID                                  },
        {"{'none': 'x'}",                                                                     NULL,            INVALID                                  },
        {"{'merge': [[1, [2]], 3, null, []]}",                                                NULL,            GIVES("[1, [2], 3, null]")               },
        {"{'merge': []}",                                                                     NULL,            GIVES("[]")                              },
        {"{'merge': 1}",                                                                      NULL,            GIVES("[1]")                             },
        {"{'merge': {'var': ''}}",                                                            "[[1], 2, [3]]", GIVES("[1, 2, 3]")                       },
        {"{'merge': [1, 2, 3, 4, 5, [6]]}",                                                   NULL,            GIVES("[1, 2, 3, 4, 5, 6]")              },
    };
    EXPECT(cases);
}

static void test_try_and_throw(void **state)
{
    (void)state;
    static const char data[] = "{'x': {'type': 'mine', 'more': 1}, 'e': {'error': 'E'}, 'o': {}}";
    static const struct logic_case cases[] = {
        {"{'throw': 'stop'}",                                             NULL, THROWS("stop")                       },
        {"{'throw': ['stop']}",                                           NULL, THROWS("stop")                       },
        {"{'throw': 5}",                                                  NULL, THROWS("{'type': 5}")                },
        {"{'throw': null}",                                               NULL, THROWS("null")                       },
        {"{'throw': {'var': 'x'}}",                                       data, THROWS("{'type': 'mine', 'more': 1}")},
        {"{'try': [{'throw': 'a'}, 1]}",                                  NULL, GIVES("1")                           },
        {"{'try': [{'/': [1, 0]}, {'%': 1}, {'val': 'type'}]}",           NULL, GIVES("'Invalid Arguments'")         },
        {"{'try': [{'/': [1, 0]}, {'val': 'type'}]}",                     NULL, GIVES("'NaN'")                       },
        {"{'try': [{'throw': {'var': 'x'}}, {'val': 'type'}]}",           data, GIVES("'mine'")                      },
        {"{'try': [{'throw': {'var': 'e'}}, {'val': 'type'}]}",           data, GIVES("'E'")                         },
        {"{'try': [{'throw': {'var': 'o'}}, {'val': 'type'}]}",           data, GIVES("'Object'")                    },
        {"{'try': [{'throw': null}, {'var': 'e.error'}]}",                data, GIVES("'E'")                         },
        {"{'try': [{'throw': 'a'}, {'val': [[2], 'e', 'error']}]}",       data, GIVES("'E'")                         },
        {"{'try': [{'throw': 'a'}, {'val': [[1]]}]}",                     data, GIVES("null")                        },
        {"{'try': [{'throw': 'a'}, {'throw': 'b'}]}",                     NULL, THROWS("b")                          },
        {"{'try': {'throw': 'a'}}",                                       NULL, THROWS("a")                          },
        {"{'try': 3}",                                                    NULL, GIVES("3")                           },
        {"{'try': []}",                                                   NULL, INVALID                              },
        {"{'map': [[0, 2], {'try': [{'/': [2, {'var': ''}]}, 'zero']}]}", NULL,
         GIVES("['zero', 1]")                                                                                        },
    };
    EXPECT(cases);
}

/* Every case of the suite that jsonlogic.com's implementations share. */
static void test_compatibility_suite(void **state)
{
    (void)state;
    static const char path[] = SOURCE_DIR "/../shared/data/jsonlogic/compatible.json";
    json_t *suite = json_load_file(path, JSON_DECODE_INT_AS_REAL, /* error= */ NULL);
    size_t passed = 0;
    if (suite == NULL) {
        print_message("skipped: %s is not here\n", path);
        skip();
    }
    for (size_t i = 0; i < json_array_size(suite); i++) {
        const json_t *one = json_array_get(suite, i);
        struct jsonlogic *compiled = NULL;
        struct logic_value value;
        struct arena arena;
        if (!json_is_object(one))
            continue; /* a heading */
        arena_init(&arena, 1 << 20);
        assert_int_equal(run_rule(json_object_get(one, "rule"), json_object_get(one, "data"),
                                  &arena, &compiled, &value),
                         OK);
        if (!value_equals(&value, json_object_get(one, "result")))
            fail_msg("%s", json_string_value(json_object_get(one, "description")));
        passed++;
        jsonlogic_free(compiled);
        arena_done(&arena);
    }
    json_decref(suite);
    assert_int_equal(passed, 278);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constants),     cmocka_unit_test(test_unknown_operators),
        cmocka_unit_test(test_var),           cmocka_unit_test(test_val_and_exists),
        cmocka_unit_test(test_missing),       cmocka_unit_test(test_truth),
        cmocka_unit_test(test_if_and_or),     cmocka_unit_test(test_equality),
        cmocka_unit_test(test_order),         cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_text),          cmocka_unit_test(test_lists),
        cmocka_unit_test(test_try_and_throw), cmocka_unit_test(test_compatibility_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

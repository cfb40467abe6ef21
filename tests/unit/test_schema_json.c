/* Proves what json_parse refuses and how it says so, that text survives parse and serialize, RFC
 * 7396 by its own examples, and the escaping of pointers. */
#include "testing.h"

#include <math.h>

#include "base/utf8.h"
#include "schema/json.h"

static json_t *parsed(const char *text)
{
    json_t *root = NULL;
    struct err err;
    if (json_parse(str_from(text), &root, &err) != OK)
        fail_msg("%s: %s", text, err.detail);
    return root;
}

static void assert_serialized(const json_t *value, const char *expected)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 1 << 20);
    json_serialize(&buf, value);
    assert_false(buf.failed);
    assert_str_is(buf_str(&buf), expected);
}

static void test_takes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *again;
    } good[] = {
        {"null",                                 "null"                              },
        {" true ",                               "true"                              },
        {"\"\\u00e9\\ud83d\\ude42\"",            "\"\xC3\xA9\xF0\x9F\x99\x82\""      },
        {"9223372036854775807",                  "9223372036854775807"               },
        {"-9223372036854775808",                 "-9223372036854775808"              },
        {"9223372036854775808.0",                "9223372036854775808"               },
        {"1e5",                                  "100000"                            },
        {"1e-999",                               "0"                                 },
        {"-0.0",                                 "0"                                 },
        {"{\"b\":1,\"a\":[1, 2.50,{}],\"\":{}}", "{\"b\":1,\"a\":[1,2.5,{}],\"\":{}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        json_auto_t *root = parsed(good[i].text);
        if (strcmp(good[i].text, "9223372036854775808.0") != 0) {
            assert_serialized(root, good[i].again);
            continue;
        }
        assert_true(json_is_real(root) && json_real_value(root) == 0x1p63);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"",                                "there is nothing"          },
        {"   ",                             "ends before it is complete"},
        {"{",                               "ends before it is complete"},
        {"{\"secret\":1",                   "ends before it is complete"},
        {"[1,]",                            "not valid JSON"            },
        {"{\"secret\":tru}",                "not valid JSON"            },
        {"{'secret':1}",                    "not valid JSON"            },
        {"[1] secret",                      "follows the end"           },
        {"NaN",                             "not valid JSON"            },
        {"+1",                              "not valid JSON"            },
        {"01",                              "not valid JSON"            },
        {"9223372036854775808",             "out of range"              },
        {"-9223372036854775809",            "out of range"              },
        {"[1e400]",                         "out of range"              },
        {"{\"secret\":1,\"secret\":2}",     "twice"                     },
        {"{\"a\":{\"x\":1,\"\\u0078\":2}}", "twice"                     },
        {"\"a\\u0000b\"",                   "U+0000"                    },
        {"{\"a\\u0000\":1}",                "U+0000"                    },
        {"\"\xFF\"",                        "UTF-8"                     },
        {"\"\xED\xA0\x80\"",                "UTF-8"                     },
        {"\"\\ud800\"",                     "not valid JSON"            },
        {"\"a\nb\"",                        "not valid JSON"            },
        {"\xEF\xBB\xBF{}",                  "not valid JSON"            },
        {"\"secret",                        "ends before it is complete"},
        {"// secret\n1",                    "not valid JSON"            },
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        json_t *root = NULL;
        struct err err = {.code = OK};
        assert_int_equal(json_parse(str_from(bad[i].text), &root, &err), ERR_MALFORMED);
        assert_int_equal(err.code, ERR_MALFORMED);
        assert_null(root);
        if (strstr(err.detail, bad[i].says) == NULL)
            fail_msg("%s: %s", bad[i].text, err.detail);
        assert_null(strstr(err.detail, "secret"));
        assert_true(utf8_is_valid(str_from(err.detail)));
    }
    json_t *root = NULL;
    struct err err;
    assert_int_equal(json_parse(str_slice("1\0", 2), &root, &err), ERR_MALFORMED);
    assert_int_equal(json_parse(str_slice("1\0 garbage", 10), &root, &err), ERR_MALFORMED);
    assert_int_equal(json_parse(str_slice("\"\0\"", 3), &root, &err), ERR_MALFORMED);
    assert_int_equal(json_parse(STR_LITERAL("{\n  \"a\": x\n}"), &root, &err), ERR_MALFORMED);
    assert_non_null(strstr(err.detail, "line 2, column 8"));
}

static enum err_code parse_nested(size_t depth, char open, struct err *err)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 1 << 20);
    buf_append_text(&buf, "\n");
    for (size_t i = 0; i < depth; i++)
        buf_append_text(&buf, open == '[' ? "[" : "{\"a\":");
    buf_append_text(&buf, "\"[[{{\\\"[[\"");
    for (size_t i = 0; i < depth; i++)
        buf_append_char(&buf, open == '[' ? ']' : '}');
    json_auto_t *root = NULL;
    return json_parse(buf_str(&buf), &root, err);
}

static void test_depth(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(parse_nested(JSON_DEPTH_MAX, '[', &err), OK);
    assert_int_equal(parse_nested(JSON_DEPTH_MAX, '{', &err), OK);
    assert_int_equal(parse_nested(JSON_DEPTH_MAX + 1, '{', &err), ERR_MALFORMED);
    assert_int_equal(parse_nested(JSON_DEPTH_MAX + 1, '[', &err), ERR_MALFORMED);
    assert_string_equal(err.detail,
                        "Arrays and objects are nested deeper than 32 at line 2, column 33.");
    assert_int_equal(parse_nested(100000, '[', &err), ERR_MALFORMED);
    json_auto_t *root = NULL; /* siblings do not add up */
    assert_int_equal(
        json_parse(STR_LITERAL("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],"
                               "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]"),
                   &root, &err),
        OK);
}

static json_t *random_value(struct random *random, unsigned depth)
{
    switch (random_below(random, depth > 0 ? 7 : 5)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(random_below(random, 2));
    case 2:
        return json_integer((json_int_t)(random_u64(random) >> random_below(random, 64)));
    case 3:
        /* Not a whole number: that would come back as an integer. */
        return json_real((double)(random_below(random, 1 << 30) * 2 + 1) / 1024.0);
    case 4: {
        char text[9];
        size_t len = random_below(random, sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)(1 + random_below(random, 126));
        return json_stringn(text, len);
    }
    case 5: {
        json_t *array = json_array();
        for (uint64_t i = random_below(random, 5); i > 0; i--)
            json_array_append_new(array, random_value(random, depth - 1));
        return array;
    }
    default: {
        json_t *object = json_object();
        for (uint64_t i = random_below(random, 5); i > 0; i--) {
            char name[8];
            snprintf(name, sizeof name, "k%u", (unsigned)random_below(random, 8));
            json_object_set_new(object, name, random_value(random, depth - 1));
        }
        return object;
    }
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    struct random random = testing_random();
    for (int i = 0; i < 3000; i++) {
        json_auto_t *value = random_value(&random, 5);
        CLEANUP(buf_done) struct buf buf;
        buf_init(&buf, 1 << 20);
        json_serialize(&buf, value);
        assert_false(buf.failed);
        json_auto_t *again = NULL;
        struct err err;
        assert_int_equal(json_parse(buf_str(&buf), &again, &err), OK);
        assert_true(json_equal(value, again));
    }
}

static void test_merge_patch_examples(void **state)
{
    (void)state;
    /* RFC 7396 appendix A */
    static const char *const cases[][3] = {
        {"{\"a\":\"b\"}",             "{\"a\":\"c\"}",                    "{\"a\":\"c\"}"            },
        {"{\"a\":\"b\"}",             "{\"b\":\"c\"}",                    "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}",             "{\"a\":null}",                     "{}"                       },
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}",                     "{\"b\":\"c\"}"            },
        {"{\"a\":[\"b\"]}",           "{\"a\":\"c\"}",                    "{\"a\":\"c\"}"            },
        {"{\"a\":\"c\"}",             "{\"a\":[\"b\"]}",                  "{\"a\":[\"b\"]}"          },
        {"{\"a\":{\"b\":\"c\"}}",     "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"    },
        {"{\"a\":[{\"b\":\"c\"}]}",   "{\"a\":[1]}",                      "{\"a\":[1]}"              },
        {"[\"a\",\"b\"]",             "[\"c\",\"d\"]",                    "[\"c\",\"d\"]"            },
        {"{\"a\":\"b\"}",             "[\"c\"]",                          "[\"c\"]"                  },
        {"{\"a\":\"foo\"}",           "null",                             "null"                     },
        {"{\"a\":\"foo\"}",           "\"bar\"",                          "\"bar\""                  },
        {"{\"e\":null}",              "{\"a\":1}",                        "{\"e\":null,\"a\":1}"     },
        {"[1,2]",                     "{\"a\":\"b\",\"c\":null}",         "{\"a\":\"b\"}"            },
        {"{}",                        "{\"a\":{\"bb\":{\"ccc\":null}}}",  "{\"a\":{\"bb\":{}}}"      },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        json_auto_t *target = parsed(cases[i][0]);
        json_auto_t *patch = parsed(cases[i][1]);
        json_auto_t *result = json_merge_patch(target, patch);
        assert_serialized(result, cases[i][2]);
        assert_serialized(target, cases[i][0]);
        assert_serialized(patch, cases[i][1]);
    }
    json_auto_t *patch = parsed("{\"a\":{\"b\":null,\"c\":1}}");
    json_auto_t *result = json_merge_patch(NULL, patch);
    assert_serialized(result, "{\"a\":{\"c\":1}}");
}

static void test_pointer(void **state)
{
    (void)state;
    struct json_pointer pointer;
    json_pointer_init(&pointer, "/base");
    size_t mark = json_pointer_push(&pointer, STR_LITERAL("a/b~c"));
    assert_string_equal(pointer.text, "/base/a~1b~0c");
    size_t inner = json_pointer_push_index(&pointer, 12);
    assert_string_equal(pointer.text, "/base/a~1b~0c/12");
    json_pointer_pop(&pointer, inner);
    json_pointer_pop(&pointer, mark);
    assert_string_equal(pointer.text, "/base");
    char name[JSON_POINTER_BYTES_MAX];
    memset(name, 'x', sizeof name);
    mark = json_pointer_push(&pointer, str_slice(name, sizeof name));
    assert_string_equal(pointer.text, "/base");
    inner = json_pointer_push(&pointer, STR_LITERAL("child"));
    assert_string_equal(pointer.text, "/base"); /* else it would name something that is not there */
    json_pointer_pop(&pointer, inner);
    json_pointer_pop(&pointer, mark);
    json_pointer_push(&pointer, STR_LITERAL(""));
    assert_string_equal(pointer.text, "/base/");
    json_pointer_init(&pointer, "");
    json_pointer_push(&pointer, str_slice(name, sizeof name - 2));
    assert_int_equal(pointer.len, JSON_POINTER_BYTES_MAX - 1);
}

static bool use_json(void *context)
{
    (void)context;
    json_t *target = NULL;
    json_t *patch = NULL;
    json_t *result = NULL;
    struct err err;
    struct buf buf;
    buf_init(&buf, 10000);
    bool is_ok = false;
    enum err_code code =
        json_parse(STR_LITERAL("{\"a\":{\"b\":[1,2.5,\"x\"]},\"c\":null}"), &target, &err);
    if (code == OK)
        code = json_parse(STR_LITERAL("{\"a\":{\"b\":null,\"d\":{\"e\":1}}}"), &patch, &err);
    if (code == OK)
        result = json_merge_patch(target, patch);
    if (result != NULL) {
        json_serialize(&buf, result);
        is_ok = !buf.failed;
    }
    if (is_ok)
        assert_str_is(buf_str(&buf), "{\"a\":{\"d\":{\"e\":1}},\"c\":null}");
    buf_done(&buf);
    json_decref(result);
    json_decref(patch);
    json_decref(target);
    return is_ok;
}

static void *jansson_alloc(size_t size)
{
    return mem_alloc(size);
}

static void test_failing_allocations(void **state)
{
    (void)state;
    json_malloc_t was_malloc;
    json_free_t was_free;
    json_get_alloc_funcs(&was_malloc, &was_free);
    json_set_alloc_funcs(jansson_alloc, mem_free);
    assert_true(testing_fail_each_allocation(use_json, NULL) > 10);
    json_set_alloc_funcs(was_malloc, was_free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_pointer),
        cmocka_unit_test(test_merge_patch_examples),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

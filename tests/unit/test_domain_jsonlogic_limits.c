/* Proves that compiled JsonLogic is bounded, repeatable, shareable between threads, survives lack
 * of memory, and takes facts that are no document. */
#include "test_domain_jsonlogic_support.h"

#include <math.h>
#include <pthread.h>

static struct jsonlogic *compile(const char *text)
{
    json_t *source = quoted_json(text);
    struct jsonlogic *rule = NULL;
    struct err err;
    assert_int_equal(jsonlogic_compile(source, JSONLOGIC_STRICT, "", NULL, &rule, &err), OK);
    json_decref(source); /* the rule owes it nothing */
    return rule;
}

static enum err_code compile_code(const json_t *source, unsigned flags)
{
    struct jsonlogic *rule = NULL;
    struct err err = {.code = OK};
    enum err_code code = jsonlogic_compile(source, flags, "", NULL, &rule, &err);
    if (code != OK) {
        assert_null(rule);
        assert_int_equal(err.code, code);
        assert_true(strlen(err.detail) > 0);
    }
    jsonlogic_free(rule);
    return code;
}

/* Evaluates over a document; the scratch arena has `limit_bytes`. */
static enum err_code evaluate(const char *rule, const json_t *data, size_t limit_bytes)
{
    struct jsonlogic *compiled = compile(rule);
    struct logic_value root = logic_json(data);
    struct logic_value value;
    struct arena arena;
    struct err err;
    arena_init(&arena, limit_bytes);
    enum err_code code = jsonlogic_eval(compiled, &root, &arena, &value, NULL, &err);
    assert_int_equal(code, jsonlogic_eval(compiled, &root, &arena, &value, NULL, NULL));
    assert_true(code == OK || (err.code == code && strlen(err.detail) > 0));
    arena_done(&arena);
    jsonlogic_free(compiled);
    return code;
}

/* `levels` operations inside each other. */
static json_t *nested(const char *operation, int levels)
{
    json_t *json = json_true();
    for (int i = 0; i < levels; i++)
        json = json_pack("{s:[o]}", operation, json);
    return json;
}

static void test_depth(void **state)
{
    (void)state;
    json_t *fits = nested("!", JSONLOGIC_DEPTH_MAX - 1);
    json_t *too_deep = nested("!", JSONLOGIC_DEPTH_MAX);
    assert_int_equal(compile_code(fits, 0), OK);
    assert_int_equal(compile_code(too_deep, 0), ERR_TOO_LARGE);
    json_decref(fits);
    json_decref(too_deep);
    json_t *lists = json_array();
    for (int i = 0; i < 2000; i++)
        lists = json_pack("[o]", lists);
    assert_int_equal(compile_code(lists, 0), ERR_TOO_LARGE);
    json_t *quoted = json_pack("{s:o}", "preserve", lists);
    assert_int_equal(compile_code(quoted, 0), ERR_TOO_LARGE);
    json_decref(quoted);
}

static void test_nodes(void **state)
{
    (void)state;
    json_t *list = json_array();
    for (int i = 0; i < JSONLOGIC_NODES_MAX - 1; i++)
        assert_int_equal(json_array_append_new(list, json_integer(i)), 0);
    json_t *quoted = json_pack("{s:O}", "preserve", list);
    assert_int_equal(compile_code(list, 0), OK);
    assert_int_equal(compile_code(quoted, 0), ERR_TOO_LARGE);
    assert_int_equal(json_array_append_new(list, json_null()), 0);
    assert_int_equal(compile_code(list, 0), ERR_TOO_LARGE);
    json_decref(quoted);
    json_decref(list);
}

static void test_strict_finds_every_unknown_operator(void **state)
{
    (void)state;
    static const char *const pointers[] = {
        "/interest/3/when/and/0/no~1such",
        "/interest/3/when/and/1/if/1/0/x~0",
        "/interest/3/when/and/2/!/+",
    };
    json_t *source = quoted_json("{'and': [{'no/such': 1}, {'if': [true, [{'x~': 1}]]},"
                                 " {'!': {'+': 1, '-': 2}}, {'preserve': {'kept': 1}}]}");
    struct jsonlogic *rule = NULL;
    struct arena arena;
    struct faults faults;
    struct err err;
    arena_init(&arena, 1 << 20);
    faults_init(&faults, &arena);
    assert_int_equal(
        jsonlogic_compile(source, JSONLOGIC_STRICT, "/interest/3/when", &faults, &rule, &err),
        ERR_INVALID);
    assert_null(rule);
    assert_int_equal(faults.count, ARRAY_LEN(pointers));
    for (size_t i = 0; i < ARRAY_LEN(pointers); i++) {
        assert_string_equal(faults.items[i].pointer, pointers[i]);
        assert_string_equal(faults.items[i].code, "unknown_operator");
    }
    assert_string_equal(err.detail, "\"no/such\" at /interest/3/when/and/0/no~1such is not a known "
                                    "operator.");
    assert_int_equal(compile_code(source, JSONLOGIC_STRICT), ERR_INVALID);
    assert_int_equal(compile_code(source, 0), OK);
    arena_done(&arena);
    json_decref(source);
}

static void test_long_operator_names(void **state)
{
    (void)state;
    char name[3000];
    for (size_t i = 0; i + 2 < sizeof name; i += 2)
        memcpy(name + i, "\xC3\xA9", 2);
    name[sizeof name - 2] = '\0';
    json_t *source = json_pack("{s:i}", name, 1);
    struct jsonlogic *rule = NULL;
    struct err err;
    assert_int_equal(jsonlogic_compile(source, JSONLOGIC_STRICT, "", NULL, &rule, &err),
                     ERR_INVALID);
    json_t *detail = json_string(err.detail); /* NULL if a character were cut */
    assert_non_null(detail);
    json_decref(detail);
    json_decref(source);
}

static json_t *numbers(int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        assert_int_equal(json_array_append_new(list, json_integer(i)), 0);
    return list;
}

static void test_steps(void **state)
{
    (void)state;
    json_t *list = numbers(400);
    json_t *few = numbers(100);
    static const char squared[] = "{'map': [{'var': ''}, {'map': [{'val': [[2]]}, 1]}]}";
    static const char caught[] =
        "{'try': [{'map': [{'var': ''}, {'map': [{'val': [[2]]}, 1]}]}, 'caught']}";
    assert_int_equal(evaluate(squared, few, 64 << 20), OK);
    assert_int_equal(evaluate(squared, list, 64 << 20), ERR_TOO_LARGE);
    assert_int_equal(evaluate(caught, list, 64 << 20), ERR_TOO_LARGE);
    assert_int_equal(evaluate("{'map': [{'var': ''}, {'+': {'val': [[2]]}}]}", list, 64 << 20),
                     ERR_TOO_LARGE);
    assert_int_equal(
        evaluate("{'map': [{'var': ''}, {'in': ['x', {'val': [[2]]}]}]}", list, 64 << 20),
        ERR_TOO_LARGE);
    json_decref(list);
    json_decref(few);
}

static void test_steps_of_text(void **state)
{
    (void)state;
    char *text = malloc(1 << 20);
    memset(text, 'a', 1 << 20);
    json_t *data = json_pack("{s:s%, s:o}", "text", text, (size_t)(1 << 20), "list", numbers(100));
    static const char *const rules[] = {
        "{'map': [{'var': 'list'}, {'in': ['b', {'val': [[2], 'text']}]}]}",
        "{'map': [{'var': 'list'}, {'==': [{'val': [[2], 'text']}, {'val': [[2], 'text']}]}]}",
        "{'map': [{'var': 'list'}, {'length': {'val': [[2], 'text']}}]}",
        "{'map': [{'var': 'list'}, {'substr': [{'val': [[2], 'text']}, -1]}]}",
        "{'map': [{'var': 'list'}, {'val': [[2], 'text', 'length']}]}",
    };
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        assert_int_equal(evaluate(rules[i], data, 64 << 20), ERR_TOO_LARGE);
    json_decref(data);
    free(text);
}

static void test_memory_limit(void **state)
{
    (void)state;
    json_t *list = numbers(60);
    static const char doubling[] =
        "{'reduce': [{'var': ''}, {'cat': [{'var': 'accumulator'}, {'var': 'accumulator'}]}, 'x']}";
    static const char caught[] =
        "{'try': [{'reduce': [{'var': ''}, {'cat': [{'var': 'accumulator'},"
        " {'var': 'accumulator'}]}, 'x']}, 'caught']}";
    assert_int_equal(evaluate(doubling, list, 1 << 20), ERR_NOMEM);
    assert_int_equal(evaluate(caught, list, 1 << 20), ERR_NOMEM);
    assert_int_equal(evaluate("{'==': [{'var': '3'}, 3]}", list, 0), OK); /* needs none */
    json_decref(list);
}

static void test_deep_data(void **state)
{
    (void)state;
    json_t *data = json_array();
    for (int i = 0; i < 1000; i++)
        data = json_pack("[o]", data);
    struct logic_value value = logic_json(data);
    struct buf buf;
    struct json_writer json;
    buf_init(&buf, 1 << 20);
    json_writer_init(&json, &buf);
    assert_int_equal(logic_write(&value, &json), ERR_TOO_LARGE);
    assert_int_equal(buf.len, 0);
    assert_int_equal(evaluate("{'cat': [{'var': ''}, 'x']}", data, 1 << 20), ERR_TOO_LARGE);
    assert_int_equal(evaluate("{'!!': {'var': ''}}", data, 1 << 20), OK);
    buf_done(&buf);
    json_decref(data);
}

static void expect_over(const char *rule, const struct logic_value *data, const char *expected)
{
    struct jsonlogic *compiled = compile(rule);
    json_t *wanted = quoted_json(expected);
    struct logic_value value;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    assert_int_equal(jsonlogic_eval(compiled, data, &arena, &value, NULL, NULL), OK);
    assert_true(value_equals(&value, wanted));
    arena_done(&arena);
    json_decref(wanted);
    jsonlogic_free(compiled);
}

static void test_facts(void **state)
{
    (void)state;
    json_t *properties = quoted_json("{'pages': ['/', '/pricing'], 'minutes': 12}");
    const struct logic_member facts[] = {
        {STR_LITERAL("kind"),       logic_text(STR_LITERAL("page_view"))  },
        {STR_LITERAL("offer"),      logic_text((struct str){.data = NULL})},
        {STR_LITERAL("campaign"),   logic_missing()                       },
        {STR_LITERAL("properties"), logic_json(properties)                },
    };
    const struct logic_value data = logic_object(facts, ARRAY_LEN(facts));
    expect_over("{'var': 'kind'}", &data, "'page_view'");
    expect_over("{'var': ['offer', 1]}", &data, "null");
    expect_over("{'var': ['campaign', 1]}", &data, "1");
    expect_over("{'missing': ['kind', 'offer', 'campaign', 'other']}", &data,
                "['campaign', 'other']");
    expect_over("{'some': [{'var': 'properties.pages'}, {'in': ['pricing', {'var': ''}]}]}", &data,
                "true");
    expect_over("{'>': [{'val': ['properties', 'minutes']}, 10]}", &data, "true");
    expect_over("{'var': ''}", &data,
                "{'kind': 'page_view', 'offer': null,"
                " 'properties': {'pages': ['/', '/pricing'], 'minutes': 12}}");
    const struct logic_value nothing = logic_json(NULL);
    expect_over("{'var': ''}", &nothing, "null");
    assert_int_equal(logic_count(&data), 3);
    json_decref(properties);
}

static void test_writes_numbers(void **state)
{
    (void)state;
    const struct logic_value items[] = {logic_number(-0.0), logic_number(HUGE_VAL), logic_missing(),
                                        logic_number(0.1)};
    const struct logic_value list = logic_array(items, ARRAY_LEN(items));
    struct buf buf;
    struct json_writer json;
    buf_init(&buf, 100);
    json_writer_init(&json, &buf);
    assert_int_equal(logic_write(&list, &json), OK);
    assert_str_is(buf_str(&buf), "[0,null,null,0.1]");
    buf_done(&buf);
}

static bool compile_and_evaluate(void *context)
{
    const json_t *const *both = context;
    struct jsonlogic *rule = NULL;
    struct logic_value root = logic_json(both[1]);
    struct logic_value value;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    enum err_code code = jsonlogic_compile(both[0], JSONLOGIC_STRICT, "", NULL, &rule, NULL);
    if (code == OK)
        code = jsonlogic_eval(rule, &root, &arena, &value, NULL, NULL);
    assert_true(code == OK || code == ERR_NOMEM);
    jsonlogic_free(rule);
    arena_done(&arena);
    return code == OK;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "{'reduce': [{'map': [{'filter': [{'var': 'l'}, {'>': [{'var': ''}, 1]}]},"
        " {'+': [{'var': '../index'}, {'var': ''}]}]}, {'cat': [{'var': 'accumulator'},"
        " {'var': 'current'}]}, 'a\\\\.b']}",
        "{'try': [{'throw': 'x'}, [{'val': 'type'}, {'missing': ['q', {'cat': [1, 2]}]}]]}",
        "{'merge': [1, 2, 3, 4, {'var': {'cat': ['a', '\\\\.', 'b']}}, {'preserve': {'a': [1]}}]}",
        ("[{'in': [1, {'cat': ['x', 1]}]}, {'substr': [12, 1]}, {'substr': ['😀', 1]},"
         " {'val': [{'cat': 'l'}, 0]}, {'missing_some': [1, ['a', 'b']]}]"),
    };
    json_t *data = quoted_json("{'l': [1, 2, 3], 'a.b': 5}");
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        json_t *rule = quoted_json(rules[i]);
        const json_t *both[] = {rule, data};
        assert_true(testing_fail_each_allocation(compile_and_evaluate, both) > 0);
        json_decref(rule);
    }
    json_decref(data);
}

enum { THREADS = 4, ROUNDS = 500 };

struct shared {
    const struct jsonlogic *rule;
    const json_t *data;
};

static void *evaluate_often(void *context)
{
    const struct shared *shared = context;
    struct logic_value root = logic_json(shared->data);
    size_t right = 0;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < ROUNDS; i++) {
        struct logic_value value;
        enum err_code code = jsonlogic_eval(shared->rule, &root, &arena, &value, NULL, NULL);
        if (code == OK && value.kind == LOGIC_NUMBER && fabs(value.number - 14) < 1e-9)
            right++;
        arena_clear(&arena);
    }
    arena_done(&arena);
    return right == ROUNDS ? context : NULL;
}

static void test_threads_share_a_rule(void **state)
{
    (void)state;
    struct jsonlogic *rule =
        compile("{'reduce': [{'map': [{'var': 'l'}, {'*': [{'var': ''}, {'var': ''}]}]},"
                " {'+': [{'var': 'accumulator'}, {'var': 'current'}]}, 0]}");
    json_t *data = quoted_json("{'l': [1, 2, 3]}");
    struct shared shared = {.rule = rule, .data = data};
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, evaluate_often, &shared), 0);
    for (int i = 0; i < THREADS; i++) {
        void *right = NULL;
        assert_int_equal(pthread_join(threads[i], &right), 0);
        assert_ptr_equal(right, &shared);
    }
    jsonlogic_free(rule);
    json_decref(data);
}

static json_t *random_constant(struct random *random)
{
    static const char *const texts[] = {"", "0", "12", "abc", "a.b", "😀é", " 7 ", "list", "../x"};
    switch (random_below(random, 6)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(random_below(random, 2) == 0);
    case 2:
        return json_real((double)(int64_t)random_below(random, 2000) / 8 - 100);
    case 3:
        return json_integer((json_int_t)random_below(random, 5));
    default:
        return json_string(texts[random_below(random, ARRAY_LEN(texts))]);
    }
}

static json_t *random_rule(struct random *random, unsigned depth)
{
    static const char *const operations[] = {
        "var",    "val",    "exists",   "missing", "missing_some",
        "if",     "?:",     "and",      "or",      "?\?",
        "!",      "!!",     "==",       "===",     "!=",
        "!==",    "<",      "<=",       ">",       ">=",
        "+",      "-",      "*",        "/",       "%",
        "min",    "max",    "cat",      "in",      "substr",
        "length", "map",    "map",      "all",     "some",
        "none",   "filter", "some",     "reduce",  "merge",
        "try",    "throw",  "preserve", "nosuch"};
    uint64_t kind = random_below(random, 10);
    if (depth == 0 || kind < 2)
        return random_constant(random);
    json_t *list = json_array();
    for (uint64_t i = random_below(random, 4); i > 0; i--)
        assert_int_equal(json_array_append_new(list, random_rule(random, depth - 1)), 0);
    if (kind == 2)
        return list;
    const char *operation = operations[random_below(random, ARRAY_LEN(operations))];
    if (kind == 3) {
        json_decref(list);
        return json_pack("{s:o}", operation, random_rule(random, depth - 1));
    }
    return json_pack("{s:o}", operation, list);
}

/* What one evaluation gives, as text. */
static char *outcome(const struct jsonlogic *rule, const json_t *data, size_t limit_bytes)
{
    struct logic_value root = logic_json(data);
    struct logic_value value = logic_null();
    struct logic_value thrown = logic_null();
    struct arena arena;
    struct err err;
    struct buf buf;
    struct json_writer json;
    arena_init(&arena, limit_bytes);
    enum err_code code = jsonlogic_eval(rule, &root, &arena, &value, &thrown, &err);
    assert_true(code == OK || code == ERR_INVALID || code == ERR_TOO_LARGE || code == ERR_NOMEM);
    buf_init(&buf, 1 << 22);
    buf_append_text(&buf, err_name(code));
    json_writer_init(&json, &buf);
    bool is_written = logic_write(code == OK ? &value : &thrown, &json) == OK;
    char *text = strdup(is_written && !buf.failed ? buf.data : "not written");
    buf_done(&buf);
    arena_done(&arena);
    return text;
}

/* Whatever the rule: it compiles, it ends, twice in the same way, and too little memory is noticed.
 */
static void test_random_rules(void **state)
{
    (void)state;
    struct random random = testing_random();
    json_t *data = quoted_json("{'a': {'b': 1}, 'list': [1, 'x', null, [2], {'k': '😀'}], '': 3}");
    for (int i = 0; i < 4000; i++) {
        json_t *source = random_rule(&random, 5);
        struct jsonlogic *rule = NULL;
        assert_int_equal(jsonlogic_compile(source, 0, "", NULL, &rule, NULL), OK);
        char *first = outcome(rule, data, 1 << 22);
        char *second = outcome(rule, data, 1 << 22);
        char *starved = outcome(rule, data, random_below(&random, 500));
        assert_string_equal(first, second);
        assert_true(strcmp(starved, first) == 0 || strcmp(starved, "nomemnull") == 0);
        free(first);
        free(second);
        free(starved);
        jsonlogic_free(rule);
        json_decref(source);
    }
    json_decref(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_strict_finds_every_unknown_operator),
        cmocka_unit_test(test_long_operator_names),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_steps_of_text),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_deep_data),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_writes_numbers),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_threads_share_a_rule),
        cmocka_unit_test(test_random_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

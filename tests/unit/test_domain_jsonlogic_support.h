/*
 * For the JsonLogic tests: rules, data and results as JSON texts in which ' stands for ".
 */
#pragma once

#include "testing.h"

#include <jansson.h>

#include "domain/jsonlogic.h"

struct logic_case {
    const char *rule;
    const char *data;   /* NULL: null */
    const char *result; /* NULL: the rule fails */
    const char *error;  /* what it throws; without braces: {"type": that} */
};

static inline json_t *quoted_json(const char *text)
{
    char *copy = strdup(text != NULL ? text : "null");
    for (char *at = copy; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    json_t *json = json_loads(copy, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, /* error= */ NULL);
    if (json == NULL)
        fail_msg("not JSON: %s", copy);
    free(copy);
    return json;
}

static inline json_t *json_of_value(const struct logic_value *value)
{
    CLEANUP(buf_done) struct buf buf;
    struct json_writer writer;
    buf_init(&buf, 1 << 20);
    json_writer_init(&writer, &buf);
    assert_int_equal(logic_write(value, &writer), OK);
    json_t *json = json_loadb(buf.data, buf.len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(json);
    return json;
}

static inline bool value_equals(const struct logic_value *value, const json_t *expected)
{
    json_t *got = json_of_value(value);
    bool is_equal = json_equal(got, expected) != 0;
    json_decref(got);
    return is_equal;
}

/* Compiles leniently and evaluates; a value or a thrown one is in `ret_value`. */
static inline enum err_code run_rule(const json_t *rule, const json_t *data, struct arena *arena,
                                     struct jsonlogic **ret_compiled, struct logic_value *ret_value)
{
    struct err err;
    struct logic_value root = logic_json(data);
    assert_int_equal(jsonlogic_compile(rule, /* flags= */ 0, "", NULL, ret_compiled, &err), OK);
    struct logic_value value = logic_null();
    struct logic_value thrown = logic_null();
    enum err_code code = jsonlogic_eval(*ret_compiled, &root, arena, &value, &thrown, &err);
    *ret_value = code == OK ? value : thrown;
    return code;
}

static inline json_t *expected_of(const struct logic_case *one)
{
    if (one->result != NULL)
        return quoted_json(one->result);
    if (one->error[0] == '{' || one->error[0] == '[' || strcmp(one->error, "null") == 0)
        return quoted_json(one->error);
    return json_pack("{s:s}", "type", one->error);
}

static inline void expect_cases(const struct logic_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *rule = quoted_json(cases[i].rule);
        json_t *data = quoted_json(cases[i].data);
        json_t *expected = expected_of(&cases[i]);
        struct jsonlogic *compiled = NULL;
        struct logic_value value;
        struct arena arena;
        arena_init(&arena, 1 << 20);
        enum err_code code = run_rule(rule, data, &arena, &compiled, &value);
        bool is_expected = code == (cases[i].result != NULL ? OK : ERR_INVALID) &&
                           value_equals(&value, expected);
        if (!is_expected) {
            json_t *got = json_of_value(&value);
            char *text = json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT);
            print_error("%s with %s: %s %s\n", cases[i].rule, cases[i].data, err_name(code), text);
            free(text);
            json_decref(got);
        }
        jsonlogic_free(compiled);
        arena_done(&arena);
        json_decref(rule);
        json_decref(data);
        json_decref(expected);
        assert_true(is_expected);
    }
}

/*
 * Compiling a scoring model: what is accepted, and that every fault is told at once, at its place.
 */
#include "test_domain_score_support.h"

#include <math.h>

/* A default model with `value` (JSON text; NULL: removed) at the dotted `path`; numbers are
 * indices. */
static json_t *definition_with(const char *path, const char *value)
{
    json_t *definition = test_default_definition();
    json_t *at = definition;
    struct str rest = str_from(path);
    for (;;) {
        struct str step = str_cut(&rest, '.');
        char name[64];
        snprintf(name, sizeof name, "%.*s", STR_ARGS(step));
        size_t index = (size_t)strtoul(name, NULL, 10);
        if (rest.data != NULL) {
            at = json_is_array(at) ? json_array_get(at, index) : json_object_get(at, name);
            assert_non_null(at);
        } else if (json_is_array(at)) {
            json_array_set_new(at, index, test_json(value));
            return definition;
        } else if (value == NULL) {
            json_object_del(at, name);
            return definition;
        } else {
            json_object_set_new(at, name, test_json(value));
            return definition;
        }
    }
}

struct outcome {
    struct arena arena;
    struct faults faults;
    enum err_code code;
};

/* Takes over `definition`. */
static void compile(json_t *definition, struct outcome *outcome)
{
    struct model *model = NULL;
    arena_init(&outcome->arena, TEST_ARENA_BYTES);
    faults_init(&outcome->faults, &outcome->arena);
    outcome->code = model_compile(definition, /* zone= */ NULL, &model, &outcome->faults);
    assert_true((outcome->code == OK) == (model != NULL));
    model_free(model);
    json_decref(definition);
}

static bool has_fault(const struct outcome *outcome, const char *pointer, const char *code)
{
    for (size_t i = 0; i < outcome->faults.count; i++) {
        const struct fault *fault = &outcome->faults.items[i];
        if (strcmp(fault->pointer, pointer) == 0 && strcmp(fault->code, code) == 0)
            return fault->detail[0] != '\0';
    }
    return false;
}

static void default_model_compiles(void **state)
{
    (void)state;
    struct model *model = test_default_model();
    assert_string_equal(model->name, "default");
    assert_int_equal(model->fit_rule_count, 5);
    assert_int_equal(model->interest_rule_count, 7);
    assert_int_equal(model->at_once_count, 2);
    assert_int_equal(model->group_count, 0);
    assert_int_equal(model->half_life_us, 30 * US_PER_DAY);
    assert_true(isinf(model->interest_max));
    assert_int_equal(model->interest_rules[0].group, MODEL_NO_GROUP);
    assert_int_equal(model->interest_rules[0].from_us, TIME_NONE);

    static const char *const attributes[][2] = {
        {"company_size", "company_size"},
        {"seniority",    "job_title"   },
        {"country",      "country"     },
    };
    assert_int_equal(model->attribute_count, ARRAY_LEN(attributes));
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
        assert_true(str_is(model->attributes[i].variable, attributes[i][0]));
        assert_true(str_is(model->attributes[i].source, attributes[i][1]));
    }
    model_free(model);
}

static void single_faults(void **state)
{
    (void)state;
    static const struct {
        const char *path, *value, *pointer, *code;
    } cases[] = {
        {"name",                   NULL,                                  "/name",                   "required"        },
        {"name",                   "7",                                   "/name",                   "type"            },
        {"name",                   "\"\"",                                "/name",                   "too_short"       },
        {"colour",                 "1",                                   "/colour",                 "unknown"         },
        {"a/b~c",                  "1",                                   "/a~1b~0c",                "unknown"         },
        {"fit",                    NULL,                                  "/fit",                    "required"        },
        {"fit",                    "[]",                                  "/fit",                    "type"            },
        {"fit.rules",              NULL,                                  "/fit/rules",              "required"        },
        {"fit.rules",              "{}",                                  "/fit/rules",              "type"            },
        {"fit.rules.1",            "3",                                   "/fit/rules/1",            "type"            },
        {"fit.rules.1.max",        "3",                                   "/fit/rules/1/max",        "unknown"         },
        {"fit.rules.1.group",      "\"g\"",                               "/fit/rules/1/group",      "unknown"         },
        {"fit.rules.1.name",       "\"student\"",                         "/fit/rules/4/name",       "duplicate"       },
        {"fit.rules.1.points",     NULL,                                  "/fit/rules/1/points",     "required"        },
        {"fit.rules.1.points",     "\"3\"",                               "/fit/rules/1/points",     "type"            },
        {"fit.rules.1.points",     "1000001",                             "/fit/rules/1/points",     "range"           },
        {"fit.rules.1.points",     "-1e7",                                "/fit/rules/1/points",     "range"           },
        {"fit.rules.1.when",       NULL,                                  "/fit/rules/1/when",       "required"        },
        {"fit.rules.1.from",       "\"soon\"",                            "/fit/rules/1/from",       "format"          },
        {"fit.rules.1.until",      "3",                                   "/fit/rules/1/until",      "type"            },
        {"fit.rules.1.until",      "\"2026-02-30\"",                      "/fit/rules/1/until",      "format"          },
        {"fit.grades",             NULL,                                  "/fit/grades",             "required"        },
        {"fit.grades",             "3",                                   "/fit/grades",             "type"            },
        {"fit.grades.B",           NULL,                                  "/fit/grades/B",           "required"        },
        {"fit.grades.D",           "3",                                   "/fit/grades/D",           "unknown"         },
        {"fit.grades.B",           "60",                                  "/fit/grades/B",           "range"           },
        {"fit.grades.C",           "41",                                  "/fit/grades/C",           "range"           },
        {"interest",               NULL,                                  "/interest",               "required"        },
        {"interest.half_life",     NULL,                                  "/interest/half_life",     "required"        },
        {"interest.half_life",     "30",                                  "/interest/half_life",     "type"            },
        {"interest.half_life",     "\"P1M\"",                             "/interest/half_life",     "format"          },
        {"interest.half_life",     "\"PT59M\"",                           "/interest/half_life",     "range"           },
        {"interest.half_life",     "\"P3651D\"",                          "/interest/half_life",     "range"           },
        {"interest.max",           "0",                                   "/interest/max",           "range"           },
        {"interest.rules.2.max",   NULL,                                  "/interest/rules/2/max",   "required"        },
        {"interest.rules.2.max",   "0",                                   "/interest/rules/2/max",   "range"           },
        {"interest.rules.2.max",   "-5",                                  "/interest/rules/2/max",   "range"           },
        {"interest.rules.2.group", "\"g\"",                               "/interest/rules/2/group", "unknown"         },
        {"interest.rules.2.group", "7",                                   "/interest/rules/2/group", "type"            },
        {"interest.groups",        "[]",                                  "/interest/groups",        "type"            },
        {"interest.groups",        "{\"g\": 3}",                          "/interest/groups/g",      "type"            },
        {"interest.groups",        "{\"g\": {}}",                         "/interest/groups/g/max",  "required"        },
        {"interest.groups",        "{\"g\": {\"max\": 3, \"min\": 1}}",   "/interest/groups/g/min",
         "unknown"                                                                                                     },
        {"interest.groups",        "{\"\": {\"max\": 3}}",                "/interest/groups/",       "format"          },
        {"interest.grades.1",      "25",                                  "/interest/grades/2",      "range"           },
        {"interest.grades.3",      "0",                                   "/interest/grades/3",      "range"           },
        {"decision",               NULL,                                  "/decision",               "required"        },
        {"decision",               "\"mql\"",                             "/decision",               "type"            },
        {"decision.*",             NULL,                                  "/decision/*",             "required"        },
        {"decision.*",             "\"maybe\"",                           "/decision/*",             "choice"          },
        {"decision.A1",            "null",                                "/decision/A1",            "type"            },
        {"decision.A5",            "\"mql\"",                             "/decision/A5",            "unknown"         },
        {"mql_at_once",            "{}",                                  "/mql_at_once",            "type"            },
        {"mql_at_once.1",          "{\"oops\": 1}",                       "/mql_at_once/1/oops",     "unknown_operator"},
        {"interest.rules.0.when",  "{\"and\": [true, {\"regex\": [1]}]}",
         "/interest/rules/0/when/and/1/regex",                                                       "unknown_operator"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct outcome outcome;
        compile(definition_with(cases[i].path, cases[i].value), &outcome);
        if (outcome.code != ERR_INVALID || outcome.faults.count != 1 ||
            !has_fault(&outcome, cases[i].pointer, cases[i].code)) {
            fail_msg("%s := %s: %s, %zu faults, %s %s instead of %s %s", cases[i].path,
                     cases[i].value != NULL ? cases[i].value : "nothing", err_name(outcome.code),
                     outcome.faults.count,
                     outcome.faults.count > 0 ? outcome.faults.items[0].pointer : "-",
                     outcome.faults.count > 0 ? outcome.faults.items[0].code : "-",
                     cases[i].pointer, cases[i].code);
        }
        arena_done(&outcome.arena);
    }
}

static void all_faults_at_once(void **state)
{
    (void)state;
    struct outcome outcome;
    compile(test_json("{\"nme\": \"x\", \"fit\": {\"rules\": [{\"when\": {\"no\": 1}, \"points\": "
                      "\"many\"}]}, \"interest\": {\"half_life\": \"long\", \"rules\": 3, "
                      "\"grades\": {\"1\": 3, \"2\": 2}}, \"mql_at_once\": [{\"nope\": []}]}"),
            &outcome);
    assert_int_equal(outcome.code, ERR_INVALID);
    static const char *const expected[][2] = {
        {"/nme",                 "unknown"         },
        {"/name",                "required"        },
        {"/fit/rules/0/name",    "required"        },
        {"/fit/rules/0/when/no", "unknown_operator"},
        {"/fit/rules/0/points",  "type"            },
        {"/fit/grades",          "required"        },
        {"/interest/half_life",  "format"          },
        {"/interest/rules",      "type"            },
        {"/interest/grades/3",   "required"        },
        {"/decision",            "required"        },
        {"/mql_at_once/0/nope",  "unknown_operator"},
    };
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        if (!has_fault(&outcome, expected[i][0], expected[i][1]))
            fail_msg("no fault %s at %s", expected[i][1], expected[i][0]);
    assert_int_equal(outcome.faults.count, ARRAY_LEN(expected));
    arena_done(&outcome.arena);

    static const char *const roots[] = {"null", "[]", "3", "\"model\""};
    for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
        compile(test_json(roots[i]), &outcome);
        assert_int_equal(outcome.code, ERR_INVALID);
        assert_true(has_fault(&outcome, "", "type"));
        arena_done(&outcome.arena);
    }
}

static json_t *rules_of(json_t *definition, const char *part, size_t count)
{
    json_t *rules = json_object_get(json_object_get(definition, part), "rules");
    json_array_clear(rules);
    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "rule %zu", i);
        json_t *rule = json_pack("{ss s{s[{ss}i]} si}", "name", name, "when", "==", "var", name, 1,
                                 "points", 1);
        if (strcmp(part, "interest") == 0)
            json_object_set_new(rule, "max", json_integer(5));
        json_array_append_new(rules, rule);
    }
    return rules;
}

static void limits_are_met_exactly(void **state)
{
    (void)state;
    struct outcome outcome;
    static const struct {
        const char *part, *pointer;
    } parts[] = {
        {"fit",      "/fit/rules"     },
        {"interest", "/interest/rules"},
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        for (size_t over = 0; over < 2; over++) {
            json_t *definition = test_default_definition();
            rules_of(definition, parts[i].part, 64 + over);
            compile(definition, &outcome);
            assert_int_equal(outcome.code, over ? ERR_INVALID : OK);
            assert_int_equal(has_fault(&outcome, parts[i].pointer, "too_many"), over);
            arena_done(&outcome.arena);
        }
    }
    for (size_t over = 0; over < 2; over++) {
        json_t *definition = test_default_definition();
        json_t *rules = json_array();
        for (size_t i = 0; i < MODEL_AT_ONCE_MAX + over; i++)
            json_array_append_new(rules, json_false());
        json_object_set_new(definition, "mql_at_once", rules);
        compile(definition, &outcome);
        assert_int_equal(outcome.code, over ? ERR_INVALID : OK);
        arena_done(&outcome.arena);

        json_t *groups = json_object();
        for (size_t i = 0; i < MODEL_GROUPS_MAX + over; i++) {
            char name[32];
            snprintf(name, sizeof name, "group %zu", i);
            json_object_set_new(groups, name, json_pack("{si}", "max", 1));
        }
        definition = test_default_definition();
        json_object_set_new(json_object_get(definition, "interest"), "groups", groups);
        compile(definition, &outcome);
        assert_int_equal(outcome.code, over ? ERR_INVALID : OK);
        arena_done(&outcome.arena);

        char name[2 * (MODEL_NAME_CHARS_MAX + 1) + 1];
        for (size_t i = 0; i < MODEL_NAME_CHARS_MAX + over; i++)
            memcpy(name + 2 * i, "é", 3);
        definition = test_default_definition();
        json_object_set_new(definition, "name", json_string(name));
        compile(definition, &outcome);
        assert_int_equal(outcome.code, over ? ERR_INVALID : OK);
        assert_int_equal(has_fault(&outcome, "/name", "too_long"), over);
        arena_done(&outcome.arena);
    }
}

static void attributes_have_limits(void **state)
{
    (void)state;
    struct outcome outcome;
    for (size_t over = 0; over < 2; over++) {
        json_t *definition = test_default_definition();
        json_t *rules = rules_of(definition, "fit", 64);
        if (over) {
            json_t *both = test_json("{\"and\": [{\"var\": \"x\"}, {\"var\": \"rule 0\"}]}");
            json_object_set_new(json_array_get(rules, 0), "when", both);
        }
        compile(definition, &outcome);
        assert_int_equal(outcome.code, over ? ERR_INVALID : OK);
        assert_int_equal(has_fault(&outcome, "/fit/rules", "too_many"), over);
        arena_done(&outcome.arena);
    }
}

/* The names of the attributes that one fit rule looks at, joined by blanks. */
static void assert_attributes(const char *when, const char *expected)
{
    json_t *definition = test_default_definition();
    json_t *rules = rules_of(definition, "fit", 1);
    json_object_set_new(json_array_get(rules, 0), "when", test_json(when));
    struct model *model = test_compile(definition);
    CLEANUP(buf_done) struct buf names;
    buf_init(&names, 1024);
    for (size_t a = 0; a < model->attribute_count; a++)
        buf_printf(&names, "%s%.*s", a > 0 ? " " : "", STR_ARGS(model->attributes[a].variable));
    assert_string_equal(buf_str(&names).data, expected);
    model_free(model);
}

static void attributes_are_found_in_rules(void **state)
{
    (void)state;
    assert_attributes("true", "");
    assert_attributes("{\"var\": \"\"}", "");
    assert_attributes("{\"var\": \"a\"}", "a");
    assert_attributes("{\"var\": [\"a.b.c\", {\"var\": \"d\"}]}", "a d");
    assert_attributes("{\"and\": [{\"var\": \"a\"}, {\"!\": {\"var\": \"b\"}}, {\"var\": \"a\"}]}",
                      "a b");
    assert_attributes("{\"val\": [\"a\", \"b\"]}", "a");
    assert_attributes("{\"exists\": \"a\"}", "a");
    assert_attributes("{\"missing\": [\"a\", \"b\"]}", "a b");
    assert_attributes("{\"missing_some\": [1, [\"a\", \"b\"]]}", "a b");
    assert_attributes("{\"some\": [{\"var\": \"list\"}, {\"==\": [{\"var\": \"x\"}, 1]}]}", "list");
    assert_attributes("{\"var\": \"a\\\\.b.c\"}", "a.b");
    assert_attributes("{\"var\": \"../a\"}", "");
    assert_attributes("{\"preserve\": {\"var\": \"a\"}}", "");
    assert_attributes("{\"var\": {\"cat\": [\"a\", {\"var\": \"b\"}]}}", "b");
}

static int64_t midnight_in_paris_in_winter_us(void *context, int32_t days)
{
    *(int *)context += 1;
    return days * US_PER_DAY - 3600 * US_PER_SECOND;
}

static void windows_are_read(void **state)
{
    (void)state;
    json_t *definition = definition_with("interest.rules.0.from", "\"2026-12-01\"");
    json_t *rule =
        json_array_get(json_object_get(json_object_get(definition, "interest"), "rules"), 0);
    json_object_set_new(rule, "until", json_string("2026-12-24T12:00:00+02:00"));
    struct outcome outcome;
    arena_init(&outcome.arena, TEST_ARENA_BYTES);
    faults_init(&outcome.faults, &outcome.arena);
    int calls = 0;
    const struct model_zone zone = {.midnight_us = midnight_in_paris_in_winter_us,
                                    .context = &calls};
    struct model *model = NULL;
    assert_int_equal(model_compile(definition, &zone, &model, &outcome.faults), OK);
    arena_done(&outcome.arena);
    assert_int_equal(calls, 1);
    assert_int_equal(model->interest_rules[0].from_us, INT64_C(1796079600) * US_PER_SECOND);
    assert_int_equal(model->interest_rules[0].until_us, INT64_C(1798106400) * US_PER_SECOND);
    model_free(model);

    /* Half-open: an empty window is a fault, null is none. */
    json_object_set_new(rule, "from", json_string("2026-12-24T10:00:00Z"));
    compile(json_incref(definition), &outcome);
    assert_int_equal(outcome.code, ERR_INVALID);
    assert_true(has_fault(&outcome, "/interest/rules/0/until", "range"));
    arena_done(&outcome.arena);
    json_object_set_new(rule, "until", json_null());
    compile(definition, &outcome);
    assert_int_equal(outcome.code, OK);
    arena_done(&outcome.arena);
}

static void groups_are_read(void **state)
{
    (void)state;
    json_t *definition = definition_with(
        "interest.groups", "{\"content\": {\"max\": 70}, \"unused\": {\"max\": 1.5}}");
    json_t *interest = json_object_get(definition, "interest");
    json_object_set_new(interest, "max", json_integer(120));
    json_t *rules = json_object_get(interest, "rules");
    json_object_set_new(json_array_get(rules, 2), "group", json_string("content"));
    json_object_set_new(json_array_get(rules, 4), "group", json_string("content"));
    struct model *model = test_compile(definition);
    assert_true(model->interest_max == 120.0);
    assert_int_equal(model->group_count, 2);
    int content = model->interest_rules[2].group;
    assert_int_equal(model->interest_rules[4].group, content);
    assert_string_equal(model->groups[content].name, "content");
    assert_true(model->groups[content].max == 70.0);
    assert_int_equal(model->groups[content].rules, 1U << 2 | 1U << 4);
    assert_int_equal(model->groups[1 - content].rules, 0);
    model_free(model);
}

static void all_grades_need_no_default(void **state)
{
    (void)state;
    json_t *map = json_object();
    for (unsigned f = FIT_A; f < FIT_GRADE_COUNT_; f++) {
        for (unsigned i = INTEREST_1; i <= INTEREST_4; i++) {
            char name[GRADE_TEXT_BYTES];
            grade_format((enum fit_grade)f, (enum interest_grade)i, name);
            json_object_set_new(map, name, json_string("stimulate"));
        }
    }
    json_t *definition = test_default_definition();
    json_object_set_new(definition, "decision", map);
    json_object_del(definition, "mql_at_once");
    struct model *model = test_compile(definition);
    assert_int_equal(decision_of(model, FIT_D, INTEREST_4, false), DECISION_STIMULATE);
    assert_int_equal(model->at_once_count, 0);
    model_free(model);
}

static void places_too_long_to_show_are_shown_by_their_parent(void **state)
{
    (void)state;
    json_t *definition = test_default_definition();
    char name[5000];
    memset(name, '/', sizeof name);
    name[sizeof name - 1] = '\0';
    json_object_set_new(json_object_get(definition, "fit"), name, json_null());
    struct outcome outcome;
    compile(definition, &outcome);
    assert_int_equal(outcome.code, ERR_INVALID);
    assert_true(has_fault(&outcome, "/fit", "unknown"));
    arena_done(&outcome.arena);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    json_t *definition = definition_with("interest.groups", "{\"content\": {\"max\": 70}}");
    enum err_code code = ERR_NOMEM;
    int64_t allocations = 0;
    for (; code == ERR_NOMEM && allocations < 10000; allocations++) {
        struct model *model = NULL;
        struct outcome outcome;
        arena_init(&outcome.arena, TEST_ARENA_BYTES);
        faults_init(&outcome.faults, &outcome.arena);
        mem_fail_after(allocations);
        code = model_compile(definition, NULL, &model, &outcome.faults);
        mem_fail_after(-1);
        assert_true((code == OK) == (model != NULL));
        assert_true(code == OK || code == ERR_NOMEM);
        model_free(model);
        arena_done(&outcome.arena);
    }
    assert_int_equal(code, OK);
    assert_true(allocations > 10);
    json_decref(definition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_model_compiles),
        cmocka_unit_test(single_faults),
        cmocka_unit_test(all_faults_at_once),
        cmocka_unit_test(limits_are_met_exactly),
        cmocka_unit_test(attributes_have_limits),
        cmocka_unit_test(attributes_are_found_in_rules),
        cmocka_unit_test(windows_are_read),
        cmocka_unit_test(groups_are_read),
        cmocka_unit_test(all_grades_need_no_default),
        cmocka_unit_test(places_too_long_to_show_are_shown_by_their_parent),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("domain_model", tests, NULL, NULL);
}

/* Proves each kind's rules, none and fallback, that all faults come at once with their pointers,
 * and that decoding without memory is clean. */
#include "testing.h"

#include <math.h>

#include "schema/schema.h"

enum colour { RED, GREEN, BLUE };

static const char *const colour_names[] = {"red", "green", "blue", NULL};

struct step {
    struct str name;
    int64_t position;
};

static const struct field step_fields[] = {
    FIELD("name", STRING, struct step, name, .flags = FIELD_REQUIRED, .min = 1, .max = 5),
    FIELD("position", INT, struct step, position, FIELD_FALLBACK(7)),
};
static const struct schema step_schema = SCHEMA(struct step, step_fields);

struct sample {
    struct str text;
    bool has_text;
    struct str line;
    struct str slug;
    int64_t integer;
    int64_t limited;
    double real;
    bool is_on;
    struct uuid id;
    int64_t at_us;
    int32_t day;
    int64_t target_us;
    int64_t default_us;
    enum colour colour;
    int shade;
    struct step step;
    const struct step *steps;
    size_t step_count;
    const struct str *tags;
    size_t tag_count;
    const enum colour *colours;
    size_t colour_count;
    const json_t *any;
    const json_t *attributes;
};

static const struct field sample_fields[] = {
    FIELD("text", STRING, struct sample, text, .flags = FIELD_NULLABLE, .min = 2, .max = 4,
          FIELD_PRESENCE(struct sample, has_text)),
    FIELD("line", STRING, struct sample, line, .flags = FIELD_LINE, .max = 40),
    FIELD("slug", SLUG, struct sample, slug),
    FIELD("integer", INT, struct sample, integer, .flags = FIELD_NULLABLE),
    FIELD("limited", INT, struct sample, limited, .min = -1, .max = 10),
    FIELD("real", REAL, struct sample, real, .min = 0, .max = 0.5),
    FIELD("on", BOOL, struct sample, is_on, FIELD_FALLBACK(true)),
    FIELD("id", UUID, struct sample, id),
    FIELD("at", TIME, struct sample, at_us),
    FIELD("day", DATE, struct sample, day),
    FIELD("target", DURATION, struct sample, target_us, .min = 60, .max = 3600),
    FIELD("default", DURATION, struct sample, default_us, FIELD_FALLBACK(1.5)),
    FIELD_CHOICE("colour", struct sample, colour, colour_names, FIELD_FALLBACK(BLUE)),
    FIELD_CHOICE("shade", struct sample, shade, colour_names),
    FIELD_NESTED("step", struct sample, step, &step_schema),
    FIELD_ARRAY("steps", struct sample, steps, step_count,
                &FIELD_ELEMENT(OBJECT, .schema = &step_schema), .min = 1, .max = 3),
    FIELD_ARRAY("tags", struct sample, tags, tag_count, &FIELD_ELEMENT(SLUG), .max = 3),
    FIELD_ARRAY("colours", struct sample, colours, colour_count,
                &FIELD_ELEMENT(ENUM, .choices = colour_names, .flags = FIELD_NULLABLE), .max = 9),
    FIELD("any", JSON, struct sample, any),
    FIELD("attributes", MAP, struct sample, attributes, .max = 2),
};
static const struct schema sample_schema = SCHEMA(struct sample, sample_fields);

struct fixture {
    struct arena arena;
    struct faults faults;
    struct sample sample;
    json_t *root;
};

static int setup(void **state)
{
    struct fixture *fixture = mem_alloc(sizeof *fixture);
    assert_non_null(fixture);
    arena_init(&fixture->arena, 1 << 20);
    faults_init(&fixture->faults, &fixture->arena);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    json_decref(fixture->root);
    arena_done(&fixture->arena);
    mem_free(fixture);
    return 0;
}

static bool decode(struct fixture *fixture, const char *text)
{
    struct err err;
    json_decref(fixture->root);
    fixture->root = NULL;
    fixture->faults.count = 0;
    memset(&fixture->sample, 0xAB, sizeof fixture->sample);
    if (json_parse(str_from(text), &fixture->root, &err) != OK)
        fail_msg("%s: %s", text, err.detail);
    bool is_valid =
        schema_decode(&sample_schema, fixture->root, &fixture->arena, NULL, &fixture->faults);
    fixture->faults.count = 0;
    bool is_ok = schema_decode(&sample_schema, fixture->root, &fixture->arena, &fixture->sample,
                               &fixture->faults);
    assert_int_equal(is_ok, fixture->faults.count == 0);
    assert_int_equal(is_ok, is_valid); /* checking without a struct finds the same */
    return is_ok;
}

static void assert_fault(struct fixture *fixture, size_t index, const char *pointer,
                         const char *code)
{
    assert_true(index < fixture->faults.count);
    assert_string_equal(fixture->faults.items[index].pointer, pointer);
    assert_string_equal(fixture->faults.items[index].code, code);
}

/* One field with one value: refused with this code at its own pointer. */
static void assert_refused(struct fixture *fixture, const char *name, const char *value,
                           const char *code)
{
    char text[400], pointer[64];
    snprintf(text, sizeof text, "{\"%s\":%s}", name, value);
    snprintf(pointer, sizeof pointer, "/%s", name);
    if (decode(fixture, text))
        fail_msg("%s was taken", text);
    assert_int_equal(fixture->faults.count, 1);
    assert_fault(fixture, 0, pointer, code);
}

static void test_everything(void **state)
{
    struct fixture *fixture = *state;
    struct sample *sample = &fixture->sample;
    assert_true(decode(
        fixture,
        "{\"text\":\"\\u00e9\\u00e9\\u00e9\\u00e9\",\"line\":\"a b\",\"slug\":\"a-b_9\","
        "\"integer\":-9223372036854775808,\"limited\":10.0,\"real\":0.25,\"on\":false,"
        "\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"at\":\"1970-01-01T01:00:01+01:00\","
        "\"day\":\"1970-01-02\",\"target\":\"PT1H\",\"default\":\"PT2S\",\"colour\":\"green\","
        "\"shade\":\"red\",\"step\":{\"name\":\"one\",\"position\":3},"
        "\"steps\":[{\"name\":\"x\"},{\"name\":\"y\",\"position\":0}],\"tags\":[\"a\",\"b\"],"
        "\"colours\":[\"blue\",null],\"any\":[1,{}],\"attributes\":{\"Any name!\":{\"x\":1}}}"));
    assert_str_is(sample->text, "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9");
    assert_true(sample->has_text);
    assert_str_is(sample->line, "a b");
    assert_str_is(sample->slug, "a-b_9");
    assert_true(sample->integer == INT64_MIN);
    assert_int_equal(sample->limited, 10);
    assert_true(sample->real == 0.25);
    assert_false(sample->is_on);
    assert_int_equal(sample->id.bytes[15], 0x57);
    assert_int_equal(sample->at_us, US_PER_SECOND);
    assert_int_equal(sample->day, 1);
    assert_int_equal(sample->target_us, 3600 * US_PER_SECOND);
    assert_int_equal(sample->default_us, 2 * US_PER_SECOND);
    assert_int_equal(sample->colour, GREEN);
    assert_int_equal(sample->shade, RED);
    assert_str_is(sample->step.name, "one");
    assert_int_equal(sample->step.position, 3);
    assert_int_equal(sample->step_count, 2);
    assert_str_is(sample->steps[0].name, "x");
    assert_int_equal(sample->steps[0].position, 7);
    assert_int_equal(sample->steps[1].position, 0);
    assert_int_equal(sample->tag_count, 2);
    assert_str_is(sample->tags[1], "b");
    assert_int_equal(sample->colour_count, 2);
    assert_int_equal(sample->colours[0], BLUE);
    assert_true((int)sample->colours[1] == ENUM_NONE);
    assert_int_equal(json_array_size(sample->any), 2);
    assert_int_equal(json_object_size(sample->attributes), 1);
}

static void test_none_and_fallback(void **state)
{
    struct fixture *fixture = *state;
    struct sample *sample = &fixture->sample;
    assert_true(decode(fixture, "{}"));
    assert_null(sample->text.data);
    assert_false(sample->has_text);
    assert_null(sample->slug.data);
    assert_true(sample->integer == INT_NONE);
    assert_true(isnan(sample->real));
    assert_true(sample->is_on);
    assert_true(uuid_is_nil(sample->id));
    assert_true(sample->at_us == TIME_NONE);
    assert_true(sample->day == DATE_NONE);
    assert_true(sample->target_us == INT_NONE);
    assert_int_equal(sample->default_us, 3 * US_PER_SECOND / 2);
    assert_int_equal(sample->colour, BLUE);
    assert_int_equal(sample->shade, ENUM_NONE);
    assert_null(sample->step.name.data);
    assert_true(sample->step.position == INT_NONE);
    assert_null(sample->steps);
    assert_int_equal(sample->step_count, 0);
    assert_null(sample->any);
    assert_null(sample->attributes);
    /* null is not absent, and only where it is allowed */
    assert_true(decode(fixture, "{\"text\":null,\"integer\":null}"));
    assert_true(sample->has_text);
    assert_null(sample->text.data);
    assert_true(sample->integer == INT_NONE);
    assert_refused(fixture, "slug", "null", "type");
    assert_refused(fixture, "any", "null", "type");
    assert_refused(fixture, "steps", "null", "type");
    assert_refused(fixture, "attributes", "null", "type");
}

static void test_wrong_types(void **state)
{
    struct fixture *fixture = *state;
    static const char *const values[] = {"null", "true", "1", "1.5", "\"x\"", "[]", "{}"};
    /* which of the values above each kind may take, and those it refuses otherwise than by type */
    static const struct {
        const char *name;
        const char *not_by_type;
    } fields[] = {
        {"line",       "....t.."},
        {"slug",       "....t.."},
        {"limited",    "..t...."},
        {"on",         ".t....."},
        {"id",         "....t.."},
        {"at",         "....t.."},
        {"day",        "....t.."},
        {"target",     "....t.."},
        {"shade",      "....t.."},
        {"step",       "......t"},
        {"steps",      ".....t."},
        {"tags",       ".....t."},
        {"attributes", "......t"},
        {"real",       "..tt..."},
        {"any",        ".tttttt"},
    };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        for (size_t j = 0; j < ARRAY_LEN(values); j++)
            if (fields[i].not_by_type[j] == '.')
                assert_refused(fixture, fields[i].name, values[j], "type");
    static const char *const roots[] = {"null", "1", "\"x\"", "[]"};
    for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
        assert_false(decode(fixture, roots[i]));
        assert_fault(fixture, 0, "", "type");
    }
    assert_refused(fixture, "limited", "1.5", "type");
    assert_string_equal(fixture->faults.items[0].detail,
                        "Expected an integer, not a number with a fraction or exponent.");
    assert_refused(fixture, "integer", "9223372036854775808.0", "type");
}

static void test_values_out_of_bounds(void **state)
{
    struct fixture *fixture = *state;
    static const char *const cases[][3] = {
        {"text",       "\"a\"",                                                                 "too_short"},
        {"text",       "\"abcde\"",                                                             "too_long" },
        {"line",       "\"a\\nb\"",                                                             "format"   },
        {"line",       "\"a\\u0085b\"",                                                         "format"   },
        {"line",       "\"a\\u2028b\"",                                                         "format"   },
        {"line",       "\"\\u007f\"",                                                           "format"   },
        {"slug",       "\"\"",                                                                  "format"   },
        {"slug",       "\"A\"",                                                                 "format"   },
        {"slug",       "\"a b\"",                                                               "format"   },
        {"slug",       "\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg\"", "format"   },
        {"limited",    "-2",                                                                    "range"    },
        {"limited",    "11",                                                                    "range"    },
        {"limited",    "9223372036854775807",                                                   "range"    },
        {"real",       "0.5000001",                                                             "range"    },
        {"real",       "-1",                                                                    "range"    },
        {"id",         "\"01890a5d\"",                                                          "format"   },
        {"id",         "\"00000000-0000-0000-0000-000000000000\"",                              "format"   },
        {"at",         "\"2026-11-21\"",                                                        "format"   },
        {"day",        "\"2026-02-30\"",                                                        "format"   },
        {"target",     "\"P1Y\"",                                                               "format"   },
        {"target",     "\"PT59.9S\"",                                                           "range"    },
        {"target",     "\"PT1H0.1S\"",                                                          "range"    },
        {"shade",      "\"Red\"",                                                               "choice"   },
        {"shade",      "\"\"",                                                                  "choice"   },
        {"steps",      "[]",                                                                    "too_few"  },
        {"tags",       "[\"a\",\"b\",\"c\",\"d\"]",                                             "too_many" },
        {"attributes", "{\"a\":1,\"b\":2,\"c\":3}",                                             "too_many" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_refused(fixture, cases[i][0], cases[i][1], cases[i][2]);
    assert_refused(fixture, "shade", "\"pink\"", "choice");
    assert_string_equal(fixture->faults.items[0].detail, "One of: red, green, blue.");
    assert_refused(fixture, "real", "2", "range");
    assert_string_equal(fixture->faults.items[0].detail, "Must be between 0 and 0.5.");
}

static void test_all_faults_at_once(void **state)
{
    struct fixture *fixture = *state;
    assert_false(decode(fixture, "{\"text\":1,\"step\":{},\"steps\":[{\"name\":\"\"},3,"
                                 "{\"name\":\"ok\",\"naem\":1}],\"tags\":[\"a\",\"B\"],"
                                 "\"colours\":[\"blue\",\"x\"],\"a/b~\":1,\"Slug\":2}"));
    assert_int_equal(fixture->faults.count, 9);
    assert_fault(fixture, 0, "/text", "type");
    assert_fault(fixture, 1, "/step/name", "required");
    assert_fault(fixture, 2, "/steps/0/name", "too_short");
    assert_fault(fixture, 3, "/steps/1", "type");
    assert_fault(fixture, 4, "/steps/2/naem", "unknown");
    assert_fault(fixture, 5, "/tags/1", "format");
    assert_fault(fixture, 6, "/colours/1", "choice");
    assert_fault(fixture, 7, "/a~1b~0", "unknown");
    assert_fault(fixture, 8, "/Slug", "unknown");
    assert_string_equal(fixture->faults.items[4].detail,
                        "There is no such field; did you mean \"name\"?");
    assert_string_equal(fixture->faults.items[7].detail, "There is no such field.");
}

static void test_open_schema_and_base_pointer(void **state)
{
    struct fixture *fixture = *state;
    const struct schema open = SCHEMA_WITH(struct step, step_fields, SCHEMA_OPEN);
    struct step step;
    json_auto_t *good = json_pack("{s:s,s:i}", "name", "x", "more", 1);
    json_auto_t *bad = json_pack("{s:s}", "name", "");
    assert_true(schema_decode(&open, good, &fixture->arena, &step, &fixture->faults));
    assert_false(
        schema_decode_at(&open, bad, "/contacts/12", &fixture->arena, &step, &fixture->faults));
    assert_fault(fixture, 0, "/contacts/12/name", "too_short");
}

static void test_single_value(void **state)
{
    struct fixture *fixture = *state;
    const struct field field = {.kind = FIELD_DATE};
    int32_t day = 5;
    json_auto_t *good = json_string("1970-01-03");
    json_auto_t *bad = json_string("soon");
    assert_true(schema_decode_value(&field, good, "/attributes/since", &fixture->arena, &day,
                                    &fixture->faults));
    assert_int_equal(day, 2);
    assert_false(schema_decode_value(&field, bad, "/attributes/since", &fixture->arena, &day,
                                     &fixture->faults));
    assert_true(day == DATE_NONE);
    assert_fault(fixture, 0, "/attributes/since", "format");
}

static void test_many_unknown_fields(void **state)
{
    struct fixture *fixture = *state;
    json_auto_t *object = json_object();
    for (int i = 0; i < 2000; i++) {
        char name[300];
        memset(name, 'n', sizeof name);
        snprintf(name + 200, sizeof name - 200, "%d", i);
        json_object_set_new(object, name, json_integer(i));
    }
    assert_false(
        schema_decode(&sample_schema, object, &fixture->arena, &fixture->sample, &fixture->faults));
    assert_int_equal(fixture->faults.count, FAULTS_MAX);
    /* The list is full already: the answer must still be no. */
    assert_false(
        schema_decode(&sample_schema, object, &fixture->arena, &fixture->sample, &fixture->faults));
}

static void test_choices_text(void **state)
{
    (void)state;
    static char names[80][12];
    static const char *list[81];
    char text[CHOICES_TEXT_BYTES];
    for (size_t i = 0; i < 80; i++) {
        snprintf(names[i], sizeof names[i], "choice_%zu", i);
        list[i] = names[i];
    }
    choices_format(list, text);
    assert_in_range(strlen(text), CHOICES_TEXT_BYTES - 20, CHOICES_TEXT_BYTES - 1);
    assert_string_equal(text + strlen(text) - strlen(" …"), " …");
    choices_format(list + 78, text);
    assert_string_equal(text, "choice_78, choice_79");
}

static void test_soundness(void **state)
{
    (void)state;
    assert_true(schema_is_sound(&sample_schema));
    const struct field unlimited[] = {FIELD("a", STRING, struct step, name)};
    const struct field twice[] = {FIELD("a", SLUG, struct step, name),
                                  FIELD("a", INT, struct step, position)};
    const struct field no_fallback[] = {FIELD("a", SLUG, struct step, name, FIELD_FALLBACK(1))};
    const struct field beyond[] = {
        {.name = "a", .kind = FIELD_UUID, .offset = sizeof(struct step)}
    };
    const struct field no_choices[] = {
        {.name = "a", .kind = FIELD_ENUM}
    };
    const struct field upside_down[] = {FIELD("a", INT, struct step, position, .min = 2, .max = 1)};
    const struct schema unsound[] = {
        SCHEMA(struct step, unlimited),   SCHEMA(struct step, twice),
        SCHEMA(struct step, no_fallback), SCHEMA(struct step, beyond),
        SCHEMA(struct step, no_choices),  SCHEMA(struct step, upside_down),
    };
    for (size_t i = 0; i < ARRAY_LEN(unsound); i++)
        assert_false(schema_is_sound(&unsound[i]));
}

static bool use_schema(void *context)
{
    const json_t *root = context;
    struct arena arena;
    static struct faults faults;
    struct sample sample;
    arena_init(&arena, 1 << 20);
    faults_init(&faults, &arena);
    bool is_ok = schema_decode(&sample_schema, root, &arena, &sample, &faults);
    if (!is_ok) {
        assert_int_equal(faults.count, 1);
        assert_string_equal(faults.items[0].code, "memory");
    }
    arena_done(&arena);
    return is_ok;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    json_auto_t *root = json_pack("{s:[{s:s}]}", "steps", "name", "x");
    assert_int_equal(testing_fail_each_allocation(use_schema, root), 1);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_everything),
        WITH_FIXTURE(test_none_and_fallback),
        WITH_FIXTURE(test_wrong_types),
        WITH_FIXTURE(test_values_out_of_bounds),
        WITH_FIXTURE(test_all_faults_at_once),
        WITH_FIXTURE(test_open_schema_and_base_pointer),
        WITH_FIXTURE(test_single_value),
        WITH_FIXTURE(test_many_unknown_fields),
        cmocka_unit_test(test_choices_text),
        cmocka_unit_test(test_soundness),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

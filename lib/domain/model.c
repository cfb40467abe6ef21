/*
 * From the JSON definition of a scoring model to the compiled model, in two passes over one input:
 * the tables below check its shape (lib/schema), the build_… functions check its sense and fill the
 * model. Both go on after a fault, so that the user sees all faults at once; whether there were any
 * is looked at once, at the end.
 */
#include "domain/model.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "domain/jsonlogic.h"
#include "domain/logic_value.h"
#include "domain/model_variables.h"
#include "schema/schema.h"

enum {
    BOUND_COUNT = 3,
    POINTER_BYTES_MAX = 80,
    MODEL_MEMORY_BYTES_MAX = 1024 * 1024, /* names and tables, without the compiled rules */
};
static_assert(FIT_GRADE_COUNT_ - 1 == BOUND_COUNT && INTEREST_GRADE_COUNT - 1 == BOUND_COUNT,
              "the lowest grade has no bound");
static_assert((int)MODEL_ATTRIBUTES_MAX == (int)MODEL_VARIABLES_MAX,
              "every attribute is a variable");

/* The least cap and the least bound of an interest grade: cooling takes its logarithm. */
#define AMOUNT_RANGE .min = 0.001, .max = MODEL_POINTS_MAX
#define POINTS_RANGE .min = -MODEL_POINTS_MAX, .max = MODEL_POINTS_MAX
#define NAME_LIMITS  .min = 1, .max = MODEL_NAME_CHARS_MAX, .flags = FIELD_REQUIRED | FIELD_LINE

struct rule_input {
    struct str name;
    const json_t *when;
    double points;
    struct str from;
    struct str until;
    double max;
    struct str group;
};

#define RULE_FIELDS                                                                                \
    FIELD("name", STRING, struct rule_input, name, NAME_LIMITS),                                   \
        FIELD("when", JSON, struct rule_input, when, .flags = FIELD_REQUIRED),                     \
        FIELD("points", REAL, struct rule_input, points, POINTS_RANGE, .flags = FIELD_REQUIRED),   \
        FIELD("from", STRING, struct rule_input, from, .max = 40, .flags = FIELD_NULLABLE),        \
        FIELD("until", STRING, struct rule_input, until, .max = 40, .flags = FIELD_NULLABLE)

static const struct field fit_rule_fields[] = {RULE_FIELDS};
static const struct schema fit_rule_schema = SCHEMA(struct rule_input, fit_rule_fields);

static const struct field interest_rule_fields[] = {
    RULE_FIELDS,
    FIELD("max", REAL, struct rule_input, max, AMOUNT_RANGE, .flags = FIELD_REQUIRED),
    FIELD("group", STRING, struct rule_input, group, .min = 1, .max = MODEL_NAME_CHARS_MAX,
          .flags = FIELD_NULLABLE),
};
static const struct schema interest_rule_schema = SCHEMA(struct rule_input, interest_rule_fields);

struct bounds_input {
    double bounds[BOUND_COUNT];
};

#define BOUND(name, index, ...)                                                                    \
    FIELD((name), REAL, struct bounds_input, bounds[(index)], .flags = FIELD_REQUIRED, __VA_ARGS__)

static const struct field fit_bound_fields[] = {
    BOUND("A", 0, POINTS_RANGE), BOUND("B", 1, POINTS_RANGE), BOUND("C", 2, POINTS_RANGE)};
static const struct schema fit_bounds_schema = SCHEMA(struct bounds_input, fit_bound_fields);

static const struct field interest_bound_fields[] = {
    BOUND("1", 0, AMOUNT_RANGE), BOUND("2", 1, AMOUNT_RANGE), BOUND("3", 2, AMOUNT_RANGE)};
static const struct schema interest_bounds_schema =
    SCHEMA(struct bounds_input, interest_bound_fields);

struct rules_input {
    const struct rule_input *items;
    size_t count;
};

struct fit_input {
    struct rules_input rules;
    struct bounds_input grades;
};

static const struct field fit_fields[] = {
    FIELD_ARRAY("rules", struct fit_input, rules.items, rules.count,
                &FIELD_ELEMENT(OBJECT, .schema = &fit_rule_schema), .max = MODEL_FIT_RULES_MAX,
                .flags = FIELD_REQUIRED),
    FIELD_NESTED("grades", struct fit_input, grades, &fit_bounds_schema, .flags = FIELD_REQUIRED),
};
static const struct schema fit_schema = SCHEMA(struct fit_input, fit_fields);

struct group_input {
    double max;
};

static const struct field group_fields[] = {
    FIELD("max", REAL, struct group_input, max, AMOUNT_RANGE, .flags = FIELD_REQUIRED)};
static const struct schema group_schema = SCHEMA(struct group_input, group_fields);

struct interest_input {
    int64_t half_life_us;
    struct rules_input rules;
    const json_t *groups;
    double max;
    struct bounds_input grades;
};

static const struct field interest_fields[] = {
    FIELD("half_life", DURATION, struct interest_input, half_life_us,
          .min = 3600.0 * MODEL_HALF_LIFE_HOURS_MIN, .max = 86400.0 * MODEL_HALF_LIFE_DAYS_MAX,
          .flags = FIELD_REQUIRED),
    FIELD_ARRAY("rules", struct interest_input, rules.items, rules.count,
                &FIELD_ELEMENT(OBJECT, .schema = &interest_rule_schema),
                .max = MODEL_INTEREST_RULES_MAX, .flags = FIELD_REQUIRED),
    FIELD("groups", MAP, struct interest_input, groups, .max = MODEL_GROUPS_MAX,
          .flags = FIELD_NULLABLE),
    FIELD("max", REAL, struct interest_input, max, AMOUNT_RANGE, .flags = FIELD_NULLABLE),
    FIELD_NESTED("grades", struct interest_input, grades, &interest_bounds_schema,
                 .flags = FIELD_REQUIRED),
};
static const struct schema interest_schema = SCHEMA(struct interest_input, interest_fields);

struct decision_input {
    int cells[FIT_GRADE_COUNT_][INTEREST_GRADE_COUNT]; /* ENUM_NONE: as `other` */
    int other;
};

#define DECISION_CELL(name, fit, interest)                                                         \
    FIELD_CHOICE((name), struct decision_input, cells[(fit)][(interest)-INTEREST_1], decision_names)
#define DECISION_ROW(letter, fit)                                                                  \
    DECISION_CELL(letter "1", (fit), INTEREST_1), DECISION_CELL(letter "2", (fit), INTEREST_2),    \
        DECISION_CELL(letter "3", (fit), INTEREST_3), DECISION_CELL(letter "4", (fit), INTEREST_4)

static const struct field decision_fields[] = {
    DECISION_ROW("A", FIT_A),
    DECISION_ROW("B", FIT_B),
    DECISION_ROW("C", FIT_C),
    DECISION_ROW("D", FIT_D),
    FIELD_CHOICE("*", struct decision_input, other, decision_names),
};
static const struct schema decision_schema = SCHEMA(struct decision_input, decision_fields);

struct definition_input {
    struct str name;
    struct fit_input fit;
    struct interest_input interest;
    const json_t *decision; /* struct decision_input */
    const json_t *const *at_once;
    size_t at_once_count;
};

static const struct field definition_fields[] = {
    FIELD("name", STRING, struct definition_input, name, NAME_LIMITS),
    FIELD_NESTED("fit", struct definition_input, fit, &fit_schema, .flags = FIELD_REQUIRED),
    FIELD_NESTED("interest", struct definition_input, interest, &interest_schema,
                 .flags = FIELD_REQUIRED),
    FIELD("decision", JSON, struct definition_input, decision, .flags = FIELD_REQUIRED),
    FIELD_ARRAY("mql_at_once", struct definition_input, at_once, at_once_count,
                &FIELD_ELEMENT(JSON), .max = MODEL_AT_ONCE_MAX, .flags = FIELD_NULLABLE),
};
static const struct schema definition_schema = SCHEMA(struct definition_input, definition_fields);

struct builder {
    struct model *model;
    const struct model_zone *zone; /* may be NULL */
    struct faults *faults;
    bool has_faults;
    bool is_out_of_memory;
};

static void PRINTF_LIKE(4, 5)
    fault(struct builder *builder, const char *pointer, const char *code, const char *format, ...)
{
    char detail[ERR_DETAIL_BYTES_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    faults_add(builder->faults, pointer, code, "%s", detail);
    builder->has_faults = true;
}

/* Fills `ret_input`, which is safe to read also after a fault. */
static void decode(struct builder *builder, const struct schema *schema, const json_t *value,
                   const char *pointer, void *ret_input)
{
    size_t first = builder->faults->count;
    if (schema_decode_at(schema, value, pointer, &builder->model->arena, ret_input,
                         builder->faults))
        return;
    builder->has_faults = true;
    for (size_t i = first; i < builder->faults->count; i++)
        builder->is_out_of_memory |= strcmp(builder->faults->items[i].code, "memory") == 0;
}

static void *build_array(struct builder *builder, size_t count, size_t size)
{
    void *array = arena_array(&builder->model->arena, count, size);
    builder->is_out_of_memory |= array == NULL;
    return array;
}

static const char *build_text(struct builder *builder, struct str text)
{
    const char *copy = text.data != NULL ? arena_str(&builder->model->arena, text).data : "";
    builder->is_out_of_memory |= copy == NULL;
    return copy;
}

/* Compiles the condition that stands at `pointer`; NULL when it is not there or there is a fault.
 */
static struct jsonlogic *build_condition(struct builder *builder, const json_t *condition,
                                         const char *pointer)
{
    struct jsonlogic *rule = NULL;
    struct err err = {.code = OK};
    enum err_code code = condition == NULL ? OK
                                           : jsonlogic_compile(condition, JSONLOGIC_STRICT, pointer,
                                                               builder->faults, &rule, &err);
    builder->is_out_of_memory |= code == ERR_NOMEM;
    builder->has_faults |= code != OK; /* those of ERR_INVALID are told already, one by one */
    if (code == ERR_TOO_LARGE)
        fault(builder, pointer, "too_large", "%s", err.detail);
    return rule;
}

/* One end of a window: a point in time, or a day, which stands for its midnight. */
static int64_t build_time(struct builder *builder, struct str text, const char *pointer)
{
    int64_t at_us = TIME_NONE;
    int32_t days = 0;
    if (text.data == NULL || time_parse(text, &at_us))
        return at_us;
    if (date_parse(text, &days)) {
        const struct model_zone *zone = builder->zone;
        return zone != NULL ? zone->midnight_us(zone->context, days) : days * US_PER_DAY;
    }
    fault(builder, pointer, "format",
          "A date (2027-01-31) or a time with its offset (RFC 3339) is expected.");
    return TIME_NONE;
}

static void build_window(struct builder *builder, const struct rule_input *input,
                         const char *pointer, struct model_rule *rule)
{
    char from[POINTER_BYTES_MAX];
    char until[POINTER_BYTES_MAX];
    snprintf(from, sizeof from, "%s/from", pointer);
    snprintf(until, sizeof until, "%s/until", pointer);
    rule->from_us = build_time(builder, input->from, from);
    rule->until_us = build_time(builder, input->until, until);
    if (rule->from_us != TIME_NONE && rule->until_us != TIME_NONE &&
        rule->from_us >= rule->until_us)
        fault(builder, until, "range", "A window must end after it begins.");
}

static int build_group(struct builder *builder, struct str name, const char *pointer, size_t rule)
{
    struct model *model = builder->model;
    if (name.data == NULL)
        return MODEL_NO_GROUP;
    for (size_t g = 0; g < model->group_count; g++) {
        if (str_is(name, model->groups[g].name)) {
            model->groups[g].rules |= UINT64_C(1) << rule;
            return (int)g;
        }
    }
    fault(builder, pointer, "unknown", "interest.groups has no group of this name.");
    return MODEL_NO_GROUP;
}

static void check_name_is_new(struct builder *builder, const struct rules_input *input,
                              size_t index, const char *pointer)
{
    for (size_t i = 0; i < index && input->items[index].name.data != NULL; i++) {
        if (str_eq(input->items[i].name, input->items[index].name)) {
            fault(builder, pointer, "duplicate", "Another rule has this name.");
            return;
        }
    }
}

/* What fit and interest rules share. `part` is "fit" or "interest". */
static struct model_rule *build_rules(struct builder *builder, const struct rules_input *input,
                                      const char *part, size_t *ret_count)
{
    struct model_rule *rules = build_array(builder, input->count, sizeof *rules);
    if (rules == NULL)
        return NULL;
    for (size_t i = 0; i < input->count; i++) {
        const struct rule_input *item = &input->items[i];
        char pointer[POINTER_BYTES_MAX - 8];
        char member[POINTER_BYTES_MAX];
        snprintf(pointer, sizeof pointer, "/%s/rules/%zu", part, i);
        snprintf(member, sizeof member, "%s/name", pointer);
        check_name_is_new(builder, input, i, member);
        rules[i].name = build_text(builder, item->name);
        snprintf(member, sizeof member, "%s/when", pointer);
        rules[i].when = build_condition(builder, item->when, member);
        rules[i].points = item->points;
        rules[i].group = MODEL_NO_GROUP;
        build_window(builder, item, pointer, &rules[i]);
    }
    *ret_count = input->count;
    return rules;
}

/* Each bound below the one before; those that are not there are told already. */
static void build_bounds(struct builder *builder, const struct bounds_input *input,
                         const char *part, const char *letters, double bounds[static BOUND_COUNT])
{
    for (size_t i = 0; i < BOUND_COUNT; i++) {
        bounds[i] = input->bounds[i];
        if (i > 0 && bounds[i] >= bounds[i - 1]) {
            char pointer[POINTER_BYTES_MAX];
            snprintf(pointer, sizeof pointer, "/%s/grades/%c", part, letters[i]);
            fault(builder, pointer, "range", "The bound of %c must be below that of %c.",
                  letters[i], letters[i - 1]);
        }
    }
}

static struct str source_of(struct str variable)
{
    static const char *const derived[][2] = {
        {"seniority",    "job_title"},
        {"email_domain", "email"    },
        {"free_mail",    "email"    }
    };
    for (size_t i = 0; i < ARRAY_LEN(derived); i++)
        if (str_is(variable, derived[i][0]))
            return str_from(derived[i][1]);
    return variable;
}

static void build_attributes(struct builder *builder, const struct rules_input *input)
{
    struct model *model = builder->model;
    struct model_variables variables = {.arena = &model->arena};
    for (size_t i = 0; i < model->fit_rule_count; i++)
        if (model->fit_rules[i].when != NULL)
            model_variables_add(&variables, input->items[i].when);
    builder->is_out_of_memory |= variables.is_out_of_memory;
    if (variables.is_full) {
        fault(builder, "/fit/rules", "too_many", "The rules may look at %d attributes at most.",
              MODEL_ATTRIBUTES_MAX);
    }
    model->attributes = build_array(builder, variables.count, sizeof *model->attributes);
    if (model->attributes == NULL)
        return;
    model->attribute_count = variables.count;
    for (size_t i = 0; i < variables.count; i++) {
        model->attributes[i] = (struct model_attribute){.variable = variables.names[i],
                                                        .source = source_of(variables.names[i])};
    }
}

static void build_fit(struct builder *builder, const struct fit_input *input)
{
    struct model *model = builder->model;
    model->fit_rules = build_rules(builder, &input->rules, "fit", &model->fit_rule_count);
    build_bounds(builder, &input->grades, "fit", "ABC", model->fit_bounds);
    build_attributes(builder, &input->rules);
}

static void build_groups(struct builder *builder, const json_t *groups)
{
    struct model *model = builder->model;
    model->groups = build_array(builder, json_object_size(groups), sizeof *model->groups);
    if (model->groups == NULL)
        return;
    json_t *object;
    memcpy(&object, &groups, sizeof object); /* jansson's iterators take no const tree */
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        struct model_group *group = &model->groups[model->group_count++];
        struct str name = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        struct json_pointer pointer;
        json_pointer_init(&pointer, "/interest/groups");
        (void)json_pointer_push(&pointer, name);
        if (name.len == 0 || utf8_length(name) > MODEL_NAME_CHARS_MAX) {
            fault(builder, pointer.text, "format", "The name of a group has 1 to %d characters.",
                  MODEL_NAME_CHARS_MAX);
        }
        struct group_input input;
        decode(builder, &group_schema, json_object_iter_value(at), pointer.text, &input);
        group->name = build_text(builder, name);
        group->max = input.max;
    }
}

static void build_interest(struct builder *builder, const struct interest_input *input)
{
    struct model *model = builder->model;
    model->half_life_us = input->half_life_us;
    model->interest_max = isnan(input->max) ? (double)INFINITY : input->max;
    build_groups(builder, input->groups);
    model->interest_rules =
        build_rules(builder, &input->rules, "interest", &model->interest_rule_count);
    for (size_t i = 0; i < model->interest_rule_count; i++) {
        const struct rule_input *item = &input->rules.items[i];
        char pointer[POINTER_BYTES_MAX];
        snprintf(pointer, sizeof pointer, "/interest/rules/%zu/group", i);
        model->interest_rules[i].max = item->max;
        model->interest_rules[i].group = build_group(builder, item->group, pointer, i);
    }
    build_bounds(builder, &input->grades, "interest", "123", model->interest_bounds);
}

static void build_decisions(struct builder *builder, const json_t *map)
{
    struct decision_input input;
    if (map == NULL)
        return; /* told already */
    decode(builder, &decision_schema, map, "/decision", &input);
    bool is_incomplete = false;
    for (unsigned f = FIT_A; f < FIT_GRADE_COUNT_; f++) {
        for (unsigned i = INTEREST_1; i <= INTEREST_4; i++) {
            char grade[GRADE_TEXT_BYTES];
            grade_format((enum fit_grade)f, (enum interest_grade)i, grade);
            is_incomplete |= json_object_get(map, grade) == NULL;
            int cell = input.cells[f][i - INTEREST_1];
            int decision = cell != ENUM_NONE ? cell : input.other;
            builder->model->decisions[f][i - INTEREST_1] =
                decision != ENUM_NONE ? (enum decision)decision : DECISION_STAY;
        }
    }
    if (json_is_object(map) && is_incomplete && json_object_get(map, "*") == NULL) {
        fault(builder, "/decision/*", "required",
              "This is required unless A1 to D4 are all given.");
    }
}

static void build_at_once(struct builder *builder, const struct definition_input *input)
{
    struct model *model = builder->model;
    model->at_once = build_array(builder, input->at_once_count, sizeof *model->at_once);
    if (model->at_once == NULL)
        return;
    model->at_once_count = input->at_once_count;
    for (size_t i = 0; i < input->at_once_count; i++) {
        char pointer[POINTER_BYTES_MAX];
        snprintf(pointer, sizeof pointer, "/mql_at_once/%zu", i);
        model->at_once[i] = build_condition(builder, input->at_once[i], pointer);
    }
}

enum err_code model_compile(const json_t *definition, const struct model_zone *zone,
                            struct model **ret_model, struct faults *faults)
{
    struct model *model = mem_alloc(sizeof *model);
    if (model == NULL)
        return ERR_NOMEM;
    arena_init(&model->arena, MODEL_MEMORY_BYTES_MAX);
    struct builder builder = {.model = model, .zone = zone, .faults = faults};
    struct definition_input input;
    decode(&builder, &definition_schema, definition, "", &input);
    if (json_is_object(definition)) {
        model->name = build_text(&builder, input.name);
        build_fit(&builder, &input.fit);
        build_interest(&builder, &input.interest);
        build_decisions(&builder, input.decision);
        build_at_once(&builder, &input);
    }
    if (builder.is_out_of_memory || builder.has_faults) {
        model_free(model);
        return builder.is_out_of_memory ? ERR_NOMEM : ERR_INVALID;
    }
    *ret_model = model;
    return OK;
}

void model_free(struct model *model)
{
    if (model == NULL)
        return;
    for (size_t r = 0; r < model->fit_rule_count; r++)
        jsonlogic_free(model->fit_rules[r].when);
    for (size_t r = 0; r < model->interest_rule_count; r++)
        jsonlogic_free(model->interest_rules[r].when);
    for (size_t i = 0; i < model->at_once_count; i++)
        jsonlogic_free(model->at_once[i]);
    arena_done(&model->arena);
    mem_free(model);
}

enum rule_outcome model_rule_test(const struct jsonlogic *when, const struct logic_value *data,
                                  struct arena *scratch)
{
    arena_clear(scratch);
    struct logic_value value;
    switch ((unsigned)jsonlogic_eval(when, data, scratch, &value, /* reterr_thrown= */ NULL,
                                     /* reterr= */ NULL)) {
    case OK:
        return logic_truthy(&value) ? RULE_MATCHES : RULE_MISSES;
    case ERR_NOMEM:
        return RULE_NOMEM;
    default:
        return RULE_FAILS;
    }
}

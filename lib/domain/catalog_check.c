/*
 * Set-up writes: from what was proposed to the body that is stored, in four steps for every kind:
 * complete it (every field of the schema, with defaults), decode it with the schema, look at what
 * may not change, and ask the kind's own check, which also brings values into their stored form.
 * Nothing stops at the first fault.
 */
#include "domain/catalog_check.h"

#include <assert.h>
#include <stdio.h>

#include "domain/funnel.h"
#include "domain/jsonlogic.h"

void check_set(struct check *check, const char *name, json_t *value)
{
    if (value == NULL || json_object_set_new(check->body, name, value) != 0)
        check->is_out_of_memory = true;
}

void check_set_str(struct check *check, const char *name, struct str text)
{
    check_set(check, name, json_stringn(text.data, text.len));
}

void check_condition(struct check *check, const json_t *condition, const char *pointer)
{
    if (condition == NULL)
        return;
    const size_t before = check->faults->count;
    struct jsonlogic *rule = NULL;
    struct err err = {.code = OK};
    const enum err_code code =
        jsonlogic_compile(condition, JSONLOGIC_STRICT, pointer, check->faults, &rule, &err);
    jsonlogic_free(rule);
    if (code == ERR_NOMEM)
        check->is_out_of_memory = true;
    else if (code != OK && check->faults->count == before)
        faults_add(check->faults, pointer, "too_large", "%s", err.detail);
}

/* One field: as proposed, else its default, else null; a required one without default is left out,
 * for the schema to complain. */
static void complete_field(struct check *check, const struct field *field, const json_t *proposed,
                           const json_t *defaults)
{
    const json_t *value = json_object_get(proposed, field->name);
    if (value == NULL || json_is_null(value))
        value = json_object_get(defaults, field->name);
    if (value != NULL)
        check_set(check, field->name, json_share(value));
    else if ((field->flags & FIELD_REQUIRED) == 0)
        check_set(check, field->name, json_null());
}

/* Every field of the schema in its order, then what the schema does not know. */
static void complete(struct check *check, const json_t *proposed)
{
    const struct catalog_kind_rules *rules = &catalog_kind_rules[check->proposal->kind];
    json_auto_t *defaults = json_loads(rules->defaults, 0, /* error= */ NULL);
    check->body = json_object();
    if (defaults == NULL || check->body == NULL) {
        check->is_out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < rules->schema.count; i++)
        complete_field(check, &rules->schema.fields[i], proposed, defaults);
    json_t *same = json_unconst(proposed);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        const char *name = json_object_iter_key(at);
        if (schema_field(&rules->schema, name) == NULL)
            check_set(check, name, json_share(json_object_iter_value(at)));
    }
}

/* A new model is proposed as its definition alone. */
static json_t *wrap_definition(const struct check *check)
{
    size_t count;
    const struct catalog_entry *const *models = catalog_list(check->catalog, CATALOG_MODEL, &count);
    json_int_t version = 0;
    for (size_t i = 0; i < count; i++) {
        const json_int_t other = json_integer_value(json_object_get(models[i]->body, "version"));
        version = other > version ? other : version;
    }
    json_t *body = json_object();
    if (json_object_set_new(body, "version", json_integer(version + 1)) == 0 &&
        json_object_set_new(body, "definition", json_share(check->proposal->body)) == 0)
        return body;
    json_decref(body);
    return NULL;
}

static void check_fixed_fields(struct check *check)
{
    const struct catalog_proposal *proposal = check->proposal;
    const char *const *fixed = catalog_kind_rules[proposal->kind].fixed;
    for (size_t i = 0; fixed[i] != NULL; i++) {
        const json_t *old = json_object_get(proposal->existing->body, fixed[i]);
        const json_t *new = json_object_get(check->body, fixed[i]);
        if (new != NULL && !json_equal(old, new)) {
            char pointer[64];
            snprintf(pointer, sizeof pointer, "/%s", fixed[i]);
            faults_add(check->faults, pointer, "immutable", "This cannot be changed.");
        }
    }
}

/* A slug is also a way to address a thing, and so is an id: they must differ. */
static void check_identity(struct check *check)
{
    const char *name = catalog_kind_rules[check->proposal->kind].identity;
    struct uuid id;
    if (name == NULL || !uuid_parse(json_str_of(json_object_get(check->body, name)), &id))
        return;
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/%s", name);
    faults_add(check->faults, pointer, "format", "This looks like an id. Choose another name.");
}

static void check_new(struct check *check)
{
    const enum catalog_kind kind = check->proposal->kind;
    const struct catalog_kind_rules *rules = &catalog_kind_rules[kind];
    size_t count;
    (void)catalog_list(check->catalog, kind, &count);
    if (rules->is_given)
        faults_add(check->faults, "", "fixed", "There are all there can be; change one of those.");
    else if (count + check->proposal->beside_count >= rules->count_max)
        faults_add(check->faults, "", "too_many", "There are %zu already, which is the limit.",
                   count + check->proposal->beside_count);
    check_identity(check);
}

static void check_body(struct check *check)
{
    const struct catalog_proposal *proposal = check->proposal;
    const bool is_definition = proposal->kind == CATALOG_MODEL && proposal->existing == NULL;
    json_auto_t *wrapped = is_definition ? wrap_definition(check) : NULL;
    if (is_definition && wrapped == NULL) {
        check->is_out_of_memory = true;
        return;
    }
    complete(check, is_definition ? wrapped : proposal->body);
    if (check->is_out_of_memory)
        return;
    const bool has_shape = schema_decode(&catalog_kind_rules[proposal->kind].schema, check->body,
                                         check->arena, check->in, check->faults);
    assert(has_shape || check->faults->count > 0);
    if (proposal->existing != NULL)
        check_fixed_fields(check);
    else
        check_new(check);
    check_kind(check);
}

static bool is_short_of_memory(const struct check *check)
{
    bool is_short = check->is_out_of_memory;
    for (size_t i = 0; i < check->faults->count; i++)
        is_short |= strcmp(check->faults->items[i].code, "memory") == 0;
    return is_short;
}

enum err_code catalog_check(const struct catalog *catalog, const struct catalog_proposal *proposal,
                            struct arena *arena, json_t **ret_body, struct str *ret_slug,
                            struct faults *faults, struct err *reterr)
{
    assert(faults->count == 0);
    union catalog_body in;
    struct check check = {
        .catalog = catalog, .proposal = proposal, .arena = arena, .faults = faults, .in = &in};
    struct str slug = {.data = NULL};
    if (json_is_object(proposal->body))
        check_body(&check);
    else
        faults_add(check.faults, "", "type", "An object is expected.");
    if (!check.is_out_of_memory && faults->count == 0) {
        slug = check_slug(&check);
        check.is_out_of_memory = slug.data == NULL;
    }
    enum err_code code = OK;
    if (is_short_of_memory(&check))
        code = err_set(reterr, ERR_NOMEM, "Out of memory.");
    else if (check.conflict != NULL)
        code = err_set(reterr, ERR_CONFLICT, "%s", check.conflict);
    else if (faults->count > 0)
        code = err_set(reterr, ERR_INVALID, "Some of it is not acceptable; see the errors.");
    if (code != OK) {
        json_decref(check.body);
        return code;
    }
    *ret_body = check.body;
    *ret_slug = slug;
    return OK;
}

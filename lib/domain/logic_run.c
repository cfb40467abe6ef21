/* What all operators share: evaluating arguments, failing, the budget of steps, conversions. */
#include <math.h>

#include "domain/logic_program.h"
#include "domain/logic_text.h"

enum {
    BYTES_PER_STEP = 64, /* text that costs as much as running a node */
    TEXT_DEPTH_MAX = 64, /* of arrays in arrays made into text */
};

bool logic_evaluate(struct logic_run *run, const struct logic_node *node,
                    const struct logic_scope *scope, struct logic_value *ret_value)
{
    if (run->steps_left == 0)
        return logic_fail(run, ERR_TOO_LARGE);
    run->steps_left--;
    return node->operation->evaluate(run, node, scope, ret_value);
}

bool logic_fail(struct logic_run *run, enum err_code code)
{
    run->code = code;
    return false;
}

bool logic_fail_thrown(struct logic_run *run, struct logic_value thrown)
{
    run->thrown = thrown;
    return logic_fail(run, ERR_INVALID);
}

bool logic_fail_nan(struct logic_run *run)
{
    static const struct logic_member nan_error[] = {
        {.name = {.data = "type", .len = 4},
         .value = {.kind = LOGIC_TEXT, .text = {.data = "NaN", .len = 3}}},
    };
    return logic_fail_thrown(run, logic_object(nan_error, ARRAY_LEN(nan_error)));
}

bool logic_fail_invalid(struct logic_run *run)
{
    static const struct logic_member invalid_error[] = {
        {.name = {.data = "type", .len = 4},
         .value = {.kind = LOGIC_TEXT, .text = {.data = "Invalid Arguments", .len = 17}}},
    };
    return logic_fail_thrown(run, logic_object(invalid_error, ARRAY_LEN(invalid_error)));
}

bool logic_charge(struct logic_run *run, size_t steps)
{
    if (run->steps_left < steps)
        return logic_fail(run, ERR_TOO_LARGE);
    run->steps_left -= steps;
    return true;
}

bool logic_charge_text(struct logic_run *run, size_t bytes)
{
    return logic_charge(run, bytes / BYTES_PER_STEP);
}

struct logic_value *logic_allocate(struct logic_run *run, size_t count)
{
    struct logic_value *values =
        arena_array(run->arena, count > 0 ? count : 1, sizeof(struct logic_value));
    if (values == NULL)
        (void)logic_fail(run, ERR_NOMEM);
    return values;
}

bool logic_arguments(struct logic_run *run, const struct logic_node *node,
                     const struct logic_scope *scope,
                     struct logic_value local[static LOGIC_ARGUMENTS_LOCAL],
                     struct logic_value *ret_arguments)
{
    const struct logic_node *arguments = &run->nodes[node->first];
    if (!node->is_list) {
        if (!logic_evaluate(run, arguments, scope, &local[0]))
            return false;
        *ret_arguments = logic_is_array(&local[0]) ? local[0] : logic_array(local, 1);
        return true;
    }
    struct logic_value *values =
        node->count <= LOGIC_ARGUMENTS_LOCAL ? local : logic_allocate(run, node->count);
    if (values == NULL)
        return false;
    for (size_t i = 0; i < node->count; i++)
        if (!logic_evaluate(run, &arguments[i], scope, &values[i]))
            return false;
    *ret_arguments = logic_array(values, node->count);
    return true;
}

bool logic_to_number(struct logic_run *run, const struct logic_value *value, double *ret_number)
{
    switch (value->kind) {
    case LOGIC_NULL:
        *ret_number = 0;
        return true;
    case LOGIC_BOOLEAN:
        *ret_number = value->boolean ? 1 : 0;
        return true;
    case LOGIC_NUMBER:
        *ret_number = value->number;
        return true;
    case LOGIC_TEXT:
        if (!logic_charge_text(run, value->text.len))
            return false;
        if (logic_text_to_number(value->text, ret_number))
            return true;
        break;
    case LOGIC_MISSING:
    case LOGIC_ARRAY:
    case LOGIC_OBJECT:
    case LOGIC_JSON_ARRAY:
    case LOGIC_JSON_OBJECT:
        break;
    }
    return logic_fail_nan(run);
}

bool logic_return_number(struct logic_run *run, double number, struct logic_value *ret_value)
{
    if (isnan(number))
        return logic_fail_nan(run);
    *ret_value = logic_number(number);
    return true;
}

bool logic_same(const struct logic_value *a, const struct logic_value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case LOGIC_BOOLEAN:
        return a->boolean == b->boolean;
    case LOGIC_NUMBER:
        return !(a->number < b->number || a->number > b->number);
    case LOGIC_TEXT:
        return str_eq(a->text, b->text);
    case LOGIC_ARRAY:
        return a->array.items == b->array.items;
    case LOGIC_OBJECT:
        return a->object.members == b->object.members;
    case LOGIC_JSON_ARRAY:
    case LOGIC_JSON_OBJECT:
        return a->json == b->json;
    case LOGIC_MISSING:
    case LOGIC_NULL:
        break;
    }
    return true;
}

/* Text that grows in an arena; what it outgrew stays behind there. */
struct text_builder {
    struct arena *arena;
    char *data;
    size_t len;
    size_t cap;
};

static bool builder_append(struct text_builder *builder, struct str text)
{
    if (text.len > builder->cap - builder->len) {
        size_t cap = (builder->len + text.len) * 2;
        char *data = arena_alloc(builder->arena, cap);
        if (data == NULL)
            return false;
        if (builder->len > 0)
            memcpy(data, builder->data, builder->len);
        builder->data = data;
        builder->cap = cap;
    }
    if (text.len > 0)
        memcpy(builder->data + builder->len, text.data, text.len);
    builder->len += text.len;
    return true;
}

static enum err_code append_value(struct text_builder *builder, const struct logic_value *value,
                                  unsigned levels);

static enum err_code append_array(struct text_builder *builder, const struct logic_value *array,
                                  unsigned levels)
{
    if (levels == 0)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < logic_count(array); i++) {
        struct logic_value item = logic_item(array, i);
        if (i > 0 && !builder_append(builder, STR_LITERAL(",")))
            return ERR_NOMEM;
        if (logic_is_nothing(&item))
            continue;
        enum err_code code = append_value(builder, &item, levels - 1);
        if (code != OK)
            return code;
    }
    return OK;
}

static enum err_code append_value(struct text_builder *builder, const struct logic_value *value,
                                  unsigned levels)
{
    char digits[LOGIC_NUMBER_BYTES];
    struct str text;
    switch (value->kind) {
    case LOGIC_MISSING:
        text = STR_LITERAL("undefined");
        break;
    case LOGIC_NULL:
        text = STR_LITERAL("null");
        break;
    case LOGIC_BOOLEAN:
        text = str_from(value->boolean ? "true" : "false");
        break;
    case LOGIC_NUMBER:
        text = str_slice(digits, logic_number_to_text(value->number, digits));
        break;
    case LOGIC_TEXT:
        text = value->text;
        break;
    case LOGIC_OBJECT:
    case LOGIC_JSON_OBJECT:
        text = STR_LITERAL("[object Object]");
        break;
    case LOGIC_ARRAY:
    case LOGIC_JSON_ARRAY:
        return append_array(builder, value, levels);
    }
    return builder_append(builder, text) ? OK : ERR_NOMEM;
}

enum err_code logic_to_text(struct arena *arena, const struct logic_value *value,
                            struct str *ret_text)
{
    if (value->kind == LOGIC_TEXT) {
        *ret_text = value->text;
        return OK;
    }
    struct text_builder builder = {.arena = arena};
    enum err_code code = append_value(&builder, value, TEXT_DEPTH_MAX);
    if (code == OK)
        *ret_text = str_slice(builder.data != NULL ? builder.data : "", builder.len);
    return code;
}

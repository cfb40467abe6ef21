/* Lists and texts. A callback runs in a scope of its own whose value is the item. */
#include <math.h>

#include "domain/logic_program.h"
#include "domain/logic_text.h"

/* The list an iterating operator works on: its first argument. What is false counts as an empty
 * one, null (a missing variable) only where the operator allows it; anything else is an error. */
static bool evaluate_list(struct logic_run *run, const struct logic_node *node,
                          const struct logic_scope *scope, bool may_be_null,
                          struct logic_value *ret_list)
{
    static const struct logic_value no_items[1];
    struct logic_value list;
    if (!logic_evaluate(run, &run->nodes[node->first], scope, &list))
        return false;
    bool is_refused = logic_is_nothing(&list) ? !may_be_null : logic_truthy(&list);
    if (!logic_is_array(&list) && is_refused)
        return logic_fail_invalid(run);
    *ret_list = logic_is_array(&list) ? list : logic_array(no_items, 0);
    return true;
}

static const struct logic_node *callback_of(const struct logic_run *run,
                                            const struct logic_node *node)
{
    return &run->nodes[node->first + 1];
}

LOGIC_OPERATOR(logic_map)
{
    struct logic_scope inner = {.outer = scope, .between = LOGIC_BETWEEN_INDEX};
    if (!evaluate_list(run, node, scope, /* may_be_null= */ true, &inner.list))
        return false;
    size_t count = logic_count(&inner.list);
    struct logic_value *results = logic_allocate(run, count);
    if (results == NULL)
        return false;
    for (; inner.index < count; inner.index++) {
        inner.value = logic_item(&inner.list, inner.index);
        if (!logic_evaluate(run, callback_of(run, node), &inner, &results[inner.index]))
            return false;
    }
    *ret_value = logic_array(results, count);
    return true;
}

LOGIC_OPERATOR(logic_filter)
{
    struct logic_scope inner = {.outer = scope, .between = LOGIC_BETWEEN_INDEX};
    if (!evaluate_list(run, node, scope, /* may_be_null= */ true, &inner.list))
        return false;
    size_t count = logic_count(&inner.list);
    struct logic_value *kept = logic_allocate(run, count);
    if (kept == NULL)
        return false;
    size_t kept_count = 0;
    for (; inner.index < count; inner.index++) {
        struct logic_value verdict;
        inner.value = logic_item(&inner.list, inner.index);
        if (!logic_evaluate(run, callback_of(run, node), &inner, &verdict))
            return false;
        if (logic_truthy(&verdict))
            kept[kept_count++] = inner.value;
    }
    *ret_value = logic_array(kept, kept_count);
    return true;
}

/* An accumulator may be a list or an object, but of plain values only: else it could grow a level
 * with every item. */
static bool check_accumulator(struct logic_run *run, const struct logic_value *accumulator)
{
    static const struct logic_member depth_error[] = {
        {.name = {.data = "type", .len = 4},
         .value = {.kind = LOGIC_TEXT, .text = {.data = "Exceeded Allowed Depth", .len = 22}}},
    };
    if (!logic_charge(run, logic_count(accumulator)))
        return false;
    if (!logic_fits(accumulator, /* levels= */ 1))
        return logic_fail_thrown(run, logic_object(depth_error, ARRAY_LEN(depth_error)));
    return true;
}

/* [list, callback, first accumulator]; without the third the first item is it. */
LOGIC_OPERATOR(logic_reduce)
{
    struct logic_scope inner = {.outer = scope, .between = LOGIC_BETWEEN_LIST};
    struct logic_value accumulator = logic_missing();
    bool has_initial = node->count > 2;
    if (has_initial && (!logic_evaluate(run, &run->nodes[node->first + 2], scope, &accumulator) ||
                        !check_accumulator(run, &accumulator)))
        return false;
    if (!evaluate_list(run, node, scope, /* may_be_null= */ true, &inner.list))
        return false;
    size_t count = logic_count(&inner.list);
    if (!has_initial) {
        if (count == 0)
            return logic_fail_invalid(run);
        accumulator = logic_item(&inner.list, 0);
    }
    for (size_t i = has_initial ? 0 : 1; i < count; i++) {
        /* A new object each time: the callback may keep the last one. */
        struct logic_member *members = arena_array(run->arena, 2, sizeof *members);
        if (members == NULL)
            return logic_fail(run, ERR_NOMEM);
        members[0] = (struct logic_member){STR_LITERAL("accumulator"), accumulator};
        members[1] = (struct logic_member){STR_LITERAL("current"), logic_item(&inner.list, i)};
        inner.value = logic_object(members, 2);
        if (!logic_evaluate(run, callback_of(run, node), &inner, &accumulator) ||
            !check_accumulator(run, &accumulator))
            return false;
    }
    *ret_value = accumulator;
    return true;
}

/* Whether an item exists whose verdict is `wanted`. A missing list is an error, a missing callback
 * is never true. */
static bool any_item(struct logic_run *run, const struct logic_node *node,
                     const struct logic_scope *scope, bool wanted, size_t *ret_count,
                     bool *ret_is_found)
{
    struct logic_scope inner = {.outer = scope, .between = LOGIC_BETWEEN_LIST};
    if (!evaluate_list(run, node, scope, /* may_be_null= */ false, &inner.list))
        return false;
    *ret_count = logic_count(&inner.list);
    *ret_is_found = false;
    for (size_t i = 0; i < *ret_count && !*ret_is_found; i++) {
        struct logic_value verdict = logic_null();
        inner.value = logic_item(&inner.list, i);
        if (node->count > 1 && !logic_evaluate(run, callback_of(run, node), &inner, &verdict))
            return false;
        *ret_is_found = logic_truthy(&verdict) == wanted;
    }
    return true;
}

/* Of no items it is false. */
LOGIC_OPERATOR(logic_all)
{
    size_t count;
    bool is_found = false;
    if (!any_item(run, node, scope, /* wanted= */ false, &count, &is_found))
        return false;
    *ret_value = logic_boolean(count > 0 && !is_found);
    return true;
}

LOGIC_OPERATOR(logic_some)
{
    size_t count;
    bool is_found = false;
    if (!any_item(run, node, scope, /* wanted= */ true, &count, &is_found))
        return false;
    *ret_value = logic_boolean(is_found);
    return true;
}

LOGIC_OPERATOR(logic_none)
{
    size_t count;
    bool is_found = false;
    if (!any_item(run, node, scope, /* wanted= */ true, &count, &is_found))
        return false;
    *ret_value = logic_boolean(!is_found);
    return true;
}

/* How many items a value adds to a merged list. */
static size_t merged_count(const struct logic_value *value)
{
    return logic_is_array(value) ? logic_count(value) : 1;
}

LOGIC_OPERATOR(logic_merge)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    size_t total = 0;
    if (!logic_charge(run, logic_count(&arguments)))
        return false;
    for (size_t i = 0; i < logic_count(&arguments); i++) {
        struct logic_value value = logic_item(&arguments, i);
        total += merged_count(&value);
    }
    struct logic_value *merged = logic_allocate(run, total);
    if (merged == NULL || !logic_charge(run, total))
        return false;
    size_t count = 0;
    for (size_t i = 0; i < logic_count(&arguments); i++) {
        struct logic_value value = logic_item(&arguments, i);
        for (size_t j = 0; j < merged_count(&value); j++)
            merged[count++] = logic_is_array(&value) ? logic_item(&value, j) : value;
    }
    *ret_value = logic_array(merged, count);
    return true;
}

static bool text_contains(struct logic_run *run, struct str text, const struct logic_value *part,
                          struct logic_value *ret_value)
{
    struct str part_text;
    enum err_code code = logic_to_text(run->arena, part, &part_text);
    if (code != OK)
        return logic_fail(run, code);
    if (!logic_charge_text(run, text.len + part_text.len))
        return false;
    bool is_found = part_text.len == 0 ||
                    memmem(text.data, text.len, part_text.data, part_text.len) != NULL;
    *ret_value = logic_boolean(is_found);
    return true;
}

/* [item, list] or [part, text]; nothing is in null. */
LOGIC_OPERATOR(logic_in)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    struct logic_value item = logic_item(&arguments, 0);
    struct logic_value whole = logic_item(&arguments, 1);
    bool is_found = false;
    if (whole.kind == LOGIC_TEXT && whole.text.len > 0)
        return text_contains(run, whole.text, &item, ret_value);
    if (!logic_is_array(&whole) && logic_truthy(&whole))
        return logic_fail_invalid(run);
    for (size_t i = 0; i < logic_count(&whole) && !is_found; i++) {
        struct logic_value other = logic_item(&whole, i);
        if (!logic_charge(run, 1) ||
            !logic_charge_text(run, item.kind == LOGIC_TEXT ? item.text.len : 0))
            return false;
        is_found = logic_same(&item, &other);
    }
    *ret_value = logic_boolean(is_found);
    return true;
}

/* Of the first argument, or of what a single expression yields. */
LOGIC_OPERATOR(logic_length)
{
    struct logic_value value = logic_missing();
    struct logic_value others;
    for (size_t i = 0; i < node->count; i++)
        if (!logic_evaluate(run, &run->nodes[node->first + i], scope, i == 0 ? &value : &others))
            return false;
    if (value.kind == LOGIC_TEXT) {
        *ret_value = logic_number((double)logic_text_length(value.text));
        return logic_charge_text(run, value.text.len);
    }
    if (!logic_is_array(&value) && !logic_is_object(&value))
        return logic_fail_invalid(run);
    *ret_value = logic_number((double)logic_count(&value));
    return true;
}

LOGIC_OPERATOR(logic_cat)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    size_t count = logic_count(&arguments);
    struct str *parts = arena_array(run->arena, count > 0 ? count : 1, sizeof *parts);
    if (parts == NULL)
        return logic_fail(run, ERR_NOMEM);
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        struct logic_value value = logic_item(&arguments, i);
        parts[i] = STR_LITERAL("");
        enum err_code code = OK;
        if (!logic_is_nothing(&value))
            code = logic_to_text(run->arena, &value, &parts[i]);
        if (code != OK)
            return logic_fail(run, code);
        len += parts[i].len;
    }
    char *text = arena_alloc(run->arena, len + 1);
    if (text == NULL)
        return logic_fail(run, ERR_NOMEM);
    len = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(text + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    *ret_value = logic_text(str_slice(text, len));
    return logic_charge(run, count) && logic_charge_text(run, len);
}

/* A place in a text of `length` units; a negative one counts from the end. */
static size_t place_of(double place, size_t length)
{
    double from = trunc(place);
    if (from < 0)
        from = fmax(0, from + (double)length);
    return from < (double)length ? (size_t)from : length;
}

/* [text, from, count]: a negative `from` counts from the end, a negative `count` leaves so many off
 * the end. Lengths are in UTF-16 code units. */
LOGIC_OPERATOR(logic_substr)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    struct logic_value value = logic_item(&arguments, 0);
    struct logic_value from = logic_item(&arguments, 1);
    struct logic_value count = logic_item(&arguments, 2);
    struct str text;
    if (value.kind != LOGIC_TEXT && value.kind != LOGIC_NUMBER)
        return logic_fail_invalid(run);
    enum err_code code = logic_to_text(run->arena, &value, &text);
    if (code != OK)
        return logic_fail(run, code);
    double start = 0;
    double wanted = HUGE_VAL;
    if (!logic_charge_text(run, text.len) ||
        (from.kind != LOGIC_MISSING && !logic_to_number(run, &from, &start)) ||
        (count.kind != LOGIC_MISSING && !logic_to_number(run, &count, &wanted)))
        return false;
    size_t length = logic_text_length(text);
    size_t first = place_of(start, length);
    size_t rest = length - first;
    size_t taken = place_of(fmax(0, wanted < 0 ? wanted + (double)rest : wanted), rest);
    text = logic_text_slice(run->arena, text, first, taken);
    if (text.data == NULL)
        return logic_fail(run, ERR_NOMEM);
    *ret_value = logic_text(text);
    return true;
}

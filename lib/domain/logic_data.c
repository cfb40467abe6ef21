/* Reading the data: var, val, exists, missing. Paths written in the rule were split when it was
 * compiled; others are split here. */
#include "domain/logic_program.h"

/* [the path, what to give when nothing is there] */
LOGIC_OPERATOR(logic_var)
{
    struct logic_value found;
    struct logic_value fallback = logic_missing();
    if (node->path != NULL) {
        if (node->count > 1 && !logic_evaluate(run, &run->nodes[node->first + 1], scope, &fallback))
            return false;
        if (!logic_path_follow(run, scope, node->path, &found))
            return false;
    } else {
        struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
        struct logic_value arguments;
        struct logic_path path;
        if (!logic_arguments(run, node, scope, local, &arguments))
            return false;
        struct logic_value key = logic_item(&arguments, 0);
        enum err_code code = logic_path_from_var(run->arena, &key, &path);
        if (code != OK)
            return logic_fail(run, code);
        if (!logic_path_follow(run, scope, &path, &found))
            return false;
        fallback = logic_item(&arguments, 1);
    }
    if (found.kind == LOGIC_MISSING)
        found = fallback;
    *ret_value = found.kind == LOGIC_MISSING ? logic_null() : found;
    return true;
}

static bool find_val(struct logic_run *run, const struct logic_node *node,
                     const struct logic_scope *scope, struct logic_value *ret_value)
{
    if (node->path != NULL)
        return logic_path_follow(run, scope, node->path, ret_value);
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value names;
    struct logic_path path;
    if (!logic_arguments(run, node, scope, local, &names))
        return false;
    enum err_code code = logic_path_from_val(run->arena, &names, &path);
    if (code != OK)
        return logic_fail(run, code);
    return logic_path_follow(run, scope, &path, ret_value);
}

LOGIC_OPERATOR(logic_val)
{
    if (!find_val(run, node, scope, ret_value))
        return false;
    if (ret_value->kind == LOGIC_MISSING)
        *ret_value = logic_null();
    return true;
}

LOGIC_OPERATOR(logic_exists)
{
    struct logic_value found = logic_missing();
    if (!find_val(run, node, scope, &found))
        return false;
    *ret_value = logic_boolean(found.kind != LOGIC_MISSING);
    return true;
}

/* Those of `names` that lead nowhere; what is there but null or empty is not missing. */
static bool collect_missing(struct logic_run *run, const struct logic_scope *scope,
                            const struct logic_value *names, struct logic_value *ret_value)
{
    size_t count = logic_count(names);
    struct logic_value *absent = logic_allocate(run, count);
    if (absent == NULL || !logic_charge(run, count))
        return false;
    size_t absent_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct logic_value name = logic_item(names, i);
        struct logic_value found;
        struct logic_path path;
        enum err_code code = logic_path_from_name(run->arena, &name, &path);
        if (code != OK)
            return logic_fail(run, code);
        if (!logic_path_follow(run, scope, &path, &found))
            return false;
        if (found.kind == LOGIC_MISSING)
            absent[absent_count++] = name;
    }
    *ret_value = logic_array(absent, absent_count);
    return true;
}

LOGIC_OPERATOR(logic_missing_names)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value names;
    if (!logic_arguments(run, node, scope, local, &names))
        return false;
    struct logic_value first = logic_item(&names, 0);
    return collect_missing(run, scope, logic_is_array(&first) ? &first : &names, ret_value);
}

/* [how many are needed, the names] */
LOGIC_OPERATOR(logic_missing_some)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    struct logic_value absent = logic_missing();
    double needed;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    struct logic_value count = logic_item(&arguments, 0);
    struct logic_value names = logic_item(&arguments, 1);
    if (!logic_is_array(&names))
        return logic_fail_invalid(run);
    if (!logic_to_number(run, &count, &needed) || !collect_missing(run, scope, &names, &absent))
        return false;
    size_t present = logic_count(&names) - logic_count(&absent);
    *ret_value = (double)present >= needed ? logic_array(absent.array.items, 0) : absent;
    return true;
}

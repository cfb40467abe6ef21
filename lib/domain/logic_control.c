/* The lazy operators: they evaluate their arguments themselves, as far as they need. */
#include "domain/logic_program.h"
#include "domain/logic_text.h"

static const struct logic_node *argument(const struct logic_run *run, const struct logic_node *node,
                                         size_t index)
{
    return &run->nodes[node->first + index];
}

/* [condition, result, condition, result, …, otherwise] */
LOGIC_OPERATOR(logic_if)
{
    size_t i = 0;
    for (; i + 1 < node->count; i += 2) {
        struct logic_value condition;
        if (!logic_evaluate(run, argument(run, node, i), scope, &condition))
            return false;
        if (logic_truthy(&condition))
            return logic_evaluate(run, argument(run, node, i + 1), scope, ret_value);
    }
    if (i < node->count)
        return logic_evaluate(run, argument(run, node, i), scope, ret_value);
    *ret_value = logic_null();
    return true;
}

/* The first value that is truthy (or is not), else the last one. */
static bool first_truthy(struct logic_run *run, const struct logic_node *node,
                         const struct logic_scope *scope, bool is_truthy,
                         struct logic_value *ret_value)
{
    struct logic_value value = logic_boolean(false);
    for (size_t i = 0; i < node->count; i++) {
        if (!logic_evaluate(run, argument(run, node, i), scope, &value))
            return false;
        if (logic_truthy(&value) == is_truthy)
            break;
    }
    *ret_value = value;
    return true;
}

LOGIC_OPERATOR(logic_and)
{
    return first_truthy(run, node, scope, /* is_truthy= */ false, ret_value);
}

LOGIC_OPERATOR(logic_or)
{
    return first_truthy(run, node, scope, /* is_truthy= */ true, ret_value);
}

LOGIC_OPERATOR(logic_coalesce)
{
    struct logic_value value = logic_null();
    for (size_t i = 0; i < node->count && logic_is_nothing(&value); i++)
        if (!logic_evaluate(run, argument(run, node, i), scope, &value))
            return false;
    *ret_value = logic_is_nothing(&value) ? logic_null() : value;
    return true;
}

/* `!` and `!!` look at the first argument, not at what a single expression yields: a list that the
 * expression gives is true when it has items. */
static bool evaluate_truth(struct logic_run *run, const struct logic_node *node,
                           const struct logic_scope *scope, bool *ret_is_true)
{
    struct logic_value value = logic_missing();
    if (node->count > 0 && !logic_evaluate(run, argument(run, node, 0), scope, &value))
        return false;
    *ret_is_true = logic_truthy(&value);
    return true;
}

LOGIC_OPERATOR(logic_not)
{
    bool is_true;
    if (!evaluate_truth(run, node, scope, &is_true))
        return false;
    *ret_value = logic_boolean(!is_true);
    return true;
}

LOGIC_OPERATOR(logic_not_not)
{
    bool is_true;
    if (!evaluate_truth(run, node, scope, &is_true))
        return false;
    *ret_value = logic_boolean(is_true);
    return true;
}

/* `order` is <0, 0, >0. */
static bool holds_order(enum logic_variant variant, int order)
{
    switch (variant) {
    case LOGIC_LESS:
        return order < 0;
    case LOGIC_LESS_EQUAL:
        return order <= 0;
    case LOGIC_GREATER:
        return order > 0;
    case LOGIC_GREATER_EQUAL:
        return order >= 0;
    case LOGIC_SOFT_EQUAL:
        return order == 0;
    case LOGIC_SOFT_UNEQUAL:
        return order != 0;
    case LOGIC_STRICT_EQUAL:
    case LOGIC_STRICT_UNEQUAL:
    case LOGIC_PLAIN:
        break;
    }
    return false;
}

static bool is_text_or_null(const struct logic_value *value)
{
    return value->kind == LOGIC_TEXT || value->kind == LOGIC_NULL;
}

/* ECMA-262 section 7.2.13: null is 0 beside text, and text that is no number orders with nothing.
 */
static bool compare_text_or_null(enum logic_variant variant, const struct logic_value *a,
                                 const struct logic_value *b)
{
    if (a->kind == LOGIC_TEXT && b->kind == LOGIC_TEXT)
        return holds_order(variant, logic_text_compare(a->text, b->text));
    if (a->kind == b->kind)
        return holds_order(variant, 0);
    if (variant == LOGIC_SOFT_EQUAL || variant == LOGIC_SOFT_UNEQUAL)
        return variant == LOGIC_SOFT_UNEQUAL; /* null equals no text */
    const struct logic_value *text = a->kind == LOGIC_TEXT ? a : b;
    double number;
    if (!logic_text_to_number(text->text, &number))
        return false;
    int order = (number > 0) - (number < 0);
    return holds_order(variant, text == a ? order : -order);
}

static size_t text_bytes(const struct logic_value *value)
{
    return value->kind == LOGIC_TEXT ? value->text.len : 0;
}

static bool compare_pair(struct logic_run *run, enum logic_variant variant,
                         const struct logic_value *a, const struct logic_value *b, bool *ret_holds)
{
    if (!logic_charge_text(run, text_bytes(a) + text_bytes(b)))
        return false;
    if (variant == LOGIC_STRICT_EQUAL || variant == LOGIC_STRICT_UNEQUAL) {
        *ret_holds = logic_same(a, b) == (variant == LOGIC_STRICT_EQUAL);
        return true;
    }
    if (is_text_or_null(a) && is_text_or_null(b)) {
        *ret_holds = compare_text_or_null(variant, a, b);
        return true;
    }
    double x;
    double y;
    if (!logic_to_number(run, a, &x) || !logic_to_number(run, b, &y))
        return false;
    *ret_holds = holds_order(variant, (x > y) - (x < y));
    return true;
}

/* Each neighbouring pair has to hold; the first that does not ends it. */
LOGIC_OPERATOR(logic_compare)
{
    struct logic_value left;
    if (!logic_evaluate(run, argument(run, node, 0), scope, &left))
        return false;
    bool holds = true;
    for (size_t i = 1; i < node->count && holds; i++) {
        struct logic_value right;
        if (!logic_evaluate(run, argument(run, node, i), scope, &right) ||
            !compare_pair(run, node->operation->variant, &left, &right, &holds))
            return false;
        left = right;
    }
    *ret_value = logic_boolean(holds);
    return true;
}

/* What {"val": "type"} gives after `thrown` was caught. */
static struct logic_value type_of_thrown(const struct logic_value *thrown)
{
    static const char *const names[] = {"type", "error", "message"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct logic_value type = logic_member(thrown, str_from(names[i]));
        if (logic_is_array(&type) || logic_truthy(&type)) /* to JavaScript [] is true */
            return type;
    }
    return logic_text(logic_is_array(thrown) ? STR_LITERAL("Array") : STR_LITERAL("Object"));
}

/* The first argument that does not fail; from the second on they are evaluated in the scope
 * {"type": …} of the last failure. What the last one throws leaves `try`. */
LOGIC_OPERATOR(logic_try)
{
    struct logic_scope caught = {.outer = scope, .between = LOGIC_BETWEEN_NOTHING};
    const struct logic_scope *inner = scope;
    for (size_t i = 0; i < node->count; i++) {
        if (logic_evaluate(run, argument(run, node, i), inner, ret_value))
            return true;
        if (run->code != ERR_INVALID || i + 1 == node->count)
            return false;
        inner = scope;
        run->code = OK;
        if (logic_is_nothing(&run->thrown))
            continue;
        struct logic_member *member = arena_array(run->arena, 1, sizeof *member);
        if (member == NULL)
            return logic_fail(run, ERR_NOMEM);
        *member = (struct logic_member){STR_LITERAL("type"), type_of_thrown(&run->thrown)};
        caught.value = logic_object(member, 1);
        inner = &caught;
    }
    return logic_fail_invalid(run);
}

/* Arrays, objects and null are thrown as they are, anything else as {"type": …}. */
LOGIC_OPERATOR(logic_throw)
{
    struct logic_value local[LOGIC_ARGUMENTS_LOCAL];
    struct logic_value arguments;
    if (!logic_arguments(run, node, scope, local, &arguments))
        return false;
    struct logic_value thrown = logic_item(&arguments, 0);
    (void)ret_value; /* there is none */
    if (logic_is_array(&thrown) || logic_is_object(&thrown) || logic_is_nothing(&thrown))
        return logic_fail_thrown(run, thrown);
    struct logic_member *member = arena_array(run->arena, 1, sizeof *member);
    if (member == NULL)
        return logic_fail(run, ERR_NOMEM);
    *member = (struct logic_member){STR_LITERAL("type"), thrown};
    return logic_fail_thrown(run, logic_object(member, 1));
}

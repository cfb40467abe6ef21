/* The operators by their names, and those that stand for what is no operator. */
#include "domain/logic_program.h"

static LOGIC_OPERATOR(evaluate_constant)
{
    (void)run;
    (void)scope;
    *ret_value = *node->constant;
    return true;
}

static LOGIC_OPERATOR(evaluate_list)
{
    struct logic_value *items = logic_allocate(run, node->count);
    if (items == NULL)
        return false;
    for (size_t i = 0; i < node->count; i++)
        if (!logic_evaluate(run, &run->nodes[node->first + i], scope, &items[i]))
            return false;
    *ret_value = logic_array(items, node->count);
    return true;
}

static LOGIC_OPERATOR(evaluate_invalid)
{
    (void)node;
    (void)scope;
    (void)ret_value;
    return logic_fail_invalid(run);
}

static LOGIC_OPERATOR(evaluate_unknown)
{
    (void)scope;
    (void)ret_value;
    struct logic_member *members = arena_array(run->arena, 2, sizeof *members);
    if (members == NULL)
        return logic_fail(run, ERR_NOMEM);
    members[0] =
        (struct logic_member){STR_LITERAL("type"), logic_text(STR_LITERAL("Unknown Operator"))};
    members[1] = (struct logic_member){STR_LITERAL("key"), logic_text(node->name)};
    return logic_fail_thrown(run, logic_object(members, 2));
}

const struct logic_operator logic_operator_constant = {.evaluate = evaluate_constant};
const struct logic_operator logic_operator_list = {.evaluate = evaluate_list};
const struct logic_operator logic_operator_invalid = {.evaluate = evaluate_invalid};
const struct logic_operator logic_operator_unknown = {.evaluate = evaluate_unknown};

enum { FIRST = 1U << 0, SECOND = 1U << 1 };

/* name, function, form, variant, least arguments, arguments that may not be a literal null */
static const struct logic_operator operators[] = {
    {"var",          logic_var,           LOGIC_UNARY, LOGIC_PLAIN,          0, 0             },
    {"val",          logic_val,           LOGIC_UNARY, LOGIC_PLAIN,          0, 0             },
    {"exists",       logic_exists,        LOGIC_UNARY, LOGIC_PLAIN,          0, 0             },
    {"missing",      logic_missing_names, LOGIC_EAGER, LOGIC_PLAIN,          0, 0             },
    {"missing_some", logic_missing_some,  LOGIC_EAGER, LOGIC_PLAIN,          0, 0             },
    {"if",           logic_if,            LOGIC_LAZY,  LOGIC_PLAIN,          0, 0             },
    {"?:",           logic_if,            LOGIC_LAZY,  LOGIC_PLAIN,          0, 0             },
    {"and",          logic_and,           LOGIC_LAZY,  LOGIC_PLAIN,          0, 0             },
    {"or",           logic_or,            LOGIC_LAZY,  LOGIC_PLAIN,          0, 0             },
    {"??",           logic_coalesce,      LOGIC_LAZY,  LOGIC_PLAIN,          0, 0             },
    {"!",            logic_not,           LOGIC_EAGER, LOGIC_PLAIN,          0, 0             },
    {"!!",           logic_not_not,       LOGIC_EAGER, LOGIC_PLAIN,          0, 0             },
    {"==",           logic_compare,       LOGIC_LAZY,  LOGIC_SOFT_EQUAL,     2, 0             },
    {"===",          logic_compare,       LOGIC_LAZY,  LOGIC_STRICT_EQUAL,   2, 0             },
    {"!=",           logic_compare,       LOGIC_LAZY,  LOGIC_SOFT_UNEQUAL,   2, 0             },
    {"!==",          logic_compare,       LOGIC_LAZY,  LOGIC_STRICT_UNEQUAL, 2, 0             },
    {"<",            logic_compare,       LOGIC_LAZY,  LOGIC_LESS,           2, 0             },
    {"<=",           logic_compare,       LOGIC_LAZY,  LOGIC_LESS_EQUAL,     2, 0             },
    {">",            logic_compare,       LOGIC_LAZY,  LOGIC_GREATER,        2, 0             },
    {">=",           logic_compare,       LOGIC_LAZY,  LOGIC_GREATER_EQUAL,  2, 0             },
    {"+",            logic_add,           LOGIC_UNARY, LOGIC_PLAIN,          0, 0             },
    {"-",            logic_subtract,      LOGIC_UNARY, LOGIC_PLAIN,          0, 0             },
    {"*",            logic_multiply,      LOGIC_EAGER, LOGIC_PLAIN,          0, 0             },
    {"/",            logic_divide,        LOGIC_EAGER, LOGIC_PLAIN,          0, 0             },
    {"%",            logic_modulo,        LOGIC_EAGER, LOGIC_PLAIN,          0, 0             },
    {"min",          logic_extreme,       LOGIC_EAGER, LOGIC_LESS,           0, 0             },
    {"max",          logic_extreme,       LOGIC_EAGER, LOGIC_GREATER,        0, 0             },
    {"cat",          logic_cat,           LOGIC_UNARY, LOGIC_PLAIN,          0, 0             },
    {"substr",       logic_substr,        LOGIC_EAGER, LOGIC_PLAIN,          0, 0             },
    {"length",       logic_length,        LOGIC_EAGER, LOGIC_PLAIN,          0, 0             },
    {"in",           logic_in,            LOGIC_EAGER, LOGIC_PLAIN,          0, 0             },
    {"map",          logic_map,           LOGIC_LAZY,  LOGIC_PLAIN,          2, FIRST | SECOND},
    {"filter",       logic_filter,        LOGIC_LAZY,  LOGIC_PLAIN,          2, FIRST | SECOND},
    {"reduce",       logic_reduce,        LOGIC_LAZY,  LOGIC_PLAIN,          2, 0             },
    {"all",          logic_all,           LOGIC_LAZY,  LOGIC_PLAIN,          1, FIRST         },
    {"some",         logic_some,          LOGIC_LAZY,  LOGIC_PLAIN,          1, FIRST         },
    {"none",         logic_none,          LOGIC_LAZY,  LOGIC_PLAIN,          1, FIRST         },
    {"merge",        logic_merge,         LOGIC_EAGER, LOGIC_PLAIN,          0, 0             },
    {"try",          logic_try,           LOGIC_TRY,   LOGIC_PLAIN,          0, 0             },
    {"throw",        logic_throw,         LOGIC_UNARY, LOGIC_PLAIN,          0, 0             },
    {"preserve",     evaluate_constant,   LOGIC_QUOTE, LOGIC_PLAIN,          0, 0             },
};

const struct logic_operator *logic_operator_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        if (str_is(name, operators[i].name))
            return &operators[i];
    return NULL;
}

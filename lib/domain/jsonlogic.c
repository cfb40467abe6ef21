/*
 * The compiler. It reads the rule twice: `measure` checks every limit and finds the unknown
 * operators, so that `emit` knows how many nodes there will be and can fail only for lack of
 * memory.
 *
 * A node's arguments have to stand next to each other, and so they take their places before their
 * own arguments do: emitting an expression fills a place that is already reserved, reserves the
 * places of its arguments at the end of the array, and then fills those.
 */
#include "domain/jsonlogic.h"

#include <assert.h>

#include "base/memory.h"
#include "domain/logic_program.h"
#include "schema/json.h"

enum {
    RULE_BYTES_MAX = 1 << 20,
    NAME_BYTES_SHOWN = 64,
};

struct jsonlogic {
    struct arena arena; /* all that follows points into it */
    struct logic_node *nodes;
    uint32_t used; /* nodes[0] is the rule itself */
    uint32_t count;
};

struct compiler {
    unsigned flags;
    struct json_pointer pointer; /* to the value in hand */
    struct faults *faults;
    struct err *reterr;
    size_t nodes;
    bool is_refused;
};

/* How many bytes of a text to show: whole characters. */
static int shown_bytes(struct str text)
{
    size_t len = text.len < NAME_BYTES_SHOWN ? text.len : NAME_BYTES_SHOWN;
    while (len < text.len && len > 0 && ((unsigned char)text.data[len] & 0xC0U) == 0x80U)
        len--;
    return (int)len;
}

static void refuse(struct compiler *compiler, struct str name)
{
    int shown = shown_bytes(name);
    size_t mark = json_pointer_push(&compiler->pointer, name);
    const char *pointer = compiler->pointer.text;
    if (!compiler->is_refused)
        (void)err_set(compiler->reterr, ERR_INVALID, "\"%.*s\" at %.120s is not a known operator.",
                      shown, name.data, pointer);
    if (compiler->faults != NULL)
        faults_add(compiler->faults, pointer, "unknown_operator",
                   "\"%.*s\" is not a known operator.", shown, name.data);
    json_pointer_pop(&compiler->pointer, mark);
    compiler->is_refused = true;
}

/* What an expression is, judged by its looks. */
enum shape { SHAPE_CONSTANT, SHAPE_LIST, SHAPE_OPERATION, SHAPE_UNKNOWN };

struct expression {
    enum shape shape;
    const struct logic_operator *operation; /* of an operation */
    struct logic_member member;             /* its name and what is written behind it */
};

static struct expression expression_of(const struct logic_value *rule)
{
    struct expression expression = {.shape = SHAPE_CONSTANT};
    struct logic_members members = logic_members(rule);
    if (logic_is_array(rule)) {
        expression.shape = SHAPE_LIST;
    } else if (logic_members_next(&members, &expression.member)) {
        expression.operation = logic_operator_find(expression.member.name);
        bool is_known = expression.operation != NULL && logic_count(rule) == 1;
        expression.shape = is_known ? SHAPE_OPERATION : SHAPE_UNKNOWN;
    }
    return expression;
}

static enum err_code measure(struct compiler *compiler, const struct logic_value *rule,
                             unsigned depth);

static enum err_code measure_items(struct compiler *compiler, const struct logic_value *items,
                                   unsigned depth)
{
    enum err_code code = OK;
    for (size_t i = 0; i < logic_count(items) && code == OK; i++) {
        struct logic_value item = logic_item(items, i);
        size_t mark = json_pointer_push_index(&compiler->pointer, i);
        code = measure(compiler, &item, depth);
        json_pointer_pop(&compiler->pointer, mark);
    }
    return code;
}

/* Nothing in a quoted value is an expression, but all of it is kept. */
static enum err_code measure_quoted(struct compiler *compiler, const struct logic_value *value,
                                    unsigned depth)
{
    if (depth == 0 || ++compiler->nodes > JSONLOGIC_NODES_MAX)
        return ERR_TOO_LARGE;
    enum err_code code = OK;
    for (size_t i = 0; logic_is_array(value) && i < logic_count(value) && code == OK; i++) {
        struct logic_value item = logic_item(value, i);
        code = measure_quoted(compiler, &item, depth - 1);
    }
    struct logic_members members = logic_members(value);
    struct logic_member member;
    while (code == OK && logic_members_next(&members, &member))
        code = measure_quoted(compiler, &member.value, depth - 1);
    return code;
}

static enum err_code measure_operation(struct compiler *compiler,
                                       const struct expression *expression, unsigned depth)
{
    const struct logic_value *arguments = &expression->member.value;
    if (expression->operation->form == LOGIC_QUOTE)
        return measure_quoted(compiler, arguments, depth);
    size_t mark = json_pointer_push(&compiler->pointer, expression->member.name);
    enum err_code code = logic_is_array(arguments) ? measure_items(compiler, arguments, depth)
                                                   : measure(compiler, arguments, depth);
    json_pointer_pop(&compiler->pointer, mark);
    return code;
}

static enum err_code measure(struct compiler *compiler, const struct logic_value *rule,
                             unsigned depth)
{
    if (depth == 0 || ++compiler->nodes > JSONLOGIC_NODES_MAX)
        return ERR_TOO_LARGE;
    struct expression expression = expression_of(rule);
    switch (expression.shape) {
    case SHAPE_LIST:
        return measure_items(compiler, rule, depth - 1);
    case SHAPE_OPERATION:
        return measure_operation(compiler, &expression, depth - 1);
    case SHAPE_UNKNOWN:
        if ((compiler->flags & JSONLOGIC_STRICT) != 0)
            refuse(compiler, expression.member.name);
        break;
    case SHAPE_CONSTANT:
        break;
    }
    return OK;
}

/* A copy of a value that owes nothing to the document it came from. */
static bool copy_value(struct arena *arena, const struct logic_value *value,
                       struct logic_value *ret_copy);

static bool copy_array(struct arena *arena, const struct logic_value *array,
                       struct logic_value *ret_copy)
{
    size_t count = logic_count(array);
    struct logic_value *items = arena_array(arena, count > 0 ? count : 1, sizeof *items);
    if (items == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct logic_value item = logic_item(array, i);
        if (!copy_value(arena, &item, &items[i]))
            return false;
    }
    *ret_copy = logic_array(items, count);
    return true;
}

static bool copy_object(struct arena *arena, const struct logic_value *object,
                        struct logic_value *ret_copy)
{
    size_t count = logic_count(object);
    struct logic_member *copies = arena_array(arena, count > 0 ? count : 1, sizeof *copies);
    if (copies == NULL)
        return false;
    struct logic_members members = logic_members(object);
    struct logic_member member;
    for (size_t i = 0; logic_members_next(&members, &member); i++) {
        copies[i].name = arena_str(arena, member.name);
        if (copies[i].name.data == NULL || !copy_value(arena, &member.value, &copies[i].value))
            return false;
    }
    *ret_copy = logic_object(copies, count);
    return true;
}

static bool copy_value(struct arena *arena, const struct logic_value *value,
                       struct logic_value *ret_copy)
{
    if (logic_is_array(value))
        return copy_array(arena, value, ret_copy);
    if (logic_is_object(value))
        return copy_object(arena, value, ret_copy);
    *ret_copy = *value;
    if (value->kind == LOGIC_TEXT)
        ret_copy->text = arena_str(arena, value->text);
    return value->kind != LOGIC_TEXT || ret_copy->text.data != NULL;
}

static bool emit_constant(struct jsonlogic *rule, uint32_t at, const struct logic_value *value)
{
    struct logic_value *constant = arena_alloc(&rule->arena, sizeof *constant);
    if (constant == NULL || !copy_value(&rule->arena, value, constant))
        return false;
    rule->nodes[at].operation = &logic_operator_constant;
    rule->nodes[at].constant = constant;
    return true;
}

static bool emit(struct jsonlogic *rule, uint32_t at, const struct logic_value *source);

/* Reserves places for the arguments of nodes[at] and fills them. */
static bool emit_arguments(struct jsonlogic *rule, uint32_t at, const struct logic_value *arguments)
{
    bool is_list = logic_is_array(arguments);
    uint32_t count = is_list ? (uint32_t)logic_count(arguments) : 1;
    uint32_t first = rule->used;
    assert(count <= rule->count - rule->used);
    rule->used += count;
    rule->nodes[at].first = first;
    rule->nodes[at].count = count;
    rule->nodes[at].is_list = is_list;
    for (uint32_t i = 0; i < count; i++) {
        struct logic_value argument = is_list ? logic_item(arguments, i) : *arguments;
        if (!emit(rule, first + i, &argument))
            return false;
    }
    return true;
}

/* The first `count` arguments of a node as a value, when they are constants: one expression as what
 * it is, a list as an array. False when out of memory. */
static bool fold_arguments(struct jsonlogic *rule, const struct logic_node *node, uint32_t count,
                           bool *ret_is_constant, struct logic_value *ret_value)
{
    struct logic_value *items =
        arena_array(&rule->arena, count > 0 ? count : 1, sizeof(struct logic_value));
    if (items == NULL)
        return false;
    *ret_is_constant = false;
    for (uint32_t i = 0; i < count; i++) {
        const struct logic_node *argument = &rule->nodes[node->first + i];
        if (argument->operation != &logic_operator_constant)
            return true;
        items[i] = *argument->constant;
    }
    *ret_is_constant = true;
    *ret_value = node->is_list ? logic_array(items, count) : items[0];
    return true;
}

/* A list of constants is one itself. */
static bool emit_list(struct jsonlogic *rule, uint32_t at, const struct logic_value *source)
{
    if (!emit_arguments(rule, at, source))
        return false;
    struct logic_node *node = &rule->nodes[at];
    struct logic_value *constant = arena_alloc(&rule->arena, sizeof *constant);
    bool is_constant;
    if (constant == NULL || !fold_arguments(rule, node, node->count, &is_constant, constant))
        return false;
    node->operation = is_constant ? &logic_operator_constant : &logic_operator_list;
    if (is_constant)
        node->constant = constant;
    return true;
}

/* The path of `var`, `val` or `exists`, where the rule spells it out. */
static bool emit_path(struct jsonlogic *rule, uint32_t at)
{
    struct logic_node *node = &rule->nodes[at];
    bool is_var = node->operation->evaluate == logic_var;
    /* The second argument of `var` is what to give instead: no part of the path. */
    uint32_t parts = is_var && node->count > 1 ? 1 : node->count;
    struct logic_value names = logic_missing();
    bool is_constant;
    if (!fold_arguments(rule, node, parts, &is_constant, &names))
        return false;
    /* A single quoted array would hold a default too. */
    if (!is_constant || (is_var && !node->is_list && logic_is_array(&names)))
        return true;
    struct logic_path *path = arena_alloc(&rule->arena, sizeof *path);
    if (path == NULL)
        return false;
    struct logic_value key = node->is_list ? logic_item(&names, 0) : names;
    enum err_code code = is_var ? logic_path_from_var(&rule->arena, &key, path)
                                : logic_path_from_val(&rule->arena, &names, path);
    node->path = path;
    return code == OK;
}

/* Whether the arguments, as they are written, are of a form the operator takes. */
static bool takes_arguments(const struct logic_operator *operation,
                            const struct logic_value *arguments)
{
    if (operation->form != LOGIC_LAZY)
        return true;
    if (!logic_is_array(arguments) || logic_count(arguments) < operation->arguments_min)
        return false;
    for (size_t i = 0; i < logic_count(arguments); i++) {
        struct logic_value argument = logic_item(arguments, i);
        bool is_refused = i < 32 && (operation->refused_nulls >> i & 1U) != 0;
        if (is_refused && argument.kind == LOGIC_NULL)
            return false;
    }
    return true;
}

static bool emit_operation(struct jsonlogic *rule, uint32_t at, const struct expression *expression)
{
    const struct logic_operator *operation = expression->operation;
    struct logic_value arguments = expression->member.value;
    if (operation->form == LOGIC_QUOTE)
        return emit_constant(rule, at, &arguments);
    bool is_taken = takes_arguments(operation, &arguments);
    rule->nodes[at].operation = is_taken ? operation : &logic_operator_invalid;
    if (operation->form == LOGIC_UNARY && logic_is_array(&arguments) &&
        logic_count(&arguments) == 1) {
        struct logic_value only = logic_item(&arguments, 0);
        arguments = logic_is_array(&only) ? arguments : only;
    }
    if (!emit_arguments(rule, at, &arguments))
        return false;
    bool is_looking = operation->evaluate == logic_var || operation->evaluate == logic_val ||
                      operation->evaluate == logic_exists;
    return !is_looking || emit_path(rule, at);
}

/* Fills nodes[at]; false when out of memory. */
static bool emit(struct jsonlogic *rule, uint32_t at, const struct logic_value *source)
{
    struct expression expression = expression_of(source);
    switch (expression.shape) {
    case SHAPE_CONSTANT:
        return emit_constant(rule, at, source);
    case SHAPE_LIST:
        return emit_list(rule, at, source);
    case SHAPE_OPERATION:
        return emit_operation(rule, at, &expression);
    case SHAPE_UNKNOWN:
        break;
    }
    rule->nodes[at].operation = &logic_operator_unknown;
    rule->nodes[at].name = arena_str(&rule->arena, expression.member.name);
    return rule->nodes[at].name.data != NULL;
}

static struct jsonlogic *build(const struct logic_value *source, size_t nodes)
{
    struct jsonlogic *rule = mem_alloc(sizeof *rule);
    if (rule == NULL)
        return NULL;
    arena_init(&rule->arena, RULE_BYTES_MAX);
    rule->nodes = arena_array(&rule->arena, nodes, sizeof *rule->nodes);
    rule->count = (uint32_t)nodes;
    rule->used = 1;
    if (rule->nodes != NULL && emit(rule, 0, source))
        return rule;
    jsonlogic_free(rule);
    return NULL;
}

enum err_code jsonlogic_compile(const json_t *rule, unsigned flags, const char *pointer,
                                struct faults *faults, struct jsonlogic **ret_rule,
                                struct err *reterr)
{
    struct compiler compiler = {.flags = flags, .faults = faults, .reterr = reterr};
    struct logic_value source = logic_json(rule);
    json_pointer_init(&compiler.pointer, pointer);
    enum err_code code = measure(&compiler, &source, JSONLOGIC_DEPTH_MAX);
    if (code == ERR_TOO_LARGE)
        return err_set(reterr, code, "A rule has at most %d levels and %d operators and values.",
                       JSONLOGIC_DEPTH_MAX, JSONLOGIC_NODES_MAX);
    if (compiler.is_refused)
        return ERR_INVALID; /* reterr tells the first */
    struct jsonlogic *built = build(&source, compiler.nodes);
    if (built == NULL)
        return err_set(reterr, ERR_NOMEM, "There is no memory for the rule.");
    *ret_rule = built;
    return OK;
}

void jsonlogic_free(struct jsonlogic *rule)
{
    if (rule == NULL)
        return;
    arena_done(&rule->arena);
    mem_free(rule);
}

static enum err_code explain_thrown(const struct logic_value *thrown, struct err *reterr)
{
    struct logic_value type = logic_member(thrown, STR_LITERAL("type"));
    struct logic_value name = logic_member(thrown, STR_LITERAL("key"));
    if (type.kind != LOGIC_TEXT)
        return err_set(reterr, ERR_INVALID, "The rule failed.");
    if (name.kind != LOGIC_TEXT)
        return err_set(reterr, ERR_INVALID, "The rule failed: %.*s.", shown_bytes(type.text),
                       type.text.data);
    return err_set(reterr, ERR_INVALID, "The rule failed: %.*s \"%.*s\".", shown_bytes(type.text),
                   type.text.data, shown_bytes(name.text), name.text.data);
}

enum err_code jsonlogic_eval(const struct jsonlogic *rule, const struct logic_value *data,
                             struct arena *scratch, struct logic_value *ret_value,
                             struct logic_value *reterr_thrown, struct err *reterr)
{
    struct logic_run run = {
        .nodes = rule->nodes, .arena = scratch, .steps_left = JSONLOGIC_STEPS_MAX};
    const struct logic_scope scope = {.value = *data};
    struct logic_value value;
    if (logic_evaluate(&run, &rule->nodes[0], &scope, &value)) {
        *ret_value = value;
        return OK;
    }
    if (run.code == ERR_TOO_LARGE)
        return err_set(reterr, run.code, "The rule takes more than %d steps.", JSONLOGIC_STEPS_MAX);
    if (run.code != ERR_INVALID)
        return err_set(reterr, run.code, "There is no memory for evaluating the rule.");
    if (reterr_thrown != NULL)
        *reterr_thrown = run.thrown;
    return reterr != NULL ? explain_thrown(&run.thrown, reterr) : ERR_INVALID;
}

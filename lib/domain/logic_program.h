/*
 * The inside of a compiled rule and of its evaluation, shared by the logic_*.c files and by nobody
 * else.
 *
 * A rule is an array of nodes; the arguments of a node stand next to each other in it. A node knows
 * its operator by address, so running it is one indirect call. Whatever does not depend on data
 * (constants, lists of constants, the paths of `var` and `val`) is worked out at compile time.
 *
 * An operator returns false when it fails: `run` then says how. ERR_INVALID is something thrown,
 * which `try` may catch; any other code ends the evaluation.
 */
#pragma once

#include "domain/logic_value.h"

struct logic_operator;
struct logic_path;

struct logic_node {
    const struct logic_operator *operation;
    union {
        const struct logic_value *constant;
        const struct logic_path *path;
        struct str name; /* of an unknown operator */
    };
    uint32_t first; /* its arguments are nodes[first … first + count) */
    uint32_t count;
    bool is_list; /* the arguments are `count` expressions; else one expression yields them */
};

/*
 * A scope is what {"var": ""} means, and where `../` and {"val": [[n], …]} climb from: level 0 is
 * its value, level 1 what stands between it and the outer scope (see below), level 2 the outer
 * value, and so on. Scopes live on the C stack.
 */
struct logic_scope {
    struct logic_value value;
    const struct logic_scope *outer; /* NULL at the top */
    enum {
        LOGIC_BETWEEN_NOTHING, /* in `try` */
        LOGIC_BETWEEN_LIST,    /* in all, some, none, reduce: the list */
        LOGIC_BETWEEN_INDEX,   /* in map, filter: {"iterator": the list, "index": the place} */
    } between;
    struct logic_value list;
    size_t index;
};

struct logic_run {
    const struct logic_node *nodes;
    struct arena *arena;
    size_t steps_left;
    enum err_code code;
    struct logic_value thrown; /* with ERR_INVALID */
};

/* What an operator's arguments look like and when they are evaluated. */
enum logic_form {
    LOGIC_EAGER, /* a list, or one expression that yields the list or its only item */
    LOGIC_UNARY, /* the same, and a list of one expression counts as that expression */
    LOGIC_LAZY,  /* a list that the operator evaluates as far as it needs; else Invalid Arguments */
    LOGIC_TRY,   /* lazy, but one expression counts as a list of one */
    LOGIC_QUOTE, /* not evaluated at all */
};

/* Which of the operators that share a function. */
enum logic_variant {
    LOGIC_PLAIN,
    LOGIC_LESS,
    LOGIC_LESS_EQUAL,
    LOGIC_GREATER,
    LOGIC_GREATER_EQUAL,
    LOGIC_SOFT_EQUAL,
    LOGIC_SOFT_UNEQUAL,
    LOGIC_STRICT_EQUAL,
    LOGIC_STRICT_UNEQUAL,
};

struct logic_operator {
    const char *name;
    bool (*evaluate)(struct logic_run *run, const struct logic_node *node,
                     const struct logic_scope *scope, struct logic_value *ret_value);
    enum logic_form form;
    enum logic_variant variant;
    uint32_t arguments_min; /* fewer expressions are Invalid Arguments; of lazy operators */
    uint32_t refused_nulls; /* bit i: a literal null as argument i is Invalid Arguments */
};

/* What the compiler needs beside the named ones. */
extern const struct logic_operator logic_operator_constant; /* node->constant */
extern const struct logic_operator logic_operator_list;     /* an array with expressions in it */
extern const struct logic_operator logic_operator_invalid;  /* throws Invalid Arguments */
extern const struct logic_operator logic_operator_unknown;  /* throws Unknown Operator */
/* NULL when there is none of that name. */
const struct logic_operator *logic_operator_find(struct str name);

/* One signature, so that the operators can be declared from the table. */
#define LOGIC_OPERATOR(function)                                                                   \
    bool function(struct logic_run *run, const struct logic_node *node,                            \
                  const struct logic_scope *scope, struct logic_value *ret_value)
/* logic_data.c */
LOGIC_OPERATOR(logic_var);
LOGIC_OPERATOR(logic_val);
LOGIC_OPERATOR(logic_exists);
LOGIC_OPERATOR(logic_missing_names);
LOGIC_OPERATOR(logic_missing_some);
/* logic_control.c */
LOGIC_OPERATOR(logic_if);
LOGIC_OPERATOR(logic_and);
LOGIC_OPERATOR(logic_or);
LOGIC_OPERATOR(logic_coalesce);
LOGIC_OPERATOR(logic_not);
LOGIC_OPERATOR(logic_not_not);
LOGIC_OPERATOR(logic_compare);
LOGIC_OPERATOR(logic_try);
LOGIC_OPERATOR(logic_throw);
/* logic_number.c */
LOGIC_OPERATOR(logic_add);
LOGIC_OPERATOR(logic_subtract);
LOGIC_OPERATOR(logic_multiply);
LOGIC_OPERATOR(logic_divide);
LOGIC_OPERATOR(logic_modulo);
LOGIC_OPERATOR(logic_extreme); /* min: LOGIC_LESS, max: LOGIC_GREATER */
/* logic_list.c */
LOGIC_OPERATOR(logic_map);
LOGIC_OPERATOR(logic_filter);
LOGIC_OPERATOR(logic_reduce);
LOGIC_OPERATOR(logic_all);
LOGIC_OPERATOR(logic_some);
LOGIC_OPERATOR(logic_none);
LOGIC_OPERATOR(logic_merge);
LOGIC_OPERATOR(logic_in);
LOGIC_OPERATOR(logic_length);
LOGIC_OPERATOR(logic_cat);
LOGIC_OPERATOR(logic_substr);

/* logic_run.c: what operators are made of. */

/* Evaluates one node in a scope. */
LOGIC_OPERATOR(logic_evaluate);

enum { LOGIC_ARGUMENTS_LOCAL = 4 };

/* The arguments of an eager operator as an array value. `local` holds few of them, the arena many.
 */
bool logic_arguments(struct logic_run *run, const struct logic_node *node,
                     const struct logic_scope *scope,
                     struct logic_value local[static LOGIC_ARGUMENTS_LOCAL],
                     struct logic_value *ret_arguments);

/* These return false, so that `return logic_fail_nan(run)` reads well. */
bool logic_fail(struct logic_run *run, enum err_code code);
bool logic_fail_thrown(struct logic_run *run, struct logic_value thrown);
bool logic_fail_nan(struct logic_run *run);
bool logic_fail_invalid(struct logic_run *run);

/* Takes `steps` from what is left; false when that is not enough. */
bool logic_charge(struct logic_run *run, size_t steps);
/* The same for passing over so many bytes of text. */
bool logic_charge_text(struct logic_run *run, size_t bytes);

/* Array memory for so many values, never NULL for zero of them: arrays have an identity. NULL after
 * failing. */
struct logic_value *logic_allocate(struct logic_run *run, size_t count);

/* Number(value); fails with NaN where that is not a number, and for every array and object. */
bool logic_to_number(struct logic_run *run, const struct logic_value *value, double *ret_number);
/* A number that became NaN on the way is an error. */
bool logic_return_number(struct logic_run *run, double number, struct logic_value *ret_value);

/* String(value): arrays joined by commas, objects "[object Object]". */
enum err_code logic_to_text(struct arena *arena, const struct logic_value *value,
                            struct str *ret_text) MUSTCHECK;

/* Equality without conversion; arrays and objects only equal themselves. */
bool logic_same(const struct logic_value *a, const struct logic_value *b);

/* logic_path.c: where `var`, `val`, `exists` and `missing` look. */

struct logic_key {
    struct str name;
    size_t index; /* the name as an array index; SIZE_MAX when it is none */
};

struct logic_path {
    size_t climb; /* levels up */
    size_t count;
    const struct logic_key *keys;
};

/* "a.b" or an index; "" is the scope's value itself. A dot or slash after a backslash belongs to
 * the name. The path borrows from `name` and the arena. */
enum err_code logic_path_from_name(struct arena *arena, const struct logic_value *name,
                                   struct logic_path *ret_path) MUSTCHECK;
/* The same, and "../../a" climbs; null, missing and "" are the scope's value itself. A dot or slash
 * after a backslash belongs to the name. The path borrows from `key` and the arena. */
enum err_code logic_path_from_var(struct arena *arena, const struct logic_value *key,
                                  struct logic_path *ret_path) MUSTCHECK;
/* One name, or a list of names whose first item may be [levels to climb]. */
enum err_code logic_path_from_val(struct arena *arena, const struct logic_value *names,
                                  struct logic_path *ret_path) MUSTCHECK;
/* Missing when there is nothing at the path's end. */
bool logic_path_follow(struct logic_run *run, const struct logic_scope *scope,
                       const struct logic_path *path, struct logic_value *ret_value);

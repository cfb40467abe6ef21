/*
 * JsonLogic (jsonlogic.com): small rules written as JSON, `{">=": [{"var": "company_size"}, 50]}`.
 *
 * A rule is compiled once into a flat program and evaluated many times. A compiled rule is
 * immutable: any number of threads may evaluate it at once, each with its own scratch arena.
 * Evaluation allocates from that arena only, reads no clock and does no I/O.
 *
 * The language is the one json-logic/compat-tables tests, with the n-ary and lazy operators, `val`,
 * `try` and `throw`, and the errors of json-logic-engine 5:
 *
 *     data        var val exists missing missing_some
 *     logic       if ?: and or ?? ! !!
 *     comparison  == === != !== < <= > >=         (chained: {"<": [1, {"var": "x"}, 10]})
 *     numbers     + - * / % min max
 *     text        cat substr length in
 *     lists       map filter reduce all some none merge
 *     errors      try throw
 *     literals    preserve
 *
 * It departs from it here: {} is true; an empty `and` or `or` gives false; `substr` also takes
 * numbers; all, some, none, map and filter refuse a literal null in place of the list, map and
 * filter also in place of the callback; all, some and none refuse a missing variable in place of
 * the list, where map, filter and reduce see an empty list; other values that are no list are
 * Invalid Arguments there. `!` and `!!` take a list that an expression yields as one value.
 * To `missing` only what is absent is missing, not null or "". Lengths and places in text are
 * UTF-16 code units.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "domain/logic_value.h"

enum {
    JSONLOGIC_DEPTH_MAX = 32,     /* nesting of operators and arrays in a rule */
    JSONLOGIC_NODES_MAX = 4096,   /* operators, arrays and constants of a rule */
    JSONLOGIC_STEPS_MAX = 100000, /* work of one evaluation: nodes run, items and text passed */
};

enum jsonlogic_flags {
    JSONLOGIC_STRICT = 1U << 0, /* refuse unknown operators now, not when they are reached */
};

struct jsonlogic; /* a compiled rule; owns all it needs, the JSON it came from may be freed */

/*
 * Compiles `rule`, any JSON value (a constant is a rule too). `pointer` is where the rule stands in
 * the caller's input (RFC 6901, "" for the input itself); every unknown operator, with
 * JSONLOGIC_STRICT, is added to `faults` (may be NULL) under it, as code "unknown_operator".
 *
 * OK; ERR_INVALID: unknown operators, the first is in reterr; ERR_TOO_LARGE: too deep or too many
 * nodes; ERR_NOMEM. The result is the caller's: jsonlogic_free.
 */
enum err_code jsonlogic_compile(const json_t *rule, unsigned flags, const char *pointer,
                                struct faults *faults, struct jsonlogic **ret_rule,
                                struct err *reterr) MUSTCHECK;
/* Takes NULL. */
void jsonlogic_free(struct jsonlogic *rule);

/*
 * Evaluates against `data`, what {"var": ""} gives: usually logic_json(document) or
 * logic_object(facts). The value borrows from rule, data and scratch, so it lives as long as the
 * shortest of them; clear the arena between evaluations, not during.
 *
 * OK; ERR_INVALID: the rule failed, and `reterr_thrown` (may be NULL) gets what it threw: an object
 * with "type" ("NaN", "Invalid Arguments", "Unknown Operator", …) or whatever `throw` was given;
 * ERR_TOO_LARGE: more than JSONLOGIC_STEPS_MAX steps; ERR_NOMEM: the arena's limit. The last two
 * are out of reach of `try`.
 */
enum err_code jsonlogic_eval(const struct jsonlogic *rule, const struct logic_value *data,
                             struct arena *scratch, struct logic_value *ret_value,
                             struct logic_value *reterr_thrown, struct err *reterr) MUSTCHECK;

/*
 * A scoring model: the JSON definition of POST /v1/scoring/models, checked and compiled.
 *
 *     {"name": "default",
 *      "fit": {"rules": [{"name", "when", "points", "from"?, "until"?}],
 *              "grades": {"A", "B", "C"}},
 *      "interest": {"half_life": "P30D",
 *                   "rules": [{"name", "when", "points", "max", "group"?, "from"?, "until"?}],
 *                   "groups"?: {"downloads": {"max": 60}}, "max"?: 200,
 *                   "grades": {"1", "2", "3"}},
 *      "decision": {"A1": "mql", …, "*": "stay"},
 *      "mql_at_once"?: [JsonLogic, …]}
 *
 * `when` is JsonLogic. A rule with a window counts only at times from ≤ t < until: for interest the
 * time at which the activity occurred, for fit the time of evaluation. `max` bounds what one rule
 * (both ways), a group or everything together may hold. Grades are lower bounds, descending; below
 * the last is D or 4.
 *
 * A model is immutable once compiled: any number of threads may score with it.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "domain/decide.h"

enum {
    MODEL_FIT_RULES_MAX = 64,
    MODEL_INTEREST_RULES_MAX = 64, /* a set of rules is a uint64_t */
    MODEL_AT_ONCE_MAX = 32,
    MODEL_GROUPS_MAX = 16,
    MODEL_ATTRIBUTES_MAX = 64, /* different attributes that the fit rules look at */
    MODEL_NAME_CHARS_MAX = 120,
    MODEL_POINTS_MAX = 1000000, /* |points|, caps and bounds; caps and interest bounds from 0.001 */
    MODEL_HALF_LIFE_HOURS_MIN = 1,
    MODEL_HALF_LIFE_DAYS_MAX = 3650,
    /* A scratch arena for rules needs no more; with less a greedy rule ends in ERR_NOMEM. */
    MODEL_SCRATCH_BYTES = 32 * 1024 * 1024,
    MODEL_NO_RULE = -1,
    MODEL_NO_GROUP = -1,
};

struct jsonlogic;
struct logic_value;

struct model_rule {
    const char *name;
    struct jsonlogic *when;
    double points;
    double max;       /* interest: bounds what the rule holds to −max … max; fit: unused, 0 */
    int group;        /* interest: index into groups or MODEL_NO_GROUP */
    int64_t from_us;  /* TIME_NONE: since ever */
    int64_t until_us; /* TIME_NONE: for ever */
};

struct model_group {
    const char *name;
    double max;
    uint64_t rules; /* its interest rules: bit r */
};

/* An attribute that the fit rules look at, and the one to ask a person for in order to know it. */
struct model_attribute {
    struct str variable; /* "seniority" */
    struct str source;   /* "job_title"; the same text as variable unless derived */
};

struct model {
    struct arena arena; /* owns everything below but the compiled rules */
    const char *name;

    struct model_rule *fit_rules;
    size_t fit_rule_count;
    double fit_bounds[FIT_GRADE_COUNT_ - 1]; /* lower bounds of A, B, C */
    struct model_attribute *attributes;      /* in the order of their first mention */
    size_t attribute_count;

    int64_t half_life_us;
    struct model_rule *interest_rules;
    size_t interest_rule_count;
    struct model_group *groups;
    size_t group_count;
    double interest_max;                              /* INFINITY: no cap on the total */
    double interest_bounds[INTEREST_GRADE_COUNT - 1]; /* lower bounds of 1, 2, 3; all > 0 */

    enum decision decisions[FIT_GRADE_COUNT_][INTEREST_GRADE_COUNT]; /* [fit][interest − 1] */
    struct jsonlogic **at_once;
    size_t at_once_count;
};

/* Where days begin. A bare date in a window ("2027-01-01") is a midnight of the organisation's
 * zone, which only the database knows. */
struct model_zone {
    int64_t (*midnight_us)(void *context, int32_t days_since_1970);
    void *context;
};

/*
 * Checks the whole definition and compiles it. `zone` NULL: days begin at midnight UTC. Every fault
 * is added to `faults` with its pointer into the definition; unknown fields, unknown operators and
 * anything over a limit are faults.
 *
 * OK: the model is the caller's (model_free) and needs the definition no longer. ERR_INVALID: see
 * the faults. ERR_NOMEM. Thread-safe as long as nobody changes the definition meanwhile.
 */
enum err_code model_compile(const json_t *definition, const struct model_zone *zone,
                            struct model **ret_model, struct faults *faults) MUSTCHECK;
/* Takes NULL. */
void model_free(struct model *model);

enum rule_outcome {
    RULE_MISSES,
    RULE_MATCHES,
    RULE_FAILS, /* the evaluation was an error: it does not match, and the error is counted */
    RULE_NOMEM,
};

/* Whether the condition holds (is truthy) for `data`. Clears `scratch` first. */
enum rule_outcome model_rule_test(const struct jsonlogic *when, const struct logic_value *data,
                                  struct arena *scratch) MUSTCHECK;

/* True when the rule's window holds `at_us`. */
static inline bool model_rule_counts_at(const struct model_rule *rule, int64_t at_us)
{
    return (rule->from_us == TIME_NONE || rule->from_us <= at_us) &&
           (rule->until_us == TIME_NONE || at_us < rule->until_us);
}

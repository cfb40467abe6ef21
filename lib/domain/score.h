/*
 * Scoring a contact from its activities: which rules an activity matches, what the whole history
 * makes of the interest, and the explanation of it line by line.
 *
 * The usual way of an activity is short: activity_match, interest_is_later, interest_step on the
 * stored interest. Only when it came late, or at the instant of the last step, is the history
 * loaded and given to score_recompute. Both ways give the same bits, so a score is defined by its
 * history alone.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/uuid.h"
#include "domain/interest.h"
#include "domain/model.h"

enum {
    SCORE_LINES_MAX =
        1000, /* an explanation names so many of the latest; what is older is one line */
};

/* What is stored on an activity when it comes; all an interest rule may see (but for id and time).
 * Texts are borrowed; an absent one is null for the rules. */
struct activity_facts {
    struct uuid id;
    int64_t occurred_at_us;
    struct str kind;
    struct str form;
    struct str offer;
    struct str offer_kind;
    struct str journey_step;
    struct str campaign;
    struct str channel;
    const json_t *properties; /* NULL: null */
};

struct activity_match {
    uint64_t rules;          /* interest rules that match within their window: bit r */
    uint64_t failed;         /* interest rules whose evaluation was an error; they do not match */
    uint32_t failed_at_once; /* the same of mql_at_once */
    int at_once;             /* the first rule of mql_at_once that fires, or MODEL_NO_RULE */
};

/*
 * Evaluates the model's interest and at-once rules on one activity. `scratch` is cleared: give it
 * to rules only, with a limit of MODEL_SCRATCH_BYTES, and reuse it. OK; ERR_NOMEM.
 */
enum err_code activity_match(const struct model *model, const struct activity_facts *facts,
                             struct arena *scratch, struct activity_match *ret_match) MUSTCHECK;

enum score_line_kind {
    LINE_ACTIVITY,  /* an activity and an interest rule that it matched */
    LINE_EARLIER,   /* all older ones together, beyond SCORE_LINES_MAX */
    LINE_GROUP_CAP, /* taken away by a group's cap, over all steps */
    LINE_TOTAL_CAP, /* taken away by the cap on the total, over all steps */
    LINE_FLOOR,     /* lifts a negative sum to 0 */
};

struct score_line {
    enum score_line_kind kind;
    const char *name; /* the rule's or the group's, the model's own; NULL for the other kinds */
    const struct activity_facts *activity; /* the evidence; NULL unless LINE_ACTIVITY. Borrowed */
    int64_t at_us;  /* its instant; of several the latest; TIME_NONE for LINE_FLOOR */
    double points;  /* as configured; 0 unless LINE_ACTIVITY */
    double counted; /* the change made when it happened: points, less what a maximum cut off */
    double left;    /* what is left of it at the time of reading */
};

struct explanation {
    const struct score_line *lines; /* activities newest first, then the others; in the arena */
    size_t line_count;
    double interest; /* at the time of reading: the sum of all left */
};

/* A contact's score by its whole history. */
struct history_score {
    struct interest interest;
    size_t scored;        /* activities that matched a rule */
    uint64_t failed;      /* interest rules that failed on some activity */
    size_t failure_count; /* pairs of an interest rule and an activity on which it failed */
};

/*
 * The interest that a history defines: `activities` in any order, each once. `arena` holds the
 * working space (16 bytes an activity), `scratch` is as for activity_match. OK; ERR_NOMEM.
 */
enum err_code score_recompute(const struct model *model, const struct activity_facts *activities,
                              size_t count, struct arena *arena, struct arena *scratch,
                              struct history_score *ret_score) MUSTCHECK;

/*
 * The same, and why: lines whose `left` sum to the interest at `now_us` (to rounding: 1e-9 for
 * everyday numbers). A line's `counted` is the change its rule made at its step, shared equally
 * among the activities of that instant that matched it. The lines live in `arena` and borrow from
 * model and activities.
 */
enum err_code score_explain(const struct model *model, const struct activity_facts *activities,
                            size_t count, int64_t now_us, struct arena *arena,
                            struct arena *scratch, struct history_score *ret_score,
                            struct explanation *ret_explanation) MUSTCHECK;

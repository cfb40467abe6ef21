/*
 * Fit: how well a contact's attributes match the ideal profile, by the fit rules of a model.
 *
 * Missing information is not a misfit: beside the points stands what is not known yet and which
 * attribute to ask for.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "domain/decide.h"
#include "domain/logic_value.h"
#include "domain/model.h"

struct fit {
    double points; /* sum over the matching rules, in their order */
    enum fit_grade grade;
    /* Of the attributes to ask for that the fit rules depend on, the share that is known, 0…1, each
     * counting the same; 1 when the rules depend on none. Unknown are: missing, null, an empty
     * text, and a seniority of "unknown" (job_title is missing or says nothing). */
    double known;
    uint64_t matched; /* fit rules that match: bit r */
    uint64_t failed;  /* fit rules whose evaluation was an error; they do not match */
    struct str missing[MODEL_ATTRIBUTES_MAX]; /* names to ask for; borrowed from the model */
    size_t missing_count;
};

/*
 * Evaluates the fit rules. `attributes` is an object (logic_json of a document or logic_object of
 * members) with the contact's attributes by name and the derived ones: seniority, email_domain,
 * free_mail. `at_us` is the time of evaluation, for rules with a window. `scratch` is cleared: give
 * it to rules only, with a limit of MODEL_SCRATCH_BYTES.
 *
 * The fit's lines are the matched rules: model->fit_rules[r].name and .points sum to .points.
 * OK; ERR_NOMEM.
 */
enum err_code fit_evaluate(const struct model *model, const struct logic_value *attributes,
                           int64_t at_us, struct arena *scratch, struct fit *ret_fit) MUSTCHECK;

/* The grade that so many points reach. */
enum fit_grade fit_grade_of(const struct model *model, double points);

/* The first moment after `at_us` at which a window of a fit rule opens or closes; TIME_NONE: never.
 * Only then does a fit change while the attributes stay. */
int64_t fit_window_next(const struct model *model, int64_t at_us);

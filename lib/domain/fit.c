#include "domain/fit.h"

#include <assert.h>

#include "domain/jsonlogic.h"

enum fit_grade fit_grade_of(const struct model *model, double points)
{
    enum fit_grade grade = FIT_A;
    while (grade < FIT_D && points < model->fit_bounds[grade])
        grade = (enum fit_grade)(grade + 1);
    return grade;
}

int64_t fit_window_next(const struct model *model, int64_t at_us)
{
    int64_t next_us = TIME_NONE;
    for (size_t r = 0; r < model->fit_rule_count; r++) {
        const int64_t edges_us[] = {model->fit_rules[r].from_us, model->fit_rules[r].until_us};
        for (size_t i = 0; i < ARRAY_LEN(edges_us); i++)
            if (edges_us[i] > at_us && (next_us == TIME_NONE || edges_us[i] < next_us))
                next_us = edges_us[i];
    }
    return next_us;
}

static bool is_known(const struct model_attribute *attribute, const struct logic_value *attributes)
{
    struct logic_value value = logic_member(attributes, attribute->variable);
    if (logic_is_nothing(&value))
        return false;
    if (value.kind != LOGIC_TEXT)
        return true;
    bool says_nothing = str_is(attribute->variable, "seniority") && str_is(value.text, "unknown");
    return value.text.len > 0 && !says_nothing;
}

/* Several variables may have one source (seniority and job_title): it is known if all of them are.
 */
static bool is_source_known(const struct model *model, struct str source,
                            const struct logic_value *attributes)
{
    for (size_t a = 0; a < model->attribute_count; a++)
        if (str_eq(model->attributes[a].source, source) &&
            !is_known(&model->attributes[a], attributes))
            return false;
    return true;
}

static bool is_first_of_source(const struct model *model, size_t attribute)
{
    for (size_t a = 0; a < attribute; a++)
        if (str_eq(model->attributes[a].source, model->attributes[attribute].source))
            return false;
    return true;
}

static void find_missing(const struct model *model, const struct logic_value *attributes,
                         struct fit *fit)
{
    size_t sources = 0;
    for (size_t a = 0; a < model->attribute_count; a++) {
        if (!is_first_of_source(model, a))
            continue;
        sources++;
        if (!is_source_known(model, model->attributes[a].source, attributes))
            fit->missing[fit->missing_count++] = model->attributes[a].source;
    }
    fit->known = sources == 0 ? 1.0 : (double)(sources - fit->missing_count) / (double)sources;
}

enum err_code fit_evaluate(const struct model *model, const struct logic_value *attributes,
                           int64_t at_us, struct arena *scratch, struct fit *ret_fit)
{
    assert(logic_is_object(attributes));
    struct fit fit = {0};
    for (size_t r = 0; r < model->fit_rule_count; r++) {
        const struct model_rule *rule = &model->fit_rules[r];
        if (!model_rule_counts_at(rule, at_us))
            continue;
        enum rule_outcome outcome = model_rule_test(rule->when, attributes, scratch);
        if (outcome == RULE_NOMEM)
            return ERR_NOMEM;
        if (outcome == RULE_MATCHES) {
            fit.matched |= UINT64_C(1) << r;
            fit.points += rule->points;
        } else if (outcome == RULE_FAILS) {
            fit.failed |= UINT64_C(1) << r;
        }
    }
    fit.grade = fit_grade_of(model, fit.points);
    find_missing(model, attributes, &fit);
    *ret_fit = fit;
    return OK;
}

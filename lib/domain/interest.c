/*
 * The arithmetic of interest; the formulas stand in the header.
 *
 * Invariants that everything else rests on:
 *  - A step reads only the state before it and the number of matches of each rule. Matches are
 * counted, not added up as points, so the order within an instant cannot show in the rounding.
 *  - An instant at which nothing matches is no step. If it were one, its fade would be rounded
 * apart from the next one's, and a history replayed without it would end in other bits.
 *  - Clipping and caps happen at steps only, so between steps every rule fades by one and the same
 *    factor. That is what makes heat constant and the moment of cooling known in advance.
 */
#include "domain/interest.h"

#include <assert.h>
#include <math.h>

void interest_init(const struct model *model, struct interest *interest)
{
    *interest = (struct interest){.at_us = TIME_NONE, .rule_count = model->interest_rule_count};
}

int64_t interest_instant_us(int64_t at_us)
{
    int64_t rest_us = at_us % US_PER_MS;
    return at_us - (rest_us < 0 ? rest_us + US_PER_MS : rest_us);
}

bool interest_is_later(const struct interest *interest, int64_t at_us)
{
    assert(at_us != TIME_NONE);
    return interest->at_us == TIME_NONE || interest_instant_us(at_us) > interest->at_us;
}

double interest_fade(const struct model *model, int64_t from_us, int64_t until_us)
{
    if (until_us <= from_us)
        return 1.0;
    /* Doubles, because the difference of two far times may not fit an int64_t. */
    return exp2(-((double)until_us - (double)from_us) / (double)model->half_life_us);
}

static double clip(double value, double max)
{
    return fmin(fmax(value, -max), max);
}

static bool has_rule(uint64_t rules, size_t rule)
{
    return (rules >> rule & 1U) != 0;
}

/* Scales what is positive among `rules` so that it sums to at most `cap`. Returns the change, ≤ 0.
 */
static double cap_rules(struct interest *interest, uint64_t rules, double cap)
{
    double positive = 0.0;
    for (size_t r = 0; r < interest->rule_count; r++)
        if (has_rule(rules, r) && interest->v[r] > 0.0)
            positive += interest->v[r];
    if (positive <= cap)
        return 0.0;
    double change = 0.0;
    for (size_t r = 0; r < interest->rule_count; r++) {
        if (has_rule(rules, r) && interest->v[r] > 0.0) {
            double scaled = interest->v[r] * (cap / positive);
            change += scaled - interest->v[r];
            interest->v[r] = scaled;
        }
    }
    return change;
}

void interest_hits_add(struct interest_hits *hits, uint64_t rules)
{
    for (size_t r = 0; r < MODEL_INTEREST_RULES_MAX; r++)
        hits->count[r] += has_rule(rules, r);
    hits->rules |= rules;
}

void interest_step(const struct model *model, struct interest *interest, int64_t at_us,
                   const struct interest_hits *hits, struct interest_trace *ret_trace)
{
    assert(interest->rule_count == model->interest_rule_count);
    assert(interest_is_later(interest, at_us));

    struct interest_trace trace = {0};
    if (hits->rules != 0) {
        int64_t instant_us = interest_instant_us(at_us);
        double fade =
            interest->at_us == TIME_NONE ? 1.0 : interest_fade(model, interest->at_us, instant_us);
        for (size_t r = 0; r < interest->rule_count; r++) {
            const struct model_rule *rule = &model->interest_rules[r];
            double faded = interest->v[r] * fade;
            interest->v[r] = clip(faded + hits->count[r] * rule->points, rule->max);
            trace.change[r] = interest->v[r] - faded;
        }
        for (size_t g = 0; g < model->group_count; g++)
            trace.group[g] = cap_rules(interest, model->groups[g].rules, model->groups[g].max);
        trace.total = cap_rules(interest, UINT64_MAX, model->interest_max);
        interest->at_us = instant_us;
    }
    if (ret_trace != NULL)
        *ret_trace = trace;
}

double interest_sum(const struct interest *interest)
{
    double total = 0.0;
    for (size_t r = 0; r < interest->rule_count; r++)
        total += interest->v[r];
    return total;
}

double interest_read(const struct model *model, const struct interest *interest, int64_t now_us)
{
    if (interest->at_us == TIME_NONE)
        return 0.0;
    return fmax(0.0, interest_sum(interest) * interest_fade(model, interest->at_us, now_us));
}

double interest_heat(const struct model *model, const struct interest *interest)
{
    double total = interest_sum(interest);
    if (interest->at_us == TIME_NONE || !(total > 0.0))
        return (double)NAN;
    return log2(total) + (double)interest->at_us / (double)model->half_life_us;
}

double interest_from_heat(const struct model *model, double heat, int64_t now_us)
{
    return isnan(heat) ? 0.0 : exp2(heat - (double)now_us / (double)model->half_life_us);
}

double interest_heat_floor(const struct model *model, enum interest_grade grade, int64_t now_us)
{
    if (grade == INTEREST_4)
        return -(double)INFINITY;
    assert(grade >= INTEREST_1 && grade < INTEREST_4);
    return log2(model->interest_bounds[grade - INTEREST_1]) +
           (double)now_us / (double)model->half_life_us;
}

enum interest_grade interest_grade_of(const struct model *model, double value)
{
    enum interest_grade grade = INTEREST_1;
    while (grade < INTEREST_4 && value < model->interest_bounds[grade - INTEREST_1])
        grade = (enum interest_grade)(grade + 1);
    return grade;
}

int64_t interest_cools_at(const struct model *model, const struct interest *interest,
                          int64_t now_us)
{
    double value = interest_read(model, interest, now_us);
    enum interest_grade grade = interest_grade_of(model, value);
    if (grade == INTEREST_4)
        return TIME_NONE;
    double lower = model->interest_bounds[grade - INTEREST_1];
    double after_us = (double)model->half_life_us * log2(interest_sum(interest) / lower);
    int64_t at_us = interest_instant_us(interest->at_us + (int64_t)after_us);
    /* The formula meets the reading to a fraction of a millisecond; these two steps make it exact.
     */
    while (at_us > now_us && interest_read(model, interest, at_us) < lower)
        at_us -= US_PER_MS;
    while (at_us <= now_us || interest_read(model, interest, at_us) >= lower)
        at_us += US_PER_MS;
    return at_us;
}

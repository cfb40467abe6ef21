/*
 * Interest: the arithmetic of a score that fades.
 *
 * A contact's scored activities (those that match at least one interest rule) are taken in the
 * order of occurred_at in whole milliseconds; all of one instant are one step. With the half-life
 * h, at a step Δ after the last one:
 *
 *     v_r ← clip(v_r · 2^(−Δ/h) + n_r · points_r, −max_r, max_r)    for every rule r,
 *                                                                   matched n_r times
 *     then for each group, and last for all rules if the total has a cap:
 *     P = Σ of the v_r > 0;  P > cap: each v_r > 0 is multiplied by cap / P
 *
 * The interest at a later time t is max(0, Σ v_r) · 2^(−(t − at)/h). Between steps everything fades
 * by one factor, hence
 *
 *     heat = log2(Σ v_r) + at / h
 *
 * does not change while nothing happens, and orders contacts by their interest at any common
 * moment.
 *
 * Because a step counts matches instead of adding numbers, the order of activities within an
 * instant leaves no trace, not even in the last bit. Everything here is pure and does not allocate.
 */
#pragma once

#include "base/base.h"
#include "domain/decide.h"
#include "domain/model.h"

struct interest {
    int64_t at_us;     /* of the last step, a whole millisecond; TIME_NONE: no step yet */
    size_t rule_count; /* that of the model */
    double v[MODEL_INTEREST_RULES_MAX];
};

/* How many activities of one instant matched each rule. Begins zeroed. */
struct interest_hits {
    uint32_t count[MODEL_INTEREST_RULES_MAX];
    uint64_t rules; /* those with a count above 0: bit r */
};

/* What one step did, for the explanation; all of it sums to the change of Σ v_r at the step. */
struct interest_trace {
    double change[MODEL_INTEREST_RULES_MAX]; /* by points and clipping, per rule */
    double group[MODEL_GROUPS_MAX];          /* taken away by each group's cap, ≤ 0 */
    double total;                            /* taken away by the total cap, ≤ 0 */
};

/* No activity yet. */
void interest_init(const struct model *model, struct interest *interest);

/* The instant a time belongs to: its whole millisecond. */
int64_t interest_instant_us(int64_t at_us);

/* True when an activity at `at_us` comes after the last step, so that interest_step takes it. If
 * not (late, or at the same instant) the interest has to be computed again from the history, unless
 * the activity matches no rule: then it changes nothing. */
bool interest_is_later(const struct interest *interest, int64_t at_us);

/* Notes one more activity of the step, matching `rules` (bit r). */
void interest_hits_add(struct interest_hits *hits, uint64_t rules);

/*
 * One step: everything that happened at the instant of `at_us`. interest_is_later must hold. When
 * nothing matched a rule nothing changes, at_us included. `ret_trace` may be NULL.
 *
 * A caller that keeps the state before the last step, and its hits, can add another activity of the
 * same instant to them and take the step again instead of loading the history.
 */
void interest_step(const struct model *model, struct interest *interest, int64_t at_us,
                   const struct interest_hits *hits, struct interest_trace *ret_trace);

/* Σ v_r at the last step; negative when what counts against the contact prevails. */
double interest_sum(const struct interest *interest);

/* What is left after fading from one time to another: 2^(−Δ/h), and 1 when the other is earlier. */
double interest_fade(const struct model *model, int64_t from_us, int64_t until_us);

/* The interest at `now_us`, ≥ 0. Before the last step (an activity may lie minutes ahead) it is
 * that of the step. */
double interest_read(const struct model *model, const struct interest *interest, int64_t now_us);

/* log2(Σ v_r) + at / h, in half-lives since 1970; NAN (null in SQL and JSON) when Σ v_r ≤ 0. */
double interest_heat(const struct model *model, const struct interest *interest);
/* The interest at `now_us` from the heat alone: 0 for NAN. Its relative error is that of now/h as a
 * double: about 1e-13 for a half-life of 30 days, 1e-10 for one of an hour. */
double interest_from_heat(const struct model *model, double heat, int64_t now_us);
/* The lowest heat that has `grade` or better at `now_us`, for range scans; −INFINITY for
 * INTEREST_4, which contacts without heat have too. */
double interest_heat_floor(const struct model *model, enum interest_grade grade, int64_t now_us);

/* The grade that so much interest has. */
enum interest_grade interest_grade_of(const struct model *model, double value);

/* The first whole millisecond after `now_us` at which the grade is worse than at `now_us` if
 * nothing happens; TIME_NONE in grade 4. */
int64_t interest_cools_at(const struct model *model, const struct interest *interest,
                          int64_t now_us);

/*
 * Evidence comes in: interest steps forward (or is computed again from the history when the
 * evidence is late), fit follows the attributes, the grade is told when it changed, and the
 * decision is taken. Only here may a handoff open by itself.
 *
 * Evidence is what an interest or at-once rule matches, attributes that change the fit, and a
 * merge. Nothing else takes a decision: neither time, nor a model's activation, nor what matches no
 * rule.
 */
#include "domain/change_internal.h"

/* ---- the numbers ---- */

static enum err_code recompute(const struct contact *contact, const struct model *model,
                               struct effects *effects, struct interest *ret_interest)
{
    if (!contact->history.is_loaded) {
        return ERR_BUG; /* change_needs_history was not asked: better no answer than a wrong one */
    }
    struct history_score history;
    const enum err_code code = score_recompute(model, contact->history.activities,
                                               contact->history.count, effects->arena,
                                               effects->scratch, &history);
    if (code == OK) {
        *ret_interest = history.interest;
    }
    return code;
}

static enum err_code score_interest(struct contact *contact, const struct model *model,
                                    const struct evidence *evidence,
                                    const struct activity_match *match, struct effects *effects)
{
    struct contact_score *score = &contact->score;
    const bool is_unscored = !score->exists && !contact->is_new;
    if (evidence->is_merge || is_unscored) {
        return recompute(contact, model, effects, &score->interest);
    }
    if (match->rules == 0) {
        return OK;
    }
    const int64_t at_us = evidence->facts->occurred_at_us;
    if (!interest_is_later(&score->interest, at_us)) {
        return recompute(contact, model, effects, &score->interest);
    }
    struct interest_hits hits = {0};
    interest_hits_add(&hits, match->rules);
    interest_step(model, &score->interest, at_us, &hits, /* ret_trace= */ NULL);
    return OK;
}

/* The fit of the attributes as they are now. *ret_changed: it is not what it was. */
static enum err_code score_fit(const struct contact *contact, const struct model *model,
                               struct effects *effects, struct contact_score *score,
                               bool *ret_changed)
{
    const struct contact_derived derived = contact_derive(contact);
    struct fit fit;
    const enum err_code code = contact_fit(contact, &derived, model, effects->arena,
                                           effects->scratch, effects->now_us, &fit);
    if (code != OK) {
        return code;
    }
    *ret_changed = !score->exists || score->fit != fit.points || score->fit_grade != fit.grade ||
                   score->fit_known != fit.known;
    score->fit = fit.points;
    score->fit_grade = fit.grade;
    score->fit_known = fit.known;
    if (fit.failed != 0) {
        score->rule_errors++;
    }
    return OK;
}

static enum decision grade_now(const struct model *model, const struct contact_score *score,
                               bool is_at_once, int64_t now_us, char grade[static GRADE_TEXT_BYTES])
{
    const double value = interest_read(model, &score->interest, now_us);
    const enum interest_grade interest_grade = interest_grade_of(model, value);
    (void)grade_format(score->fit_grade, interest_grade, grade);
    return decision_of(model, score->fit_grade, interest_grade, is_at_once);
}

enum err_code contact_score_now(const struct contact *contact, struct effects *effects,
                                struct contact_score *ret_score)
{
    struct contact_score score = contact->score;
    if (!score.exists) {
        const struct model *model = catalog_active_model(effects->catalog, &score.model);
        bool ignored;
        enum err_code code = recompute(contact, model, effects, &score.interest);
        code = code != OK ? code : score_fit(contact, model, effects, &score, &ignored);
        if (code != OK) {
            return code;
        }
        score.decision =
            grade_now(model, &score, /* is_at_once= */ false, effects->now_us, score.grade);
        score.exists = true;
        score.is_dirty = true;
    }
    *ret_score = score;
    return OK;
}

/* ---- what is told ---- */

static enum err_code tell_grade(struct contact *contact, const struct input *input,
                                const char grade[static GRADE_TEXT_BYTES], struct effects *effects)
{
    struct contact_score *score = &contact->score;
    if (str_is(str_from(grade), score->grade)) {
        return OK;
    }
    char from[GRADE_TEXT_BYTES];
    memcpy(from, score->grade, GRADE_TEXT_BYTES);
    memcpy(score->grade, grade, GRADE_TEXT_BYTES);
    return EFFECTS_EVENT(effects, "score.grade_changed", contact, input->is_historical,
                         event_word("from", from[0] != '\0' ? from : NULL),
                         event_word("to", score->grade), event_int("model", score->model));
}

static bool hands_over(enum decision decision)
{
    return decision == DECISION_MQL || decision == DECISION_STIMULATE;
}

static enum err_code tell_decision(struct contact *contact, const struct input *input,
                                   enum decision decision, struct effects *effects)
{
    struct contact_score *score = &contact->score;
    const enum decision from = score->decision;
    /* Who is with sales is not marketing's to review: less evidence does not take that back. */
    if (contact_has_open_handoff(contact) && hands_over(from) && !hands_over(decision)) {
        return OK;
    }
    score->decision = decision;
    if (from == decision) {
        return OK; /* "stay" is where everybody begins */
    }
    return EFFECTS_EVENT(effects, "contact.decision_changed", contact, input->is_historical,
                         event_word("from", decision_name(from)),
                         event_word("to", decision_name(decision)),
                         event_word("grade", score->grade), event_int("model", score->model));
}

/* ---- the handoff ---- */

/* Whether an MQL decision opens a handoff now; see api.md, "Handoffs". */
static bool may_hand_off(const struct contact *contact, const struct evidence *evidence,
                         bool is_scored, bool is_at_once, int64_t now_us)
{
    if (contact_has_open_handoff(contact) || contact->stage == STAGE_DISQUALIFIED) {
        return false;
    }
    if (contact->stage == STAGE_CUSTOMER) {
        return is_at_once; /* a new demand: upsell */
    }
    if (contact->stage >= STAGE_MQL) {
        return false;
    }
    if (is_at_once) {
        return true;
    }
    if (contact_is_objecting(contact) && !evidence->is_granting) {
        return false;
    }
    if (contact->released_at_us != TIME_NONE) {
        return is_scored &&
               (contact->nurture_until_us == TIME_NONE || now_us >= contact->nurture_until_us);
    }
    return true;
}

static enum err_code hand_off(struct contact *contact, const struct input *input,
                              const struct evidence *evidence, bool is_at_once,
                              struct effects *effects)
{
    enum purpose purpose = contact->score.decision == DECISION_STIMULATE ? PURPOSE_STIMULATE
                                                                         : PURPOSE_CLOSE;
    if (contact->stage == STAGE_CUSTOMER) {
        purpose = PURPOSE_UPSELL;
    }
    const struct opening opening = {
        .trigger = is_at_once ? TRIGGER_AT_ONCE : TRIGGER_SCORE,
        .purpose = purpose,
        .facts = evidence->facts,
        .actor = STR_LITERAL("system"), /* who gave the evidence stands in the trigger */
    };
    return handoff_open(contact, input, &opening, effects);
}

static enum err_code take_decision(struct contact *contact, const struct input *input,
                                   const struct evidence *evidence, const struct model *model,
                                   const struct activity_match *match, struct effects *effects)
{
    struct contact_score *score = &contact->score;
    /* What happened long ago asks for nothing now. */
    const bool is_at_once = match->at_once != MODEL_NO_RULE && !input->is_historical;
    char grade[GRADE_TEXT_BYTES];
    const enum decision decision = grade_now(model, score, is_at_once, effects->now_us, grade);
    enum err_code code = tell_grade(contact, input, grade, effects);
    code = code != OK ? code : tell_decision(contact, input, decision, effects);
    score->exists = true;
    score->is_dirty = true;
    if (code != OK || input->is_historical || !hands_over(decision) ||
        !may_hand_off(contact, evidence, match->rules != 0, is_at_once, effects->now_us)) {
        return code;
    }
    return hand_off(contact, input, evidence, is_at_once, effects);
}

/* ---- evidence ---- */

static enum err_code match_activity(struct contact *contact, const struct model *model,
                                    const struct evidence *evidence, struct effects *effects,
                                    struct activity_match *match)
{
    *match = (struct activity_match){.at_once = MODEL_NO_RULE};
    if (evidence->facts == NULL) {
        return OK;
    }
    enum err_code code = activity_match(model, evidence->facts, effects->scratch, match);
    if (code == OK && contact->history.is_loaded) {
        code = history_add_facts(&contact->history, evidence->facts, effects->arena);
    }
    if (code == OK && (match->failed != 0 || match->failed_at_once != 0)) {
        contact->score.rule_errors++;
        contact->score.is_dirty = true;
    }
    return code;
}

enum err_code contact_score(struct contact *contact, const struct input *input,
                            const struct evidence *evidence, struct effects *effects)
{
    struct contact_score *score = &contact->score;
    const struct model *model = catalog_active_model(effects->catalog, &score->model);
    const bool is_first = !score->exists;
    struct activity_match match;
    bool fit_changed = false;
    enum err_code code = match_activity(contact, model, evidence, effects, &match);
    code = code != OK ? code : score_interest(contact, model, evidence, &match, effects);
    if (code == OK && (evidence->attributes_changed || evidence->is_merge || is_first)) {
        code = score_fit(contact, model, effects, score, &fit_changed);
    }
    if (code != OK) {
        return code;
    }
    const bool is_known = !is_first || contact->is_new;
    if (match.rules != 0 || match.at_once != MODEL_NO_RULE || evidence->is_merge ||
        (fit_changed && (is_known || evidence->attributes_changed))) {
        return take_decision(contact, input, evidence, model, &match, effects);
    }
    if (is_first) { /* the first look of a new model at an old contact decides nothing */
        score->decision =
            grade_now(model, score, /* is_at_once= */ false, effects->now_us, score->grade);
        score->exists = true;
        score->is_dirty = true;
    }
    return OK;
}

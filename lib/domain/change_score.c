/*
 * Evidence comes in: interest steps forward (or is computed again from the history when the evidence is
 * late), fit follows the attributes, the grade is told when it changed, and the decision is taken. Only here
 * may a handoff open by itself.
 */
#include "domain/change_internal.h"

#include "schema/json.h"

/* Adds the activity to the interest. *ret_scored: it matched a rule, so the interest changed. */
static enum err_code score_activity(struct contact *contact, const struct evidence *evidence,
                                    const struct input *input, const struct model *model,
                                    const struct activity_match *match, struct effects *effects)
{
    const struct activity_facts *facts = evidence->facts;
    struct contact_score *score = &contact->score;
    if (contact->history.is_loaded) {
        const enum err_code code =
            history_add(&contact->history, facts, input->activity.properties, effects->arena);
        if (code != OK) {
            return code;
        }
    }
    if (match->rules == 0) {
        return OK;
    }
    if (interest_is_later(&score->interest, facts->occurred_at_us) &&
        (score->exists || contact->is_new || !contact->history.is_loaded)) {
        struct interest_hits hits = {0};
        interest_hits_add(&hits, match->rules);
        interest_step(model, &score->interest, facts->occurred_at_us, &hits, /* ret_trace= */ NULL);
        return OK;
    }
    struct history_score history;
    const enum err_code code =
        score_recompute(model, contact->history.activities, contact->history.count, effects->arena,
                        effects->scratch, &history);
    if (code == OK) {
        score->interest = history.interest;
    }
    return code;
}

static enum err_code recompute_all(struct contact *contact, const struct model *model,
                                   struct effects *effects)
{
    struct history_score history;
    const enum err_code code =
        score_recompute(model, contact->history.activities, contact->history.count, effects->arena,
                        effects->scratch, &history);
    if (code == OK) {
        contact->score.interest = history.interest;
    }
    return code;
}

static enum err_code tell_grade(struct contact *contact, const struct input *input,
                                const char grade[static GRADE_TEXT_BYTES], struct effects *effects)
{
    struct contact_score *score = &contact->score;
    if (str_is(str_from(grade), score->grade)) {
        return OK;
    }
    const bool has_from = score->grade[0] != '\0';
    const struct str from =
        has_from ? str_from(arena_printf(effects->arena, "\"%s\"", score->grade)) : STR_LITERAL("null");
    const struct str to = arena_str(effects->arena, str_from(grade));
    memcpy(score->grade, grade, GRADE_TEXT_BYTES);
    return EFFECTS_EVENT(effects, "score.grade_changed", contact, input->is_historical,
                         EVENT_FIELD_RAW("from", from), EVENT_FIELD_TEXT("to", to),
                         EVENT_FIELD_INT("model", score->model));
}

static enum err_code tell_decision(struct contact *contact, const struct input *input,
                                   enum decision decision, struct effects *effects)
{
    struct contact_score *score = &contact->score;
    if (score->exists && score->decision == decision) {
        return OK;
    }
    const enum decision from = score->decision;
    score->decision = decision;
    if (from == decision) {
        return OK; /* the first one is "stay", which is where everybody begins */
    }
    return EFFECTS_EVENT(effects, "contact.decision_changed", contact, input->is_historical,
                         EVENT_FIELD_TEXT("from", str_from(decision_name(from))),
                         EVENT_FIELD_TEXT("to", str_from(decision_name(decision))),
                         EVENT_FIELD_TEXT("grade", arena_str(effects->arena, str_from(score->grade))),
                         EVENT_FIELD_INT("model", score->model));
}

/* Whether an MQL decision opens a handoff now; see api.md, "Handoffs". */
static bool may_hand_off(const struct contact *contact, const struct evidence *evidence, bool is_scored,
                         bool is_at_once, int64_t now_us)
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
        return is_scored && (contact->nurture_until_us == TIME_NONE || now_us >= contact->nurture_until_us);
    }
    return true;
}

static struct str trigger_of(const struct contact *contact, const struct evidence *evidence,
                             const struct activity_match *match, struct arena *arena)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 16384);
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_object_begin(&json);
    const struct activity_facts *facts = evidence->facts;
    JSON_FIELD(&json, "because", json_text,
               match != NULL && match->at_once != MODEL_NO_RULE ? "at_once"
               : facts != NULL                                  ? "activity"
               : evidence->is_merge                             ? "merge"
                                                                : "attributes");
    if (facts != NULL) {
        JSON_FIELD(&json, "activity_id", json_uuid, facts->id);
        JSON_FIELD(&json, "kind", json_str, facts->kind);
        JSON_FIELD(&json, "form", json_str, facts->form);
        JSON_FIELD(&json, "offer", json_str, facts->offer);
        JSON_FIELD(&json, "campaign", json_str, facts->campaign);
        JSON_FIELD(&json, "channel", json_str, facts->channel);
        JSON_FIELD(&json, "occurred_at", json_time, facts->occurred_at_us);
    }
    JSON_FIELD(&json, "grade", json_text, contact->score.grade);
    JSON_FIELD(&json, "decision", json_text, decision_name(contact->score.decision));
    json_object_end(&json);
    return buf.failed ? (struct str){0} : arena_str(arena, buf_str(&buf));
}

static enum err_code hand_off(struct contact *contact, const struct input *input,
                              const struct evidence *evidence, const struct activity_match *match,
                              struct effects *effects)
{
    enum purpose purpose = contact->score.decision == DECISION_STIMULATE ? PURPOSE_STIMULATE : PURPOSE_CLOSE;
    if (contact->stage == STAGE_CUSTOMER) {
        purpose = PURPOSE_UPSELL;
    }
    const struct opening opening = {
        .purpose = purpose,
        .trigger = trigger_of(contact, evidence, match, effects->arena),
    };
    return opening.trigger.data != NULL ? handoff_open(contact, input, &opening, effects) : ERR_NOMEM;
}

/* The fit of the attributes as they are now. *ret_changed: it is not what it was. */
static enum err_code score_fit(struct contact *contact, const struct model *model, struct effects *effects,
                               bool *ret_changed)
{
    struct contact_score *score = &contact->score;
    struct fit fit;
    const enum err_code code =
        contact_fit(contact, model, effects->arena, effects->scratch, effects->now_us, &fit);
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

enum err_code contact_score(struct contact *contact, const struct input *input,
                            const struct evidence *evidence, struct effects *effects)
{
    const struct model *model = catalog_active_model(effects->catalog, &contact->score.model);
    struct contact_score *score = &contact->score;
    struct activity_match match = {.at_once = MODEL_NO_RULE};
    enum err_code code = OK;
    if (evidence->facts != NULL) {
        code = activity_match(model, evidence->facts, effects->scratch, &match);
        code = code != OK ? code
                          : score_activity(contact, evidence, input, model, &match, effects);
    } else if (evidence->is_merge || (!score->exists && contact->history.is_loaded)) {
        code = recompute_all(contact, model, effects);
    }
    bool fit_changed = false;
    if (code == OK && (evidence->attributes_changed || evidence->is_merge || !score->exists)) {
        code = score_fit(contact, model, effects, &fit_changed);
    }
    if (code != OK) {
        return code;
    }
    const bool is_scored = match.rules != 0;
    const bool is_at_once = match.at_once != MODEL_NO_RULE;
    if (match.failed != 0 || match.failed_at_once != 0) {
        score->rule_errors++;
        score->is_dirty = true;
    }
    if (!is_scored && !is_at_once && !fit_changed && !evidence->is_merge && score->exists) {
        return OK; /* nothing that a decision could rest on */
    }
    const double value = interest_read(model, &score->interest, effects->now_us);
    const enum interest_grade interest_grade = interest_grade_of(model, value);
    char grade[GRADE_TEXT_BYTES];
    (void)grade_format(score->fit_grade, interest_grade, grade);
    const enum decision decision = decision_of(model, score->fit_grade, interest_grade, is_at_once);
    code = tell_grade(contact, input, grade, effects);
    code = code != OK ? code : tell_decision(contact, input, decision, effects);
    score->exists = true;
    score->is_dirty = true;
    if (code != OK || input->is_historical ||
        (decision != DECISION_MQL && decision != DECISION_STIMULATE) ||
        !may_hand_off(contact, evidence, is_scored, is_at_once, effects->now_us)) {
        return code;
    }
    return hand_off(contact, input, evidence, &match, effects);
}

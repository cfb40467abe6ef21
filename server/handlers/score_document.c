#include "handlers/score_document.h"

#include <assert.h>

#include "domain/model_variables.h"
#include "domain/seniority.h"

static const char *const line_kind_names[] = {
    [LINE_ACTIVITY] = "rule",       [LINE_EARLIER] = "earlier", [LINE_GROUP_CAP] = "group_cap",
    [LINE_TOTAL_CAP] = "total_cap", [LINE_FLOOR] = "floor",
};

/* What the activities make of the model, beside the interest. */
struct verdict {
    int64_t at_us;   /* of the latest activity that a rule matches; TIME_NONE: none */
    bool is_at_once; /* and that one asks for a handoff at once */
    size_t failures; /* evaluations of a rule that ended in an error */
};

/* ---- evidence ---- */

/* What a fit rule sees under this name: stored, derived, or nothing. */
static void write_variable(struct json_writer *json, const struct contact *contact,
                           const struct contact_derived *derived, struct str name)
{
    json_key_str(json, name);
    if (str_is(name, "seniority")) {
        json_text(json, seniority_name(derived->seniority));
    } else if (str_is(name, "email_domain")) {
        json_str(json, derived->email_domain);
    } else if (str_is(name, "free_mail")) {
        json_bool(json, derived->has_free_mail);
    } else {
        attribute_write(json, contact_attribute(contact, name));
    }
}

static void write_fact(struct json_writer *json, const char *name, struct str value)
{
    if (value.data != NULL) {
        JSON_FIELD(json, name, json_str, value);
    }
}

/* NULL for the lines that are about no single activity. */
static void write_activity(struct json_writer *json, const struct activity_facts *facts)
{
    if (facts == NULL) {
        json_nil(json);
        return;
    }
    json_object_begin(json);
    if (!uuid_is_nil(facts->id)) {
        JSON_FIELD(json, "activity_id", json_uuid, facts->id);
    }
    write_fact(json, "kind", facts->kind);
    write_fact(json, "form", facts->form);
    write_fact(json, "offer", facts->offer);
    write_fact(json, "offer_kind", facts->offer_kind);
    write_fact(json, "journey_step", facts->journey_step);
    write_fact(json, "campaign", facts->campaign);
    write_fact(json, "channel", facts->channel);
    json_object_end(json);
}

/* ---- lines ---- */

static void begin_line(struct json_writer *json, const char *axis, const char *kind,
                       const char *rule)
{
    json_object_begin(json);
    JSON_FIELD(json, "axis", json_text, axis);
    JSON_FIELD(json, "kind", json_text, kind);
    JSON_FIELD(json, "rule", json_text, rule);
}

static void write_numbers(struct json_writer *json, double points, double counted, double left,
                          int64_t at_us)
{
    JSON_FIELD(json, "points", json_double, points);
    JSON_FIELD(json, "counted", json_double, counted);
    JSON_FIELD(json, "left", json_double, left);
    JSON_FIELD(json, "at", json_time, at_us);
    json_key(json, "evidence");
}

/* The rules as they were written, for the names they look at: a compiled rule knows them no more.
 */
static const json_t *fit_definitions(const struct catalog *catalog, int32_t version,
                                     struct arena *arena)
{
    const char *slug = arena_printf(arena, "%d", version);
    const struct catalog_entry *entry =
        slug != NULL ? catalog_find(catalog, CATALOG_MODEL, str_from(slug)) : NULL;
    if (entry == NULL) {
        return NULL;
    }
    const json_t *definition = json_object_get(entry->body, "definition");
    return json_object_get(json_object_get(definition, "fit"), "rules");
}

static enum err_code write_fit_lines(struct json_writer *json,
                                     const struct score_document *document,
                                     const struct model *model, const struct fit *fit,
                                     struct arena *arena)
{
    const struct contact_derived derived = contact_derive(document->contact);
    const json_t *definitions = fit_definitions(document->catalog, document->model, arena);
    for (size_t r = 0; r < model->fit_rule_count; r++) {
        if ((fit->matched >> r & 1U) == 0) {
            continue;
        }
        struct model_variables *variables = arena_alloc(arena, sizeof *variables);
        if (variables == NULL) {
            return ERR_NOMEM;
        }
        variables->arena = arena;
        model_variables_add(variables, json_object_get(json_array_get(definitions, r), "when"));
        const struct model_rule *rule = &model->fit_rules[r];
        begin_line(json, "fit", line_kind_names[LINE_ACTIVITY], rule->name);
        write_numbers(json, rule->points, rule->points, rule->points, TIME_NONE);
        json_object_begin(json);
        for (size_t i = 0; i < variables->count; i++) {
            write_variable(json, document->contact, &derived, variables->names[i]);
        }
        json_object_end(json);
        json_object_end(json);
    }
    return OK;
}

static void write_interest_lines(struct json_writer *json, const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->line_count; i++) {
        const struct score_line *line = &explanation->lines[i];
        begin_line(json, "interest", line_kind_names[line->kind], line->name);
        write_numbers(json, line->points, line->counted, line->left, line->at_us);
        write_activity(json, line->activity);
        json_object_end(json);
    }
}

/* ---- the document ---- */

static size_t bits(uint64_t set)
{
    return (size_t)__builtin_popcountll(set);
}

/* What the last evidence asks for, and how many evaluations failed over all. */
static enum err_code judge(const struct score_document *document, const struct model *model,
                           struct arena *scratch, struct verdict *ret_verdict)
{
    struct verdict verdict = {.at_us = TIME_NONE};
    for (size_t i = 0; i < document->activity_count; i++) {
        const struct activity_facts *facts = &document->activities[i];
        struct activity_match match;
        const enum err_code code = activity_match(model, facts, scratch, &match);
        if (code != OK) {
            return code;
        }
        verdict.failures += bits(match.failed) + bits(match.failed_at_once);
        const bool is_at_once = match.at_once != MODEL_NO_RULE;
        const int64_t at_us = interest_instant_us(facts->occurred_at_us);
        if ((match.rules == 0 && !is_at_once) || at_us < verdict.at_us) {
            continue;
        }
        verdict.is_at_once = is_at_once || (at_us == verdict.at_us && verdict.is_at_once);
        verdict.at_us = at_us;
    }
    *ret_verdict = verdict;
    return OK;
}

static void write_score(struct json_writer *json, const struct score_document *document,
                        const struct model *model, const struct fit *fit,
                        const struct interest *interest, bool is_at_once)
{
    const double value = interest_read(model, interest, document->now_us);
    const enum interest_grade interest_grade = interest_grade_of(model, value);
    const enum decision decision = document->has_decision
                                       ? document->decision
                                       : decision_of(model, fit->grade, interest_grade, is_at_once);
    const char letter[] = {fit_grade_letter(fit->grade), '\0'};
    char grade[GRADE_TEXT_BYTES];
    JSON_FIELD(json, "fit", json_double, fit->points);
    JSON_FIELD(json, "fit_grade", json_text, letter);
    JSON_FIELD(json, "fit_known", json_double, fit->known);
    json_key(json, "missing");
    json_array_begin(json);
    for (size_t i = 0; i < fit->missing_count; i++) {
        json_str(json, fit->missing[i]);
    }
    json_array_end(json);
    JSON_FIELD(json, "interest", json_double, value);
    JSON_FIELD(json, "interest_grade", json_int, (int64_t)interest_grade);
    JSON_FIELD(json, "grade", json_text, grade_format(fit->grade, interest_grade, grade));
    JSON_FIELD(json, "decision", json_text, decision_name(decision));
    JSON_FIELD(json, "model", json_int, document->model);
    JSON_FIELD(json, "as_of", json_time, document->now_us);
    JSON_FIELD(json, "cools_at", json_time, interest_cools_at(model, interest, document->now_us));
}

enum err_code score_document_write(struct json_writer *json, const struct score_document *document,
                                   struct arena *arena)
{
    const struct model *model = catalog_model(document->catalog, document->model);
    assert(model != NULL);
    CLEANUP(arena_done) struct arena scratch;
    arena_init(&scratch, MODEL_SCRATCH_BYTES);
    struct fit fit;
    struct verdict verdict;
    struct history_score history;
    struct explanation explanation;
    const struct contact_derived derived = contact_derive(document->contact);
    enum err_code code =
        contact_fit(document->contact, &derived, model, arena, &scratch, document->now_us, &fit);
    code = code != OK ? code : judge(document, model, &scratch, &verdict);
    code = code != OK ? code
                      : score_explain(model, document->activities, document->activity_count,
                                      document->now_us, arena, &scratch, &history, &explanation);
    if (code != OK) {
        return code;
    }
    json_object_begin(json);
    JSON_FIELD(json, "contact_id", json_uuid, document->contact->contact_id);
    write_score(json, document, model, &fit, &history.interest, verdict.is_at_once);
    json_key(json, "lines");
    json_array_begin(json);
    code = write_fit_lines(json, document, model, &fit, arena);
    write_interest_lines(json, &explanation);
    json_array_end(json);
    JSON_FIELD(json, "rule_errors", json_int, (int64_t)(verdict.failures + bits(fit.failed)));
    json_object_end(json);
    return code;
}

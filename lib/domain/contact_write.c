/* A contact as it is shown: its attributes, score, handoff, consents and touches as JSON. */
#include "domain/contact.h"

#include <stdio.h>

void contact_etag(const struct contact *contact, char out[static 16])
{
    (void)snprintf(out, 16, "\"%d\"", contact->version);
}

void contact_write_shown_attributes(struct json_writer *json, const struct contact *contact,
                                    const struct contact_derived *derived)
{
    json_object_begin(json);
    for (size_t i = 0; i < contact->attribute_count; i++) {
        json_key_str(json, contact->attributes[i].name);
        attribute_write(json, &contact->attributes[i]);
    }
    JSON_FIELD(json, "seniority", json_text, seniority_name(derived->seniority));
    JSON_FIELD(json, "email_domain", json_str, derived->email_domain);
    JSON_FIELD(json, "free_mail", json_bool, derived->has_free_mail);
    json_object_end(json);
}

enum err_code contact_write_score(struct json_writer *json, const struct contact *contact,
                                  const struct contact_derived *derived,
                                  const struct catalog *catalog, struct arena *arena,
                                  struct arena *scratch, int64_t now_us)
{
    int32_t version;
    const struct model *model = catalog_active_model(catalog, &version);
    struct fit fit;
    const enum err_code code = contact_fit(contact, derived, model, arena, scratch, now_us, &fit);
    if (code != OK) {
        return code;
    }
    struct interest none;
    interest_init(model, &none);
    const struct interest *interest = contact->score.exists ? &contact->score.interest : &none;
    const double value = interest_read(model, interest, now_us);
    const enum interest_grade interest_grade = interest_grade_of(model, value);
    char grade[GRADE_TEXT_BYTES];
    const char letter[] = {fit_grade_letter(fit.grade), '\0'};
    json_object_begin(json);
    JSON_FIELD(json, "fit", json_double, fit.points);
    JSON_FIELD(json, "fit_grade", json_text, letter);
    JSON_FIELD(json, "fit_known", json_double, fit.known);
    json_key(json, "missing");
    json_array_begin(json);
    for (size_t i = 0; i < fit.missing_count; i++) {
        json_str(json, fit.missing[i]);
    }
    json_array_end(json);
    JSON_FIELD(json, "interest", json_rounded, value);
    JSON_FIELD(json, "interest_grade", json_int, (int64_t)interest_grade);
    JSON_FIELD(json, "grade", json_text, grade_format(fit.grade, interest_grade, grade));
    JSON_FIELD(json, "decision", json_text, decision_name(contact->score.decision));
    JSON_FIELD(json, "model", json_int, version);
    JSON_FIELD(json, "as_of", json_time, now_us);
    JSON_FIELD(json, "cools_at", json_time, interest_cools_at(model, interest, now_us));
    json_object_end(json);
    return OK;
}

static void write_handoff(struct json_writer *json, const struct contact *contact)
{
    const struct handoff *handoff = &contact->handoff;
    if (uuid_is_nil(handoff->handoff_id)) {
        json_nil(json);
        return;
    }
    int64_t due_at_us = TIME_NONE;
    bool is_breached = false;
    for (size_t i = 0; i < contact->clock_count; i++) {
        if (str_is(contact->clocks[i].kind, "first_contact")) {
            due_at_us = contact->clocks[i].due_at_us;
            is_breached = contact->clocks[i].breached_at_us != TIME_NONE;
        }
    }
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, handoff->handoff_id);
    JSON_FIELD(json, "state", json_text, handoff_state_names[handoff->state]);
    JSON_FIELD(json, "purpose", json_text, purpose_names[handoff->purpose]);
    JSON_FIELD(json, "assignee", json_uuid, handoff->assignee);
    JSON_FIELD(json, "opened_at", json_time, handoff->opened_at_us);
    JSON_FIELD(json, "first_contact_due_at", json_time, due_at_us);
    JSON_FIELD(json, "contacted_at", json_time, handoff->contacted_at_us);
    JSON_FIELD(json, "breached", json_bool, is_breached);
    json_object_end(json);
}

static void write_consents(struct json_writer *json, const struct contact *contact)
{
    json_array_begin(json);
    for (size_t i = 0; i < contact->consent_count; i++) {
        const struct consent *consent = &contact->consents[i];
        json_object_begin(json);
        JSON_FIELD(json, "purpose", json_str, consent->purpose);
        JSON_FIELD(json, "granted", json_bool, consent->is_granted);
        JSON_FIELD(json, "at", json_time, consent->at_us);
        json_object_end(json);
    }
    json_array_end(json);
}

static bool is_objecting_to(const struct contact *contact, const char *purpose)
{
    const struct consent *consent = contact_consent_to(contact, str_from(purpose));
    return consent != NULL && consent->is_objection;
}

/*
 * An e-mail needs consent (marketing_email). A call needs only that nobody refused: the articles'
 * market is business to business, where it is allowed until then. So what was said about `phone`
 * counts, and without a word about it an objection to anything else. An objection to `marketing`
 * means all of it.
 */
static void write_may_contact(struct json_writer *json, const struct contact *contact)
{
    const struct consent *email = contact_consent_to(contact, STR_LITERAL("marketing_email"));
    const struct consent *phone = contact_consent_to(contact, STR_LITERAL("phone"));
    const bool is_open = !is_objecting_to(contact, "marketing");
    const bool may_call = phone != NULL ? phone->is_granted : !contact_is_objecting(contact);
    json_object_begin(json);
    JSON_FIELD(json, "email", json_bool, is_open && email != NULL && email->is_granted);
    JSON_FIELD(json, "phone", json_bool, is_open && may_call);
    json_object_end(json);
}

static void write_touch(struct json_writer *json, const struct touch *touch)
{
    if (touch->at_us == TIME_NONE) {
        json_nil(json);
        return;
    }
    json_object_begin(json);
    JSON_FIELD(json, "at", json_time, touch->at_us);
    JSON_FIELD(json, "channel", json_str, touch->channel);
    JSON_FIELD(json, "campaign", json_str, touch->campaign);
    JSON_FIELD(json, "source", json_str, touch->source);
    json_object_end(json);
}

enum err_code contact_write(struct json_writer *json, const struct contact *contact,
                            const struct catalog *catalog, struct arena *arena,
                            struct arena *scratch, int64_t now_us)
{
    const struct contact_derived derived = contact_derive(contact);
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, contact->contact_id);
    JSON_FIELD(json, "email", json_str, contact->email);
    json_key(json, "attributes");
    contact_write_shown_attributes(json, contact, &derived);
    JSON_FIELD(json, "stage", json_text, stage_names[contact->stage]);
    JSON_FIELD(json, "owner", json_text,
               stage_owner(contact->stage, contact_has_open_handoff(contact)));
    JSON_FIELD(json, "channel", json_str, contact->channel);
    if (contact->has_touches) {
        json_key(json, "first_touch");
        write_touch(json, &contact->first_touch);
        json_key(json, "last_touch");
        write_touch(json, &contact->last_touch);
    }
    JSON_FIELD(json, "journey_step", json_str, contact->journey_step);
    json_key(json, "score");
    const enum err_code code =
        contact_write_score(json, contact, &derived, catalog, arena, scratch, now_us);
    if (code != OK) {
        return code;
    }
    json_key(json, "handoff");
    write_handoff(json, contact);
    json_key(json, "consents");
    write_consents(json, contact);
    json_key(json, "may_contact");
    write_may_contact(json, contact);
    JSON_FIELD(json, "created_at", json_time, contact->created_at_us);
    JSON_FIELD(json, "updated_at", json_time, contact->updated_at_us);
    json_object_end(json);
    return OK;
}

/*
 * Consent: what somebody agreed to, refused or withdrew, per purpose.
 *
 * The contact holds the present state of each purpose, the table `consent` the record of how it
 * came about, which is only ever added to. Saying again what is known adds nothing, with one
 * exception: agreeing to another wording renews the consent, because the proof has to show what was
 * read. What a person records by hand is always added: it carries a note, and the day it was said.
 *
 * An objection is a refusal that was meant: a withdrawal, or a "no" other than by leaving a form's
 * box empty. While it stands no handoff follows (may_hand_off in change_score.c). One that was
 * opened because of the score, and in which sales has not yet tried to reach the person, is taken
 * back when the objection was told by other means than a form; what was asked for (a demo) or has
 * begun goes on, for that is no marketing. An empty box on a second form takes nothing back: it
 * would drop a lead whose interest has just grown.
 */
#include "domain/change_internal.h"

/* The state of a purpose that was never spoken of. */
static enum err_code add_purpose(struct contact *contact, struct str purpose,
                                 struct effects *effects, struct consent **ret_consent)
{
    struct consent *consent = contact_add_consent(contact, effects->arena);
    if (consent == NULL) {
        return ERR_NOMEM;
    }
    consent->purpose = arena_str(effects->arena, purpose);
    *ret_consent = consent;
    return consent->purpose.data != NULL ? OK : ERR_NOMEM;
}

/* A box left empty on a form refuses nothing that was never given; what was refused stays so. */
static bool is_objection(const struct consent *known, const struct consent *said, bool is_form)
{
    if (said->is_granted) {
        return false;
    }
    return !is_form || (known != NULL && (known->is_granted || known->is_objection));
}

static enum err_code version_of(struct str text, struct arena *arena, struct str *ret_version)
{
    char version[CONSENT_VERSION_BYTES];
    *ret_version = (struct str){.data = NULL};
    if (text.data == NULL) {
        return OK;
    }
    *ret_version = arena_str(arena, str_from(consent_version(text, version)));
    return ret_version->data != NULL ? OK : ERR_NOMEM;
}

static struct str source_of(const struct input *input)
{
    switch (input->source) {
    case SOURCE_FORM:
        return input->actor.text; /* form:SLUG */
    case SOURCE_IMPORT:
        return STR_LITERAL("import");
    case SOURCE_CRM:
    case SOURCE_PERSON:
        break;
    }
    return STR_LITERAL("api");
}

static enum err_code add_row(const struct contact *contact, const struct input *input,
                             const struct consent *consent, struct effects *effects)
{
    struct consent_row *row = EFFECT_ADD(effects, consents);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct consent_row){
        .contact_id = contact->contact_id,
        .id = uuid_new(effects->now_us),
        .at_us = consent->at_us,
        .purpose = consent->purpose,
        .is_granted = consent->is_granted,
        .is_objection = consent->is_objection,
        .text = input->consent_text,
        .text_version = consent->text_version,
        .source = source_of(input),
        .actor = input->actor.text,
        .network = input->network,
        .note = input->note,
        .activity_id = input->activity.id,
    };
    return OK;
}

/* What one input says, and what came of it. */
struct saying {
    const struct input *input;
    int64_t at_us;
    struct str text_version;
    bool has_changed;
    bool has_objected; /* to what was not objected to before */
};

/* Whether it adds to the record. The later word counts: a form that comes late does not bring back
 * what was withdrawn since. */
static bool is_news(const struct consent *known, const struct consent *said, bool objects,
                    const struct saying *saying)
{
    if (known == NULL || saying->input->kind == INPUT_CONSENT) {
        return true;
    }
    const bool is_renewed = said->is_granted && saying->text_version.data != NULL &&
                            !str_eq(known->text_version, saying->text_version);
    return saying->at_us >= known->at_us &&
           (known->is_granted != said->is_granted || known->is_objection != objects || is_renewed);
}

static enum err_code record(struct contact *contact, const struct consent *said,
                            struct saying *saying, struct effects *effects)
{
    const struct input *input = saying->input;
    struct consent *known = contact_consent_to(contact, said->purpose);
    const bool objects = is_objection(known, said, input->source == SOURCE_FORM);
    if (!is_news(known, said, objects, saying) ||
        (known == NULL && contact->consent_count == CONSENTS_MAX)) {
        return OK;
    }
    if (known == NULL) {
        const enum err_code code = add_purpose(contact, said->purpose, effects, &known);
        if (code != OK) {
            return code;
        }
    }
    saying->has_changed = true;
    saying->has_objected = saying->has_objected || (objects && !known->is_objection);
    known->is_granted = said->is_granted;
    known->is_objection = objects;
    known->at_us = saying->at_us;
    known->text_version = saying->text_version;
    contact_touch(contact, effects);
    return add_row(contact, input, known, effects);
}

/* HTML forms send a hidden "no" before the ticked box: the last word on a purpose is meant. */
static bool is_said_again(const struct input *input, size_t index)
{
    for (size_t i = index + 1; i < input->consent_count; i++) {
        if (str_eq(input->consents[i].purpose, input->consents[index].purpose)) {
            return true;
        }
    }
    return false;
}

enum err_code contact_consent(struct contact *contact, const struct input *input, int64_t at_us,
                              struct effects *effects, struct changed_names *changed,
                              bool *ret_is_granting)
{
    *ret_is_granting = false;
    if (input->consent_count == 0) {
        return OK;
    }
    /* Nobody consents ahead of time: else a withdrawal now would count as the earlier word. */
    struct saying saying = {.input = input,
                            .at_us = at_us < effects->now_us ? at_us : effects->now_us};
    enum err_code code = version_of(input->consent_text, effects->arena, &saying.text_version);
    for (size_t i = 0; i < input->consent_count && code == OK; i++) {
        const struct consent *said = &input->consents[i];
        if (is_said_again(input, i)) {
            continue;
        }
        code = record(contact, said, &saying, effects);
        const struct consent *kept = contact_consent_to(contact, said->purpose);
        *ret_is_granting = *ret_is_granting ||
                           (said->is_granted && kept != NULL && kept->is_granted);
    }
    if (saying.has_changed) {
        changed_add(changed, STR_LITERAL("consents"));
    }
    return code == OK && saying.has_objected && input->source != SOURCE_FORM
               ? handoff_withdraw(contact, input, effects)
               : code;
}

/* ---- by hand ---- */

enum err_code change_consent(struct contact *contact, struct input *input, struct effects *effects)
{
    if (contact->consent_count == CONSENTS_MAX &&
        contact_consent_to(contact, input->consents[0].purpose) == NULL) {
        return refuse_field(input, "/purpose", "too_many",
                            "A contact has at most 32 purposes of consent.");
    }
    struct changed_names changed = {.count = 0};
    bool ignored;
    const enum err_code code =
        contact_consent(contact, input, effects->now_us, effects, &changed, &ignored);
    if (code != OK) {
        return code;
    }
    input->result.id = effects->consents.items[effects->consents.count - 1].id;
    input->result.changed = true;
    return contact_tell_updated(contact, input, &changed, effects);
}
_Static_assert(CONSENTS_MAX == 32, "the sentence above says so");

/* ---- of two that are merged ---- */

/* An objection beats a refusal, which beats a consent; of two alike the later is kept, so that what
 * was said before it stays the earlier word. */
static bool beats(const struct consent *a, const struct consent *b)
{
    if (a->is_objection != b->is_objection) {
        return a->is_objection;
    }
    return a->is_granted != b->is_granted ? b->is_granted : a->at_us > b->at_us;
}

/* The record of both is read as one; where the survivor's state is not what its newest line says,
 * another line tells why. */
static enum err_code add_merged_row(const struct contact *survivor, const struct input *input,
                                    const struct consent *consent, struct effects *effects)
{
    struct consent_row *row = EFFECT_ADD(effects, consents);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct consent_row){
        .contact_id = survivor->contact_id,
        .id = uuid_new(effects->now_us),
        .at_us = effects->now_us,
        .purpose = consent->purpose,
        .is_granted = consent->is_granted,
        .is_objection = consent->is_objection,
        .text_version = consent->text_version,
        .source = STR_LITERAL("merge"),
        .actor = input->actor.text,
    };
    return OK;
}

enum err_code contact_merge_consents(struct contact *survivor, const struct contact *duplicate,
                                     const struct input *input, struct effects *effects,
                                     struct changed_names *changed, bool *ret_has_objected)
{
    enum err_code code = OK;
    *ret_has_objected = false;
    for (size_t i = 0; i < duplicate->consent_count && code == OK; i++) {
        const struct consent *theirs = &duplicate->consents[i];
        struct consent *ours = contact_consent_to(survivor, theirs->purpose);
        if (ours == NULL && survivor->consent_count == CONSENTS_MAX) {
            continue;
        }
        if (ours == NULL) {
            ours = contact_add_consent(survivor, effects->arena);
            if (ours == NULL) {
                return ERR_NOMEM;
            }
        } else if (!beats(theirs, ours)) {
            continue;
        } else if (theirs->is_granted != ours->is_granted ||
                   theirs->is_objection != ours->is_objection) {
            code = add_merged_row(survivor, input, theirs, effects);
        }
        *ret_has_objected = *ret_has_objected || (theirs->is_objection && !ours->is_objection);
        *ours = *theirs;
        changed_add(changed, STR_LITERAL("consents"));
    }
    return code;
}

/*
 * What comes in about a contact: submissions, activities, upserts, patches.
 */
#include "domain/change_internal.h"

#include "schema/json.h"

/* ---- activities and submissions ---- */

/* The facts of an activity as a model may see them, fixed when it comes: later changes of an offer do not
 * rewrite history. */
static struct activity_facts facts_of(const struct input *input, const struct catalog *catalog,
                                      int64_t occurred_at_us)
{
    const struct activity_input *activity = &input->activity;
    const struct offer *offer =
        activity->offer.data != NULL ? catalog_offer(catalog, activity->offer) : NULL;
    return (struct activity_facts){
        .id = activity->id,
        .occurred_at_us = occurred_at_us,
        .kind = activity->kind,
        .form = activity->form,
        .offer = offer != NULL ? offer->slug : activity->offer,
        .offer_kind = offer != NULL ? offer->kind : (struct str){0},
        .journey_step = offer != NULL ? offer->journey_step : (struct str){0},
        .campaign = activity->campaign,
        .channel = activity->channel,
    };
}

/* When it happened. Without a time of its own: now, or a millisecond after the contact's last step, so that
 * what came in one batch keeps its order and is not one instant. */
static int64_t occurred_at_us(const struct contact *contact, const struct input *input, int64_t now_us)
{
    if (input->activity.occurred_at_us != TIME_NONE) {
        return interest_instant_us(input->activity.occurred_at_us);
    }
    const int64_t last_us = contact->score.interest.at_us;
    const bool is_close = last_us != TIME_NONE && last_us >= now_us && last_us - now_us <= US_PER_SECOND;
    return is_close ? last_us + US_PER_MS : now_us;
}

/* The stage that an activity of this kind brings a contact to. */
static enum stage stage_of(const struct input *input, const struct catalog *catalog)
{
    const struct form *form =
        input->activity.form.data != NULL ? catalog_form(catalog, input->activity.form) : NULL;
    /* An activity of the kind that its form records is a submission that was told later. */
    if (form != NULL && (input->kind == INPUT_SUBMISSION || str_eq(input->activity.kind, form->activity))) {
        return form->makes_prospect ? STAGE_PROSPECT : STAGE_LEAD;
    }
    static const char *const lead_kinds[] = {"form_submission", "demo_request", "call_request", NULL};
    if (name_index(lead_kinds, input->activity.kind) >= 0) {
        return STAGE_LEAD;
    }
    return str_is(input->activity.kind, "subscription") ? STAGE_PROSPECT : STAGE_CONTACT;
}

static void remember_touch(struct contact *contact, const struct activity_facts *facts,
                           const struct effects *effects)
{
    if (contact->channel.data == NULL && facts->channel.data != NULL) {
        contact->channel = arena_str(effects->arena, facts->channel);
        contact_touch(contact, effects);
    }
    const int step = name_index(journey_step_names, facts->journey_step);
    if (step >= 0 && step > name_index(journey_step_names, contact->journey_step)) {
        contact->journey_step = str_from(journey_step_names[step]);
        contact_touch(contact, effects);
    }
}

static enum err_code add_activity(const struct contact *contact, struct input *input,
                                  const struct activity_facts *facts, struct effects *effects)
{
    struct activity_row *row = EFFECT_ADD(effects, activities);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct activity_row){
        .contact_id = contact->contact_id,
        .input = input,
        .occurred_at_us = facts->occurred_at_us,
        .received_at_us = effects->now_us,
        .facts = *facts,
    };
    input->result.id = input->activity.id;
    return OK;
}

static enum err_code advance(struct contact *contact, const struct input *input, enum stage stage,
                             int64_t at_us, bool is_silent, struct effects *effects, bool *ret_advanced)
{
    *ret_advanced = false;
    const bool is_first = contact->is_new && !contact->is_dirty;
    if (!is_first && (contact->stage >= stage || contact->stage == STAGE_DISQUALIFIED)) {
        return OK;
    }
    *ret_advanced = true;
    return contact_set_stage(contact, input,
                             &(struct transition){.to = stage,
                                                  .at_us = input->is_historical ? at_us : TIME_NONE,
                                                  .is_silent = is_silent},
                             effects);
}

static enum err_code received_event(const struct contact *contact, const struct input *input,
                                    const struct activity_facts *facts, bool is_created, bool has_stage,
                                    struct effects *effects)
{
    return EFFECTS_EVENT(
        effects, "submission.received", contact, input->is_historical,
        EVENT_FIELD_UUID("submission_id", facts->id), EVENT_FIELD_TEXT("form", facts->form),
        EVENT_FIELD_TEXT("offer", facts->offer), EVENT_FIELD_BOOL("contact_created", is_created),
        EVENT_FIELD_TEXT("stage_to", has_stage ? str_from(stage_names[contact->stage]) : (struct str){0}));
}

static enum err_code created_event(const struct contact *contact, const struct input *input,
                                   struct effects *effects)
{
    return EFFECTS_EVENT(effects, "contact.created", contact, input->is_historical,
                         EVENT_FIELD_TEXT("actor", input->actor.text));
}

enum err_code change_submission(struct contact *contact, struct input *input, struct effects *effects)
{
    const bool is_submission = input->kind == INPUT_SUBMISSION;
    const bool is_created = contact->is_new && !contact->is_dirty;
    const int64_t at_us = occurred_at_us(contact, input, effects->now_us);
    const struct activity_facts facts = facts_of(input, effects->catalog, at_us);
    const bool had_open_handoff = contact_has_open_handoff(contact);
    struct str changed[ATTRIBUTES_MAX];
    size_t changed_count = 0;
    bool has_stage = false;
    bool is_granting = false;

    /* The stage first: a new contact's history begins with it. */
    enum err_code code = advance(contact, input, stage_of(input, effects->catalog), at_us, is_submission,
                                 effects, &has_stage);
    code = code != OK ? code : contact_claim(contact, input, at_us, effects, changed, &changed_count);
    code = code != OK ? code : contact_consent(contact, input, effects, &is_granting);
    code = code != OK ? code : add_activity(contact, input, &facts, effects);
    if (code != OK) {
        return code;
    }
    remember_touch(contact, &facts, effects);
    input->result.is_new_contact = is_created;
    input->result.changed = true;
    if (is_submission) {
        code = received_event(contact, input, &facts, is_created, has_stage, effects);
    } else if (is_created) {
        code = created_event(contact, input, effects);
    }
    if (code == OK && changed_count > 0 && !is_created) {
        code = contact_updated_event(contact, input, changed, changed_count, effects);
    }
    const struct evidence evidence = {
        .facts = &facts,
        .is_form = is_submission,
        .attributes_changed = changed_count > 0,
        .is_granting = is_granting,
    };
    code = code != OK ? code : contact_score(contact, input, &evidence, effects);
    if (code == OK && had_open_handoff) {
        code = handoff_event(effects, "handoff.activity", contact, input, (struct str){0});
    }
    return code;
}

/* ---- upserts and patches ---- */

static enum err_code take_attributes(struct contact *contact, struct input *input, bool is_created,
                                     struct effects *effects)
{
    struct str changed[ATTRIBUTES_MAX];
    size_t changed_count = 0;
    bool is_granting = false;
    /* What was learnt earlier does not overwrite what the same source said since. */
    const int64_t learnt_at_us =
        input->activity.occurred_at_us != TIME_NONE ? input->activity.occurred_at_us : effects->now_us;
    enum err_code code = contact_claim(contact, input, learnt_at_us, effects, changed, &changed_count);
    code = code != OK ? code : contact_consent(contact, input, effects, &is_granting);
    if (code == OK && input->activity.channel.data != NULL &&
        (contact->channel.data == NULL || input->kind == INPUT_PATCH) &&
        !str_eq(contact->channel, input->activity.channel)) {
        contact->channel = arena_str(effects->arena, input->activity.channel);
        contact_touch(contact, effects);
        changed[changed_count < ATTRIBUTES_MAX ? changed_count++ : changed_count - 1] =
            STR_LITERAL("channel");
    }
    input->result.changed = is_created || changed_count > 0 || contact->is_dirty;
    if (code == OK && changed_count > 0 && !is_created) {
        code = contact_updated_event(contact, input, changed, changed_count, effects);
    }
    const struct evidence evidence = {.attributes_changed = changed_count > 0, .is_granting = is_granting};
    return code == OK && (changed_count > 0 || is_created)
               ? contact_score(contact, input, &evidence, effects)
               : code;
}

enum err_code change_upsert(struct contact *contact, struct input *input, struct effects *effects)
{
    const bool is_created = contact->is_new && !contact->is_dirty;
    bool has_stage = false;
    enum err_code code = OK;
    if (is_created) {
        code = advance(contact, input, STAGE_CONTACT, input->activity.occurred_at_us, /* is_silent= */ true,
                       effects, &has_stage);
        code = code != OK ? code : created_event(contact, input, effects);
    }
    input->result.is_new_contact = is_created;
    return code == OK ? take_attributes(contact, input, is_created, effects) : code;
}

enum err_code change_patch(struct contact *contact, struct input *input, struct effects *effects)
{
    return take_attributes(contact, input, /* is_created= */ false, effects);
}

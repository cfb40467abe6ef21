/*
 * What comes in about a contact: submissions, activities, upserts, patches.
 */
#include "domain/change_internal.h"

#include "schema/json.h"

/* ---- activities and submissions ---- */

/* The form whose submission this is; NULL: it is none's. An activity of the kind that its form
 * records is a submission that was told later. */
static const struct form *form_of(const struct input *input, const struct catalog *catalog)
{
    const struct activity_input *activity = &input->activity;
    const struct form *form = activity->form.data != NULL ? catalog_form(catalog, activity->form)
                                                          : NULL;
    const bool is_its_own =
        form != NULL && (input->kind == INPUT_SUBMISSION || str_eq(activity->kind, form->activity));
    return is_its_own ? form : NULL;
}

/* Things are addressed by id or slug, and known by their slug. */
static struct str slug_of(const struct catalog *catalog, enum catalog_kind kind,
                          struct str slug_or_id)
{
    const struct catalog_entry *entry =
        slug_or_id.data != NULL ? catalog_find(catalog, kind, slug_or_id) : NULL;
    return entry != NULL ? entry->slug : slug_or_id;
}

static struct str first_of(struct str text, struct str otherwise)
{
    return text.data != NULL ? text : otherwise;
}

/* The facts of an activity as a model may see them, fixed when it comes: later changes of an offer
 * do not rewrite history. A form gives its offer and campaign unless others are named. */
static struct activity_facts facts_of(const struct input *input, const struct catalog *catalog,
                                      int64_t occurred_at_us)
{
    const struct activity_input *activity = &input->activity;
    const struct form *form = form_of(input, catalog);
    const struct form none = {.slug = {0}};
    const struct form *given = form != NULL ? form : &none;
    const struct str offer_name = first_of(activity->offer, given->offer);
    const struct str campaign = first_of(activity->campaign, given->campaign);
    const struct offer *offer = offer_name.data != NULL ? catalog_offer(catalog, offer_name) : NULL;
    return (struct activity_facts){
        .id = activity->id,
        .occurred_at_us = occurred_at_us,
        .kind = activity->kind,
        .form = slug_of(catalog, CATALOG_FORM, activity->form),
        .offer = offer != NULL ? offer->slug : offer_name,
        .offer_kind = offer != NULL ? offer->kind : (struct str){0},
        .journey_step = offer != NULL ? offer->journey_step : (struct str){0},
        .campaign = slug_of(catalog, CATALOG_CAMPAIGN, campaign),
        .channel = activity->channel,
    };
}

int64_t input_came_at_us(const struct input *input, int64_t now_us)
{
    const int64_t kept_us = input->activity.received_at_us;
    return kept_us != 0 && kept_us < now_us ? kept_us : now_us;
}

/*
 * When it happened. Without a time of its own: when it came, or a millisecond after the contact's
 * last step, so that what came in one batch keeps its order and is not one instant. A last step
 * that lies further ahead was not made by this batch, so change_needs_history has seen it and the
 * history is here: then when it came is right.
 */
static int64_t occurred_at_us(const struct contact *contact, const struct input *input,
                              int64_t now_us)
{
    if (input->activity.occurred_at_us != TIME_NONE) {
        return interest_instant_us(input->activity.occurred_at_us);
    }
    const int64_t came_us = input_came_at_us(input, now_us);
    const int64_t last_us = contact->score.interest.at_us;
    const bool is_behind = last_us != TIME_NONE && last_us >= came_us;
    const bool may_follow = is_behind &&
                            (last_us - came_us <= US_PER_SECOND || !contact->history.is_loaded);
    return may_follow ? last_us + US_PER_MS : interest_instant_us(came_us);
}

/* The stage that an activity of this kind brings a contact to. */
static enum stage stage_of(const struct input *input, const struct catalog *catalog)
{
    const struct form *form = form_of(input, catalog);
    if (form != NULL) {
        return form->makes_prospect ? STAGE_PROSPECT : STAGE_LEAD;
    }
    static const char *const lead_kinds[] = {"form_submission", "demo_request", "call_request",
                                             NULL};
    if (name_index(lead_kinds, input->activity.kind) >= 0) {
        return STAGE_LEAD;
    }
    return str_is(input->activity.kind, "subscription") ? STAGE_PROSPECT : STAGE_CONTACT;
}

/* The first channel and the furthest step stay. */
static enum err_code remember_touch(struct contact *contact, const struct activity_facts *facts,
                                    const struct effects *effects)
{
    if (contact->channel.data == NULL && facts->channel.data != NULL) {
        contact->channel = arena_str(effects->arena, facts->channel);
        if (contact->channel.data == NULL) {
            return ERR_NOMEM;
        }
        contact_touch(contact, effects);
    }
    const int step = name_index(journey_step_names, facts->journey_step);
    if (step >= 0 && step > name_index(journey_step_names, contact->journey_step)) {
        contact->journey_step = str_from(journey_step_names[step]);
        contact_touch(contact, effects);
    }
    return OK;
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
        .received_at_us = input->result.received_at_us,
        .facts = *facts,
    };
    row->facts.properties = NULL; /* their text is the input's */
    input->result.id = input->activity.id;
    return OK;
}

/* A new contact begins at `stage`, a known one rises to it, none falls. Tells nobody. */
static enum err_code advance(struct contact *contact, const struct input *input, enum stage stage,
                             struct effects *effects, bool *ret_advanced)
{
    const bool is_further = contact->stage < stage && contact->stage != STAGE_DISQUALIFIED;
    *ret_advanced = contact_is_unmade(contact) || is_further;
    return *ret_advanced ? contact_enter(contact, input, &(struct transition){.to = stage}, effects)
                         : OK;
}

static enum err_code tell_submission(const struct contact *contact, const struct input *input,
                                     const struct activity_facts *facts, bool is_created,
                                     bool has_advanced, struct effects *effects)
{
    const char *stage_to = has_advanced ? stage_names[contact->stage] : NULL;
    return EFFECTS_EVENT(effects, "submission.received", contact, input->is_historical,
                         event_uuid("submission_id", facts->id), event_text("form", facts->form),
                         event_text("offer", facts->offer),
                         event_bool("contact_created", is_created),
                         event_optional(event_word("stage_to", stage_to)));
}

/* A submission tells in one event what it made of the contact; others tell it in several. */
static enum err_code tell_arrival(const struct contact *contact, const struct input *input,
                                  const struct activity_facts *facts, enum stage from,
                                  bool is_created, bool has_advanced, struct effects *effects)
{
    if (input->kind == INPUT_SUBMISSION) {
        return tell_submission(contact, input, facts, is_created, has_advanced, effects);
    }
    if (is_created) {
        return contact_tell_created(contact, input, effects);
    }
    return has_advanced ? contact_tell_stage(contact, input, stage_names[from],
                                             &(struct transition){.to = contact->stage}, effects)
                        : OK;
}

/* What the activity changes but for score and decision. */
static enum err_code take_activity(struct contact *contact, struct input *input,
                                   const struct activity_facts *facts, struct effects *effects,
                                   struct evidence *evidence)
{
    const bool is_created = contact_is_unmade(contact);
    const enum stage from = contact->stage;
    struct changed_names changed = {.count = 0};
    bool has_advanced = false;
    /* The stage first: a new contact's history begins with it. */
    enum err_code code =
        advance(contact, input, stage_of(input, effects->catalog), effects, &has_advanced);
    code = code != OK ? code
                      : contact_claim(contact, input, facts->occurred_at_us, effects, &changed);
    evidence->attributes_changed = changed.count > 0;
    code = code != OK ? code
                      : contact_consent(contact, input, facts->occurred_at_us, effects, &changed,
                                        &evidence->is_granting);
    code = code != OK ? code : add_activity(contact, input, facts, effects);
    code = code != OK ? code : quarantine_release(contact, input, facts->occurred_at_us, effects);
    code = code != OK ? code : quarantine_trace(input, effects);
    code = code != OK ? code : remember_touch(contact, facts, effects);
    code = code != OK
               ? code
               : tell_arrival(contact, input, facts, from, is_created, has_advanced, effects);
    if (code == OK && !is_created) {
        code = contact_tell_updated(contact, input, &changed, effects);
    }
    input->result.is_new_contact = is_created;
    input->result.changed = true;
    return code;
}

static enum err_code properties_of(const struct input *input, json_t **ret_properties)
{
    *ret_properties = NULL;
    if (input->activity.properties.data == NULL) {
        return OK;
    }
    struct err ignored;
    const enum err_code code = json_parse(input->activity.properties, ret_properties, &ignored);
    return code == OK || code == ERR_NOMEM ? code : ERR_BUG; /* we wrote that text */
}

enum err_code change_submission(struct contact *contact, struct input *input,
                                struct effects *effects)
{
    const bool had_open_handoff = contact_has_open_handoff(contact);
    json_auto_t *properties = NULL;
    enum err_code code = properties_of(input, &properties);
    if (code != OK) {
        return code;
    }
    struct activity_facts facts =
        facts_of(input, effects->catalog, occurred_at_us(contact, input, effects->now_us));
    facts.properties = properties;
    struct evidence evidence = {.facts = &facts};
    code = take_activity(contact, input, &facts, effects, &evidence);
    code = code != OK ? code : contact_score(contact, input, &evidence, effects);
    if (code == OK && had_open_handoff) {
        code = handoff_event(effects, "handoff.activity", contact, input, input->actor.text,
                             (struct str){0});
    }
    return code;
}

/* ---- upserts and patches ---- */

/* The first channel stays; a person may correct it, or take it away with an empty one. */
static enum err_code claim_channel(struct contact *contact, const struct input *input,
                                   struct effects *effects, struct changed_names *changed)
{
    const struct str claimed = input->activity.channel;
    const bool is_unknown = contact->channel.data == NULL;
    const bool is_same = is_unknown ? claimed.len == 0 : str_eq(contact->channel, claimed);
    if (claimed.data == NULL || is_same || (!is_unknown && input->kind != INPUT_PATCH)) {
        return OK;
    }
    contact->channel = claimed.len > 0 ? arena_str(effects->arena, claimed)
                                       : (struct str){.data = NULL};
    contact_touch(contact, effects);
    changed_add(changed, STR_LITERAL("channel"));
    return claimed.len == 0 || contact->channel.data != NULL ? OK : ERR_NOMEM;
}

/* The old address goes on standing for the contact. */
static enum err_code change_email(struct contact *contact, const struct input *input,
                                  struct effects *effects, struct changed_names *changed)
{
    if (input->new_email_key.data == NULL || str_eq(contact->email, input->new_email)) {
        return OK;
    }
    contact->email = arena_str(effects->arena, input->new_email);
    contact_touch(contact, effects);
    changed_add(changed, STR_LITERAL("email"));
    return contact->email.data != NULL ? OK : ERR_NOMEM;
}

static enum err_code take_claims(struct contact *contact, struct input *input, bool is_created,
                                 struct effects *effects)
{
    struct changed_names changed = {.count = 0};
    bool is_granting = false;
    /* What was learnt earlier does not overwrite what was said since. */
    const int64_t learnt_at_us = input->activity.occurred_at_us != TIME_NONE
                                     ? interest_instant_us(input->activity.occurred_at_us)
                                     : effects->now_us;
    enum err_code code = contact_claim(contact, input, learnt_at_us, effects, &changed);
    code = code != OK ? code : change_email(contact, input, effects, &changed);
    const bool attributes_changed = changed.count > 0; /* the address's domain is one, too */
    code = code != OK
               ? code
               : contact_consent(contact, input, learnt_at_us, effects, &changed, &is_granting);
    code = code != OK ? code : claim_channel(contact, input, effects, &changed);
    if (code == OK && !is_created) {
        code = contact_tell_updated(contact, input, &changed, effects);
    }
    input->result.changed = contact->is_touched;
    const struct evidence evidence = {.attributes_changed = attributes_changed,
                                      .is_granting = is_granting};
    return code == OK && (attributes_changed || is_created)
               ? contact_score(contact, input, &evidence, effects)
               : code;
}

static enum err_code refuse_too_many(struct input *input)
{
    return refuse_field(input, "/attributes", "too_many",
                        "A contact holds at most 100 attributes. Remove some first.");
}
_Static_assert(ATTRIBUTES_MAX == 100, "the sentence above says so");

enum err_code change_upsert(struct contact *contact, struct input *input, struct effects *effects)
{
    if (!contact_has_room(contact, input->attributes, input->attribute_count)) {
        return refuse_too_many(input);
    }
    const bool is_created = contact_is_unmade(contact);
    const enum stage from = contact->stage;
    bool has_advanced = false;
    enum err_code code = advance(contact, input, input->stage, effects, &has_advanced);
    if (code == OK && is_created) {
        code = contact_tell_created(contact, input, effects);
    } else if (code == OK && has_advanced) {
        code = contact_tell_stage(contact, input, stage_names[from],
                                  &(struct transition){.to = contact->stage}, effects);
    }
    input->result.is_new_contact = is_created;
    return code == OK ? take_claims(contact, input, is_created, effects) : code;
}

enum err_code change_patch(struct contact *contact, struct input *input, struct effects *effects)
{
    if (!contact_has_room(contact, input->attributes, input->attribute_count)) {
        return refuse_too_many(input);
    }
    if (input->new_email_key.data != NULL &&
        !uuid_eq(input->new_email_owner, contact->contact_id)) {
        input->result.id = input->new_email_owner;
        return refuse(input, ERR_CONFLICT, "Another contact has this address.");
    }
    if (input->new_email_key.data != NULL && is_suppressed(input)) {
        return refuse_suppressed(input, "/email");
    }
    return take_claims(contact, input, /* is_created= */ false, effects);
}

/*
 * Merges, requalification, deals.
 */
#include "domain/change_internal.h"

/* ---- merge ---- */

/* The duplicate's own words, as claims with the source and time they had. */
static enum err_code take_over_attributes(struct contact *survivor, const struct contact *duplicate,
                                          const struct input *input, struct effects *effects,
                                          struct str changed[], size_t *ret_changed)
{
    *ret_changed = 0;
    for (size_t i = 0; i < duplicate->attribute_count; i++) {
        const struct attribute *attribute = &duplicate->attributes[i];
        struct attribute claim = *attribute;
        struct input one = *input;
        one.attributes = &claim;
        one.attribute_count = 1;
        one.source = attribute->source;
        struct str names[ATTRIBUTES_MAX];
        size_t count;
        const enum err_code code =
            contact_claim(survivor, &one, attribute->at_us, effects, names, &count);
        if (code != OK) {
            return code;
        }
        if (count > 0 && *ret_changed < ATTRIBUTES_MAX) {
            changed[(*ret_changed)++] = attribute->name;
        }
    }
    return OK;
}

/* The most restrictive per purpose. */
static enum err_code take_over_consents(struct contact *survivor, const struct contact *duplicate,
                                        struct effects *effects)
{
    for (size_t i = 0; i < duplicate->consent_count; i++) {
        const struct consent *theirs = &duplicate->consents[i];
        struct consent *ours = NULL;
        for (size_t k = 0; k < survivor->consent_count; k++) {
            if (str_eq(survivor->consents[k].purpose, theirs->purpose)) {
                ours = &survivor->consents[k];
            }
        }
        if (ours == NULL) {
            ours = contact_add_consent(survivor, effects->arena);
            if (ours == NULL) {
                return survivor->consent_count >= CONSENTS_MAX ? OK : ERR_NOMEM;
            }
            *ours = *theirs;
        } else if (!theirs->is_granted && (ours->is_granted || theirs->is_objection)) {
            *ours = *theirs;
        }
    }
    return OK;
}

/* Later stages win; a disqualified duplicate does not pull its survivor down. */
static enum err_code take_over_stage(struct contact *survivor, const struct contact *duplicate,
                                     const struct input *input, struct effects *effects)
{
    if (duplicate->reached > survivor->reached) {
        survivor->reached = duplicate->reached;
        contact_touch(survivor, effects);
    }
    if (duplicate->stage == STAGE_DISQUALIFIED || survivor->stage == STAGE_DISQUALIFIED ||
        duplicate->stage <= survivor->stage) {
        return OK;
    }
    return contact_set_stage(survivor, input,
                             &(struct transition){.to = duplicate->stage,
                                                  .reason = STR_LITERAL("merge"),
                                                  .at_us = TIME_NONE},
                             effects);
}

/* Two open handoffs become one: the survivor's. A single one goes on, whoever's it was. */
static enum err_code take_over_handoff(struct contact *survivor, struct contact *duplicate,
                                       struct input *input, struct effects *effects)
{
    if (!contact_has_open_handoff(duplicate)) {
        return OK;
    }
    if (contact_has_open_handoff(survivor)) {
        input->move.reason = STR_LITERAL("duplicate");
        duplicate->handoff.reason = STR_LITERAL("duplicate");
        return handoff_close(duplicate, input, HANDOFF_REJECTED, effects);
    }
    survivor->handoff = duplicate->handoff;
    survivor->cycle = survivor->cycle > duplicate->cycle ? survivor->cycle : duplicate->cycle;
    memcpy(survivor->clocks, duplicate->clocks, sizeof survivor->clocks);
    survivor->clock_count = duplicate->clock_count;
    duplicate->handoff.is_dirty = false;
    duplicate->clock_count = 0;
    return OK;
}

static enum err_code take_over_history(struct contact *survivor, struct contact *duplicate,
                                       struct effects *effects)
{
    for (size_t i = 0; i < duplicate->history.count; i++) {
        struct activity_facts *facts = &duplicate->history.activities[i];
        const enum err_code code =
            history_add(&survivor->history, facts, (struct str){0}, effects->arena);
        if (code != OK) {
            return code;
        }
        survivor->history.activities[survivor->history.count - 1].properties = TAKE(facts->properties);
    }
    return OK;
}

enum err_code change_merge(struct contact *duplicate, struct contact *survivor, struct input *input,
                           struct effects *effects)
{
    if (survivor == NULL) {
        return refuse(input, ERR_INVALID, "The contact named by duplicate_of does not exist.");
    }
    if (survivor == duplicate) {
        return refuse(input, ERR_INVALID, "A contact cannot be merged into itself.");
    }
    struct str changed[ATTRIBUTES_MAX];
    size_t changed_count;
    enum err_code code =
        take_over_attributes(survivor, duplicate, input, effects, changed, &changed_count);
    code = code != OK ? code : take_over_consents(survivor, duplicate, effects);
    code = code != OK ? code : take_over_handoff(survivor, duplicate, input, effects);
    code = code != OK ? code : take_over_stage(survivor, duplicate, input, effects);
    code = code != OK ? code : take_over_history(survivor, duplicate, effects);
    struct merge_row *row = EFFECT_ADD(effects, merges);
    if (code != OK || row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct merge_row){.duplicate = duplicate->contact_id, .survivor = survivor->contact_id};
    duplicate->merged_into = survivor->contact_id;
    contact_touch(duplicate, effects);
    contact_touch(survivor, effects);
    input->result.contact_id = survivor->contact_id;
    input->result.changed = true;
    code = EFFECTS_EVENT(effects, "contact.merged", duplicate, /* is_historical= */ false,
                         EVENT_FIELD_UUID("into", survivor->contact_id));
    if (code == OK && changed_count > 0) {
        code = contact_updated_event(survivor, input, changed, changed_count, effects);
    }
    return code != OK ? code
                      : contact_score(survivor, input, &(struct evidence){.is_merge = true}, effects);
}

/* ---- requalification ---- */

enum err_code change_requalify(struct contact *contact, struct input *input, struct effects *effects)
{
    if (contact->stage != STAGE_DISQUALIFIED) {
        return refuse(input, ERR_CONFLICT, "The contact is not disqualified.");
    }
    input->result.changed = true;
    return contact_set_stage(contact, input,
                             &(struct transition){.to = STAGE_LEAD,
                                                  .reason = input->reason,
                                                  .note = input->note,
                                                  .at_us = TIME_NONE},
                             effects);
}

/* ---- deals ---- */

/* A deal proves that the stages in between were passed, not when: they are implied. */
static enum err_code imply_stages(struct contact *contact, const struct input *input, int64_t at_us,
                                  struct effects *effects)
{
    enum stage stage = contact->stage < STAGE_LEAD ? STAGE_LEAD : contact->stage + 1;
    if (contact->stage == STAGE_DISQUALIFIED) {
        stage = STAGE_CUSTOMER;
    }
    for (; stage < STAGE_CUSTOMER; stage++) {
        const enum err_code code = contact_set_stage(
            contact, input,
            &(struct transition){
                .to = stage, .at_us = at_us, .is_implied = true, .is_silent = input->is_historical},
            effects);
        if (code != OK) {
            return code;
        }
    }
    return contact_set_stage(contact, input, &(struct transition){.to = STAGE_CUSTOMER, .at_us = at_us},
                             effects);
}

enum err_code change_deal(struct contact *contact, struct input *input, struct effects *effects)
{
    if (contact_has_open_handoff(contact) && contact->stage != STAGE_CUSTOMER && !input->is_historical) {
        return refuse(input, ERR_CONFLICT, "The contact has an open handoff: win that one.");
    }
    const struct deal_input *deal = &input->deal;
    const int64_t won_at_us = deal->won_at_us != TIME_NONE ? deal->won_at_us : effects->now_us;
    struct deal_row *row = EFFECT_ADD(effects, deals);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct deal_row){
        .contact_id = contact->contact_id,
        .deal_id = uuid_is_nil(deal->deal_id) ? uuid_new(won_at_us) : deal->deal_id,
        .kind = deal->kind,
        .has_amount = deal->has_amount,
        .amount = deal->amount,
        .currency = deal->currency,
        .won_at_us = won_at_us,
        .assignee = deal->assignee,
        .qualified_by = deal->qualified_by,
        .actor = input->actor.text,
        .is_historical = input->is_historical,
    };
    input->result.id = row->deal_id;
    input->result.changed = true;
    contact_touch(contact, effects);
    return contact->stage == STAGE_CUSTOMER ? OK : imply_stages(contact, input, won_at_us, effects);
}

/*
 * Merges, requalification, deals.
 */
#include "domain/change_internal.h"

/* ---- merge: what the survivor takes over ---- */

/* The duplicate's own words, as claims with the source and time they had. */
static enum err_code take_over_attributes(struct contact *survivor, const struct contact *duplicate,
                                          struct effects *effects, struct changed_names *changed)
{
    for (size_t i = 0; i < duplicate->attribute_count; i++) {
        const enum err_code code = contact_claim_one(survivor, &duplicate->attributes[i],
                                                     /* removes= */ false, effects, changed);
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

/* Where it came from first, how far it looked, and since when and until when it is to be left. */
static void take_over_past(struct contact *survivor, const struct contact *duplicate)
{
    if (survivor->channel.data == NULL) {
        survivor->channel = duplicate->channel;
    }
    if (name_index(journey_step_names, duplicate->journey_step) >
        name_index(journey_step_names, survivor->journey_step)) {
        survivor->journey_step = duplicate->journey_step;
    }
    if (duplicate->reached > survivor->reached) {
        survivor->reached = duplicate->reached;
    }
    /* TIME_NONE is the least of all times. */
    if (duplicate->released_at_us > survivor->released_at_us) {
        survivor->released_at_us = duplicate->released_at_us;
    }
    if (duplicate->nurture_until_us > survivor->nurture_until_us) {
        survivor->nurture_until_us = duplicate->nurture_until_us;
    }
    survivor->cycle += duplicate->cycle;
}

/* A customer is one, whatever was thought of the other; else who is disqualified stays so, and a
 * disqualified duplicate pulls nobody down. Of other stages the later one counts. */
static enum stage stage_of_both(const struct contact *survivor, const struct contact *duplicate)
{
    if (survivor->stage == STAGE_CUSTOMER || duplicate->stage == STAGE_CUSTOMER) {
        return STAGE_CUSTOMER;
    }
    if (survivor->stage == STAGE_DISQUALIFIED || duplicate->stage == STAGE_DISQUALIFIED) {
        return survivor->stage;
    }
    return duplicate->stage > survivor->stage ? duplicate->stage : survivor->stage;
}

/* ---- merge: handoffs ---- */

/* Which of two is the one that goes on: an open one, of two such the further one and then the one
 * whose promises are older; of closed ones the later. */
static bool is_ahead(const struct handoff *a, const struct handoff *b)
{
    if (uuid_is_nil(a->handoff_id) || uuid_is_nil(b->handoff_id)) {
        return !uuid_is_nil(a->handoff_id);
    }
    const bool is_open = !handoff_is_closed(a->state);
    if (is_open == handoff_is_closed(b->state)) {
        return is_open;
    }
    if (!is_open) {
        return a->opened_at_us > b->opened_at_us;
    }
    return a->state != b->state ? a->state > b->state : a->opened_at_us < b->opened_at_us;
}

/* Nobody judged it: sales has the person under another handoff, or does not want the person. */
static enum err_code close_as_duplicate(struct contact *contact, const struct input *input,
                                        struct effects *effects)
{
    if (!contact_has_open_handoff(contact)) {
        return OK;
    }
    const struct str reason = STR_LITERAL("duplicate");
    const enum err_code code = handoff_wake(contact, input, effects);
    contact->handoff.reason = reason;
    return code != OK ? code
                      : handoff_close(contact, input, HANDOFF_REJECTED, "merge", reason, effects);
}

/* One handoff goes on, as the survivor's, whoever's it was; at most one stays open. */
static enum err_code take_over_handoff(struct contact *survivor, struct contact *duplicate,
                                       const struct input *input, enum stage stage,
                                       struct effects *effects)
{
    enum err_code code = OK;
    if (stage == STAGE_DISQUALIFIED) {
        code = close_as_duplicate(duplicate, input, effects);
    }
    if (code != OK || !is_ahead(&duplicate->handoff, &survivor->handoff)) {
        return code != OK ? code : close_as_duplicate(duplicate, input, effects);
    }
    code = close_as_duplicate(survivor, input, effects);
    code = code != OK ? code : handoff_retire(survivor, effects);
    if (code != OK) {
        return code;
    }
    survivor->handoff = duplicate->handoff;
    memcpy(survivor->clocks, duplicate->clocks, sizeof survivor->clocks);
    survivor->clock_count = duplicate->clock_count;
    /* What is still to be written of it goes with the survivor. */
    duplicate->handoff.is_dirty = false;
    duplicate->clock_count = 0;
    return OK;
}

/* ---- merge: the whole ---- */

static enum err_code take_over_history(struct contact *survivor, const struct contact *duplicate,
                                       struct effects *effects)
{
    if (!survivor->history.is_loaded || !duplicate->history.is_loaded) {
        return ERR_BUG;
    }
    for (size_t i = 0; i < duplicate->history.count; i++) {
        const enum err_code code = history_add_facts(
            &survivor->history, &duplicate->history.activities[i], effects->arena);
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

static enum err_code add_merge(struct contact *duplicate, struct contact *survivor,
                               const struct input *input, struct effects *effects)
{
    struct merge_row *row = EFFECT_ADD(effects, merges);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct merge_row){.duplicate = duplicate->contact_id, .survivor = survivor->contact_id};
    duplicate->merged_into = survivor->contact_id;
    contact_touch(duplicate, effects);
    contact_touch(survivor, effects);
    return EFFECTS_EVENT(effects, "contact.merged", duplicate, input->is_historical,
                         event_uuid("into", survivor->contact_id));
}

static enum err_code rise_to(struct contact *survivor, const struct input *input, enum stage stage,
                             struct effects *effects)
{
    enum err_code code = OK;
    if (stage != survivor->stage) {
        const struct str reason = STR_LITERAL("merge");
        code = contact_set_stage(
            survivor, input, &(struct transition){.to = stage, .reason = reason, .code = reason},
            effects);
    }
    handoff_follow_stage(survivor, effects);
    return code;
}

static enum err_code merge(struct contact *duplicate, struct contact *survivor,
                           const struct input *input, struct effects *effects)
{
    struct changed_names changed = {.count = 0};
    const enum stage stage = stage_of_both(survivor, duplicate);
    bool has_objected = false;
    enum err_code code = take_over_history(survivor, duplicate, effects);
    code = code != OK ? code : take_over_attributes(survivor, duplicate, effects, &changed);
    code = code != OK ? code
                      : contact_merge_consents(survivor, duplicate, input, effects, &changed,
                                               &has_objected);
    code = code != OK ? code : take_over_handoff(survivor, duplicate, input, stage, effects);
    take_over_past(survivor, duplicate);
    code = code != OK ? code : add_merge(duplicate, survivor, input, effects);
    code = code != OK ? code : contact_tell_updated(survivor, input, &changed, effects);
    code = code != OK ? code : rise_to(survivor, input, stage, effects);
    if (code == OK && has_objected) {
        code = handoff_withdraw(survivor, input, effects);
    }
    return code != OK
               ? code
               : contact_score(survivor, input, &(struct evidence){.is_merge = true}, effects);
}

enum err_code change_merge(struct contact *duplicate, struct contact *survivor, struct input *input,
                           struct effects *effects)
{
    if (survivor == NULL) {
        return refuse(input, ERR_INVALID, "The contact named by duplicate_of does not exist.");
    }
    if (contact_is_erased(survivor)) {
        return refuse_erased(input);
    }
    if (survivor == duplicate) {
        return refuse(input, ERR_INVALID, "A contact cannot be merged into itself.");
    }
    if (!contact_has_room(survivor, duplicate->attributes, duplicate->attribute_count)) {
        return refuse(input, ERR_CONFLICT,
                      "Together they have more than 100 attributes. Remove some first.");
    }
    input->result.contact_id = survivor->contact_id;
    input->result.changed = true;
    return merge(duplicate, survivor, input, effects);
}
_Static_assert(ATTRIBUTES_MAX == 100, "the sentence above says so");

/* ---- requalification ---- */

enum err_code change_requalify(struct contact *contact, struct input *input,
                               struct effects *effects)
{
    if (contact->stage != STAGE_DISQUALIFIED) {
        return refuse(input, ERR_CONFLICT, "The contact is not disqualified.");
    }
    input->result.changed = true;
    return contact_set_stage(
        contact, input,
        &(struct transition){.to = STAGE_LEAD, .reason = input->reason, .note = input->note},
        effects);
}

/* ---- deals ---- */

/* A deal proves that the stages in between were passed, not when: they are implied. The feed tells
 * what is known: a customer. */
static enum err_code imply_stages(struct contact *contact, const struct input *input,
                                  struct effects *effects)
{
    const char *from = contact_is_unmade(contact) ? NULL : stage_names[contact->stage];
    enum stage stage = contact->stage < STAGE_LEAD ? STAGE_LEAD : contact->stage + 1;
    if (contact->stage == STAGE_DISQUALIFIED) {
        stage = STAGE_CUSTOMER;
    }
    for (; stage <= STAGE_CUSTOMER; stage++) {
        const enum err_code code = contact_enter(
            contact, input, &(struct transition){.to = stage, .is_implied = stage < STAGE_CUSTOMER},
            effects);
        if (code != OK) {
            return code;
        }
    }
    return contact_tell_stage(contact, input, from, &(struct transition){.to = STAGE_CUSTOMER},
                              effects);
}

static enum err_code add_deal(const struct contact *contact, struct input *input,
                              struct effects *effects)
{
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
    return OK;
}

enum err_code change_deal(struct contact *contact, struct input *input, struct effects *effects)
{
    if (contact_has_open_handoff(contact) && contact->stage != STAGE_CUSTOMER &&
        !input->is_historical) {
        input->result.has_state = true;
        input->result.state = contact->handoff.state;
        input->result.assignee = contact->handoff.assignee;
        return refuse(input, ERR_CONFLICT, "The contact has an open handoff: win that one.");
    }
    /* Somebody decided that; only somebody who decides otherwise lifts it. What was won in the past
     * was won. */
    if (contact->stage == STAGE_DISQUALIFIED && !input->is_historical) {
        return refuse(input, ERR_CONFLICT, "The contact is disqualified: requalify it first.");
    }
    input->result.is_new_contact = contact_is_unmade(contact);
    input->result.changed = true;
    enum err_code code = add_deal(contact, input, effects);
    if (code == OK && contact->stage != STAGE_CUSTOMER) {
        code = imply_stages(contact, input, effects);
    }
    handoff_follow_stage(contact, effects);
    return code;
}

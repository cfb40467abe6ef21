/*
 * Handoffs: opening by the score, by a reviewer and by hand; pausing that ends by itself; closing.
 * The moves are in change_moves.c.
 */
#include "domain/change_internal.h"

#include "base/json_document.h"
#include "schema/json.h"

enum { SNAPSHOT_BYTES_MAX = 1024 * 1024, TRIGGER_BYTES_MAX = 65536 };

/* ---- what is kept of the opening ---- */

/* The contact and its score as they are now: what sales was given, whatever happens later. */
static enum err_code snapshot_of(const struct contact *contact, struct effects *effects,
                                 struct str *ret_snapshot)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, SNAPSHOT_BYTES_MAX);
    const struct contact_derived derived = contact_derive(contact);
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_object_begin(&json);
    json_key(&json, "contact");
    json_object_begin(&json);
    JSON_FIELD(&json, "id", json_uuid, contact->contact_id);
    JSON_FIELD(&json, "email", json_str, contact->email);
    json_key(&json, "attributes");
    contact_write_shown_attributes(&json, contact, &derived);
    JSON_FIELD(&json, "channel", json_str, contact->channel);
    JSON_FIELD(&json, "journey_step", json_str, contact->journey_step);
    json_object_end(&json);
    json_key(&json, "score");
    const enum err_code code = contact_write_score(&json, contact, &derived, effects->catalog,
                                                   effects->arena, effects->scratch,
                                                   effects->now_us);
    if (code != OK) {
        return code;
    }
    json_object_end(&json);
    *ret_snapshot = buf.failed ? (struct str){0} : arena_str(effects->arena, buf_str(&buf));
    return ret_snapshot->data != NULL ? OK : ERR_NOMEM;
}

static const char *cause_of(const struct input *input, const struct opening *opening)
{
    switch (opening->trigger) {
    case TRIGGER_AT_ONCE:
        return "at_once";
    case TRIGGER_DECISION:
        return "review";
    case TRIGGER_MANUAL:
        return "by_hand";
    case TRIGGER_SCORE:
        break;
    }
    return opening->facts != NULL       ? "activity"
           : input->kind == INPUT_MERGE ? "merge"
                                        : "attributes";
}

static enum err_code trigger_of(const struct input *input, const struct opening *opening,
                                struct arena *arena, struct str *ret_trigger)
{
    const struct activity_facts none = {.kind = {0}};
    const struct activity_facts *facts = opening->facts != NULL ? opening->facts : &none;
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, TRIGGER_BYTES_MAX);
    JSON_FIELD(json, "because", json_text, cause_of(input, opening));
    JSON_FIELD(json, "activity_id", json_uuid, facts->id);
    JSON_FIELD(json, "kind", json_str, facts->kind);
    JSON_FIELD(json, "form", json_str, facts->form);
    JSON_FIELD(json, "offer", json_str, facts->offer);
    JSON_FIELD(json, "offer_kind", json_str, facts->offer_kind);
    JSON_FIELD(json, "campaign", json_str, facts->campaign);
    JSON_FIELD(json, "channel", json_str, facts->channel);
    JSON_FIELD(json, "actor", json_str, input->actor.text);
    JSON_FIELD(json, "reason", json_str, opening->reason);
    *ret_trigger = json_document_end(&document, arena);
    return ret_trigger->data != NULL ? OK : ERR_NOMEM;
}

/* ---- opening ---- */

enum err_code handoff_retire(struct contact *contact, struct effects *effects)
{
    bool is_dirty = contact->handoff.is_dirty;
    for (size_t i = 0; i < contact->clock_count; i++) {
        is_dirty = is_dirty || contact->clocks[i].is_dirty;
    }
    if (is_dirty) {
        struct handoff_row *row = EFFECT_ADD(effects, handoffs);
        if (row == NULL) {
            return ERR_NOMEM;
        }
        row->handoff = contact->handoff;
        memcpy(row->clocks, contact->clocks, sizeof row->clocks);
        row->clock_count = contact->clock_count;
    }
    contact->handoff = (struct handoff){.handoff_id = {{0}}};
    contact->clock_count = 0;
    return OK;
}

static struct handoff new_handoff(const struct contact *contact, const struct opening *opening,
                                  struct str trigger, struct str snapshot, int64_t now_us)
{
    return (struct handoff){
        .handoff_id = uuid_new(now_us),
        .contact_id = contact->contact_id,
        .state = HANDOFF_OPEN,
        .purpose = opening->purpose,
        .cycle = contact->cycle,
        .trigger = trigger,
        .snapshot = snapshot,
        .submitted_at_us = TIME_NONE,
        .opened_at_us = now_us,
        .assigned_at_us = TIME_NONE,
        .accepted_at_us = TIME_NONE,
        .work_by_us = TIME_NONE,
        .contacted_at_us = TIME_NONE,
        .qualified_at_us = TIME_NONE,
        .opportunity_at_us = TIME_NONE,
        .closed_at_us = TIME_NONE,
        .paused_at_us = TIME_NONE,
        .paused_until_us = TIME_NONE,
        .nurture_until_us = TIME_NONE,
    };
}

/* A form post that had to wait for the database: the person waited as well. One that was released
 * from quarantine waited for a person of ours to trust it; nobody is blamed for that. */
static int64_t asked_at_us(const struct input *input, int64_t now_us)
{
    const bool has_waited = input->result.received_at_us < now_us &&
                            input->activity.received_at_us != 0 &&
                            uuid_is_nil(input->quarantine.id);
    return has_waited ? input->result.received_at_us : TIME_NONE;
}

enum err_code handoff_open(struct contact *contact, const struct input *input,
                           const struct opening *opening, struct effects *effects)
{
    struct str snapshot;
    struct str trigger;
    enum err_code code = snapshot_of(contact, effects, &snapshot);
    code = code != OK ? code : trigger_of(input, opening, effects->arena, &trigger);
    code = code != OK ? code : handoff_retire(contact, effects);
    if (code != OK) {
        return code;
    }
    contact->cycle++;
    contact->handoff = new_handoff(contact, opening, trigger, snapshot, effects->now_us);
    if (opening->facts != NULL) {
        const int64_t asked_us = asked_at_us(input, effects->now_us);
        contact->handoff.submitted_at_us = asked_us != TIME_NONE ? asked_us : effects->now_us;
    }
    contact_touch(contact, effects);
    handoff_touch(&contact->handoff, effects);
    if (opening->purpose != PURPOSE_UPSELL) {
        code = contact_set_stage(contact, input,
                                 &(struct transition){.to = STAGE_MQL,
                                                      .actor = opening->actor,
                                                      .reason = opening->reason,
                                                      .note = opening->note,
                                                      .handoff_id = contact->handoff.handoff_id},
                                 effects);
    }
    code = code != OK ? code
                      : handoff_event(effects, "handoff.opened", contact, input, opening->actor,
                                      (struct str){0});
    return code != OK ? code
                      : clocks_start(contact, CLOCK_STARTS_AT_MQL,
                                     asked_at_us(input, effects->now_us), effects);
}

/* ---- by people ---- */

/* Why no handoff can be opened by hand; NULL when it can. */
static const char *obstacle(const struct contact *contact)
{
    if (contact_has_open_handoff(contact)) {
        return "The contact has an open handoff already.";
    }
    if (contact->stage == STAGE_DISQUALIFIED) {
        return "The contact is disqualified. Requalify it first.";
    }
    return NULL;
}

static enum err_code refuse_opening(const struct contact *contact, struct input *input,
                                    const char *detail)
{
    if (contact_has_open_handoff(contact)) {
        input->result.id = contact->handoff.handoff_id;
        input->result.has_state = true;
        input->result.state = contact->handoff.state;
        input->result.assignee = contact->handoff.assignee;
    }
    return refuse(input, ERR_CONFLICT, detail);
}

static enum err_code open_by_person(struct contact *contact, struct input *input,
                                    enum trigger_kind trigger, enum purpose purpose,
                                    struct effects *effects)
{
    const struct opening opening = {
        .trigger = trigger,
        .purpose = contact->stage == STAGE_CUSTOMER ? PURPOSE_UPSELL : purpose,
        .actor = input->actor.text,
        .reason = input->reason,
        .note = input->note,
    };
    const enum err_code code = handoff_open(contact, input, &opening, effects);
    input->result.id = contact->handoff.handoff_id;
    return code;
}

enum err_code change_handoff(struct contact *contact, struct input *input, struct effects *effects)
{
    const char *reason = obstacle(contact);
    if (reason != NULL) {
        return refuse_opening(contact, input, reason);
    }
    if (input->purpose == PURPOSE_UPSELL && contact->stage != STAGE_CUSTOMER) {
        return refuse_field(input, "/purpose", "not_allowed",
                            "Only a customer can be sold more. Leave the purpose out.");
    }
    struct contact_score score;
    const enum err_code code = contact_score_now(contact, effects, &score);
    if (code != OK) {
        return code;
    }
    contact->score = score;
    input->result.changed = true;
    return open_by_person(contact, input, TRIGGER_MANUAL, input->purpose, effects);
}

/* Why a reviewer cannot decide so; NULL when he can. */
static const char *review_obstacle(const struct contact *contact, const struct contact_score *score,
                                   bool hands_over)
{
    if (score->decision != DECISION_REVIEW) {
        return "The contact is not under review.";
    }
    const char *reason = hands_over ? obstacle(contact) : NULL;
    if (reason == NULL && hands_over && contact_is_objecting(contact)) {
        return "The contact objects to being contacted.";
    }
    return reason;
}

enum err_code change_decision(struct contact *contact, struct input *input, struct effects *effects)
{
    const enum decision decision = input->decision;
    const bool hands_over = decision == DECISION_MQL || decision == DECISION_STIMULATE;
    struct contact_score score;
    enum err_code code = contact_score_now(contact, effects, &score);
    if (code != OK) {
        return code;
    }
    const char *reason = review_obstacle(contact, &score, hands_over);
    if (reason != NULL) {
        return refuse_opening(contact, input, reason);
    }
    contact->score = score;
    contact->score.decision = decision;
    contact->score.is_dirty = true;
    input->result.changed = true;
    if (decision != DECISION_REVIEW) {
        code = EFFECTS_EVENT(effects, "contact.decision_changed", contact,
                             /* is_historical= */ false,
                             event_word("from", decision_name(DECISION_REVIEW)),
                             event_word("to", decision_name(decision)),
                             event_word("grade", score.grade), event_int("model", score.model));
    }
    if (code != OK || !hands_over) {
        return code;
    }
    return open_by_person(contact, input, TRIGGER_DECISION,
                          decision == DECISION_STIMULATE ? PURPOSE_STIMULATE : PURPOSE_CLOSE,
                          effects);
}

/* ---- what follows of itself ---- */

enum err_code handoff_wake(struct contact *contact, const struct input *input,
                           struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    const int64_t until_us = handoff->paused_until_us;
    if (until_us == TIME_NONE || until_us > effects->now_us) {
        return OK;
    }
    clocks_resume(contact, until_us, effects);
    const enum err_code code = pause_end(handoff, until_us, STR_LITERAL("system"), effects);
    handoff_touch(handoff, effects);
    return code != OK ? code
                      : handoff_event(effects, "handoff.activity", contact, input,
                                      STR_LITERAL("system"), STR_LITERAL("resumed"));
}

void handoff_follow_stage(struct contact *contact, const struct effects *effects)
{
    if (contact->stage == STAGE_CUSTOMER && contact_has_open_handoff(contact) &&
        contact->handoff.purpose != PURPOSE_UPSELL) {
        contact->handoff.purpose = PURPOSE_UPSELL;
        handoff_touch(&contact->handoff, effects);
    }
}

/* ---- closing ---- */

static const char *close_event(enum handoff_state state)
{
    switch (state) {
    case HANDOFF_WON:
        return "handoff.won";
    case HANDOFF_LOST:
        return "handoff.lost";
    case HANDOFF_RECYCLED:
        return "handoff.recycled";
    case HANDOFF_REJECTED:
        return "handoff.rejected";
    case HANDOFF_OPEN:
    case HANDOFF_ACCEPTED:
    case HANDOFF_CONTACTED:
    case HANDOFF_QUALIFIED:
    case HANDOFF_OPPORTUNITY:
    case HANDOFF_STATE_COUNT_:
        break;
    }
    return NULL;
}

enum err_code handoff_close(struct contact *contact, const struct input *input,
                            enum handoff_state state, const char *word, struct str code_told,
                            struct effects *effects)
{
    const char *event = close_event(state);
    if (event == NULL) {
        return ERR_BUG;
    }
    struct handoff *handoff = &contact->handoff;
    handoff->state = state;
    handoff->closed_at_us = effects->now_us;
    contact_touch(contact, effects);
    handoff_touch(handoff, effects);
    enum err_code code = pause_end(handoff, effects->now_us, input->actor.text, effects);
    code = code != OK ? code : clocks_end(contact, word, effects);
    return code != OK ? code
                      : handoff_event(effects, event, contact, input, input->actor.text, code_told);
}

/* ---- taken back ---- */

/* The person asked for it: what follows answers a demand, and is no marketing. */
static enum err_code was_asked_for(const struct handoff *handoff, bool *ret_was_asked)
{
    json_auto_t *trigger = NULL;
    struct err ignored;
    const enum err_code code = json_parse(handoff->trigger, &trigger, &ignored);
    *ret_was_asked = code == OK &&
                     str_is(json_str_of(json_object_get(trigger, "because")), "at_once");
    return code == OK || code == ERR_NOMEM ? code : ERR_STORE;
}

enum err_code handoff_withdraw(struct contact *contact, const struct input *input,
                               struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    if (!contact_has_open_handoff(contact) || handoff->attempts > 0 ||
        handoff->state > HANDOFF_ACCEPTED) {
        return OK;
    }
    bool was_asked = false;
    enum err_code code = was_asked_for(handoff, &was_asked);
    if (code != OK || was_asked) {
        return code;
    }
    const struct str reason = STR_LITERAL("objection");
    code = handoff_wake(contact, input, effects);
    handoff->reason = reason;
    contact->released_at_us = effects->now_us; /* what was known before hands over no more */
    contact->nurture_until_us = TIME_NONE;
    if (code == OK && handoff->purpose != PURPOSE_UPSELL) {
        code = contact_set_stage(contact, input,
                                 &(struct transition){.to = STAGE_LEAD,
                                                      .reason = reason,
                                                      .code = reason,
                                                      .handoff_id = handoff->handoff_id},
                                 effects);
    }
    code = code != OK ? code : clocks_excuse(contact, "objection", effects);
    return code != OK
               ? code
               : handoff_close(contact, input, HANDOFF_RECYCLED, "objection", reason, effects);
}

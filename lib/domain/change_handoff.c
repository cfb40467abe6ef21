/*
 * Handoffs: opening, api.md's table of moves, closing.
 */
#include "domain/change_internal.h"

#include "base/buf.h"

static const int64_t nurture_default_us = 14 * US_PER_DAY;

enum { SNAPSHOT_BYTES_MAX = 256 * 1024 };

/* ---- opening ---- */

/* The contact and its score as they are now: what sales was given, whatever happens later. */
static struct str snapshot_of(const struct contact *contact, struct effects *effects)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, SNAPSHOT_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_object_begin(&json);
    json_key(&json, "contact");
    json_object_begin(&json);
    JSON_FIELD(&json, "id", json_uuid, contact->contact_id);
    JSON_FIELD(&json, "email", json_str, contact->email);
    JSON_FIELD(&json, "stage", json_text, stage_names[contact->stage]);
    JSON_FIELD(&json, "channel", json_str, contact->channel);
    json_key(&json, "attributes");
    contact_write_shown_attributes(&json, contact);
    json_object_end(&json);
    json_key(&json, "score");
    const enum err_code code = contact_write_score(&json, contact, effects->catalog, effects->arena,
                                                   effects->scratch, effects->now_us);
    if (code != OK) {
        return (struct str){0};
    }
    json_object_end(&json);
    return buf.failed ? (struct str){0} : arena_str(effects->arena, buf_str(&buf));
}

static void touch(struct contact *contact, const struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    if (!handoff->is_dirty) {
        handoff->version++;
    }
    handoff->is_dirty = true;
    handoff->updated_at_us = effects->now_us;
}

enum err_code handoff_open(struct contact *contact, const struct input *input,
                           const struct opening *opening, struct effects *effects)
{
    const struct str snapshot = snapshot_of(contact, effects);
    if (snapshot.data == NULL) {
        return ERR_NOMEM;
    }
    contact->cycle++;
    contact->handoff = (struct handoff){
        .handoff_id = uuid_new(effects->now_us),
        .contact_id = contact->contact_id,
        .state = HANDOFF_OPEN,
        .purpose = opening->purpose,
        .cycle = contact->cycle,
        .trigger = opening->trigger,
        .snapshot = snapshot,
        .opened_at_us = effects->now_us,
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
    contact->clock_count = 0;
    contact_touch(contact, effects);
    touch(contact, effects);
    enum err_code code = OK;
    if (opening->purpose != PURPOSE_UPSELL) {
        code = contact_set_stage(contact, input,
                                 &(struct transition){.to = STAGE_MQL,
                                                      .reason = opening->reason,
                                                      .note = opening->note,
                                                      .handoff_id = contact->handoff.handoff_id,
                                                      .at_us = TIME_NONE},
                                 effects);
    }
    code = code != OK ? code
                      : handoff_event(effects, "handoff.opened", contact, input, opening->reason);
    return code != OK ? code : clocks_start(contact, CLOCK_STARTS_AT_MQL, effects);
}

/* {"because": "by_hand", "actor", "reason"} */
static struct str trigger_by_hand(const struct input *input, const char *because, struct arena *arena)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 16384);
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_object_begin(&json);
    JSON_FIELD(&json, "because", json_text, because);
    JSON_FIELD(&json, "actor", json_str, input->actor.text);
    JSON_FIELD(&json, "reason", json_str, input->reason);
    json_object_end(&json);
    return buf.failed ? (struct str){0} : arena_str(arena, buf_str(&buf));
}

static enum err_code open_by_hand(struct contact *contact, struct input *input, enum purpose purpose,
                                  const char *because, struct effects *effects)
{
    const struct opening opening = {
        .purpose = contact->stage == STAGE_CUSTOMER ? PURPOSE_UPSELL : purpose,
        .trigger = trigger_by_hand(input, because, effects->arena),
        .reason = input->reason,
        .note = input->note,
    };
    if (opening.trigger.data == NULL) {
        return ERR_NOMEM;
    }
    const enum err_code code = handoff_open(contact, input, &opening, effects);
    input->result.id = contact->handoff.handoff_id;
    input->result.changed = true;
    return code;
}

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

enum err_code change_handoff(struct contact *contact, struct input *input, struct effects *effects)
{
    const char *reason = obstacle(contact);
    if (reason != NULL) {
        input->result.has_state = contact_has_open_handoff(contact);
        input->result.state = contact->handoff.state;
        input->result.assignee = contact->handoff.assignee;
        return refuse(input, ERR_CONFLICT, reason);
    }
    return open_by_hand(contact, input, input->purpose, "by_hand", effects);
}

enum err_code change_decision(struct contact *contact, struct input *input, struct effects *effects)
{
    const bool hands_over = input->decision == DECISION_MQL || input->decision == DECISION_STIMULATE;
    const char *reason = hands_over ? obstacle(contact) : NULL;
    if (reason != NULL) {
        return refuse(input, ERR_CONFLICT, reason);
    }
    struct contact_score *score = &contact->score;
    enum err_code code = OK;
    if (!score->exists) {
        /* Nothing scored yet: the score has to exist before a decision can be kept with it. */
        code = contact_score(contact, input, &(struct evidence){.attributes_changed = true}, effects);
    }
    if (code == OK && score->decision != input->decision) {
        code = EFFECTS_EVENT(effects, "contact.decision_changed", contact, /* is_historical= */ false,
                             EVENT_FIELD_TEXT("from", str_from(decision_name(score->decision))),
                             EVENT_FIELD_TEXT("to", str_from(decision_name(input->decision))),
                             EVENT_FIELD_TEXT("grade", arena_str(effects->arena, str_from(score->grade))),
                             EVENT_FIELD_INT("model", score->model),
                             EVENT_FIELD_TEXT("actor", input->actor.text));
    }
    score->decision = input->decision;
    score->is_dirty = true;
    input->result.changed = true;
    if (code != OK || !hands_over || contact_has_open_handoff(contact)) {
        return code;
    }
    return open_by_hand(contact, input,
                        input->decision == DECISION_STIMULATE ? PURPOSE_STIMULATE : PURPOSE_CLOSE, "review",
                        effects);
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
    return "handoff.activity";
}

enum err_code handoff_close(struct contact *contact, const struct input *input, enum handoff_state state,
                            struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    /* A verdict counts as acceptance and as qualification, whichever it is; a first contact is not made
     * by ending the matter. */
    enum err_code code = clocks_meet(contact, "acceptance", effects);
    code = code != OK ? code : clocks_meet(contact, "qualification", effects);
    handoff->state = state;
    handoff->closed_at_us = effects->now_us;
    handoff->paused_at_us = TIME_NONE;
    handoff->paused_until_us = TIME_NONE;
    contact_touch(contact, effects);
    touch(contact, effects);
    code = code != OK ? code : clocks_end(contact, handoff_state_names[state], effects);
    return code != OK ? code
                      : handoff_event(effects, close_event(state), contact, input, input->move.reason);
}

/* ---- moves ---- */

/* Moves of an upsell leave the stage at customer. */
static enum err_code move_stage(struct contact *contact, const struct input *input, enum stage to,
                                struct effects *effects)
{
    if (contact->handoff.purpose == PURPOSE_UPSELL || contact->stage == to) {
        return OK;
    }
    return contact_set_stage(contact, input,
                             &(struct transition){.to = to,
                                                  .reason = input->move.reason,
                                                  .note = input->move.note,
                                                  .handoff_id = contact->handoff.handoff_id,
                                                  .at_us = TIME_NONE},
                             effects);
}

static enum err_code move_accept(struct contact *contact, struct input *input, struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    handoff->state = handoff->attempts > 0 ? HANDOFF_CONTACTED : HANDOFF_ACCEPTED;
    handoff->accepted_at_us = effects->now_us;
    handoff->work_by_us = input->move.work_by_us;
    if (!uuid_is_nil(input->actor.member_id)) {
        handoff->assignee = input->actor.member_id;
    }
    enum err_code code = move_stage(contact, input, STAGE_SAL, effects);
    code = code != OK ? code : handoff_event(effects, "handoff.accepted", contact, input, (struct str){0});
    code = code != OK ? code : clocks_meet(contact, "acceptance", effects);
    return code != OK ? code : clocks_start(contact, CLOCK_STARTS_AT_ACCEPT, effects);
}

static enum err_code move_attempt(struct contact *contact, struct input *input, struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    struct attempt_row *row = EFFECT_ADD(effects, attempts);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct attempt_row){
        .contact_id = handoff->contact_id,
        .handoff_id = handoff->handoff_id,
        .attempt_id = uuid_new(effects->now_us),
        .input = input,
        .at_us = input->move.at_us != TIME_NONE ? input->move.at_us : effects->now_us,
        .logged_at_us = effects->now_us,
    };
    input->result.id = row->attempt_id;
    const bool is_first = handoff->attempts == 0;
    handoff->attempts++;
    if (is_first) {
        handoff->contacted_at_us = effects->now_us;
    }
    if (handoff->state == HANDOFF_ACCEPTED) {
        handoff->state = HANDOFF_CONTACTED;
    }
    enum err_code code = clocks_meet(contact, "first_contact", effects);
    code = code != OK ? code : clocks_meet(contact, "attempts", effects);
    return code != OK ? code
                      : handoff_event(effects, is_first ? "handoff.contacted" : "handoff.activity", contact,
                                      input, (struct str){0});
}

static enum err_code move_qualify(struct contact *contact, struct input *input, struct effects *effects)
{
    contact->handoff.state = HANDOFF_QUALIFIED;
    contact->handoff.qualified_at_us = effects->now_us;
    contact->handoff.gpct = arena_str(effects->arena, input->move.gpct);
    contact->handoff.note = input->move.note.data != NULL ? input->move.note : contact->handoff.note;
    enum err_code code = move_stage(contact, input, STAGE_SQL, effects);
    code = code != OK ? code : clocks_meet(contact, "acceptance", effects);
    code = code != OK ? code : clocks_meet(contact, "qualification", effects);
    return code != OK ? code
                      : handoff_event(effects, "handoff.qualified", contact, input, (struct str){0});
}

static struct str deal_document(const struct move_input *move, struct arena *arena)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 16384);
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_object_begin(&json);
    json_key(&json, "amount");
    if (move->has_amount) {
        json_int(&json, move->amount);
    } else {
        json_nil(&json);
    }
    JSON_FIELD(&json, "currency", json_str, move->currency);
    JSON_FIELD(&json, "expected_close", json_str, move->expected_close);
    JSON_FIELD(&json, "owner", json_str, move->owner);
    json_object_end(&json);
    return buf.failed ? (struct str){0} : arena_str(arena, buf_str(&buf));
}

static enum err_code move_opportunity(struct contact *contact, struct input *input, struct effects *effects)
{
    contact->handoff.state = HANDOFF_OPPORTUNITY;
    contact->handoff.opportunity_at_us = effects->now_us;
    contact->handoff.deal = deal_document(&input->move, effects->arena);
    contact->handoff.deal_amount = input->move.amount;
    contact->handoff.deal_currency = input->move.currency;
    contact->handoff.has_deal_amount = input->move.has_amount;
    if (contact->handoff.deal.data == NULL) {
        return ERR_NOMEM;
    }
    const enum err_code code = move_stage(contact, input, STAGE_OPPORTUNITY, effects);
    return code != OK ? code
                      : handoff_event(effects, "handoff.opportunity", contact, input, (struct str){0});
}

static enum err_code move_win(struct contact *contact, struct input *input, struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    struct deal_row *row = EFFECT_ADD(effects, deals);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    const struct move_input *move = &input->move;
    *row = (struct deal_row){
        .contact_id = contact->contact_id,
        .deal_id = uuid_new(effects->now_us),
        .kind = handoff->purpose == PURPOSE_UPSELL ? STR_LITERAL("upsell") : STR_LITERAL("new"),
        .has_amount = move->has_amount || handoff->has_deal_amount,
        .amount = move->has_amount ? move->amount : handoff->deal_amount,
        .currency = move->currency.data != NULL ? move->currency : handoff->deal_currency,
        .won_at_us = effects->now_us,
        .handoff_id = handoff->handoff_id,
        .assignee = handoff->assignee,
        .actor = input->actor.text,
    };
    input->result.id = row->deal_id;
    const enum err_code code = move_stage(contact, input, STAGE_CUSTOMER, effects);
    return code != OK ? code : handoff_close(contact, input, HANDOFF_WON, effects);
}

static enum err_code move_back(struct contact *contact, struct input *input, enum handoff_state state,
                               enum stage stage, struct effects *effects)
{
    contact->handoff.reason = arena_str(effects->arena, input->move.reason);
    contact->handoff.note = input->move.note;
    contact->released_at_us = effects->now_us;
    contact->nurture_until_us = TIME_NONE;
    if (state == HANDOFF_RECYCLED) {
        contact->nurture_until_us = input->move.until_us != TIME_NONE
                                        ? input->move.until_us
                                        : effects->now_us + nurture_default_us;
        contact->handoff.nurture_until_us = contact->nurture_until_us;
    }
    const enum err_code code = move_stage(contact, input, stage, effects);
    return code != OK ? code : handoff_close(contact, input, state, effects);
}

static enum err_code move_assign(struct contact *contact, struct input *input, struct effects *effects)
{
    contact->handoff.assignee = input->move.member_id;
    return handoff_event(effects, "handoff.assigned", contact, input, (struct str){0});
}

static enum err_code move_pause(struct contact *contact, struct input *input, struct effects *effects)
{
    contact->handoff.paused_at_us = effects->now_us;
    contact->handoff.paused_until_us = input->move.until_us;
    contact->handoff.pause_reason = input->move.reason;
    clocks_pause(contact, effects->now_us);
    effects->has_clocks = true;
    return handoff_event(effects, "handoff.activity", contact, input, STR_LITERAL("paused"));
}

static enum err_code move_resume(struct contact *contact, struct input *input, struct effects *effects)
{
    contact->handoff.paused_at_us = TIME_NONE;
    contact->handoff.paused_until_us = TIME_NONE;
    contact->handoff.pause_reason = (struct str){0};
    clocks_resume(contact, effects->now_us);
    effects->has_clocks = true;
    return handoff_event(effects, "handoff.activity", contact, input, STR_LITERAL("resumed"));
}

static enum err_code move_feedback(struct input *input, struct effects *effects)
{
    struct attempt_row *row = EFFECT_ADD(effects, feedback);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct attempt_row){
        .contact_id = input->handoff_contact_id,
        .handoff_id = input->handoff_id,
        .attempt_id = uuid_new(effects->now_us),
        .input = input,
        .at_us = effects->now_us,
        .logged_at_us = effects->now_us,
    };
    input->result.id = row->attempt_id;
    return OK;
}

static enum err_code make_move(struct contact *contact, struct input *input, struct effects *effects)
{
    switch (input->move.move) {
    case MOVE_ACCEPT:
        return move_accept(contact, input, effects);
    case MOVE_ATTEMPTS:
        return move_attempt(contact, input, effects);
    case MOVE_QUALIFY:
        return move_qualify(contact, input, effects);
    case MOVE_OPPORTUNITY:
        return move_opportunity(contact, input, effects);
    case MOVE_WIN:
        return move_win(contact, input, effects);
    case MOVE_LOSE:
        return move_back(contact, input, HANDOFF_LOST, STAGE_LEAD, effects);
    case MOVE_RECYCLE:
        return move_back(contact, input, HANDOFF_RECYCLED, STAGE_LEAD, effects);
    case MOVE_REJECT:
        return move_back(contact, input, HANDOFF_REJECTED, STAGE_DISQUALIFIED, effects);
    case MOVE_ASSIGN:
        return move_assign(contact, input, effects);
    case MOVE_PAUSE:
        return move_pause(contact, input, effects);
    case MOVE_RESUME:
        return move_resume(contact, input, effects);
    case MOVE_FEEDBACK:
    case MOVE_COUNT_:
        break;
    }
    return ERR_BUG;
}

enum err_code change_move(struct contact *contact, struct input *input, struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    const bool is_latest = uuid_eq(handoff->handoff_id, input->handoff_id);
    const enum handoff_state state = is_latest ? handoff->state : input->handoff_state;
    input->result.has_state = true;
    input->result.state = state;
    input->result.assignee = is_latest ? handoff->assignee : input->handoff_assignee;
    input->result.id = input->handoff_id;
    const enum move move = input->move.move;
    if (!move_is_allowed(move, state)) {
        return refuse(input, ERR_CONFLICT, "The handoff's state does not allow this.");
    }
    if (move == MOVE_RESUME && handoff->paused_at_us == TIME_NONE) {
        return refuse(input, ERR_CONFLICT, "The handoff is not paused.");
    }
    if (move == MOVE_PAUSE && handoff->paused_at_us != TIME_NONE) {
        return refuse(input, ERR_CONFLICT, "The handoff is paused already.");
    }
    if (move == MOVE_WIN && handoff->purpose == PURPOSE_UPSELL && contact->stage != STAGE_CUSTOMER) {
        return refuse(input, ERR_CONFLICT, "The contact is not a customer any more.");
    }
    if (input->if_handoff_version != 0 && input->if_handoff_version != handoff->version) {
        return refuse(input, ERR_STALE, "It was changed meanwhile: read it again.");
    }
    input->result.changed = true;
    if (move == MOVE_FEEDBACK) {
        return move_feedback(input, effects);
    }
    touch(contact, effects);
    return make_move(contact, input, effects);
}

/*
 * api.md's table of moves: what each does to the handoff, its clocks and the contact's stage. Which
 * move is allowed in which state says move_is_allowed.
 */
#include "domain/change_internal.h"

#include "base/json_document.h"
#include "domain/absence.h"
#include "schema/json.h"

static const int64_t nurture_default_us = 14 * US_PER_DAY;

enum { DEAL_BYTES_MAX = 16384 };

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
                                                  .code = input->move.reason,
                                                  .note = input->move.note,
                                                  .handoff_id = contact->handoff.handoff_id},
                             effects);
}

static enum err_code move_event(const struct contact *contact, const struct input *input,
                                const char *type, const char *word, struct effects *effects)
{
    return handoff_event(effects, type, contact, input, input->actor.text, str_from(word));
}

static struct str copy(struct str text, struct arena *arena)
{
    return text.data != NULL ? arena_str(arena, text) : text;
}

static enum err_code take_note(struct handoff *handoff, const struct input *input,
                               struct arena *arena)
{
    if (input->move.note.data == NULL) {
        return OK;
    }
    handoff->note = copy(input->move.note, arena);
    return handoff->note.data != NULL ? OK : ERR_NOMEM;
}

/* ---- accept, attempt, qualify ---- */

/* What was done before acceptance counts for the clocks that start with it. */
static enum err_code meet_by_attempts(struct contact *contact, int64_t at_us,
                                      struct effects *effects)
{
    if (contact->handoff.attempts == 0) {
        return OK;
    }
    const enum err_code code = clocks_meet(contact, "first_contact", "attempt", at_us, effects);
    return code != OK ? code : clocks_meet(contact, "attempts", "attempt", at_us, effects);
}

static enum err_code move_accept(struct contact *contact, struct input *input,
                                 struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    const struct uuid member_id = uuid_is_nil(input->actor.member_id) ? input->move.member_id
                                                                      : input->actor.member_id;
    handoff->state = handoff->attempts > 0 ? HANDOFF_CONTACTED : HANDOFF_ACCEPTED;
    handoff->accepted_at_us = effects->now_us;
    handoff->work_by_us = input->move.work_by_us;
    enum err_code code = OK;
    if (!uuid_is_nil(member_id)) {
        code =
            handoff_assign(handoff, member_id, input->actor.text, STR_LITERAL("accepted"), effects);
    }
    code = code != OK ? code : move_stage(contact, input, STAGE_SAL, effects);
    code = code != OK ? code : move_event(contact, input, "handoff.accepted", NULL, effects);
    code = code != OK ? code : clocks_start(contact, CLOCK_STARTS_AT_ACCEPT, TIME_NONE, effects);
    code = code != OK ? code
                      : clocks_meet(contact, "acceptance", "accept", effects->now_us, effects);
    return code != OK ? code : meet_by_attempts(contact, effects->now_us, effects);
}

static enum err_code move_attempt(struct contact *contact, struct input *input,
                                  struct effects *effects)
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
        .at_us = input->move.at_us != TIME_NONE ? interest_instant_us(input->move.at_us)
                                                : effects->now_us,
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
    const enum err_code code = move_event(
        contact, input, is_first ? "handoff.contacted" : "handoff.activity", NULL, effects);
    return code != OK ? code : meet_by_attempts(contact, row->at_us, effects);
}

/* A verdict counts as acceptance and as qualification, whichever it is; a first contact is not made
 * by ending the matter. */
static enum err_code meet_by_verdict(struct contact *contact, const char *verdict,
                                     struct effects *effects)
{
    const int64_t now_us = effects->now_us;
    const enum err_code code = clocks_meet(contact, "acceptance", verdict, now_us, effects);
    return code != OK ? code : clocks_meet(contact, "qualification", verdict, now_us, effects);
}

static enum err_code move_qualify(struct contact *contact, struct input *input,
                                  struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    handoff->state = HANDOFF_QUALIFIED;
    handoff->qualified_at_us = effects->now_us;
    handoff->gpct = arena_str(effects->arena, input->move.gpct);
    enum err_code code = handoff->gpct.data != NULL ? OK : ERR_NOMEM;
    code = code != OK ? code : take_note(handoff, input, effects->arena);
    code = code != OK ? code : move_stage(contact, input, STAGE_SQL, effects);
    code = code != OK ? code : move_event(contact, input, "handoff.qualified", NULL, effects);
    return code != OK ? code : meet_by_verdict(contact, "qualify", effects);
}

/* ---- the deal ---- */

/* What the opportunity said, and the win may say again. */
struct deal {
    bool has_amount;
    int64_t amount;
    struct str currency;
    struct str expected_close;
    struct str owner;
};

static enum err_code deal_write(const struct deal *deal, struct arena *arena,
                                struct str *ret_document)
{
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, DEAL_BYTES_MAX);
    json_key(json, "amount");
    if (deal->has_amount) {
        json_int(json, deal->amount);
    } else {
        json_nil(json);
    }
    JSON_FIELD(json, "currency", json_str, deal->currency);
    JSON_FIELD(json, "expected_close", json_str, deal->expected_close);
    JSON_FIELD(json, "owner", json_str, deal->owner);
    *ret_document = json_document_end(&document, arena);
    return ret_document->data != NULL ? OK : ERR_NOMEM;
}

/* An absent document is an empty deal. The texts are copied: the tree goes away. */
static enum err_code deal_read(struct str document, struct arena *arena, struct deal *ret_deal)
{
    *ret_deal = (struct deal){.has_amount = false};
    if (document.data == NULL) {
        return OK;
    }
    json_auto_t *root = NULL;
    struct err ignored;
    const enum err_code code = json_parse(document, &root, &ignored);
    if (code != OK) {
        return code == ERR_NOMEM ? code : ERR_STORE;
    }
    const json_t *amount = json_object_get(root, "amount");
    ret_deal->has_amount = json_is_integer(amount);
    ret_deal->amount = json_integer_value(amount);
    const struct {
        const char *name;
        struct str *text;
    } texts[] = {
        {"currency",       &ret_deal->currency      },
        {"expected_close", &ret_deal->expected_close},
        {"owner",          &ret_deal->owner         },
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct str text = json_str_of(json_object_get(root, texts[i].name));
        *texts[i].text = copy(text, arena);
        if (text.data != NULL && texts[i].text->data == NULL) {
            return ERR_NOMEM;
        }
    }
    return OK;
}

static enum err_code move_opportunity(struct contact *contact, struct input *input,
                                      struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    const struct move_input *move = &input->move;
    const struct deal deal = {
        .has_amount = move->has_amount,
        .amount = move->amount,
        .currency = move->currency,
        .expected_close = move->expected_close,
        .owner = move->owner,
    };
    handoff->state = HANDOFF_OPPORTUNITY;
    handoff->opportunity_at_us = effects->now_us;
    enum err_code code = deal_write(&deal, effects->arena, &handoff->deal);
    code = code != OK ? code : move_stage(contact, input, STAGE_OPPORTUNITY, effects);
    return code != OK ? code : move_event(contact, input, "handoff.opportunity", NULL, effects);
}

static enum err_code add_deal_row(const struct contact *contact, struct input *input,
                                  const struct deal *deal, struct effects *effects)
{
    const struct handoff *handoff = &contact->handoff;
    struct deal_row *row = EFFECT_ADD(effects, deals);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct deal_row){
        .contact_id = contact->contact_id,
        .deal_id = uuid_new(effects->now_us),
        .kind = handoff->purpose == PURPOSE_UPSELL ? STR_LITERAL("upsell") : STR_LITERAL("new"),
        .has_amount = deal->has_amount,
        .amount = deal->amount,
        .currency = deal->currency,
        .won_at_us = effects->now_us,
        .handoff_id = handoff->handoff_id,
        .assignee = handoff->assignee,
        .actor = input->actor.text,
    };
    input->result.id = row->deal_id;
    return OK;
}

static enum err_code move_win(struct contact *contact, struct input *input, struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    const struct move_input *move = &input->move;
    struct deal deal;
    enum err_code code = deal_read(handoff->deal, effects->arena, &deal);
    if (code != OK) {
        return code;
    }
    if (move->has_amount) {
        deal.has_amount = true;
        deal.amount = move->amount;
        if (move->currency.data != NULL) {
            deal.currency = move->currency;
        } else if (deal.currency.data == NULL) {
            deal.currency = catalog_organisation(effects->catalog)->currency;
        }
    }
    code = deal_write(&deal, effects->arena, &handoff->deal);
    code = code != OK ? code : add_deal_row(contact, input, &deal, effects);
    code = code != OK ? code : move_stage(contact, input, STAGE_CUSTOMER, effects);
    return code != OK ? code
                      : handoff_close(contact, input, HANDOFF_WON, "win", (struct str){0}, effects);
}

/* ---- back to marketing ---- */

static enum err_code move_back(struct contact *contact, struct input *input,
                               enum handoff_state state, enum stage stage, struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    const struct str reason = copy(input->move.reason, effects->arena);
    if (input->move.reason.data != NULL && reason.data == NULL) {
        return ERR_NOMEM;
    }
    handoff->reason = reason;
    contact->released_at_us = effects->now_us;
    contact->nurture_until_us = TIME_NONE;
    if (state == HANDOFF_RECYCLED) {
        contact->nurture_until_us = input->move.until_us != TIME_NONE
                                        ? input->move.until_us
                                        : effects->now_us + nurture_default_us;
        handoff->nurture_until_us = contact->nurture_until_us;
    }
    const char *verdict = move_names[input->move.move];
    enum err_code code = take_note(handoff, input, effects->arena);
    code = code != OK ? code : move_stage(contact, input, stage, effects);
    code = code != OK ? code : meet_by_verdict(contact, verdict, effects);
    return code != OK ? code : handoff_close(contact, input, state, verdict, reason, effects);
}

/* ---- at any time ---- */

static enum err_code move_assign(struct contact *contact, struct input *input,
                                 struct effects *effects)
{
    const enum err_code code = handoff_assign(&contact->handoff, input->move.member_id,
                                              input->actor.text, (struct str){0}, effects);
    return code != OK ? code : move_event(contact, input, "handoff.assigned", NULL, effects);
}

/* Pausing what rests already gives it another end. */
static enum err_code move_pause(struct contact *contact, struct input *input,
                                struct effects *effects)
{
    const struct str reason = copy(input->move.reason, effects->arena);
    if (input->move.reason.data != NULL && reason.data == NULL) {
        return ERR_NOMEM;
    }
    const enum err_code code =
        pause_begin(&contact->handoff, input->move.until_us, reason, input->actor.text, effects);
    if (code != OK) {
        return code;
    }
    clocks_pause(contact, effects);
    return move_event(contact, input, "handoff.activity", "paused", effects);
}

static enum err_code move_resume(struct contact *contact, struct input *input,
                                 struct effects *effects)
{
    const enum err_code code =
        pause_end(&contact->handoff, effects->now_us, input->actor.text, effects);
    if (code != OK) {
        return code;
    }
    clocks_resume(contact, effects->now_us, effects);
    return move_event(contact, input, "handoff.activity", "resumed", effects);
}

/* About a handoff of any age; nothing of it changes. */
static enum err_code move_feedback(const struct contact *contact, struct input *input,
                                   struct effects *effects)
{
    const bool is_latest = uuid_eq(contact->handoff.handoff_id, input->handoff_id);
    struct attempt_row *row = EFFECT_ADD(effects, feedback);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct attempt_row){
        .contact_id = is_latest ? contact->handoff.contact_id : input->handoff_contact_id,
        .handoff_id = input->handoff_id,
        .attempt_id = uuid_new(effects->now_us),
        .input = input,
        .at_us = effects->now_us,
        .logged_at_us = effects->now_us,
    };
    input->result.id = row->attempt_id;
    return OK;
}

/* ---- all of them ---- */

static enum err_code make_move(struct contact *contact, struct input *input,
                               struct effects *effects)
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
    case MOVE_FEEDBACK: /* makes none */
    case MOVE_COUNT_:
        break;
    }
    return ERR_BUG;
}

/* Where the handoff named by the input stands: as it is, as this batch left it, or as it was read.
 */
static void find_standing(const struct contact *contact, struct input *input,
                          const struct effects *effects)
{
    struct input_result *result = &input->result;
    const struct handoff *known = &contact->handoff;
    for (size_t i = 0; i < effects->handoffs.count; i++) {
        if (uuid_eq(effects->handoffs.items[i].handoff.handoff_id, input->handoff_id)) {
            known = &effects->handoffs.items[i].handoff;
        }
    }
    const bool is_known = uuid_eq(known->handoff_id, input->handoff_id);
    result->id = input->handoff_id;
    result->has_state = true;
    result->state = is_known ? known->state : input->handoff_state;
    result->assignee = is_known ? known->assignee : input->handoff_assignee;
}

enum err_code change_move(struct contact *contact, struct input *input, struct effects *effects)
{
    struct handoff *handoff = &contact->handoff;
    const enum move move = input->move.move;
    const bool is_latest = uuid_eq(handoff->handoff_id, input->handoff_id);
    find_standing(contact, input, effects);
    if (is_latest && input->if_handoff_version != 0 &&
        input->if_handoff_version != handoff->version) {
        return refuse(input, ERR_STALE, "It was changed meanwhile: read it again.");
    }
    /* Of all handoffs only the latest can be open. */
    if (!move_is_allowed(move, input->result.state) || (!is_latest && move != MOVE_FEEDBACK)) {
        return refuse(input, ERR_CONFLICT, "The handoff's state does not allow this.");
    }
    if (move == MOVE_PAUSE && input->move.until_us <= effects->now_us) {
        return refuse_field(input, "/until", "range", "A pause has to end later than now.");
    }
    if (move == MOVE_ASSIGN &&
        absence_of(effects->catalog, input->move.member_id, effects->now_us) != NULL) {
        return refuse_field(
            input, "/member", "absent",
            "This member is away. Assign it to who stands in, or to somebody else.");
    }
    input->result.has_state = false;
    input->result.changed = true;
    if (move == MOVE_FEEDBACK) {
        return move_feedback(contact, input, effects);
    }
    const enum err_code code = handoff_wake(contact, input, effects);
    handoff_touch(handoff, effects);
    return code != OK ? code : make_move(contact, input, effects);
}

/*
 * Submissions that are not trusted: set aside, released, purged. Setting one aside changes nobody:
 * no contact is made, nothing is scored, the feed tells nothing. Its release is the submission
 * itself, decided late (change_intake.c); here is only what becomes of the entry.
 */
#include "domain/change_internal.h"

static bool is_settling(const struct input *input)
{
    return !uuid_is_nil(input->quarantine.id);
}

bool change_needs_contact(const struct input *input)
{
    const struct quarantine_input *quarantine = &input->quarantine;
    return input->kind != INPUT_PURGE && (quarantine->suspicions | quarantine->found) == 0 &&
           quarantine->state == QUARANTINE_HELD;
}

enum err_code quarantine_trace(const struct input *input, struct effects *effects)
{
    const struct suspicion_watch *watch = input->quarantine.watch;
    if (watch == NULL || (uuid_is_nil(watch->address) && uuid_is_nil(watch->content))) {
        return OK;
    }
    const struct input **row = EFFECT_ADD(effects, traces);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = input;
    return OK;
}

static enum err_code set_aside(struct input *input, struct effects *effects)
{
    struct quarantine_row *row = EFFECT_ADD(effects, quarantines);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    const int64_t said_us = input->activity.occurred_at_us;
    *row = (struct quarantine_row){
        .input = input,
        .suspicions = input->quarantine.suspicions | input->quarantine.found,
        .occurred_at_us =
            interest_instant_us(said_us != TIME_NONE ? said_us : input->result.received_at_us),
        .received_at_us = input->result.received_at_us,
    };
    input->result.id = input->activity.id;
    input->result.contact_id = (struct uuid){{0}};
    input->result.changed = true;
    input->result.is_set_aside = true;
    return quarantine_trace(input, effects);
}

static enum err_code settle(const struct input *input, enum quarantine_state state,
                            struct uuid contact_id, int64_t occurred_at_us, struct effects *effects)
{
    struct settlement_row *row = EFFECT_ADD(effects, settlements);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct settlement_row){
        .input = input, .state = state, .contact_id = contact_id, .occurred_at_us = occurred_at_us};
    return OK;
}

enum err_code quarantine_release(const struct contact *contact, const struct input *input,
                                 int64_t occurred_at_us, struct effects *effects)
{
    return is_settling(input)
               ? settle(input, QUARANTINE_RELEASED, contact->contact_id, occurred_at_us, effects)
               : OK;
}

/* It was settled before. The same again changes nothing, the other is too late. */
static enum err_code repeat(struct input *input, enum quarantine_state wanted)
{
    if (input->quarantine.state != wanted) {
        return refuse(input, ERR_CONFLICT,
                      wanted == QUARANTINE_RELEASED
                          ? "It was purged: there is nothing left to release."
                          : "It was released: it is a contact's submission now.");
    }
    input->result.is_replay = true;
    input->result.id = input->quarantine.id;
    input->result.contact_id = input->quarantine.contact_id;
    return OK;
}

enum err_code change_quarantine(struct input *input, struct effects *effects)
{
    if (!is_settling(input)) {
        return set_aside(input, effects);
    }
    const enum quarantine_state wanted = input->kind == INPUT_PURGE ? QUARANTINE_PURGED
                                                                    : QUARANTINE_RELEASED;
    if (input->quarantine.state == QUARANTINE_NONE) {
        return refuse(input, ERR_NOT_FOUND, "There is no such entry in the quarantine.");
    }
    if (input->quarantine.state != QUARANTINE_HELD) {
        return repeat(input, wanted);
    }
    input->result.id = input->quarantine.id;
    input->result.changed = true;
    return settle(input, QUARANTINE_PURGED, (struct uuid){{0}}, TIME_NONE, effects);
}

/*
 * Erasure: a person asks to be forgotten.
 *
 * What decides is here: an open handoff ends (nobody is to be called any more, and that is nobody's
 * fault, so its clocks are excused), the contact loses its name, the feed tells that it was erased.
 * What is wiped, table by table, is lib/store/sql/contact_erase.sql. The row stays, so that counts,
 * SLA results and channel figures stay what they were.
 *
 * An erased address stays suppressed: an import or an upsert that would make a contact of it is
 * refused. Its owner is not: a submission of theirs makes a new contact, which has nothing of the
 * old one, and from then on that contact may be written to like any other. So nothing has to be
 * lifted, and nobody who asks for a demo is dropped.
 */
#include "domain/change_internal.h"

/* ---- refusals ---- */

enum err_code refuse_erased(struct input *input)
{
    if (input->email_key.data == NULL) {
        return refuse(input, ERR_GONE, "This contact was erased.");
    }
    /* Found by its address, so erased a moment ago by the same batch. */
    return input->kind == INPUT_SUBMISSION ? ERR_CONFLICT : refuse_suppressed(input, "/email");
}

bool is_suppressed(const struct input *input)
{
    return input->suppression != SUPPRESSION_NONE && input->kind != INPUT_SUBMISSION;
}

static const char no_key[] = "This instance has no privacy key, or another one than the erasures "
                             "so far were made with. Give "
                             "it the right one in RELAIS_PRIVACY_KEY_FILE.";

enum err_code refuse_suppressed(struct input *input, const char *pointer)
{
    if (input->suppression == SUPPRESSION_UNKNOWN) {
        return refuse(input, ERR_CONFLICT, no_key);
    }
    return refuse_field(input, pointer, "suppressed",
                        "This person was erased on request: only they themselves can come back, by "
                        "a form.");
}

/* ---- erasing ---- */

static enum err_code add_erasure(struct uuid contact_id, struct input *input,
                                 struct effects *effects)
{
    struct erasure_row *row = EFFECT_ADD(effects, erasures);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct erasure_row){.contact_id = contact_id, .input = input};
    input->result.changed = true;
    input->result.id = contact_id;
    return OK;
}

static enum err_code end_handoff(struct contact *contact, const struct input *input,
                                 struct effects *effects)
{
    if (!contact_has_open_handoff(contact)) {
        return OK;
    }
    const struct str reason = STR_LITERAL("erased");
    enum err_code code = handoff_wake(contact, input, effects);
    contact->handoff.reason = reason;
    code = code != OK ? code : clocks_excuse(contact, "erased", effects);
    return code != OK ? code
                      : handoff_close(contact, input, HANDOFF_REJECTED, "erased", reason, effects);
}

static void forget(struct contact *contact, const struct effects *effects)
{
    contact_touch(contact, effects);
    contact->email = (struct str){.data = NULL};
    contact->attribute_count = 0;
    contact->consent_count = 0;
    contact->nurture_until_us = TIME_NONE;
    contact->score.is_dirty = false;
}

enum err_code change_erase(struct contact *contact, struct input *input, struct effects *effects)
{
    input->result.id = contact->contact_id;
    if (contact_is_erased(contact)) {
        return OK; /* the same again */
    }
    if (input->suppression == SUPPRESSION_UNKNOWN) {
        return refuse(input, ERR_CONFLICT, no_key);
    }
    enum err_code code = end_handoff(contact, input, effects);
    forget(contact, effects);
    code = code != OK ? code : add_erasure(contact->contact_id, input, effects);
    return code != OK ? code
                      : effects_event(effects, "contact.erased", contact,
                                      /* is_historical= */ false, /* fields= */ NULL, 0);
}

enum err_code change_erase_unknown(struct input *input, struct effects *effects)
{
    input->result = (struct input_result){.code = OK, .contact_id = input->contact_id};
    return input->suppression == SUPPRESSION_UNKNOWN
               ? refuse(input, ERR_CONFLICT, no_key)
               : add_erasure(input->contact_id, input, effects);
}

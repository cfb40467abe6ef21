/*
 * What all changes share: effect lists, events, stage transitions, attribute claims, consents.
 */
#include "domain/change_internal.h"

#include <assert.h>

#include "base/buf.h"

enum { EVENT_BYTES_MAX = 16384 };

void *effect_slot(struct arena *arena, void **items, size_t *count, size_t *capacity, size_t item_size)
{
    if (*count == *capacity) {
        const size_t wanted = *capacity == 0 ? 32 : *capacity * 2;
        void *grown = arena_array(arena, wanted, item_size);
        if (grown == NULL) {
            return NULL;
        }
        if (*count > 0) {
            memcpy(grown, *items, *count * item_size);
        }
        *items = grown;
        *capacity = wanted;
    }
    return (char *)*items + (*count)++ * item_size;
}

enum err_code refuse(struct input *input, enum err_code code, const char *detail)
{
    input->result.code = code;
    input->result.detail = detail;
    return OK;
}

/* ---- events ---- */

static void write_event_field(struct json_writer *json, const struct event_field *field)
{
    switch (field->kind) {
    case EVENT_TEXT:
        if (field->text.data != NULL) {
            JSON_FIELD(json, field->name, json_str, field->text);
        }
        break;
    case EVENT_UUID:
        if (!uuid_is_nil(field->uuid)) {
            JSON_FIELD(json, field->name, json_uuid, field->uuid);
        }
        break;
    case EVENT_TIME:
        if (field->number != TIME_NONE) {
            JSON_FIELD(json, field->name, json_time, field->number);
        }
        break;
    case EVENT_BOOL:
        JSON_FIELD(json, field->name, json_bool, field->number != 0);
        break;
    case EVENT_INT:
        JSON_FIELD(json, field->name, json_int, field->number);
        break;
    case EVENT_RAW:
        JSON_FIELD(json, field->name, json_raw, field->text);
        break;
    }
}

enum err_code effects_event(struct effects *effects, const char *type, const struct contact *contact,
                            bool is_historical, const struct event_field *fields, size_t count)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, EVENT_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_object_begin(&json);
    for (size_t i = 0; i < count; i++) {
        write_event_field(&json, &fields[i]);
    }
    if (is_historical) {
        JSON_FIELD(&json, "historical", json_bool, true);
    }
    json_object_end(&json);
    struct event_row *row = EFFECT_ADD(effects, events);
    if (row == NULL || buf.failed) {
        return ERR_NOMEM;
    }
    *row = (struct event_row){
        .type = type,
        .contact_id = contact->contact_id,
        .at_us = effects->now_us,
        .data = arena_str(effects->arena, buf_str(&buf)),
    };
    return row->data.data != NULL ? OK : ERR_NOMEM;
}

enum err_code handoff_event(struct effects *effects, const char *type, const struct contact *contact,
                            const struct input *input, struct str reason)
{
    const struct handoff *handoff = &contact->handoff;
    char assignee[UUID_TEXT_BYTES];
    const struct str shown = uuid_is_nil(handoff->assignee)
                                 ? STR_LITERAL("null")
                                 : str_from(arena_printf(effects->arena, "\"%s\"",
                                                         uuid_format(handoff->assignee, assignee)));
    return EFFECTS_EVENT(effects, type, contact, input->is_historical,
                         EVENT_FIELD_UUID("handoff_id", handoff->handoff_id),
                         EVENT_FIELD_TEXT("state", str_from(handoff_state_names[handoff->state])),
                         EVENT_FIELD_RAW("assignee", shown),
                         EVENT_FIELD_TEXT("actor", input->actor.text),
                         EVENT_FIELD_TEXT("reason", reason));
}

/* ---- contacts ---- */

void contact_touch(struct contact *contact, const struct effects *effects)
{
    if (!contact->is_dirty && !contact->is_new) {
        contact->version++;
    }
    contact->is_dirty = true;
    contact->updated_at_us = effects->now_us;
}

enum err_code contact_begin(struct contact *contact, struct uuid contact_id, const struct input *input,
                            struct effects *effects)
{
    int32_t version;
    const struct model *model = catalog_active_model(effects->catalog, &version);
    const int64_t occurred_at_us = input->activity.occurred_at_us;
    *contact = (struct contact){
        .contact_id = contact_id,
        .email = arena_str(effects->arena, input->email),
        .nurture_until_us = TIME_NONE,
        .released_at_us = TIME_NONE,
        .version = 1,
        .created_at_us =
            input->is_historical && occurred_at_us != TIME_NONE ? occurred_at_us : effects->now_us,
        .updated_at_us = effects->now_us,
        .score = {.model = version},
        .is_new = true,
    };
    interest_init(model, &contact->score.interest);
    contact->history.is_loaded = true; /* it has none */
    return contact->email.data != NULL ? OK : ERR_NOMEM;
}

enum err_code contact_set_stage(struct contact *contact, const struct input *input,
                                const struct transition *transition, struct effects *effects)
{
    struct stage_row *row = EFFECT_ADD(effects, stages);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    const bool has_from = !(contact->is_new && !contact->is_dirty);
    *row = (struct stage_row){
        .contact_id = contact->contact_id,
        .at_us = transition->at_us != TIME_NONE ? transition->at_us : effects->now_us,
        .has_from = has_from,
        .from = contact->stage,
        .to = transition->to,
        .actor = input->actor.text,
        .reason = transition->reason,
        .note = transition->note,
        .handoff_id = transition->handoff_id,
        .is_implied = transition->is_implied,
        .is_historical = input->is_historical,
    };
    const enum stage from = contact->stage;
    contact_touch(contact, effects);
    contact->stage = transition->to;
    if (transition->to != STAGE_DISQUALIFIED && transition->to > contact->reached) {
        contact->reached = transition->to;
    }
    if (transition->is_silent) {
        return OK;
    }
    return EFFECTS_EVENT(
        effects, "contact.stage_changed", contact, input->is_historical,
        EVENT_FIELD_RAW("from", has_from ? str_from(arena_printf(effects->arena, "\"%s\"", stage_names[from]))
                                         : STR_LITERAL("null")),
        EVENT_FIELD_TEXT("to", str_from(stage_names[transition->to])),
        EVENT_FIELD_TEXT("reason", transition->reason), EVENT_FIELD_TEXT("actor", input->actor.text),
        EVENT_FIELD_UUID("handoff_id", transition->handoff_id));
}

/* ---- claims ---- */

static bool is_same_value(const struct attribute *a, const struct attribute *b)
{
    return a->kind == b->kind && a->boolean == b->boolean && str_eq(a->text, b->text);
}

static bool is_empty(const struct attribute *claim)
{
    return claim->kind == ATTRIBUTE_IS_NULL || (claim->kind == ATTRIBUTE_IS_TEXT && claim->text.len == 0);
}

static bool may_overwrite(const struct attribute *known, enum attribute_source source, int64_t at_us)
{
    return source > known->source || (source == known->source && at_us >= known->at_us);
}

static void remove_attribute(struct contact *contact, const struct attribute *known)
{
    const size_t index = (size_t)(known - contact->attributes);
    memmove(&contact->attributes[index], &contact->attributes[index + 1],
            (contact->attribute_count - index - 1) * sizeof *contact->attributes);
    contact->attribute_count--;
}

/* True when the contact changed. The slot keeps its own copy of what the request holds. */
static enum err_code claim_one(struct contact *contact, const struct attribute *claim,
                               enum attribute_source source, int64_t at_us, struct arena *arena,
                               bool *ret_changed)
{
    *ret_changed = false;
    struct attribute *known =
        (struct attribute *)(uintptr_t)contact_attribute(contact, claim->name);
    if (known != NULL && !may_overwrite(known, source, at_us)) {
        return OK;
    }
    if (is_empty(claim)) {
        if (known != NULL && claim->kind == ATTRIBUTE_IS_NULL && source >= SOURCE_CRM) {
            remove_attribute(contact, known);
            *ret_changed = true;
        }
        return OK;
    }
    if (known != NULL && is_same_value(known, claim)) {
        /* A higher source confirms it: from now on a lower one cannot change it. */
        *ret_changed = source > known->source;
        known->source = source;
        return OK;
    }
    if (known == NULL) {
        known = contact_add_attribute(contact, arena);
        if (known == NULL) {
            return contact->attribute_count >= ATTRIBUTES_MAX ? OK : ERR_NOMEM;
        }
        known->name = arena_str(arena, claim->name);
    }
    known->kind = claim->kind;
    known->boolean = claim->boolean;
    known->text = claim->text.data != NULL ? arena_str(arena, claim->text) : (struct str){0};
    known->source = source;
    known->at_us = at_us;
    *ret_changed = true;
    return known->name.data != NULL && (claim->text.data == NULL || known->text.data != NULL) ? OK
                                                                                              : ERR_NOMEM;
}

enum err_code contact_claim(struct contact *contact, const struct input *input, int64_t at_us,
                            struct effects *effects, struct str changed[], size_t *ret_changed)
{
    size_t count = 0;
    for (size_t i = 0; i < input->attribute_count; i++) {
        bool has_changed;
        const enum err_code code = claim_one(contact, &input->attributes[i], input->source, at_us,
                                             effects->arena, &has_changed);
        if (code != OK) {
            return code;
        }
        if (has_changed && count < ATTRIBUTES_MAX) {
            changed[count++] = input->attributes[i].name;
        }
    }
    if (count > 0) {
        contact_touch(contact, effects);
    }
    *ret_changed = count;
    return OK;
}

enum err_code contact_updated_event(struct contact *contact, const struct input *input,
                                    const struct str changed[], size_t count, struct effects *effects)
{
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, EVENT_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_array_begin(&json);
    for (size_t i = 0; i < count; i++) {
        json_str(&json, changed[i]);
    }
    json_array_end(&json);
    const struct str fields = arena_str(effects->arena, buf_str(&buf));
    if (buf.failed || fields.data == NULL) {
        return ERR_NOMEM;
    }
    return EFFECTS_EVENT(effects, "contact.updated", contact, input->is_historical,
                         EVENT_FIELD_RAW("fields", fields));
}

/* ---- consents ---- */

static struct consent *consent_of(struct contact *contact, struct str purpose)
{
    for (size_t i = 0; i < contact->consent_count; i++) {
        if (str_eq(contact->consents[i].purpose, purpose)) {
            return &contact->consents[i];
        }
    }
    return NULL;
}

static enum err_code record_consent(struct contact *contact, const struct input *input,
                                    const struct consent *said, struct effects *effects)
{
    struct consent *known = consent_of(contact, said->purpose);
    /* A box left empty on a form refuses nothing that was never given. */
    const bool is_objection =
        !said->is_granted && (input->source != SOURCE_FORM || (known != NULL && known->is_granted));
    if (known != NULL && known->is_granted == said->is_granted && known->is_objection == is_objection) {
        return OK;
    }
    if (known != NULL && known->is_objection && !said->is_granted) {
        return OK; /* stays an objection */
    }
    if (known == NULL) {
        known = contact_add_consent(contact, effects->arena);
        if (known == NULL) {
            return contact->consent_count >= CONSENTS_MAX ? OK : ERR_NOMEM;
        }
        known->purpose = arena_str(effects->arena, said->purpose);
    }
    known->is_granted = said->is_granted;
    known->is_objection = is_objection;
    known->at_us = effects->now_us;
    struct consent_row *row = EFFECT_ADD(effects, consents);
    if (row == NULL || known->purpose.data == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct consent_row){
        .contact_id = contact->contact_id,
        .id = uuid_new(effects->now_us),
        .at_us = effects->now_us,
        .purpose = known->purpose,
        .is_granted = said->is_granted,
        .text = input->consent_text,
        .source = input->actor.text,
        .activity_id = input->activity.id,
    };
    contact_touch(contact, effects);
    return OK;
}

enum err_code contact_consent(struct contact *contact, const struct input *input, struct effects *effects,
                              bool *ret_is_granting)
{
    *ret_is_granting = false;
    for (size_t i = 0; i < input->consent_count; i++) {
        *ret_is_granting = *ret_is_granting || input->consents[i].is_granted;
        const enum err_code code = record_consent(contact, input, &input->consents[i], effects);
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

/* ---- the one function ---- */

bool change_needs_history(const struct contact *contact, const struct input *input,
                          const struct catalog *catalog, int64_t now_us, size_t inputs_in_batch)
{
    int32_t version;
    (void)catalog_active_model(catalog, &version);
    if (input->kind == INPUT_MERGE || !contact->score.exists) {
        return true;
    }
    if (input->kind != INPUT_SUBMISSION && input->kind != INPUT_ACTIVITY) {
        return false;
    }
    const int64_t occurred_at_us = input->activity.occurred_at_us;
    if (occurred_at_us != TIME_NONE) {
        return inputs_in_batch > 1 || !interest_is_later(&contact->score.interest, occurred_at_us);
    }
    /* Ours to choose: a millisecond later each, as long as that is not far in the future. */
    return contact->score.interest.at_us != TIME_NONE &&
           contact->score.interest.at_us > now_us + US_PER_SECOND;
}

enum err_code change_decide(struct contact *contact, struct contact *other, struct input *input,
                            struct effects *effects)
{
    input->result = (struct input_result){
        .code = OK,
        .contact_id = contact->contact_id,
        .received_at_us = effects->now_us,
    };
    if (input->if_version != 0 && input->if_version != contact->version) {
        return refuse(input, ERR_STALE, "It was changed meanwhile: read it again.");
    }
    switch (input->kind) {
    case INPUT_SUBMISSION:
    case INPUT_ACTIVITY:
        return change_submission(contact, input, effects);
    case INPUT_UPSERT:
        return change_upsert(contact, input, effects);
    case INPUT_PATCH:
        return change_patch(contact, input, effects);
    case INPUT_MERGE:
        return change_merge(contact, other, input, effects);
    case INPUT_HANDOFF:
        return change_handoff(contact, input, effects);
    case INPUT_MOVE:
        return change_move(contact, input, effects);
    case INPUT_DECISION:
        return change_decision(contact, input, effects);
    case INPUT_REQUALIFY:
        return change_requalify(contact, input, effects);
    case INPUT_DEAL:
        return change_deal(contact, input, effects);
    case INPUT_KIND_COUNT_:
        break;
    }
    assert(!"an input of unknown kind");
    return ERR_BUG;
}

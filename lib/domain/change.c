/*
 * What all changes share: effect lists, events, stage transitions, attribute claims.
 */
#include "domain/change_internal.h"

#include <assert.h>

#include "base/json_document.h"

enum { EVENT_BYTES_MAX = 16384 };

void *effect_slot(struct arena *arena, void **items, size_t *count, size_t *capacity,
                  size_t item_size)
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

enum err_code refuse_field(struct input *input, const char *pointer, const char *fault_code,
                           const char *detail)
{
    struct faults *faults = arena_alloc(input->arena, sizeof *faults);
    if (faults == NULL) {
        return ERR_NOMEM;
    }
    faults_init(faults, input->arena);
    faults_add(faults, pointer, fault_code, "%s", detail);
    input->result.faults = faults;
    return refuse(input, ERR_INVALID, detail);
}

/* ---- events ---- */

static bool is_absent(const struct event_field *field)
{
    switch (field->kind) {
    case EVENT_TEXT:
    case EVENT_RAW:
        return field->text.data == NULL;
    case EVENT_UUID:
        return uuid_is_nil(field->uuid);
    case EVENT_TIME:
        return field->number == TIME_NONE;
    case EVENT_BOOL:
    case EVENT_INT:
        break;
    }
    return false;
}

static void write_event_field(struct json_writer *json, const struct event_field *field)
{
    if (field->is_optional && is_absent(field)) {
        return;
    }
    json_key(json, field->name);
    switch (field->kind) {
    case EVENT_TEXT:
        json_str(json, field->text);
        break;
    case EVENT_UUID:
        json_uuid(json, field->uuid);
        break;
    case EVENT_TIME:
        json_time(json, field->number);
        break;
    case EVENT_BOOL:
        json_bool(json, field->number != 0);
        break;
    case EVENT_INT:
        json_int(json, field->number);
        break;
    case EVENT_RAW:
        json_raw(json, field->text);
        break;
    }
}

enum err_code effects_event(struct effects *effects, const char *type,
                            const struct contact *contact, bool is_historical,
                            const struct event_field *fields, size_t count)
{
    struct json_document document;
    struct json_writer *json = json_document_begin(&document, EVENT_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        write_event_field(json, &fields[i]);
    }
    if (is_historical) {
        JSON_FIELD(json, "historical", json_bool, true);
    }
    const struct str data = json_document_end(&document, effects->arena);
    struct event_row *row = data.data != NULL ? EFFECT_ADD(effects, events) : NULL;
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct event_row){
        .type = type,
        .contact_id = contact->contact_id,
        .at_us = effects->now_us,
        .data = data,
    };
    return OK;
}

enum err_code handoff_event(struct effects *effects, const char *type,
                            const struct contact *contact, const struct input *input,
                            struct str actor, struct str code)
{
    const struct handoff *handoff = &contact->handoff;
    return EFFECTS_EVENT(effects, type, contact, input->is_historical,
                         event_uuid("handoff_id", handoff->handoff_id),
                         event_word("state", handoff_state_names[handoff->state]),
                         event_uuid("assignee", handoff->assignee), event_text("actor", actor),
                         event_optional(event_text("reason", code)));
}

/* ---- contacts ---- */

void contact_touch(struct contact *contact, const struct effects *effects)
{
    if (!contact->is_touched) {
        contact->version++;
    }
    contact->is_touched = true;
    contact->is_dirty = true;
    contact->updated_at_us = effects->now_us;
}

void handoff_touch(struct handoff *handoff, const struct effects *effects)
{
    if (!handoff->is_touched) {
        handoff->version++;
    }
    handoff->is_touched = true;
    handoff->is_dirty = true;
    handoff->updated_at_us = effects->now_us;
}

/* When what the input tells came to pass: history has its own times, the rest is new to us now. A
 * deal was won when it was won. */
static int64_t happened_at_us(const struct input *input, const struct effects *effects)
{
    int64_t at_us = TIME_NONE;
    if (input->kind == INPUT_DEAL) {
        at_us = input->deal.won_at_us;
    } else if (input->is_historical) {
        at_us = input->activity.occurred_at_us;
    }
    return at_us != TIME_NONE ? interest_instant_us(at_us) : effects->now_us;
}

enum err_code contact_begin(struct contact *contact, struct uuid contact_id,
                            const struct input *input, struct effects *effects)
{
    int32_t version;
    const struct model *model = catalog_active_model(effects->catalog, &version);
    *contact = (struct contact){
        .contact_id = contact_id,
        .email = arena_str(effects->arena, input->email),
        .nurture_until_us = TIME_NONE,
        .released_at_us = TIME_NONE,
        .created_at_us = input->is_historical ? happened_at_us(input, effects) : effects->now_us,
        .updated_at_us = effects->now_us,
        .score = {.model = version},
        .is_new = true,
    };
    interest_init(model, &contact->score.interest);
    contact->history.is_loaded = true; /* it has none */
    return contact->email.data != NULL ? OK : ERR_NOMEM;
}

static struct str actor_of(const struct transition *transition, const struct input *input)
{
    return transition->actor.data != NULL ? transition->actor : input->actor.text;
}

enum err_code contact_enter(struct contact *contact, const struct input *input,
                            const struct transition *transition, struct effects *effects)
{
    struct stage_row *row = EFFECT_ADD(effects, stages);
    if (row == NULL) {
        return ERR_NOMEM;
    }
    *row = (struct stage_row){
        .contact_id = contact->contact_id,
        .at_us = happened_at_us(input, effects),
        .has_from = !contact_is_unmade(contact),
        .from = contact->stage,
        .to = transition->to,
        .actor = actor_of(transition, input),
        .reason = transition->reason,
        .note = transition->note,
        .handoff_id = transition->handoff_id,
        .is_implied = transition->is_implied,
        .is_historical = input->is_historical,
    };
    contact_touch(contact, effects);
    contact->stage = transition->to;
    if (transition->to != STAGE_DISQUALIFIED && transition->to > contact->reached) {
        contact->reached = transition->to;
    }
    return OK;
}

enum err_code contact_tell_stage(const struct contact *contact, const struct input *input,
                                 const char *from, const struct transition *transition,
                                 struct effects *effects)
{
    return EFFECTS_EVENT(effects, "contact.stage_changed", contact, input->is_historical,
                         event_word("from", from), event_word("to", stage_names[contact->stage]),
                         event_optional(event_text("reason", transition->code)),
                         event_text("actor", actor_of(transition, input)),
                         event_optional(event_uuid("handoff_id", transition->handoff_id)));
}

enum err_code contact_set_stage(struct contact *contact, const struct input *input,
                                const struct transition *transition, struct effects *effects)
{
    const char *from = contact_is_unmade(contact) ? NULL : stage_names[contact->stage];
    const enum err_code code = contact_enter(contact, input, transition, effects);
    return code != OK ? code : contact_tell_stage(contact, input, from, transition, effects);
}

enum err_code contact_tell_created(const struct contact *contact, const struct input *input,
                                   struct effects *effects)
{
    const enum err_code code = effects_event(effects, "contact.created", contact,
                                             input->is_historical, /* fields= */ NULL, 0);
    if (code != OK || contact->stage == STAGE_CONTACT) {
        return code;
    }
    return contact_tell_stage(contact, input, /* from= */ NULL,
                              &(struct transition){.to = contact->stage}, effects);
}

/* ---- claims ---- */

void changed_add(struct changed_names *changed, struct str name)
{
    for (size_t i = 0; i < changed->count; i++) {
        if (str_eq(changed->names[i], name)) {
            return;
        }
    }
    if (changed->count < ARRAY_LEN(changed->names)) {
        changed->names[changed->count++] = name;
    }
}

/* Numbers by their value: what was stored as 12.50 is read back as 12.5. */
static bool is_same_value(const struct attribute *a, const struct attribute *b)
{
    double left;
    double right;
    if (a->kind == ATTRIBUTE_IS_NUMBER && b->kind == ATTRIBUTE_IS_NUMBER &&
        str_to_double(a->text, &left) && str_to_double(b->text, &right)) {
        return left == right;
    }
    return a->kind == b->kind && a->boolean == b->boolean && str_eq(a->text, b->text);
}

static bool is_empty(const struct attribute *claim)
{
    return claim->kind == ATTRIBUTE_IS_NULL ||
           (claim->kind == ATTRIBUTE_IS_TEXT && str_trim(claim->text).len == 0);
}

static bool may_overwrite(const struct attribute *known, const struct attribute *claim)
{
    const bool was_form = known->source == SOURCE_FORM;
    const bool is_form = claim->source == SOURCE_FORM;
    return was_form == is_form ? claim->at_us >= known->at_us : was_form;
}

static void remove_attribute(struct contact *contact, const struct attribute *known)
{
    const size_t index = (size_t)(known - contact->attributes);
    memmove(&contact->attributes[index], &contact->attributes[index + 1],
            (contact->attribute_count - index - 1) * sizeof *contact->attributes);
    contact->attribute_count--;
}

/* The slot gets its own copy of what the request holds. */
static enum err_code keep_claim(struct attribute *slot, const struct attribute *claim,
                                struct arena *arena)
{
    const bool has_text = claim->kind == ATTRIBUTE_IS_TEXT || claim->kind == ATTRIBUTE_IS_NUMBER;
    const struct str name = slot->name.data != NULL ? slot->name : arena_str(arena, claim->name);
    *slot = *claim;
    slot->name = name;
    slot->text = has_text ? arena_str(arena, claim->text) : (struct str){0};
    return name.data != NULL && (!has_text || slot->text.data != NULL) ? OK : ERR_NOMEM;
}

/* Said again: nothing is new but who said it, or when. Only the former changes what may happen
 * next, so only that is a change of the record. */
static bool confirm(struct attribute *known, const struct attribute *claim)
{
    const bool is_stronger = known->source == SOURCE_FORM && claim->source != SOURCE_FORM;
    known->source = is_stronger ? claim->source : known->source;
    known->at_us = claim->at_us;
    return is_stronger;
}

enum err_code contact_claim_one(struct contact *contact, const struct attribute *claim,
                                bool removes, struct effects *effects,
                                struct changed_names *changed)
{
    struct attribute *known =
        (struct attribute *)(uintptr_t)contact_attribute(contact, claim->name);
    if ((known != NULL && !may_overwrite(known, claim)) ||
        (is_empty(claim) && (!removes || known == NULL))) {
        return OK;
    }
    enum err_code code = OK;
    if (is_empty(claim)) {
        remove_attribute(contact, known);
    } else if (known != NULL && is_same_value(known, claim)) {
        if (confirm(known, claim)) {
            contact_touch(contact, effects);
        }
        return OK;
    } else if (known == NULL && contact->attribute_count == ATTRIBUTES_MAX) {
        return OK;
    } else {
        known = known != NULL ? known : contact_add_attribute(contact, effects->arena);
        code = known != NULL ? keep_claim(known, claim, effects->arena) : ERR_NOMEM;
    }
    contact_touch(contact, effects);
    changed_add(changed, claim->name);
    return code;
}

enum err_code contact_claim(struct contact *contact, const struct input *input, int64_t at_us,
                            struct effects *effects, struct changed_names *changed)
{
    for (size_t i = 0; i < input->attribute_count; i++) {
        struct attribute claim = input->attributes[i];
        claim.source = input->source;
        claim.at_us = at_us;
        const enum err_code code = contact_claim_one(
            contact, &claim, /* removes= */ input->kind == INPUT_PATCH, effects, changed);
        if (code != OK) {
            return code;
        }
    }
    return OK;
}

bool contact_has_room(const struct contact *contact, const struct attribute claims[], size_t count)
{
    size_t total = contact->attribute_count;
    for (size_t i = 0; i < count && total + count - i > ATTRIBUTES_MAX; i++) {
        total += !is_empty(&claims[i]) && contact_attribute(contact, claims[i].name) == NULL;
        if (total > ATTRIBUTES_MAX) {
            return false;
        }
    }
    return true;
}

/* A form takes any field, from anybody: a name that nobody has declared may be anything, so only
 * that there was one is told. */
static struct str told_name(struct str name, const struct input *input,
                            const struct catalog *catalog)
{
    static const char *const own[] = {"channel", "email", "consents", NULL};
    const bool is_ours = input->source != SOURCE_FORM || name_index(own, name) >= 0 ||
                         catalog_attribute(catalog, name) != NULL;
    return is_ours ? name : STR_LITERAL("attributes");
}

enum err_code contact_tell_updated(const struct contact *contact, const struct input *input,
                                   const struct changed_names *changed, struct effects *effects)
{
    if (changed->count == 0) {
        return OK;
    }
    struct changed_names told = {.count = 0};
    for (size_t i = 0; i < changed->count; i++) {
        changed_add(&told, told_name(changed->names[i], input, effects->catalog));
    }
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, EVENT_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_array_begin(&json);
    for (size_t i = 0; i < told.count; i++) {
        json_str(&json, told.names[i]);
    }
    json_array_end(&json);
    return buf.failed ? ERR_NOMEM
                      : EFFECTS_EVENT(effects, "contact.updated", contact, input->is_historical,
                                      event_raw("fields", buf_str(&buf)));
}

/* ---- the one function ---- */

/* Whether the input looks at the score: takes evidence, or shows it to sales. */
static bool looks_at_score(enum input_kind kind)
{
    switch (kind) {
    case INPUT_SUBMISSION:
    case INPUT_ACTIVITY:
    case INPUT_UPSERT:
    case INPUT_PATCH:
    case INPUT_MERGE:
    case INPUT_HANDOFF:
    case INPUT_DECISION:
        return true;
    case INPUT_MOVE:
    case INPUT_REQUALIFY:
    case INPUT_DEAL:
    case INPUT_PURGE:
    case INPUT_CONSENT:
    case INPUT_ERASE:
    case INPUT_KIND_COUNT_:
        break;
    }
    return false;
}

/* Whether an event at this time comes after all that the contact's score will have seen by then. */
static bool is_in_order(struct contact *contact, const struct input *input, int64_t now_us)
{
    const int64_t occurred_at_us = input->activity.occurred_at_us;
    const int64_t stored_us = contact->score.interest.at_us;
    const int64_t last_us = stored_us > contact->foreseen_at_us ? stored_us
                                                                : contact->foreseen_at_us;
    if (occurred_at_us == TIME_NONE) {
        /* Ours to choose: a millisecond later each, as long as that is not far ahead of when it
         * came. */
        contact->is_foreseen_now = true;
        return last_us == TIME_NONE || last_us <= input_came_at_us(input, now_us) + US_PER_SECOND;
    }
    const int64_t instant_us = interest_instant_us(occurred_at_us);
    const bool is_later = !contact->is_foreseen_now && instant_us > last_us;
    contact->foreseen_at_us = instant_us > last_us ? instant_us : last_us;
    return is_later;
}

bool change_needs_history(struct contact *contact, const struct input *input,
                          const struct catalog *catalog, int64_t now_us)
{
    int32_t version;
    (void)catalog_active_model(catalog, &version);
    const bool has_score = contact->score.exists && contact->score.model == version;
    if (input->kind == INPUT_MERGE || (!has_score && looks_at_score(input->kind))) {
        return true;
    }
    const bool is_event = input->kind == INPUT_SUBMISSION || input->kind == INPUT_ACTIVITY;
    return is_event && !is_in_order(contact, input, now_us);
}

static enum err_code decide(struct contact *contact, struct contact *other, struct input *input,
                            struct effects *effects)
{
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
    case INPUT_CONSENT:
        return change_consent(contact, input, effects);
    case INPUT_ERASE:
        return change_erase(contact, input, effects);
    case INPUT_PURGE:
    case INPUT_KIND_COUNT_:
        break;
    }
    return ERR_BUG;
}

static void begin_input(struct contact *contact)
{
    contact->is_touched = false;
    contact->handoff.is_touched = false;
}

enum err_code change_decide(struct contact *contact, struct contact *other, struct input *input,
                            struct effects *effects)
{
    input->result = (struct input_result){
        .code = OK,
        .contact_id = contact != NULL ? contact->contact_id : (struct uuid){{0}},
        .received_at_us = input_came_at_us(input, effects->now_us),
    };
    if (!change_needs_contact(input)) {
        return change_quarantine(input, effects);
    }
    assert(contact != NULL);
    if (!uuid_is_nil(contact->merged_into)) {
        return ERR_BUG;
    }
    if (contact_is_erased(contact)) { /* erasing it again is the same again, of whatever version */
        return input->kind == INPUT_ERASE ? change_erase(contact, input, effects)
                                          : refuse_erased(input);
    }
    if (contact_is_unmade(contact) && is_suppressed(input)) {
        return refuse_suppressed(input, "/email");
    }
    if (input->if_version != 0 && input->if_version != contact->version) {
        return refuse(input, ERR_STALE, "It was changed meanwhile: read it again.");
    }
    begin_input(contact);
    if (other != NULL) {
        begin_input(other);
    }
    return decide(contact, other, input, effects);
}

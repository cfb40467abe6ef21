#include "domain/contact.h"

#include <stdio.h>

#include "base/sha256.h"
#include "domain/free_mail.h"
#include "schema/json.h"

const char *const attribute_source_names[] = {"form", "import", "crm", "person", NULL};

/* ---- attributes ---- */

static bool grow(void *items_pointer, size_t *capacity, size_t count, size_t item_size,
                 size_t limit, struct arena *arena)
{
    void **items = items_pointer;
    if (count < *capacity) {
        return true;
    }
    if (count >= limit) {
        return false;
    }
    /* Most contacts have a few of each: about a kilobyte at first. */
    const size_t first = item_size < 64 ? 16 : 6;
    const size_t wanted = *capacity == 0 ? first : *capacity * 2;
    void *grown = arena_array(arena, wanted, item_size);
    if (grown == NULL) {
        return false;
    }
    if (count > 0) {
        memcpy(grown, *items, count * item_size);
    }
    *items = grown;
    *capacity = wanted;
    return true;
}

struct attribute *contact_add_attribute(struct contact *contact, struct arena *arena)
{
    if (!grow(&contact->attributes, &contact->attribute_capacity, contact->attribute_count,
              sizeof *contact->attributes, ATTRIBUTES_MAX, arena)) {
        return NULL;
    }
    struct attribute *attribute = &contact->attributes[contact->attribute_count++];
    *attribute = (struct attribute){.kind = ATTRIBUTE_IS_NULL}; /* one was there, maybe */
    return attribute;
}

struct consent *contact_add_consent(struct contact *contact, struct arena *arena)
{
    if (!grow(&contact->consents, &contact->consent_capacity, contact->consent_count,
              sizeof *contact->consents, CONSENTS_MAX, arena)) {
        return NULL;
    }
    struct consent *consent = &contact->consents[contact->consent_count++];
    *consent = (struct consent){.is_granted = false};
    return consent;
}

char *consent_version(struct str text, char out[static CONSENT_VERSION_BYTES])
{
    char digits[2 * SHA256_BYTES + 1];
    const struct sha256 hash = sha256_of(text);
    memcpy(out, sha256_format(&hash, digits), CONSENT_VERSION_BYTES - 1);
    out[CONSENT_VERSION_BYTES - 1] = '\0';
    return out;
}

struct consent *contact_consent_to(const struct contact *contact, struct str purpose)
{
    for (size_t i = 0; i < contact->consent_count; i++) {
        if (str_eq(contact->consents[i].purpose, purpose)) {
            return &contact->consents[i];
        }
    }
    return NULL;
}

const struct attribute *contact_attribute(const struct contact *contact, struct str name)
{
    for (size_t i = 0; i < contact->attribute_count; i++) {
        if (str_eq(contact->attributes[i].name, name)) {
            return &contact->attributes[i];
        }
    }
    return NULL;
}

bool attribute_from_json(struct str name, const json_t *value, struct arena *arena,
                         struct attribute *ret_attribute)
{
    struct attribute attribute = {.name = name, .at_us = TIME_NONE};
    switch (json_typeof(value)) {
    case JSON_STRING:
        attribute.kind = ATTRIBUTE_IS_TEXT;
        attribute.text = json_str_of(value);
        break;
    case JSON_INTEGER:
        attribute.kind = ATTRIBUTE_IS_NUMBER;
        attribute.text =
            str_from(arena_printf(arena, "%lld", (long long)json_integer_value(value)));
        break;
    case JSON_REAL: {
        char text[32];
        const size_t len = json_format_real(json_real_value(value), text);
        attribute.kind = ATTRIBUTE_IS_NUMBER;
        attribute.text = arena_str(arena, str_slice(text, len));
        break;
    }
    case JSON_TRUE:
    case JSON_FALSE:
        attribute.kind = ATTRIBUTE_IS_BOOLEAN;
        attribute.boolean = json_is_true(value);
        break;
    case JSON_NULL:
        attribute.kind = ATTRIBUTE_IS_NULL;
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        return false;
    }
    *ret_attribute = attribute;
    return true;
}

/* The tree goes away, the contact stays: what it needs is copied. */
static enum err_code copy_attribute(struct contact *contact, struct str name, const json_t *value,
                                    const json_t *source, struct arena *arena)
{
    if (contact->attribute_count == ATTRIBUTES_MAX) {
        return ERR_STORE;
    }
    struct attribute *attribute = contact_add_attribute(contact, arena);
    if (attribute == NULL) {
        return ERR_NOMEM;
    }
    if (!attribute_from_json(arena_str(arena, name), value, arena, attribute)) {
        return ERR_STORE;
    }
    if (attribute->kind == ATTRIBUTE_IS_TEXT) {
        attribute->text = arena_str(arena, attribute->text);
    }
    const int rank = name_index(attribute_source_names, json_str_of(json_array_get(source, 0)));
    attribute->source = rank >= 0 ? (enum attribute_source)rank : SOURCE_FORM;
    attribute->at_us = json_integer_value(json_array_get(source, 1)) * US_PER_MS;
    const bool has_text = attribute->kind == ATTRIBUTE_IS_TEXT ||
                          attribute->kind == ATTRIBUTE_IS_NUMBER;
    return attribute->name.data != NULL && (!has_text || attribute->text.data != NULL) ? OK
                                                                                       : ERR_NOMEM;
}

enum err_code contact_read_attributes(struct contact *contact, struct str attributes,
                                      struct str sources, struct arena *arena, struct err *reterr)
{
    json_auto_t *values = NULL;
    json_auto_t *origins = NULL;
    enum err_code code = json_parse(attributes, &values, reterr);
    if (code == OK && sources.data != NULL) {
        code = json_parse(sources, &origins, reterr);
    }
    if (code != OK) {
        return code == ERR_NOMEM
                   ? code
                   : err_set(reterr, ERR_STORE, "A contact's attributes are damaged.");
    }
    const char *name;
    json_t *value;
    json_object_foreach(values, name, value)
    {
        code =
            copy_attribute(contact, str_from(name), value, json_object_get(origins, name), arena);
        if (code != OK) {
            return err_set(reterr, code, "A contact's attributes cannot be read.");
        }
    }
    return OK;
}

enum err_code contact_read_consents(struct contact *contact, struct str consents,
                                    struct arena *arena, struct err *reterr)
{
    if (str_is(consents, "{}")) { /* most have none: nothing to read then */
        return OK;
    }
    json_auto_t *root = NULL;
    const enum err_code code = json_parse(consents, &root, reterr);
    if (code != OK) {
        return code == ERR_NOMEM ? code
                                 : err_set(reterr, ERR_STORE, "A contact's consents are damaged.");
    }
    const char *purpose;
    json_t *value;
    json_object_foreach(root, purpose, value)
    {
        struct consent *consent = contact_add_consent(contact, arena);
        if (consent != NULL) {
            consent->purpose = arena_str(arena, str_from(purpose));
        }
        if (consent == NULL || consent->purpose.data == NULL) {
            return err_set(reterr, ERR_NOMEM, "Out of memory for consents.");
        }
        const struct str version = json_str_of(json_object_get(value, "version"));
        if (version.data != NULL) {
            consent->text_version = arena_str(arena, version);
            if (consent->text_version.data == NULL) {
                return err_set(reterr, ERR_NOMEM, "Out of memory for consents.");
            }
        }
        consent->is_granted = json_is_true(json_object_get(value, "granted"));
        consent->is_objection = json_is_true(json_object_get(value, "objection"));
        if (!time_parse(json_str_of(json_object_get(value, "at")), &consent->at_us)) {
            consent->at_us = TIME_NONE;
        }
    }
    return OK;
}

void attribute_write(struct json_writer *json, const struct attribute *attribute)
{
    if (attribute == NULL) {
        json_nil(json);
        return;
    }
    switch (attribute->kind) {
    case ATTRIBUTE_IS_NULL:
        json_nil(json);
        break;
    case ATTRIBUTE_IS_TEXT:
        json_str(json, attribute->text);
        break;
    case ATTRIBUTE_IS_NUMBER:
        json_raw(json, attribute->text);
        break;
    case ATTRIBUTE_IS_BOOLEAN:
        json_bool(json, attribute->boolean);
        break;
    }
}

void contact_write_attributes(struct json_writer *json, const struct contact *contact)
{
    json_object_begin(json);
    for (size_t i = 0; i < contact->attribute_count; i++) {
        json_key_str(json, contact->attributes[i].name);
        attribute_write(json, &contact->attributes[i]);
    }
    json_object_end(json);
}

void contact_write_sources(struct json_writer *json, const struct contact *contact)
{
    json_object_begin(json);
    for (size_t i = 0; i < contact->attribute_count; i++) {
        const struct attribute *attribute = &contact->attributes[i];
        json_key_str(json, attribute->name);
        json_array_begin(json);
        json_text(json, attribute_source_names[attribute->source]);
        json_int(json, attribute->at_us / US_PER_MS);
        json_array_end(json);
    }
    json_object_end(json);
}

void contact_write_consents(struct json_writer *json, const struct contact *contact)
{
    json_object_begin(json);
    for (size_t i = 0; i < contact->consent_count; i++) {
        const struct consent *consent = &contact->consents[i];
        json_key_str(json, consent->purpose);
        json_object_begin(json);
        JSON_FIELD(json, "granted", json_bool, consent->is_granted);
        if (consent->is_objection) {
            JSON_FIELD(json, "objection", json_bool, true);
        }
        JSON_FIELD(json, "at", json_time, consent->at_us);
        if (consent->text_version.data != NULL) {
            JSON_FIELD(json, "version", json_str, consent->text_version);
        }
        json_object_end(json);
    }
    json_object_end(json);
}

/* ---- derived ---- */

/* The part of the address behind its last '@'. */
static struct str mail_domain(const struct contact *contact)
{
    for (size_t i = contact->email.len; i > 0; i--) {
        if (contact->email.data[i - 1] == '@') {
            return str_slice(contact->email.data + i, contact->email.len - i);
        }
    }
    return (struct str){0};
}

struct contact_derived contact_derive(const struct contact *contact)
{
    const struct attribute *title = contact_attribute(contact, STR_LITERAL("job_title"));
    const struct str domain = mail_domain(contact);
    const struct str company = company_domain(domain);
    return (struct contact_derived){
        .seniority = title != NULL && title->kind == ATTRIBUTE_IS_TEXT ? seniority_of(title->text)
                                                                       : SENIORITY_UNKNOWN,
        .email_domain = company,
        .has_free_mail = company.data == NULL && is_free_mail(domain),
    };
}

bool contact_is_objecting(const struct contact *contact)
{
    for (size_t i = 0; i < contact->consent_count; i++) {
        if (contact->consents[i].is_objection) {
            return true;
        }
    }
    return false;
}

static struct logic_value logic_of(const struct attribute *attribute)
{
    double number = 0;
    switch (attribute->kind) {
    case ATTRIBUTE_IS_TEXT:
        return logic_text(attribute->text);
    case ATTRIBUTE_IS_NUMBER:
        return str_to_double(attribute->text, &number) ? logic_number(number) : logic_null();
    case ATTRIBUTE_IS_BOOLEAN:
        return logic_boolean(attribute->boolean);
    case ATTRIBUTE_IS_NULL:
        break;
    }
    return logic_null();
}

static bool is_among(const struct logic_member members[], size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(members[i].name, name)) {
            return true;
        }
    }
    return false;
}

static enum err_code rule_data(const struct contact *contact, const struct contact_derived *derived,
                               const struct logic_member facts[], size_t fact_count,
                               struct arena *arena, struct logic_value *ret_data)
{
    const struct logic_member derived_members[] = {
        {STR_LITERAL("seniority"),    logic_text(str_from(seniority_name(derived->seniority)))},
        {STR_LITERAL("email_domain"), logic_text(derived->email_domain)                       },
        {STR_LITERAL("free_mail"),    logic_boolean(derived->has_free_mail)                   },
    };
    const size_t given = fact_count + ARRAY_LEN(derived_members);
    struct logic_member *members =
        arena_array(arena, given + contact->attribute_count, sizeof *members);
    if (members == NULL) {
        return ERR_NOMEM;
    }
    if (fact_count > 0) {
        memcpy(members, facts, fact_count * sizeof *members);
    }
    memcpy(&members[fact_count], derived_members, sizeof derived_members);
    size_t count = given;
    for (size_t i = 0; i < contact->attribute_count; i++) {
        const struct attribute *attribute = &contact->attributes[i];
        if (!is_among(members, given, attribute->name)) {
            members[count++] = (struct logic_member){attribute->name, logic_of(attribute)};
        }
    }
    *ret_data = logic_object(members, count);
    return OK;
}

enum err_code contact_rule_data(const struct contact *contact, const struct logic_member facts[],
                                size_t fact_count, struct arena *arena,
                                struct logic_value *ret_data)
{
    const struct contact_derived derived = contact_derive(contact);
    return rule_data(contact, &derived, facts, fact_count, arena, ret_data);
}

enum err_code contact_fit(const struct contact *contact, const struct contact_derived *derived,
                          const struct model *model, struct arena *arena, struct arena *scratch,
                          int64_t now_us, struct fit *ret_fit)
{
    struct logic_value attributes;
    const enum err_code code =
        rule_data(contact, derived, /* facts= */ NULL, 0, arena, &attributes);
    return code != OK ? code : fit_evaluate(model, &attributes, now_us, scratch, ret_fit);
}

/* ---- history ---- */

enum err_code history_add_facts(struct history *history, const struct activity_facts *facts,
                                struct arena *arena)
{
    if (!grow(&history->activities, &history->capacity, history->count, sizeof *history->activities,
              SIZE_MAX, arena)) {
        return ERR_NOMEM;
    }
    history->activities[history->count++] = *facts;
    (void)json_share(facts->properties);
    return OK;
}

enum err_code history_add(struct history *history, const struct activity_facts *facts,
                          struct str properties, struct arena *arena)
{
    json_auto_t *tree = NULL;
    if (properties.data != NULL) {
        struct err ignored;
        const enum err_code code = json_parse_stored(properties, &tree, &ignored);
        if (code != OK) {
            return code == ERR_NOMEM ? code : ERR_STORE;
        }
    }
    struct activity_facts added = *facts;
    added.properties = tree;
    return history_add_facts(history, &added, arena);
}

void history_done(struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        json_decref(json_unconst(history->activities[i].properties));
    }
    history->count = 0;
}

/* ---- as shown ---- */

void contact_etag(const struct contact *contact, char out[static 16])
{
    (void)snprintf(out, 16, "\"%d\"", contact->version);
}

void contact_write_shown_attributes(struct json_writer *json, const struct contact *contact,
                                    const struct contact_derived *derived)
{
    json_object_begin(json);
    for (size_t i = 0; i < contact->attribute_count; i++) {
        json_key_str(json, contact->attributes[i].name);
        attribute_write(json, &contact->attributes[i]);
    }
    JSON_FIELD(json, "seniority", json_text, seniority_name(derived->seniority));
    JSON_FIELD(json, "email_domain", json_str, derived->email_domain);
    JSON_FIELD(json, "free_mail", json_bool, derived->has_free_mail);
    json_object_end(json);
}

enum err_code contact_write_score(struct json_writer *json, const struct contact *contact,
                                  const struct contact_derived *derived,
                                  const struct catalog *catalog, struct arena *arena,
                                  struct arena *scratch, int64_t now_us)
{
    int32_t version;
    const struct model *model = catalog_active_model(catalog, &version);
    struct fit fit;
    const enum err_code code = contact_fit(contact, derived, model, arena, scratch, now_us, &fit);
    if (code != OK) {
        return code;
    }
    struct interest none;
    interest_init(model, &none);
    const struct interest *interest = contact->score.exists ? &contact->score.interest : &none;
    const double value = interest_read(model, interest, now_us);
    const enum interest_grade interest_grade = interest_grade_of(model, value);
    char grade[GRADE_TEXT_BYTES];
    const char letter[] = {fit_grade_letter(fit.grade), '\0'};
    json_object_begin(json);
    JSON_FIELD(json, "fit", json_double, fit.points);
    JSON_FIELD(json, "fit_grade", json_text, letter);
    JSON_FIELD(json, "fit_known", json_double, fit.known);
    json_key(json, "missing");
    json_array_begin(json);
    for (size_t i = 0; i < fit.missing_count; i++) {
        json_str(json, fit.missing[i]);
    }
    json_array_end(json);
    JSON_FIELD(json, "interest", json_double, value);
    JSON_FIELD(json, "interest_grade", json_int, (int64_t)interest_grade);
    JSON_FIELD(json, "grade", json_text, grade_format(fit.grade, interest_grade, grade));
    JSON_FIELD(json, "decision", json_text, decision_name(contact->score.decision));
    JSON_FIELD(json, "model", json_int, version);
    JSON_FIELD(json, "as_of", json_time, now_us);
    JSON_FIELD(json, "cools_at", json_time, interest_cools_at(model, interest, now_us));
    json_object_end(json);
    return OK;
}

static void write_handoff(struct json_writer *json, const struct contact *contact)
{
    const struct handoff *handoff = &contact->handoff;
    if (uuid_is_nil(handoff->handoff_id)) {
        json_nil(json);
        return;
    }
    int64_t due_at_us = TIME_NONE;
    bool is_breached = false;
    for (size_t i = 0; i < contact->clock_count; i++) {
        if (str_is(contact->clocks[i].kind, "first_contact")) {
            due_at_us = contact->clocks[i].due_at_us;
            is_breached = contact->clocks[i].breached_at_us != TIME_NONE;
        }
    }
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, handoff->handoff_id);
    JSON_FIELD(json, "state", json_text, handoff_state_names[handoff->state]);
    JSON_FIELD(json, "purpose", json_text, purpose_names[handoff->purpose]);
    JSON_FIELD(json, "assignee", json_uuid, handoff->assignee);
    JSON_FIELD(json, "opened_at", json_time, handoff->opened_at_us);
    JSON_FIELD(json, "first_contact_due_at", json_time, due_at_us);
    JSON_FIELD(json, "contacted_at", json_time, handoff->contacted_at_us);
    JSON_FIELD(json, "breached", json_bool, is_breached);
    json_object_end(json);
}

static void write_consents(struct json_writer *json, const struct contact *contact)
{
    json_array_begin(json);
    for (size_t i = 0; i < contact->consent_count; i++) {
        const struct consent *consent = &contact->consents[i];
        json_object_begin(json);
        JSON_FIELD(json, "purpose", json_str, consent->purpose);
        JSON_FIELD(json, "granted", json_bool, consent->is_granted);
        JSON_FIELD(json, "at", json_time, consent->at_us);
        json_object_end(json);
    }
    json_array_end(json);
}

static bool is_objecting_to(const struct contact *contact, const char *purpose)
{
    const struct consent *consent = contact_consent_to(contact, str_from(purpose));
    return consent != NULL && consent->is_objection;
}

/*
 * An e-mail needs consent (marketing_email). A call needs only that nobody refused: the articles'
 * market is business to business, where it is allowed until then. So what was said about `phone`
 * counts, and without a word about it an objection to anything else. An objection to `marketing`
 * means all of it.
 */
static void write_may_contact(struct json_writer *json, const struct contact *contact)
{
    const struct consent *email = contact_consent_to(contact, STR_LITERAL("marketing_email"));
    const struct consent *phone = contact_consent_to(contact, STR_LITERAL("phone"));
    const bool is_open = !is_objecting_to(contact, "marketing");
    const bool may_call = phone != NULL ? phone->is_granted : !contact_is_objecting(contact);
    json_object_begin(json);
    JSON_FIELD(json, "email", json_bool, is_open && email != NULL && email->is_granted);
    JSON_FIELD(json, "phone", json_bool, is_open && may_call);
    json_object_end(json);
}

static void write_touch(struct json_writer *json, const struct touch *touch)
{
    if (touch->at_us == TIME_NONE) {
        json_nil(json);
        return;
    }
    json_object_begin(json);
    JSON_FIELD(json, "at", json_time, touch->at_us);
    JSON_FIELD(json, "channel", json_str, touch->channel);
    JSON_FIELD(json, "campaign", json_str, touch->campaign);
    JSON_FIELD(json, "source", json_str, touch->source);
    json_object_end(json);
}

enum err_code contact_write(struct json_writer *json, const struct contact *contact,
                            const struct catalog *catalog, struct arena *arena,
                            struct arena *scratch, int64_t now_us)
{
    const struct contact_derived derived = contact_derive(contact);
    json_object_begin(json);
    JSON_FIELD(json, "id", json_uuid, contact->contact_id);
    JSON_FIELD(json, "email", json_str, contact->email);
    json_key(json, "attributes");
    contact_write_shown_attributes(json, contact, &derived);
    JSON_FIELD(json, "stage", json_text, stage_names[contact->stage]);
    JSON_FIELD(json, "owner", json_text,
               stage_owner(contact->stage, contact_has_open_handoff(contact)));
    JSON_FIELD(json, "channel", json_str, contact->channel);
    if (contact->has_touches) {
        json_key(json, "first_touch");
        write_touch(json, &contact->first_touch);
        json_key(json, "last_touch");
        write_touch(json, &contact->last_touch);
    }
    JSON_FIELD(json, "journey_step", json_str, contact->journey_step);
    json_key(json, "score");
    const enum err_code code =
        contact_write_score(json, contact, &derived, catalog, arena, scratch, now_us);
    if (code != OK) {
        return code;
    }
    json_key(json, "handoff");
    write_handoff(json, contact);
    json_key(json, "consents");
    write_consents(json, contact);
    json_key(json, "may_contact");
    write_may_contact(json, contact);
    JSON_FIELD(json, "created_at", json_time, contact->created_at_us);
    JSON_FIELD(json, "updated_at", json_time, contact->updated_at_us);
    json_object_end(json);
    return OK;
}

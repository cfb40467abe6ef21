#include "domain/contact.h"

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

/* In the stored sources, what holds of every attribute that is not named; no attribute is called
 * so. One form says most of what is known, and its word is stored once. */
static const char usual_source[] = "*";

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
    const json_t *usual = json_object_get(origins, usual_source);
    json_object_foreach(values, name, value)
    {
        const json_t *own = json_object_get(origins, name);
        code = copy_attribute(contact, str_from(name), value, own != NULL ? own : usual, arena);
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

static bool is_same_source(const struct attribute *a, const struct attribute *b)
{
    return a->source == b->source && a->at_us == b->at_us;
}

/* One that has the source of most of them, if most have the same (Boyer and Moore's majority vote);
 * NULL when there are none. */
static const struct attribute *usual_attribute(const struct contact *contact)
{
    const struct attribute *usual = NULL;
    size_t votes = 0;
    for (size_t i = 0; i < contact->attribute_count; i++) {
        const struct attribute *attribute = &contact->attributes[i];
        if (votes == 0) {
            usual = attribute;
        }
        votes = is_same_source(attribute, usual) ? votes + 1 : votes - 1;
    }
    return usual;
}

static void write_source(struct json_writer *json, struct str name,
                         const struct attribute *attribute)
{
    json_key_str(json, name);
    json_array_begin(json);
    json_text(json, attribute_source_names[attribute->source]);
    json_int(json, attribute->at_us / US_PER_MS);
    json_array_end(json);
}

void contact_write_sources(struct json_writer *json, const struct contact *contact)
{
    const struct attribute *usual = usual_attribute(contact);
    json_object_begin(json);
    for (size_t i = 0; usual != NULL && i < contact->attribute_count; i++) {
        const struct attribute *attribute = &contact->attributes[i];
        if (attribute == usual) {
            write_source(json, str_from(usual_source), attribute);
        } else if (!is_same_source(attribute, usual)) {
            write_source(json, attribute->name, attribute);
        }
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

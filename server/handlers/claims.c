/*
 * What clients say about a person: attributes, consents, an address, a time. Checked here once for
 * all routes that take such claims; what a claim may change is for domain/change.c to decide.
 */
#include <math.h>

#include "domain/country.h"
#include "domain/email_address.h"
#include "handlers/handlers.h"

enum {
    OCCURRED_AHEAD_SECONDS_MAX = 300,
    OCCURRED_RECENT_SECONDS_MAX = 86400,
    NUMBER_TEXT_BYTES_MAX = 32,
};
#define YEAR_2000_US (INT64_C(946684800) * US_PER_SECOND)
/* Up to here every whole number is itself as a double, and none needs more digits than any reader
 * of JSON takes. */
#define NUMBER_MAX 9007199254740991.0

struct claim_fault {
    const char *code; /* static; NULL: none */
    const char *detail;
};

static struct claim_fault misfit(const char *code, const char *detail)
{
    return (struct claim_fault){.code = code,
                                .detail = detail != NULL ? detail : "The value does not fit."};
}

static struct claim_fault fits(void)
{
    return (struct claim_fault){.code = NULL};
}

/* ---- one value ---- */

static bool is_text(const struct attribute *attribute)
{
    return attribute->kind == ATTRIBUTE_IS_TEXT;
}

/* A number as a form sends it: text. False: it is none. */
static bool read_number(struct request *request, struct attribute *attribute)
{
    const struct str text = str_trim(attribute->text);
    double value;
    if (!str_to_double(text, &value)) {
        return false;
    }
    char digits[32];
    const bool is_short = text.len <= NUMBER_TEXT_BYTES_MAX;
    const size_t len = is_short ? 0 : json_format_real(value, digits);
    attribute->kind = ATTRIBUTE_IS_NUMBER;
    attribute->text = is_short ? text : arena_str(request->arena, str_slice(digits, len));
    return attribute->text.data != NULL;
}

static struct claim_fault check_number(struct request *request, struct attribute *attribute,
                                       bool is_lenient)
{
    if (is_lenient && is_text(attribute) && !read_number(request, attribute)) {
        return misfit("type", "This has to be a number, such as 250 or 12.5.");
    }
    double value;
    if (attribute->kind != ATTRIBUTE_IS_NUMBER || !str_to_double(attribute->text, &value)) {
        return misfit("type", "This has to be a number.");
    }
    return fits();
}

static bool read_boolean(struct attribute *attribute)
{
    static const char *const yes[] = {"true", "on", "yes", "oui", "1"};
    static const char *const no[] = {"false", "off", "no", "non", "0"};
    const struct str text = str_trim(attribute->text);
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        const bool is_yes = str_eq_nocase(text, str_from(yes[i]));
        if (is_yes || str_eq_nocase(text, str_from(no[i]))) {
            attribute->kind = ATTRIBUTE_IS_BOOLEAN;
            attribute->boolean = is_yes;
            attribute->text = (struct str){0};
            return true;
        }
    }
    return false;
}

static struct claim_fault check_boolean(struct attribute *attribute, bool is_lenient)
{
    if (attribute->kind == ATTRIBUTE_IS_BOOLEAN ||
        (is_lenient && is_text(attribute) && read_boolean(attribute))) {
        return fits();
    }
    return misfit("type", "This has to be true or false.");
}

static struct claim_fault check_date(const struct attribute *attribute)
{
    int32_t days;
    if (!is_text(attribute)) {
        return misfit("type", "This has to be a date as text, such as \"2026-11-21\".");
    }
    return date_parse(attribute->text, &days)
               ? fits()
               : misfit("format", "This has to be a date, such as 2026-11-21.");
}

static struct claim_fault check_choice(struct request *request, const struct attribute *attribute,
                                       const json_t *choices)
{
    if (!is_text(attribute)) {
        return misfit("type", "This has to be a text.");
    }
    CLEANUP(buf_done) struct buf list;
    buf_init(&list, 300);
    for (size_t i = 0; i < json_array_size(choices); i++) {
        const struct str choice = json_str_of(json_array_get(choices, i));
        if (str_eq(attribute->text, choice)) {
            return fits();
        }
        /* The list is a help: a longer one is left out. */
        buf_printf(&list, "%s%.*s", i > 0 ? ", " : "", STR_ARGS(choice));
    }
    return misfit("choice", list.failed
                                ? "This is none of the values that the attribute takes."
                                : arena_printf(request->arena, "This has to be one of: %.*s.",
                                               STR_ARGS(buf_str(&list))));
}

/* The attribute `country` is a code, whoever says it. What people call their country is understood
 * where people say it; a program is told the code that it should have sent. */
static struct claim_fault check_country(struct request *request, struct attribute *attribute,
                                        bool is_peoples_word)
{
    const struct str named = country_of_name(attribute->text);
    const struct str code = is_peoples_word ? named : country_of_code(attribute->text);
    if (code.data != NULL) {
        attribute->text = code;
    }
    if (code.data != NULL || str_trim(attribute->text).len == 0) {
        return fits();
    }
    if (is_peoples_word) {
        return misfit("format", "This is no country we know. Its code is best, such as FR.");
    }
    if (named.data == NULL) {
        return misfit("format", "This has to be a country's code of two letters, such as FR.");
    }
    return misfit("format",
                  arena_printf(request->arena,
                               "This has to be a country's code of two letters: here %.*s.",
                               STR_ARGS(named)));
}

static struct claim_fault check_declared(struct request *request,
                                         const struct attribute_definition *definition,
                                         struct attribute *attribute, bool is_lenient)
{
    switch (definition->type) {
    case ATTRIBUTE_TEXT:
        return is_text(attribute) ? fits() : misfit("type", "This has to be a text.");
    case ATTRIBUTE_NUMBER:
        return check_number(request, attribute, is_lenient);
    case ATTRIBUTE_BOOLEAN:
        return check_boolean(attribute, is_lenient);
    case ATTRIBUTE_DATE:
        return check_date(attribute);
    case ATTRIBUTE_CHOICE:
        return check_choice(request, attribute, definition->choices);
    case ATTRIBUTE_TYPE_COUNT_:
        break;
    }
    return misfit("type", "This attribute takes no values.");
}

/* What holds for every value, whatever its type is. */
static struct claim_fault check_size(const struct attribute *attribute)
{
    double value;
    if (is_text(attribute) && attribute->text.len > ATTRIBUTE_TEXT_BYTES_MAX) {
        return misfit("too_long", "This is longer than 4096 bytes.");
    }
    if (attribute->kind == ATTRIBUTE_IS_NUMBER && str_to_double(attribute->text, &value) &&
        fabs(value) > NUMBER_MAX) {
        return misfit("range", "This number is beyond 9007199254740991.");
    }
    return fits();
}
_Static_assert(ATTRIBUTE_TEXT_BYTES_MAX == 4096, "the sentence above says so");

/* Shown, never set. */
static bool is_derived(struct str name)
{
    static const char *const derived[] = {"seniority", "email_domain", "free_mail", NULL};
    return name_index(derived, name) >= 0;
}

static struct claim_fault check_value(struct request *request, struct attribute *attribute,
                                      bool is_lenient, bool is_peoples_word)
{
    if (is_derived(attribute->name)) {
        return misfit("read_only", "This is worked out from other attributes and cannot be set.");
    }
    if (is_lenient && is_text(attribute)) {
        attribute->text = str_trim(attribute->text);
    }
    /* Says nothing: never takes away what is known, so its type does not matter either. */
    if (attribute->kind == ATTRIBUTE_IS_NULL ||
        (is_lenient && is_text(attribute) && attribute->text.len == 0)) {
        return fits();
    }
    const struct attribute_definition *definition =
        catalog_attribute(request->catalog, attribute->name);
    struct claim_fault fault = check_size(attribute);
    if (fault.code == NULL && definition != NULL) {
        fault = check_declared(request, definition, attribute, is_lenient);
    }
    const bool is_free_text = definition == NULL || definition->type == ATTRIBUTE_TEXT;
    if (fault.code == NULL && is_free_text && is_text(attribute) &&
        str_is(attribute->name, "country")) {
        fault = check_country(request, attribute, is_peoples_word);
    }
    return fault.code == NULL ? check_size(attribute) : fault;
}

const char *claim_misfit(struct request *request, struct attribute *attribute, bool is_lenient)
{
    const struct claim_fault fault =
        check_value(request, attribute, is_lenient, /* is_peoples_word= */ is_lenient);
    return fault.code != NULL ? fault.detail : NULL;
}

/* ---- attributes ---- */

static struct claim_fault check_claim(struct request *request, struct str name, const json_t *value,
                                      bool is_peoples_word, struct attribute *ret_claim)
{
    if (!slug_is_valid(name)) {
        return misfit(
            "format",
            "An attribute's name has 1 to 64 lower-case letters, digits, hyphens and underscores.");
    }
    if (!attribute_from_json(name, value, request->arena, ret_claim)) {
        return misfit("type", "An attribute is a text, a number, true, false or null.");
    }
    if (ret_claim->kind == ATTRIBUTE_IS_NUMBER && ret_claim->text.data == NULL) {
        return misfit("memory", "Out of memory.");
    }
    return check_value(request, ret_claim, /* is_lenient= */ false, is_peoples_word);
}

bool claims_from_json(struct request *request, const json_t *attributes, const char *base,
                      bool is_peoples_word, struct attribute **ret_claims, size_t *ret_count)
{
    *ret_claims = NULL;
    *ret_count = 0;
    if (attributes == NULL || json_is_null(attributes)) {
        return true;
    }
    const size_t fault_count = request->faults.count;
    const size_t count = json_object_size(attributes);
    if (!json_is_object(attributes) || count > ATTRIBUTES_MAX) {
        const bool is_object = json_is_object(attributes);
        faults_add(&request->faults, base, is_object ? "too_many" : "type", "%s",
                   is_object ? "There are more than 100 attributes." : "This has to be an object.");
        return false;
    }
    struct attribute *claims = arena_array(request->arena, count, sizeof *claims);
    if (claims == NULL) {
        faults_add(&request->faults, base, "memory", "Out of memory.");
        return false;
    }
    struct json_pointer pointer;
    json_pointer_init(&pointer, base);
    json_t *object = json_unconst(attributes);
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const struct str name = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        const struct claim_fault fault = check_claim(request, name, json_object_iter_value(at),
                                                     is_peoples_word, &claims[*ret_count]);
        if (fault.code == NULL) {
            *ret_count += 1;
            continue;
        }
        const size_t mark = json_pointer_push(&pointer, name);
        faults_add(&request->faults, pointer.text, fault.code, "%s", fault.detail);
        json_pointer_pop(&pointer, mark);
    }
    *ret_claims = claims;
    return request->faults.count == fault_count;
}
_Static_assert(ATTRIBUTES_MAX == 100, "the sentence above says so");

/* ---- consents ---- */

struct consent_body {
    struct str purpose;
    bool is_granted;
};

static const struct field consent_fields[] = {
    FIELD("purpose", SLUG, struct consent_body, purpose, .flags = FIELD_REQUIRED),
    FIELD("granted", BOOL, struct consent_body, is_granted, .flags = FIELD_REQUIRED),
};
static const struct schema consent_schema = SCHEMA(struct consent_body, consent_fields);

bool consents_from_json(struct request *request, const json_t *consents, const char *base,
                        struct consent **ret_consents, size_t *ret_count)
{
    *ret_consents = NULL;
    *ret_count = 0;
    if (consents == NULL || json_is_null(consents)) {
        return true;
    }
    const size_t count = json_array_size(consents);
    if (!json_is_array(consents) || count > CONSENTS_MAX) {
        const bool is_array = json_is_array(consents);
        faults_add(&request->faults, base, is_array ? "too_many" : "type", "%s",
                   is_array ? "There are more than 32 consents." : "This has to be an array.");
        return false;
    }
    struct consent *items = arena_array(request->arena, count, sizeof *items);
    if (items == NULL) {
        faults_add(&request->faults, base, "memory", "Out of memory.");
        return false;
    }
    bool is_valid = true;
    struct json_pointer pointer;
    json_pointer_init(&pointer, base);
    for (size_t i = 0; i < count; i++) {
        struct consent_body body;
        const size_t mark = json_pointer_push_index(&pointer, i);
        is_valid &= schema_decode_at(&consent_schema, json_array_get(consents, i), pointer.text,
                                     request->arena, &body, &request->faults);
        json_pointer_pop(&pointer, mark);
        items[i] = (struct consent){
            .purpose = body.purpose, .is_granted = body.is_granted, .at_us = TIME_NONE};
    }
    *ret_consents = items;
    *ret_count = count;
    return is_valid;
}
_Static_assert(CONSENTS_MAX == 32, "the sentence above says so");

/* ---- times and addresses ---- */

const char *occurred_at_misfit(int64_t at_us, int64_t came_at_us, bool is_recent_only)
{
    if (at_us > came_at_us + OCCURRED_AHEAD_SECONDS_MAX * US_PER_SECOND) {
        return "This is more than 5 minutes ahead.";
    }
    if (at_us < YEAR_2000_US) {
        return "This is before the year 2000.";
    }
    if (is_recent_only && at_us < came_at_us - OCCURRED_RECENT_SECONDS_MAX * US_PER_SECOND) {
        return "This is more than 24 hours back, which needs a secret key.";
    }
    return NULL;
}

bool occurred_at_is_valid(struct request *request, int64_t at_us, const char *pointer,
                          bool is_recent_only)
{
    const char *misfit =
        at_us != TIME_NONE ? occurred_at_misfit(at_us, request_came_at_us(request), is_recent_only)
                           : NULL;
    if (misfit != NULL) {
        faults_add(&request->faults, pointer, "range", "%s", misfit);
    }
    return misfit == NULL;
}

bool email_into_input(struct request *request, struct str text, const char *pointer,
                      struct input *input)
{
    struct email_address address;
    struct err err;
    const enum err_code code = email_address_parse(text, request->arena, &address, &err);
    if (code != OK) {
        faults_add(&request->faults, pointer, code == ERR_NOMEM ? "memory" : "format", "%s",
                   err.detail);
        return false;
    }
    input->email = address.display;
    input->email_key = address.key;
    return true;
}

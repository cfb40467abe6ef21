/* What each kind asks for beyond the shape of its fields, and the form in which it is stored. */
#include "domain/catalog_check.h"

#include <stdio.h>

#include "domain/agreement.h"
#include "domain/email_address.h"
#include "domain/funnel.h"
#include "schema/adapter.h"
#include "schema/currency.h"

enum { FORM_NAME_BYTES_MAX = 512, POINTER_BYTES_MAX = 96 };

/* ---- words and texts ---- */

/* What people read, in both languages. */
struct words {
    struct str fr;
    struct str en;
};

#define WORD(name, limit, ...) FIELD(#name, STRING, struct words, name, .max = (limit), __VA_ARGS__)
static const struct field label_fields[] = {
    WORD(fr, LABEL_CHARS_MAX, .min = 1, .flags = FIELD_NULLABLE | FIELD_LINE),
    WORD(en, LABEL_CHARS_MAX, .min = 1, .flags = FIELD_NULLABLE | FIELD_LINE),
};
static const struct schema label_schema = SCHEMA(struct words, label_fields);
static const struct field prose_fields[] = {
    WORD(fr, PROSE_CHARS_MAX, .flags = FIELD_NULLABLE),
    WORD(en, PROSE_CHARS_MAX, .flags = FIELD_NULLABLE),
};
static const struct schema prose_schema = SCHEMA(struct words, prose_fields);

static void set_words(struct check *check, const char *name, struct words words)
{
    json_t *both = json_object();
    if (json_object_set_new(both, "fr", json_stringn(words.fr.data, words.fr.len)) != 0 ||
        json_object_set_new(both, "en", json_stringn(words.en.data, words.en.len)) != 0) {
        json_decref(both);
        check->is_out_of_memory = true;
        return;
    }
    check_set(check, name, both);
}

/* One text for both languages, or one per language where a missing one shows the other; `fallback`
 * when there is nothing at all. */
static void check_words(struct check *check, const char *name, const json_t *value,
                        const struct schema *schema, struct str fallback)
{
    struct words words = {.fr = fallback, .en = fallback};
    char pointer[POINTER_BYTES_MAX];
    snprintf(pointer, sizeof pointer, "/%s", name);
    if (json_is_object(value)) {
        if (!schema_decode_at(schema, value, pointer, check->arena, &words, check->faults))
            return;
        words.fr = words.fr.data != NULL ? words.fr : words.en;
        words.en = words.en.data != NULL ? words.en : words.fr;
    } else if (value != NULL) {
        if (!schema_decode_value(&schema->fields[0], value, pointer, check->arena, &words.fr,
                                 check->faults))
            return;
        words.en = words.fr;
    }
    if (words.fr.data == NULL)
        words = (struct words){.fr = fallback, .en = fallback};
    if (words.fr.data != NULL)
        set_words(check, name, words);
    else if (value != NULL)
        faults_add(check->faults, pointer, "required", "It needs \"fr\", \"en\" or both.");
}

static bool is_zone_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+';
}

/* Names of the tz database: parts of letters, digits, '_', '-', '+', joined by '/', the first
 * beginning with a letter. */
void check_zone_name(struct check *check, struct str zone)
{
    if (zone.data == NULL)
        return;
    bool is_valid = zone.len > 0 && zone.data[0] >= 'A' && zone.data[zone.len - 1] != '/';
    for (size_t i = 0; is_valid && i < zone.len; i++)
        is_valid = is_zone_byte(zone.data[i]) ||
                   (zone.data[i] == '/' && i > 0 && zone.data[i - 1] != '/');
    if (!is_valid)
        faults_add(check->faults, "/time_zone", "format",
                   "This is no IANA time zone. An example is Europe/Paris.");
}

static void check_currency(struct check *check, struct str currency)
{
    if (currency.data != NULL && !currency_is_valid(currency))
        faults_add(check->faults, "/currency", "format", CURRENCY_HELP);
}

/* "https://host" and what follows, without white space. */
static bool is_web_address(struct str url, bool is_origin)
{
    const size_t scheme = str_starts_with(url, "https://") ? 8 : 7;
    if ((scheme == 7 && !str_starts_with(url, "http://")) || url.len <= scheme ||
        url.data[scheme] == '/')
        return false;
    for (size_t i = scheme; i < url.len; i++)
        if (url.data[i] <= ' ' || url.data[i] == 0x7f || (is_origin && url.data[i] == '/'))
            return (url.data[i] & 0x80) != 0;
    return true;
}

static void check_url(struct check *check, const char *pointer, struct str url)
{
    if (url.data != NULL && !is_web_address(url, /* is_origin= */ false))
        faults_add(check->faults, pointer, "format",
                   "This is no web address: it begins with https:// or http:// and has no space.");
}

/* ---- references ---- */

/* The thing must exist; it is stored by its slug, whatever it was named by. */
static void check_reference(struct check *check, const char *name, enum catalog_kind kind,
                            struct str slug_or_id)
{
    if (slug_or_id.data == NULL)
        return;
    const struct catalog_entry *entry = catalog_find(check->catalog, kind, slug_or_id);
    if (entry != NULL) {
        check_set_str(check, name, entry->slug);
        return;
    }
    char pointer[POINTER_BYTES_MAX];
    snprintf(pointer, sizeof pointer, "/%s", name);
    faults_add(check->faults, pointer, "reference", "There is no such %s.",
               catalog_kind_names[kind]);
}

void check_reference_id(struct check *check, const char *name, enum catalog_kind kind,
                        struct uuid id)
{
    char text[UUID_TEXT_BYTES];
    if (!uuid_is_nil(id))
        check_reference(check, name, kind, str_from(uuid_format(id, text)));
}

/* ---- kinds ---- */

static void check_choices(struct check *check, const struct str *choices, size_t count)
{
    for (size_t i = 1; choices != NULL && i < count; i++) {
        bool is_double = false;
        for (size_t j = 0; j < i; j++)
            is_double |= str_eq(choices[i], choices[j]);
        char pointer[POINTER_BYTES_MAX];
        snprintf(pointer, sizeof pointer, "/choices/%zu", i);
        if (is_double)
            faults_add(check->faults, pointer, "duplicate", "This choice is there already.");
    }
}

/* What an HTML form's fields of these names mean already, and what rules derive. */
static const char *const reserved_names[] = {
    "email",        "id",         "occurred_at",          "consents",    "page_url", "referrer",
    "utm_source",   "utm_medium", "utm_campaign",         "utm_content", "utm_term", "seniority",
    "email_domain", "free_mail",  PROTECTION_TOKEN_FIELD, NULL};

static void check_attribute(struct check *check, const struct attribute_body *in)
{
    if (name_index(reserved_names, in->name) >= 0)
        faults_add(check->faults, "/name", "reserved",
                   "This name has a meaning of its own already.");
    const bool is_choice = in->type == ATTRIBUTE_CHOICE;
    if (is_choice && in->choices == NULL && json_is_null(json_object_get(check->body, "choices")))
        faults_add(check->faults, "/choices", "required", "A choice needs the values it may take.");
    if (!is_choice && in->type != ENUM_NONE && in->choices != NULL)
        faults_add(check->faults, "/choices", "not_allowed",
                   "Only an attribute of type choice has them.");
    check_choices(check, in->choices, in->choice_count);
    check_words(check, "label", in->label, &label_schema, in->name);
}

static void check_offer(struct check *check, const struct offer_body *in)
{
    char text[TIME_TEXT_BYTES];
    check_url(check, "/url", in->url);
    if (in->published_at_us != TIME_NONE)
        check_set(check, "published_at", json_string(time_format(in->published_at_us, text)));
}

/* One of our names that a field of a form may stand for. */
static void check_our_name(struct check *check, const char *pointer, struct str name)
{
    static const char *const derived[] = {"seniority", "email_domain", "free_mail", NULL};
    if (!slug_is_valid(name) || str_is(name, "consent_"))
        faults_add(check->faults, pointer, "format",
                   "Our names have 1 to 64 lower-case letters, digits, '-' and '_': an attribute, "
                   "email, id, occurred_at, consent_PURPOSE, utm_source, page_url …");
    else if (name_index(derived, name) >= 0)
        faults_add(check->faults, pointer, "reserved",
                   "This attribute is worked out from others and cannot be filled in.");
}

/* Their name → ours. */
static void check_field_names(struct check *check, const json_t *fields)
{
    json_t *same = json_unconst(fields);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        const struct str theirs = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        struct json_pointer pointer;
        json_pointer_init(&pointer, "/fields");
        (void)json_pointer_push(&pointer, theirs);
        if (theirs.len == 0 || theirs.len > FORM_NAME_BYTES_MAX)
            faults_add(check->faults, pointer.text, "format", "A field's name has 1 to %d bytes.",
                       FORM_NAME_BYTES_MAX);
        if (!json_is_string(json_object_iter_value(at)))
            faults_add(check->faults, pointer.text, "type",
                       "The name of an attribute is expected.");
        else
            check_our_name(check, pointer.text, json_str_of(json_object_iter_value(at)));
    }
}

/* A field that people see and fill in would make them suspect. */
static void check_honeypot(struct check *check, const struct form_body_stored *in, struct str name)
{
    bool is_asked_for = catalog_attribute(check->catalog, name) != NULL ||
                        name_index(reserved_names, name) >= 0 || str_is(name, "attributes") ||
                        str_is(name, "context") || str_starts_with(name, "consent_");
    for (size_t i = 0; i < in->required_count; i++)
        is_asked_for |= str_eq(in->required[i], name);
    json_t *fields = json_unconst(in->fields);
    for (void *at = json_object_iter(fields); at != NULL; at = json_object_iter_next(fields, at))
        is_asked_for |= str_is(name, json_object_iter_key(at)) ||
                        str_eq(name, json_str_of(json_object_iter_value(at)));
    if (is_asked_for)
        faults_add(check->faults, "/protection/honeypot", "reserved",
                   "People fill this field in. Give the honeypot a name that nothing else has.");
}

static void check_protection(struct check *check, const struct form_body_stored *in)
{
    struct protection protection;
    if (in->protection == NULL ||
        !protection_read(in->protection, /* is_stored= */ false, &protection, check->faults))
        return;
    if (protection.honeypot.data != NULL)
        check_honeypot(check, in, protection.honeypot);
    check_set(check, "protection", protection_complete(in->protection));
}

/* Their tools' secrets; null is none. */
static void check_adapter_secrets(struct check *check, const json_t *secrets)
{
    json_t *kept = json_object();
    json_t *same = json_unconst(secrets);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        const json_t *secret = json_object_iter_value(at);
        const struct str name = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        const size_t len = json_str_of(secret).len;
        struct json_pointer pointer;
        json_pointer_init(&pointer, "/adapter_secrets");
        (void)json_pointer_push(&pointer, name);
        if (adapter_find(name) == NULL)
            faults_add(check->faults, pointer.text, "unknown", "There is no such adapter.");
        else if (!json_is_null(secret) && !json_is_string(secret))
            faults_add(check->faults, pointer.text, "type", "A secret is a text.");
        else if (json_is_string(secret) &&
                 (len < ADAPTER_SECRET_BYTES_MIN || len > ADAPTER_SECRET_BYTES_MAX))
            faults_add(check->faults, pointer.text,
                       len < ADAPTER_SECRET_BYTES_MIN ? "too_short" : "too_long",
                       "A secret has %d to %d bytes.", ADAPTER_SECRET_BYTES_MIN,
                       ADAPTER_SECRET_BYTES_MAX);
        else if (json_is_string(secret) &&
                 json_object_setn(kept, name.data, name.len, json_unconst(secret)) != 0)
            check->is_out_of_memory = true;
    }
    const bool has_some = json_object_size(kept) > 0;
    check_set(check, "adapter_secrets", has_some ? json_incref(kept) : json_null());
    json_decref(kept);
}

/* A GUID names one form. */
static void check_hubspot_guid(struct check *check, struct uuid guid)
{
    char text[UUID_TEXT_BYTES];
    const struct form *other = catalog_form_by_hubspot(check->catalog, guid);
    const struct catalog_entry *self = check->proposal->existing;
    if (other != NULL && (self == NULL || !str_eq(self->slug, other->slug)))
        faults_add(check->faults, "/hubspot_guid", "duplicate",
                   "The form \"%.*s\" stands for this one already.", STR_ARGS(other->slug));
    check_set(check, "hubspot_guid", json_string(uuid_format(guid, text)));
}

static void check_form(struct check *check, const struct form_body_stored *in)
{
    for (size_t i = 0; i < in->allowed_origin_count; i++) {
        char pointer[POINTER_BYTES_MAX];
        snprintf(pointer, sizeof pointer, "/allowed_origins/%zu", i);
        if (!is_web_address(in->allowed_origins[i], /* is_origin= */ true))
            faults_add(check->faults, pointer, "format",
                       "An origin is https://host or http://host, with a port if need be and "
                       "nothing behind it.");
    }
    check_field_names(check, in->fields);
    check_url(check, "/redirect_url", in->redirect_url);
    check_protection(check, in);
    check_reference(check, "offer", CATALOG_OFFER, in->offer);
    check_reference(check, "campaign", CATALOG_CAMPAIGN, in->campaign);
    if (in->adapter_secrets != NULL)
        check_adapter_secrets(check, in->adapter_secrets);
    if (!uuid_is_nil(in->hubspot_guid))
        check_hubspot_guid(check, in->hubspot_guid);
}

static void check_campaign(struct check *check, const struct campaign_body *in)
{
    if (in->starts_on != DATE_NONE && in->ends_on != DATE_NONE && in->ends_on < in->starts_on)
        faults_add(check->faults, "/ends_on", "order", "It ends before it starts.");
    check_currency(check, in->currency);
    if (in->budget != INT_NONE && in->currency.data == NULL)
        check_set_str(check, "currency", catalog_organisation(check->catalog)->currency);
}

static void check_member(struct check *check, const struct member_body *in)
{
    check_zone_name(check, in->time_zone);
    check_member_notify(check, in->notify);
    check_member_hours(check, in);
    check_own_calendar(check, in->calendar);
    if (in->email.data == NULL)
        return;
    struct email_address address;
    struct err err = {.code = OK};
    const enum err_code code = email_address_parse(in->email, check->arena, &address, &err);
    if (code == OK)
        check_set_str(check, "email", address.display);
    else if (code == ERR_NOMEM)
        check->is_out_of_memory = true;
    else
        faults_add(check->faults, "/email", "format", "%s", err.detail);
}

static void set_time(struct check *check, const char *name, int64_t at_us)
{
    char text[TIME_TEXT_BYTES];
    if (at_us != TIME_NONE)
        check_set(check, name, json_string(time_format(at_us, text)));
}

static void check_there_is_member(struct check *check, const char *pointer, struct uuid id)
{
    const struct member *member = catalog_member(check->catalog, id);
    if (!uuid_is_nil(id) && (member == NULL || !member->is_active))
        faults_add(check->faults, pointer, "reference", "There is no such active member.");
}

static void check_absence(struct check *check, const struct absence_body *in)
{
    check_there_is_member(check, "/member", in->member);
    check_there_is_member(check, "/substitute", in->substitute);
    if (!uuid_is_nil(in->substitute) && uuid_eq(in->substitute, in->member))
        faults_add(check->faults, "/substitute", "not_allowed", "Somebody else has to stand in.");
    if (in->from_us != TIME_NONE && in->to_us != TIME_NONE && in->to_us <= in->from_us)
        faults_add(check->faults, "/to", "order", "It ends before it begins.");
    set_time(check, "from", in->from_us);
    set_time(check, "to", in->to_us);
}

static void check_stage(struct check *check, const struct stage_body *in)
{
    const struct str none = {.data = NULL};
    check_words(check, "label", in->label, &label_schema, none);
    check_words(check, "definition", in->definition, &prose_schema, none);
    check_words(check, "guidance", in->guidance, &prose_schema, none);
}

static void check_key_scopes(struct check *check, const struct key_body *in)
{
    unsigned scopes = 0;
    for (size_t i = 0; i < in->scope_count; i++)
        scopes |= in->scopes[i] >= 0 ? 1U << in->scopes[i] : 0U;
    const json_t *given = json_object_get(check->body, "scopes");
    const bool is_absent = json_is_null(given) || json_array_size(given) == 0;
    if (in->kind == KEY_PUBLISHABLE) {
        if (!is_absent && scopes != SCOPE_SUBMIT)
            faults_add(check->faults, "/scopes", "choice",
                       "A publishable key can only have submit.");
        scopes = SCOPE_SUBMIT;
    } else if (is_absent) {
        faults_add(check->faults, "/scopes", "required", "A secret key needs at least one scope.");
    }
    json_t *names = json_array();
    for (size_t i = 0; scope_names[i] != NULL; i++)
        if ((scopes & 1U << i) != 0 && json_array_append_new(names, json_string(scope_names[i])))
            check->is_out_of_memory = true;
    check_set(check, "scopes", names);
}

static void check_key(struct check *check, const struct key_body *in)
{
    struct sha256 ignored;
    if (in->hash.data != NULL && !sha256_parse(in->hash, &ignored))
        faults_add(check->faults, "/hash", "format", "This is no SHA-256 in hexadecimal.");
    if (in->previous_hash.data != NULL && !sha256_parse(in->previous_hash, &ignored))
        faults_add(check->faults, "/previous_hash", "format", "This is no SHA-256 in hexadecimal.");
    if ((in->previous_hash.data != NULL) != (in->previous_expires_at_us != TIME_NONE))
        faults_add(check->faults, "/previous_expires_at", "required",
                   "A previous hash and its end belong together.");
    if (check->proposal->existing == NULL && in->expires_at_us != TIME_NONE &&
        in->expires_at_us <= check->proposal->now_us)
        faults_add(check->faults, "/expires_at", "range", "This time has passed.");
    if (in->kind == KEY_SECRET && in->form.data != NULL)
        faults_add(check->faults, "/form", "not_allowed",
                   "Only a publishable key is bound to a form.");
    check_reference(check, "form", CATALOG_FORM, in->form);
    check_reference_id(check, "member", CATALOG_MEMBER, in->member);
    set_time(check, "expires_at", in->expires_at_us);
    set_time(check, "previous_expires_at", in->previous_expires_at_us);
    check_key_scopes(check, in);
}

/* ---- models ---- */

/* Pointers are into the definition, which is what the client sent; its windows say moments, for
 * bare dates were replaced by those who can tell where days begin. */
static void check_definition(struct check *check, const json_t *definition)
{
    struct model *model = NULL;
    const enum err_code code = model_compile(definition, /* zone= */ NULL, &model, check->faults);
    model_free(model);
    if (code == ERR_NOMEM)
        check->is_out_of_memory = true;
}

static int64_t next_activation(const struct catalog *catalog)
{
    size_t count;
    const struct catalog_entry *const *entries = catalog_list(catalog, CATALOG_MODEL, &count);
    int64_t last = 0;
    for (size_t i = 0; i < count; i++) {
        const int64_t activated =
            json_integer_value(json_object_get(entries[i]->body, "activated"));
        last = activated > last ? activated : last;
    }
    return last + 1;
}

static void check_model(struct check *check, const struct model_body *in)
{
    const struct catalog_entry *existing = check->proposal->existing;
    if (existing == NULL) {
        check_definition(check, in->definition);
    } else if (!json_equal(in->definition, json_object_get(existing->body, "definition"))) {
        faults_add(check->faults, "/definition", "immutable",
                   "A model's definition cannot be changed: make a new version.");
    }
    int32_t active;
    (void)catalog_active_model(check->catalog, &active);
    if (in->state != ENUM_NONE && active != in->version) {
        check_set(check, "activated", json_integer(next_activation(check->catalog)));
        set_time(check, "activated_at", check->proposal->now_us);
    }
    if (json_object_del(check->body, "state") != 0)
        check->is_out_of_memory = true;
}

/* ---- all ---- */

void check_kind(struct check *check)
{
    const union catalog_body *in = check->in;
    switch (check->proposal->kind) {
    case CATALOG_ORGANISATION:
        check_zone_name(check, in->organisation.time_zone);
        check_currency(check, in->organisation.currency);
        check_chat(check, in->organisation.chat);
        check_team_calendars(check, &in->organisation.calendars);
        break;
    case CATALOG_ATTRIBUTE:
        check_attribute(check, &in->attribute);
        break;
    case CATALOG_OFFER:
        check_offer(check, &in->offer);
        break;
    case CATALOG_FORM:
        check_form(check, &in->form);
        break;
    case CATALOG_CAMPAIGN:
        check_campaign(check, &in->campaign);
        break;
    case CATALOG_MEMBER:
        check_member(check, &in->member);
        break;
    case CATALOG_REASON:
        check_words(check, "label", in->reason.label, &label_schema, in->reason.code);
        break;
    case CATALOG_STAGE:
        check_stage(check, &in->stage);
        break;
    case CATALOG_KEY:
        check_key(check, &in->key);
        break;
    case CATALOG_POLICY:
        check_policy(check, &in->policy);
        break;
    case CATALOG_CALENDAR:
        check_calendar(check, &in->calendar);
        break;
    case CATALOG_MODEL:
        check_model(check, &in->model);
        break;
    case CATALOG_COMMITMENT:
        check_commitment(check, &in->commitment);
        break;
    case CATALOG_AGREEMENT:
        agreement_check(check, &in->agreement);
        break;
    case CATALOG_ABSENCE:
        check_absence(check, &in->absence);
        break;
    case CATALOG_FORM_SECRET:
    case CATALOG_KIND_COUNT_:
        break;
    }
}

struct str check_slug(struct check *check)
{
    const struct catalog_proposal *proposal = check->proposal;
    if (proposal->existing != NULL)
        return arena_str(check->arena, proposal->existing->slug);
    const char *identity = catalog_kind_rules[proposal->kind].identity;
    if (identity != NULL)
        return arena_str(check->arena, json_str_of(json_object_get(check->body, identity)));
    if (proposal->kind == CATALOG_REASON) {
        const struct str kind = json_str_of(json_object_get(check->body, "kind"));
        const struct str code = json_str_of(json_object_get(check->body, "code"));
        return str_from(arena_printf(check->arena, "%.*s:%.*s", STR_ARGS(kind), STR_ARGS(code)));
    }
    if (proposal->kind == CATALOG_MODEL)
        return str_from(arena_printf(check->arena, "%d", (int)check->in->model.version));
    if (proposal->kind == CATALOG_AGREEMENT)
        return str_from(arena_printf(check->arena, "%d", (int)check->in->agreement.version));
    char text[UUID_TEXT_BYTES];
    return arena_str(check->arena, str_from(uuid_format(proposal->id, text)));
}

#include "domain/protection.h"

#include "domain/contact.h"
#include "domain/disposable.h"
#include "domain/funnel.h"
#include "schema/json.h"
#include "schema/schema.h"

/* ---- the setting ---- */

static const char *const rule_names[] = {"honeypot", "token", "disposable", "repeats", NULL};

static const struct protection defaults = {
    .token_at_least_us = 2 * US_PER_SECOND,
    .token_at_most_us = US_PER_DAY,
    .repeats_more_than = 3,
    .repeats_within_us = INT64_C(3600) * US_PER_SECOND,
};

struct token_body {
    int64_t at_least_us;
    int64_t at_most_us;
};
static const struct field token_fields[] = {
    FIELD("at_least", DURATION, struct token_body, at_least_us, .flags = FIELD_NULLABLE,
          .max = 600.0),
    FIELD("at_most", DURATION, struct token_body, at_most_us, .flags = FIELD_NULLABLE, .min = 60.0,
          .max = 2592000.0),
};
static const struct schema token_schema = SCHEMA(struct token_body, token_fields);
_Static_assert(PROTECTION_AT_LEAST_US_MAX == 600 * US_PER_SECOND &&
                   PROTECTION_AT_MOST_US_MIN == 60 * US_PER_SECOND &&
                   PROTECTION_AT_MOST_US_MAX == 2592000 * US_PER_SECOND,
               "the schema's bounds are the header's");

struct repeats_body {
    int64_t more_than;
    int64_t within_us;
};
static const struct field repeats_fields[] = {
    FIELD("more_than", INT, struct repeats_body, more_than, .flags = FIELD_NULLABLE, .min = 1,
          .max = PROTECTION_MORE_THAN_MAX),
    FIELD("within", DURATION, struct repeats_body, within_us, .flags = FIELD_NULLABLE, .min = 60.0,
          .max = 86400.0),
};
static const struct schema repeats_schema = SCHEMA(struct repeats_body, repeats_fields);
_Static_assert(PROTECTION_WITHIN_US_MIN == 60 * US_PER_SECOND &&
                   PROTECTION_WITHIN_US_MAX == 86400 * US_PER_SECOND,
               "the schema's bounds are the header's");

static int64_t given_or(int64_t given, int64_t otherwise)
{
    return given != INT_NONE ? given : otherwise;
}

static void read_honeypot(const json_t *value, struct protection *protection, struct faults *faults)
{
    if (json_is_true(value)) {
        protection->honeypot = STR_LITERAL(PROTECTION_HONEYPOT_FIELD);
    } else if (json_is_string(value) && slug_is_valid(json_str_of(value))) {
        protection->honeypot = json_str_of(value);
    } else if (json_is_string(value)) {
        faults_add(faults, "/protection/honeypot", "format",
                   "A field's name here has 1 to 64 lower-case letters, digits, '-' and '_'.");
    } else if (!json_is_false(value)) {
        faults_add(faults, "/protection/honeypot", "type",
                   "This has to be true, false or the name of a field.");
    }
}

/* A rule that is true, false or an object of its own settings. True: the object is to be read. */
static bool read_switch(const json_t *value, const char *pointer, bool *ret_is_on,
                        struct faults *faults)
{
    *ret_is_on = json_is_true(value) || json_is_object(value);
    if (!json_is_boolean(value) && !json_is_object(value)) {
        faults_add(faults, pointer, "type", "This has to be true, false or an object.");
    }
    return json_is_object(value);
}

static void read_token(const json_t *value, struct protection *protection, struct faults *faults)
{
    static const char pointer[] = "/protection/token";
    struct token_body body;
    if (!read_switch(value, pointer, &protection->has_token, faults) ||
        !schema_decode_at(&token_schema, value, pointer, /* arena= */ NULL, &body, faults)) {
        return;
    }
    protection->token_at_least_us = given_or(body.at_least_us, defaults.token_at_least_us);
    protection->token_at_most_us = given_or(body.at_most_us, defaults.token_at_most_us);
    if (protection->token_at_least_us >= protection->token_at_most_us) {
        faults_add(faults, "/protection/token/at_most", "order",
                   "This has to be longer than at_least.");
    }
}

static void read_repeats(const json_t *value, struct protection *protection, struct faults *faults)
{
    static const char pointer[] = "/protection/repeats";
    struct repeats_body body;
    if (!read_switch(value, pointer, &protection->has_repeats, faults) ||
        !schema_decode_at(&repeats_schema, value, pointer, /* arena= */ NULL, &body, faults)) {
        return;
    }
    protection->repeats_more_than = (int32_t)given_or(body.more_than, defaults.repeats_more_than);
    protection->repeats_within_us = given_or(body.within_us, defaults.repeats_within_us);
}

static void read_rule(const char *name, const json_t *value, struct protection *protection,
                      struct faults *faults)
{
    switch (name_index(rule_names, str_from(name))) {
    case 0:
        read_honeypot(value, protection, faults);
        break;
    case 1:
        read_token(value, protection, faults);
        break;
    case 2:
        protection->has_disposable = json_is_true(value);
        if (!json_is_boolean(value)) {
            faults_add(faults, "/protection/disposable", "type", "This has to be true or false.");
        }
        break;
    case 3:
        read_repeats(value, protection, faults);
        break;
    default: {
        struct json_pointer pointer;
        json_pointer_init(&pointer, "/protection");
        (void)json_pointer_push(&pointer, str_from(name));
        faults_add(faults, pointer.text, "unknown",
                   "The rules are honeypot, token, disposable and repeats.");
    }
    }
}

bool protection_read(const json_t *value, bool is_stored, struct protection *ret_protection,
                     struct faults *faults)
{
    const size_t fault_count = faults->count;
    *ret_protection = defaults;
    if (value == NULL) {
        return true;
    }
    if (!json_is_object(value)) {
        faults_add(faults, "/protection", "type", "This has to be an object.");
        return false;
    }
    const char *name;
    const json_t *rule;
    json_object_foreach(json_unconst(value), name, rule)
    {
        const bool is_known = name_index(rule_names, str_from(name)) >= 0;
        if (!json_is_null(rule) && (is_known || !is_stored)) {
            read_rule(name, rule, ret_protection, faults);
        }
    }
    return faults->count == fault_count;
}

/* ---- as it is stored ---- */

/* The defaults of a rule that is an object, as texts; the same as above. */
static const char *const complete_rules[] = {NULL, "{\"at_least\":\"PT2S\",\"at_most\":\"P1D\"}",
                                             NULL, "{\"more_than\":3,\"within\":\"PT1H\"}"};

/* The defaults, and over them what was given; null counts as not given. */
static json_t *complete(const json_t *given, const char *default_text)
{
    json_t *whole = json_loads(default_text, 0, /* error= */ NULL);
    const char *name;
    json_t *value;
    json_object_foreach(json_unconst(given), name, value)
    {
        if (whole != NULL && !json_is_null(value) && json_object_set(whole, name, value) != 0) {
            json_decref(whole);
            return NULL;
        }
    }
    return whole;
}

static json_t *rule_as_stored(const json_t *given, const char *default_text)
{
    if (given == NULL || json_is_null(given)) {
        return json_false();
    }
    return json_is_object(given) && default_text != NULL ? complete(given, default_text)
                                                         : json_share(given);
}

json_t *protection_complete(const json_t *value)
{
    json_t *whole = json_object();
    for (size_t i = 0; rule_names[i] != NULL; i++) {
        const json_t *given = value != NULL ? json_object_get(value, rule_names[i]) : NULL;
        if (json_object_set_new(whole, rule_names[i], rule_as_stored(given, complete_rules[i])) !=
            0) {
            json_decref(whole);
            return NULL;
        }
    }
    return whole;
}

/* ---- one submission ---- */

static unsigned judge_token(const struct protection *protection,
                            const struct form_token_secret secrets[], size_t secret_count,
                            const struct protection_evidence *evidence,
                            struct suspicion_watch *watch)
{
    struct form_token token;
    if (str_trim(evidence->token).len == 0) {
        return SUSPICION_BIT(SUSPICION_TOKEN_MISSING);
    }
    if (!form_token_read(secrets, secret_count, evidence->form, str_trim(evidence->token),
                         &token)) {
        return SUSPICION_BIT(SUSPICION_TOKEN_INVALID);
    }
    const int64_t age_us = form_token_age_us(&token, evidence->received_at_us);
    if (age_us < 0) {
        return SUSPICION_BIT(SUSPICION_TOKEN_INVALID);
    }
    watch->token = token.id;
    /* The database's clock may be a little behind: then it is still there when it is too old. */
    watch->token_expires_at_us = token.issued_at_us + protection->token_at_most_us +
                                 FORM_TOKEN_AHEAD_US_MAX;
    if (age_us < protection->token_at_least_us) {
        return SUSPICION_BIT(SUSPICION_TOKEN_TOO_FAST);
    }
    return age_us > protection->token_at_most_us ? SUSPICION_BIT(SUSPICION_TOKEN_TOO_OLD) : 0;
}

static struct uuid mark_of(const struct form_token_secret *secret, const char *what,
                           struct str form, struct str value)
{
    const struct str parts[] = {
        str_slice(secret != NULL ? (const char *)secret->bytes : NULL,
                  secret != NULL ? FORM_TOKEN_SECRET_BYTES : 0),
        str_from(what),
        form,
        value,
    };
    return uuid_from_parts(parts, ARRAY_LEN(parts));
}

/* What was written, and not chosen or common to many: the messages. Nil when there is none. */
static struct uuid mark_of_messages(const struct form_token_secret *secret,
                                    const struct protection_evidence *evidence)
{
    struct uuid mark = {{0}};
    for (size_t i = 0; i < evidence->attribute_count; i++) {
        const struct attribute *claim = &evidence->attributes[i];
        const struct str text = str_trim(claim->text);
        if (claim->kind == ATTRIBUTE_IS_TEXT && text.len >= PROTECTION_MESSAGE_BYTES_MIN) {
            const struct str both[] = {str_slice((const char *)mark.bytes, sizeof mark.bytes),
                                       text};
            mark = uuid_from_parts(both, ARRAY_LEN(both));
        }
    }
    return uuid_is_nil(mark) ? mark
                             : mark_of(secret, "content", evidence->form,
                                       str_slice((const char *)mark.bytes, sizeof mark.bytes));
}

unsigned protection_judge(const struct protection *protection,
                          const struct form_token_secret secrets[], size_t secret_count,
                          const struct protection_evidence *evidence,
                          struct suspicion_watch *ret_watch)
{
    unsigned found = 0;
    *ret_watch = (struct suspicion_watch){.more_than = protection->repeats_more_than,
                                          .within_us = protection->repeats_within_us};
    if (protection->honeypot.data != NULL && str_trim(evidence->honeypot).len > 0) {
        found |= SUSPICION_BIT(SUSPICION_HONEYPOT);
    }
    if (protection->has_token) {
        found |= judge_token(protection, secrets, secret_count, evidence, ret_watch);
    }
    if (protection->has_repeats) {
        const struct form_token_secret *secret = secret_count > 0 ? &secrets[0] : NULL;
        ret_watch->address = mark_of(secret, "address", evidence->form, evidence->email_key);
        ret_watch->content = mark_of_messages(secret, evidence);
    }
    struct str domain = evidence->email_key;
    while (memchr(domain.data, '@', domain.len) != NULL) {
        (void)str_cut(&domain, '@');
    }
    if (protection->has_disposable && domain_is_disposable(domain)) {
        found |= SUSPICION_BIT(SUSPICION_DISPOSABLE_ADDRESS);
    }
    return found;
}

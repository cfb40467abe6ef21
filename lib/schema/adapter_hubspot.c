/*
 * HubSpot's forms API, version 3:
 * https://developers.hubspot.com/docs/api-reference/legacy/marketing/forms/v3-legacy/submit-data-unauthenticated
 *
 * {"fields": [{"objectTypeId", "name", "value"}], "submittedAt": milliseconds, "context":
 * {"pageUri"}, "legalConsentOptions": {"consent" | "legitimateInterest": …}}
 *
 * Of the context the page is kept; its cookie, page names and addresses are for a tracker that is
 * not here.
 */
#include "schema/adapter_internal.h"

#define COMPANY_TYPE "0-2"

/* "name" of a company is not that of a person. Names may carry the type in front: "0-2/name". */
static struct str name_of(const json_t *field)
{
    struct str name = json_str_of(json_object_get(field, "name"));
    struct str type = json_str_of(json_object_get(field, "objectTypeId"));
    if (memchr(name.data != NULL ? name.data : "", '/', name.len) != NULL) {
        type = str_cut(&name, '/');
    }
    if (str_is(type, COMPANY_TYPE)) {
        return str_is(name, "name")     ? STR_LITERAL("company")
               : str_is(name, "domain") ? STR_LITERAL("website")
                                        : name;
    }
    return name;
}

static void take_fields(struct adapted *adapted, const json_t *fields)
{
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);
        const struct str value = adapted_text(adapted, json_object_get(field, "value"));
        struct answer *answer = adapted_add_named(adapted, name_of(field), value);
        if (answer != NULL) {
            answer_add_name(answer, json_str_of(json_object_get(field, "name")));
        }
    }
}

/* ---- consents ---- */

static void take_consent(struct adapted *adapted, const char *name, const json_t *value,
                         const char *ours)
{
    if (!json_is_boolean(value)) {
        return;
    }
    struct answer *answer =
        adapted_add_named(adapted, str_from(name), adapted_text(adapted, value));
    if (answer != NULL) {
        answer->ours = ours;
        answer->kind = ANSWER_DETAIL;
    }
}

static void take_subscription(struct adapted *adapted, const json_t *options, const char *ours)
{
    const struct str id = adapted_member(adapted, options, "subscriptionTypeId");
    const char *name = arena_printf(adapted->arena, "subscription_%.*s", STR_ARGS(id));
    adapted->is_out_of_memory |= name == NULL;
    if (name != NULL) {
        take_consent(adapted, name, json_object_get(options, "value"), ours);
    }
}

/* Without a map every subscription is taken for marketing by e-mail; a "no" among several is the
 * last word. */
static void take_consents(struct adapted *adapted, const json_t *legal)
{
    const json_t *consent = json_object_get(legal, "consent");
    take_consent(adapted, "consent_to_process", json_object_get(consent, "consentToProcess"),
                 "consent_data_processing");
    const json_t *communications = json_object_get(consent, "communications");
    for (int wanted = 1; wanted >= 0; wanted--) {
        for (size_t i = 0; i < json_array_size(communications); i++) {
            const json_t *one = json_array_get(communications, i);
            if (json_is_true(json_object_get(one, "value")) == wanted) {
                take_subscription(adapted, one, "consent_marketing_email");
            }
        }
    }
    const json_t *interest = json_object_get(legal, "legitimateInterest");
    take_consent(adapted, "legitimate_interest", json_object_get(interest, "value"),
                 "consent_legitimate_interest");
}

static struct str text_of(struct adapted *adapted, const json_t *options, const void *context)
{
    (void)context;
    return adapted_member(adapted, options, "text");
}

/* All that the visitor read, a line each. */
static struct str consent_text_of(struct adapted *adapted, const json_t *legal)
{
    json_t *consent = json_object_get(legal, "consent");
    json_t *communications = json_object_get(consent, "communications");
    json_t *parts[] = {consent, json_object_get(legal, "legitimateInterest")};
    json_auto_t *all = json_array();
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        adapted->is_out_of_memory |= json_is_object(parts[i]) &&
                                     json_array_append(all, parts[i]) != 0;
    }
    adapted->is_out_of_memory |= json_is_array(communications) &&
                                 json_array_extend(all, communications) != 0;
    return adapted_join(adapted, all, "\n", text_of, /* context= */ NULL);
}

/* A number, or its digits as text. */
static int64_t time_of(const json_t *submitted_at)
{
    int64_t ms = json_is_integer(submitted_at) ? json_integer_value(submitted_at) : 0;
    if (json_is_string(submitted_at) && !str_to_int64(json_str_of(submitted_at), &ms)) {
        return TIME_NONE;
    }
    return ms > 0 && ms < INT64_MAX / US_PER_MS ? ms * US_PER_MS : TIME_NONE;
}

enum err_code hubspot_read(const json_t *body, struct adapted *adapted, struct err *reterr)
{
    const json_t *fields = json_object_get(body, "fields");
    if (!json_is_array(fields)) {
        return err_set(reterr, ERR_INVALID, "fields is missing: a list of {name, value}.");
    }
    adapted->occurred_at_us = time_of(json_object_get(body, "submittedAt"));
    take_fields(adapted, fields);
    const json_t *context = json_object_get(body, "context");
    adapted_add_page(adapted, "pageUri",
                     adapted_text(adapted, json_object_get(context, "pageUri")));
    const json_t *legal = json_object_get(body, "legalConsentOptions");
    take_consents(adapted, legal);
    adapted->consent_text = consent_text_of(adapted, legal);
    return OK;
}

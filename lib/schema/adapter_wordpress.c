/*
 * What plugins of WordPress send: an object of names and values, with more or less about the
 * submission beside them.
 *
 * - Gravity Forms, Webhooks Add-On
 * (https://docs.gravityforms.com/triggering-webhooks-form-submissions/), "all fields": the whole
 * entry, the fields under their numbers ("3", "1.3"); "select fields": names as one chose.
 * - Fluent Forms Pro (https://fluentforms.com/docs/how-to-integrate-webhook-with-fluent-forms/):
 * the fields' names, groups nested ("names": {"first_name"}), "__submission" about the entry; or
 * the entry itself with the fields in "response".
 * - Contact Form 7 with "CF7 to Webhook" (https://github.com/mariovalney/cf7-to-zapier): the form's
 *   tags and chosen special mail tags.
 *
 * The ids of entries are one of a kind only in their own WordPress, so where and when they were
 * made belongs to the id that is derived from them.
 */
#include "schema/adapter_internal.h"

static void add_page(struct adapted *adapted, struct str url)
{
    struct answer *answer = adapted_add_named(adapted, STR_LITERAL("source_url"), url);
    if (answer != NULL) {
        answer->ours = "page_url";
        answer->kind = ANSWER_DETAIL;
    }
}

/* id, form, page and time of an entry; false: it is none. */
static bool identify_entry(struct adapted *adapted, const char *tool, const json_t *entry,
                           const char *time_name)
{
    const struct str id = adapted_member(adapted, entry, "id");
    const struct str parts[] = {adapted_member(adapted, entry, "form_id"),
                                adapted_member(adapted, entry, time_name),
                                adapted_member(adapted, entry, "source_url")};
    if (id.data == NULL || parts[0].data == NULL || parts[1].data == NULL) {
        return false;
    }
    adapted_identify(adapted, tool, id, parts, ARRAY_LEN(parts));
    return true;
}

/* ---- Gravity Forms ---- */

/* What an entry holds beside its fields. */
static bool is_of_entry(struct str name)
{
    static const char *const names[] = {"id",
                                        "form_id",
                                        "post_id",
                                        "date_created",
                                        "date_updated",
                                        "is_starred",
                                        "is_read",
                                        "ip",
                                        "source_url",
                                        "source_id",
                                        "user_agent",
                                        "currency",
                                        "payment_status",
                                        "payment_date",
                                        "payment_amount",
                                        "is_fulfilled",
                                        "payment_method",
                                        "created_by",
                                        "transaction_id",
                                        "transaction_type",
                                        "status",
                                        "is_approved",
                                        "partial_entry_id"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_is(name, names[i])) {
            return true;
        }
    }
    return str_starts_with(name, "gpdf_") || str_starts_with(name, "workflow_");
}

/* "3" and "1.3" name nothing: an attribute is called after the field's number. */
static void label_numbers(struct adapted *adapted, struct answer *answer)
{
    double ignored;
    if (!str_to_double(answer->label, &ignored)) {
        return;
    }
    struct str rest = answer->label;
    const struct str field = str_cut(&rest, '.');
    const char *label = arena_printf(adapted->arena, "field %.*s%s%.*s", STR_ARGS(field),
                                     rest.data != NULL ? " " : "", STR_ARGS(rest));
    adapted->is_out_of_memory |= label == NULL;
    answer->label = str_from(label);
}

/* "2026-11-21 14:30:00", which Gravity Forms keeps in UTC. */
static int64_t created_at(struct adapted *adapted, const json_t *entry)
{
    int64_t at_us;
    const struct str text = json_str_of(json_object_get(entry, "date_created"));
    const char *in_utc = arena_printf(adapted->arena, "%.*sZ", STR_ARGS(text));
    return in_utc != NULL && time_parse(str_from(in_utc), &at_us) ? at_us : TIME_NONE;
}

enum err_code gravityforms_read(const json_t *body, struct adapted *adapted, struct err *reterr)
{
    (void)reterr;
    const bool is_entry =
        identify_entry(adapted, "gravityforms", body, /* time_name= */ "date_created");
    adapted_take_flat(adapted, body, /* but= */ NULL);
    for (size_t i = 0; i < adapted->count; i++) {
        struct answer *answer = &adapted->answers[i];
        if (is_entry && is_of_entry(answer->names[0])) {
            answer->kind = ANSWER_DETAIL;
        }
        label_numbers(adapted, answer);
    }
    if (is_entry) {
        adapted->occurred_at_us = created_at(adapted, body);
        add_page(adapted, adapted_member(adapted, body, "source_url"));
    }
    return OK;
}

/* ---- Fluent Forms ---- */

enum err_code fluentforms_read(const json_t *body, struct adapted *adapted, struct err *reterr)
{
    (void)reterr;
    const json_t *beside = json_object_get(body, "__submission");
    const json_t *response = json_object_get(body, "response");
    const bool is_entry = json_is_object(response) &&
                          adapted_member(adapted, body, "form_id").data != NULL;
    const json_t *entry = json_is_object(beside) ? beside : is_entry ? body : NULL;
    if (entry != NULL) {
        (void)identify_entry(adapted, "fluentforms", entry, /* time_name= */ "created_at");
    }
    /* Beside the fields it has the same answers once more. */
    adapted_take_flat(adapted, is_entry ? response : body, /* but= */ "__submission");
    add_page(adapted, adapted_member(adapted, entry, "source_url"));
    return OK;
}

/* ---- Contact Form 7 ---- */

enum err_code contactform7_read(const json_t *body, struct adapted *adapted, struct err *reterr)
{
    (void)reterr;
    adapted_take_flat(adapted, body, /* but= */ NULL);
    const struct str page = adapted_member(adapted, body, "_url");
    add_page(adapted, page.data != NULL ? page : adapted_member(adapted, body, "_post_url"));
    return OK;
}

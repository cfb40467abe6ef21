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
#include "schema/php_value.h"

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

/* A field of a person's name, "1.3" and "1.6" beside "1.2", "1.4" and "1.8": entries hold every
 * input of a field, also an empty one, so that of boxes, addresses and all others there is a first.
 */
static const char *name_part(struct adapted *adapted, const json_t *entry, struct str input)
{
    static const char *const others[] = {"1", "5", "7", "9"};
    struct str part = input;
    const struct str field = str_cut(&part, '.');
    const char *ours = str_is(part, "3") ? "first_name" : str_is(part, "6") ? "last_name" : NULL;
    for (size_t i = 0; ours != NULL && i < ARRAY_LEN(others); i++) {
        const char *other = arena_printf(adapted->arena, "%.*s.%s", STR_ARGS(field), others[i]);
        adapted->is_out_of_memory |= other == NULL;
        if (other == NULL || json_object_get(entry, other) != NULL) {
            return NULL;
        }
    }
    return ours;
}

/* Lists and multiple choices are kept as PHP's or JSON's text of an array. NULL: it is none. */
static json_t *unpacked(struct str value)
{
    json_t *array;
    struct err ignored;
    if (str_starts_with(value, "a:")) {
        return php_value_read(value);
    }
    return str_starts_with(value, "[") && json_parse(value, &array, &ignored) == OK ? array : NULL;
}

static void unpack_values(struct adapted *adapted)
{
    size_t kept = 0;
    for (size_t i = 0; i < adapted->count; i++) {
        struct answer answer = adapted->answers[i];
        json_auto_t *array = unpacked(answer.value);
        if (array != NULL) {
            const struct str text = str_trim(adapted_text(adapted, array));
            answer.value = arena_str(adapted->arena, text); /* it may be a part of the array */
            adapted->is_out_of_memory |= answer.value.data == NULL;
        }
        if (answer.value.len > 0) { /* an empty array is no answer */
            adapted->answers[kept++] = answer;
        }
    }
    adapted->count = kept;
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
    unpack_values(adapted);
    for (size_t i = 0; i < adapted->count; i++) {
        struct answer *answer = &adapted->answers[i];
        if (is_entry && is_of_entry(answer->names[0])) {
            answer->kind = ANSWER_DETAIL;
        }
        answer->ours = is_entry ? name_part(adapted, body, answer->names[0]) : NULL;
        label_numbers(adapted, answer);
    }
    if (is_entry) {
        adapted->occurred_at_us = created_at(adapted, body);
        adapted_add_page(adapted, "source_url", adapted_member(adapted, body, "source_url"));
    }
    return OK;
}

/* ---- Fluent Forms ---- */

static void keep_text(struct adapted *adapted, struct str *text)
{
    if (text->data != NULL) {
        *text = arena_str(adapted->arena, *text);
        adapted->is_out_of_memory |= text->data == NULL;
    }
}

/* As its table holds an entry: the response as JSON's text. What is read lives in the arena. */
static void take_packed(struct adapted *adapted, struct str response)
{
    struct err ignored;
    json_auto_t *parsed = NULL;
    if (json_parse(response, &parsed, &ignored) != OK || !json_is_object(parsed)) {
        return;
    }
    adapted_take_flat(adapted, parsed, /* but= */ NULL);
    for (size_t i = 0; i < adapted->count; i++) {
        struct answer *answer = &adapted->answers[i];
        for (size_t j = 0; j < ANSWER_NAMES_MAX; j++) {
            keep_text(adapted, &answer->names[j]);
        }
        keep_text(adapted, &answer->label);
        keep_text(adapted, &answer->value);
    }
}

enum err_code fluentforms_read(const json_t *body, struct adapted *adapted, struct err *reterr)
{
    (void)reterr;
    const json_t *beside = json_object_get(body, "__submission");
    const json_t *response = json_object_get(body, "response");
    const bool is_entry = (json_is_object(response) || json_is_string(response)) &&
                          adapted_member(adapted, body, "form_id").data != NULL;
    const json_t *entry = json_is_object(beside) ? beside : is_entry ? body : NULL;
    if (entry != NULL) {
        (void)identify_entry(adapted, "fluentforms", entry, /* time_name= */ "created_at");
    }
    if (is_entry && json_is_string(response)) {
        take_packed(adapted, json_str_of(response));
    } else { /* beside the fields it has the same answers once more */
        adapted_take_flat(adapted, is_entry ? response : body, /* but= */ "__submission");
    }
    adapted_add_page(adapted, "source_url", adapted_member(adapted, entry, "source_url"));
    return OK;
}

/* ---- Contact Form 7 ---- */

enum err_code contactform7_read(const json_t *body, struct adapted *adapted, struct err *reterr)
{
    (void)reterr;
    adapted_take_flat(adapted, body, /* but= */ NULL);
    const struct str page = adapted_member(adapted, body, "_url");
    adapted_add_page(adapted, "source_url",
                     page.data != NULL ? page : adapted_member(adapted, body, "_post_url"));
    return OK;
}

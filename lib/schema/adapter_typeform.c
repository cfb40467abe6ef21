/*
 * Typeform: https://www.typeform.com/developers/webhooks/example-payload/
 *
 * {"event_type": "form_response", "form_response": {"token", "submitted_at", "hidden": {…},
 * "variables": […], "definition": {"fields": [{"id", "ref", "title", "type"}]}, "answers":
 * [{"type": T, T: …, "field": {"id", "ref", "type"}}]}}
 *
 * An answer's value is in the member that its type names. Questions made of several (contact_info,
 * address, matrix, group) are answered one by one; what they ask is in the definition, nested in
 * "properties.fields", where "subfield_key" says what a part is in the form of any language.
 */
#include "schema/adapter_internal.h"

#include <string.h>

enum { QUESTIONS_MAX = 1000 };

/* One field of the definition. */
struct question {
    struct str id;
    struct str ref;
    struct str title;
    struct str part;         /* "first_name": of a question of several parts, whatever its title */
    struct str matrix_title; /* of the matrix whose row it is; absent: none */
};

struct questions {
    struct question *items;
    size_t count;
};

static void collect(struct questions *questions, const json_t *fields, struct str matrix_title)
{
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);
        if (questions->count == QUESTIONS_MAX) {
            return;
        }
        const struct str title = json_str_of(json_object_get(field, "title"));
        questions->items[questions->count++] = (struct question){
            .id = json_str_of(json_object_get(field, "id")),
            .ref = json_str_of(json_object_get(field, "ref")),
            .title = title,
            .part = json_str_of(json_object_get(field, "subfield_key")),
            .matrix_title = matrix_title,
        };
        const bool is_matrix = str_is(json_str_of(json_object_get(field, "type")), "matrix");
        const json_t *inner = json_object_get(json_object_get(field, "properties"), "fields");
        collect(questions, inner, is_matrix ? title : (struct str){.data = NULL});
    }
}

static const struct question *question_of(const struct questions *questions, struct str id,
                                          struct str ref)
{
    for (size_t i = 0; i < questions->count; i++) {
        const struct question *question = &questions->items[i];
        if ((id.len > 0 && str_eq(question->id, id)) ||
            (ref.len > 0 && str_eq(question->ref, ref))) {
            return question;
        }
    }
    return NULL;
}

/* ---- values ---- */

static struct str label_of(struct adapted *adapted, const json_t *choice, const void *context)
{
    (void)context;
    const struct str other = adapted_member(adapted, choice, "other");
    return other.data != NULL ? other : adapted_text(adapted, choice);
}

/* {"labels": […], "other": "…"}, or a list of choices. */
static struct str text_of_choices(struct adapted *adapted, const json_t *choices)
{
    const json_t *labels = json_object_get(choices, "labels");
    if (!json_is_object(choices)) {
        return adapted_join(adapted, choices, ", ", label_of, /* context= */ NULL);
    }
    const struct str chosen = adapted_text(adapted, labels);
    const struct str other = adapted_member(adapted, choices, "other");
    if (chosen.len == 0 || other.len == 0) {
        return chosen.len > 0 ? chosen : other;
    }
    const struct str both =
        str_from(arena_printf(adapted->arena, "%.*s, %.*s", STR_ARGS(chosen), STR_ARGS(other)));
    adapted->is_out_of_memory |= both.data == NULL;
    return both;
}

static struct str value_of(struct adapted *adapted, const json_t *answer, struct str type)
{
    const json_t *value = json_object_getn(json_unconst(answer), type.data, type.len);
    if (str_is(type, "choice")) {
        return label_of(adapted, value, /* context= */ NULL);
    }
    if (str_is(type, "choices")) {
        return text_of_choices(adapted, value);
    }
    if (str_is(type, "payment")) { /* whose card it was is nobody's business here */
        return adapted_text(adapted, json_object_get(value, "amount"));
    }
    const json_t *transcript = json_object_get(value, "transcript");
    return adapted_text(adapted, json_is_string(transcript) ? transcript : value);
}

/* ---- answers ---- */

/* A reference that somebody chose, not one that Typeform made: a UUID or a ULID. */
static bool is_readable(struct str ref)
{
    struct uuid ignored;
    bool has_small = false;
    for (size_t i = 0; i < ref.len; i++) {
        has_small |= ref.data[i] >= 'a' && ref.data[i] <= 'z';
    }
    return has_small && !uuid_parse(ref, &ignored);
}

static void name_answer(struct adapted *adapted, struct answer *answer, struct str id,
                        struct str ref, const struct question *question)
{
    static const struct question unknown = {.title = {.data = NULL}};
    question = question != NULL ? question : &unknown;
    const struct str title = question->title;
    answer_add_name(answer, ref);
    answer_add_name(answer, id);
    answer_add_name(answer, title);
    answer_add_name(answer, question->part);
    answer->label = title.len > 0 ? title : ref.len > 0 ? ref : id;
    if (question->matrix_title.len > 0) {
        const char *both = arena_printf(adapted->arena, "%.*s %.*s",
                                        STR_ARGS(question->matrix_title), STR_ARGS(title));
        adapted->is_out_of_memory |= both == NULL;
        answer->label = str_from(both);
    }
    if (is_readable(ref)) {
        answer->label = ref;
    }
}

static void take_answer(struct adapted *adapted, const json_t *json,
                        const struct questions *questions)
{
    const json_t *field = json_object_get(json, "field");
    const struct str type = json_str_of(json_object_get(json, "type"));
    const struct str field_type = json_str_of(json_object_get(field, "type"));
    const struct str id = json_str_of(json_object_get(field, "id"));
    const struct str given_ref = json_str_of(json_object_get(field, "ref"));
    struct answer *answer = adapted_add(adapted, value_of(adapted, json, type));
    if (answer == NULL) {
        return;
    }
    const struct question *question = question_of(questions, id, given_ref);
    const struct str ref = given_ref.len > 0 || question == NULL ? given_ref : question->ref;
    name_answer(adapted, answer, id, ref, question);
    if (str_is(type, "email")) {
        answer->kind = ANSWER_EMAIL;
    } else if (str_is(type, "phone_number")) {
        answer->kind = ANSWER_PHONE;
    }
    answer->is_ticked = str_is(field_type, "checkbox") && str_is(type, "choices");
}

static void take_hidden(struct adapted *adapted, const json_t *hidden)
{
    json_t *same = json_unconst(hidden);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        const struct str name = str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        (void)adapted_add_named(adapted, name, adapted_text(adapted, json_object_iter_value(at)));
    }
}

static void take_variables(struct adapted *adapted, const json_t *variables)
{
    for (size_t i = 0; i < json_array_size(variables); i++) {
        const json_t *variable = json_array_get(variables, i);
        const struct str type = json_str_of(json_object_get(variable, "type"));
        const json_t *value = json_object_getn(json_unconst(variable), type.data, type.len);
        struct answer *answer = adapted_add_named(
            adapted, json_str_of(json_object_get(variable, "key")), adapted_text(adapted, value));
        if (answer != NULL) {
            answer->kind = ANSWER_DETAIL;
        }
    }
}

enum err_code typeform_read(const json_t *body, struct adapted *adapted, struct err *reterr)
{
    const struct str event = json_str_of(json_object_get(body, "event_type"));
    const json_t *response = json_object_get(body, "form_response");
    if (event.data != NULL && !str_is(event, "form_response")) {
        adapted->skipped = "Only complete responses (form_response) are taken.";
        return OK;
    }
    if (!json_is_object(response)) {
        return err_set(reterr, ERR_INVALID,
                       "This is no webhook of Typeform: form_response is missing.");
    }
    struct questions questions = {
        .items = arena_array(adapted->arena, QUESTIONS_MAX, sizeof *questions.items)};
    if (questions.items == NULL) {
        return err_set(reterr, ERR_NOMEM, "Out of memory. Try again.");
    }
    collect(&questions, json_object_get(json_object_get(response, "definition"), "fields"),
            (struct str){.data = NULL});
    adapted_identify(adapted, "typeform", adapted_member(adapted, response, "token"), NULL, 0);
    if (!time_parse(json_str_of(json_object_get(response, "submitted_at")),
                    &adapted->occurred_at_us)) {
        adapted->occurred_at_us = TIME_NONE;
    }
    const json_t *answers = json_object_get(response, "answers");
    for (size_t i = 0; i < json_array_size(answers); i++) {
        take_answer(adapted, json_array_get(answers, i), &questions);
    }
    take_hidden(adapted, json_object_get(response, "hidden"));
    take_variables(adapted, json_object_get(response, "variables"));
    return OK;
}

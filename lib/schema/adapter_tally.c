/*
 * Tally: https://tally.so/help/webhooks
 *
 * {"eventType": "FORM_RESPONSE", "data": {"submissionId", "formId", "createdAt", "fields": [{"key",
 * "label", "type", "value", "options": [{"id", "text"}]}]}}
 *
 * Chosen options are named by their ids. A group of checkboxes comes twice: as one field, and as a
 * field with true or false for each of its boxes. A matrix is {row's id: [ids of columns]} beside
 * lists of rows and columns.
 */
#include "schema/adapter_internal.h"

/* The text of an option, row or column; what is no id of one is text already ("Other: …"). */
static struct str text_by_id(struct adapted *adapted, const json_t *id, const void *context)
{
    const json_t *options = context;
    const struct str wanted = json_str_of(id);
    for (size_t i = 0; wanted.data != NULL && i < json_array_size(options); i++) {
        const json_t *option = json_array_get(options, i);
        if (str_eq(json_str_of(json_object_get(option, "id")), wanted)) {
            return json_str_of(json_object_get(option, "text"));
        }
    }
    return adapted_text(adapted, id);
}

static struct str text_of_matrix(struct adapted *adapted, const json_t *field, const json_t *value)
{
    json_auto_t *named = json_object();
    json_t *same = json_unconst(value);
    for (void *at = json_object_iter(same); at != NULL; at = json_object_iter_next(same, at)) {
        json_auto_t *id = json_stringn(json_object_iter_key(at), json_object_iter_key_len(at));
        const struct str row = text_by_id(adapted, id, json_object_get(field, "rows"));
        const struct str chosen = adapted_join(adapted, json_object_iter_value(at), ", ",
                                               text_by_id, json_object_get(field, "columns"));
        if (row.len > 0 && chosen.len > 0 &&
            json_object_setn_new(named, row.data, row.len, json_stringn(chosen.data, chosen.len)) !=
                0) {
            adapted->is_out_of_memory = true;
        }
    }
    return adapted_pairs(adapted, named);
}

static struct str value_of(struct adapted *adapted, const json_t *field, struct str type)
{
    const json_t *value = json_object_get(field, "value");
    const json_t *options = json_object_get(field, "options");
    if (str_is(type, "MATRIX") && json_is_object(value)) {
        return text_of_matrix(adapted, field, value);
    }
    return json_is_array(options) ? adapted_join(adapted, value, ", ", text_by_id, options)
                                  : adapted_text(adapted, value);
}

static enum answer_kind kind_of(const json_t *field, struct str type)
{
    if (str_is(type, "INPUT_EMAIL")) {
        return ANSWER_EMAIL;
    }
    if (str_is(type, "INPUT_PHONE_NUMBER")) {
        return ANSWER_PHONE;
    }
    const bool is_one_of_boxes = str_is(type, "CHECKBOXES") &&
                                 json_is_boolean(json_object_get(field, "value"));
    return is_one_of_boxes || str_is(type, "PAYMENT") || str_is(type, "CALCULATED_FIELDS")
               ? ANSWER_DETAIL
               : ANSWER_PLAIN;
}

static void take_field(struct adapted *adapted, const json_t *field)
{
    const struct str type = json_str_of(json_object_get(field, "type"));
    const struct str key = json_str_of(json_object_get(field, "key"));
    const struct str label = json_str_of(json_object_get(field, "label"));
    struct answer *answer = adapted_add(adapted, value_of(adapted, field, type));
    if (answer == NULL) {
        return;
    }
    answer_add_name(answer, key);
    answer_add_name(answer, label);
    answer->label = str_trim(label).len > 0 ? label : key;
    answer->kind = kind_of(field, type);
    answer->is_ticked = str_is(type, "CHECKBOXES") && answer->kind == ANSWER_PLAIN &&
                        json_array_size(json_object_get(field, "options")) == 1;
}

enum err_code tally_read(const json_t *body, struct adapted *adapted, struct err *reterr)
{
    const struct str event = json_str_of(json_object_get(body, "eventType"));
    const json_t *data = json_object_get(body, "data");
    if (event.data != NULL && !str_is(event, "FORM_RESPONSE")) {
        adapted->skipped = "Only submissions (FORM_RESPONSE) are taken.";
        return OK;
    }
    const json_t *fields = json_object_get(data, "fields");
    if (!json_is_array(fields)) {
        return err_set(reterr, ERR_INVALID, "This is no webhook of Tally: data.fields is missing.");
    }
    struct str token = adapted_member(adapted, data, "submissionId");
    if (token.data == NULL) {
        token = adapted_member(adapted, data, "responseId");
    }
    const struct str form = adapted_member(adapted, data, "formId");
    adapted_identify(adapted, "tally", token, &form, 1);
    if (!time_parse(json_str_of(json_object_get(data, "createdAt")), &adapted->occurred_at_us)) {
        adapted->occurred_at_us = TIME_NONE;
    }
    for (size_t i = 0; i < json_array_size(fields); i++) {
        take_field(adapted, json_array_get(fields, i));
    }
    return OK;
}

/* A submission as JSON, from a script or a server. */
#include "domain/email_address.h"
#include "handlers/handlers.h"
#include "handlers/submission.h"
#include "schema/json.h"

struct submission_body {
    struct uuid id;
    bool has_id;
    struct str email;
    const json_t *attributes;
    const json_t *consents;
    const json_t *context;
    int64_t occurred_at_us;
    struct str token;
};

static const struct field submission_fields[] = {
    FIELD("id", UUID, struct submission_body, id, .flags = FIELD_NULLABLE,
          FIELD_PRESENCE(struct submission_body, has_id)),
    FIELD("email", STRING, struct submission_body, email, .flags = FIELD_NULLABLE,
          .max = EMAIL_INPUT_BYTES_MAX),
    FIELD("attributes", MAP, struct submission_body, attributes, .flags = FIELD_NULLABLE,
          .max = ATTRIBUTES_MAX),
    FIELD("consents", JSON, struct submission_body, consents, .flags = FIELD_NULLABLE),
    FIELD("context", JSON, struct submission_body, context, .flags = FIELD_NULLABLE),
    FIELD("occurred_at", TIME, struct submission_body, occurred_at_us, .flags = FIELD_NULLABLE),
    FIELD(PROTECTION_TOKEN_FIELD, STRING, struct submission_body, token, .flags = FIELD_NULLABLE,
          .max = SUBMISSION_TOKEN_CHARS_MAX),
};
static const struct schema submission_schema = SCHEMA(struct submission_body, submission_fields);

static void decode_context(struct request *request, const json_t *context,
                           struct submission *submission)
{
    if (context == NULL) {
        return;
    }
    if (!json_is_object(context)) {
        faults_add(&request->faults, "/context", "type", "The context is an object.");
        return;
    }
    const char *name;
    const json_t *value;
    json_object_foreach(json_unconst(context), name, value)
    {
        const char *pointer = arena_printf(request->arena, "/context/%s", name);
        const int index = name_index(submission_context_names, str_from(name));
        if (index < 0) {
            faults_add(&request->faults, pointer, "unknown", "The context has no such field.");
        } else if (json_is_string(value) &&
                   json_string_length(value) <= SUBMISSION_CONTEXT_BYTES_MAX) {
            submission->values[index] = json_str_of(value);
        } else if (!json_is_null(value)) {
            faults_add(&request->faults, pointer, "type", "A text of at most %d bytes.",
                       SUBMISSION_CONTEXT_BYTES_MAX);
        }
    }
}

/* The object without the member of that name, which goes to *ret_text: a copy of the request's; the
 * same when it has none. Whatever is not a text counts as one. NULL: out of memory. */
static const json_t *take_out(struct request *request, const json_t *object, struct str name,
                              struct str *ret_text)
{
    const json_t *value = json_object_getn(json_unconst(object), name.data, name.len);
    if (value == NULL) {
        return object;
    }
    json_t *rest = json_copy(json_unconst(object));
    if (rest == NULL || json_object_deln(rest, name.data, name.len) != 0) {
        json_decref(rest);
        faults_add(&request->faults, "", "memory", "Out of memory.");
        return NULL;
    }
    request_own(request, rest);
    if (json_is_string(value)) {
        *ret_text = json_str_of(value);
    } else if (!json_is_null(value)) {
        *ret_text = STR_LITERAL("not a text");
    }
    return rest;
}

/* The honeypot stands beside the e-mail or among the attributes; it is never a claim. */
static const json_t *take_honeypot(struct request *request, struct submission *submission,
                                   const json_t *object)
{
    const struct str name = submission->form->protection.honeypot;
    struct str text = {0};
    if (name.data == NULL || !json_is_object(object)) {
        return object;
    }
    const json_t *rest = take_out(request, object, name, &text);
    submission_keep_honeypot(submission, text);
    return rest;
}

void submission_take_json(struct request *request, struct submission *submission,
                          const json_t *whole_json)
{
    struct submission_body body;
    const json_t *body_json = take_honeypot(request, submission, whole_json);
    if (body_json == NULL) {
        return;
    }
    /* What is wrong stays with its field: the rest is looked at all the same, so that all faults
     * are told. */
    const bool is_sound =
        schema_decode(&submission_schema, body_json, request->arena, &body, &request->faults);
    struct input *input = &submission->input;
    submission->token = body.token;
    body.attributes = take_honeypot(request, submission, body.attributes);
    (void)claims_from_json(request, body.attributes, "/attributes", /* is_peoples_word= */ true,
                           &input->attributes, &input->attribute_count);
    (void)consents_from_json(request, body.consents, "/consents", &input->consents,
                             &input->consent_count);
    decode_context(request, body.context, submission);
    if (body.email.data != NULL) {
        (void)email_into_input(request, body.email, "/email", input);
    }
    if (is_sound && !uuid_is_nil(body.id)) {
        input->activity.id = body.id;
        input->activity.has_client_id = true;
    }
    if (body.occurred_at_us != TIME_NONE) {
        (void)occurred_at_is_valid(request, body.occurred_at_us, "/occurred_at",
                                   /* is_recent_only= */ !submission->is_trusted);
        input->activity.occurred_at_us = body.occurred_at_us;
    }
}

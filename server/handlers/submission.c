#include "handlers/submission.h"

#include "domain/channel.h"
#include "domain/email_address.h"
#include "handlers/handlers.h"
#include "remote_network.h"
#include "schema/json.h"

enum { SUBMISSION_BYTES_MAX = 65536, CONTEXT_VALUE_BYTES_MAX = 2048, TOKEN_CHARS_MAX = 1024 };

static const char *const context_names[] = {
    [CONTEXT_PAGE_URL] = "page_url",         [CONTEXT_REFERRER] = "referrer",
    [CONTEXT_UTM_SOURCE] = "utm_source",     [CONTEXT_UTM_MEDIUM] = "utm_medium",
    [CONTEXT_UTM_CAMPAIGN] = "utm_campaign", [CONTEXT_UTM_CONTENT] = "utm_content",
    [CONTEXT_UTM_TERM] = "utm_term",         [CONTEXT_COUNT_] = NULL};

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
          .max = TOKEN_CHARS_MAX),
};
static const struct schema submission_schema = SCHEMA(struct submission_body, submission_fields);

struct submission *submission_new(struct request *request, const struct form *form)
{
    struct submission *submission = arena_alloc(request->arena, sizeof *submission);
    if (submission != NULL) {
        *submission = (struct submission){.form = form};
        faults_init(&submission->ignored, request->arena);
        request_input_init(request, &submission->input, INPUT_SUBMISSION);
    }
    return submission;
}

/* ---- what is kept ---- */

static void write_claims(struct json_writer *json, const struct attribute *claims, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct attribute *claim = &claims[i];
        json_key_str(json, claim->name);
        switch (claim->kind) {
        case ATTRIBUTE_IS_TEXT:
            json_str(json, claim->text);
            break;
        case ATTRIBUTE_IS_NUMBER:
            json_raw(json, claim->text);
            break;
        case ATTRIBUTE_IS_BOOLEAN:
            json_bool(json, claim->boolean);
            break;
        case ATTRIBUTE_IS_NULL:
            json_nil(json);
            break;
        }
    }
}

/* Every claim stays visible on the submission, also what the contact did not take over. */
static struct str payload_of(struct request *request, const struct submission *submission)
{
    const struct input *input = &submission->input;
    CLEANUP(buf_done) struct buf buf;
    buf_init(&buf, 8 * SUBMISSION_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_object_begin(&json);
    json_key(&json, "attributes");
    json_object_begin(&json);
    write_claims(&json, input->attributes, input->attribute_count);
    write_claims(&json, submission->misfits, submission->misfit_count);
    json_object_end(&json);
    json_key(&json, "consents");
    json_array_begin(&json);
    for (size_t i = 0; i < input->consent_count; i++) {
        json_object_begin(&json);
        JSON_FIELD(&json, "purpose", json_str, input->consents[i].purpose);
        JSON_FIELD(&json, "granted", json_bool, input->consents[i].is_granted);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_key(&json, "context");
    json_object_begin(&json);
    for (size_t i = 0; context_names[i] != NULL; i++) {
        if (submission->values[i].data != NULL) {
            JSON_FIELD(&json, context_names[i], json_str, submission->values[i]);
        }
    }
    json_object_end(&json);
    json_key(&json, "ignored");
    faults_write(&submission->ignored, &json);
    json_object_end(&json);
    return buf.failed ? (struct str){0} : arena_str(request->arena, buf_str(&buf));
}

/* ---- JSON ---- */

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
        const int index = name_index(context_names, str_from(name));
        if (index < 0) {
            faults_add(&request->faults, pointer, "unknown", "The context has no such field.");
        } else if (json_is_string(value) && json_string_length(value) <= CONTEXT_VALUE_BYTES_MAX) {
            submission->values[index] = json_str_of(value);
        } else if (!json_is_null(value)) {
            faults_add(&request->faults, pointer, "type", "A text of at most %d bytes.",
                       CONTEXT_VALUE_BYTES_MAX);
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

/* However often it is there: filled in once is enough. */
static void keep_honeypot(struct submission *submission, struct str value)
{
    if (str_trim(value).len > 0 || submission->honeypot.data == NULL) {
        submission->honeypot = value;
    }
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
    keep_honeypot(submission, text);
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
    (void)claims_from_json(request, body.attributes, "/attributes", &input->attributes,
                           &input->attribute_count);
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
        const bool is_recent_only = !request->principal.is_authenticated ||
                                    request->principal.is_publishable;
        (void)occurred_at_is_valid(request, body.occurred_at_us, "/occurred_at", is_recent_only);
        input->activity.occurred_at_us = body.occurred_at_us;
    }
}

/* ---- HTML forms ---- */

struct str submission_field_name(const struct form *form, struct str name)
{
    if (form->fields != NULL) {
        const struct str mapped =
            json_str_of(json_object_getn(json_unconst(form->fields), name.data, name.len));
        if (mapped.data != NULL) {
            return mapped;
        }
    }
    return name;
}

bool submission_is_ticked(struct str value)
{
    static const char *const yes[] = {"on", "true", "yes", "1", "oui", NULL};
    return name_index(yes, value) >= 0;
}

static void take_consent(struct request *request, struct submission *submission, struct str purpose,
                         struct str value)
{
    struct input *input = &submission->input;
    if (input->consent_count == CONSENTS_MAX || !slug_is_valid(purpose)) {
        faults_add(&submission->ignored, "/consents", "format",
                   "A consent's purpose is not a slug.");
        return;
    }
    if (input->consents == NULL) {
        input->consents = arena_array(request->arena, CONSENTS_MAX, sizeof *input->consents);
    }
    if (input->consents != NULL) {
        input->consents[input->consent_count++] = (struct consent){
            .purpose = purpose, .is_granted = submission_is_ticked(value), .at_us = TIME_NONE};
    }
}

static void keep_misfit(struct request *request, struct submission *submission, struct str name,
                        struct str value)
{
    if (submission->misfits == NULL) {
        submission->misfits =
            arena_array(request->arena, ATTRIBUTES_MAX, sizeof *submission->misfits);
    }
    if (submission->misfits != NULL && submission->misfit_count < ATTRIBUTES_MAX) {
        submission->misfits[submission->misfit_count++] =
            (struct attribute){.name = name, .kind = ATTRIBUTE_IS_TEXT, .text = value};
    }
}

static void take_attribute(struct request *request, struct submission *submission, struct str name,
                           struct str value)
{
    struct input *input = &submission->input;
    const char *pointer = arena_printf(request->arena, "/attributes/%.*s", STR_ARGS(name));
    if (value.len == 0) {
        return; /* a field left empty says nothing */
    }
    if (!slug_is_valid(name) || input->attribute_count == ATTRIBUTES_MAX ||
        value.len > ATTRIBUTE_TEXT_BYTES_MAX) {
        faults_add(&submission->ignored, pointer, "format",
                   "Not kept: the name is not one of an attribute, or the value is too long.");
        return;
    }
    struct attribute claim = {
        .name = name, .kind = ATTRIBUTE_IS_TEXT, .text = value, .at_us = TIME_NONE};
    const char *misfit = claim_misfit(request, &claim, /* is_lenient= */ true);
    if (misfit != NULL) {
        faults_add(&submission->ignored, pointer, "type", "%s", misfit);
        keep_misfit(request, submission, name, value);
        return;
    }
    if (input->attributes == NULL) {
        input->attributes = arena_array(request->arena, ATTRIBUTES_MAX, sizeof *input->attributes);
    }
    if (input->attributes != NULL) {
        input->attributes[input->attribute_count++] = claim;
    }
}

void submission_take_fields(struct request *request, struct submission *submission,
                            const struct form_field *fields, size_t count)
{
    struct input *input = &submission->input;
    const struct str honeypot = submission->form->protection.honeypot;
    for (size_t i = 0; i < count; i++) {
        const struct form_field *field = &fields[i];
        if (honeypot.data != NULL && str_eq(field->name, honeypot)) {
            keep_honeypot(submission, field->value);
            continue;
        }
        const struct str name = submission_field_name(submission->form, field->name);
        const int context = name_index(context_names, name);
        if (context >= 0) {
            submission->values[context] =
                field->value.len <= CONTEXT_VALUE_BYTES_MAX
                    ? field->value
                    : str_slice(field->value.data, CONTEXT_VALUE_BYTES_MAX);
        } else if (str_is(name, "email")) {
            if (str_trim(field->value).len > 0) {
                (void)email_into_input(request, field->value, "/email", input);
            }
        } else if (str_is(name, "id")) {
            input->activity.has_client_id = uuid_parse(field->value, &input->activity.id);
            if (!input->activity.has_client_id && field->value.len > 0) {
                faults_add(&request->faults, "/id", "format", "The id is not a UUID.");
            }
        } else if (str_is(name, PROTECTION_TOKEN_FIELD)) {
            submission->token = field->value;
        } else if (str_starts_with(name, "consent_")) {
            take_consent(request, submission, str_slice(name.data + 8, name.len - 8), field->value);
        } else {
            take_attribute(request, submission, name, field->value);
        }
    }
}

/* ---- both ---- */

static bool has_claim(const struct input *input, struct str name)
{
    for (size_t i = 0; i < input->attribute_count; i++) {
        const struct attribute *claim = &input->attributes[i];
        if (str_eq(claim->name, name)) {
            return claim->kind != ATTRIBUTE_IS_NULL &&
                   !(claim->kind == ATTRIBUTE_IS_TEXT && str_trim(claim->text).len == 0);
        }
    }
    return false;
}

static bool names_field(const struct faults *faults, const char *pointer)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (strcmp(faults->items[i].pointer, pointer) == 0) {
            return true;
        }
    }
    return false;
}

/* What is wrong is not missing as well. And a visitor who wrote something that is no number did
 * answer: it is kept, an HTML form does not fail for it. */
static void require(struct request *request, const struct submission *submission,
                    const char *pointer, const char *detail)
{
    if (pointer != NULL && detail != NULL && !names_field(&request->faults, pointer) &&
        !names_field(&submission->ignored, pointer)) {
        faults_add(&request->faults, pointer, "required", "%s", detail);
    }
}

/* The e-mail always: without it there is nobody. Out of memory it is not complete either. */
void submission_check_required(struct request *request, const struct submission *submission)
{
    if (submission->input.email_key.data == NULL) {
        require(request, submission, "/email", "An e-mail address is needed.");
    }
    size_t index;
    const json_t *value;
    json_array_foreach(json_unconst(submission->form->required), index, value)
    {
        const struct str name = json_str_of(value);
        if (!str_is(name, "email") && !has_claim(&submission->input, name)) {
            require(request, submission,
                    arena_printf(request->arena, "/attributes/%.*s", STR_ARGS(name)),
                    arena_printf(request->arena, "This form needs %.*s.", STR_ARGS(name)));
        }
    }
}

static struct sha256 fingerprint_of(const struct submission *submission, struct str payload)
{
    char occurred_at[TIME_TEXT_BYTES] = "";
    if (submission->input.activity.occurred_at_us != TIME_NONE) {
        (void)time_format(submission->input.activity.occurred_at_us, occurred_at);
    }
    /* A filled honeypot is a difference; the form token is not: a page that is loaded again sends
     * another one with the same. */
    const struct str parts[] = {submission->input.email_key, payload, str_from(occurred_at),
                                submission->honeypot};
    const bool is_trapped = str_trim(submission->honeypot).len > 0;
    return sha256_of_parts(parts, ARRAY_LEN(parts) - (is_trapped ? 0 : 1));
}

/* A form without protection pays nothing. */
static void judge(const struct request *request, struct submission *submission)
{
    const struct form *form = submission->form;
    struct input *input = &submission->input;
    if (protection_is_off(&form->protection)) {
        return;
    }
    const struct protection_evidence evidence = {
        .form = form->slug,
        .email_key = input->email_key,
        .honeypot = submission->honeypot,
        .token = submission->token,
        .attributes = input->attributes,
        .attribute_count = input->attribute_count,
        .received_at_us = input->activity.received_at_us != 0 ? input->activity.received_at_us
                                                              : clock_wall_us(),
    };
    size_t secret_count;
    const struct form_token_secret *secrets = catalog_form_secrets(request->catalog, &secret_count);
    input->quarantine.suspicions |=
        protection_judge(&form->protection, secrets, secret_count, &evidence, &submission->watch);
    input->quarantine.watch = &submission->watch;
}

bool submission_of_form(const struct form *form, struct input *input)
{
    struct activity_input *activity = &input->activity;
    const char *actor = arena_printf(input->arena, "form:%.*s", STR_ARGS(form->slug));
    input->creates = true;
    input->source = SOURCE_FORM;
    input->consent_text = form->consent_text;
    input->actor = (struct actor){.text = str_from(actor)};
    activity->scope = form->slug;
    activity->kind = form->activity;
    activity->form = form->slug;
    activity->offer = form->offer;
    activity->campaign = form->campaign;
    return actor != NULL;
}

bool submission_complete(struct request *request, struct submission *submission)
{
    struct input *input = &submission->input;
    struct activity_input *activity = &input->activity;
    const struct str payload = payload_of(request, submission);
    if (payload.data == NULL || !submission_of_form(submission->form, input)) {
        return false;
    }
    activity->channel = channel_of(&(struct visit){
        .page_url = submission->values[CONTEXT_PAGE_URL],
        .referrer = submission->values[CONTEXT_REFERRER],
        .utm_source = submission->values[CONTEXT_UTM_SOURCE],
        .utm_medium = submission->values[CONTEXT_UTM_MEDIUM],
        .utm_campaign = submission->values[CONTEXT_UTM_CAMPAIGN],
    });
    activity->payload = payload;
    if (input->consent_count > 0) {
        input->network = remote_network(request->client.bytes, request->arena);
    }
    activity->fingerprint = fingerprint_of(submission, payload);
    if (!activity->has_client_id) {
        activity->id = uuid_new(clock_wall_us());
    }
    if (uuid_is_nil(input->quarantine.id)) { /* what a person releases is trusted */
        judge(request, submission);
    }
    return true;
}

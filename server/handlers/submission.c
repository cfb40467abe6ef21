#include "handlers/submission.h"

#include "base/utf8.h"
#include "domain/answers.h"
#include "domain/channel.h"
#include "domain/email_address.h"
#include "handlers/handlers.h"
#include "remote_network.h"
#include "schema/json.h"
#include "schema/page_url.h"

enum {
    PAYLOAD_BYTES_MAX = 8 * FORM_BODY_BYTES_MAX, /* escaped, a byte takes six */
    CONTEXT_VALUE_BYTES_MAX = 2048,
    TOKEN_CHARS_MAX = 1024,
    RANGE_BYTES_MAX = 100,
};

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
        *submission = (struct submission){
            .form = form,
            .is_trusted = request->principal.is_authenticated && !request->principal.is_publishable,
        };
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
    buf_init(&buf, PAYLOAD_BYTES_MAX);
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
    if (!slug_is_valid(name)) {
        faults_add(&submission->ignored, pointer, "format",
                   "Not kept: the name is not one of an attribute.");
        return;
    }
    if (input->attribute_count == ATTRIBUTES_MAX) {
        faults_add(&submission->ignored, pointer, "too_many",
                   "A submission fills at most %d attributes.", ATTRIBUTES_MAX);
        keep_misfit(request, submission, name, value);
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

/* At most so many bytes, whole characters. */
static struct str beginning(struct str text, size_t bytes_max)
{
    size_t len = text.len < bytes_max ? text.len : bytes_max;
    while (len < text.len && len > 0 && ((unsigned char)text.data[len] & 0xC0U) == 0x80U) {
        len--;
    }
    return str_slice(text.data, len);
}

/* Another tool's id is made one of ours. */
static void take_id(struct request *request, struct submission *submission, struct str value)
{
    struct activity_input *activity = &submission->input.activity;
    struct uuid id;
    if (value.len == 0) {
        return;
    }
    if (uuid_parse(value, &id)) {
        activity->id = id;
        activity->has_client_id = true;
        submission->is_id_made = false;
        return;
    }
    if (submission->tool != NULL) {
        const struct str parts[] = {str_from(submission->tool), value};
        activity->id = uuid_from_parts(parts, ARRAY_LEN(parts));
        activity->has_client_id = true;
        submission->is_id_made = submission->is_webhook;
    } else {
        faults_add(&request->faults, "/id", "format", "The id is not a UUID.");
    }
}

/* When the submission came. */
static int64_t came_at_us(const struct submission *submission)
{
    const int64_t kept_us = submission->input.activity.received_at_us;
    return kept_us != 0 ? kept_us : clock_wall_us();
}

static void take_time(struct submission *submission, int64_t at_us)
{
    const char *misfit = occurred_at_misfit(at_us, came_at_us(submission),
                                            /* is_recent_only= */ !submission->is_trusted);
    if (misfit == NULL) {
        submission->input.activity.occurred_at_us = at_us;
    } else {
        faults_add(&submission->ignored, "/occurred_at", "range", "%s", misfit);
    }
}

static void take_time_text(struct submission *submission, struct str value)
{
    int64_t at_us;
    if (time_parse(str_trim(value), &at_us)) {
        take_time(submission, at_us);
    } else if (value.len > 0) {
        faults_add(&submission->ignored, "/occurred_at", "format",
                   "This has to be a time, such as 2026-11-21T14:30:00+01:00.");
    }
}

/* One field by our name. */
static void take_field(struct request *request, struct submission *submission, struct str name,
                       struct str value)
{
    const int context = name_index(context_names, name);
    if (context >= 0) {
        submission->values[context] = beginning(value, CONTEXT_VALUE_BYTES_MAX);
    } else if (str_is(name, "email")) {
        if (str_trim(value).len > 0) {
            (void)email_into_input(request, value, "/email", &submission->input);
        }
    } else if (str_is(name, "id")) {
        take_id(request, submission, value);
    } else if (str_is(name, "occurred_at")) {
        take_time_text(submission, value);
    } else if (str_is(name, PROTECTION_TOKEN_FIELD)) {
        submission->token = value;
    } else if (str_starts_with(name, "consent_")) {
        take_consent(request, submission, str_slice(name.data + 8, name.len - 8), value);
    } else {
        take_attribute(request, submission, name, value);
    }
}

/* Whether the field is the one that nobody sees, by the page's own name for it; it is never an
 * answer. */
static bool is_honeypot(const struct submission *submission, struct str name)
{
    const struct str honeypot = submission->form->protection.honeypot;
    return honeypot.data != NULL && str_eq(name, honeypot);
}

void submission_take_fields(struct request *request, struct submission *submission,
                            const struct form_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_honeypot(submission, fields[i].name)) {
            keep_honeypot(submission, fields[i].value);
        } else {
            take_field(request, submission, submission_field_name(submission->form, fields[i].name),
                       fields[i].value);
        }
    }
}

/* ---- other form tools ---- */

/* What the page was called with, where the tool does not send it apart. */
static bool take_page_words(struct request *request, struct submission *submission)
{
    char value_text[CONTEXT_VALUE_BYTES_MAX + 1];
    struct page_url url;
    struct str name;
    struct str value;
    if (submission->values[CONTEXT_PAGE_URL].data == NULL ||
        !page_url_read(submission->values[CONTEXT_PAGE_URL], &url)) {
        return true;
    }
    while (page_url_next_param(&url.query, &name, &value, value_text, sizeof value_text)) {
        const int context = name_index(context_names, name);
        if (context < CONTEXT_UTM_SOURCE || submission->values[context].data != NULL ||
            value.len == 0 || !utf8_is_valid(value)) {
            continue;
        }
        submission->values[context] = arena_str(request->arena, value);
        if (submission->values[context].data == NULL) {
            return false;
        }
    }
    return true;
}

static void note_range(struct request *request, struct submission *submission,
                       const struct our_field *field)
{
    const char *pointer = arena_printf(request->arena, "/attributes/%.*s", STR_ARGS(field->name));
    const struct str range = beginning(field->range, RANGE_BYTES_MAX);
    if (pointer != NULL) {
        faults_add(&submission->ignored, pointer, "range",
                   "A range, of which the lower end counts: %.*s.", STR_ARGS(range));
    }
}

/* Some tools send a response anew, under its old id, when its answers were changed. Nobody could
 * mend a refusal, so that is a submission of its own; and the same answers are the same one, also
 * when the form's settings changed between two deliveries. */
static void identify_delivery(struct submission *submission, const struct adapted *adapted)
{
    struct uuid *id = &submission->input.activity.id;
    struct sha256 hash = sha256_of(str_slice((const char *)id->bytes, sizeof id->bytes));
    for (size_t i = 0; i < adapted->count; i++) {
        const struct answer *answer = &adapted->answers[i];
        if (answer->kind != ANSWER_DETAIL) {
            const struct str parts[] = {str_slice((const char *)hash.bytes, sizeof hash.bytes),
                                        answer->names[0], answer->value};
            hash = sha256_of_parts(parts, ARRAY_LEN(parts));
        }
    }
    const struct str made_of = str_slice((const char *)hash.bytes, sizeof hash.bytes);
    *id = uuid_from_parts(&made_of, 1);
    submission->delivery = hash;
}

/* A page that posts as to HubSpot may have the field that nobody sees. A tool's own form has not: a
 * question that is called so is one. */
static void take_honeypot_answer(struct submission *submission, struct adapted *adapted)
{
    size_t kept = 0;
    for (size_t i = 0; i < adapted->count; i++) {
        if (!submission->is_webhook && is_honeypot(submission, adapted->answers[i].names[0])) {
            keep_honeypot(submission, adapted->answers[i].value);
        } else {
            adapted->answers[kept++] = adapted->answers[i];
        }
    }
    adapted->count = kept;
}

bool submission_take_answers(struct request *request, struct submission *submission,
                             struct adapted *adapted)
{
    take_honeypot_answer(submission, adapted);
    struct activity_input *activity = &submission->input.activity;
    struct our_field *fields;
    size_t count;
    if (answers_resolve(request->catalog, submission->form->fields, adapted->answers,
                        adapted->count, request->arena, &fields, &count) != OK) {
        return false;
    }
    submission->consent_text = adapted->consent_text;
    activity->id = adapted->id;
    activity->has_client_id = !uuid_is_nil(adapted->id);
    submission->is_id_made = adapted->is_id_made;
    if (adapted->occurred_at_us != TIME_NONE) {
        take_time(submission, adapted->occurred_at_us);
    }
    for (size_t i = 0; i < count; i++) {
        take_field(request, submission, fields[i].name, fields[i].value);
        if (fields[i].range.data != NULL) {
            note_range(request, submission, &fields[i]);
        }
    }
    if (adapted->left_out_count > 0) {
        faults_add(&submission->ignored, "", "too_many",
                   "%zu answers beyond the first %d were not kept.", adapted->left_out_count,
                   ANSWERS_MAX);
    }
    if (submission->is_id_made) {
        identify_delivery(submission, adapted);
    }
    return take_page_words(request, submission);
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

/* Whoever reads it is who set the tool up. */
#define NO_EMAIL_OF_A_TOOL                                                                         \
    "No answer is an e-mail address. Ask for one, or name the question in the form's `fields`: "   \
    "{\"its title\": \"email\"}."

/* What is wrong is not missing as well. And a visitor who wrote something that is no number did
 * answer: it is kept, an HTML form does not fail for it. */
static void require(struct request *request, struct submission *submission, const char *pointer,
                    const char *detail)
{
    const bool is_needed = !submission->is_webhook || submission->input.email_key.data == NULL;
    if (pointer != NULL && detail != NULL && !names_field(&request->faults, pointer) &&
        !names_field(&submission->ignored, pointer)) {
        faults_add(is_needed ? &request->faults : &submission->ignored, pointer, "required", "%s",
                   detail);
    }
}

/* The e-mail always: without it there is nobody. Out of memory it is not complete either. */
void submission_check_required(struct request *request, struct submission *submission)
{
    if (submission->input.email_key.data == NULL) {
        require(request, submission, "/email",
                submission->is_webhook ? NO_EMAIL_OF_A_TOOL : "An e-mail address is needed.");
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
    /* A tool's server has no form token; that it is the tool's is shown by other means. */
    struct protection protection = form->protection;
    protection.has_token = protection.has_token &&
                           !(submission->is_webhook && submission->is_trusted);
    const struct protection_evidence evidence = {
        .form = form->slug,
        .email_key = input->email_key,
        .honeypot = submission->honeypot,
        .token = submission->token,
        .attributes = input->attributes,
        .attribute_count = input->attribute_count,
        .received_at_us = came_at_us(submission),
    };
    size_t secret_count;
    const struct form_token_secret *secrets = catalog_form_secrets(request->catalog, &secret_count);
    input->quarantine.suspicions |=
        protection_judge(&protection, secrets, secret_count, &evidence, &submission->watch);
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
    if (submission->consent_text.data != NULL) {
        input->consent_text = submission->consent_text;
    }
    /* A webhook comes from the tool's network, which proves nothing. */
    if (input->consent_count > 0 && !submission->is_webhook) {
        input->network = remote_network(&request->client, request->arena);
    }
    activity->fingerprint = submission->is_id_made ? submission->delivery
                                                   : fingerprint_of(submission, payload);
    if (!activity->has_client_id) {
        activity->id = uuid_new(came_at_us(submission));
    }
    if (uuid_is_nil(input->quarantine.id)) { /* what a person releases is trusted */
        judge(request, submission);
    }
    return true;
}

#include "handlers/submission.h"

#include "domain/channel.h"
#include "domain/double_click.h"
#include "handlers/handlers.h"
#include "remote_network.h"

enum { PAYLOAD_BYTES_MAX = 8 * FORM_BODY_BYTES_MAX }; /* escaped, a byte takes six */

const char *const submission_context_names[] = {
    [CONTEXT_PAGE_URL] = "page_url",         [CONTEXT_REFERRER] = "referrer",
    [CONTEXT_UTM_SOURCE] = "utm_source",     [CONTEXT_UTM_MEDIUM] = "utm_medium",
    [CONTEXT_UTM_CAMPAIGN] = "utm_campaign", [CONTEXT_UTM_CONTENT] = "utm_content",
    [CONTEXT_UTM_TERM] = "utm_term",         [CONTEXT_COUNT_] = NULL};

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

/* However often it is there: filled in once is enough. */
void submission_keep_honeypot(struct submission *submission, struct str value)
{
    if (str_trim(value).len > 0 || submission->honeypot.data == NULL) {
        submission->honeypot = value;
    }
}

int64_t submission_came_at_us(const struct submission *submission)
{
    const int64_t kept_us = submission->input.activity.received_at_us;
    return kept_us != 0 ? kept_us : clock_wall_us();
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
    for (size_t i = 0; submission_context_names[i] != NULL; i++) {
        if (submission->values[i].data != NULL) {
            JSON_FIELD(&json, submission_context_names[i], json_str, submission->values[i]);
        }
    }
    json_object_end(&json);
    json_key(&json, "ignored");
    faults_write(&submission->ignored, &json);
    json_object_end(&json);
    return buf.failed ? (struct str){0} : arena_str(request->arena, buf_str(&buf));
}

/* ---- whole ---- */

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
        .received_at_us = submission_came_at_us(submission),
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

/*
 * A browser's own post, which cannot have an id where the page is the same for everybody. A program
 * with a secret key can send one, or an Idempotency-Key; what comes out of the spool has its id.
 * Other tools' posts are not a visitor's: their servers deliver for all.
 */
static bool is_of_browser(const struct request *request, const struct submission *submission)
{
    return submission->is_html && !submission->is_trusted && request->kept == NULL &&
           request_idempotency_key(request).data == NULL;
}

/* Of the form, what was posted, and who posted it: with a key that is not in the database, so that
 * nobody finds out an address by trying. */
static struct uuid id_of_post(const struct request *request, const struct submission *submission)
{
    const struct sha256 *content = &submission->input.activity.fingerprint;
    const struct str parts[] = {
        STR_LITERAL("double click"),
        submission->form->slug,
        str_slice((const char *)content->bytes, sizeof content->bytes),
        throttle_visitor(&request->client),
        http_header(request->message, "User-Agent"),
    };
    const struct sha256 all = sha256_of_parts(parts, ARRAY_LEN(parts));
    const struct privacy_key *key = &request->app->visitor_key;
    const struct sha256 hash = hmac_sha256(key->bytes, sizeof key->bytes,
                                           str_slice((const char *)all.bytes, sizeof all.bytes));
    return double_click_id(&hash, submission_came_at_us(submission));
}

static void identify(const struct request *request, struct submission *submission)
{
    struct activity_input *activity = &submission->input.activity;
    if (!activity->has_client_id) {
        activity->has_client_id = is_of_browser(request, submission);
        activity->id = activity->has_client_id ? id_of_post(request, submission)
                                               : uuid_new(submission_came_at_us(submission));
    }
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
    identify(request, submission);
    if (uuid_is_nil(input->quarantine.id)) { /* what a person releases is trusted */
        judge(request, submission);
    }
    return true;
}

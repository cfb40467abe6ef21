/*
 * A form's post, as JSON from a script or as a browser sends an HTML form.
 *
 * The endpoint is open to the world: it never tells whether the contact was known, nor score or
 * stage, and a publishable key learns nothing.
 *
 * While the database is away a post goes into the spool and is answered 202. So does, as long as
 * something waits there, what belongs behind it: another post of the same contact, or a repeat.
 */
#include "handlers/handlers.h"

#include "handlers/cors.h"
#include "handlers/pages.h"
#include "handlers/submission.h"
#include "handlers/submit.h"
#include "handlers/visitor_text.h"
#include "remote_network.h"
#include "schema/json.h"

enum { STATUS_CREATED = 201, STATUS_ACCEPTED = 202 };

/* OK, or why this principal cannot post to this form. */
static enum err_code access_of(const struct request *request, const struct form *form)
{
    const struct principal *principal = &request->principal;
    if (!principal->is_authenticated) {
        return form->is_open ? OK : ERR_UNAUTHENTICATED;
    }
    const bool is_bound_elsewhere = principal->form.data != NULL &&
                                    !str_eq(principal->form, form->slug);
    const bool has_scope = principal->is_publishable ||
                           (principal->scopes & (SCOPE_SUBMIT | SCOPE_ADMIN)) != 0;
    return has_scope && !is_bound_elsewhere ? OK : ERR_FORBIDDEN;
}

bool submit_is_allowed(struct request *request, const struct form *form)
{
    if (form == NULL) {
        (void)problem(request, ERR_NOT_FOUND, "There is no such form.");
        return false;
    }
    /* Of what comes out of the spool it was settled when it was acknowledged. */
    const enum err_code code = request->kept != NULL ? OK : access_of(request, form);
    if (code != OK) {
        (void)problem(request, code,
                      code == ERR_FORBIDDEN
                          ? "This key may not post to this form."
                          : "This form needs a key: Authorization: Bearer relais_pk_…");
    }
    return code == OK;
}

struct str submit_tool_of(const struct request *request)
{
    const struct route *route = request->route;
    if (route->start == submit_hubspot_start) {
        return str_from(adapter_hubspot.name);
    }
    return route->start == submit_adapter_start ? request->params[1] : (struct str){.data = NULL};
}

enum request_step submit_start(struct request *request)
{
    const struct form *form = catalog_form(request->catalog, request->params[0]);
    if (!submit_is_allowed(request, form)) {
        return REQUEST_REPLY;
    }
    struct submission *submission = submission_new(request, form);
    if (submission == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    submission->is_html = request->body == NULL;
    if (!submission->is_html) {
        submission_take_json(request, submission, request->body);
    } else if (!submission_take_fields(request, submission, request->form.fields,
                                       request->form.count)) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    return submit_taken(request, submission);
}

/* ---- the spool ---- */

/* Where it came from, as it may be kept. Absent: out of memory. */
static struct str network_of(struct request *request)
{
    struct address *network = arena_alloc(request->arena, sizeof *network);
    if (network == NULL) {
        return (struct str){0};
    }
    *network = remote_network_cut(&request->client);
    return str_slice((const char *)network->bytes, sizeof network->bytes);
}

static struct spool_record record_of(struct request *request)
{
    const struct submission *submission = request->data;
    const struct input *input = &submission->input;
    const struct activity_input *activity = &input->activity;
    const struct http_message *message = request->message;
    const struct str contact[] = {STR_LITERAL("contact"), input->email_key};
    return (struct spool_record){
        .id = activity->id,
        .has_client_id = activity->has_client_id,
        .is_authenticated = request->principal.is_authenticated,
        .is_publishable = request->principal.is_publishable,
        .is_trusted = submission->is_trusted,
        .key_id = request->principal.key_id,
        /* Whole milliseconds, as everything that is shown. */
        .received_at_us = clock_wall_us() / US_PER_MS * US_PER_MS,
        .fingerprint = activity->fingerprint,
        .contact = spool_digest_of(contact, ARRAY_LEN(contact)),
        .form = submission->form->slug,
        .path = message->path,
        .content_type = message->content_type,
        .body = message->body,
        .idempotency_key = request_idempotency_key(request),
        .remote = network_of(request),
        .consent_text = input->consent_count > 0 ? input->consent_text : (struct str){0},
    };
}

static bool must_wait(struct request *request)
{
    struct app *app = request->app;
    if (!spool_is_open(app->spool)) {
        return false;
    }
    if (store_is_away(app->store)) {
        return true;
    }
    if (spool_is_empty(app->spool)) {
        return false;
    }
    const struct spool_record record = record_of(request);
    return spool_concerns(app->spool, &record);
}

/* Answered as the route answers what is stored. */
static enum request_step answer_kept(struct request *request, const struct spool_entry *entry)
{
    struct submission *submission = request->data;
    submission->is_queued = true;
    submission->input.result = (struct input_result){
        .code = OK,
        .id = entry->record.id,
        .received_at_us = entry->record.received_at_us,
        .is_replay = entry->outcome == SPOOL_REPEATED,
    };
    if (entry->outcome == SPOOL_REPEATED && entry->key == SPOOL_KEY_IDEMPOTENCY) {
        http_reply_header(request->message, "Idempotency-Replayed", STR_LITERAL("true"));
        request->is_replay = true;
    }
    return request->route->finish(request);
}

static enum request_step spooled(struct request *request)
{
    const struct spool_entry *entry = request->entry;
    outage_look(&request->app->outage);
    switch (entry->outcome) {
    case SPOOL_KEPT:
    case SPOOL_REPEATED:
        return answer_kept(request, entry);
    case SPOOL_DIFFERS:
        if (entry->key == SPOOL_KEY_IDEMPOTENCY) {
            return problem(request, ERR_INVALID,
                           "This Idempotency-Key was used before, with another body.");
        }
        faults_add(&request->faults, "/id", "taken",
                   "This id was used before, with other content.");
        return problem_faults(request);
    case SPOOL_FULL:
        return problem(request, ERR_BUSY,
                       "The database is away and there is no more room to keep posts until it is "
                       "back. Try again later.");
    case SPOOL_FAILED:
        break;
    }
    return problem(request, ERR_BUSY,
                   "The database is away and this post could not be kept until it is back. Try "
                   "again in a moment.");
}

/* The post goes to disk; its answer follows when it is there. */
static enum request_step wait_in_spool(struct request *request)
{
    struct spool_entry *entry = request_spool(request);
    if (entry == NULL) {
        return REQUEST_REPLY;
    }
    entry->record = record_of(request);
    request->finish = spooled;
    return REQUEST_RUN;
}

/* ---- the way of every post ---- */

enum request_step submit_taken(struct request *request, struct submission *submission)
{
    request->data = submission;
    submission_check_required(request, submission);
    if (request->faults.count > 0) {
        return problem_faults(request);
    }
    if (!submission_complete(request, submission)) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    if (request->kept != NULL) {
        return REQUEST_RUN;
    }
    if (must_wait(request)) {
        return wait_in_spool(request);
    }
    request->away = spool_is_open(request->app->spool) ? wait_in_spool : NULL;
    return request_change(request, &submission->input, 1, LANE_INGEST) != NULL ? REQUEST_RUN
                                                                               : REQUEST_REPLY;
}

bool submit_is_stored(struct request *request)
{
    const struct submission *submission = request->data;
    const struct input_result *result = &submission->input.result;
    if (result->code != OK) {
        faults_add(&request->faults, "/id", "taken", "%s", result->detail);
        (void)problem_faults(request);
        return false;
    }
    if (result->is_replay && submission->input.activity.has_client_id && !request->is_replay) {
        http_reply_header(request->message, "Idempotency-Replayed", STR_LITERAL("true"));
    }
    return true;
}

enum request_step submit_receipt(struct request *request, unsigned status)
{
    const struct submission *submission = request->data;
    const struct input_result *result = &submission->input.result;
    const struct offer *offer = submission->form->offer.data != NULL
                                    ? catalog_offer(request->catalog, submission->form->offer)
                                    : NULL;
    const bool is_queued = submission->is_queued;
    struct json_writer json;
    reply_json(request, is_queued && status == STATUS_CREATED ? STATUS_ACCEPTED : status, &json);
    json_object_begin(&json);
    JSON_FIELD(&json, "id", json_uuid, result->id);
    JSON_FIELD(&json, "received_at", json_time, result->received_at_us);
    JSON_FIELD(&json, "offer_url", json_str, offer != NULL ? offer->url : (struct str){0});
    if (is_queued) {
        JSON_FIELD(&json, "queued", json_bool, true);
    }
    json_object_end(&json);
    return reply_end(request);
}

enum request_step submit_finish(struct request *request)
{
    const struct submission *submission = request->data;
    if (!submit_is_stored(request)) {
        return REQUEST_REPLY;
    }
    if (submission->is_html && !wants_json(request)) {
        return page_thanks(request, submission->form);
    }
    return submit_receipt(request, STATUS_CREATED);
}

/* ---- the last touch ---- */

/* A browser that posted a form, and not a script: its visitor reads what comes back. */
static bool is_for_visitor(struct request *request)
{
    struct err ignored;
    struct media_type type = request->media_type;
    if (wants_json(request)) {
        return false;
    }
    if (type.type.data == NULL &&
        media_type_parse(request->message->content_type, request->arena, &type, &ignored) != OK) {
        return wants_html(request);
    }
    const enum media_kind kind = media_type_kind(&type);
    return kind == MEDIA_KIND_OTHER ? wants_html(request) : kind != MEDIA_KIND_JSON;
}

/* The sentences of a problem document as a visitor reads them, for a script that shows them. Out of
 * memory it stays as it is. */
static void translate(struct request *request, enum language language)
{
    struct buf *body = &request->message->reply.body;
    struct err ignored;
    json_auto_t *document = NULL;
    if (json_parse(buf_str(body), &document, &ignored) != OK) {
        return;
    }
    const struct faults *faults = &request->faults;
    const char *detail = visitor_refusal(request->message->reply.status)->text[language];
    json_t *errors = json_object_get(document, "errors");
    for (size_t i = 0; i < faults->count && i < json_array_size(errors); i++) {
        const struct str sentence = visitor_fault(request, &faults->items[i], language);
        (void)json_object_set_new(json_array_get(errors, i), "detail",
                                  json_stringn(sentence.data, sentence.len));
        detail = faults->count == 1 ? sentence.data : detail;
    }
    (void)json_object_set_new(document, "detail", json_string(detail));
    buf_clear(body);
    json_serialize(body, document);
}

void request_form_answer(struct request *request)
{
    const struct visitor_query *query = request->query;
    const struct form *form = catalog_form(request->catalog, request->params[0]);
    if (form != NULL) {
        cors_allow(request, form);
    }
    if (request->message->reply.status < 400) {
        return;
    }
    if (is_for_visitor(request)) {
        page_refusal(request);
    } else if (query != NULL && query->language >= 0) {
        translate(request, (enum language)query->language);
    }
}

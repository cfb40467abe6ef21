/*
 * HubSpot's way of posting a form, so that a site which posts to api.hsforms.com today only changes
 * the host name:
 *
 *     POST /submissions/v3/integration/submit/{portal_id}/{form_guid}
 *     POST /submissions/v3/integration/secure/submit/{portal_id}/{form_guid}   (with a key)
 *
 * https://developers.hubspot.com/docs/api-reference/legacy/marketing/forms/v3-legacy/submit-data-unauthenticated
 *
 * The form is the one whose `hubspot_guid` that is; the portal says nothing here. Answers are
 * HubSpot's: {"inlineMessage"} or {"redirectUri"}, and of every refusal {"status": "error",
 * "message", "correlationId", "errors": [{"message", "errorType"}]} with 400 for what is not valid.
 * Where HubSpot refuses a value that does not fit, it is kept with the submission, as for an HTML
 * form.
 */
#include "handlers/handlers.h"

#include "base/html.h"
#include "handlers/cors.h"
#include "handlers/submit.h"
#include "handlers/visitor_text.h"
#include "schema/json.h"

enum { STATUS_BAD_REQUEST = 400, STATUS_INVALID = 422, MESSAGE_BYTES_MAX = 8192 };

const struct form *submit_hubspot_form(const struct catalog *catalog, struct str guid_text)
{
    struct uuid guid;
    const struct form *form = uuid_parse(guid_text, &guid) ? catalog_form_by_hubspot(catalog, guid)
                                                           : NULL;
    return form != NULL ? form : catalog_form(catalog, guid_text);
}

static const struct form *form_of(const struct request *request)
{
    return submit_hubspot_form(request->catalog, request->params[1]);
}

/* ---- start ---- */

/* HubSpot's own endpoint takes no post whose visitor did not agree to it. */
static void check_processing(struct request *request)
{
    const json_t *legal = json_object_get(request->body, "legalConsentOptions");
    const json_t *consent = json_object_get(legal, "consent");
    if (json_is_false(json_object_get(consent, "consentToProcess"))) {
        faults_add(&request->faults, "/consents/data_processing", "required",
                   "Consent to processing is missing.");
    }
}

static bool has_needed_key(struct request *request)
{
    const bool is_secure = strstr(request->route->path, "/secure/") != NULL;
    if (is_secure && !request->principal.is_authenticated) {
        (void)problem(request, ERR_UNAUTHENTICATED,
                      "This path needs a key: Authorization: Bearer relais_sk_…");
        return false;
    }
    return true;
}

enum request_step submit_hubspot_start(struct request *request)
{
    const struct form *form = form_of(request);
    if (form == NULL) {
        return problem(request, ERR_NOT_FOUND,
                       "No form stands for this GUID. Set it as the form's hubspot_guid.");
    }
    if (!has_needed_key(request) || !submit_is_allowed(request, form)) {
        return REQUEST_REPLY;
    }
    struct adapted adapted;
    struct err err;
    if (adapter_read(&adapter_hubspot, request->body, request->arena, &adapted, &err) != OK) {
        return problem_err(request, &err);
    }
    struct submission *submission = submission_new(request, form);
    if (submission == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    submission->tool = adapter_hubspot.name;
    check_processing(request);
    return submission_take_answers(request, submission, &adapted)
               ? submit_taken(request, submission)
               : problem(request, ERR_NOMEM, "Out of memory. Try again.");
}

/* ---- finish ---- */

static void write_thanks(struct request *request, const struct form *form, struct buf *out)
{
    const bool is_french = visitor_language(request, ENUM_NONE) == LANGUAGE_FR;
    const struct offer *offer =
        form->offer.data != NULL ? catalog_offer(request->catalog, form->offer) : NULL;
    buf_append_text(out, is_french ? "<p>Merci\u00a0! Votre demande nous est bien parvenue.</p>"
                                   : "<p>Thank you! We have received your request.</p>");
    if (offer != NULL && offer->url.data != NULL) {
        buf_append_text(out, "<p><a href=\"");
        html_text(out, offer->url);
        buf_append_text(out, "\">");
        html_text(out, offer->title);
        buf_append_text(out, "</a></p>");
    }
}

enum request_step submit_hubspot_finish(struct request *request)
{
    const struct submission *submission = request->data;
    const struct form *form = submission->form;
    if (!submit_is_stored(request)) {
        return REQUEST_REPLY;
    }
    CLEANUP(buf_done) struct buf thanks;
    buf_init(&thanks, MESSAGE_BYTES_MAX);
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    if (form->redirect_url.data != NULL) {
        JSON_FIELD(&json, "redirectUri", json_str, form->redirect_url);
    } else {
        write_thanks(request, form, &thanks);
        JSON_FIELD(&json, "inlineMessage", json_str, buf_str(&thanks));
    }
    json_object_end(&json);
    return reply_end(request);
}

/* ---- refusals ---- */

/* What their page calls our field: by the form's map, else by HubSpot's own properties. */
static struct str their_name(const struct form *form, struct str ours)
{
    static const char *const properties[][2] = {
        {"first_name",   "firstname"   },
        {"last_name",    "lastname"    },
        {"job_title",    "jobtitle"    },
        {"company_size", "numemployees"}
    };
    json_t *fields = form != NULL ? json_unconst(form->fields) : NULL;
    if (ours.data == NULL) {
        return ours;
    }
    for (void *at = json_object_iter(fields); at != NULL; at = json_object_iter_next(fields, at)) {
        if (str_eq(json_str_of(json_object_iter_value(at)), ours)) {
            return str_slice(json_object_iter_key(at), json_object_iter_key_len(at));
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(properties); i++) {
        if (str_is(ours, properties[i][0])) {
            return str_from(properties[i][1]);
        }
    }
    return ours;
}

/* As HubSpot words and types them: pages take "Error in 'fields.NAME'. " apart to show the rest
 * beside the field. */
static void write_fault(struct request *request, struct json_writer *json, const struct form *form,
                        const struct fault *fault)
{
    static const char attributes[] = "/attributes/";
    const struct str pointer = str_from(fault->pointer);
    const bool is_email = str_is(pointer, "/email");
    const bool is_missing = strcmp(fault->code, "required") == 0;
    const char *message = fault->detail;
    const char *type = "INVALID_METADATA";
    if (str_is(pointer, "/consents/data_processing")) {
        type = "MISSING_PROCESSING_CONSENT";
    } else if (is_email || str_starts_with(pointer, attributes)) {
        const size_t skip = is_email ? 1 : strlen(attributes);
        const struct str name =
            their_name(form, str_slice(pointer.data + skip, pointer.len - skip));
        type = is_missing ? "REQUIRED_FIELD" : is_email ? "INVALID_EMAIL" : "INVALID_METADATA";
        message = is_missing
                      ? arena_printf(request->arena,
                                     "Error in 'fields.%.*s'. Required field '%.*s' is missing",
                                     STR_ARGS(name), STR_ARGS(name))
                      : arena_printf(request->arena, "Error in 'fields.%.*s'. %s", STR_ARGS(name),
                                     fault->detail);
    }
    json_object_begin(json);
    JSON_FIELD(json, "message", json_text, message);
    JSON_FIELD(json, "errorType", json_text, type);
    json_object_end(json);
}

static void write_refusal(struct request *request, const char *detail)
{
    struct http_reply *reply = &request->message->reply;
    const struct faults *faults = &request->faults;
    struct json_writer json;
    buf_clear(&reply->body);
    json_writer_init(&json, &reply->body);
    json_object_begin(&json);
    JSON_FIELD(&json, "status", json_text, "error");
    JSON_FIELD(&json, "message", json_text,
               faults->count > 0 ? "The request is not valid" : detail);
    JSON_FIELD(&json, "correlationId", json_text, request->message->request_id);
    if (faults->count > 0) {
        json_key(&json, "errors");
        json_array_begin(&json);
        for (size_t i = 0; i < faults->count; i++) {
            write_fault(request, &json, form_of(request), &faults->items[i]);
        }
        json_array_end(&json);
    }
    json_object_end(&json);
    reply->content_type = "application/json";
    reply->failed = reply->failed || reply->body.failed;
}

void request_hubspot_answer(struct request *request)
{
    struct http_reply *reply = &request->message->reply;
    const struct form *form = form_of(request);
    if (form != NULL) {
        cors_allow(request, form);
    }
    if (reply->status < STATUS_BAD_REQUEST) {
        return;
    }
    struct err ignored;
    json_auto_t *document = NULL;
    const char *detail = "The request was refused.";
    if (json_parse(buf_str(&reply->body), &document, &ignored) == OK &&
        json_is_string(json_object_get(document, "detail"))) {
        detail = json_string_value(json_object_get(document, "detail"));
    }
    reply->status = reply->status == STATUS_INVALID ? STATUS_BAD_REQUEST : reply->status;
    write_refusal(request, detail);
}

/*
 * A form's post, as JSON from a script or as a browser sends an HTML form.
 *
 * The endpoint is open to the world: it never tells whether the contact was known, nor score or
 * stage, and a publishable key learns nothing.
 */
#include "handlers/handlers.h"

#include "handlers/cors.h"
#include "handlers/pages.h"
#include "handlers/submission.h"

/* OK, or why this principal cannot post to this form. */
static enum err_code may_submit(const struct request *request, const struct form *form)
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

static enum request_step refuse(struct request *request, const struct submission *submission)
{
    return submission->is_html && !wants_json(request) ? page_faults(request)
                                                       : problem_faults(request);
}

static enum request_step start(struct request *request)
{
    const struct form *form = catalog_form(request->catalog, request->params[0]);
    if (form == NULL) {
        return problem(request, ERR_NOT_FOUND, "There is no such form.");
    }
    const enum err_code may = may_submit(request, form);
    if (may != OK) {
        return problem(request, may,
                       may == ERR_FORBIDDEN
                           ? "This key may not post to this form."
                           : "This form needs a key: Authorization: Bearer relais_pk_…");
    }
    struct submission *submission = submission_new(request, form);
    if (submission == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    request->data = submission;
    submission->is_html = request->body == NULL;
    if (submission->is_html) {
        submission_take_fields(request, submission, request->form.fields, request->form.count);
    } else {
        submission_take_json(request, submission, request->body);
    }
    submission_check_required(request, submission);
    if (request->faults.count > 0) {
        return refuse(request, submission);
    }
    if (!submission_complete(request, submission)) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    return request_change(request, &submission->input, 1, LANE_INGEST) != NULL ? REQUEST_RUN
                                                                               : REQUEST_REPLY;
}

static enum request_step finish(struct request *request)
{
    const struct submission *submission = request->data;
    const struct input_result *result = &submission->input.result;
    if (result->code != OK) {
        faults_add(&request->faults, "/id", "taken", "%s", result->detail);
        return refuse(request, submission);
    }
    if (result->is_replay && submission->input.activity.has_client_id && !request->is_replay) {
        http_reply_header(request->message, "Idempotency-Replayed", STR_LITERAL("true"));
    }
    if (submission->is_html && !wants_json(request)) {
        return page_thanks(request, submission->form);
    }
    const struct offer *offer = submission->form->offer.data != NULL
                                    ? catalog_offer(request->catalog, submission->form->offer)
                                    : NULL;
    struct json_writer json;
    reply_json(request, 201, &json);
    json_object_begin(&json);
    JSON_FIELD(&json, "id", json_uuid, result->id);
    JSON_FIELD(&json, "received_at", json_time, result->received_at_us);
    JSON_FIELD(&json, "offer_url", json_str, offer != NULL ? offer->url : (struct str){0});
    json_object_end(&json);
    return reply_end(request);
}

enum request_step submit_start(struct request *request)
{
    return cors_share(request, start(request));
}

enum request_step submit_finish(struct request *request)
{
    return cors_share(request, finish(request));
}

/*
 * Submissions from other form tools' webhooks: POST /v1/forms/{slug}/submissions/{adapter}.
 *
 * Where the form has a secret for the tool, every delivery has to be signed with it; that is then
 * permission enough, also for a closed form. Else the tool needs a key like anybody, or an open
 * form. Nobody is there to mend anything, so only a submission without an e-mail address is
 * refused.
 */
#include "handlers/handlers.h"

#include "handlers/submit.h"
#include "schema/json.h"

/* ---- who sends it ---- */

static enum request_step refuse_signature(struct request *request, const struct adapter *adapter,
                                          enum signature_verdict verdict)
{
    if (verdict == SIGNATURE_TOO_OLD) {
        return problem(request, ERR_FORBIDDEN,
                       "The signature is more than 5 minutes old or ahead. Is the clock right?");
    }
    const char *detail =
        verdict == SIGNATURE_MISSING
            ? arena_printf(request->arena,
                           "This form takes %s only with a signature: the header %s is missing.",
                           adapter->name, adapter->signature_header)
            : arena_printf(request->arena,
                           "The header %s does not fit the body and the secret that the form has "
                           "for %s.",
                           adapter->signature_header, adapter->name);
    return problem(request, verdict == SIGNATURE_MISSING ? ERR_UNAUTHENTICATED : ERR_FORBIDDEN,
                   detail != NULL ? detail : "The signature is missing or wrong.");
}

static struct str secret_of(const struct form *form, const struct adapter *adapter)
{
    return json_str_of(json_object_get(form->adapter_secrets, adapter->name));
}

/* False: a problem is in the reply. */
static bool is_signed(struct request *request, const struct adapter *adapter, struct str secret)
{
    enum signature_verdict verdict;
    const struct signed_request sent = {
        .signature = http_header(request->message, adapter->signature_header),
        .sent_at = adapter->time_header != NULL
                       ? http_header(request->message, adapter->time_header)
                       : (struct str){.data = NULL},
        .body = request->message->body,
        .now_us = clock_wall_us(),
    };
    if (adapter_check_signature(adapter, secret, &sent, request->arena, &verdict) != OK) {
        (void)problem(request, ERR_NOMEM, "Out of memory. Try again.");
        return false;
    }
    if (verdict != SIGNATURE_VALID) {
        (void)refuse_signature(request, adapter, verdict);
    }
    return verdict == SIGNATURE_VALID;
}

/* ---- what it says ---- */

/* The body as an object; NULL: a problem is in the reply. */
static const json_t *body_of(struct request *request, const struct adapter *adapter)
{
    if (request->body != NULL) {
        return request->body;
    }
    if (!adapter->takes_forms) {
        (void)problem(request, ERR_UNSUPPORTED, "Send application/json.");
        return NULL;
    }
    json_t *tree = adapter_form_tree(&request->form);
    if (tree == NULL) {
        (void)problem(request, ERR_NOMEM, "Out of memory. Try again.");
        return NULL;
    }
    request_own(request, tree);
    return tree;
}

/* An event that is none of ours: taken note of, so that the tool does not try it again. */
static enum request_step skip(struct request *request, const char *why)
{
    struct json_writer json;
    reply_json(request, 200, &json);
    json_object_begin(&json);
    JSON_FIELD(&json, "skipped", json_text, why);
    json_object_end(&json);
    return reply_end(request);
}

static enum request_step take(struct request *request, const struct form *form,
                              const struct adapter *adapter, bool is_trusted)
{
    const json_t *body = body_of(request, adapter);
    if (body == NULL) {
        return REQUEST_REPLY;
    }
    struct adapted adapted;
    struct err err;
    if (adapter_read(adapter, body, request->arena, &adapted, &err) != OK) {
        return problem_err(request, &err);
    }
    if (adapted.skipped != NULL) {
        return skip(request, adapted.skipped);
    }
    struct submission *submission = submission_new(request, form);
    if (submission == NULL) {
        return problem(request, ERR_NOMEM, "Out of memory. Try again.");
    }
    submission->tool = adapter->name;
    submission->is_webhook = true;
    submission->is_trusted = submission->is_trusted || is_trusted;
    return submission_take_answers(request, submission, &adapted)
               ? submit_taken(request, submission)
               : problem(request, ERR_NOMEM, "Out of memory. Try again.");
}

enum request_step submit_adapter_start(struct request *request)
{
    const struct form *form = catalog_form(request->catalog, request->params[0]);
    const struct adapter *adapter = adapter_find(request->params[1]);
    if (adapter == NULL) {
        char names[CHOICES_TEXT_BYTES];
        choices_format(adapter_names, names);
        const char *detail =
            arena_printf(request->arena, "There is no such adapter. There are %s.", names);
        return problem(request, ERR_NOT_FOUND, detail != NULL ? detail : "No such adapter.");
    }
    if (request->kept != NULL && form != NULL) { /* whether it was signed was seen when it came */
        return take(request, form, adapter, request->kept->is_trusted);
    }
    const struct str secret = form != NULL ? secret_of(form, adapter) : (struct str){.data = NULL};
    const bool must_sign = secret.data != NULL;
    const bool is_allowed = must_sign ? is_signed(request, adapter, secret)
                                      : submit_is_allowed(request, form);
    return is_allowed ? take(request, form, adapter, /* is_trusted= */ must_sign) : REQUEST_REPLY;
}

enum request_step submit_adapter_finish(struct request *request)
{
    const struct adapter *adapter = adapter_find(request->params[1]);
    return submit_is_stored(request) ? submit_receipt(request, adapter->success) : REQUEST_REPLY;
}

/*
 * Form tokens for pages: asked for when a form is shown, sent back with the submission. Whoever may
 * submit the form may have one; it is given also while the form asks for none, so that a page works
 * on when the rule is switched.
 */
#include "handlers/cors.h"
#include "handlers/handlers.h"
#include "handlers/submit.h"

static enum request_step start(struct request *request)
{
    const struct form *form = catalog_form(request->catalog, request->params[0]);
    if (!submit_is_allowed(request, form)) {
        return REQUEST_REPLY;
    }
    size_t count;
    const struct form_token_secret *secrets = catalog_form_secrets(request->catalog, &count);
    if (count == 0) {
        return problem(request, ERR_STORE, "This database has no secret to sign form tokens with.");
    }
    char token[FORM_TOKEN_TEXT_BYTES];
    const int64_t now_us = clock_wall_us();
    struct json_writer json;
    http_reply_header(request->message, "Cache-Control", STR_LITERAL("no-store"));
    reply_json(request, 200, &json);
    json_object_begin(&json);
    JSON_FIELD(&json, "field", json_text, PROTECTION_TOKEN_FIELD);
    JSON_FIELD(&json, "token", json_text, form_token_make(&secrets[0], form->slug, now_us, token));
    JSON_FIELD(&json, "good_from", json_time, now_us + form->protection.token_at_least_us);
    JSON_FIELD(&json, "good_until", json_time, now_us + form->protection.token_at_most_us);
    json_object_end(&json);
    return reply_end(request);
}

/* Another origin's script sees the answer, also a refusal, where the form lets it. */
enum request_step form_token_start(struct request *request)
{
    const enum request_step step = start(request);
    const struct form *form = catalog_form(request->catalog, request->params[0]);
    if (form != NULL) {
        cors_allow(request, form);
    }
    return step;
}

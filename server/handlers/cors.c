#include "handlers/cors.h"

#include "handlers/handlers.h"
#include "handlers/submit.h"
#include "router.h"
#include "schema/json.h"

static bool is_allowed(const struct form *form, struct str origin)
{
    size_t index;
    const json_t *allowed;
    json_array_foreach(json_unconst(form->allowed_origins), index, allowed)
    {
        if (str_eq(json_str_of(allowed), origin)) {
            return true;
        }
    }
    return false;
}

void cors_allow(struct request *request, const struct form *form)
{
    const struct str origin = http_header(request->message, "Origin");
    if (origin.data == NULL) {
        return;
    }
    http_reply_header(request->message, "Vary", STR_LITERAL("Origin"));
    if (is_allowed(form, origin)) {
        http_reply_header(request->message, "Access-Control-Allow-Origin", origin);
        http_reply_header(request->message, "Access-Control-Expose-Headers",
                          STR_LITERAL("Idempotency-Replayed, RateLimit, RateLimit-Policy, "
                                      "Retry-After, X-Request-Id"));
    }
}

void request_preflight(struct request *request, const char *allow)
{
    struct http_message *message = request->message;
    message->reply.status = 204;
    http_reply_header(message, "Allow", str_from(allow));
    /* What scripts of other origins do: get a form token, and submit. */
    static const struct {
        enum http_method method;
        const char *name;
        enum request_step (*start)(struct request *request);
        const struct form *(*find)(const struct catalog *catalog, struct str name);
        size_t param;
    } shared[] = {
        {HTTP_POST, "POST", submit_start,         catalog_form,        0},
        {HTTP_POST, "POST", submit_hubspot_start, submit_hubspot_form, 1},
        {HTTP_GET,  "GET",  form_token_start,     catalog_form,        0},
    };
    struct route_match match = {.route = NULL};
    size_t found = 0;
    for (; found < ARRAY_LEN(shared); found++) {
        router_match(shared[found].method, message->path, request->arena, &match);
        if (match.route != NULL && match.route->start == shared[found].start) {
            break;
        }
    }
    if (found == ARRAY_LEN(shared)) {
        return;
    }
    struct catalog *catalog = store_catalog(request->app->store);
    const struct form *form = shared[found].find(catalog, match.params[shared[found].param]);
    if (form != NULL) {
        cors_allow(request, form);
        http_reply_header(message, "Access-Control-Allow-Methods", str_from(shared[found].name));
        http_reply_header(message, "Access-Control-Allow-Headers",
                          STR_LITERAL("Authorization, Content-Type, Idempotency-Key"));
        http_reply_header(message, "Access-Control-Max-Age", STR_LITERAL("600"));
    }
    catalog_unref(catalog);
}

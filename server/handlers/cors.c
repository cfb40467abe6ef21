#include "handlers/cors.h"

#include "handlers/handlers.h"
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
    struct route_match match;
    router_match(HTTP_POST, message->path, request->arena, &match);
    if (match.route == NULL || match.route->start != submit_start) {
        return;
    }
    struct catalog *catalog = store_catalog(request->app->store);
    const struct form *form = catalog_form(catalog, match.params[0]);
    if (form != NULL) {
        cors_allow(request, form);
        http_reply_header(message, "Access-Control-Allow-Methods", STR_LITERAL("POST"));
        http_reply_header(message, "Access-Control-Allow-Headers",
                          STR_LITERAL("Authorization, Content-Type"));
        http_reply_header(message, "Access-Control-Max-Age", STR_LITERAL("600"));
    }
    catalog_unref(catalog);
}

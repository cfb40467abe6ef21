/* Pages for people who program against the API: what there is, and what its errors mean. */
#include "handlers/handlers.h"

#include "router.h"

enum { PAGE_BYTES_MAX = 128 * 1024 };

static void page_begin(struct request *request, const char *title)
{
    struct http_reply *reply = &request->message->reply;
    reply->status = 200;
    reply->content_type = "text/html; charset=utf-8";
    buf_init(&reply->body, PAGE_BYTES_MAX);
    buf_printf(
        &reply->body,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<title>Relais: %s</title><style>body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem "
        "auto;padding:0 1rem}td{padding:0 1rem 0 0;vertical-align:top}</style>",
        title);
}

static enum request_step page_end(struct request *request)
{
    buf_append_text(&request->message->reply.body, "</html>\n");
    return reply_end(request);
}

/* "read", "marketing or sales", "–" for no key. */
static void write_scope(struct buf *page, unsigned scope)
{
    const char *before = "";
    for (size_t i = 0; scope_names[i] != NULL; i++) {
        if ((scope >> i & 1U) != 0) {
            buf_printf(page, "%s%s", before, scope_names[i]);
            before = " or ";
        }
    }
    if (before[0] == '\0') {
        buf_append_text(page, "–");
    }
}

enum request_step docs_start(struct request *request)
{
    page_begin(request, "the API");
    struct buf *page = &request->message->reply.body;
    buf_append_text(
        page, "<h1>The API</h1>"
              "<p>The whole contract, with every field and an example of each answer, is "
              "<a href=\"openapi.yaml\">openapi.yaml</a> (OpenAPI 3.1). "
              "<a href=\"docs/errors\">What the errors mean</a> has a page of its own.</p>"
              "<p>A request names its key: <code>Authorization: Bearer relais_sk_…</code>. The "
              "first one is made on the machine of the service, with <code>relais key create "
              "--name me --scope admin</code>. Admin includes all other scopes.</p>"
              "<table><tr><th>Method<th>Path<th>Scope<th>Operation</tr>");
    for (size_t i = 0; i < routes_count; i++) {
        const struct route *route = &routes[i];
        buf_printf(page, "<tr><td>%s<td><code>%s</code><td>", router_method_names[route->method],
                   route->path);
        write_scope(page, route->scope);
        buf_printf(page, "<td>%s</tr>\n", route->operation_id);
    }
    buf_append_text(page, "</table>");
    return page_end(request);
}

enum request_step error_types_start(struct request *request)
{
    page_begin(request, "errors");
    struct buf *page = &request->message->reply.body;
    buf_append_text(page, "<h1>Errors</h1>");
    for (size_t i = 0; i < problem_types_count; i++) {
        const struct problem_type *type = &problem_types[i];
        buf_printf(page, "<h2 id=\"%s\">%u %s</h2><p>%s. %s</p>", type->slug, type->status,
                   type->slug, type->title, type->help);
    }
    return page_end(request);
}

/*
 * A form as a piece of HTML to paste into a page of one's own.
 *
 * The plain kind needs no script anywhere. The other is the same form with the script embed.js
 * behind it, which sends it without leaving the page; where scripts are off, or the page's policy
 * forbids them, it is the plain kind again. A style sheet goes with both, unless it is not wanted:
 * a file of ours, for what stands in the page itself many policies forbid. A pasted page is the
 * same for everybody, so no id for a submission can stand in it; the script makes one.
 *
 * Nothing secret is in it: what it shows will stand on a public page. It is public for open forms;
 * a form that needs a key may be nobody's business, so its snippet needs one as well.
 */
#include "auth.h"
#include "base/html.h"
#include "handlers/form_view.h"
#include "handlers/handlers.h"
#include "schema/json.h"

enum { SNIPPET_BYTES_MAX = 256 * 1024 };

enum snippet { SNIPPET_HTML, SNIPPET_SCRIPT };
static const char *const snippet_names[] = {"html", "script", NULL};

enum snippet_style { STYLE_DEFAULT, STYLE_NONE };
static const char *const style_names[] = {"default", "none", NULL};

struct embed_query {
    int language;
    int type;
    int style;
    struct query_slugs fields;
};
static const struct query_param embed_params[] = {
    LANGUAGE_PARAM(struct embed_query),
    QUERY_CHOICE("type", struct embed_query, type, snippet_names, QUERY_FALLBACK(SNIPPET_HTML)),
    QUERY_CHOICE("style", struct embed_query, style, style_names, QUERY_FALLBACK(STYLE_DEFAULT)),
    QUERY_PARAM("fields", SLUGS, struct embed_query, fields),
};
const struct query embed_query = QUERY(struct embed_query, embed_params);

/* ---- who may have it ---- */

static enum err_code may_see(struct request *request, const struct form *form)
{
    if (form->is_open) {
        return OK;
    }
    if (!auth_identify(request) || !request->principal.is_authenticated) {
        return ERR_UNAUTHENTICATED;
    }
    return (request->principal.scopes & (SCOPE_READ | SCOPE_ADMIN)) != 0 ? OK : ERR_FORBIDDEN;
}

static bool check_fields(struct request *request, const struct form *form,
                         const struct query_slugs *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct str name = fields->items[i];
        if (str_eq(name, form->protection.honeypot)) {
            faults_add(&request->faults, "?fields", "reserved",
                       "%.*s is the form's honeypot, which nobody is to fill in.", STR_ARGS(name));
        } else if (!str_is(name, "email") && catalog_attribute(request->catalog, name) == NULL) {
            faults_add(&request->faults, "?fields", "reference",
                       "There is no attribute %.*s; GET /v1/attributes lists them.",
                       STR_ARGS(name));
        }
    }
    return request->faults.count == 0;
}

/* Why plain HTML alone would be no use for this form; NULL: it is. */
static const char *obstacle_of(const struct form *form)
{
    if (!form->is_open) {
        return "This form needs a key, which plain HTML cannot send. Open the form, or take "
               "type=script and put a publishable key into it.";
    }
    return form->protection.has_token
               ? "This form asks for a form token, which plain HTML cannot fetch: all it sends "
                 "would "
                 "wait in quarantine. Take type=script, or switch the token off."
               : NULL;
}

/* ---- the snippet ---- */

/* The address of this service for a page that stands elsewhere. */
static const char *address(const struct request *request, const char *path)
{
    return request->base_url != NULL
               ? reply_url(request, path)
               : arena_printf(request->arena, "http://%.*s%s",
                              STR_ARGS(http_header(request->message, "Host")), path);
}

static void write_field(const struct form_view *view, struct str name)
{
    const struct form_view_field field = {
        .name = name,
        .input_name = form_input_name(view->form, name),
        .is_required = form_requires(view->form, name),
    };
    form_view_write(view, &field);
}

static bool is_listed(const struct query_slugs *fields, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(fields->items[i], name)) {
            return true;
        }
    }
    return false;
}

/* What the form requires, then what was asked for besides; what was asked for keeps its order. */
static void write_fields(const struct form_view *view, const struct query_slugs *fields)
{
    const struct str email = STR_LITERAL("email");
    if (!is_listed(fields, fields->count, email)) {
        write_field(view, email);
    }
    size_t index;
    const json_t *value;
    json_array_foreach(json_unconst(view->form->required), index, value)
    {
        const struct str name = json_str_of(value);
        if (!str_eq(name, email) && !is_listed(fields, fields->count, name)) {
            write_field(view, name);
        }
    }
    for (size_t i = 0; i < fields->count; i++) {
        if (!is_listed(fields, i, fields->items[i])) {
            write_field(view, fields->items[i]);
        }
    }
}

/* Robots fill it in. A person sees it only where a style sheet overrules `hidden`, and is told. */
static void write_honeypot(const struct form_view *view)
{
    const struct str name = view->form->protection.honeypot;
    if (name.data == NULL) {
        return;
    }
    buf_append_text(view->out, "  <div hidden>\n    <label>");
    buf_append_text(view->out, view->language == LANGUAGE_FR ? "Laissez ce champ vide"
                                                             : "Leave this field empty");
    buf_append_text(view->out, " <input");
    html_attribute(view->out, "name", name);
    buf_append_text(view->out, " autocomplete=\"off\" tabindex=\"-1\"></label>\n  </div>\n");
}

/* Shown by the script when the form has been taken. */
static void write_thanks(const struct form_view *view)
{
    const struct form *form = view->form;
    const struct offer *offer =
        form->offer.data != NULL ? catalog_offer(view->request->catalog, form->offer) : NULL;
    buf_printf(
        view->out,
        "<div class=\"relais-thanks\" role=\"status\" tabindex=\"-1\" hidden>\n  <p>%s</p>\n",
        view->language == LANGUAGE_FR ? "Merci\u00a0! Nous avons bien reçu votre demande."
                                      : "Thank you! We have received your request.");
    if (offer != NULL && offer->url.data != NULL) {
        buf_append_text(view->out, "  <p class=\"relais-offer\"><a>");
        form_view_offer(view->out, offer, view->language);
        buf_append_text(view->out, "</a></p>\n");
    }
    buf_append_text(view->out, "</div>\n");
}

static void write_form(const struct form_view *view, const struct embed_query *query)
{
    const struct form *form = view->form;
    const bool has_script = query->type == SNIPPET_SCRIPT;
    const char *action = address(
        view->request, arena_printf(view->request->arena, "/v1/forms/%.*s/submissions?lang=%s",
                                    STR_ARGS(form->slug), language_names[view->language]));
    if (query->style == STYLE_DEFAULT) {
        buf_append_text(view->out, "<link rel=\"stylesheet\"");
        html_attribute(view->out, "href", str_from(address(view->request, "/embed.css")));
        buf_append_text(view->out, ">\n");
    }
    buf_append_text(view->out, "<form class=\"relais-form\"");
    html_attribute(view->out, "action", str_from(action));
    buf_append_text(view->out, " method=\"post\" accept-charset=\"utf-8\"");
    if (has_script) {
        html_attribute(view->out, "data-relais", form->slug);
        if (form->redirect_url.data != NULL) {
            html_attribute(view->out, "data-redirect", form->redirect_url);
        }
        buf_append_text(view->out, form->is_open ? "" : " data-key=\"relais_pk_…\"");
        buf_append_text(view->out, form->protection.has_token ? " data-token" : "");
    }
    buf_append_text(view->out, ">\n");
    write_fields(view, &query->fields);
    form_view_consent(view, /* is_ticked= */ false);
    write_honeypot(view);
    form_view_button(view);
    buf_append_text(view->out, "</form>\n");
    if (has_script) {
        write_thanks(view);
        buf_append_text(view->out, "<script");
        html_attribute(view->out, "src", str_from(address(view->request, "/embed.js")));
        buf_append_text(view->out, " defer></script>\n");
    }
}

enum request_step embed_start(struct request *request)
{
    const struct embed_query *query = request->query;
    const struct form *form = catalog_form(request->catalog, request->params[0]);
    if (form == NULL) {
        return problem(request, ERR_NOT_FOUND, "There is no such form.");
    }
    const enum err_code may = may_see(request, form);
    if (may != OK) {
        return problem(request, may,
                       "This form is not open: its snippet needs a key with the scope read.");
    }
    if (!check_fields(request, form, &query->fields)) {
        return problem_faults(request);
    }
    const char *obstacle = query->type == SNIPPET_HTML ? obstacle_of(form) : NULL;
    if (obstacle != NULL) {
        return problem(request, ERR_CONFLICT, obstacle);
    }
    struct http_reply *reply = &request->message->reply;
    reply->status = 200;
    reply->content_type = "text/html; charset=utf-8";
    http_reply_header(request->message, "Cache-Control", STR_LITERAL("no-cache"));
    http_reply_header(request->message, "X-Content-Type-Options", STR_LITERAL("nosniff"));
    /* Opened by itself it is a preview that works. */
    http_reply_header(request->message, "Content-Security-Policy",
                      STR_LITERAL("default-src 'none'; script-src 'self'; style-src 'self'; "
                                  "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"));
    buf_init(&reply->body, SNIPPET_BYTES_MAX);
    const struct form_view view = {
        .request = request,
        .form = form,
        .language = visitor_language(request, query->language),
        .out = &reply->body,
    };
    write_form(&view, query);
    return reply_end(request);
}

static enum request_step reply_asset(struct request *request, const char *content_type,
                                     const struct asset *asset)
{
    struct http_message *message = request->message;
    message->reply.status = 200;
    message->reply.content_type = content_type;
    http_reply_header(message, "Cache-Control", STR_LITERAL("public, max-age=3600"));
    http_reply_header(message, "X-Content-Type-Options", STR_LITERAL("nosniff"));
    /* Pages of any origin may load it, also those that isolate themselves. */
    http_reply_header(message, "Cross-Origin-Resource-Policy", STR_LITERAL("cross-origin"));
    if (!reply_etag(request, asset->etag)) {
        message->reply.static_body = asset->text;
    }
    return REQUEST_REPLY;
}

enum request_step embed_script_start(struct request *request)
{
    return reply_asset(request, "text/javascript; charset=utf-8",
                       &request->app->assets.embed_script);
}

enum request_step embed_style_start(struct request *request)
{
    return reply_asset(request, "text/css; charset=utf-8", &request->app->assets.embed_style);
}

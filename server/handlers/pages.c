/*
 * A form's answers in the browser.
 *
 * A refused form comes back as a form: filled in, with each fault beside its field, so that nothing
 * has to be written twice and no script or "back" is needed. It has an id of its own, so that a
 * double click on it is one submission.
 *
 * The thank-you page has an address of its own (303), so that a reload posts nothing. Only who has
 * posted may see where the offer is: the address holds a receipt, a keyed hash that needs no lookup
 * and no time of its own. Its key is the form's id, which no visitor sees; who can read that can
 * read the offer's address as well.
 */
#include "handlers/pages.h"

#include "base/html.h"
#include "domain/form_fields.h"
#include "handlers/form_view.h"
#include "handlers/handlers.h"
#include "handlers/submission.h"
#include "schema/json.h"

enum { PAGE_BYTES_MAX = 512 * 1024, RECEIPT_CHARS = 32 };

static bool accepts(const struct request *request, const char *type)
{
    struct str accept = http_header(request->message, "Accept");
    while (accept.data != NULL) {
        struct str one = str_cut(&accept, ',');
        if (str_eq_nocase(str_trim(str_cut(&one, ';')), str_from(type))) {
            return true;
        }
    }
    return false;
}

bool wants_json(const struct request *request)
{
    return accepts(request, "application/json");
}

bool wants_html(const struct request *request)
{
    return accepts(request, "text/html");
}

bool wants_plain(const struct request *request)
{
    return accepts(request, "text/plain") && !wants_html(request);
}

/* ---- any page ---- */

/* The sites that may show a page inside theirs: those whose scripts may post the form. */
static void write_frame_ancestors(struct buf *policy, const struct form *form)
{
    size_t index;
    const json_t *origin;
    const size_t none = policy->len;
    json_array_foreach(json_unconst(form != NULL ? form->allowed_origins : NULL), index, origin)
    {
        const struct str text = json_str_of(origin);
        const size_t room = HTTP_REPLY_HEADER_BYTES_MAX - 256;
        /* These two would end the directive. */
        if (memchr(text.data, ';', text.len) == NULL && memchr(text.data, ',', text.len) == NULL &&
            policy->len + text.len < room) {
            buf_append_char(policy, ' ');
            buf_append_str(policy, text);
        }
    }
    if (policy->len == none) {
        buf_append_text(policy, " 'none'");
    }
}

/* A form that is sent again may lead anywhere its redirect leads, and form-action counts the whole
 * way. */
static void add_policy(struct request *request, const struct form *form, bool has_form)
{
    CLEANUP(buf_done) struct buf policy;
    buf_init(&policy, HTTP_REPLY_HEADER_BYTES_MAX);
    buf_printf(&policy,
               "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action %s; "
               "frame-ancestors",
               request->app->assets.page_style_hash,
               !has_form                         ? "'none'"
               : form->redirect_url.data != NULL ? "'self' https: http:"
                                                 : "'self'");
    write_frame_ancestors(&policy, form);
    http_reply_header(request->message, "Content-Security-Policy", buf_str(&policy));
    http_reply_header(request->message, "X-Content-Type-Options", STR_LITERAL("nosniff"));
    http_reply_header(request->message, "Referrer-Policy", STR_LITERAL("no-referrer"));
    http_reply_header(request->message, "Cache-Control", STR_LITERAL("no-store"));
    http_reply_header(request->message, "X-Robots-Tag", STR_LITERAL("noindex"));
    http_reply_header(request->message, "Vary", STR_LITERAL("Accept-Language"));
}

/* Up to the first thing under the heading. */
static struct buf *begin_page(struct request *request, enum language language, const char *title,
                              const char *mark)
{
    struct http_reply *reply = &request->message->reply;
    struct buf *out = &reply->body;
    reply->content_type = "text/html; charset=utf-8";
    buf_done(out);
    buf_init(out, PAGE_BYTES_MAX);
    buf_printf(out,
               "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<title>%s</title>\n<style>",
               language_names[language], title);
    buf_append_str(out, request->app->assets.page_style);
    buf_append_text(out, "</style>\n</head>\n<body>\n<main>\n");
    const struct str sender = catalog_organisation(request->catalog)->name;
    if (sender.len > 0) {
        buf_append_text(out, "<p class=\"sender\">");
        html_text(out, sender);
        buf_append_text(out, "</p>\n");
    }
    buf_printf(out, "<p class=\"mark%s\" aria-hidden=\"true\">%s</p>\n<h1>%s</h1>\n",
               mark[0] == '!' ? " attention" : "", mark, title);
    return out;
}

static void end_page(struct buf *out)
{
    buf_append_text(out, "</main>\n</body>\n</html>\n");
}

/* ---- thanks ---- */

struct thanks_query {
    int language;
    struct str receipt;
};
static const struct query_param thanks_params[] = {
    LANGUAGE_PARAM(struct thanks_query),
    QUERY_PARAM("receipt", STRING, struct thanks_query, receipt, .max = 64),
};
const struct query thanks_query = QUERY(struct thanks_query, thanks_params);

/* NULL: the form gives nothing that has an address. */
static const struct offer *offer_of(const struct request *request, const struct form *form)
{
    const struct offer *offer =
        form->offer.data != NULL ? catalog_offer(request->catalog, form->offer) : NULL;
    return offer != NULL && offer->url.data != NULL ? offer : NULL;
}

static void make_receipt(const struct request *request, const struct form *form,
                         char out[static RECEIPT_CHARS + 1])
{
    char digits[2 * SHA256_BYTES + 1];
    const struct uuid id = catalog_find(request->catalog, CATALOG_FORM, form->slug)->id;
    const struct sha256 hash = hmac_sha256(id.bytes, sizeof id.bytes, form->offer);
    memcpy(out, sha256_format(&hash, digits), RECEIPT_CHARS);
    out[RECEIPT_CHARS] = '\0';
}

enum request_step page_thanks(struct request *request, const struct form *form)
{
    request->message->reply.status = 303;
    if (form->redirect_url.data != NULL) {
        http_reply_header(request->message, "Location", form->redirect_url);
        return REQUEST_REPLY;
    }
    /* Beside the address posted to, whatever stands before it where a proxy leads here. */
    const struct visitor_query *query = request->query;
    const bool has_language = query->language >= 0;
    char receipt[RECEIPT_CHARS + 1] = "";
    if (offer_of(request, form) != NULL) {
        make_receipt(request, form, receipt);
    }
    const char *location = arena_printf(request->arena, "thanks%s%s%s%s%s",
                                        has_language ? "?lang=" : "",
                                        has_language ? language_names[query->language] : "",
                                        receipt[0] == '\0' ? ""
                                        : has_language     ? "&"
                                                           : "?",
                                        receipt[0] != '\0' ? "receipt=" : "", receipt);
    http_reply_header(request->message, "Location", str_from(location));
    return REQUEST_REPLY;
}

static void write_offer(struct buf *out, const struct offer *offer, enum language language)
{
    buf_append_text(out, language == LANGUAGE_FR ? "<p>Voici ce que vous avez demandé\u00a0:</p>\n"
                                                 : "<p>Here is what you asked for:</p>\n");
    buf_append_text(out, "<p><a class=\"button\" href=\"");
    html_text(out, offer->url);
    buf_append_text(out, "\">");
    form_view_offer(out, offer, language);
    buf_append_text(out, "</a></p>\n");
}

enum request_step thanks_start(struct request *request)
{
    const struct thanks_query *query = request->query;
    const struct form *form = catalog_form(request->catalog, request->params[0]);
    if (form == NULL) {
        (void)problem(request, ERR_NOT_FOUND, "There is no such form.");
        page_refusal(request);
        return REQUEST_REPLY;
    }
    const enum language language = visitor_language(request, query->language);
    const bool is_french = language == LANGUAGE_FR;
    const struct offer *offer = offer_of(request, form);
    char receipt[RECEIPT_CHARS + 1];
    if (offer != NULL) {
        make_receipt(request, form, receipt);
    }
    request->message->reply.status = 200;
    struct buf *out = begin_page(request, language, is_french ? "Merci\u00a0!" : "Thank you!", "✓");
    add_policy(request, form, /* has_form= */ false);
    buf_append_text(out, is_french ? "<p>Nous avons bien reçu votre demande.</p>\n"
                                   : "<p>We have received your request.</p>\n");
    if (offer != NULL && str_is(query->receipt, receipt)) {
        write_offer(out, offer, language);
    } else {
        buf_append_text(out, is_french ? "<p class=\"soft\">Vous pouvez fermer cette page.</p>\n"
                                       : "<p class=\"soft\">You can close this page.</p>\n");
    }
    end_page(out);
    return reply_end(request);
}

/* ---- what is to be corrected ---- */

/* The field of ours that a fault is about; absent: none that a visitor sees. */
static struct str field_of(const struct fault *fault)
{
    static const char attributes[] = "/attributes/";
    const struct str pointer = str_from(fault->pointer);
    if (str_starts_with(pointer, attributes)) {
        const size_t begin = sizeof attributes - 1;
        return str_slice(pointer.data + begin, pointer.len - begin);
    }
    return str_is(pointer, "/email") ? STR_LITERAL("email") : (struct str){0};
}

static const struct fault *fault_of(const struct request *request, struct str name)
{
    for (size_t i = 0; i < request->faults.count; i++) {
        const struct str field = field_of(&request->faults.items[i]);
        if (field.data != NULL && str_eq(field, name)) {
            return &request->faults.items[i];
        }
    }
    return NULL;
}

/* Something that the visitor wrote, and not the page. */
static bool is_answer(const struct form_view *view, size_t index)
{
    const struct str name = view->posted_names[index];
    const struct str honeypot = view->form->protection.honeypot;
    return !str_eq(view->request->form.fields[index].name, honeypot) &&
           (str_is(name, "email") || catalog_attribute(view->request->catalog, name) != NULL ||
            form_requires(view->form, name));
}

/* What the fields of the page are, by the same index. NULL: out of memory. */
static const struct str *meanings_of(const struct request *request, const struct form *form)
{
    const struct form_body *body = &request->form;
    struct str *meanings = arena_array(request->arena, body->count, sizeof *meanings);
    for (size_t i = 0; meanings != NULL && i < body->count; i++) {
        meanings[i] = form_field_meaning(form->fields, body->fields[i].name, i, request->arena);
        if (meanings[i].data == NULL) {
            return NULL;
        }
    }
    return meanings;
}

/* The first field of this name: a second one cannot be shown as well. */
static bool is_first(const struct form_view *view, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (str_eq(view->posted_names[i], view->posted_names[index])) {
            return false;
        }
    }
    return true;
}

static void write_field(const struct form_view *view, struct str name, struct str input_name,
                        struct str value)
{
    const struct fault *fault = fault_of(view->request, name);
    const struct form_view_field field = {
        .name = name,
        .input_name = input_name,
        .value = value,
        .fault = fault != NULL ? visitor_fault(view->request, fault, view->language)
                               : (struct str){0},
        .is_required = form_requires(view->form, name),
    };
    form_view_write(view, &field);
}

static bool is_posted(const struct form_view *view, struct str name)
{
    const struct form_body *body = &view->request->form;
    for (size_t i = 0; i < body->count; i++) {
        if (str_eq(view->posted_names[i], name)) {
            return true;
        }
    }
    return false;
}

/* What the page left out. */
static void write_missing_fields(const struct form_view *view)
{
    const struct faults *faults = &view->request->faults;
    for (size_t i = 0; i < faults->count; i++) {
        const struct str name = field_of(&faults->items[i]);
        if (name.data != NULL && !is_posted(view, name)) {
            write_field(view, name, form_input_name(view->form, name), (struct str){0});
        }
    }
}

static bool is_id_refused(const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (strcmp(faults->items[i].pointer, "/id") == 0) {
            return true;
        }
    }
    return false;
}

/* Everything that was posted, in its order. What the visitor wrote is shown, to be corrected, when
 * there are faults; else all of it just goes along. */
static void write_posted(const struct form_view *view)
{
    static const char consent[] = "consent_marketing_email";
    const struct request *request = view->request;
    const bool is_shown = request->faults.count > 0;
    const bool has_new_id = is_id_refused(&request->faults);
    bool has_id = false;
    bool has_consent = false;
    for (size_t i = 0; i < request->form.count; i++) {
        const struct form_field *field = &request->form.fields[i];
        const struct str name = view->posted_names[i];
        const bool is_id = str_is(name, "id");
        if (is_id && (has_new_id || field->value.len == 0)) {
            continue;
        }
        has_id |= is_id;
        if (is_shown && str_is(name, consent) && view->form->consent_text.data != NULL) {
            has_consent |= form_box_is_ticked(str_trim(field->value));
        } else if (is_shown && is_answer(view, i) && is_first(view, i)) {
            write_field(view, name, field->name, field->value);
        } else {
            form_view_hidden(view, field->name, field->value);
        }
    }
    if (is_shown) {
        write_missing_fields(view);
        form_view_consent(view, has_consent);
    }
    if (!has_id) {
        char id[UUID_TEXT_BYTES];
        (void)uuid_format(uuid_new(clock_wall_us()), id);
        form_view_hidden(view, form_input_name(view->form, STR_LITERAL("id")), str_from(id));
    }
}

/* All faults, each leading to its field. One alone stands beside its field, that is enough. */
static void write_faults(const struct form_view *view)
{
    const struct faults *faults = &view->request->faults;
    if (faults->count == 1 && field_of(&faults->items[0]).data != NULL) {
        return;
    }
    buf_append_text(view->out, "<ul class=\"faults\">\n");
    for (size_t i = 0; i < faults->count; i++) {
        const struct str name = field_of(&faults->items[i]);
        buf_append_text(view->out, "<li>");
        if (name.data != NULL) {
            buf_printf(view->out, "<a href=\"#%s\">", form_view_id(view, name));
        }
        html_text(view->out, visitor_fault(view->request, &faults->items[i], view->language));
        buf_append_text(view->out, name.data != NULL ? "</a></li>\n" : "</li>\n");
    }
    buf_append_text(view->out, "</ul>\n");
}

static void write_form(const struct form_view *view, const struct visitor_refusal *refusal)
{
    const bool is_french = view->language == LANGUAGE_FR;
    if (view->request->faults.count > 0) {
        buf_append_text(view->out,
                        is_french ? "<p>Corrigez ce qui est indiqué, puis envoyez à nouveau. Vos "
                                    "autres réponses sont conservées.</p>\n"
                                  : "<p>Correct what is marked, then send again. Your other "
                                    "answers are kept.</p>\n");
        write_faults(view);
    } else {
        buf_printf(view->out, "<p>%s %s</p>\n", refusal->text[view->language],
                   is_french
                       ? "Vos réponses sont conservées sur cette page\u00a0: attendez quelques "
                         "secondes, puis envoyez à nouveau."
                       : "Your answers are kept on this page: wait a few seconds, then send "
                         "again.");
    }
    /* Without an action it goes where it came from. */
    buf_append_text(view->out, "<form method=\"post\" accept-charset=\"utf-8\">\n");
    write_posted(view);
    form_view_button(view);
    buf_append_text(view->out, "</form>\n");
}

void page_refusal(struct request *request)
{
    const struct visitor_refusal *refusal = visitor_refusal(request->message->reply.status);
    const struct visitor_query *query = request->query;
    const struct form *form = catalog_form(request->catalog, request->params[0]);
    const bool is_post = request->message->method == HTTP_POST;
    const enum language language =
        visitor_language(request, is_post && query != NULL ? query->language : ENUM_NONE);
    const bool has_form = form != NULL && refusal->may_repeat && request->form.count > 0;
    struct buf *out = begin_page(request, language, refusal->title[language], "!");
    add_policy(request, form, has_form);
    const struct str *posted_names = has_form ? meanings_of(request, form) : NULL;
    if (posted_names != NULL) {
        const struct form_view view = {.request = request,
                                       .form = form,
                                       .language = language,
                                       .out = out,
                                       .posted_names = posted_names};
        write_form(&view, refusal);
    } else {
        buf_printf(out, "<p>%s</p>\n<p class=\"soft\">%s</p>\n", refusal->text[language],
                   language == LANGUAGE_FR ? "Revenez à la page précédente\u00a0: ce que vous avez "
                                             "écrit y est encore."
                                           : "Go back one page: what you wrote is still there.");
    }
    end_page(out);
    request->message->reply.failed |= out->failed;
}

#include "handlers/pages.h"

#include <inttypes.h>

#include "problem.h"
#include "reply.h"

enum { PAGE_BYTES_MAX = 64 * 1024 };

bool wants_json(const struct request *request)
{
    struct str accept = http_header(request->message, "Accept");
    while (accept.data != NULL) {
        struct str one = str_cut(&accept, ',');
        if (str_eq_nocase(str_trim(str_cut(&one, ';')), STR_LITERAL("application/json"))) {
            return true;
        }
    }
    return false;
}

/* The first language named that we speak; else the organisation's. */
static bool is_french(const struct request *request)
{
    struct str languages = http_header(request->message, "Accept-Language");
    while (languages.data != NULL) {
        const struct str one = str_trim(str_cut(&languages, ','));
        if (str_starts_with(one, "fr") || str_starts_with(one, "en")) {
            return str_starts_with(one, "fr");
        }
    }
    return str_is(catalog_organisation(request->catalog)->locale, "fr");
}

/* Text from outside as text of a page. */
static void write_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.data[i]) {
        case '&':
            buf_append_text(out, "&amp;");
            break;
        case '<':
            buf_append_text(out, "&lt;");
            break;
        case '>':
            buf_append_text(out, "&gt;");
            break;
        case '"':
            buf_append_text(out, "&quot;");
            break;
        default:
            buf_append_char(out, text.data[i]);
        }
    }
}

static struct buf *begin_page(struct request *request, unsigned status, bool french,
                              const char *title)
{
    struct http_reply *reply = &request->message->reply;
    reply->status = status;
    reply->content_type = "text/html; charset=utf-8";
    http_reply_header(request->message, "Content-Security-Policy",
                      STR_LITERAL("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                                  "form-action 'none'; frame-ancestors 'none'"));
    buf_init(&reply->body, PAGE_BYTES_MAX);
    buf_printf(
        &reply->body,
        "<!doctype html><html lang=\"%s\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title><style>"
        "body{font:17px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1rem;"
        "color:#14181f;background:#f6f7f9}main{background:#fff;border-radius:14px;padding:2rem}"
        "a{color:#3557d6}@media(prefers-color-scheme:dark){body{color:#e8ecf3;background:#0e1116}"
        "main{background:#161b22}a{color:#8ea6ff}}</style></head><body><main><h1>%s</h1>",
        french ? "fr" : "en", title, title);
    return &reply->body;
}

enum request_step page_thanks(struct request *request, const struct form *form)
{
    if (form->redirect_url.data != NULL) {
        request->message->reply.status = 303;
        http_reply_header(request->message, "Location", form->redirect_url);
        return REQUEST_REPLY;
    }
    const bool french = is_french(request);
    struct buf *page = begin_page(request, 200, french, french ? "Merci !" : "Thank you!");
    buf_append_text(page, french ? "<p>Nous avons bien reçu votre demande.</p>"
                                 : "<p>We have received your request.</p>");
    const struct offer *offer =
        form->offer.data != NULL ? catalog_offer(request->catalog, form->offer) : NULL;
    if (offer != NULL && offer->url.data != NULL) {
        buf_append_text(page, "<p><a href=\"");
        write_escaped(page, offer->url);
        buf_append_text(page, "\">");
        write_escaped(page, offer->title);
        buf_append_text(page, "</a></p>");
    }
    buf_append_text(page, "</main></body></html>\n");
    return reply_end(request);
}

enum request_step page_faults(struct request *request)
{
    const bool french = is_french(request);
    struct buf *page = begin_page(
        request, 422, french, french ? "Votre envoi n'est pas complet" : "Something is missing");
    buf_append_text(page, french ? "<p>Revenez en arrière et corrigez :</p><ul>"
                                 : "<p>Please go back and correct:</p><ul>");
    for (size_t i = 0; i < request->faults.count; i++) {
        const struct fault *fault = &request->faults.items[i];
        buf_append_text(page, "<li><strong>");
        const char *name = strrchr(fault->pointer, '/');
        write_escaped(page, str_from(name != NULL ? name + 1 : fault->pointer));
        buf_append_text(page, "</strong> : ");
        write_escaped(page, str_from(fault->detail));
        buf_append_text(page, "</li>");
    }
    buf_append_text(page, "</ul></main></body></html>\n");
    return reply_end(request);
}

enum request_step page_limited(struct request *request, int64_t retry_after_seconds)
{
    const bool french = is_french(request);
    buf_done(&request->message->reply.body);
    struct buf *page =
        begin_page(request, 429, french, french ? "Trop d'envois" : "Too many at once");
    buf_printf(page,
               french ? "<p>Votre envoi n'a pas été enregistré. Revenez en arrière et renvoyez-le "
                        "dans %" PRId64 " s.</p>"
                      : "<p>What you sent was not stored. Please go back and send it again in "
                        "%" PRId64 " s.</p>",
               retry_after_seconds);
    buf_append_text(page, "</main></body></html>\n");
    return reply_end(request);
}

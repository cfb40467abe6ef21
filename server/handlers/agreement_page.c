#include "handlers/agreement_page.h"

#include "base/html.h"
#include "domain/agreement.h"
#include "domain/agreement_differences.h"
#include "domain/agreement_text.h"
#include "domain/agreement_words.h"
#include "handlers/handlers.h"
#include "schema/json.h"

enum { AGREEMENT_PAGE_BYTES_MAX = 8 << 20 };

struct page {
    struct buf *out;
    enum language language;
};

static const char *say(const struct page *page, const char *fr, const char *en)
{
    return page->language == LANGUAGE_FR ? fr : en;
}

static void put(const struct page *page, const char *fr, const char *en)
{
    buf_append_text(page->out, say(page, fr, en));
}

static struct str text_of(const json_t *object, const char *name)
{
    return json_str_of(json_object_get(object, name));
}

/* ---- the text ---- */

/* What blocks that stand together are inside of; NULL: nothing. */
static const char *list_of(enum agreement_block kind)
{
    if (kind == BLOCK_ITEM) {
        return "ul";
    }
    return kind == BLOCK_TERM || kind == BLOCK_DEFINITION ? "dl" : NULL;
}

static void write_blocks(const struct page *page, const json_t *blocks)
{
    const char *open = NULL;
    for (size_t i = 0; i < json_array_size(blocks); i++) {
        struct str text;
        const enum agreement_block kind = agreement_block_of(json_array_get(blocks, i), &text);
        const char *list = list_of(kind);
        if (open != NULL && open != list && (list == NULL || strcmp(open, list) != 0)) {
            buf_printf(page->out, "</%s>\n", open);
            open = NULL;
        }
        if (list != NULL && open == NULL) {
            buf_printf(page->out, "<%s>\n", list);
            open = list;
        }
        buf_printf(page->out, "<%s>", agreement_block_names[kind]);
        html_text(page->out, text);
        buf_printf(page->out, "</%s>\n", agreement_block_names[kind]);
    }
    if (open != NULL) {
        buf_printf(page->out, "</%s>\n", open);
    }
}

/* ---- what it changes ---- */

static void write_differences(const struct page *page, const struct request *request,
                              const struct catalog_entry *entry)
{
    const struct catalog_entry *before = agreement_before(request->catalog, entry->body);
    if (before == NULL) {
        return;
    }
    json_auto_t *blocks =
        agreement_differences_text(before->body, entry->body, request->catalog, page->language);
    if (blocks == NULL) {
        page->out->failed = true;
        return;
    }
    put(page, "<h2>Ce qui change par rapport à la version\u00a0",
        "<h2>What changes since version\u00a0");
    buf_printf(page->out, "%d</h2>\n", (int)agreement_version_of(before->body));
    if (json_array_size(blocks) == 0) {
        put(page, "<p>Rien\u00a0: seul le jour change.</p>\n",
            "<p>Nothing: only the day is another.</p>\n");
    }
    write_blocks(page, blocks);
}

/* ---- signatures ---- */

/* "2026-11-21T13:05:00.000Z" as people write it; the page does not know their time zone. */
static void write_moment(const struct page *page, struct str moment)
{
    int32_t day;
    if (moment.len < 16 || !date_parse(str_slice(moment.data, 10), &day)) {
        return;
    }
    const char *at = moment.data;
    put(page, ", le ", ", ");
    words_date(page->out, day, page->language);
    put(page, " à ", " at ");
    words_time_of_day(
        page->out, ((at[11] - '0') * 10 + at[12] - '0') * 60 + (at[14] - '0') * 10 + at[15] - '0',
        page->language);
    put(page, " (temps universel)", " UTC");
}

static const json_t *signature_of(const json_t *body, const char *team)
{
    const json_t *signatures = json_object_get(body, "signatures");
    for (size_t i = 0; i < json_array_size(signatures); i++) {
        const json_t *signature = json_array_get(signatures, i);
        if (str_is(text_of(signature, "team"), team)) {
            return signature;
        }
    }
    return NULL;
}

static void write_signature(const struct page *page, const json_t *signature)
{
    if (signature == NULL) {
        put(page, "<dd class=\"blank\">En attente de signature</dd>\n",
            "<dd class=\"blank\">Not signed yet</dd>\n");
        return;
    }
    buf_append_text(page->out, "<dd>");
    html_text(page->out, text_of(signature, "name"));
    write_moment(page, text_of(signature, "at"));
    buf_append_text(page->out, "</dd>\n<dd class=\"digest\">");
    put(page, "Empreinte du texte signé (SHA-256)\u00a0: <code>",
        "Digest of the signed text (SHA-256): <code>");
    html_text(page->out,
              text_of(json_object_get(signature, "text_sha256"), language_names[page->language]));
    buf_append_text(page->out, "</code></dd>\n");
}

static void write_signatures(const struct page *page, const json_t *body)
{
    put(page, "<h2>Signatures</h2>\n<dl class=\"signatures\">\n<dt>Pour le marketing</dt>\n",
        "<h2>Signatures</h2>\n<dl class=\"signatures\">\n<dt>For marketing</dt>\n");
    write_signature(page, signature_of(body, "marketing"));
    put(page, "<dt>Pour les ventes</dt>\n", "<dt>For sales</dt>\n");
    write_signature(page, signature_of(body, "sales"));
    buf_append_text(page->out, "</dl>\n");
}

/* ---- the page ---- */

static const struct {
    const char *fr;
    const char *en;
} states[AGREEMENT_STATE_COUNT_] = {
    [AGREEMENT_DRAFT] = {"Projet",                        "Draft"                   },
    [AGREEMENT_PARTLY_SIGNED] = {"Signé d’un côté",          "Signed by one side"      },
    [AGREEMENT_SIGNED] = {"Signé, pas encore en vigueur", "Signed, not in force yet"},
    [AGREEMENT_IN_FORCE] = {"En vigueur",                    "In force"                },
    [AGREEMENT_ENDED] = {"Remplacé",                     "Replaced"                },
    [AGREEMENT_WITHDRAWN] = {"Retiré",                       "Withdrawn"               },
};

static void add_headers(struct request *request)
{
    CLEANUP(buf_done) struct buf policy;
    buf_init(&policy, HTTP_REPLY_HEADER_BYTES_MAX);
    buf_printf(&policy,
               "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; "
               "frame-ancestors 'none'",
               request->app->assets.agreement_style_hash);
    http_reply_header(request->message, "Content-Security-Policy", buf_str(&policy));
    http_reply_header(request->message, "X-Content-Type-Options", STR_LITERAL("nosniff"));
    http_reply_header(request->message, "Referrer-Policy", STR_LITERAL("no-referrer"));
}

static void write_head(const struct page *page, const struct request *request, const json_t *blocks)
{
    struct str title;
    (void)agreement_block_of(json_array_get(blocks, 0), &title);
    buf_printf(page->out,
               "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
               language_names[page->language]);
    html_text(page->out, title);
    buf_append_text(page->out, "</title>\n<style>");
    buf_append_str(page->out, request->app->assets.agreement_style);
    buf_append_text(page->out, "</style>\n</head>\n<body>\n");
}

enum request_step agreement_page(struct request *request, const struct catalog_entry *entry,
                                 const json_t *blocks, enum language language)
{
    struct http_reply *reply = &request->message->reply;
    const struct page page = {.out = &reply->body, .language = language};
    reply->status = 200;
    reply->content_type = "text/html; charset=utf-8";
    buf_done(page.out);
    buf_init(page.out, AGREEMENT_PAGE_BYTES_MAX);
    add_headers(request);
    write_head(&page, request, blocks);
    const enum agreement_state state = agreement_state_of(entry->body);
    put(&page,
        "<nav aria-label=\"Langue\"><a href=\"?lang=en\" hreflang=\"en\" "
        "lang=\"en\">English</a></nav>\n",
        "<nav aria-label=\"Language\"><a href=\"?lang=fr\" hreflang=\"fr\" "
        "lang=\"fr\">Français</a></nav>\n");
    buf_printf(page.out, "<main>\n<p class=\"state %s\">%s</p>\n", agreement_state_names[state],
               say(&page, states[state].fr, states[state].en));
    write_blocks(&page, blocks);
    write_differences(&page, request, entry);
    write_signatures(&page, entry->body);
    buf_append_text(page.out, "</main>\n</body>\n</html>\n");
    return reply_end(request);
}

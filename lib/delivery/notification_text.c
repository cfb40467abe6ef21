#include "delivery/notification_text.h"

#include <stdio.h>

#include "base/html.h"
#include "base/utf8.h"
#include "domain/funnel.h"
#include "schema/json.h"

enum { FR, EN, LANGUAGES };
enum { FIELD_CHARS_MAX = 120, TEXTS_MAX = 6, LINE_BYTES_MAX = 4096 };

static const char *const weekdays[LANGUAGES][7] = {
    {"lundi",  "mardi",   "mercredi",  "jeudi",    "vendredi", "samedi",   "dimanche"},
    {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday",   "Saturday", "Sunday"  },
};
static const char *const months[LANGUAGES][12] = {
    {"janvier", "février", "mars",  "avril", "mai", "juin", "juillet", "août",  "septembre",
     "octobre", "novembre", "décembre"},
    {"January", "February", "March", "April", "May", "June", "July",    "August", "September",
     "October", "November", "December" },
};
/* What is promised, by kind of clock. */
static const struct {
    const char *kind;
    const char *words[LANGUAGES];
} promises[] = {
    {"first_contact", {"Premier contact", "First contact"}},
    {"acceptance",    {"Acceptation", "Acceptance"}       },
    {"qualification", {"Verdict", "Verdict"}              },
    {"attempts",      {"Tentatives", "Attempts"}          },
};

/* What a step of a ladder asks of its reader, and what is said of whom it names. */
static const struct {
    const char *headline[LANGUAGES];
    const char *named[LANGUAGES]; /* NULL: the reader, or nobody */
} steps[ESCALATION_COUNT_] = {
    [ESCALATE_ASSIGNEE] = {{"À traiter sans attendre", "Waiting for you"},                {NULL, NULL}},
    [ESCALATE_MANAGER] = {{"Escalade", "Escalated"},                                      {NULL, NULL}},
    [ESCALATE_PROPOSE] = {{"Réattribution proposée", "Reassignment proposed"},
                           {"Proposé", "Proposed"}                                                    },
    [ESCALATE_REASSIGN] = {{"Confié à quelqu’un d’autre", "Given to somebody else"}, {"À", "To"}},
};

static int language_of(const struct notification_reader *reader)
{
    return str_is(reader->locale, "en") ? EN : FR;
}

/* ---- pieces ---- */

static const char *headline(const struct notification_facts *facts, int language)
{
    static const char *const words[NOTIFY_KIND_COUNT_][LANGUAGES] = {
        [NOTIFY_NEW_MQL] = {"Nouveau MQL",                  "New MQL"          },
        [NOTIFY_ASSIGNED] = {"Contact qui vous est confié", "Handed to you"    },
        [NOTIFY_WARNING] = {"Échéance proche",            "Deadline ahead"   },
        [NOTIFY_BREACH] = {"Délai dépassé",             "Deadline missed"  },
        [NOTIFY_REFUSAL] = {"Refusé par les ventes",       "Refused by sales" },
        [NOTIFY_NEW_OFFER] = {"Nouveau contenu",              "New content"      },
        [NOTIFY_COMMITMENT_AT_RISK] = {"Engagement non tenu",          "Commitment missed"},
        [NOTIFY_ESCALATION] = {"Escalade",                     "Escalated"        },
    };
    static const char *const at_risk[LANGUAGES] = {"Engagement en danger", "Commitment at risk"};
    static const char *const recycled[LANGUAGES] = {"Rendu au marketing",
                                                    "Given back to marketing"};
    const bool is_recycled = facts->kind == NOTIFY_REFUSAL &&
                             str_is(facts->handoff_state, "recycled");
    if (facts->kind == NOTIFY_ESCALATION) {
        const int step = name_index(escalation_names, facts->step);
        return step >= 0 ? steps[step].headline[language] : words[facts->kind][language];
    }
    if (facts->kind == NOTIFY_COMMITMENT_AT_RISK && facts->is_forecast) {
        return at_risk[language];
    }
    return is_recycled ? recycled[language] : words[facts->kind][language];
}

/* Not more of a field than fits a line, without control characters: they are of people's making. */
static void write_field(struct buf *out, struct str text)
{
    size_t chars = 0;
    for (size_t at = 0; at < text.len && chars < FIELD_CHARS_MAX; chars++) {
        uint32_t code_point;
        const size_t size = utf8_decode(str_slice(text.data + at, text.len - at), &code_point);
        if (size == 0) {
            return;
        }
        if (code_point < 0x20 || code_point == 0x7f) {
            buf_append_char(out, ' ');
        } else {
            buf_append(out, text.data + at, size);
        }
        at += size;
    }
    if (utf8_length(text) > FIELD_CHARS_MAX) {
        buf_append_text(out, "…");
    }
}

static void write_more(struct buf *out, const char *before, struct str text)
{
    if (text.data != NULL && text.len > 0) {
        buf_append_text(out, out->len > 0 ? before : "");
        write_field(out, text);
    }
}

/* "Claire Lemoine, VP IT, Exemple Industrie"; in a chat the company alone. */
static void write_who(struct buf *out, const struct notification_reader *reader,
                      const struct notification_facts *facts, bool is_short)
{
    if (reader->name.data != NULL) {
        write_more(out, "", facts->first_name);
        write_more(out, " ", facts->last_name);
        if (!is_short) {
            write_more(out, ", ", facts->job_title);
        }
    }
    write_more(out, ", ", facts->company);
}

static struct str offer_title(const struct notification_reader *reader, struct str slug)
{
    const struct offer *offer = slug.data != NULL ? catalog_offer(reader->catalog, slug) : NULL;
    return offer != NULL ? offer->title : slug;
}

static struct str commitment_name(const struct notification_reader *reader, struct str id)
{
    const struct catalog_entry *entry =
        id.data != NULL ? catalog_find(reader->catalog, CATALOG_COMMITMENT, id) : NULL;
    return entry != NULL ? json_str_of(json_object_get(entry->body, "name")) : id;
}

/* What the thing is called in one line: the contact, the offer, the promise; may be empty. */
static void write_name(struct buf *out, const struct notification_reader *reader,
                       const struct notification_facts *facts, bool is_short)
{
    if (facts->kind == NOTIFY_NEW_OFFER) {
        write_more(out, "", offer_title(reader, facts->subject));
    } else if (facts->kind == NOTIFY_COMMITMENT_AT_RISK) {
        write_more(out, "", commitment_name(reader, facts->subject));
    } else {
        write_who(out, reader, facts, is_short);
    }
}

static void write_due(struct buf *out, const struct notification_reader *reader,
                      const struct notification_facts *facts, int language)
{
    const struct notification_time *due = &facts->due;
    const char *promise = promises[0].words[language];
    for (size_t i = 0; i < ARRAY_LEN(promises); i++) {
        if (str_is(facts->clock_kind, promises[i].kind)) {
            promise = promises[i].words[language];
        }
    }
    const char *weekday = weekdays[language][due->weekday - 1];
    const char *month = months[language][due->month - 1];
    const bool is_over = str_is(facts->clock_state, "breached");
    if (language == FR) {
        buf_printf(out, "%s %s %s %d %s %d à %02d:%02d", promise,
                   is_over ? "attendu avant le" : "avant le", weekday, due->day, month, due->year,
                   due->hour, due->minute);
    } else {
        buf_printf(out, "%s %s %s %d %s %d, %02d:%02d", promise, is_over ? "was due" : "by",
                   weekday, due->day, month, due->year, due->hour, due->minute);
    }
    buf_printf(out, " (%.*s)", STR_ARGS(reader->zone));
}

static struct str reason_label(const struct notification_reader *reader,
                               const struct notification_facts *facts, int language)
{
    const char *kind = str_is(facts->handoff_state, "recycled") ? "recycle" : "reject";
    char slug[128];
    const int len = snprintf(slug, sizeof slug, "%s:%.*s", kind, STR_ARGS(facts->reason));
    const struct catalog_entry *entry =
        len > 0 && (size_t)len < sizeof slug
            ? catalog_find(reader->catalog, CATALOG_REASON, str_slice(slug, (size_t)len))
            : NULL;
    const json_t *label = entry != NULL ? json_object_get(entry->body, "label") : NULL;
    const struct str text = json_str_of(json_object_get(label, language == FR ? "fr" : "en"));
    return text.data != NULL ? text : facts->reason;
}

/* "Labelled: text", or nothing without a text. */
static void write_labelled(struct buf *out, const char *const label[LANGUAGES], struct str text,
                           int language)
{
    if (text.data != NULL && text.len > 0) {
        buf_printf(out, "%s%s ", label[language], language == FR ? "\u00a0:" : ":");
        write_field(out, text);
    }
}

/* "31 au lieu de 50"; while there is time "31 sur 50, 40 attendus à ce jour". */
static void write_commitment(struct buf *out, const struct notification_facts *facts, int language)
{
    json_auto_t *data = NULL;
    struct err err;
    if (facts->data.data == NULL || json_parse(facts->data, &data, &err) != OK) {
        return;
    }
    const double target = json_number_value(json_object_get(data, "target"));
    const double actual = json_number_value(json_object_get(data, "actual"));
    const json_t *expected = json_object_get(data, "expected_by_now");
    if (!json_is_number(json_object_get(data, "actual"))) {
        return; /* there is nothing to measure */
    }
    if (json_is_number(expected) && json_number_value(expected) < target) {
        buf_printf(out,
                   language == FR ? "%.6g sur %.6g, %.6g attendus à ce jour"
                                  : "%.6g of %.6g, %.6g expected by now",
                   actual, target, json_number_value(expected));
    } else {
        buf_printf(out, language == FR ? "%.6g au lieu de %.6g" : "%.6g instead of %.6g", actual,
                   target);
    }
}

/* Who shall have the handoff, or has got it; that there is nobody is news too. */
static void write_named(struct buf *out, const struct notification_reader *reader,
                        const struct notification_facts *facts, int language)
{
    static const char *const nobody[LANGUAGES] = {"Personne n’est disponible",
                                                  "Nobody is free to take it"};
    const int step = name_index(escalation_names, facts->step);
    if (step < 0 || steps[step].named[language] == NULL) {
        return;
    }
    const struct member *member = catalog_member(reader->catalog, facts->named);
    if (member != NULL) {
        write_labelled(out, steps[step].named, member->name, language);
    } else {
        buf_append_text(out, nobody[language]);
    }
}

/* What there is to say beside headline and name, a line each; returns how many there are. */
static size_t write_lines(const struct notification_reader *reader,
                          const struct notification_facts *facts, struct buf lines[TEXTS_MAX])
{
    static const char *const score[LANGUAGES] = {"Score", "Score"};
    static const char *const asked[LANGUAGES] = {"A demandé", "Asked for"};
    static const char *const why[LANGUAGES] = {"Motif", "Reason"};
    const int language = language_of(reader);
    size_t count = 0;
    if (facts->has_handoff) {
        write_labelled(&lines[count++], score, facts->grade, language);
        write_labelled(&lines[count++], asked, offer_title(reader, facts->offer), language);
    }
    if (facts->kind == NOTIFY_REFUSAL) {
        write_labelled(&lines[count++], why, reason_label(reader, facts, language), language);
    } else if (facts->due.is_known) {
        write_due(&lines[count++], reader, facts, language);
    }
    if (facts->kind == NOTIFY_COMMITMENT_AT_RISK) {
        write_commitment(&lines[count++], facts, language);
    } else if (facts->kind == NOTIFY_ESCALATION) {
        write_named(&lines[count++], reader, facts, language);
    }
    return count;
}

/* Where to see it; nothing without a base URL. */
static void write_link(struct buf *out, const struct notification_reader *reader,
                       const struct notification_facts *facts)
{
    char id[UUID_TEXT_BYTES];
    if (reader->base_url == NULL) {
        return;
    }
    if (!uuid_is_nil(facts->handoff_id)) {
        buf_printf(out, "%s/#/handoffs/%s", reader->base_url, uuid_format(facts->handoff_id, id));
    } else if (facts->kind == NOTIFY_NEW_OFFER) {
        buf_printf(out, "%s/#/offers/%.*s", reader->base_url, STR_ARGS(facts->subject));
    } else {
        buf_printf(out, "%s/#/commitments/%.*s", reader->base_url, STR_ARGS(facts->subject));
    }
}

/* ---- an item in its parts ---- */

struct item {
    struct buf name;
    struct buf lines[TEXTS_MAX];
    size_t line_count;
    struct buf link;
    bool failed;
};

static void item_init(struct item *item, const struct notification_reader *reader,
                      const struct notification_facts *facts)
{
    *item = (struct item){.failed = false};
    buf_init(&item->name, LINE_BYTES_MAX);
    buf_init(&item->link, LINE_BYTES_MAX);
    for (size_t i = 0; i < TEXTS_MAX; i++) {
        buf_init(&item->lines[i], LINE_BYTES_MAX);
    }
    write_name(&item->name, reader, facts, /* is_short= */ false);
    item->line_count = write_lines(reader, facts, item->lines);
    write_link(&item->link, reader, facts);
    item->failed = item->name.failed || item->link.failed;
    for (size_t i = 0; i < TEXTS_MAX; i++) {
        item->failed = item->failed || item->lines[i].failed;
    }
}

static void item_done(struct item *item)
{
    buf_done(&item->name);
    buf_done(&item->link);
    for (size_t i = 0; i < TEXTS_MAX; i++) {
        buf_done(&item->lines[i]);
    }
}

/* ---- mail ---- */

static void write_text_item(struct buf *out, const struct item *item, const char *title)
{
    buf_printf(out, "%s\r\n", title);
    if (item->name.len > 0) {
        buf_printf(out, "%.*s\r\n", STR_ARGS(buf_str(&item->name)));
    }
    for (size_t i = 0; i < item->line_count; i++) {
        if (item->lines[i].len > 0) {
            buf_printf(out, "%.*s\r\n", STR_ARGS(buf_str(&item->lines[i])));
        }
    }
    if (item->link.len > 0) {
        buf_printf(out, "%.*s\r\n", STR_ARGS(buf_str(&item->link)));
    }
    buf_append_text(out, "\r\n");
}

static void write_html_item(struct buf *out, const struct item *item, const char *title,
                            const char *open)
{
    buf_append_text(out, "<div style=\"margin:0 0 24px;padding:0 0 0 12px;border-left:3px solid "
                         "#2f5d8a\">\r\n<p style=\"margin:0 0 4px;color:#555\">");
    html_text(out, str_from(title));
    buf_append_text(out, "</p>\r\n");
    if (item->name.len > 0) {
        buf_append_text(out, "<p style=\"margin:0 0 4px;font-size:17px;font-weight:bold\">");
        html_text(out, buf_str(&item->name));
        buf_append_text(out, "</p>\r\n");
    }
    for (size_t i = 0; i < item->line_count; i++) {
        if (item->lines[i].len > 0) {
            buf_append_text(out, "<p style=\"margin:0 0 4px\">");
            html_text(out, buf_str(&item->lines[i]));
            buf_append_text(out, "</p>\r\n");
        }
    }
    if (item->link.len > 0) {
        buf_append_text(out, "<p style=\"margin:8px 0 0\"><a");
        html_attribute(out, "href", buf_str(&item->link));
        buf_printf(out, ">%s</a></p>\r\n", open);
    }
    buf_append_text(out, "</div>\r\n");
}

static void write_subject(struct buf *out, const struct notification_reader *reader,
                          const struct notification_facts *facts, size_t count)
{
    const int language = language_of(reader);
    if (count > 1) {
        buf_printf(out,
                   language == FR ? "Relais\u00a0: %zu nouvelles" : "Relais: %zu things to know",
                   count);
        return;
    }
    CLEANUP(buf_done) struct buf name;
    buf_init(&name, LINE_BYTES_MAX);
    write_name(&name, reader, &facts[0], /* is_short= */ true);
    buf_append_text(out, headline(&facts[0], language));
    if (name.len > 0) {
        buf_append_text(out, language == FR ? "\u00a0: " : ": ");
        buf_append_str(out, buf_str(&name));
    }
}

static void mail_init(struct notification_mail *mail)
{
    buf_init(&mail->subject, LINE_BYTES_MAX);
    buf_init(&mail->text, NOTIFICATION_TEXT_BYTES_MAX);
    buf_init(&mail->html, NOTIFICATION_TEXT_BYTES_MAX);
}

static void begin_html(struct buf *out, const char *language)
{
    buf_printf(
        out,
        "<!doctype html>\r\n<html lang=\"%s\"><head><meta charset=\"utf-8\"></head>\r\n"
        "<body style=\"font-family:sans-serif;font-size:15px;line-height:1.45;color:#222\">\r\n",
        language);
}

static void write_closing(struct notification_mail *mail, const char *sentence)
{
    buf_printf(&mail->text, "-- \r\n%s\r\n", sentence);
    buf_printf(&mail->html, "<p style=\"color:#555;font-size:13px\">%s</p>\r\n</body></html>\r\n",
               sentence);
}

bool notification_mail_write(const struct notification_reader *reader,
                             const struct notification_facts *facts, size_t count,
                             struct notification_mail *ret_mail)
{
    static const char *const greeting[LANGUAGES] = {"Bonjour ", "Hello "};
    static const char *const open[LANGUAGES] = {"Ouvrir dans Relais", "Open in Relais"};
    static const char *const closing[LANGUAGES] = {
        "Relais vous prévient de ce qui vous concerne. Quoi, et quand, se règle sur votre fiche de "
        "membre.",
        "Relais tells you what concerns you. What, and when, is set on your member record."};
    const int language = language_of(reader);
    mail_init(ret_mail);
    write_subject(&ret_mail->subject, reader, facts, count);
    begin_html(&ret_mail->html, language == FR ? "fr" : "en");
    buf_append_text(&ret_mail->text, greeting[language]);
    write_field(&ret_mail->text, reader->name);
    buf_append_text(&ret_mail->text, ",\r\n\r\n");
    buf_printf(&ret_mail->html, "<p>%s", greeting[language]);
    html_text(&ret_mail->html, reader->name);
    buf_append_text(&ret_mail->html, ",</p>\r\n");
    bool failed = false;
    for (size_t i = 0; i < count; i++) {
        struct item item;
        item_init(&item, reader, &facts[i]);
        write_text_item(&ret_mail->text, &item, headline(&facts[i], language));
        write_html_item(&ret_mail->html, &item, headline(&facts[i], language), open[language]);
        failed = failed || item.failed;
        item_done(&item);
    }
    write_closing(ret_mail, closing[language]);
    return !failed && !ret_mail->subject.failed && !ret_mail->text.failed && !ret_mail->html.failed;
}

bool notification_mail_write_test(struct notification_mail *ret_mail)
{
    static const char sentence[] = "This is a test: mail from Relais arrives. "
                                   "Ceci est un essai : le courrier de Relais arrive.";
    mail_init(ret_mail);
    buf_append_text(&ret_mail->subject, "Relais: test / essai");
    buf_printf(&ret_mail->text, "%s\r\n\r\n", sentence);
    begin_html(&ret_mail->html, "en");
    buf_printf(&ret_mail->html, "<p>%s</p>\r\n", sentence);
    write_closing(ret_mail, "relais doctor --mail");
    return !ret_mail->subject.failed && !ret_mail->text.failed && !ret_mail->html.failed;
}

void notification_mail_done(struct notification_mail *mail)
{
    buf_done(&mail->subject);
    buf_done(&mail->text);
    buf_done(&mail->html);
}

/* ---- chat ---- */

/* Slack's mrkdwn: three characters are special, whatever stands around them. */
static void write_mrkdwn(struct buf *out, struct str text)
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
        default:
            buf_append_char(out, text.data[i]);
        }
    }
}

/* "Nouveau MQL : Exemple Industrie – Score : A2 – …" */
static void write_chat_line(struct buf *out, const struct item *item, const char *title,
                            int language, enum chat_format format)
{
    void (*write)(struct buf *, struct str) = format == CHAT_SLACK ? write_mrkdwn : buf_append_str;
    buf_printf(out, format == CHAT_SLACK ? "*%s*" : "%s", title);
    if (item->name.len > 0) {
        buf_append_text(out, language == FR ? "\u00a0: " : ": ");
        write(out, buf_str(&item->name));
    }
    for (size_t i = 0; i < item->line_count; i++) {
        if (item->lines[i].len > 0) {
            buf_append_text(out, " – ");
            write(out, buf_str(&item->lines[i]));
        }
    }
    out->failed = out->failed || item->failed;
}

/* A run of text: taken as it is, unlike a TextBlock's, where a company's name could be a link. */
static void write_run(struct json_writer *json, struct str text, struct str link)
{
    json_object_begin(json);
    JSON_FIELD(json, "type", json_text, "TextRun");
    JSON_FIELD(json, "text", json_str, text);
    if (link.len > 0) {
        json_key(json, "selectAction");
        json_object_begin(json);
        JSON_FIELD(json, "type", json_text, "Action.OpenUrl");
        JSON_FIELD(json, "url", json_str, link);
        json_object_end(json);
    }
    json_object_end(json);
}

/* One thing to tell, as a block of an Adaptive Card or a line of text. */
static void write_chat_item(struct json_writer *json, struct buf *text,
                            const struct notification_reader *reader,
                            const struct notification_facts *facts, enum chat_format format)
{
    static const char *const open[LANGUAGES] = {"Ouvrir", "Open"};
    static const struct str none = {.data = NULL};
    static const struct str space = {.data = " ", .len = 1};
    const int language = language_of(reader);
    struct item item;
    item_init(&item, reader, facts);
    CLEANUP(buf_done) struct buf line;
    buf_init(&line, NOTIFICATION_TEXT_BYTES_MAX);
    write_chat_line(&line, &item, headline(facts, language), language, format);
    const struct str link = buf_str(&item.link);
    if (format == CHAT_TEAMS) {
        json_object_begin(json);
        JSON_FIELD(json, "type", json_text, "RichTextBlock");
        json_key(json, "inlines");
        json_array_begin(json);
        write_run(json, buf_str(&line), none);
        if (link.len > 0) {
            write_run(json, space, none);
            write_run(json, str_from(open[language]), link);
        }
        json_array_end(json);
        json_object_end(json);
    } else {
        buf_append_text(text, text->len > 0 ? "\n" : "");
        buf_append_str(text, buf_str(&line));
        if (link.len > 0 && format == CHAT_SLACK) {
            buf_printf(text, " <%.*s|%s>", STR_ARGS(link), open[language]);
        } else if (link.len > 0) {
            buf_printf(text, " %.*s", STR_ARGS(link));
        }
    }
    text->failed = text->failed || line.failed;
    item_done(&item);
}

static void begin_card(struct json_writer *json)
{
    JSON_FIELD(json, "type", json_text, "message");
    json_key(json, "attachments");
    json_array_begin(json);
    json_object_begin(json);
    JSON_FIELD(json, "contentType", json_text, "application/vnd.microsoft.card.adaptive");
    json_key(json, "content");
    json_object_begin(json);
    JSON_FIELD(json, "$schema", json_text, "http://adaptivecards.io/schemas/adaptive-card.json");
    JSON_FIELD(json, "type", json_text, "AdaptiveCard");
    JSON_FIELD(json, "version", json_text, "1.4");
    json_key(json, "body");
    json_array_begin(json);
}

static void end_card(struct json_writer *json)
{
    json_array_end(json);
    json_object_end(json);
    json_object_end(json);
    json_array_end(json);
}

void notification_chat_write(const struct notification_reader *reader,
                             const struct notification_facts *facts, size_t count,
                             enum chat_format format, struct buf *out)
{
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, NOTIFICATION_TEXT_BYTES_MAX);
    struct json_writer json;
    json_writer_init(&json, out);
    json_object_begin(&json);
    if (format == CHAT_TEAMS) {
        begin_card(&json);
    }
    for (size_t i = 0; i < count; i++) {
        write_chat_item(&json, &text, reader, &facts[i], format);
    }
    if (format == CHAT_TEAMS) {
        end_card(&json);
    } else {
        JSON_FIELD(&json, "text", json_str, buf_str(&text));
    }
    json_object_end(&json);
    out->failed = out->failed || text.failed;
}

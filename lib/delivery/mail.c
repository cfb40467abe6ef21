/*
 * libcurl speaks SMTP; what it lacks is telling which command a server refused, and that decides:
 * a recipient or a message that is refused for good (5xx) will be tomorrow, too; a refused login,
 * sender or greeting is for the operator to mend, and the mail can wait for that. So the commands
 * that go out are watched.
 */
#include "delivery/mail.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "delivery/mail_header.h"

enum { HEADER_BYTES_MAX = 8192, CODE_REFUSED = 500, CODE_MAX = 599 };

static const int64_t mail_timeout_us = 60 * US_PER_SECOND;

/* How far the conversation has come: the last command sent. */
enum mail_step { STEP_GREETING, STEP_LOGIN, STEP_SENDER, STEP_RECIPIENT, STEP_MESSAGE };

struct conversation {
    enum mail_step step;
    struct delivery_report *report;
    bool is_over;    /* QUIT: what is answered to that is of no interest */
    char status[16]; /* "550 5.1.1", the last answer's */
};

bool mail_server_is_local(const char *url)
{
    struct str rest = str_from(url);
    (void)str_cut(&rest, '/');
    (void)str_cut(&rest, '/');
    struct str host = rest.data != NULL ? str_cut(&rest, '/') : rest;
    if (host.data == NULL) {
        return false;
    }
    if (host.len > 0 && host.data[0] == '[') {
        return str_starts_with(host, "[::1]");
    }
    struct str name = str_cut(&host, ':');
    struct address address;
    if (str_eq_nocase(name, STR_LITERAL("localhost"))) {
        return true;
    }
    struct address_network loopback;
    return address_parse(name, &address) &&
           address_network_parse(STR_LITERAL("127.0.0.0/8"), &loopback) &&
           address_network_holds(&loopback, &address);
}

/* ---- the conversation ---- */

static void note_command(struct conversation *conversation, struct str line)
{
    static const struct {
        const char *command;
        enum mail_step step;
    } steps[] = {
        {"AUTH", STEP_LOGIN    },
        {"MAIL", STEP_SENDER   },
        {"RCPT", STEP_RECIPIENT},
        {"DATA", STEP_MESSAGE  },
    };
    conversation->is_over = conversation->is_over || str_starts_with(line, "QUIT");
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (str_starts_with(line, steps[i].command)) {
            conversation->step = steps[i].step;
        }
    }
}

static bool is_status_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || byte == '.';
}

/* "550 5.1.1 <x@example.com>: unknown": the words for the operator, the numbers for everybody. */
static void note_answer(struct conversation *conversation, struct str line)
{
    line = str_trim(line);
    if (conversation->is_over) {
        return;
    }
    (void)snprintf(conversation->report->answer, sizeof conversation->report->answer, "%.*s",
                   STR_ARGS(line));
    struct str rest = line;
    const struct str code = str_cut(&rest, ' ');
    struct str enhanced = rest.data != NULL ? str_cut(&rest, ' ') : rest;
    bool is_enhanced = enhanced.data != NULL && enhanced.len >= 5 && enhanced.len <= 9;
    for (size_t i = 0; i < enhanced.len && is_enhanced; i++) {
        is_enhanced = is_status_byte(enhanced.data[i]);
    }
    (void)snprintf(conversation->status, sizeof conversation->status, "%.3s%s%.*s",
                   code.data != NULL && code.len >= 3 ? code.data : "", is_enhanced ? " " : "",
                   is_enhanced ? (int)enhanced.len : 0, is_enhanced ? enhanced.data : "");
}

static int watch(CURL *curl, curl_infotype type, char *data, size_t len, void *context)
{
    (void)curl;
    if (type == CURLINFO_HEADER_OUT) {
        note_command(context, str_slice(data, len));
    } else if (type == CURLINFO_HEADER_IN) {
        note_answer(context, str_slice(data, len));
    }
    return 0;
}

/* What it says is noted by watch. */
static size_t swallow(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

/* ---- what went wrong ---- */

static const char *connection_fault(CURLcode code)
{
    static const struct {
        CURLcode code;
        const char *sentence;
    } faults[] = {
        {CURLE_COULDNT_RESOLVE_HOST,     "The mail server's name cannot be resolved."             },
        {CURLE_COULDNT_CONNECT,          "The mail server cannot be reached."                     },
        {CURLE_OPERATION_TIMEDOUT,       "The mail server did not answer in time."                },
        {CURLE_PEER_FAILED_VERIFICATION,
         "The mail server's certificate is not trusted; a CA of your "
         "own goes into RELAIS_CA_FILE."                                                          },
        {CURLE_SSL_CACERT_BADFILE,       "The file of RELAIS_CA_FILE cannot be read."             },
        {CURLE_SSL_CONNECT_ERROR,        "The mail server and we agree on no encryption."         },
        {CURLE_USE_SSL_FAILED,           "The mail server offers no STARTTLS, and without encryption "
                               "nothing is sent to another machine."},
        {CURLE_ABORTED_BY_CALLBACK,      "The service stopped while the mail was under way."      },
        {CURLE_OUT_OF_MEMORY,            "There was no memory for the mail."                      },
    };
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        if (faults[i].code == code) {
            return faults[i].sentence;
        }
    }
    return NULL;
}

static void explain(const struct conversation *conversation, CURLcode code, long status)
{
    static const char *const refused[] = {
        [STEP_GREETING] = "The mail server does not want to talk to us",
        [STEP_LOGIN] = "The mail server refused the user name or password",
        [STEP_SENDER] = "The mail server refused the sender's address",
        [STEP_RECIPIENT] = "The mail server refused the recipient's address",
        [STEP_MESSAGE] = "The mail server refused the message",
    };
    struct delivery_report *report = conversation->report;
    const char *fault = connection_fault(code);
    report->outcome = DELIVERY_AGAIN;
    if (fault != NULL) {
        (void)snprintf(report->error, sizeof report->error, "%s", fault);
    } else if (code != CURLE_LOGIN_DENIED && status < 400) {
        (void)snprintf(report->error, sizeof report->error,
                       "The mail server broke the connection off.");
    } else {
        const bool is_about_mail = conversation->step >= STEP_RECIPIENT && status >= CODE_REFUSED &&
                                   status <= CODE_MAX;
        report->outcome = is_about_mail ? DELIVERY_REFUSED : DELIVERY_AGAIN;
        (void)snprintf(report->error, sizeof report->error, "%s (%s).", refused[conversation->step],
                       conversation->status);
    }
}

/* ---- the message ---- */

static bool add_header(struct curl_slist **list, const struct buf *line)
{
    struct curl_slist *longer = line->failed ? NULL : curl_slist_append(*list, buf_str(line).data);
    *list = longer != NULL ? longer : *list;
    return longer != NULL;
}

/* The head's fields; NULL: out of memory. */
static struct curl_slist *write_headers(const struct mail_server *server, const struct mail *mail)
{
    struct curl_slist *list = NULL;
    CLEANUP(buf_done) struct buf line;
    buf_init(&line, HEADER_BYTES_MAX);
    const char *at = strrchr(server->from_address, '@');
    char id[UUID_TEXT_BYTES];
    mail_header_date(&line, clock_wall_us());
    bool is_ok = add_header(&list, &line);
    buf_clear(&line);
    mail_header_address(&line, "From", server->from_name, str_from(server->from_address));
    is_ok = is_ok && add_header(&list, &line);
    buf_clear(&line);
    mail_header_address(&line, "To", mail->to_name, mail->to_address);
    is_ok = is_ok && add_header(&list, &line);
    buf_clear(&line);
    mail_header_text(&line, "Subject", mail->subject);
    is_ok = is_ok && add_header(&list, &line);
    buf_clear(&line);
    buf_printf(&line, "Message-ID: <%s%s>", uuid_format(mail->id, id), at != NULL ? at : "@relais");
    is_ok = is_ok && add_header(&list, &line);
    buf_clear(&line);
    /* RFC 3834: no holiday notes in return. */
    buf_append_text(&line, "Auto-Submitted: auto-generated");
    is_ok = is_ok && add_header(&list, &line);
    buf_clear(&line);
    buf_append_text(&line, "X-Auto-Response-Suppress: All");
    is_ok = is_ok && add_header(&list, &line);
    if (!is_ok) {
        curl_slist_free_all(list);
        return NULL;
    }
    return list;
}

static bool add_part(curl_mime *parts, struct str content, const char *type)
{
    curl_mimepart *part = curl_mime_addpart(parts);
    return part != NULL && curl_mime_data(part, content.data, content.len) == CURLE_OK &&
           curl_mime_type(part, type) == CURLE_OK &&
           curl_mime_encoder(part, "quoted-printable") == CURLE_OK;
}

/* Text and HTML, the same in two forms; NULL: out of memory. */
static curl_mime *write_body(CURL *curl, const struct mail *mail)
{
    curl_mime *body = curl_mime_init(curl);
    curl_mime *forms = curl_mime_init(curl);
    curl_mimepart *both = body != NULL ? curl_mime_addpart(body) : NULL;
    bool is_ok = forms != NULL && both != NULL &&
                 add_part(forms, mail->text, "text/plain; charset=utf-8") &&
                 add_part(forms, mail->html, "text/html; charset=utf-8");
    if (is_ok && curl_mime_subparts(both, forms) == CURLE_OK) {
        forms = NULL; /* the body's now */
        is_ok = curl_mime_type(both, "multipart/alternative") == CURLE_OK;
    } else {
        is_ok = false;
    }
    curl_mime_free(forms);
    if (!is_ok) {
        curl_mime_free(body);
        return NULL;
    }
    return body;
}

static bool set_up(CURL *curl, const struct mail_server *server, struct conversation *conversation,
                   struct curl_slist *headers, curl_mime *body, struct curl_slist *recipients)
{
    const long encryption = mail_server_is_local(server->url) ? CURLUSESSL_NONE : CURLUSESSL_ALL;
    bool is_ok = curl_easy_setopt(curl, CURLOPT_URL, server->url) == CURLE_OK &&
                 curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
                 curl_easy_setopt(curl, CURLOPT_USE_SSL, encryption) == CURLE_OK &&
                 curl_easy_setopt(curl, CURLOPT_MAIL_FROM, server->from_address) == CURLE_OK &&
                 curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients) == CURLE_OK &&
                 curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
                 curl_easy_setopt(curl, CURLOPT_MIMEPOST, body) == CURLE_OK;
    if (server->user != NULL) {
        is_ok = is_ok && curl_easy_setopt(curl, CURLOPT_USERNAME, server->user) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_PASSWORD, server->password) == CURLE_OK;
    }
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, swallow);
    (void)curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, watch);
    (void)curl_easy_setopt(curl, CURLOPT_DEBUGDATA, conversation);
    (void)curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    return is_ok;
}

static struct curl_slist *write_recipient(const struct mail *mail)
{
    CLEANUP(buf_done) struct buf address;
    buf_init(&address, HEADER_BYTES_MAX);
    buf_append_str(&address, mail->to_address);
    return address.failed ? NULL : curl_slist_append(NULL, buf_str(&address).data);
}

void mail_send(const struct mail_server *server, const struct mail *mail,
               struct delivery_report *ret_report)
{
    *ret_report = (struct delivery_report){.outcome = DELIVERY_REFUSED};
    if (!mail_address_is_plain(mail->to_address)) {
        (void)snprintf(ret_report->error, sizeof ret_report->error,
                       "The member's address cannot be used in a mail.");
        return;
    }
    struct conversation conversation = {.step = STEP_GREETING, .report = ret_report};
    struct outgoing_call call;
    CURL *curl = outgoing_handle(&server->outgoing, &call, mail_timeout_us);
    struct curl_slist *headers = write_headers(server, mail);
    struct curl_slist *recipients = write_recipient(mail);
    curl_mime *body = curl != NULL ? write_body(curl, mail) : NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    long status = 0;
    if (curl != NULL && headers != NULL && recipients != NULL && body != NULL &&
        set_up(curl, server, &conversation, headers, body, recipients)) {
        code = curl_easy_perform(curl);
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    ret_report->outcome = DELIVERY_DONE;
    if (code != CURLE_OK) {
        explain(&conversation, code, status);
    }
    curl_mime_free(body);
    curl_slist_free_all(recipients);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
}

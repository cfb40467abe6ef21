#include "mail_settings.h"

#include "delivery/mail_header.h"
#include "domain/email_address.h"

struct outgoing outgoing_settings(const struct config *config, delivery_stop stop)
{
    return (struct outgoing){
        .allowed = config->outgoing_networks.items,
        .allowed_count = config->outgoing_networks.count,
        .ca_file = config->ca_file,
        .stop = stop,
    };
}

/* "smtp://host" or "smtps://host", perhaps with a port; nothing else in it. */
static bool is_smtp_url(struct str url)
{
    const size_t scheme = str_starts_with(url, "smtps://") ? 8 : 7;
    if ((scheme == 7 && !str_starts_with(url, "smtp://")) || url.len <= scheme) {
        return false;
    }
    for (size_t i = scheme; i < url.len; i++) {
        if (url.data[i] <= ' ' || url.data[i] >= 0x7f ||
            strchr("/?#@\\\"<>", url.data[i]) != NULL) {
            return false;
        }
    }
    return true;
}

/* "Relais <relais@example.com>" or "relais@example.com". */
static enum err_code read_sender(struct str text, struct arena *arena, struct mail_server *server,
                                 struct err *reterr)
{
    struct str address = str_trim(text);
    const char *open = memchr(address.data, '<', address.len);
    if (open != NULL && address.data[address.len - 1] == '>') {
        const size_t name_len = (size_t)(open - address.data);
        server->from_name = str_trim(str_slice(address.data, name_len));
        address = str_slice(open + 1, address.len - name_len - 2);
    }
    struct email_address parsed;
    struct err cause;
    const enum err_code code = email_address_parse(address, arena, &parsed, &cause);
    if (code != OK) {
        return err_set(reterr, code == ERR_NOMEM ? code : ERR_INVALID, "RELAIS_MAIL_FROM: %s",
                       cause.detail);
    }
    if (!mail_address_is_plain(parsed.key)) {
        return err_set(reterr, ERR_INVALID, "RELAIS_MAIL_FROM: this address cannot be used.");
    }
    server->from_address = parsed.key.data;
    return OK;
}

enum err_code mail_settings_read(const struct config *config, struct arena *arena,
                                 struct mail_server *ret_server, bool *ret_has_mail,
                                 struct err *reterr)
{
    *ret_has_mail = false;
    *ret_server = (struct mail_server){
        .url = config->smtp_url, .user = config->smtp_user, .password = config->smtp_password};
    if (config->smtp_url == NULL) {
        return OK;
    }
    if (!is_smtp_url(str_from(config->smtp_url))) {
        return err_set(reterr, ERR_INVALID,
                       "RELAIS_SMTP_URL: must be a mail server such as smtps://mail.example.com or "
                       "smtp://mail.example.com:587; user and password go into RELAIS_SMTP_USER "
                       "and RELAIS_SMTP_PASSWORD.");
    }
    if (config->mail_from == NULL) {
        return err_set(reterr, ERR_INVALID,
                       "RELAIS_SMTP_URL is set, RELAIS_MAIL_FROM is not: who do mails come from?");
    }
    if ((config->smtp_user == NULL) != (config->smtp_password == NULL)) {
        return err_set(reterr, ERR_INVALID,
                       "RELAIS_SMTP_USER and RELAIS_SMTP_PASSWORD belong together: set both or "
                       "none.");
    }
    *ret_has_mail = true;
    return read_sender(str_from(config->mail_from), arena, ret_server, reterr);
}

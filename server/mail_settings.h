/*
 * The mail server as it is configured, checked: RELAIS_SMTP_*, RELAIS_MAIL_FROM, and what all calls
 * to the outside share.
 */
#pragma once

#include "config.h"
#include "delivery/mail.h"

/* What calls to the outside have in common. `stop` may be NULL. */
struct outgoing outgoing_settings(const struct config *config, delivery_stop stop);

/* *ret_has_mail false: none is configured. Texts live in the arena or in the configuration.
 * ERR_INVALID: it does not fit together, the detail says what to do. */
enum err_code mail_settings_read(const struct config *config, struct arena *arena,
                                 struct mail_server *ret_server, bool *ret_has_mail,
                                 struct err *reterr) MUSTCHECK;

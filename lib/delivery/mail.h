/*
 * Sending one mail by SMTP with libcurl: text and HTML, one recipient.
 *
 * The way to a server that is not on this machine is encrypted, or nothing is sent: smtps:// or
 * STARTTLS. A message keeps its Message-ID on every attempt, so that a mail system can recognise
 * one that was sent twice because its first acknowledgement got lost.
 */
#pragma once

#include "base/str.h"
#include "base/uuid.h"
#include "delivery/outgoing.h"

struct mail_server {
    const char *url;      /* smtp://host[:port] or smtps://host[:port] */
    const char *user;     /* NULL: without authentication */
    const char *password; /* NULL with user NULL */
    struct str from_name; /* absent: none */
    const char *from_address;
    struct outgoing outgoing;
};

struct mail {
    struct str to_name;
    struct str to_address; /* its domain in A-labels: the key of struct email_address */
    struct str subject;
    struct str text; /* lines end with CRLF */
    struct str html;
    struct uuid id;
};

/* Whether the URL names a server on this machine. */
bool mail_server_is_local(const char *url);

/* Hands the mail to the server, within a minute. Any thread. Never fails otherwise than in the
 * report. */
void mail_send(const struct mail_server *server, const struct mail *mail,
               struct delivery_report *ret_report);

/*
 * The words of a notification: facts in, a mail's subject, text and HTML or a chat's JSON out.
 * Pure.
 *
 * In French or English, with times in the reader's zone and links that begin with RELAIS_BASE_URL.
 * One thing to tell is a mail about that thing; several are one mail with a paragraph each. A mail
 * names the person, for that is what its reader needs; a chat, which is somebody else's computer,
 * gets the company only.
 */
#pragma once

#include "domain/notification.h"

struct notification_reader {
    const struct catalog *catalog; /* titles of offers, labels of reasons */
    struct str locale;             /* "fr" or "en" */
    struct str zone;               /* of the times: IANA */
    struct str name;               /* of whom a mail is for; absent: a chat */
    const char *base_url;          /* NULL: without links */
};

enum { NOTIFICATION_TEXT_BYTES_MAX = 1 << 20 };

struct notification_mail {
    struct buf subject; /* each owned */
    struct buf text;    /* lines end with CRLF */
    struct buf html;
};

/* False: out of memory, or too long. End it with notification_mail_done either way. */
bool notification_mail_write(const struct notification_reader *reader,
                             const struct notification_facts *facts, size_t count,
                             struct notification_mail *ret_mail) MUSTCHECK;
/* Takes a zeroed one. */
void notification_mail_done(struct notification_mail *mail);
/* The mail that `relais doctor --mail` sends; the same rules. */
bool notification_mail_write_test(struct notification_mail *ret_mail) MUSTCHECK;

/* What is posted to a chat, into `out`. */
void notification_chat_write(const struct notification_reader *reader,
                             const struct notification_facts *facts, size_t count,
                             enum chat_format format, struct buf *out);

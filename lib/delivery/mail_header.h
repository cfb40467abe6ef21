/*
 * Fields of a mail's head (RFC 5322, RFC 2047) from texts that may hold anything: what comes out
 * never has a line break of its own, so a name cannot add a field.
 */
#pragma once

#include "base/buf.h"

/* "Name: text" where the text is ASCII without control characters, else as encoded words, folded;
 * control characters become spaces. Without a line end. */
void mail_header_text(struct buf *out, const char *name, struct str text);
/* "Name: Display name <address>"; without a name the address alone. The address is one that
 * mail_address_is_plain takes. */
void mail_header_address(struct buf *out, const char *name, struct str display, struct str address);
/* "Date: Sat, 21 Nov 2026 17:36:00 +0000" */
void mail_header_date(struct buf *out, int64_t at_us);

/* Whether an address can stand in a head and an envelope: no control characters, spaces or angle
 * brackets, one '@' at least. Its domain has to be in A-labels. */
bool mail_address_is_plain(struct str address);

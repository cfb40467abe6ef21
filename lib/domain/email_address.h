/*
 * E-mail addresses as people type them into forms: checked, in one spelling for storing, and
 * reduced to the key that tells whether two addresses are one mailbox.
 *
 * Accepted is what mail systems deliver to: RFC 5321 section 4.1.2 Mailbox (quoted local parts and
 * address literals included) with the UTF-8 of RFC 6531 section 3.3. Refused, with the reason: what
 * RFC 5322 adds around it for message headers (comments, folding, obsolete forms, display names),
 * domains that take no mail: of one label, but for a country's ("io"), or with a numeric last one
 * (RFC 3696 section 2), and characters nobody sees.
 *
 * Whether the mailbox exists is not asked, and no provider's rules (plus tags, dots) are guessed.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum {
    EMAIL_LOCAL_BYTES_MAX = 64,   /* RFC 5321 section 4.5.3.1.1 */
    EMAIL_DOMAIN_BYTES_MAX = 253, /* RFC 1035 section 2.3.4: 255 on the wire */
    EMAIL_BYTES_MAX = 254,        /* RFC 5321 section 4.5.3.1.3: a path, less its angle brackets */
    EMAIL_INPUT_BYTES_MAX = 1024, /* with what is trimmed, and a domain before IDNA */
};

struct email_address {
    /* As stored and shown: trimmed, lower case; a domain typed with letters beyond ASCII in those,
     * normalised. At most EMAIL_BYTES_MAX bytes, as is the key. */
    struct str display;
    /* The identity: the local part in lower case and without needless quotes, '@', the domain in
     * A-labels. Parsing display or key again gives the same key. */
    struct str key;
    /* The domain in A-labels, or the address literal "[192.0.2.1]", "[ipv6:2001:db8::1]". */
    struct str domain;
};

/*
 * Parses one address; white space and invisible characters around it are dropped. Lower case is
 * ASCII's, and for a local part also that of Latin, Greek and Cyrillic letters (domain/fold.h);
 * mail systems that tell A from a do not exist in practice. Domains are mapped by UTS #46,
 * non-transitional, and checked by IDNA2008; a domain typed in A-labels is taken as it is.
 *
 * The texts are NUL-terminated and live in the arena. Thread-safe. ERR_INVALID with a sentence that
 * does not contain the address; ERR_NOMEM.
 */
enum err_code email_address_parse(struct str input, struct arena *arena,
                                  struct email_address *ret_address, struct err *reterr) MUSTCHECK;

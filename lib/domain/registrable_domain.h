/*
 * Who owns a host name: the registrable domain, the part that somebody registered below a public
 * suffix ("exemple.fr" of "www.paris.exemple.fr", "example.co.uk" of "mail.example.co.uk"). By the
 * Public Suffix List that libpsl has built in; its second half counts too, the suffixes under which
 * companies let others have names of their own (entreprise.blogspot.com is not Blogspot's).
 */
#pragma once

#include "base/str.h"

enum { HOST_BYTES_MAX = 253 }; /* RFC 1035 section 2.3.4 */

/*
 * The end of `host` that is its registrable domain; such a suffix itself stands for its owner,
 * unless it is a registry's (github.io, but not co.uk). Absent for a registry's suffix, an IP
 * address or literal, and what is no host name. `host` is in lower case, in A-labels or in Unicode.
 * Pure, thread-safe.
 */
struct str registrable_domain(struct str host);

/* Whether anybody registers names directly below it at a registry ("fr", "co.uk"). */
bool is_registry_suffix(struct str domain);

/* Whether two hosts are one owner's; hosts that have no registrable domain have to be equal. */
bool is_same_owner(struct str host, struct str other);

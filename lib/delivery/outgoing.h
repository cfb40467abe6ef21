/*
 * What all calls to the outside have in common: libcurl's start, whom it may talk to, when it gives
 * up.
 *
 * Addresses that people type in (a chat's webhook) must not lead to machines that only this one can
 * reach. That is decided when the connection is made, on the very address it goes to, so that no
 * name can mean one thing when looked at and another when used.
 */
#pragma once

#include <curl/curl.h>

#include "base/address.h"
#include "delivery/report.h"

/* Once a process, before its threads; false: libcurl cannot be used. */
bool outgoing_start(void) MUSTCHECK;

struct outgoing {
    const struct address_network *allowed; /* private networks that may be reached all the same */
    size_t allowed_count;
    const char *ca_file; /* PEM; NULL: what the system trusts */
    delivery_stop stop;
};

/* Whether the address is on the public internet: none of the ranges for private, local, special
 * and documentation use (IANA's special-purpose registries, RFC 6890), of IPv6 only global unicast
 * without the ranges that carry IPv4 addresses. */
bool outgoing_is_public(const struct address *address);

/* A handle with what every call has: time limits, no signals, no proxy from the environment, the
 * trusted certificates, an end when the process stops. `outgoing` is borrowed until
 * curl_easy_cleanup. NULL: out of memory. */
struct outgoing_call {
    const struct outgoing *outgoing;
    int64_t stopped_at_us; /* when the end was seen to be near; 0: not yet */
    bool is_refused;       /* the guard let no address through */
};
CURL *outgoing_handle(const struct outgoing *outgoing, struct outgoing_call *call,
                      int64_t timeout_us) MUSTCHECK;
/* From now on this handle connects to public and allowed addresses only. */
void outgoing_guard(CURL *curl, struct outgoing_call *call);

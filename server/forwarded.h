/*
 * Who sent a request when proxies stand between: the peer, or whom trusted proxies name.
 *
 * Anybody may write such a header, so it counts only as far as trusted proxies wrote it. Each proxy
 * appends the address it heard from; so we go from the right, from the peer on, as long as who
 * reports is trusted. The first address that is not trusted is the client's. What does not read as
 * an address ends the way at the proxy that reported it. One of two headers is believed, the other
 * ignored: a proxy that writes one passes the other on as the client made it up.
 *
 * Pure. The address is personal data: it is counted (throttle.h), never logged.
 */
#pragma once

#include "base/address.h"
#include "http.h"

enum forwarded_header {
    FORWARDED_X_FORWARDED_FOR,
    FORWARDED_RFC7239, /* Forwarded: for=… */
    FORWARDED_HEADER_COUNT_
};

/* The header's name, lower case. Static. */
const char *forwarded_header_name(enum forwarded_header header);

struct address forwarded_client(const struct http_field *fields, size_t field_count,
                                enum forwarded_header header, const struct address_network *trusted,
                                size_t trusted_count, const struct address *peer);

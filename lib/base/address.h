/*
 * Internet addresses as 16 bytes: IPv6 as it is, IPv4 mapped into it (::ffff:a.b.c.d). And networks
 * of them. Pure.
 */
#pragma once

#include <sys/socket.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/str.h"

enum { ADDRESS_BYTES = 16, ADDRESS_TEXT_BYTES = 46 /* the longest IPv6 text and a NUL */ };

struct address {
    uint8_t bytes[ADDRESS_BYTES];
};

/* The prefix of an IPv4 network is counted from the 128 bits, so 10.0.0.0/8 has 104. */
struct address_network {
    struct address address;
    unsigned prefix_bits; /* 0 … 128 */
};

/* AF_INET or AF_INET6; false for another family. */
bool address_from_socket(const struct sockaddr *from, struct address *ret_address) MUSTCHECK;
/* "192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7"; no brackets, port or zone. */
bool address_parse(struct str text, struct address *ret_address) MUSTCHECK;
bool address_is_v4(const struct address *address);
/* As text, IPv4 in its own form. Returns out. */
char *address_format(const struct address *address, char out[static ADDRESS_TEXT_BYTES]);

/* "10.0.0.0/8", "192.0.2.7", "2001:db8::/32"; bits behind the prefix must be zero. */
bool address_network_parse(struct str text, struct address_network *ret_network) MUSTCHECK;
/* The network an address is in: its first `v4_bits` of IPv4's 32, or `v6_bits` of IPv6's 128. */
struct address_network address_network_of(const struct address *address, unsigned v4_bits,
                                          unsigned v6_bits);
/* The same text again, always with the prefix. */
void address_network_write(struct buf *out, const struct address_network *network);
bool address_network_holds(const struct address_network *network, const struct address *address);

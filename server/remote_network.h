/*
 * Where a consent came from, as it may be kept: the sender's address cut to the network it is in,
 * /24 for IPv4 and /48 for IPv6. Enough to tell an office from a robot, too little to tell a
 * person.
 */
#pragma once

#include "base/address.h"
#include "base/arena.h"

/* "203.0.113.0/24" or "2001:db8:1::/48" in the arena; absent when out of memory. */
struct str remote_network(const struct address *remote, struct arena *arena);
/* The same cut, as an address: what is behind the network is zero. */
struct address remote_network_cut(const struct address *remote);

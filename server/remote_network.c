#include "remote_network.h"

#include <arpa/inet.h>

enum { MAPPED_BYTES = 12, IPV4_KEPT_BYTES = 3, IPV6_KEPT_BYTES = 6 };

struct str remote_network(const uint8_t remote[static 16], struct arena *arena)
{
    static const uint8_t mapped[MAPPED_BYTES] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const bool is_ipv4 = memcmp(remote, mapped, MAPPED_BYTES) == 0;
    uint8_t network[16] = {0};
    char text[INET6_ADDRSTRLEN];
    memcpy(network, is_ipv4 ? remote + MAPPED_BYTES : remote,
           is_ipv4 ? IPV4_KEPT_BYTES : IPV6_KEPT_BYTES);
    if (inet_ntop(is_ipv4 ? AF_INET : AF_INET6, network, text, sizeof text) == NULL) {
        return (struct str){.data = NULL};
    }
    return str_from(
        arena_printf(arena, "%s/%d", text, 8 * (is_ipv4 ? IPV4_KEPT_BYTES : IPV6_KEPT_BYTES)));
}

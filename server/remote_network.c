#include "remote_network.h"

enum { IPV4_KEPT_BITS = 24, IPV6_KEPT_BITS = 48, TEXT_BYTES_MAX = 64 };

struct address remote_network_cut(const struct address *remote)
{
    return address_network_of(remote, IPV4_KEPT_BITS, IPV6_KEPT_BITS).address;
}

struct str remote_network(const struct address *remote, struct arena *arena)
{
    const struct address_network network =
        address_network_of(remote, IPV4_KEPT_BITS, IPV6_KEPT_BITS);
    CLEANUP(buf_done) struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    address_network_write(&text, &network);
    return text.failed ? (struct str){.data = NULL} : arena_str(arena, buf_str(&text));
}

#include "base/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>

enum { V4_BITS = 32, V6_BITS = 128, MAPPED_PREFIX_BITS = V6_BITS - V4_BITS };

static const uint8_t mapped_prefix[MAPPED_PREFIX_BITS / 8] = {[10] = 0xFF, [11] = 0xFF};

static void from_v4(const struct in_addr *from, struct address *ret_address)
{
    memcpy(ret_address->bytes, mapped_prefix, sizeof mapped_prefix);
    memcpy(ret_address->bytes + sizeof mapped_prefix, from, sizeof *from);
}

bool address_from_socket(const struct sockaddr *from, struct address *ret_address)
{
    if (from->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof v4);
        from_v4(&v4.sin_addr, ret_address);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, from, sizeof v6);
        memcpy(ret_address->bytes, &v6.sin6_addr, sizeof ret_address->bytes);
        return true;
    }
    return false;
}

bool address_parse(struct str text, struct address *ret_address)
{
    char copy[ADDRESS_TEXT_BYTES];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        from_v4(&v4, ret_address);
        return true;
    }
    if (inet_pton(AF_INET6, copy, &v6) == 1) {
        memcpy(ret_address->bytes, &v6, sizeof ret_address->bytes);
        return true;
    }
    return false;
}

bool address_is_v4(const struct address *address)
{
    return memcmp(address->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

char *address_format(const struct address *address, char out[static ADDRESS_TEXT_BYTES])
{
    const bool is_v4 = address_is_v4(address);
    const char *text = inet_ntop(is_v4 ? AF_INET : AF_INET6,
                                 address->bytes + (is_v4 ? sizeof mapped_prefix : 0), out,
                                 ADDRESS_TEXT_BYTES);
    assert(text != NULL);
    return out;
}

bool address_network_parse(struct str text, struct address_network *ret_network)
{
    struct str bits_text = text;
    const struct str host = str_cut(&bits_text, '/');
    struct address_network network;
    if (!address_parse(host, &network.address)) {
        return false;
    }
    /* ::ffff:a.b.c.d as text is IPv6: its prefix counts from 128. */
    const bool is_v4 = memchr(host.data, ':', host.len) == NULL;
    const int64_t bits_max = is_v4 ? V4_BITS : V6_BITS;
    int64_t bits = bits_max;
    if (bits_text.data != NULL &&
        (!str_to_int64(bits_text, &bits) || bits < 0 || bits > bits_max)) {
        return false;
    }
    network.prefix_bits = (unsigned)(bits + V6_BITS - bits_max);
    for (unsigned bit = network.prefix_bits; bit < V6_BITS; bit++) {
        if ((network.address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) {
            return false;
        }
    }
    *ret_network = network;
    return true;
}

struct address_network address_network_of(const struct address *address, unsigned v4_bits,
                                          unsigned v6_bits)
{
    assert(v4_bits <= V4_BITS && v6_bits <= V6_BITS);
    struct address_network network = {
        .address = *address,
        .prefix_bits = address_is_v4(address) ? MAPPED_PREFIX_BITS + v4_bits : v6_bits,
    };
    for (unsigned bit = network.prefix_bits; bit < V6_BITS; bit++) {
        network.address.bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
    }
    return network;
}

void address_network_write(struct buf *out, const struct address_network *network)
{
    char text[ADDRESS_TEXT_BYTES];
    const bool is_v4 = address_is_v4(&network->address) &&
                       network->prefix_bits >= MAPPED_PREFIX_BITS;
    buf_printf(out, "%s/%u", address_format(&network->address, text),
               network->prefix_bits - (is_v4 ? MAPPED_PREFIX_BITS : 0U));
}

bool address_network_holds(const struct address_network *network, const struct address *address)
{
    const unsigned whole_bytes = network->prefix_bits / 8;
    const unsigned rest_bits = network->prefix_bits % 8;
    if (memcmp(address->bytes, network->address.bytes, whole_bytes) != 0) {
        return false;
    }
    return rest_bits == 0 ||
           (address->bytes[whole_bytes] ^ network->address.bytes[whole_bytes]) >> (8 - rest_bits) ==
               0;
}

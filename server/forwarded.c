#include "forwarded.h"

#include <assert.h>

/* More proxies than these, one behind the other, are not followed. */
enum { HOPS_MAX = 16 };

/* The last ones of all that were named, in the order of the header. */
struct hops {
    struct hop {
        bool is_address;
        struct address address;
    } items[HOPS_MAX];
    size_t count; /* of all */
};

static const char *const names[] = {
    [FORWARDED_X_FORWARDED_FOR] = "x-forwarded-for",
    [FORWARDED_RFC7239] = "forwarded",
};
static_assert(ARRAY_LEN(names) == FORWARDED_HEADER_COUNT_, "a name for each header");

const char *forwarded_header_name(enum forwarded_header header)
{
    assert(header < FORWARDED_HEADER_COUNT_);
    return names[header];
}

/* "192.0.2.7", "192.0.2.7:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711" */
static void add_hop(struct hops *hops, struct str node)
{
    struct hop *hop = &hops->items[hops->count++ % HOPS_MAX];
    node = str_trim(node);
    if (node.len > 0 && node.data[0] == '[') {
        struct str rest = str_slice(node.data + 1, node.len - 1);
        node = str_cut(&rest, ']');
        hop->is_address = rest.data != NULL && address_parse(node, &hop->address);
        return;
    }
    const char *colon = node.len > 0 ? memchr(node.data, ':', node.len) : NULL;
    const bool has_port = colon != NULL && memrchr(node.data, ':', node.len) == (const void *)colon;
    if (has_port) {
        node.len = (size_t)(colon - node.data);
    }
    hop->is_address = address_parse(node, &hop->address);
}

/* Splits at `separator`, not within quotes; *rest becomes absent behind the last piece. False: a
 * quote is open at its end. */
static bool cut_unquoted(struct str *rest, char separator, struct str *ret_piece)
{
    bool is_quoted = false;
    for (size_t i = 0; i < rest->len; i++) {
        const char byte = rest->data[i];
        if (byte == '"') {
            is_quoted = !is_quoted;
        } else if (byte == '\\' && is_quoted) {
            i++;
        } else if (byte == separator && !is_quoted) {
            *ret_piece = str_slice(rest->data, i);
            *rest = str_slice(rest->data + i + 1, rest->len - i - 1);
            return true;
        }
    }
    *ret_piece = *rest;
    *rest = (struct str){.data = NULL};
    return !is_quoted;
}

/*
 * The first of the elements in *rest: `for=node;by=…`, RFC 7239 section 4. A node with escapes is
 * no address. A quote left open makes all behind it no address: a client may open one so that what
 * its proxy appends is taken for the quoted text of its own element.
 */
static void add_element(struct hops *hops, struct str *rest)
{
    struct str element;
    struct str node = STR_LITERAL("");
    if (!cut_unquoted(rest, ',', &element)) {
        element.data = NULL;
    }
    while (element.data != NULL) {
        struct str value;
        (void)cut_unquoted(&element, ';', &value);
        const struct str name = str_trim(str_cut(&value, '='));
        if (!str_eq_nocase(name, STR_LITERAL("for")) || value.data == NULL) {
            continue;
        }
        node = str_trim(value);
        if (node.len >= 2 && node.data[0] == '"' && node.data[node.len - 1] == '"') {
            node = str_slice(node.data + 1, node.len - 2);
        }
    }
    add_hop(hops, node);
}

static void collect(const struct http_field *fields, size_t field_count,
                    enum forwarded_header header, struct hops *hops)
{
    for (size_t i = 0; i < field_count; i++) {
        if (!str_eq_nocase(fields[i].name, str_from(names[header]))) {
            continue;
        }
        struct str rest = fields[i].value;
        while (rest.data != NULL) {
            if (header == FORWARDED_RFC7239) {
                add_element(hops, &rest);
            } else {
                add_hop(hops, str_cut(&rest, ','));
            }
        }
    }
}

static bool is_trusted(const struct address *address, const struct address_network *trusted,
                       size_t trusted_count)
{
    for (size_t i = 0; i < trusted_count; i++) {
        if (address_network_holds(&trusted[i], address)) {
            return true;
        }
    }
    return false;
}

struct address forwarded_client(const struct http_field *fields, size_t field_count,
                                enum forwarded_header header, const struct address_network *trusted,
                                size_t trusted_count, const struct address *peer)
{
    struct address client = *peer;
    if (!is_trusted(&client, trusted, trusted_count)) {
        return client;
    }
    struct hops hops = {.count = 0};
    collect(fields, field_count, header, &hops);
    const size_t kept = hops.count < HOPS_MAX ? hops.count : HOPS_MAX;
    for (size_t i = 0; i < kept; i++) {
        const struct hop *hop = &hops.items[(hops.count - 1 - i) % HOPS_MAX];
        if (!hop->is_address) {
            break;
        }
        client = hop->address;
        if (!is_trusted(&client, trusted, trusted_count)) {
            break;
        }
    }
    return client;
}

/*
 * Any X-Forwarded-For or Forwarded header. The first byte says which; then comes what the client
 * wrote, to which its proxy appends the address it heard from, as a trusted proxy does.
 *
 * Whatever the client wrote, the answer is that address, or the proxy itself: never one of the
 * client's choice.
 */
#include <assert.h>

#include "base/arena.h"
#include "forwarded.h"

/* libFuzzer calls it by name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES_MAX = 4 << 20 };

static struct address address_of(const char *text)
{
    struct address address;
    const bool is_address = address_parse(str_from(text), &address);
    assert(is_address);
    return address;
}

static bool is_same(const struct address *a, const struct address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const appended[FORWARDED_HEADER_COUNT_][2] = {
        [FORWARDED_X_FORWARDED_FOR] = {"198.51.100.7",                 "2001:db8::7"               },
        [FORWARDED_RFC7239] = {"for=198.51.100.7;proto=https", "for=\"[2001:db8::7]:4711\""},
    };
    if (size == 0)
        return 0;
    const enum forwarded_header header = (enum forwarded_header)(data[0] % FORWARDED_HEADER_COUNT_);
    const bool is_v6 = (data[0] & 0x40) != 0;
    const struct str claim = str_slice((const char *)data + 1, size - 1);
    struct arena arena;
    arena_init(&arena, ARENA_BYTES_MAX);
    const char *value = arena_printf(&arena, "%.*s, %s", STR_ARGS(claim), appended[header][is_v6]);
    const struct address proxy = address_of("10.0.0.1");
    const struct address client = address_of(is_v6 ? "2001:db8::7" : "198.51.100.7");
    struct address_network trusted;
    const bool is_network = address_network_parse(STR_LITERAL("10.0.0.0/8"), &trusted);
    assert(is_network && value != NULL);
    const struct http_field field = {str_from(forwarded_header_name(header)), str_from(value)};
    const struct address found = forwarded_client(&field, 1, header, &trusted, 1, &proxy);
    assert(is_same(&found, &client) || (header == FORWARDED_RFC7239 && is_same(&found, &proxy)));
    arena_done(&arena);
    return 0;
}

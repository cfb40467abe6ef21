#include "schema/page_url.h"

#include "schema/percent.h"

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* The bytes up to the first of `ends`. */
static size_t length_until(struct str text, const char *ends)
{
    size_t len = 0;
    while (len < text.len && (text.data[len] == '\0' || strchr(ends, text.data[len]) == NULL)) {
        len++;
    }
    return len;
}

static struct str skip(struct str text, size_t len)
{
    return str_slice(text.data + len, text.len - len);
}

/* The bytes of "scheme://", 0: there is none (RFC 3986 section 3.1). */
static size_t scheme_bytes(struct str text)
{
    size_t len = 0;
    while (len < text.len && (is_letter(text.data[len]) || is_digit(text.data[len]) ||
                              strchr("+-.", text.data[len]) != NULL)) {
        len++;
    }
    const bool is_scheme = len > 0 && is_letter(text.data[0]) && text.len - len >= 3 &&
                           memcmp(text.data + len, "://", 3) == 0;
    return is_scheme ? len + 3 : 0;
}

static bool has_unseen(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

/* Without user, password and port; the brackets of an IPv6 address stay. */
static struct str host_of(struct str authority)
{
    for (size_t i = authority.len; i > 0; i--) {
        if (authority.data[i - 1] == '@') {
            authority = skip(authority, i);
            break;
        }
    }
    const bool is_ipv6 = authority.len > 0 && authority.data[0] == '[';
    const size_t end = is_ipv6 ? length_until(authority, "]") + 1 : length_until(authority, ":");
    return str_slice(authority.data, end < authority.len ? end : authority.len);
}

bool page_url_read(struct str text, struct page_url *ret_url)
{
    text = str_trim(text);
    const size_t scheme = scheme_bytes(text);
    if (text.len == 0 || has_unseen(text)) {
        return false;
    }
    struct str rest = skip(text, scheme);
    const size_t authority = length_until(rest, "/?#");
    struct str host = host_of(str_slice(rest.data, authority));
    if (host.len > 0 && host.data[host.len - 1] == '.') {
        host.len--; /* the root's dot */
    }
    const bool is_host = host.len > 0 && host.len <= PAGE_HOST_BYTES_MAX && host.data[0] != '.' &&
                         (scheme > 0 || memchr(host.data, '.', host.len) != NULL);
    if (!is_host) {
        return false;
    }
    struct page_url url = {.host = ""};
    for (size_t i = 0; i < host.len; i++) {
        const char byte = host.data[i];
        url.host[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
    }
    rest = skip(rest, authority);
    rest = str_slice(rest.data, length_until(rest, "#"));
    url.path = str_slice(rest.data, length_until(rest, "?"));
    rest = skip(rest, url.path.len);
    url.query = rest.len > 0 ? skip(rest, 1) : rest;
    *ret_url = url;
    return true;
}

bool page_url_next_param(struct str *query, struct str *ret_name, struct str *ret_value, char *out,
                         size_t size)
{
    while (query->data != NULL && query->len > 0) {
        struct str value = str_cut(query, '&');
        if (value.len == 0) {
            continue;
        }
        const struct str name = str_cut(&value, '=');
        const size_t fitting = value.len < size ? value.len : size - 1;
        size_t len = fitting;
        if (!percent_decode_bytes(str_slice(value.data, fitting), /* plus_is_space= */ true, out,
                                  &len)) {
            memcpy(out, value.data, fitting);
            len = fitting;
        }
        out[len] = '\0';
        *ret_name = name;
        *ret_value = str_slice(out, len);
        return true;
    }
    return false;
}

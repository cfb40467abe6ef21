/* Providers of addresses that are made to be thrown away. */
#pragma once

#include "base/str.h"

/* Whether the domain of an address (A-labels, lower case), or one that it lies in, is in the list
 * "disposable" (domain/domain_list.h). */
bool domain_is_disposable(struct str domain);

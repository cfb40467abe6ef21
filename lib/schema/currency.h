/* Currencies, as people and programs name them. */
#pragma once

#include "base/str.h"

enum { CURRENCY_CHARS = 3 };
#define CURRENCY_HELP "A currency is an ISO 4217 code of three upper-case letters, such as EUR."

/* Three upper-case letters: their shape alone, no list is kept of those that exist. */
bool currency_is_valid(struct str text);

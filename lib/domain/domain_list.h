/*
 * The lists that are built in: domains of who gives mailboxes to everybody or for a moment, what
 * kind of site a visitor came from, and countries by their names. cmake/lists says where they come
 * from and what their keys mean.
 *
 * Reading only; thread-safe; nothing to initialise.
 */
#pragma once

#include "base/str.h"

/*
 * The word behind `key` in the list of that name ("countries", "disposable", "free_mail",
 * "referrers"): "" for a key that stands alone, absent when the list does not have it. Exact, by
 * bytes; every key is in lower case. Points into the program.
 */
struct str domain_list_find(const char *list, struct str key);

/*
 * An agreement as a page to read, print (A4) and sign on paper: no script, its own style.
 */
#pragma once

#include "handlers/visitor_text.h"

/* The page: the text's blocks, what the version changes, who has signed. */
enum request_step agreement_page(struct request *request, const struct catalog_entry *entry,
                                 const json_t *blocks, enum language language);

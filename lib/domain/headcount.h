/*
 * How many people a company has, as forms ask for it: often a choice of ranges.
 */
#pragma once

#include "base/str.h"

/* The lower end, which is what is certain: of "250", "1 000+", "50-100", "Entre 10 et 49 salariés",
 * "more than 200". False where nothing is ("moins de 10", "up to 50") or there is no number. */
bool headcount_lower_end(struct str text, int64_t *ret_count) MUSTCHECK;

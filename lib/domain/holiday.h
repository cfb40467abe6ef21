/*
 * Public holidays of countries and of their parts, from 2015 to 2040, by the names that people
 * there use. cmake/lists/make_holidays.py says where they come from.
 *
 * Reading only; thread-safe; nothing to initialise.
 */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

enum { HOLIDAY_FIRST_YEAR = 2015, HOLIDAY_LAST_YEAR = 2040, HOLIDAY_REGION_CHARS_MAX = 8 };

struct holiday {
    int32_t day; /* since 1970-01-01 */
    struct str name;
};

/* "FR", "FR-57", "DE-BY": ISO 3166, in upper case. */
bool holiday_region_is_known(struct str region);

/*
 * The holidays of a region on the days from `first_day` to `last_day`, in order, each day once;
 * none in other years than those above, or of a region that is not known. The array is the arena's;
 * the names are the program's. OK or ERR_NOMEM.
 */
enum err_code holidays_of(struct str region, int32_t first_day, int32_t last_day,
                          struct arena *arena, const struct holiday **ret_holidays,
                          size_t *ret_count) MUSTCHECK;

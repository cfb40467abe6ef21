/*
 * Dates and times as people's files write them.
 *
 * A text with an offset is an instant. A text without one is local time in a zone that this module
 * does not know: it is checked and normalised, and PostgreSQL turns it into an instant (AT TIME
 * ZONE the organisation's), so that there is one source of zone data.
 */
#pragma once

#include "base/clock.h"
#include "base/err.h"

enum { LOCAL_TIME_TEXT_BYTES = 24 }; /* "YYYY-MM-DD HH:MM:SS.mmm" and a NUL */

/* How dates with slashes are read; nothing in 03/04/2026 tells. */
enum date_order {
    DATE_ORDER_DAY_FIRST,   /* DD/MM/YYYY, both of two digits (French and most of Europe) */
    DATE_ORDER_MONTH_FIRST, /* M/D/YYYY, one or two digits (United States) */
};

struct local_time {
    bool is_local;
    int64_t at_us;                    /* the instant; TIME_NONE when is_local */
    char text[LOCAL_TIME_TEXT_BYTES]; /* local time in PostgreSQL's form; "" when not is_local */
};

/*
 * Reads one of
 *     2026-11-21T14:30:00.5+01:00   RFC 3339 (as base/clock.h takes it)       → instant
 *     2026-11-21                    midnight                                  → local
 *     2026-11-21 14:30[:SS[.f…]]    'T' or space                              → local
 *     21/11/2026[ 14:30[:SS]]       by `order`                                → local
 * Surrounding white space is ignored, fractions are cut to ms, a second :60 is :59.999. Years
 * 0001…9999. ERR_INVALID with a sentence that never repeats the text (it may be anything).
 */
enum err_code local_time_parse(struct str text, enum date_order order, struct local_time *ret_time,
                               struct err *reterr) MUSTCHECK;

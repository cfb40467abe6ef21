/* Working hours are known for some years: as time goes by, for some more. And versions of calendars
 * that nobody counts by any more go. */
#include "store/calendar_rows.h"
#include "store/store_internal.h"

static const int64_t look_pause_us = 3600 * US_PER_SECOND;

enum err_code background_extend_calendars(struct store *store, struct err *reterr)
{
    struct background *background = &store->background;
    const int64_t now_us = clock_monotonic_us();
    if (now_us < background->next_calendars_us) {
        return OK;
    }
    const enum err_code code = calendars_extend(background->conn, reterr);
    if (code != OK) {
        return code;
    }
    background->next_calendars_us = now_us + look_pause_us;
    return conn_run(background->conn, STATEMENT_CALENDAR_FORGET, /* params= */ NULL,
                    /* ret_rows= */ NULL, reterr);
}
